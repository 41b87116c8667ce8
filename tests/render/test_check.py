"""No defect of a finished video's index goes unseen: each is put into a good one, byte by byte."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import footage
from tests.render.studio import House
from videogen.errors import Defect
from videogen.model.timeline import Timeline
from videogen.plan import Plan
from videogen.render.boxes import index_of
from videogen.render.check import Proof, check
from videogen.render.video import Done

UsualOf = Callable[..., tuple[House, Done]]
TICK = 512
"""Ticks of a frame: the track of 25 frames a second counts in 12,800."""
Change = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def plan(usual: UsualOf, timeline: Timeline) -> Plan:
    """The plan of the usual video."""
    return usual()[0].plan(timeline)


@pytest.fixture(scope="module")
def joins(plan: Plan) -> list[int]:
    """Where its pieces begin."""
    return [piece.at.start for piece in plan.pieces]


def box(raw: bytes, kind: bytes, nth: int = 0) -> int:
    """Give where the content of the nth box of a kind begins, in the index."""
    at = raw.index(b"moov")
    for _ in range(nth + 1):
        at = raw.index(kind, at) + 4
    return at


def number(kind: bytes, offset: int, add: int, *, nth: int = 0, size: int = 4) -> Change:
    """Give what adds to a number in a box; the offset is from the box's content, of its end if it is negative."""

    def change(raw: bytes) -> bytes:
        at = box(raw, kind, nth)
        if offset < 0:
            at += int.from_bytes(raw[at - 8 : at - 4], "big") - 8
        at += offset
        value = (int.from_bytes(raw[at : at + size], "big") + add) % (1 << 8 * size)
        return raw[:at] + value.to_bytes(size, "big") + raw[at + size :]

    return change


def word(kind: bytes, old: bytes, new: bytes, nth: int = 0) -> Change:
    """Give what puts one word in another's place in a box."""

    def change(raw: bytes) -> bytes:
        at = raw.index(old, box(raw, kind, nth))
        return raw[:at] + new + raw[at + len(old) :]

    return change


def _doubled_edit(raw: bytes) -> bytes:
    """Make the elst claim an edit more; the one it has is read as far as it goes."""
    at = box(raw, b"elst")
    (length, start) = struct.unpack(">Ii", raw[at + 8 : at + 16])
    assert length > 0 <= start
    return raw[: at + 8] + struct.pack(">Ii", length, -1) + raw[at + 16 :]


# A row: what is changed, and the words the check finds for it.
# elst: version, count, then (length, first tick); ctts: (count, offset); stss: numbers of keyframes from 1.
DEFECTS: dict[str, tuple[Change, str]] = {
    "frames last longer": (number(b"stts", 12, 1), "its frames last"),
    "a frame less is counted": (number(b"stts", 8, -1), "its frames last"),
    "a frame more is counted": (number(b"stts", 8, 1), "its frames last"),
    "another timescale": (number(b"mdhd", 12, 1), "its frames last"),
    "a frame is shown twice": (number(b"ctts", 12, TICK), "every frame once|cannot be read"),
    "a frame is off its grid": (number(b"ctts", 12, 1), "every frame once"),
    "the first frame is no keyframe": (number(b"stss", 8, 1), "are no IDR"),
    "the last join is no keyframe": (word(b"stss", struct.pack(">I", 216), struct.pack(">I", 217)), "are no IDR"),
    "the picture begins a frame late": (number(b"elst", 12, TICK), "does not show all of the picture"),
    "the picture begins a tick early": (number(b"elst", 12, -1), "does not show all of the picture"),
    "the picture is cut short": (number(b"elst", 8, -960), "does not show all of the picture"),
    "the picture is an empty edit": (_doubled_edit, "does not show all of the picture"),
    "the sound has a sample less": (number(b"stts", -1, -1, nth=1, size=1), "its sound has"),
    "the sound has another rate": (number(b"mdhd", 12, 1, nth=1), "its sound has"),
    "the sound is heard with its priming": (number(b"elst", 12, -1024, nth=1), "before the sound"),
    "the sound is cut short": (number(b"elst", 8, -1000, nth=1), "before the sound"),
    "a packet is said to be larger": (number(b"stsz", 12, 1), "its packets are"),
    "the last packet is said to be smaller": (number(b"stsz", -4, -1, nth=1), "its packets are"),
    "the sound is no sound": (word(b"hdlr", b"soun", b"text", 1), "its tracks are"),
    "the picture is no picture": (word(b"hdlr", b"vide", b"text"), "its tracks are"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_changed_index_is_seen(tmp_path: Path, usual: UsualOf, plan: Plan, joins: list[int], name: str) -> None:
    """One number of the index is another: the check fails and says what is wrong."""
    change, said = DEFECTS[name]
    good = usual()[1].video.read_bytes()
    bad = change(good)
    (tmp_path / "bad.mp4").write_bytes(bad)

    with pytest.raises(Defect, match=said):
        check(tmp_path / "bad.mp4", plan, joins)

    assert len(bad) == len(good)
    assert bad != good


UNREADABLE: dict[str, Change] = {
    "empty": lambda _: b"",
    "cut short": lambda raw: raw[:-100],
    "no moov": lambda raw: raw.replace(b"moov", b"moof", 1),
    "no sample table": lambda raw: raw.replace(b"stts", b"sttz", 1),
    "a box of no length": lambda raw: raw[: box(raw, b"mvhd") - 8] + bytes(4) + raw[box(raw, b"mvhd") - 4 :],
    "a box longer than the file": lambda raw: raw[: raw.index(b"mdat") - 4] + b"\x7f" + raw[raw.index(b"mdat") - 3 :],
    "text": lambda _: b"This is no video at all, and never was one.",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_index_is_told(tmp_path: Path, usual: UsualOf, plan: Plan, name: str) -> None:
    """A file without an index that can be read is a defect of its own word, never an error of our own."""
    (tmp_path / "bad.mp4").write_bytes(UNREADABLE[name](usual()[1].video.read_bytes()))

    with pytest.raises(Defect) as told:
        check(tmp_path / "bad.mp4", plan, [0])

    assert told.value.word == "bad-index"


REMUXES: dict[str, tuple[tuple[object, ...], str]] = {
    "the index lies behind": (("-movflags", "0"), "lies behind the packets"),
    "a frame is missing": (("-bsf:v", "noise=drop='eq(n,100)'"), "its frames last"),
    "the last frame is missing": (("-frames:v", 247), "its frames last"),
    "there is no sound": (("-an",), "its tracks are"),
    "there is a second sound": (("-map", "0:a"), "its tracks are"),
    "sound and picture changed places": (("-map", "-0:v", "-map", "0:v"), "its tracks are"),
}
"""What FFmpeg does to the video, its packets copied."""


@pytest.mark.parametrize("name", REMUXES)
def test_another_muxers_work_is_seen(tmp_path: Path, usual: UsualOf, plan: Plan, joins: list[int], name: str) -> None:
    """A video that something else put together is not taken for what was planned."""
    options, said = REMUXES[name]
    kept = ("-map", 0, "-c", "copy", "-video_track_timescale", 12800, "-movie_timescale", 48000)
    footage.make("-i", usual()[1].video, *kept, *options, tmp_path / "bad.mp4")

    with pytest.raises(Defect, match=said):
        check(tmp_path / "bad.mp4", plan, joins)


def test_a_good_video_is_proven(usual: UsualOf, plan: Plan, joins: list[int]) -> None:
    """The video as it was made has the frames and samples that were planned."""
    assert joins[-1] == 215, "the table above knows the last join by its number"
    assert check(usual()[1].video, plan, joins) == Proof(plan.frames, plan.samples)


def test_a_join_between_keyframes_is_seen(usual: UsualOf, plan: Plan, joins: list[int]) -> None:
    """Where a piece is said to begin and no IDR stands, the frame is named."""
    with pytest.raises(Defect, match=r"joins at \[7\] are no IDR"):
        check(usual()[1].video, plan, [*joins, 7])


def test_the_index_of_a_good_video_is_read_whole(usual: UsualOf, plan: Plan) -> None:
    """What the reader of boxes gives of a video is what was put into it."""
    index = index_of(usual()[1].video)

    picture, sound = index.tracks
    assert picture.runs == ((plan.frames, TICK),)
    assert sorted(picture.shown())[-1] - min(picture.shown()) == (plan.frames - 1) * TICK
    assert sound.ticks == plan.samples + 1024
    assert picture.size_bytes + sound.size_bytes == index.media[1] - index.media[0]
