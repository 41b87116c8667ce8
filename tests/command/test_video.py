"""A picture is encoded as it was asked for, to the frame."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests import footage
from tests.command.looks import boxes, frame_hashes, streams
from videogen.command import Filter, VideoCommand
from videogen.command.container import FORMATS
from videogen.errors import MediaError, RecipeError
from videogen.ffmpeg import FFmpeg, Progress
from videogen.model.timebase import Range

IN = f"-format_whitelist {FORMATS} -protocol_whitelist file -i file:i.mkv"
ALONE = "-disposition default -flags:v +bitexact"
NOTHING = "-map_chapters -1 -map_metadata -1"
X264 = "-x264-params stitchable=1:open-gop=0"

GOLDEN: dict[str, tuple[dict[str, Any], str]] = {
    "plain": (
        {},
        f"{IN} -map 0:v:0 -f mp4 -bitexact -c:v libx264 -crf 23 {ALONE} -fps_mode vfr -g 250 {NOTHING}"
        f" -movflags +faststart -pix_fmt yuv420p -preset medium {X264} file:o.mp4 -y",
    ),
    "rate": (
        {"fps": "30000/1001", "output": "o.mkv"},
        f"{IN} -filter_complex [0:v:0]setpts=PTS-STARTPTS[s0];[s0]fps=fps=30000/1001[s1] -map [s1]"
        f" -f matroska -bitexact -c:v libx264 -crf 23 {ALONE} -fps_mode cfr -g 250 {NOTHING}"
        f" -pix_fmt yuv420p -preset medium -r 30000/1001 {X264} file:o.mkv -y",
    ),
    "span from the beginning": (
        {"fps": 25, "span": Range(start=10, end=20)},
        f"-copyts {IN} -filter_complex [0:v:0]fps=fps=25[s0];[s0]tpad=stop=1:stop_mode=clone[s1];"
        "[s1]trim=end_pts=20:start_pts=10[s2];[s2]setpts=PTS-STARTPTS[s3] -map [s3]"
        f" -f mp4 -bitexact -c:v libx264 -crf 23 {ALONE} -fps_mode cfr -g 250 {NOTHING}"
        f" -movflags +faststart -pix_fmt yuv420p -preset medium -r 25 -video_track_timescale 12800 {X264}"
        " file:o.mp4 -y",
    ),
    "everything": (
        {
            "fps": "30000/1001",
            "span": Range(start=300, end=450),
            "origin_s": Fraction(1, 3),
            "margin_s": 1,
            "codec": "libx265",
            "crf": 18,
            "preset": "fast",
            "threads": 2,
            "gop": 60,
            "filters": (Filter(name="scale", options={"width": 64, "height": -2}), Filter(name="hflip")),
        },
        "-copyts -format_whitelist mov,matroska -noaccurate_seek -protocol_whitelist file -seek_timestamp 1"
        " -ss 9.343333 -i file:i.mkv -filter_complex [0:v:0]setpts=round(PTS-(1/3)/TB)[s0];"
        "[s0]fps=fps=30000/1001[s1];[s1]tpad=stop=1:stop_mode=clone[s2];[s2]trim=end_pts=450:start_pts=300[s3];"
        "[s3]setpts=PTS-STARTPTS[s4];[s4]scale=height=-2:width=64[s5];[s5]hflip[s6] -map [s6]"
        f" -f mp4 -bitexact -c:v libx265 -crf 18 {ALONE} -fps_mode cfr -g 60 {NOTHING}"
        " -movflags +faststart -pix_fmt yuv420p -preset fast -r 30000/1001 -tag:v hvc1 -threads:v 2"
        " -video_track_timescale 30000 -x265-params open-gop=0:log-level=error:pools=2 file:o.mp4 -y",
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_video_arguments_are_exact(case: str) -> None:
    """Each setting becomes these words, filters in their order; seconds are reckoned in fractions (B3)."""
    fields, words = GOLDEN[case]

    assert VideoCommand(**{"id": "v", "input": "i.mkv", "output": "o.mp4", **fields}).args() == words.split(" ")


def test_only_a_file_with_an_index_is_entered_in_the_middle() -> None:
    """A transport stream is read from its beginning, and a file that is called .mp4 must be one."""
    fields = {"id": "v", "output": "o.mp4", "fps": 25, "span": Range(start=900, end=950)}

    assert "-ss" not in VideoCommand(**fields, input="i.ts").args()
    assert "-ss" in VideoCommand(**fields, input="i.MP4").args()


def test_a_stream_that_is_called_mp4_is_refused(
    bundled: FFmpeg, films: dict[str, Path], tmp_path: Path, log: Path
) -> None:
    """A transport stream under another's name is a MediaError, never a piece that lacks its first frames."""
    named = tmp_path / "stream.mp4"
    named.write_bytes(films["mpegts"].read_bytes())
    timing = {"fps": 25, "span": Range(start=60, end=70), "margin_s": Fraction(1, 5)}

    with pytest.raises(MediaError):
        VideoCommand(id="v", input=named, output=tmp_path / "o.mp4", **timing).run(bundled, log=log)


# -- frames ----------------------------------------------------------------------------------------------------------

LOSSLESS = {"crf": 0, "preset": "ultrafast"}
SPANS = [(0, 1), (0, 25), (1, 3), (24, 26), (25, 50), (40, 75), (74, 75)]
"""At the ends, at keyframes, across them; frames at 25 a second."""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three seconds each, awkward in one way each."""
    folder = tmp_path_factory.mktemp("films")
    common: dict[str, Any] = {"size": (64, 48), "seconds": 3, "sound": False}
    gop = ("-preset", "medium", "-g", 20)
    late = footage.clip(folder / "plain.mkv", **common, extra=gop)
    footage.make("-i", late, "-c", "copy", "-output_ts_offset", "5.013", folder / "late.mkv")
    footage.make("-i", late, "-c", "copy", "-muxdelay", "0", folder / "stream.ts")
    return {
        "same rate": footage.clip(folder / "same.mp4", **common, extra=gop),
        "slower": footage.clip(folder / "slow.mp4", rate=Fraction(25, 2), **common, extra=gop),
        "faster": footage.clip(folder / "fast.mp4", rate=Fraction(60000, 1001), **common, extra=gop),
        "odd rate": footage.clip(folder / "odd.mp4", rate=Fraction(24000, 1001), **common, extra=gop),
        "vfr": footage.clip(folder / "vfr.mp4", vfr=True, **common, extra=gop),
        "begins late": folder / "late.mkv",
        "open gop": footage.clip(
            folder / "open.mp4", **common, extra=(*gop, "-x264-params", "open-gop=1:bframes=3:b-pyramid=normal")
        ),
        "mpegts": folder / "stream.ts",
    }


ORIGINS = {"begins late": Fraction(5013, 1000)}


@pytest.mark.parametrize(
    "kind", ["same rate", "slower", "faster", "odd rate", "vfr", "begins late", "open gop", "mpegts"]
)
def test_spans_are_the_frames_of_one_run(
    bundled: FFmpeg, films: dict[str, Path], tmp_path: Path, log: Path, kind: str
) -> None:
    """Each span, encoded on its own without loss, is bit for bit those frames of a run over the whole (B1, B3)."""
    common = {"id": "v", "input": films[kind], "fps": Fraction(25), **LOSSLESS}
    VideoCommand(**common, output=tmp_path / "whole.mp4").run(bundled, log=log)
    whole = frame_hashes(tmp_path / "whole.mp4")
    timing = {"origin_s": ORIGINS.get(kind, Fraction(0)), "margin_s": Fraction(1, 5)}
    if kind == "mpegts":
        timing["origin_s"] = first_shown(films[kind])

    for start, end in SPANS:
        piece = tmp_path / f"{start}-{end}.mp4"
        VideoCommand(**common, **timing, output=piece, span=Range(start=start, end=end)).run(bundled, log=log)
        assert frame_hashes(piece) == whole[start:end], (start, end)


def first_shown(path: Path) -> Fraction:
    """Give when a file's first picture is shown."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert frame.pts is not None
        assert frame.time_base is not None
        return frame.pts * frame.time_base


def test_a_source_one_frame_short_holds_its_last(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """A span one frame longer than the file repeats the last picture (B1)."""
    made = tmp_path / "made.mp4"

    VideoCommand(id="v", input=film, output=made, fps=25, span=Range(start=70, end=76), **LOSSLESS).run(
        bundled, log=log
    )

    last = frame_hashes(made)[-2:]
    assert last[0] == last[1]


@pytest.mark.parametrize(("start", "end"), [(70, 78), (200, 201)], ids=["partly", "wholly"])
def test_a_span_that_is_not_there_is_refused(
    bundled: FFmpeg, film: Path, tmp_path: Path, log: Path, start: int, end: int
) -> None:
    """A piece with fewer frames than asked for never gets the output's name (B1)."""
    folder = tmp_path / "out"
    folder.mkdir()
    command = VideoCommand(id="v", input=film, output=folder / "o.mp4", fps=25, span=Range(start=start, end=end))

    with pytest.raises(MediaError, match="frames where"):
        command.run(bundled, log=log)

    assert list(folder.iterdir()) == []


def test_a_run_without_a_rate_keeps_every_frame(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """Without fps the frames are the source's; the sound is left out and the index is in front (B3)."""
    made = tmp_path / "made.mp4"

    VideoCommand(id="v", input=film, output=made, **LOSSLESS).run(bundled, log=log)

    assert frame_hashes(made) == frame_hashes(film)
    assert [kind for kind, _, _ in streams(made)] == ["video"]
    assert boxes(made)[:2] == ["ftyp", "moov"]


def test_filters_are_seen_and_x265_encodes(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """H.265 is made with the filter applied, and a better CRF takes more bytes (B3)."""
    sizes = []
    for crf in (45, 15):
        made = tmp_path / f"{crf}.mp4"
        half = Filter(name="scale", options={"width": 32, "height": 24})
        fields = {"codec": "libx265", "preset": "ultrafast", "threads": 1, "fps": 5, "filters": (half,)}
        VideoCommand(id="v", input=film, output=made, crf=crf, **fields).run(bundled, log=log)
        sizes.append(made.stat().st_size)

    assert streams(made)[0][1] == "hevc"
    assert sizes[0] < sizes[1]


def test_progress_knows_the_frames_of_a_span(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """Without a total from outside, the span's length is what the progress counts to (B6)."""
    told: list[Progress] = []
    command = VideoCommand(id="v", input=film, output=tmp_path / "o.mp4", fps=25, span=Range(start=5, end=20))

    command.run(bundled, log=log, on_progress=told.append)

    assert (told[-1].frame, told[-1].total) == (15, 15)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "codec": ({"codec": "libx264 -f null"}, "codec"),
    "crf": ({"crf": 52}, "crf"),
    "preset": ({"preset": "placebo"}, "preset"),
    "span without rate": ({"span": Range(start=0, end=1)}, "needs the rate"),
    "span backwards": ({"fps": 25, "span": {"start": 5, "end": 2}}, "span"),
    "rate": ({"fps": 0}, "fps"),
    "margin": ({"margin_s": -1}, "margin_s"),
    "container": ({"output": "o.webm"}, "its suffix is none of"),
}


@pytest.mark.parametrize("case", WRONG)
def test_video_that_cannot_be_right_is_not_made(case: str) -> None:
    """What no FFmpeg could do is refused when the command is made (B2)."""
    fields, words = WRONG[case]

    with pytest.raises(RecipeError, match=words):
        VideoCommand(**{"id": "v", "input": "i.mkv", "output": "o.mp4", **fields})
