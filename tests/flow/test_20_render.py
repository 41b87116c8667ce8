"""tasks/ → output/ or trash/failed: real renders, looked at frame by frame."""

import json
import shutil
from fractions import Fraction
from pathlib import Path

import av
import psutil
import pytest

from tests import footage
from tests.flow.house import House, frames_in, soon, spoken_frames

Pixel = tuple[int, int, int]


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty spool."""
    return House(tmp_path / "spool")


def pixel(video: Path, frame: int, x: int, y: int) -> Pixel:
    """Give the colour of one point of one frame."""
    with av.open(str(video)) as container:
        for index, shown in enumerate(container.decode(video=0)):
            if index == frame:
                picture = shown.reformat(format="rgb24")
                plane = picture.planes[0]
                at = y * plane.line_size + 3 * x
                red, green, blue = bytes(plane)[at : at + 3]
                return red, green, blue
    raise AssertionError(f"{video} has no frame {frame}")


def solid(path: Path, colour: str, *, size: str = "320x180", seconds: int = 1, options: tuple[str, ...] = ()) -> Path:
    """Write a clip of one colour."""
    source = f"color={colour}:size={size}:rate=25:duration={seconds},format=yuv420p"
    footage.make("-f", "lavfi", "-i", source, *options, "-c:v", "libx264", "-preset", "ultrafast", path)
    return path


def near(found: Pixel, wanted: Pixel) -> bool:
    """Whether two colours look the same; 4:2:0 and CRF move them a little."""
    return all(abs(a - b) <= 24 for a, b in zip(found, wanted, strict=True))


def test_raw_becomes_output(house: House) -> None:
    """Clips of several sizes and rates, music and a voice become one video, exact to the frame (A2, A6, A7)."""
    house.clip("a.mp4", size=(192, 108), rate=25, seconds=1)
    house.clip("b.mp4", size=(120, 160), rate=Fraction(60000, 1001), seconds=1)
    house.clip("c.mp4", size=(160, 120), rate=Fraction(25, 2), seconds=1, sound=False)
    house.music(seconds=1)
    wanted = spoken_frames(house.voice(seconds=2.7))
    footage.logo_png(house.root / "logo.png")

    status, told = house.up()

    assert (status, told["refused"], told["waiting"]) == (0, [], {})
    assert told["published"] == [str(house.final().relative_to(house.root))]
    assert frames_in(house.final()) == wanted
    manifest = json.loads((house.final().parent / "manifest.json").read_text())
    assert manifest["frames"] == manifest["task"]["frames"] == wanted
    assert (house.files("raw"), house.visible("tasks"), house.visible("processing")) == ([], [], [])


def test_sound_is_as_long_as_the_picture(house: House) -> None:
    """Both tracks end together, at the voice's length rounded to a frame (A7)."""
    house.clip(seconds=1)
    house.music(seconds=1)
    frames = spoken_frames(house.voice(seconds=1.37))

    house.up()

    with av.open(str(house.final())) as container:
        lengths = [Fraction(s.duration or 0) * Fraction(s.time_base or 0) for s in container.streams]
    assert lengths == [Fraction(frames, 30), Fraction(frames, 30)]


def test_metadata_is_the_seed_s(house: House) -> None:
    """A task has every key of the seed's metadata.json in its form, and its links resolve (A1, A6)."""
    house.clip(seconds=1)
    house.music()
    house.voice(seconds=1.5)

    house.run("main", "--once")

    (task_id,) = house.visible("tasks")
    task = house.root / "tasks" / task_id
    paper = json.loads((task / "metadata.json").read_text())
    assert paper["task_id"] == task_id
    assert (paper["category"], paper["story_name"]) == ("tales", "fox")
    assert (paper["voice_file"], paper["music_file"]) == ("voice.mp3", "music.mp3")
    assert paper["render"] == {"resolution": "320x180", "frame_rate": 30, "logo": None, "output_format": "mp4"}
    assert paper["voice_duration"] == pytest.approx(1.5, abs=0.001)
    assert all((task / path).is_file() for path in [*paper["video_files"], "voice.mp3", "music.mp3"])
    assert not (task / "voice.mp3").readlink().is_absolute()


def test_template_command_finds_every_input(house: House) -> None:
    """The seed's inputs, named as the seed names them, open from inside the task's folder (A1)."""
    house.clip("a.mp4", category='it\'s "fun" 🌞')
    house.music()
    house.voice(seconds=1.5, story='it\'s "fun" 🌞/day one')
    footage.logo_png(house.root / "logo.png")
    house.run("main", "--once")
    (task_id,) = house.visible("tasks")

    task = house.root / "tasks" / task_id
    inputs = ["-f", "concat", "-safe", 0, "-i", task / "video_list.txt"]
    for name in ("music.mp3", "voice.mp3", "logo.png"):
        inputs += ["-i", task / name]

    footage.make(*inputs, "-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:v", "-t", 1, "-f", "null", "-")
    assert house.run("node", "--once").returncode == 0


def test_rotated_clip_stands_upright(house: House, tmp_path: Path) -> None:
    """A clip that lies on its side is turned as players do: its red end is on top, bars left and right (A7)."""
    # Stored: red on the left, blue on the right. Turned by 90 degrees clockwise: red on top.
    plain = tmp_path / "plain.mp4"
    half = "color=red:size=160x180:rate=25:duration=2[r];color=blue:size=160x180:rate=25:duration=2[b]"
    footage.make("-filter_complex", f"{half};[r][b]hstack,format=yuv420p[v]", "-map", "[v]", plain)
    footage.make("-display_rotation", -90, "-i", plain, "-c", "copy", house.place("video/tales/turned.mp4"))
    house.music()
    house.voice(seconds=1)

    house.up()

    video = house.final()
    assert near(pixel(video, 10, 160, 20), (254, 0, 0))
    assert near(pixel(video, 10, 160, 160), (0, 0, 254))
    assert near(pixel(video, 10, 10, 90), (0, 0, 0))


def test_wide_pixels_are_widened(house: House) -> None:
    """A clip with SAR 2:1 fills the width and gets bars above and below (A7)."""
    solid(house.place("video/tales/wide.mp4"), "green", size="160x80", options=("-vf", "setsar=2/1"))
    house.music()
    house.voice(seconds=1)

    house.up()

    assert near(pixel(house.final(), 5, 4, 90), (0, 127, 0))
    assert near(pixel(house.final(), 5, 160, 4), (0, 0, 0))


def test_every_clip_is_shown(house: House) -> None:
    """At each change of clip the picture changes and the logo stays at 20:20 (A7)."""
    for colour in ("green", "blue", "white"):
        solid(house.place(f"video/tales/{colour}.mp4"), colour)
    house.music()
    house.voice(seconds=3)
    footage.logo_png(house.root / "logo.png", size=(40, 40))

    house.up()

    shown = {pixel(house.final(), frame, 300, 170) for frame in (15, 45, 75)}
    assert len(shown) == 3
    assert all(near(pixel(house.final(), frame, 40, 40), (254, 0, 0)) for frame in (0, 15, 45, 89))


def test_awkward_clips_come_out_whole(house: House, clips: dict[str, Path]) -> None:
    """Odd, slow, fast, portrait, VFR, interlaced and silent clips make one video with every frame (A7)."""
    for name, path in clips.items():
        shutil.copy(path, house.place(f"video/tales/{name}.mp4"))
    house.music()
    wanted = spoken_frames(house.voice(seconds=12))

    status, told = house.up()

    assert (status, told["refused"]) == (0, [])
    assert frames_in(house.final()) == wanted


def test_one_clip_repeats_under_a_short_and_a_long_voice(house: House) -> None:
    """A pool of one clip is repeated as often as needed, and a voice of half a second is a video too."""
    house.clip(seconds=1)
    house.music()
    voices = [house.voice(story=f"tales/s{index}", seconds=seconds) for index, seconds in enumerate((0.6, 5.5))]
    wanted = sorted(spoken_frames(voice) for voice in voices)

    status, told = house.up()

    assert status == 0
    assert sorted(frames_in(house.root / path) for path in told["published"]) == wanted


def test_render_error_goes_to_trash_with_the_log(house: House) -> None:
    """A clip that was changed after it was chosen fails its task, with reason and log; exit 65 (A10)."""
    house.clip()
    house.music()
    house.voice()
    house.run("main", "--once")
    (clip,) = house.assets("video")
    (house.root / clip["path"]).write_bytes(b"not a clip any more")

    done = house.run("node", "--once")

    assert done.returncode == 65
    (task_id,) = house.visible("trash/failed")
    folder = house.root / "trash" / "failed" / task_id
    reason = json.loads((folder / "reason.json").read_text())
    assert (reason["code"], reason["stage"]) == ("input-changed", "render")
    assert (folder / "stderr.log").is_file()
    assert (folder / "metadata.json").is_file()
    assert (house.visible("tasks"), house.visible("processing"), house.visible("output")) == ([], [], [])


def rendering(house: House) -> list[psutil.Process]:
    """Find the FFmpeg processes that write into this spool."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        words = process.info["cmdline"] or []
        if "ffmpeg" in (process.info["name"] or "") and any(str(house.root / "processing") in word for word in words):
            found.append(process)
    return found


@pytest.fixture
def slow(tmp_path: Path) -> House:
    """A spool with one task that takes seconds to render."""
    house = House(tmp_path / "spool", resolution="1920x1080", preset="veryslow")
    house.clip(seconds=2)
    house.music()
    house.voice(seconds=2)
    house.run("main", "--once")
    return house


def test_killed_node_leaves_no_ffmpeg_and_loses_nothing(slow: House) -> None:
    """After SIGKILL in mid-render no FFmpeg lives on, and the next start publishes the task once (A3)."""
    node = slow.start("node")
    assert soon(lambda: bool(rendering(slow)))

    node.kill()
    node.wait()

    assert soon(lambda: not rendering(slow), within_s=5)
    (slow.root / "videogen.toml").write_text('[render]\nresolution = "320x180"\npreset = "ultrafast"\n')
    assert slow.run("node", "--once").returncode == 0
    assert frames_in(slow.final()) == 60
    assert (slow.visible("tasks"), slow.visible("processing")) == ([], [])


def test_stopped_node_gives_its_task_back(slow: House) -> None:
    """After SIGTERM the task is in tasks/ again within seconds, and the stop did not count as an attempt (A3)."""
    node = slow.start("node")
    assert soon(lambda: bool(rendering(slow)))

    node.terminate()

    assert node.wait(15) == 0
    (task_id,) = slow.visible("tasks")
    assert json.loads((slow.root / "tasks" / task_id / "metadata.json").read_text())["attempts"] == 0
    assert slow.visible("processing") == []
    assert not rendering(slow)


def test_plan_prints_and_starts_nothing(slow: House) -> None:
    """`plan` tells steps, cost and reason of a waiting task and leaves the root as it was (A15)."""
    (task_id,) = slow.visible("tasks")
    before = sorted(str(path) for path in slow.root.rglob("*"))

    text = slow.run("plan", task_id[:8], "--commands").stdout
    plan = json.loads(slow.run("plan", task_id, "--json").stdout)

    assert "1920x1080 30 fps, 60 frames" in text
    assert "because" in text
    assert str(slow.root) not in text
    assert [step["kind"] for step in plan["steps"]] == ["encode", "check"]
    assert sorted(str(path) for path in slow.root.rglob("*")) == before
