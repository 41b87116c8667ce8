"""Letters as readers see them: none is ever cut in two."""

from hypothesis import given, settings
from hypothesis import strategies as st

from videogen.crawl.chunks import split, words
from videogen.crawl.letters import borders

LETTERS = (
    *("a", "é", "e\u0301", "a\u0323\u0302", "字", "か\u3099", "ﾊ\uff9f"),  # marks on a base
    *("👍", "👍🏽", "👩\u200d🚀", "👨\u200d👩\u200d👧\u200d👦", "❤\ufe0f\u200d🔥", "1\ufe0f\u20e3", "🇩🇪", "🇫🇷"),
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    *("한", "\u1112\u1161\u11ab", "\u1100\u1161"),  # Hangul, whole and in parts
    *("क्षि", "ன்", "ক্র", "स्त्री"),  # consonants tied together
    *("กำ", "น้ำ", "ที่", "ខ្មែ", "ເ", "ກໍ", "မြ", "བོད"[:2]),
    *("שָׁ", "بّ", "م\u064e\u0651"),
)
"""Each is one letter, however many characters."""


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(LETTERS), min_size=1, max_size=30))
def test_borders_fall_between_letters_only(letters: list[str]) -> None:
    """Every border is the end of a letter, and the last one is the end of the text."""
    text = "".join(letters)
    ends = {len("".join(letters[: count + 1])) for count in range(len(letters))}

    found = list(borders(text, 0, len(text)))

    assert set(found) <= ends
    assert found[-1] == len(text)
    assert found == sorted(set(found))


def test_borders_find_the_ends_of_plain_letters() -> None:
    """Where nothing is tied to anything, every letter has its end: a rule that never cuts would be no rule."""
    text = "ab字é🇩🇪🇫🇷👍🏽กข한"

    assert list(borders(text, 0, len(text))) == [1, 2, 3, 4, 6, 8, 10, 11, 12, 13]


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.one_of(st.sampled_from(LETTERS), st.sampled_from([" ", ". ", "\n\n", "。", "a" * 250])), max_size=60),
    st.integers(1, 5),
)
def test_split_cuts_no_letter_in_two(letters: list[str], max_words: int) -> None:
    """However short the chunks, each begins and ends where a letter does."""
    text = "".join(letters)
    ends = {0}
    for letter in letters:
        last = max(ends)
        ends |= {last + count + 1 for count in range(len(letter))} if letter.startswith("aa") else {last + len(letter)}
    at = 0
    for chunk in split(text, max_words):
        begin = text.index(chunk, at)
        at = begin + len(chunk)
        assert begin in ends or text[begin - 1].isspace()
        assert at in ends or text[at].isspace()


def test_words_of_writing_without_spaces_are_counted_by_letters() -> None:
    """Thai and Khmer are not one word a line: about four letters are one, and a zero-width space ends one."""
    assert words("สุนัขจิ้งจอกเห็นองุ่น") == 4
    assert words("ខ្ញុំ\u200bស្រលាញ់\u200bអ្នក") == 3
    assert words("a" * 1000) == 5
