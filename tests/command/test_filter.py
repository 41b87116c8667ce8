"""No text of a user's reaches a filter graph."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import footage
from videogen.command import AudioCommand, Filter, VideoCommand
from videogen.command.filter import AUDIO_FILTERS, VIDEO_FILTERS
from videogen.errors import RecipeError


def graph(*filters: Filter) -> str:
    """Give the filter graph of a command."""
    kind = VideoCommand if filters[0].name in VIDEO_FILTERS else AudioCommand
    words = kind(id="x", input="in.mp4", output="out.mp4", filters=filters).args()
    return words[words.index("-filter_complex") + 1]


def test_filters_are_linked_in_their_order() -> None:
    """Filters follow one another as they were given, equal ones too; one without options is its name."""
    filters = (
        Filter(name="scale", options={"width": 640, "height": -2, "flags": "lanczos+accurate_rnd"}),
        Filter(name="hflip"),
        Filter(name="eq", options={"gamma": 1.2}),
        Filter(name="hflip"),
    )

    assert graph(*filters) == (
        "[0:v:0]scale=flags=lanczos+accurate_rnd:height=-2:width=640[s0];[s0]hflip[s1];[s1]eq=gamma=1.2[s2];"
        "[s2]hflip[s3]"
    )


HOSTILE: dict[str, tuple[str, dict[str, object]]] = {
    "next filter": ("volume", {"volume": "1,amovie=/etc/passwd"}),
    "next option": ("volume", {"volume": "1:enable=0"}),
    "next graph": ("volume", {"volume": "1;anullsrc"}),
    "label": ("volume", {"volume": "1[out]"}),
    "quote": ("volume", {"volume": "'1'"}),
    "escape": ("volume", {"volume": "1\\"}),
    "expression": ("volume", {"volume": "if(1,2,3)"}),
    "newline": ("volume", {"volume": "1\n"}),
    "umlaut": ("volume", {"volume": "ü"}),
    "other digits": ("volume", {"volume": "١"}),
    "not a number": ("volume", {"volume": float("nan")}),
    "no end": ("volume", {"volume": float("inf")}),
    "long": ("volume", {"volume": "1" * 201}),
    "nothing": ("volume", {"volume": None}),
    "key with a value": ("volume", {"volume=1:enable": 1}),
    "file name": ("loudnorm", {"stats_file": "stolen"}),
    "every filter's own option": ("volume", {"enable": 0}),
    "threads": ("scale", {"threads": 64}),
    "reads files": ("movie", {"filename": "x"}),
    "reads texts": ("drawtext", {"textfile": "x"}),
    "sends commands": ("sendcmd", {"filename": "x"}),
    "draws files": ("subtitles", {"filename": "x"}),
    "name with options": ("volume=1,amovie", {}),
    "name with an end of line": ("hflip\n", {}),
    "empty name": ("", {}),
    "pan that goes on": ("pan", {"args": "stereo|c0=c0,amovie"}),
    "pan without channels": ("pan", {"args": "stereo"}),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_filters_are_refused(case: str) -> None:
    """What could be read as more than one value of one known option never becomes a command (C11)."""
    name, options = HOSTILE[case]

    command = VideoCommand if name in VIDEO_FILTERS else AudioCommand

    with pytest.raises(RecipeError) as caught:
        command(id="x", input="in.mp4", output="out.mp4", filters=({"name": name, "options": options},))

    assert caught.value.message
    assert caught.value.remedy


@given(st.text(max_size=30))
def test_any_text_is_one_plain_word_or_refused(text: str) -> None:
    """Whatever text is given, the graph has no character of its language from it."""
    try:
        made = graph(Filter(name="volume", options={"volume": text}))
    except RecipeError:
        return

    assert made == f"[0:a:0]volume=volume={text}[s0]"
    assert not set(text) & set(":=,;[]'\\\"() \n")


def test_a_filter_stays_what_it_was() -> None:
    """The options that were checked are kept, not the mapping they came in."""
    options = {"volume": "1"}
    checked = Filter(name="volume", options=options)
    options["volume"] = "1,amovie=x"

    assert checked.options == (("volume", "1"),)


@pytest.mark.parametrize(("command", "name"), [(AudioCommand, "scale"), (VideoCommand, "volume")])
def test_filters_are_of_the_right_kind(command: type[AudioCommand | VideoCommand], name: str) -> None:
    """A picture's filter is refused for a sound, and a sound's for a picture."""
    with pytest.raises(RecipeError, match=f"the filter {name} cannot be used here"):
        command(id="x", input="in.mp4", output="out.mp4", filters=(Filter(name=name),))


@pytest.mark.parametrize("name", sorted({**AUDIO_FILTERS, **VIDEO_FILTERS}))
def test_every_option_is_ffmpegs(name: str) -> None:
    """Each filter of the tables exists, and each of its options does."""
    said = footage_help(name)

    for option in {**AUDIO_FILTERS, **VIDEO_FILTERS}[name].split():
        assert f"\n   {option} " in said, option


def footage_help(name: str) -> str:
    """Give what FFmpeg says of a filter."""
    argv = [str(footage.program()), "-hide_banner", "-h", f"filter={name}"]
    return subprocess.run(argv, capture_output=True, check=True, text=True).stdout
