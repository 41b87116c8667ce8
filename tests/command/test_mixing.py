"""Streams of several files come together as they were named."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests import footage
from tests.command.looks import boxes, frame_hashes, samples, streams
from videogen.command import MixingCommand
from videogen.command.container import FORMATS
from videogen.errors import RecipeError
from videogen.ffmpeg import FFmpeg

SAFE = f"-format_whitelist {FORMATS} -protocol_whitelist file"
MP4 = "-f mp4 -bitexact -c copy"
END = "file:o.mp4 -y"

GOLDEN: dict[str, tuple[dict[str, Any], str]] = {
    "first of each": (
        {"videos": ("v.mp4",), "sounds": ("a.mp3", "b.mp3")},
        f"{SAFE} -i file:v.mp4 {SAFE} -i file:a.mp3 {SAFE} -i file:b.mp3"
        f" -map 0:v:0 -map 1:a:0 -map 2:a:0 {MP4} -movflags +faststart {END}",
    ),
    "explicit": (
        {"videos": ("v.mp4", "w.mp4"), "maps": ("1:a:1", "0:v:0"), "is_shortest": True, "length_s": Fraction(10, 3)},
        f"{SAFE} -i file:v.mp4 {SAFE} -i file:w.mp4 -map 1:a:1 -map 0:v:0 {MP4} -movflags +faststart -shortest"
        f" -t 3.333333 {END}",
    ),
    "an input of which nothing is taken": (
        {"videos": ("v.mp4", "w.mp4"), "maps": ("1:v:0",)},
        f"{SAFE} -i file:v.mp4 {SAFE} -i file:w.mp4 -map 1:v:0 {MP4} -movflags +faststart {END}",
    ),
    "one file twice": (
        {"videos": ("v.mp4", "w.mp4"), "sounds": ("v.mp4", "a.mp3")},
        f"{SAFE} -i file:v.mp4 {SAFE} -i file:w.mp4 {SAFE} -i file:a.mp3"
        f" -map 0:v:0 -map 1:v:0 -map 0:a:0 -map 2:a:0 {MP4} -movflags +faststart {END}",
    ),
    "encoded": (
        {"videos": ("v.mp4",), "video_codec": "libx265", "audio_codec": "aac", "bitrate_kbps": 128, "threads": 1},
        f"{SAFE} -i file:v.mp4 -map 0:v:0 -f mp4 -b:a 128k -bitexact -c copy -c:a aac -c:v libx265 -crf 23"
        " -flags:v +bitexact -movflags +faststart -pix_fmt yuv420p -preset medium -tag:v hvc1 -threads:v 1"
        f" -x265-params open-gop=0:log-level=error:pools=1 {END}",
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_mixing_arguments_are_exact(case: str) -> None:
    """Inputs and maps stand in the order they were given; a file that is given twice is opened once (B3)."""
    fields, words = GOLDEN[case]

    assert MixingCommand(**{"id": "m", "output": "o.mp4", **fields}).args() == words.split(" ")


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """One second of another sound."""
    return footage.voice_mp3(tmp_path / "voice.mp3", 1.0)


def test_mixing_copies_the_picture_and_takes_the_other_sound(
    bundled: FFmpeg, film: Path, sound: Path, tmp_path: Path, log: Path
) -> None:
    """The picture is bit for bit the film's, the sound the other file's, the index in front (B3)."""
    made = tmp_path / "made.mp4"

    MixingCommand(id="m", videos=(film,), sounds=(sound,), output=made).run(bundled, log=log)

    assert frame_hashes(made) == frame_hashes(film)
    assert [codec for _, codec, _ in streams(made)] == ["h264", "mp3float"]
    assert abs(samples(made) - 44100) < 3000
    assert boxes(made)[:2] == ["ftyp", "moov"]


def test_maps_choose_streams_in_their_order(
    bundled: FFmpeg, film: Path, sound: Path, tmp_path: Path, log: Path
) -> None:
    """Sounds of both files and one picture twice come out in the order of the maps, and nothing else does (B3)."""
    made = tmp_path / "made.mkv"
    maps = ("1:a:0", "0:v:0", "0:a:0", "0:v:0")

    MixingCommand(id="m", videos=(film,), sounds=(sound,), output=made, maps=maps).run(bundled, log=log)

    assert [codec for _, codec, _ in streams(made)] == ["mp3float", "h264", "aac", "h264"]


def test_one_file_twice_is_two_inputs(bundled: FFmpeg, film: Path, sound: Path, tmp_path: Path, log: Path) -> None:
    """A file given twice makes the bytes that the file and a copy of it make, whatever is mapped in between (B3)."""
    copy, made = tmp_path / "copy.mp4", []
    copy.write_bytes(film.read_bytes())
    for second in (film, copy):
        output = tmp_path / f"{second.stem} made.mkv"
        fields = {"videos": (film, sound, second), "maps": ("2:a:0", "1:a:0", "0:v:0", "2:v:0", "0:a:0")}
        MixingCommand(id="m", **fields, output=output).run(bundled, log=log)
        made.append(output.read_bytes())

    assert made[0] == made[1]


def test_the_first_input_gives_the_title(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """Title and chapters are those of input 0, also where its streams come last or not at all (B3)."""
    titled = [tmp_path / "first.mkv", tmp_path / "second.mkv"]
    for path in titled:
        footage.make("-i", film, "-c", "copy", "-metadata", f"title={path.stem}", path)
    for maps in (("1:a:0", "0:v:0"), ("1:v:0",)):
        made = tmp_path / "made.mkv"
        MixingCommand(id="m", videos=titled, maps=maps, output=made).run(bundled, log=log)
        with av.open(str(made)) as container:
            assert container.metadata["title"] == "first"


@pytest.mark.parametrize(
    ("length", "frames"),
    [({}, 75), ({"is_shortest": True}, 26), ({"length_s": Fraction(2)}, 50)],
    ids=["longest", "shortest", "two seconds"],
)
def test_mixing_has_a_length(
    bundled: FFmpeg, film: Path, sound: Path, log: Path, length: dict[str, Any], frames: int
) -> None:
    """A mix lasts as long as its longest stream, its shortest, or as was said, to a few frames (B3)."""
    made = log.parent / "made.mp4"

    MixingCommand(id="m", videos=(film,), sounds=(sound,), output=made, **length).run(bundled, log=log)

    # Copied packets come in decode order: a cut leaves up to the reordering's depth more or less.
    assert abs(len(frame_hashes(made)) - frames) <= 3


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({"videos": ()}, "a mix of nothing"),
    "input that is not there": ({"maps": ("1:v:0",)}, "names no stream of the 1 inputs"),
    "everything": ({"maps": ("0",)}, "names no stream"),
    "option": ({"maps": ("0:v:0 -f null",)}, "names no stream"),
    "end of line": ({"maps": ("0:v:0\n",)}, "names no stream"),
    "negative": ({"maps": ("-0:v:0",)}, "names no stream"),
    "data": ({"maps": ("0:d:0",)}, "names no stream"),
    "label": ({"maps": ("[out]",)}, "names no stream"),
    "length": ({"length_s": 0}, "length_s"),
    "codec": ({"audio_codec": "mp3"}, "audio_codec"),
    "output among the inputs": ({"sounds": ("o.mp4",)}, "read and written at once"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mix_that_cannot_be_right_is_not_made(case: str) -> None:
    """A map is input, kind and number of an input that is there, and nothing more (B2)."""
    fields, words = WRONG[case]

    with pytest.raises(RecipeError, match=words):
        MixingCommand(**{"id": "m", "videos": ("v.mp4",), "output": "o.mp4", **fields})
