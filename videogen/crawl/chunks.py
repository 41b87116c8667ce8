"""A long text cut into pieces that one narration can carry: pure, nothing is lost on the way."""

import re
from collections.abc import Iterator
from itertools import islice

from videogen.crawl.letters import borders

WORD_LETTERS = 200
"""What has more letters between two spaces is no word of any language: so many letters count as one."""
TOGETHER_LETTERS = 4
"""Thai, Lao, Khmer, Burmese and Tibetan write words together: a word has about so many letters."""

# Scripts written without spaces, where one character is about one word: kana, Han and their extensions.
_ALONE = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
_TOGETHER = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\ua9e0-\ua9ff\uaa60-\uaa7f"
# Marks that belong to the character before them: accents, selectors, joiners, the zero-width space.
_MARKS = "\u0300-\u036f\u200b-\u200d\u20d0-\u20ff\u3099\u309a\ufe00-\ufe0f\uff9e\uff9f\U000e0100-\U000e01ef"
_OPENING = "「『（【《〈〔“‘(\\[{«"
# Such a character takes the marks that follow it along, so that none begins a chunk; any other word ends at a space.
_WORD = re.compile(
    rf"(?P<alone>[{_ALONE}][{_MARKS}]*[^\s\w{_ALONE}{_TOGETHER}{_OPENING}]*)"
    rf"|(?P<together>[{_TOGETHER}][{_TOGETHER}{_MARKS}]*)[^\s\w{_ALONE}{_TOGETHER}{_OPENING}]*"
    rf"|[^\s{_ALONE}{_TOGETHER}]+"
)
_SENTENCE_END = re.compile(r"""[.!?…‽。！？．｡؟۔।॥။፧።՞։។៕།༎]["'”’»)\]}」』）】》〉〕]*$""")
_TOGETHER_END = re.compile(rf"[{_TOGETHER}]$")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Give where each word begins and ends: together they hold all that is not white space."""
    for found in _WORD.finditer(text):
        start, end = found.span()
        if found["together"]:
            pieces = list(_pieces(text, start, found.end("together"), TOGETHER_LETTERS))
            yield from pieces[:-1]
            yield pieces[-1][0], end  # the last one takes the marks behind it along
        elif end - start > WORD_LETTERS:
            yield from _pieces(text, start, end, WORD_LETTERS)
        else:
            yield start, end


def _pieces(text: str, start: int, end: int, letters: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch into pieces of so many letters; a piece ends early at a zero-width space, where a word does."""
    if text[start:end].isascii():  # each character is a letter
        yield from ((at, min(at + letters, end)) for at in range(start, end, letters))
        return
    count = 0
    for border in borders(text, start, end):
        count += 1
        if count == letters or border == end or text[border - 1] == "\u200b":
            yield start, border
            start, count = border, 0


def words(text: str) -> int:
    """Reckon the words of a text: what spaces part, one per character of Chinese and Japanese writing.

    Where words are written together, as in Thai and Khmer, four letters are one.
    """
    return sum(1 for _ in _spans(text))


def _cut(text: str, window: list[tuple[int, int]]) -> int:
    """Find how many words of a window make a chunk: all but the last one at most."""
    sentence = space = None
    for last in range(len(window) - 2, -1, -1):
        (start, end), after = window[last], window[last + 1][0]
        if _BLANK_LINE.search(text, end, after):
            return last + 1
        told = text[max(start, end - 8) : end]
        # Thai and Lao end a sentence by a space, which stands nowhere else.
        if sentence is None and (_SENTENCE_END.search(told) or (after > end and _TOGETHER_END.search(told))):
            sentence = last + 1
        if space is None and after > end:
            space = last + 1
    return sentence or space or len(window) - 1


def split(text: str, max_words: int = 10_000) -> tuple[str, ...]:
    """Cut a text into chunks at paragraph ends; a paragraph longer than a chunk at sentence ends, else at a word.

    A paragraph ends at a blank line. Chinese and Japanese text has no spaces: there every character is reckoned as
    a word, and where a sentence is longer than a chunk the cut falls between two characters. It never falls inside a
    letter, however many characters that is.

    Shape: in the order of the text; each is a stretch of it and holds 1 to `max_words` words; none begins or ends with
    white space; between two of them the text has white space or nothing. A text without words gives no chunk.
    """
    if max_words < 1:
        raise ValueError("a chunk holds at least one word")
    spans = _spans(text)
    chunks: list[str] = []
    window: list[tuple[int, int]] = []
    while True:
        window += islice(spans, max_words + 1 - len(window))
        if not window:
            return tuple(chunks)
        count = len(window) if len(window) <= max_words else _cut(text, window)
        chunks.append(text[window[0][0] : window[count - 1][1]])
        del window[:count]
