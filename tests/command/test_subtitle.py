"""Subtitles stand beside the picture with their language, or in it."""

from pathlib import Path
from typing import Any

import av
import pytest
from av.stream import Disposition

from tests import footage
from tests.command.looks import frame_hashes, streams
from videogen.command import SubtitleCommand
from videogen.command.container import FORMATS
from videogen.errors import MediaError, MissingInput, RecipeError
from videogen.ffmpeg import FFmpeg

SAFE = f"-format_whitelist {FORMATS} -protocol_whitelist file"
MAPS = "-map 0:v -map 0:a? -map 1:s:0 -map 0:s?"
SRT = "1\n00:00:01,000 --> 00:00:02,000\nGrüße 🎬, it's 100 %\n"
VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nGrüße\n"
SQUARE = (
    "[Script Info]\nPlayResX: 64\nPlayResY: 48\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour,"
    " ScaleX, ScaleY, Alignment\n"
    "Style: Default,Arial,16,&H000000FF,100,100,7\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n"
    "Dialogue: 0,0:00:01.00,0:00:02.00,Default,{\\pos(0,0)\\p1}m 0 0 l 32 0 32 24 0 24{\\p0}\n"
)
"""A drawing from 1 s to 2 s: what is seen does not depend on the fonts of this machine."""
TEXTS = {".srt": SRT, ".vtt": VTT, ".ass": SQUARE}

GOLDEN: dict[str, tuple[dict[str, Any], str]] = {
    "beside": (
        {"subtitle": "it's.srt", "language": "deu"},
        f"{SAFE} -i file:i.mp4 -f srt -format_whitelist srt -protocol_whitelist file -i file:it's.srt"
        f" {MAPS} -f mp4 -bitexact -c copy -c:s mov_text -metadata:s:s:0 language=deu"
        " -movflags +faststart file:o.mp4 -y",
    ),
    "beside in Matroska": (
        {"subtitle": "s.ass", "output": "o.mkv"},
        f"{SAFE} -i file:i.mp4 -f ass -format_whitelist ass -protocol_whitelist file -i file:s.ass"
        f" {MAPS} -f matroska -bitexact -c copy -c:s:0 ass -metadata:s:s:0 language=und file:o.mkv -y",
    ),
    "burnt": (
        {"subtitle": "/tmp/x-1/s.vtt", "is_burnt": True, "crf": 20, "preset": "fast"},
        f"{SAFE} -i file:i.mp4 -filter_complex [0:v:0]subtitles=filename=/tmp/x-1/s.vtt[s0] -map [s0] -map 0:a?"
        " -f mp4 -bitexact -c:a copy -c:v libx264 -crf 20 -disposition:v:0 default -flags:v +bitexact"
        " -movflags +faststart -pix_fmt yuv420p -preset fast -x264-params stitchable=1:open-gop=0 file:o.mp4 -y",
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_subtitle_arguments_are_exact(case: str) -> None:
    """A stream is added before those that are there; a burnt one is a filter (B3)."""
    fields, words = GOLDEN[case]

    assert SubtitleCommand(**{"id": "s", "input": "i.mp4", "output": "o.mp4", **fields}).args() == words.split(" ")


@pytest.fixture
def text(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A subtitle file of the suffix that the test is given, .srt unless said."""
    suffix = getattr(request, "param", ".srt")
    path = tmp_path / f"words{suffix}"
    path.write_text(TEXTS[suffix], encoding="utf-8")
    return path


@pytest.mark.parametrize("text", TEXTS, indirect=True)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_subtitle_is_a_stream_with_its_language(
    bundled: FFmpeg, film: Path, text: Path, tmp_path: Path, log: Path, suffix: str
) -> None:
    """Each kind of file becomes a text stream in its language; picture and sound are copied (B3)."""
    made = tmp_path / f"made{suffix}"

    SubtitleCommand(id="s", input=film, subtitle=text, language="deu", output=made).run(bundled, log=log)

    codec = "mov_text" if suffix == ".mp4" else "ssa" if text.suffix == ".ass" else "srt"
    assert [kind for kind, _, _ in streams(made)] == ["video", "audio", "subtitle"]
    assert streams(made)[2] == ("subtitle", codec, "deu")
    assert frame_hashes(made) == frame_hashes(film)


def test_a_second_language_comes_before_the_first(
    bundled: FFmpeg, film: Path, text: Path, tmp_path: Path, log: Path
) -> None:
    """A stream that was there keeps its place after ours and its language, and the words are whole (B3)."""
    one, two = tmp_path / "one.mp4", tmp_path / "two.mp4"

    SubtitleCommand(id="s", input=film, subtitle=text, language="deu", output=one).run(bundled, log=log)
    SubtitleCommand(id="s", input=one, subtitle=text, language="fra", output=two).run(bundled, log=log)

    assert [language for kind, _, language in streams(two) if kind == "subtitle"] == ["fra", "deu"]
    with av.open(str(two)) as container:
        packets = [bytes(packet) for packet in container.demux(subtitles=0)]
    assert any("Grüße 🎬, it's 100 %".encode() in packet for packet in packets)


def test_a_webm_gets_its_own_kind_of_text(bundled: FFmpeg, text: Path, tmp_path: Path, log: Path) -> None:
    """WebM takes WebVTT, whatever the file was (B3)."""
    film, made = footage.webm(tmp_path / "film.webm"), tmp_path / "made.webm"

    SubtitleCommand(id="s", input=film, subtitle=text, language="eng", output=made).run(bundled, log=log)

    assert [(kind, language) for kind, _, language in streams(made)][1:] == [("subtitle", "eng")]


@pytest.mark.parametrize("text", [".ass"], indirect=True)
def test_a_burnt_subtitle_is_seen_in_its_time_only(
    bundled: FFmpeg, film: Path, text: Path, tmp_path: Path, log: Path
) -> None:
    """Frames from 1 s to 2 s differ from the film's, all others are the film's; the sound is copied (B3)."""
    made = tmp_path / "made.mp4"
    fields = {"is_burnt": True, "crf": 0, "preset": "ultrafast"}

    SubtitleCommand(id="s", input=film, subtitle=text, output=made, **fields).run(bundled, log=log)

    found, plain = frame_hashes(made), frame_hashes(film)
    assert [nth for nth, (one, other) in enumerate(zip(found, plain, strict=True)) if one != other] == [*range(25, 50)]
    assert [kind for kind, _, _ in streams(made)] == ["video", "audio"]


def test_a_burnt_picture_is_the_default_one(bundled: FFmpeg, film: Path, text: Path, tmp_path: Path, log: Path) -> None:
    """A new picture is marked as the one to show, which a stream out of a filter is not by itself (B3)."""
    made = tmp_path / "made.mkv"

    SubtitleCommand(id="s", input=film, subtitle=text, output=made, is_burnt=True).run(bundled, log=log)

    with av.open(str(made)) as container:
        assert all(stream.disposition & Disposition.default for stream in container.streams)


@pytest.mark.parametrize("text", TEXTS, indirect=True)
def test_every_kind_can_be_burnt_in(bundled: FFmpeg, film: Path, text: Path, tmp_path: Path, log: Path) -> None:
    """The filter reads each kind of file from a scratch folder (B3)."""
    made = tmp_path / "made.mp4"

    SubtitleCommand(id="s", input=film, subtitle=text, output=made, is_burnt=True).run(bundled, log=log)

    assert len(frame_hashes(made)) == 75


DISGUISED = {
    "playlist": (".srt", "#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:1/x\n"),
    "script": (".srt", "ffconcat version 1.0\nfile /etc/passwd\n# 1\n00:00:01,000 --> 00:00:02,000\n"),
    "nothing": (".srt", ""),
    "prose": (".vtt", "Hello\n00:01.000 --> 00:02.000\n"),
    "almost": (".vtt", "WEBVTTX\n"),
    "another": (".ass", SRT),
}


@pytest.mark.parametrize("is_burnt", [True, False])
@pytest.mark.parametrize("case", DISGUISED)
def test_a_subtitle_file_is_what_its_name_says(
    bundled: FFmpeg, film: Path, tmp_path: Path, log: Path, case: str, *, is_burnt: bool
) -> None:
    """A file that begins like something else reaches no FFmpeg: the filter would open whatever it is (C11)."""
    suffix, content = DISGUISED[case]
    text = tmp_path / f"words{suffix}"
    text.write_text(content)
    command = SubtitleCommand(id="s", input=film, subtitle=text, output=tmp_path / "o.mp4", is_burnt=is_burnt)

    with pytest.raises(MediaError, match="does not begin like"):
        command.run(bundled, log=log)

    assert not log.exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_subtitle_may_begin_with_a_mark(
    bundled: FFmpeg, film: Path, tmp_path: Path, log: Path, encoding: str
) -> None:
    """Files as Windows writes them, with a byte order mark and CRLF, are subtitles too (D7)."""
    text, made = tmp_path / "words.srt", tmp_path / "made.mp4"
    text.write_bytes(SRT.replace("\n", "\r\n").encode(encoding))

    SubtitleCommand(id="s", input=film, subtitle=text, output=made).run(bundled, log=log)

    assert streams(made)[2][0] == "subtitle"


def test_a_missing_subtitle_is_named(bundled: FFmpeg, film: Path, tmp_path: Path, log: Path) -> None:
    """That the second file is not there is MissingInput with its name, not what FFmpeg makes of it."""
    text = tmp_path / "none.srt"

    with pytest.raises(MissingInput, match=r"none\.srt"):
        SubtitleCommand(id="s", input=film, subtitle=text, output=tmp_path / "o.mp4").run(bundled, log=log)


PATHS = ["a b.srt", "a:b.srt", "a'b.srt", "a,b.srt", "a;b.srt", "a[b].srt", "a\\b.srt", "ä.srt", "a\n.srt", "a%b.srt"]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_in_a_filter_graph_is_plain(path: str) -> None:
    """Burnt in, a path with any but plain characters is refused with the way out; beside, it may be any (C11)."""
    fields = {"id": "s", "input": "i.mp4", "output": "o.mp4", "subtitle": path}

    with pytest.raises(RecipeError) as caught:
        SubtitleCommand(**fields, is_burnt=True)

    assert caught.value.remedy == "Copy it to a path of the letters A to Z, digits and _ . / - only."
    assert f"file:{path}" in SubtitleCommand(**fields).args()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "language in words": ({"language": "German"}, "language"),
    "language of two letters": ({"language": "de"}, "language"),
    "language and more": ({"language": "deu\n"}, "language"),
    "a picture": ({"subtitle": "s.sub"}, "no subtitle file we know"),
    "beside in MOV": ({"output": "o.mov"}, "its suffix is none of"),
    "burnt into WebM": ({"is_burnt": True, "output": "o.webm"}, "its suffix is none of"),
    "output is the subtitle": ({"output": "s.mp4", "subtitle": "s.mp4"}, "read and written at once"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_subtitle_that_cannot_be_right_is_not_made(case: str) -> None:
    """What no FFmpeg could do is refused when the command is made (B2)."""
    fields, words = WRONG[case]

    with pytest.raises(RecipeError, match=words):
        SubtitleCommand(**{"id": "s", "input": "i.mp4", "subtitle": "s.srt", "output": "o.mp4", **fields})
