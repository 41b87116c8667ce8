"""A mix made by hand: by the variables of the first system, by options, by a folder (E1, E2, E3, E5)."""

import os
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests import footage

TITLES = {"one": "\u05e9\u05dc\u05d5\u05dd", "two": "Caf\u00e9 \U0001f3b5"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two tracks and one of two clips."""
    home = tmp_path_factory.mktemp("mix")
    for folder in ("music", "clips", "temp", "out"):
        (home / folder).mkdir()
    for nth, (name, title) in enumerate(TITLES.items()):
        words = ("-metadata", f"title={title}", "-metadata", "artist=Ann", "-c:a", "libmp3lame", "-b:a", "64k")
        source = f"sine=frequency={440 + 220 * nth}:duration=3:sample_rate=44100"
        footage.make("-f", "lavfi", "-i", source, *words, home / "music" / f"{name}.mp3")
    for name, rate in (("a", 30), ("b", 25)):
        dark = f"gradients=s=160x90:r={rate}:d=3:c0=0x101010:c1=0x303030:n=2"
        footage.make("-f", "lavfi", "-i", dark, "-pix_fmt", "yuv420p", home / "clips" / f"{name}.mp4")
    (home / "music" / "cover.jpg").write_bytes(b"\xff\xd8 no track")
    return home


def mix(home: Path, *options: object, **variables: object) -> subprocess.CompletedProcess[str]:
    """Run the verb with these variables."""
    argv = [sys.executable, "-m", "videogen.cli", "--root", str(home / "none"), "mix", *map(str, options)]
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    here = kept | {name: str(value) for name, value in variables.items()} | {"PYTHONPATH": os.getcwd()}
    return subprocess.run(argv, env=here, cwd=home, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def made(kept: Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    """What the eight variables alone make."""
    done = mix(
        kept,
        "--resolution",
        "320x180",
        MUSIC_DIR="music",
        CLIP_DIR="clips",
        OUTPUT_DIR="out",
        TEMP_DIR="temp",
        TEST_DURATION=6,
        TRANSITION_LENGTH=0.4,
        FONT_SIZE=12,
        LOG_LEVEL="warning",
    )
    return done, kept / "out" / "music.mp4"


def test_the_variables_of_the_first_system_are_heard(made: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """Where music and clips are, where the video goes, how long it is, how much is logged; nothing is left over."""
    done, video = made

    assert done.returncode == 0, done.stderr
    assert "180 frames" in done.stdout
    assert "INFO" not in done.stderr
    assert list((video.parents[1] / "temp").iterdir()) == []
    (tracklist,) = video.parent.glob("*tracklist.txt")
    assert tracklist.read_text("utf-8").startswith("music (0:06)\n\n0:00  Ann - ")
    with av.open(str(video)) as container:
        chapters = [one["metadata"]["title"] for one in container.chapters()]
        assert sorted(chapters) == sorted(f"Ann - {title}" for title in TITLES.values())
        assert sum(1 for _ in container.decode(video=0)) == 180


def test_the_video_is_ready_for_delivery(made: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """H.264 High at the least level that its size asks for, CRF 23, the index in front, AAC of 48 kHz (E3)."""
    content = made[1].read_bytes()

    avcc = content.index(b"avcC")
    assert (content[avcc + 5], content[avcc + 7]) == (100, 13)
    assert b"crf=23.0" in content
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(made[1])) as container:
        sound = container.streams.audio[0]
        assert (sound.codec_context.name, sound.rate, sound.codec_context.profile) == ("aac", 48000, "LC")
        assert sound.duration is not None
        assert sound.time_base is not None
        assert abs(sound.duration * sound.time_base - 6) < Fraction(1, 20)


def test_titles_are_seen_in_the_safe_area_for_their_time(made: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """Not at once, then bottom left, and nothing of them outside of the title-safe area (E2)."""
    with av.open(str(made[1])) as container:
        frames = [
            frame.to_image().convert("L")  # type: ignore[no-untyped-call]  # PyAV says no types here
            for _, frame in zip(range(40), container.decode(video=0), strict=False)
        ]

    before, while_seen = frames[5], frames[35]
    assert before.getextrema()[1] < 80
    bright = while_seen.point(lambda level: 255 * (level > 150)).getbbox()
    assert bright is not None
    assert bright[0] >= 32
    assert bright[3] <= 162
    assert bright[1] > 130


def test_options_win_over_variables_and_the_folder_over_both(kept: Path) -> None:
    """What is typed holds; MUSIC_DIR is not asked where FOLDER is named, and what FOLDER says holds as well."""
    night = kept / "night"
    shutil.copytree(kept / "music", night)
    shutil.copy(kept / "clips" / "a.mp4", night)
    (night / "mix.toml").write_text('tracklist = false\nminutes = 2\n[canvas]\nresolution = "160x90"\nfps = 25\n')

    done = mix(kept, night, "-o", "out/n.mp4", "--seconds", 1, TEST_DURATION=9, MUSIC_DIR="nowhere", CLIP_DIR="nowhere")

    assert done.returncode == 0, done.stderr
    with av.open(str(kept / "out" / "n.mp4")) as container:
        picture = container.streams.video[0]
        assert (picture.width, picture.frames, picture.average_rate) == (160, 25, Fraction(25))
        assert not container.chapters()


@pytest.mark.parametrize(
    ("options", "variables", "status", "said"),
    [
        ((), {}, 65, "no folder of tracks is named"),
        ((), {"MUSIC_DIR": "nowhere"}, 65, "nowhere cannot be listed"),
        (("out",), {"LOG_LEVEL": "loud"}, 78, "there is no level 'loud'"),
        (("--font-size", 2), {"MUSIC_DIR": "music"}, 2, "--font-size"),
    ],
)
def test_what_is_wrong_is_told(
    kept: Path, options: tuple[object, ...], variables: dict[str, str], status: int, said: str
) -> None:
    """One sentence, and the number of its family."""
    done = mix(kept, *options, **variables)

    assert done.returncode == status
    assert said in done.stderr
