"""tasks/ → output/ or trash/failed: real renders, looked at frame by frame."""

import json
import re
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import pytest

from tests import footage
from tests.flow.house import FUN, House, ffmpeg_that, frames_in, shared, soon, spoken_frames, tasked
from tests.flow.sight import Pixel, near, pixels

RED, GREEN, BLUE, WHITE, BAR = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
YELLOW, CYAN, MAGENTA, ORANGE, VIOLET = (255, 255, 0), (0, 255, 255), (255, 0, 255), (255, 128, 0), (128, 0, 255)
HUGE = "3840x2160"


class Awkward(NamedTuple):
    """A clip that rises from black to its colour in a second; what 16:9 shows of it above, and in its lower corner."""

    above: Pixel
    corner: Pixel
    options: dict[str, Any]
    paint: str = ""


CLIPS = {
    # Stored red on the left and blue on the right: turned clockwise, red is above.
    "turned": Awkward(RED, BLUE, {"size": (180, 320), "rotation": 90}, "drawbox=x=iw/2:w=iw/2:h=ih:c=blue:t=fill,"),
    "wide pixels": Awkward(GREEN, GREEN, {"size": (160, 180), "sar": "2:1"}),
    "odd": Awkward(BLUE, BAR, {"size": (63, 65), "pix_fmt": "yuv444p"}),
    "portrait": Awkward(YELLOW, BAR, {"size": (90, 160)}),
    "vfr": Awkward(MAGENTA, MAGENTA, {"size": (320, 180), "vfr": True}),
    "12.5": Awkward(CYAN, CYAN, {"size": (192, 108), "rate": Fraction(25, 2)}),
    "59.94": Awkward(WHITE, WHITE, {"size": (192, 108), "rate": Fraction(60000, 1001)}),
    "interlaced": Awkward(ORANGE, ORANGE, {"size": (320, 180), "rate": 50, "interlaced": True}),
    "silent": Awkward(VIOLET, VIOLET, {"size": (480, 270), "sound": False}),
}
LOGO_SIDE = 40


def make_a_video(house: House) -> dict[str, Any]:
    """Drop every awkward clip, music, a voice, a logo and one bad file; run the whole factory once."""
    for name, clip in CLIPS.items():
        red, green, blue = clip.above
        tint = f"drawbox=c=0x{red:02x}{green:02x}{blue:02x}:t=fill,{clip.paint}fade=in:st=0:d=1"
        house.clip(f"{name}.mp4", category=FUN, extra=("-vf", tint), **clip.options)
    footage.empty(house.place(f"video/{FUN}/zero.mp4"))
    house.music(category=FUN, seconds=1)
    voice = house.voice(story=f"{FUN}/day one", seconds=9.37, name=f"{FUN}.mp3")
    footage.logo_png(house.root / "logo.png", size=(LOGO_SIDE, LOGO_SIDE))
    frames = spoken_frames(voice)
    status, told = house.up()
    return {"status": status, "told": told, "frames": frames}


class Made(NamedTuple):
    """A spool with one finished video; only to be looked at."""

    house: House
    status: int
    told: dict[str, Any]
    frames: int


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The spool in which one video of every awkward clip was made."""
    house, facts = shared(tmp_path_factory, "made", make_a_video)
    return Made(house, **facts)


@pytest.fixture
def task(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A spool of one's own with one task to render."""
    return tasked(tmp_path_factory, tmp_path / "spool")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty spool."""
    return House(tmp_path / "spool")


def dimmed(colour: Pixel, share: float) -> Pixel:
    """Give a colour on its way up from black."""
    red, green, blue = colour
    return round(share * red), round(share * green), round(share * blue)


def manifest_of(video: Path) -> dict[str, Any]:
    """Read the manifest beside a video."""
    found: dict[str, Any] = json.loads((video.parent / "manifest.json").read_text())
    return found


# -- raw/ to output/ ---------------------------------------------------------------------------------------------------


def test_raw_becomes_output(made: Made) -> None:
    """Clips of several sizes and rates, music and a voice become one video, exact to the frame (A2, A7)."""
    final = made.house.final()

    assert (made.status, made.told["waiting"], made.told["failed"]) == (0, {}, [])
    assert made.told["published"] == [str(final.relative_to(made.house.root))]
    assert [row["path"] for row in made.told["refused"]] == [f"raw/video/{FUN}/zero.mp4"]
    assert frames_in(final) == made.frames


def test_sound_is_as_long_as_the_picture(made: Made) -> None:
    """Both tracks end together, at the voice's length rounded to a frame, though the music is shorter (A7)."""
    with av.open(str(made.house.final())) as container:
        lengths = [Fraction(s.duration or 0) * Fraction(s.time_base or 0) for s in container.streams]

    assert lengths == [Fraction(made.frames, 30), Fraction(made.frames, 30)]


@pytest.mark.parametrize("name", CLIPS)
def test_each_awkward_clip_is_in_the_picture(made: Made, name: str) -> None:
    """A clip is shown in its place, in its colour, at its own pace, and has bars only where its shape asks (A7)."""
    wanted, start, seen = CLIPS[name], 0, []
    for use in manifest_of(made.house.final())["task"]["inputs"]["clips"]:
        # An unsafe name is a new one on the shelf; the side file remembers.
        side = json.loads((made.house.root / f"{use['path']}.json").read_text())
        seen += [start] if side["original_name"] == f"{name}.mp4" else []
        start += use["out_frame"]

    early, late = (pixels(made.house.final(), seen[0] + frame, (160, 60), (4, 175)) for frame in (10, 25))

    for share, (above, corner) in ((10 / 30, early), (25 / 30, late)):
        assert near(above, dimmed(wanted.above, share), within=36)
        assert near(corner, dimmed(wanted.corner, share), within=36)


def test_every_clip_comes_before_one_comes_again(made: Made) -> None:
    """The voice is longer than all clips together: each is shown whole once, then the choice begins anew (A2)."""
    clips = manifest_of(made.house.final())["task"]["inputs"]["clips"]

    assert len({use["path"] for use in clips[: len(CLIPS)]}) == len(CLIPS) < len(clips)
    assert sum(use["out_frame"] - use["in_frame"] for use in clips) == made.frames


def test_logo_stays_at_20_20(made: Made) -> None:
    """The logo's first column and row are 20, on every clip and to the last frame (A7)."""
    middle = 20 + LOGO_SIDE // 2

    for frame in (0, 45, 133, made.frames - 1):
        centre, left, right = pixels(made.house.final(), frame, (middle, middle), (22, middle), (57, middle))
        assert near(centre, (254, 0, 0))
        assert near(left, (254, 0, 0), within=60)
        assert near(right, (254, 0, 0), within=60)


def test_manifest_says_what_was_made(made: Made) -> None:
    """The manifest beside the video has its hash, its counts, the encoder and the task with the seed's keys (A6)."""
    manifest = manifest_of(made.house.final())

    assert manifest["frames"] == manifest["task"]["frames"] == made.frames
    assert manifest["samples"] == made.frames * 1600
    assert manifest["size_bytes"] == made.house.final().stat().st_size
    assert (manifest["encoder"], manifest["epoch"]) == ("libx264", 1)
    assert (manifest["task"]["category"], manifest["task"]["story_name"]) == (FUN, "day one")


def test_rooms_are_empty_behind_it(made: Made) -> None:
    """What was dropped is in scanned/ or in trash/, each once, and `status` counts the same (A1)."""
    house = made.house
    told = json.loads(house.ask("status", "--json").stdout)

    counts = {room["name"]: room["count"] for room in told["rooms"]}
    assert counts == {
        "raw": 0,
        "scanned": len(CLIPS) + 2,
        "tasks": 0,
        "processing": 0,
        "output": 1,
        "trash/invalid": 1,
        "trash/failed": 0,
    }
    assert (house.files("raw"), house.visible("tasks"), house.visible("processing")) == ([], [], [])
    assert told["library"] == {"video": len(CLIPS), "frame": 0, "music": 1, "voice": 1, "text": 0, "link": 0}
    assert told["waiting"] == []


def test_logs_tell_the_story(made: Made) -> None:
    """main.log has every file and the task, node-*.log the claim and the video, each line in its form (A11)."""
    task_id = made.house.final().parent.name
    main, node = made.house.log().splitlines(), made.house.log("node").splitlines()

    told = [line.split('"')[1].split()[0] for line in main]
    assert (told.count("Moved"), told.count("Refused"), told.count("Made")) == (len(CLIPS) + 2, 1, 1)
    steps = [line for line in node if f"task={task_id}" in line]
    assert [line.split('"')[1].split()[0] for line in steps] == ["Claimed", "Published"]
    assert f" frames={made.frames} " in steps[1]
    assert all(re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO render_worker "', line) for line in node)


def test_one_clip_repeats_under_a_short_and_a_long_voice(house: House) -> None:
    """A pool of one clip is repeated as often as needed, and a voice of half a second is a video too (A7)."""
    house.clip(seconds=1)
    house.music()
    voices = [house.voice(story=f"tales/s{index}", seconds=seconds) for index, seconds in enumerate((0.6, 3.5))]
    wanted = sorted(spoken_frames(voice) for voice in voices)

    status, told = house.up()

    assert status == 0
    assert sorted(frames_in(house.root / path) for path in told["published"]) == wanted


@pytest.mark.media
def test_real_footage_becomes_a_video(house: House, real_media: Path) -> None:
    """Clips of real phones, real music and a real reader become a video, exact to the frame (A7)."""
    for name in ("v02_phone_1080p_vfr_short", "v09_phone_4k60_portrait_rot", "v11_fire_720p_vfr_rot180_mono"):
        shutil.copy(real_media / f"{name}.mp4", house.place(f"video/tales/{name}.mp4"))
    for name, place in (("m03_vonsh_idle_45s", "music/tales/a.mp3"), ("s01_sonnet1_en_53s", "story/a/b/voice/c.mp3")):
        footage.make("-t", 5, "-i", real_media / f"{name}.mp3", "-c", "copy", house.place(place))
    wanted = spoken_frames(house.place("story/a/b/voice/c.mp3"))

    status, told = house.up()

    assert (status, told["refused"]) == (0, [])
    assert frames_in(house.final()) == wanted


# -- the papers of a task ----------------------------------------------------------------------------------------------


def test_metadata_is_the_seed_s(task: House) -> None:
    """A task has every key of the seed's metadata.json in its form, and its links resolve (A1, A6)."""
    paper = task.paper()

    folder = task.root / "tasks" / paper["task_id"]
    assert (paper["category"], paper["story_name"]) == (FUN, "day one")
    assert (paper["voice_file"], paper["music_file"]) == ("voice.mp3", "music.mp3")
    assert paper["render"] == {"resolution": "320x180", "frame_rate": 30, "logo": "logo.png", "output_format": "mp4"}
    assert paper["voice_duration"] == pytest.approx(2, abs=0.001)
    assert all((folder / path).is_file() for path in [*paper["video_files"], "voice.mp3", "music.mp3"])
    assert not any((folder / name).readlink().is_absolute() for name in ("voice.mp3", "music.mp3"))


def test_template_command_finds_every_input(task: House) -> None:
    """The seed's inputs, named as the seed names them, open from inside the task's folder (A1)."""
    folder = task.root / "tasks" / task.visible("tasks")[0]

    inputs: list[object] = ["-f", "concat", "-safe", 0, "-i", folder / "video_list.txt"]
    for name in ("music.mp3", "voice.mp3", "logo.png"):
        inputs += ["-i", folder / name]

    # One clip of 1.5 s is listed twice: decoding all of it reads every line of the list.
    footage.make("-xerror", *inputs, "-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:v", "-f", "null", "-")


def test_plan_prints_and_starts_nothing(task: House) -> None:
    """`plan` tells spans, steps, cost and reasons of a waiting task and leaves the root as it was (A15)."""
    (task_id,) = task.visible("tasks")
    before = sorted(str(path) for path in task.root.rglob("*"))

    text = task.ask("plan", task_id[:8], "--commands").stdout
    plan = task.plan(str(task.root / "tasks" / task_id))

    assert "320x180 30 fps, 60 frames" in text
    assert "because not in the store" in text
    assert "ffmpeg " in text
    assert FUN not in text
    assert str(task.root) not in text
    video = plan["video"]
    assert (video["width"], video["height"], video["fps"], video["frames"]) == (320, 180, "30", 60)
    assert [span["at"][0] for span in plan["spans"]] == [0, *(span["at"][1] for span in plan["spans"][:-1])]
    assert plan["spans"][-1]["at"][1] == 60
    assert [step["kind"] for step in plan["steps"]][-2:] == ["stitch", "check"]
    assert {step["kind"] for step in plan["steps"]} == {"encode", "bridge", "sound", "stitch", "check"}
    assert all(step["reason"] for step in plan["steps"])
    after = sorted(str(path) for path in task.root.rglob("*") if not path.name.startswith(".proofs."))
    assert after == before, "only that the encoder was proven is kept"


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def alter(clip: Path) -> None:
    """Put other bytes in a clip's place."""
    clip.write_bytes(b"not a clip any more")


@pytest.mark.parametrize(("spoil", "code"), [(alter, "input-changed"), (Path.unlink, "missing-input")])
def test_spoilt_library_fails_the_task(task: House, spoil: Any, code: str) -> None:
    """A clip that was changed or removed after it was chosen fails its task, with reason and log; exit 65 (A10)."""
    spoil(task.root / task.assets("video")[0]["path"])

    done = task.run("node", "--once")

    assert done.returncode == 65
    (task_id,) = task.visible("trash/failed")
    folder = task.root / "trash" / "failed" / task_id
    reason = json.loads((folder / "reason.json").read_text())
    assert (reason["code"], reason["stage"]) == (code, "download")
    assert reason["remedy"]
    assert (folder / "stderr.log").is_file()
    assert (folder / "metadata.json").is_file()
    assert (task.visible("tasks"), task.visible("processing"), task.visible("output")) == ([], [], [])


def test_render_error_keeps_what_ffmpeg_said(task: House, tmp_path: Path) -> None:
    """When FFmpeg fails, its words and its command are in trash/failed/<id>/stderr.log; exit 65 (A10)."""
    env = ffmpeg_that(tmp_path / "ffmpeg", 'echo "the device is on fire" >&2; exit 3')

    done = task.run("node", "--once", env=env)

    assert done.returncode == 65
    folder = task.root / "trash" / "failed" / task.visible("trash/failed")[0]
    said = (folder / "stderr.log").read_text()
    reason = json.loads((folder / "reason.json").read_text())
    assert said.startswith("$ ")
    assert "the device is on fire" in said
    assert (reason["facts"]["status"], "on fire" in reason["message"]) == (3, True)


@pytest.mark.parametrize(("kills", "attempts"), [(1, 0), (3, 1)])
def test_passing_trouble_is_tried_again(task: House, tmp_path: Path, kills: int, attempts: int) -> None:
    """An encode that the kernel kills is begun again twice; only a third kill costs the task an attempt (A10, B4)."""
    tries = tmp_path / "tries"
    tries.touch()
    kill = f'echo x >>"{tries}"; [ $(wc -l <"{tries}") -gt {kills} ] || kill -9 $$'
    env = ffmpeg_that(tmp_path / "ffmpeg", kill, where="-copyts")

    done = task.run("node", "--once", env=env)

    assert done.returncode == 0
    assert frames_in(task.final()) == 60
    manifest = manifest_of(task.final())
    assert (manifest["task"]["attempts"], manifest["epoch"]) == (attempts, attempts + 1)
    assert len(task.visible("trash/attempts")) == attempts


def test_third_failure_is_the_last(task: House, tmp_path: Path) -> None:
    """A task whose encode is killed each time is given up after three attempts of three, with 65 (A10, B4)."""
    env = ffmpeg_that(tmp_path / "ffmpeg", f'echo x >>"{tmp_path}/tries"; kill -9 $$', where="-copyts")

    done = task.run("node", "--once", env=env)

    assert done.returncode == 65
    assert (tmp_path / "tries").read_text() == "x\n" * 9
    assert len(task.visible("trash/failed")) == 1
    assert task.visible("tasks") == []


def test_full_disk_is_nobody_s_fault(task: House, tmp_path: Path) -> None:
    """A render that finds no space gives the task back without an attempt and ends with 75; later it works (A21)."""
    env = ffmpeg_that(tmp_path / "ffmpeg", 'echo "av_interleaved_write_frame(): No space left on device" >&2; exit 1')

    full = task.run("node", "--once", env=env)
    attempts = task.paper()["attempts"]
    later = task.run("node", "--once")

    assert (full.returncode, attempts, later.returncode) == (75, 0, 0)
    assert frames_in(task.final()) == 60


# -- killed and stopped ------------------------------------------------------------------------------------------------


def test_killed_node_leaves_no_ffmpeg_and_loses_nothing(task: House) -> None:
    """After SIGKILL in mid-render no FFmpeg lives on, and the next start publishes the task once (A3)."""
    task.size_task(HUGE)
    task.set_up(preset="veryslow")  # it would not end by itself while we look
    node = task.start("node")
    assert soon(lambda: bool(task.rendering()))

    node.kill()
    node.wait()

    assert soon(lambda: not task.rendering(), within_s=5)
    task.set_up()
    task.size_task("320x180")
    assert task.run("node", "--once").returncode == 0
    assert frames_in(task.final()) == 60
    assert (task.visible("tasks"), task.visible("processing"), task.visible("trash/failed")) == ([], [], [])


@pytest.mark.parametrize("role", ["node", "up"])
def test_stopped_factory_gives_its_task_back(task: House, role: str) -> None:
    """SIGTERM in mid-render ends every process; the task is back uncounted, and the next start makes it (A3)."""
    task.size_task(HUGE)
    factory = task.start(role)
    assert soon(lambda: bool(task.rendering()))

    factory.terminate()
    if role == "node":  # the first one lets it finish; what would take too long is given back by the second
        assert soon(lambda: "Draining" in task.log("node"))
        assert task.rendering()
        factory.terminate()

    assert factory.wait(20) == 0
    assert not task.rendering()
    assert task.paper()["attempts"] == 0
    assert task.visible("processing") == []
    task.size_task("320x180")
    assert task.run(role, "--once").returncode == 0
    assert frames_in(task.final()) == 60
