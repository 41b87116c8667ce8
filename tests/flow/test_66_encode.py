"""`encode SRC OUT`: the same frames in another encoding, chunks side by side; stopped or failing it leaves nothing."""

import json
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import psutil
import pytest

from tests import footage
from tests.flow.house import House, clean_env, ffmpeg_that, frames_in, shared, soon
from tests.flow.sight import likeness, pixels, samples_of, size_of, streams, tone

GREY = ("-vf", "hue=s=0,noise=c0s=40:c0f=t")
"""No frame is like another, and no matrix changes a colour."""
NTSC = Fraction(30000, 1001)


class Source(NamedTuple):
    """How a source is made, and what must come out: size, frames, their rate."""

    options: dict[str, Any]
    size: tuple[int, int] = (160, 90)
    frames: int = 25
    rate: Fraction = Fraction(25)


SOURCES = {
    "plain.mp4": Source({"size": (160, 90), "rate": 30, "seconds": 3}, frames=90, rate=Fraction(30)),
    "matroska.mkv": Source({"size": (160, 90)}),
    "ntsc.mp4": Source({"size": (160, 90), "rate": NTSC, "seconds": 2}, frames=60, rate=NTSC),
    "rotated.mp4": Source({"size": (160, 90), "rotation": 90}, size=(90, 160)),
    "silent.mp4": Source({"size": (160, 90), "sound": False}),
    "hevc.mp4": Source({"size": (160, 90), "codec": "libx265"}),
    "webm.webm": Source(
        {"size": (160, 90), "codec": "libvpx", "sound": False, "rate": 10}, frames=10, rate=Fraction(10)
    ),
}


def prepare(house: House) -> None:
    """Make every source."""
    folder = house.root / "mine"
    folder.mkdir()
    for name, source in SOURCES.items():
        quality = ("-b:v", "2M") if source.options.get("codec") == "libvpx" else ("-crf", 12)
        footage.clip(folder / name, extra=(*GREY, *quality), **source.options)
    footage.clip(folder / "vfr.mp4", size=(160, 90), seconds=2, vfr=True, extra=GREY)
    footage.odd_size(folder / "odd.mp4")
    parts = [(0, 1000), (1000, 1700), (1700, 3000)]
    chapters = "".join(f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\n" for start, end in parts)
    (folder / "chapters.txt").write_text(f";FFMETADATA1\n{chapters}")
    told = ("-i", folder / "chapters.txt", "-map_metadata", 1, "-c", "copy")
    footage.make("-i", folder / "plain.mp4", *told, folder / "chapters.mp4")
    (folder / "words.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nGrüße\n")
    (folder / "text.txt").write_text("hello\n")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all sources; only to be read."""
    return shared(tmp_path_factory, "sources", prepare)[0].root / "mine"


def argv(*arguments: object) -> list[str]:
    """Give the argument list of one `encode`."""
    quick = ["--preset", "ultrafast", "--crf", "16", "--json"]
    return [sys.executable, "-m", "videogen.cli", "encode", *map(str, arguments), *quick]


def environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """Give one in which no other encoder is tried."""
    return clean_env() | {"VIDEOGEN_RENDER__ENCODER": "libx264"} | (more or {})


def encode(*arguments: object, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run one `encode`."""
    command = argv(*arguments)
    return subprocess.run(command, capture_output=True, text=True, env=environment(env), timeout=60, check=False)


def encoded(*arguments: object) -> dict[str, Any]:
    """Run one `encode` that must succeed, and give what it told."""
    done = encode(*arguments)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def rate_of(path: Path) -> Fraction:
    """Give the rate at which frames follow each other."""
    with av.open(str(path)) as container:
        return Fraction(container.streams.video[0].average_rate or 0)


# -- the same frames ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOURCES)
def test_each_frame_is_the_source_s(sources: Path, tmp_path: Path, name: str) -> None:
    """Frame n of the result looks like frame n of the source, for every n; there is none more and none fewer (B1)."""
    wanted, out = SOURCES[name], tmp_path / "out.mp4"

    told = encoded(sources / name, out)

    assert (size_of(out), rate_of(out)) == (wanted.size, wanted.rate)
    assert frames_in(out) == told["frames"] == wanted.frames
    found = likeness(out, sources / name)
    assert len(found) == wanted.frames
    assert min(found) > 30


def test_frames_are_told_apart(sources: Path, tmp_path: Path) -> None:
    """A film that is one frame late does not look like the source: the comparison above is one."""
    late = tmp_path / "late.mp4"
    footage.make("-i", sources / "plain.mp4", "-vf", "trim=start_frame=1,setpts=N/30/TB", "-crf", 12, late)

    assert max(likeness(late, sources / "plain.mp4")[:-1]) < 25


def test_chunks_change_no_frame(sources: Path, tmp_path: Path) -> None:
    """In chunks of half a second or in one piece the frames are the same to look at, and the sound is in one piece."""
    whole, parts = tmp_path / "whole.mp4", tmp_path / "parts.mp4"

    one = encoded(sources / "plain.mp4", whole, "--workers", 1)
    six = encoded(sources / "plain.mp4", parts, "--chunk", 0.5)

    assert (len(one["segments"]), len(six["segments"])) == (1, 6)
    assert (one["frames"], one["samples"]) == (six["frames"], six["samples"]) == (90, 144000)
    assert min(likeness(parts, whole)) > 35
    assert samples_of(parts) == samples_of(whole)


def test_chapters_are_chunks(sources: Path, tmp_path: Path) -> None:
    """A source with chapters is cut at them, not by length (B1)."""
    told = encoded(sources / "chapters.mp4", tmp_path / "out.mp4")

    assert len(told["segments"]) == 3
    assert min(likeness(tmp_path / "out.mp4", sources / "plain.mp4")) > 30


def test_varying_rate_becomes_a_steady_one(sources: Path, tmp_path: Path) -> None:
    """A source whose frames come unevenly keeps its length, at its mean rate."""
    told = encoded(sources / "vfr.mp4", tmp_path / "out.mp4")

    assert (told["frames"], rate_of(tmp_path / "out.mp4")) == (30, Fraction(15))
    assert min(likeness(tmp_path / "out.mp4", sources / "vfr.mp4", chain="fps=15")) > 30


def test_odd_size_becomes_even(sources: Path, tmp_path: Path) -> None:
    """4:2:0 has no odd sizes: the picture gets one more column and row."""
    told = encoded(sources / "odd.mp4", tmp_path / "out.mp4")

    assert size_of(tmp_path / "out.mp4") == (64, 66)
    assert told["frames"] == 25


def test_h265(sources: Path, tmp_path: Path) -> None:
    """--codec libx265 makes H.265 of the same frames."""
    encoded(sources / "plain.mp4", tmp_path / "out.mp4", "--codec", "libx265", "--chunk", 1)

    assert streams(tmp_path / "out.mp4") == [("video", "hevc"), ("audio", "aac")]
    assert len(likeness(tmp_path / "out.mp4", sources / "plain.mp4")) == 90
    assert min(likeness(tmp_path / "out.mp4", sources / "plain.mp4")) > 30


# -- sound and words ---------------------------------------------------------------------------------------------------


def test_sound_alone(sources: Path, tmp_path: Path) -> None:
    """OUT.m4a holds the sound, as long as the source's."""
    out = tmp_path / "out.m4a"

    told = encoded(sources / "plain.mp4", out, "--audio-kbps", 96)

    assert streams(out) == [("audio", "aac")]
    assert told["samples"] == pytest.approx(144000, abs=1024)
    assert tone(samples_of(out), 440, 0.5, 0.6) == pytest.approx(0.125, rel=0.1)


def test_silent_source_stays_silent(sources: Path, tmp_path: Path) -> None:
    """A source without sound becomes a video without a sound track; asked for its sound alone there is a sentence."""
    encoded(sources / "silent.mp4", tmp_path / "out.mp4")
    done = encode(sources / "silent.mp4", tmp_path / "out.m4a")

    assert streams(tmp_path / "out.mp4") == [("video", "h264")]
    assert done.returncode == 65
    assert "silent.mp4 has no sound" in done.stderr
    assert not (tmp_path / "out.m4a").exists()


def test_subtitles_have_their_language(sources: Path, tmp_path: Path) -> None:
    """--subtitles adds a stream of words in the language that is named; picture and sound stay (B3)."""
    out = tmp_path / "out.mp4"

    encoded(sources / "plain.mp4", out, "--subtitles", sources / "words.srt", "--language", "deu")

    with av.open(str(out)) as container:
        kinds = [(one.type, one.language) for one in container.streams]
    assert [kind for kind, _ in kinds] == ["video", "audio", "subtitle"]
    assert kinds[2] == ("subtitle", "deu")
    assert min(likeness(out, sources / "plain.mp4")) > 30


# -- wrong, stopped, failing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "more", "said"),
    [
        ("text.txt", (), "text.txt is a text"),
        ("gone.mp4", (), "gone.mp4 is no file"),
        (".", (), "is no file"),
        ("plain.mp4", ("--preset", "fastest"), "--preset is 'fastest'"),
        ("plain.mp4", ("--language", "german"), "--language is 'german'"),
        ("plain.mp4", ("--subtitles", "text.txt"), "text.txt"),
        ("plain.mp4", ("--subtitles", "gone.srt"), "gone.srt"),
    ],
)
def test_what_cannot_be_encoded_is_said(
    sources: Path, tmp_path: Path, source: str, more: tuple[str, ...], said: str
) -> None:
    """A source, option or subtitle that cannot be is one sentence and 65, and nothing is there afterwards."""
    words = [str(sources / word) if word.endswith((".srt", ".txt")) else word for word in more]
    command = [
        word
        for word in argv(sources / source, tmp_path / "out.mp4")
        if not (more and word in {"--preset", "ultrafast"})
    ]

    done = subprocess.run(
        [*command, *words], capture_output=True, text=True, env=environment(), timeout=60, check=False
    )

    assert (done.returncode, done.stdout) == (65, "")
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_source_is_never_the_output(sources: Path, tmp_path: Path) -> None:
    """Neither by its name nor by another one is the source overwritten, --force or not."""
    source = tmp_path / "mine.mp4"
    source.write_bytes((sources / "silent.mp4").read_bytes())
    (tmp_path / "same.mp4").symlink_to(source)
    before = source.read_bytes()

    ends = [encode(source, tmp_path / out, "--force").returncode for out in ("mine.mp4", "same.mp4")]

    assert ends == [65, 65]
    assert source.read_bytes() == before


def working_in(folder: Path) -> list[psutil.Process]:
    """Find the FFmpeg processes that write into a folder."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        words = process.info["cmdline"] or []
        if "ffmpeg" in (process.info["name"] or "") and any(f"{folder}/.tmp-" in word for word in words):
            found.append(process)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_encode_leaves_nothing(sources: Path, tmp_path: Path, number: signal.Signals) -> None:
    """SIGINT or SIGTERM in the middle ends every process, leaves no file, and the exit status is not 0 (B6)."""
    out = tmp_path / "out"
    out.mkdir()
    slow = ffmpeg_that(tmp_path / "ffmpeg", "sleep 50", where="-copyts")
    process = subprocess.Popen(
        argv(sources / "plain.mp4", out / "out.mp4"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(slow),
    )
    assert soon(lambda: bool(working_in(out)))

    process.send_signal(number)
    _, said = process.communicate(timeout=15)

    assert process.returncode != 0
    assert "stopped" in said
    assert "Traceback" not in said
    assert not working_in(out)
    assert list(out.iterdir()) == []


SECOND_FAILS = 'case "$*" in *start_pts=30*) echo x >>"$0.tries"; echo "cannot" >&2; exit 3 ;; esac'


def test_chunk_that_fails_fails_the_encode(sources: Path, tmp_path: Path) -> None:
    """One chunk that cannot be encoded means no output, and an exit status that says so (B5)."""
    out = tmp_path / "out"
    out.mkdir()

    done = encode(sources / "plain.mp4", out / "out.mp4", "--chunk", 1, env=failing(tmp_path))

    assert done.returncode == 70
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(out.iterdir()) == []


def test_permissive_leaves_a_gap_and_says_so(sources: Path, tmp_path: Path) -> None:
    """With --permissive what could not be encoded is black and is named, the rest is there; the status is 65 (B5)."""
    out = tmp_path / "out.mp4"

    done = encode(sources / "plain.mp4", out, "--chunk", 1, "--permissive", env=failing(tmp_path))

    assert done.returncode == 65
    assert json.loads(done.stdout)["gaps"] == [[30, 60]]
    found = likeness(out, sources / "plain.mp4")
    assert len(found) == 90
    assert min([*found[:30], *found[60:]]) > 30
    assert max(pixels(out, 45, (80, 45))[0]) < 20


def failing(folder: Path) -> dict[str, str]:
    """Give an environment in which the second chunk of three cannot be encoded."""
    return ffmpeg_that(folder / "ffmpeg", SECOND_FAILS, where="-copyts")
