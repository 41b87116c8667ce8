"""One real job of each recipe, from a dropped folder to output/: exact to the frame, decoded, played, looked at.

`VIDEOGEN_DRAW=1` keeps the sheets that the documents show: docs/recipes/<recipe>.jpg.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from tests import footage
from tests.flow.house import House, frames_in, shared
from tests.flow.test_70_browser import watched

pytestmark = pytest.mark.media

DRAWN = Path(__file__).parent.parent.parent / "docs" / "recipes"
RATE = 30
TITLES = ("Ready to play", "אגדה שקטה", "Ένα πολύ μακρύ όνομα για ένα μικρό κομμάτι που δεν τελειώνει ποτέ")
"""Names of tracks: Latin, from right to left, and longer than a line."""
SAID = "And so, my fellow Americans, ask not\nwhat your country can do for you."
SETTINGS = """
[story]
crossfade_s = 0.5
title_s = 2.5
captions = "soft"
frame = true
"""
OF_GOLDEN = '[golden_frame]\npreset = "{}"\n'
"""The encoder's, another than of all else: its pieces are its own."""


@dataclass(frozen=True)
class Job:
    """What was dropped, and what must come of it. Units: frames; pixels."""

    recipe: str
    name: str
    frames: int
    size: tuple[int, int]


JOBS = (
    Job("composition", "sale", 330, (640, 360)),
    Job("golden_frame", "sea", 90, (1080, 1920)),
    Job("mix", "evening", 360, (640, 360)),
    Job("story", "the_speech", 330, (640, 360)),
)
each = pytest.mark.parametrize("job", JOBS, ids=lambda job: job.recipe)


def ffmpeg(*words: str) -> None:
    """Run FFmpeg to success."""
    subprocess.run([str(footage.program()), "-v", "error", "-nostdin", "-y", *words], check=True)


def drop_composition(house: House, media: Path) -> None:
    """Four clips that go over into each other, a title, a badge, a table of colours, music under a voice."""
    folder = house.place("composition/sale/composition.json").parent
    for name in ("v01_bbb_1080p24_30s.mp4", "v05_cars_768x432_12.5fps.mp4", "v10_earth_480x270_30fps.mp4"):
        shutil.copy(media / name, folder)
    shutil.copy(media / "m01_outfoxing_97s.mp3", folder / "music.mp3")
    ffmpeg("-i", str(media / "s03_jfk_en_11s.flac"), "-b:a", "128k", str(folder / "voice.mp3"))
    footage.logo_png(folder / "badge.png")
    (folder / "warm.cube").write_text(
        "LUT_3D_SIZE 2\n"
        + "".join(
            f"{red} {green * 0.9:.2f} {blue * 0.7:.2f}\n" for blue in (0, 1) for green in (0, 1) for red in (0, 1)
        )
    )

    def clip(name: str, start: float, end: float, **more: Any) -> dict[str, Any]:
        return {"file": name, "trim_start": start, "trim_end": end, **more}

    over = {"transition_in": "crossfade", "transition_duration": 0.5}
    words = {
        "clips": [
            clip("v01_bbb_1080p24_30s.mp4", 4, 7.5),
            clip("v05_cars_768x432_12.5fps.mp4", 3, 6, **over, lut="warm.cube"),
            clip("v10_earth_480x270_30fps.mp4", 5, 8, transition_in="wipeleft", transition_duration=0.5),
            clip("v01_bbb_1080p24_30s.mp4", 14, 17, **over, color="vivid"),
        ],
        "overlays": [
            {
                "type": "text",
                "content": "Summer sale! 50% off: 'today'",
                "position": {"x": "center", "y": "bottom"},
                "start_time": 0.6,
                "duration": 2,
                "style": {"size": 40},
                "animation_in": {"type": "slide_up", "duration": 0.4},
                "animation_out": {"type": "fade", "duration": 0.4},
            },
            {"type": "image", "file": "badge.png", "position": "top-right", "start_time": 4, "duration": 5,
             "opacity": 0.9, "animation_in": {"type": "fade", "duration": 0.3}},
            {"type": "text", "content": "مرحبا بالعالم", "position": "bottom", "start_time": 9, "duration": 1.8,
             "style": {"size": 44}},
        ],
        "audio": {"music_url": "music.mp3", "voiceover_url": "voice.mp3", "music_volume": 0.6, "ducking": True},
        "output": {"resolution": "640x360", "fps": RATE, "crf": 23},
    }  # fmt: skip
    (folder / "composition.json").write_text(json.dumps(words))


def drop_golden_frame(house: House, media: Path) -> None:
    """Three photos, one of them turned by its EXIF, one wide; glitter, the shipped frame, a hook, music."""
    folder = house.place("golden_frame/sea/job.json").parent
    for name in ("i01_photo_vacation.jpg", "i02_photo_exif6.jpg", "i03_bear.jpg"):
        shutil.copy(media / name, folder)
    shutil.copy(media / "m02_vonsh_play_48s.mp3", folder / "music.mp3")
    words = {
        "images": ["i01_photo_vacation.jpg", "i02_photo_exif6.jpg", "i03_bear.jpg"],
        "music": "music.mp3",
        "text_overlay": "Three places you would not believe are real",
        "overlay": "glitter",
        "duration": 3,
    }
    (folder / "job.json").write_text(json.dumps(words))


def drop_mix(house: House, media: Path) -> None:
    """Three tracks with names in their tags, three clips, twelve seconds."""
    folder = house.place("mix/evening/mix.toml").parent
    for nth, (name, title) in enumerate(zip(("m01", "m03", "m04"), TITLES, strict=True)):
        (track,) = media.glob(f"{name}_*")
        tags = ("-metadata", f"title={title}", "-metadata", "artist=Vonsh")
        ffmpeg("-i", str(track), "-t", "4", "-b:a", "160k", *tags, "-id3v2_version", "4", str(folder / f"{nth}.mp3"))
    for name in (
        "v05_cars_768x432_12.5fps.mp4",
        "v10_earth_480x270_30fps.mp4",
        "v07_chaplin_640x360_25fps_mp3audio.mp4",
    ):
        shutil.copy(media / name, folder)
    lines = [
        'name = "Songs for the rain"',
        "duration_s = 12",
        "seed = 3",
        "clip_s = 4",
        "[canvas]",
        'resolution = "640x360"',
        "[titles]",
    ]
    (folder / "mix.toml").write_text("\n".join([*lines, "seconds = 3", "[transition]", "seconds = 0.5", ""]))


def drop_story(house: House, media: Path) -> None:
    """A voice with its captions beside it, clips that crossfade, a layer above, the story's name as a title."""
    voice = house.place("story/speeches/the_speech/voice/chapter_0001.mp3")
    ffmpeg("-i", str(media / "s03_jfk_en_11s.flac"), "-b:a", "128k", str(voice))
    voice.with_suffix(".srt").write_text(f"1\n00:00:00,400 --> 00:00:10,500\n{SAID}\n")
    for name in ("v07_chaplin_640x360_25fps_mp3audio.mp4", "v10_earth_480x270_30fps.mp4"):
        shutil.copy(media / name, house.place(f"video/speeches/{name}"))
    shutil.copy(media / "m02_vonsh_play_48s.mp3", house.place("music/speeches/play.mp3"))
    ffmpeg("-f", "lavfi", "-i", "color=c=black:s=640x360:r=30,drawgrid=w=64:h=64:t=1:c=gray@0.4", "-t", "2",
           "-pix_fmt", "yuv420p", str(house.place("frame/speeches/grain.mp4")))  # fmt: skip
    footage.logo_png(house.root / "logo.png")


DROPS: dict[str, Callable[[House, Path], None]] = {
    "composition": drop_composition,
    "golden_frame": drop_golden_frame,
    "mix": drop_mix,
    "story": drop_story,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, real_media: Path) -> House:
    """A spool into which all four were dropped, and which worked until it was idle."""

    def prepare(house: House) -> None:
        house.set_up(resolution="640x360")
        settings = house.root / "videogen.toml"
        words = settings.read_text().replace(OF_GOLDEN.format("ultrafast"), OF_GOLDEN.format("superfast"))
        settings.write_text(words + SETTINGS)
        for drop in DROPS.values():
            drop(house, real_media)
        done = house.run("up", "--once", "--json", timeout=200)
        assert done.returncode == 0, done.stdout + done.stderr + house.log()

    house, _ = shared(tmp_path_factory, "recipes", prepare)
    return house


def manifest_of(house: House, job: Job) -> dict[str, Any]:
    """Read the manifest of a job's video."""
    (found,) = [one for one in house.manifests() if one["task"]["recipe"] == job.recipe]
    assert found["task"]["story_name"] == job.name
    return found


def video_of(house: House, job: Job) -> Path:
    """Name a job's video."""
    return house.root / "output" / str(manifest_of(house, job)["task"]["task_id"]) / "final.mp4"


@each
def test_a_dropped_job_is_exact_to_the_frame(made: House, job: Job) -> None:
    """Every job ends in output/ with the frames that its description asks for, decodes in silence, and verifies."""
    video, manifest = video_of(made, job), manifest_of(made, job)
    ends = subprocess.run(
        [str(footage.program()), "-v", "warning", "-i", str(video), "-f", "null", "-"], capture_output=True, check=False
    )

    with av.open(str(video)) as container:
        shown = (container.streams.video[0].width, container.streams.video[0].height)
    assert (frames_in(video), manifest["frames"], shown) == (job.frames, job.frames, job.size)
    assert (ends.returncode, ends.stderr) == (0, b"")
    assert made.ask("verify", manifest["task"]["task_id"]).returncode == 0
    preset = "superfast" if job.recipe == "golden_frame" else "ultrafast"
    assert manifest["profile"]["encoder"]["preset"] == preset


def test_nothing_is_left_and_nothing_was_refused(made: House) -> None:
    """raw/ is empty, trash/ is empty, and each task keeps the keys that its readers know (A6)."""
    assert made.files("raw") == []
    assert made.files("trash") == []
    for manifest in made.manifests():
        keys = {
            "task_id",
            "category",
            "story_name",
            "voice_file",
            "voice_duration",
            "music_file",
            "video_files",
            "render",
        }
        assert keys <= set(manifest["task"])


def test_a_mix_is_headed_with_its_own_name(made: House) -> None:
    """The tracklist beside the video begins with the name that mix.toml gives, not with the folder's (E2)."""
    (job,) = [one for one in JOBS if one.recipe == "mix"]
    assert video_of(made, job).with_name("tracklist.txt").read_text().startswith("Songs for the rain (0:12)\n")


@each
def test_a_browser_plays_every_recipe(made: House, job: Job, tmp_path: Path) -> None:
    """Chromium plays each video to its end, with captions and chapters in it."""
    found = watched(video_of(made, job), [], tmp_path)

    assert found["error"] is None, found
    assert found["ended"] is True
    assert found["duration"] == pytest.approx(job.frames / RATE, abs=1.5 / RATE)
    assert (found["width"], found["height"], found["corrupted"]) == (*job.size, 0)
    assert found["sound"] > 0


@each
def test_the_documents_show_a_sheet_of_it(made: House, job: Job) -> None:
    """The contact sheet that was published beside a video has twelve moments; the one in docs/ was drawn by this."""
    with Image.open(video_of(made, job).with_name("contact.jpg")) as image:
        image.load()
    shown = DRAWN / f"{job.recipe}.jpg"
    if os.environ.get("VIDEOGEN_DRAW"):
        DRAWN.mkdir(exist_ok=True)
        image.resize((1200, image.height * 1200 // image.width), Image.Resampling.LANCZOS).save(shown, quality=82)

    with Image.open(shown) as drawn:
        assert drawn.width * image.height == pytest.approx(drawn.height * image.width, rel=0.01)
