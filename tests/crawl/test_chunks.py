"""The cutting of texts: nothing lost, nothing doubled, nothing too long, cut where a reader would pause."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videogen.crawl.chunks import split, words

MIXED = st.text(alphabet=st.sampled_from("ab.!?。！？؟ \n\t字の「」é()"), max_size=200)
# Thai, Khmer, Arabic, Hebrew, Devanagari, emoji with their joiners, flags, marks, and the zero-width space.
WORLD = st.text(alphabet=st.sampled_from("กา่ ำទ្មៃាبֶّש؟क्षि।👩👧🏽🇩🇪\u200d\u200b\u0301\ufe0f a\n。"), max_size=120)
LONG = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=5), st.integers(1, 500))
ANY = st.one_of(MIXED, WORLD, LONG, st.text(max_size=200))


@settings(deadline=None)
@given(ANY, st.integers(1, 12))
def test_split_keeps_every_word_in_order(text: str, max_words: int) -> None:
    """What is not white space comes out exactly as it went in: none lost, none doubled, none moved."""
    assert "".join("".join(split(text, max_words)).split()) == "".join(text.split())


@settings(deadline=None)
@given(ANY, st.integers(1, 12))
def test_split_gives_the_text_again(text: str, max_words: int) -> None:
    """Chunk after chunk is the text itself: between two of them, before and behind there is only white space."""
    rest = text
    for chunk in split(text, max_words):
        rest = rest.lstrip()
        assert rest.startswith(chunk)
        rest = rest[len(chunk) :]
    assert not rest.strip()


@settings(deadline=None)
@given(st.one_of(MIXED, WORLD), st.integers(1, 12))
def test_split_cuts_no_spaced_word_and_keeps_the_count(text: str, max_words: int) -> None:
    """The chunks' words add up to the text's words, so no word was cut in two."""
    assert sum(words(chunk) for chunk in split(text, max_words)) == words(text)


@settings(deadline=None)
@given(ANY, st.integers(1, 12))
def test_split_stays_within_the_limit(text: str, max_words: int) -> None:
    """No chunk is empty, begins or ends with white space, or holds more words than it may."""
    for chunk in split(text, max_words):
        assert chunk == chunk.strip()
        assert 1 <= words(chunk) <= max_words


@settings(deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.integers(6, 12))
def test_split_never_cuts_a_paragraph_that_fits(lengths: list[int], max_words: int) -> None:
    """Where every paragraph fits into a chunk, the chunks joined by blank lines are the text itself."""
    text = "\n\n".join(" ".join(f"p{p}w{w}." for w in range(n)) for p, n in enumerate(lengths))

    assert "\n\n".join(split(text, max_words)) == text


@pytest.mark.parametrize(
    ("text", "max_words", "chunks"),
    [
        ("", 3, ()),
        (" \n ", 3, ()),
        ("One two.\n\nThree. Four", 3, ("One two.", "Three. Four")),  # the paragraph, though a sentence ends later
        ("One two. Three four five.", 3, ("One two.", "Three four five.")),
        ('He said "no." And then left us.', 4, ('He said "no."', "And then left us.")),
        ("one two three four five", 2, ("one two", "three four", "five")),
        ("今日は晴れ。明日は雨だ。", 8, ("今日は晴れ。", "明日は雨だ。")),
        ("彼は「はい。」と言った", 5, ("彼は「はい。」", "と言った")),
        ("東京都庁", 3, ("東京都", "庁")),  # no sentence end anywhere: between two characters
        ("أين أنت؟ أنا هنا الآن", 4, ("أين أنت؟", "أنا هنا الآن")),
        ("สวัสดี ฉันชื่อ", 1, ("สวัสดี", "ฉันชื่อ")),  # a space ends a sentence
        ("ខ្ញុំ។ អ្នក។", 1, ("ខ្ញុំ។", "អ្នក។")),
        ("one two\u200bthree", 1, ("one", "two\u200bthree")),
        ("word 字", 1, ("word", "字")),
        ("तुम कहाँ हो। मैं यहाँ हूँ", 4, ("तुम कहाँ हो।", "मैं यहाँ हूँ")),
    ],
)
def test_split_cuts_where_a_reader_pauses(text: str, max_words: int, chunks: tuple[str, ...]) -> None:
    """A cut falls at a paragraph's end, else a sentence's, else a word's, in each of these writings."""
    assert split(text, max_words) == chunks


def test_split_refuses_chunks_without_words() -> None:
    """A limit of no words is an error, not an endless loop."""
    with pytest.raises(ValueError, match="at least one word"):
        split("a", 0)
