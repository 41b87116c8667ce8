"""Captions and chapters as text: what is written is read again, and what is hostile is one sentence (C11, D9)."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videogen.errors import RecipeError
from videogen.model.captions import CHARACTERS_MOST, CUES_MOST, captions_of, plain, srt_of, vtt_of
from videogen.model.chapters import chapters_text, untaken
from videogen.model.timebase import Range
from videogen.model.timeline import Caption, Chapter

FPS = Fraction(25)
SRT = """\ufeff1\r
00:00:01,000 --> 00:00:02,500\r
<i>Hello</i> {\\an8}W\u00f6rld \U0001f600\r
second line\r
\r
2
00:00:02.400 --> 00:00:04,0
\u05e9\u05dc\u05d5\u05dd
"""
VTT = """WEBVTT - a title
Kind: captions

NOTE two
lines

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.500 align:start position:10%
<v Anna>Tom &amp; <c.loud>Jerry</c> &lt;3</v>

1:00:00.000 --> 1:00:01.000
late
"""


def read(text: str, frames: int = 1000, fps: Fraction = FPS) -> list[tuple[int, int, str]]:
    """Read captions as rows."""
    return [(one.at.start, one.at.end, one.text) for one in captions_of(text, "a.srt", fps, frames).captions]


def test_subrip_is_read_without_its_markup() -> None:
    """A byte order mark, both line ends and points for commas are fine; a cue that goes on is cut at the next."""
    assert read(SRT) == [
        (25, 60, "Hello W\u00f6rld \U0001f600\nsecond line"),
        (60, 100, "\u05e9\u05dc\u05d5\u05dd"),
    ]


def test_webvtt_is_read_without_notes_and_styles() -> None:
    """Names of cues, settings, voices and entities are understood; what begins after the end is told."""
    cues = captions_of(VTT, "a.vtt", FPS, 1000)

    assert [(one.at.start, one.at.end, one.text) for one in cues.captions] == [(25, 63, "Tom & Jerry <3")]
    assert cues.warnings == ("captions-late: 1 captions of a.vtt begin after the end of the video.",)


def test_a_cue_is_cut_at_the_end_of_the_video() -> None:
    """No caption goes past the last frame, and one of less than a frame is shown for one."""
    assert read("1\n0:01,000 --> 0:09,000\nx\n", frames=50) == [(25, 50, "x")]
    assert read("0:01.000 --> 0:01.001\nx\n") == [(25, 26, "x")]


WRONG = {
    "empty": ("", "holds no captions"),
    "no times": ("1\nHello\n", "has no times such as .* in line 2"),
    "a picture": ("\x89PNG\r\n\x1a\n\x00\x00", "has no times"),
    "backwards": ("00:00:02,000 --> 00:00:01,000\nx\n", "ends before it begins.* in line 1"),
    "no length": ("00:00:01,000 --> 00:00:01,000\nx\n", "ends before it begins"),
    "too late": ("999:00:00,000 --> 999:00:01,000\nx\n", "too late"),
    "61 seconds": ("00:00:61,000 --> 00:01:02,000\nx\n", "has no times"),
    "other digits": ("00:00:0\u0661,000 --> 00:00:02,000\nx\n", "has no times"),
    "falling": (
        "00:00:02,000 --> 00:00:03,000\nx\n\n00:00:01,000 --> 00:00:02,000\ny\n",
        "begins no later than the one before it, in line 4",
    ),
    "the same start": (
        "00:00:02,000 --> 00:00:03,000\nx\n\n00:00:02,000 --> 00:00:04,000\ny\n",
        "begins no later",
    ),
    "a zero byte": ("00:00:01,000 --> 00:00:02,000\na\0b\n", "a control character in line 2"),
    "an escape": ("00:00:01,000 --> 00:00:02,000\na\nb\x1b[31m\n", "a control character in line 3"),
    "long words": ("00:00:01,000 --> 00:00:02,000\n" + "x" * 2001 + "\n", "a cue of 2001 characters in line 2"),
    "many cues": (
        "".join(f"{n // 3600}:{n // 60 % 60:02}:{n % 60:02},0 --> 99:00:00,0\nx\n\n" for n in range(CUES_MOST + 1)),
        f"more than {CUES_MOST} cues",
    ),
    "too long": ("x" * (CHARACTERS_MOST + 1), f"and may be {CHARACTERS_MOST}"),
    "only markup signs": ("<" * 100_000, "has no times"),
    "braces without end": ("0:01.0 --> 0:02.0\n" + "{\\" * 100_000, "a cue of 200000 characters"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_caption_file_is_one_sentence(name: str) -> None:
    """Whatever is wrong is told with its line, and costs no time."""
    text, said = WRONG[name]

    with pytest.raises(RecipeError, match=said) as told:
        captions_of(text, "a.srt", FPS, 10**9)

    assert told.value.word == "bad-captions"
    assert "\n" not in told.value.message


def caption(start: int, end: int, text: str) -> Caption:
    """Give a caption on frames."""
    return Caption(at=Range(start=start, end=end), text=text)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 50), st.text(min_size=1, max_size=60)), max_size=8),
    st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(24000, 1001)]),
)
def test_what_is_written_is_read_again(rows: list[tuple[int, int, str]], fps: Fraction) -> None:
    """Any words at any frames come back at their frames, in both forms, and no words can pretend to be a cue."""
    at, captions = 0, []
    for length, gap, text in rows:
        captions.append(caption(at + gap, at + gap + length, text))
        at += gap + length
    texts = [one.text for one in captions]
    shown = [(one.at.start, one.at.end) for one in captions if plain(one.text)]

    for written in (srt_of(captions, fps), vtt_of(captions, fps)):
        assert not set("\0\x1b\r\v\f") & set(written)
        found = captions_of(written, "a", fps, at).captions if shown else ()
        if not any(sign in one.text for sign in "<{" for one in captions):  # what looks like markup is left out
            assert [(one.at.start, one.at.end) for one in found] == shown
            assert written.startswith("1\n") or [one.text for one in found] == [*filter(None, map(plain, texts))]


def test_words_stay_as_they_are_where_they_can() -> None:
    """Signs that mean something in WebVTT come back as themselves; an arrow in SubRip becomes a shorter one."""
    words = "a < b & c > d --> e"

    assert read(vtt_of([caption(0, 25, words)], FPS)) == [(0, 25, words)]
    assert read(srt_of([caption(0, 25, words)], FPS)) == [(0, 25, "a < b & c > d -> e")]
    assert srt_of([caption(0, 25, "a\n\n00:00:01,000 --> 00:00:02,000\nb")], FPS).count("-->") == 1
    assert vtt_of([caption(0, 25, "a\n\nNOTE b")], FPS).endswith("\na\nNOTE b\n")


# -- chapters ----------------------------------------------------------------------------------------------------------


def chapters(*starts: int) -> list[Chapter]:
    """Give chapters that begin at seconds."""
    return [Chapter(start=25 * start, title=f"Part\n{nth} \U0001f600") for nth, start in enumerate(starts, start=1)]


def test_chapters_are_lines_that_begin_at_nought() -> None:
    """Each title is on one line, hours only where there are some, and the first line is at 0:00."""
    assert chapters_text(chapters(0, 75, 3723), FPS) == (
        "0:00 Part 1 \U0001f600\n1:15 Part 2 \U0001f600\n1:02:03 Part 3 \U0001f600\n"
    )
    assert chapters_text(chapters(30, 60), FPS).splitlines()[0] == "0:00 Start"
    assert chapters_text([], FPS) == ""


@pytest.mark.parametrize(
    ("starts", "seconds", "said"),
    [
        ((0, 10, 20), 30, ""),
        ((5, 20, 40), 60, "the one at 0:00 is shorter"),
        ((0, 10, 19), 30, "the one at 0:10 is shorter"),
        ((0, 10, 20), 29, "the one at 0:20 is shorter"),
        ((0, 20), 60, "3 lines or more, and there are 2"),
        ((), 60, ""),
    ],
)
def test_what_youtube_does_not_take_is_told(starts: tuple[int, ...], seconds: int, said: str) -> None:
    """Three lines at least, ten seconds each: where that is not so, the sentence says which."""
    told = untaken(chapters(*starts), FPS, 25 * seconds)

    assert (said in told) if said else not told
