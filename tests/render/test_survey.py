"""A fresh segment is believed only after it was counted: whatever is not as planned is refused."""

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from tests import footage
from tests.render.studio import QUICK, Shelf, canvas, clip, frames_of, mute
from tests.render.test_check import number
from videogen.errors import Defect
from videogen.model.profile import Encoder, Profile
from videogen.plan import Segment
from videogen.plan.keys import segment_of
from videogen.render.survey import survey

PROFILE = Profile(canvas=canvas(), encoder=QUICK)
HEVC = Profile(canvas=canvas(), encoder=Encoder(name="libx265", preset="ultrafast", gop=25))


@pytest.fixture
def segment(shelf: Shelf, film: str) -> Segment:
    """Fifty frames, with IDRs at 0 and 25."""
    return segment_of(mute(PROFILE.canvas, clip(film, 0, 50)), shelf.media, PROFILE)


Change = Callable[[list[str]], list[str]]


def encode(shelf: Shelf, segment: Segment, path: Path, change: Change = list) -> Path:
    """Run a segment's command, changed."""
    footage.make(*(shelf.argument(word, f"file:{path}") for word in change(list(segment.argv))))
    return path


def to(name: str, value: str) -> Change:
    """Give what sets an option of the command to another value."""

    def change(argv: list[str]) -> list[str]:
        at = argv.index(name) + 1
        return [*argv[:at], value, *argv[at + 1 :]]

    return change


def more(*words: str) -> Change:
    """Give what adds options to the command."""

    def change(argv: list[str]) -> list[str]:
        end = argv.index("step:out")
        return [*argv[:end], *words, *argv[end:]]

    return change


WRONG: dict[str, tuple[Change, str]] = {
    "a frame less": (to("-frames:v", "49"), "holds 49 frames"),
    "a frame only": (to("-frames:v", "1"), "holds 1 frames"),
    "a hole": (more("-bsf:v", "noise=drop='eq(n,9)'"), "holds 49 frames"),
    "a frame late": (more("-bsf:v", "setts=pts=PTS+1:dts=DTS+1", "-use_editlist", "0"), "holds 50 frames, not each"),
    "another clock": (to("-video_track_timescale", "90000"), "counts in 1/90000"),
    "another rate": (to("-r", "24"), "off the grid"),
    "another size": (more("-s", "32x18"), "it is 32x18"),
    "no picture": (lambda _: ["-f", "lavfi", "-i", "sine=d=2", "-f", "mp4", "step:out"], "cannot be read"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_was_not_planned_is_refused(tmp_path: Path, shelf: Shelf, segment: Segment, name: str) -> None:
    """Count, time stamps, clock and size are proven, and the message says which is wrong."""
    change, said = WRONG[name]
    path = encode(shelf, segment, tmp_path / "s.mp4", change)

    with pytest.raises(Defect, match=said) as told:
        survey(path, segment, PROFILE)

    assert told.value.word == "segment-wrong"


def test_a_frame_off_its_grid_is_refused(tmp_path: Path, shelf: Shelf, segment: Segment) -> None:
    """One time stamp that is a tick beside its frame is found."""
    path = encode(shelf, segment, tmp_path / "s.mp4")
    path.write_bytes(number(b"ctts", 12, 1)(path.read_bytes()))

    with pytest.raises(Defect, match="off the grid"):
        survey(path, segment, PROFILE)


def slices(raw: bytes, at: int, size: int) -> list[int]:
    """Give where the NAL units of a packet begin, behind their lengths."""
    end, found = at + size, []
    while at + 4 < end:
        found.append(at + 4)
        at += 4 + int.from_bytes(raw[at : at + 4], "big")
    return found


def test_a_first_frame_that_is_no_idr_is_refused(tmp_path: Path, shelf: Shelf, segment: Segment) -> None:
    """The keyframe flag of the container is not believed: the NAL unit itself must be an IDR's."""
    path = encode(shelf, segment, tmp_path / "s.mp4")
    note = survey(path, segment, PROFILE)
    raw = bytearray(path.read_bytes())
    for at in slices(bytes(raw), note.offset, note.sizes[0]):
        if raw[at] & 0x1F == 5:
            raw[at] = raw[at] & 0xE0 | 1
    path.write_bytes(raw)

    with pytest.raises(Defect, match="does not begin with an IDR"):
        survey(path, segment, PROFILE)


OPEN_X264 = "stitchable=1:open-gop=1:keyint=12:min-keyint=12:scenecut=0:b-adapt=0"


def test_an_open_gop_is_no_place_to_begin(tmp_path: Path, shelf: Shelf, segment: Segment) -> None:
    """Keyframes of open GOPs, which the container flags like any other, are not in the structure."""
    path = encode(shelf, segment, tmp_path / "s.mp4", to("-x264-params", OPEN_X264))

    note = survey(path, segment, PROFILE)

    with av.open(str(path)) as container:
        flagged = [nth for nth, packet in enumerate(container.demux(video=0)) if packet.is_keyframe and packet.size]
    assert len(flagged) > 1
    assert note.structure.keys == (0,)


def test_an_idr_with_pictures_before_it_is_refused(tmp_path: Path, shelf: Shelf, film: str) -> None:
    """HEVC lets an IDR be followed by pictures that are shown before it: such a GOP cannot be cut off."""
    segment = segment_of(mute(HEVC.canvas, clip(film, 0, 50)), shelf.media, HEVC)
    leading = "open-gop=0:keyint=12:min-keyint=12:scenecut=0:radl=2:bframes=3:b-adapt=0:info=0:log-level=error"
    path = encode(shelf, segment, tmp_path / "s.mp4", to("-x265-params", leading))

    with pytest.raises(Defect, match="is not closed"):
        survey(path, segment, HEVC)


@pytest.mark.parametrize("kept", [0, 20, 1500], ids=["empty", "a-head", "half"])
def test_what_breaks_off_is_refused(tmp_path: Path, shelf: Shelf, segment: Segment, kept: int) -> None:
    """A file that ends early is no segment, and no error of our own."""
    path = encode(shelf, segment, tmp_path / "s.mp4")
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(Defect) as told:
        survey(path, segment, PROFILE)

    assert told.value.word == "segment-wrong"


def test_a_segment_that_cannot_be_decoded_is_refused(tmp_path: Path, shelf: Shelf, segment: Segment) -> None:
    """Every frame of a fresh segment is decoded: what cannot be is not kept (A17)."""
    path = encode(shelf, segment, tmp_path / "s.mp4")
    note = survey(path, segment, PROFILE)
    raw = bytearray(path.read_bytes())
    for at in slices(bytes(raw), note.offset + note.sizes[0], note.sizes[1]):
        raw[at] = 0x80 | raw[at]
    path.write_bytes(raw)

    with pytest.raises(Defect, match="cannot be decoded near frame"):
        survey(path, segment, PROFILE)


@pytest.mark.parametrize(("frames", "profile"), [(50, PROFILE), (70, PROFILE), (50, HEVC)])
def test_a_note_tells_what_is_there(tmp_path: Path, shelf: Shelf, film: str, frames: int, profile: Profile) -> None:
    """Of a good segment the note has every packet's bytes, frame and IDR; a short one was decoded."""
    segment = segment_of(mute(profile.canvas, clip(film, 0, frames)), shelf.media, profile)
    path = encode(shelf, segment, tmp_path / "s.mp4")

    note = survey(path, segment, profile)

    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    raw, at = path.read_bytes(), note.offset
    for packet, size in zip(packets, note.sizes, strict=True):
        assert raw[at : at + size] == packet
        at += size
    assert sorted(note.structure.order) == list(range(frames)) == list(range(len(frames_of(path))))
    assert note.structure.keys == tuple(range(0, frames, 25))
    assert note.is_decoded
    assert note.name == segment.name
