"""A long text cut into pieces that one narration can carry: pure, nothing is lost on the way."""

import re

# Scripts written without spaces, where one character is about one word: kana, Han and their extensions.
_ALONE = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_OPENING = "「『（【《〈〔“‘(\\[{«"
# Such a character takes the marks that follow it along, so that none begins a chunk; any other word ends at a space.
_WORD = re.compile(rf"[{_ALONE}][^\s\w{_ALONE}{_OPENING}]*|[^\s{_ALONE}]+")
_SENTENCE_END = re.compile(r"""[.!?…‽。！？．｡؟۔।॥။።፧]["'”’»)\]}」』）】》〉〕]*$""")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


def words(text: str) -> int:
    """Reckon the words of a text: what spaces part, and one per character of Chinese and Japanese writing."""
    return sum(1 for _ in _WORD.finditer(text))


def _cut(text: str, found: list[tuple[int, int]], first: int, limit: int) -> int:
    """Find where a chunk that begins with word `first` ends, when not all words from there fit."""
    sentence = None
    for last in range(limit - 1, first - 1, -1):
        start, end = found[last]
        if _BLANK_LINE.search(text, end, found[last + 1][0]):
            return last + 1
        if sentence is None and _SENTENCE_END.search(text[max(start, end - 8) : end]):
            sentence = last + 1
    return sentence or limit


def split(text: str, max_words: int = 10_000) -> tuple[str, ...]:
    """Cut a text into chunks at paragraph ends; a paragraph longer than a chunk at sentence ends, else at a word.

    A paragraph ends at a blank line. Chinese and Japanese text has no spaces: there every character is reckoned as
    a word, and where a sentence is longer than a chunk the cut falls between two characters.

    Shape: in the order of the text; each holds 1 to `max_words` words; none begins or ends with white space;
    together they hold every word of the text once. A text without words gives no chunk.
    """
    if max_words < 1:
        raise ValueError("a chunk holds at least one word")
    found = [match.span() for match in _WORD.finditer(text)]
    chunks: list[str] = []
    first = 0
    while first < len(found):
        limit = first + max_words
        after = len(found) if limit >= len(found) else _cut(text, found, first, limit)
        chunks.append(text[found[first][0] : found[after - 1][1]])
        first = after
    return tuple(chunks)
