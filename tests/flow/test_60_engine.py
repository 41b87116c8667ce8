"""No clip is encoded twice: what is copied, what is encoded and why, kills and neighbours, and what is damaged."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import footage
from tests.command.looks import frame_hashes
from tests.flow.house import House, ffmpeg_that, frames_in, shared, soon, spoken_frames

PIECES = {"VIDEOGEN_SEGMENTS__SECONDS": "0.5", "VIDEOGEN_NODE__WARM": "false"}
CLIP_FRAMES = 120
CHUNK_FRAMES = 15


def film(house: House, name: str = "film.mp4", seconds: float = 4) -> Path:
    """Drop a clip in which no frame is like another."""
    noise = ("-vf", "noise=alls=40:allf=t", "-g", 250)
    return house.clip(name, size=(160, 90), rate=30, seconds=seconds, extra=noise)


def prepare(house: House) -> list[str]:
    """Drop one film, a track and two voices; make the tasks, and give their ids, the first voice's first."""
    film(house)
    house.music()
    ids = []
    for story, seconds in (("tales/first", 5.2), ("tales/second", 6.9)):
        house.voice(story, seconds)
        done = house.run("main", "--once")
        assert done.returncode == 0, done.stderr
        ids += [name for name in house.visible("tasks") if name not in ids]
    return ids


@pytest.fixture
def house(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A spool of one's own with one film of four seconds, and two voices whose tasks are made."""
    made, _ = shared(tmp_path_factory, "engine", lambda one: prepare(small(one)))
    shutil.copytree(made.root, tmp_path / "spool", symlinks=True)
    return House(tmp_path / "spool")


def small(house: House) -> House:
    """Make the videos of a spool tiny."""
    house.set_up(resolution="160x90")
    return house


def tasks(house: House) -> tuple[str, str]:
    """Give the ids of the two tasks, the shorter voice's first."""
    papers = [json.loads(path.read_text()) for path in (house.root / "tasks").glob("*/metadata.json")]
    first, second = sorted(papers, key=lambda paper: paper["voice_duration"])
    return first["task_id"], second["task_id"]


def put_aside(house: House, task_id: str) -> Path:
    """Take a task out of the room; move it back to have it rendered."""
    return Path(shutil.move(house.root / "tasks" / task_id, house.root / task_id))


def put_back(house: House, task: Path) -> None:
    """Have a task rendered that was put aside."""
    task.rename(house.root / "tasks" / task.name)


def render(house: House, **env: str) -> dict[str, Any]:
    """Render what waits; give the manifest of the video that came last."""
    before = {one["task"]["task_id"] for one in house.manifests()}
    done = house.run("node", "--once", env=env)
    assert done.returncode == 0, done.stderr
    (made,) = [one for one in house.manifests() if one["task"]["task_id"] not in before]
    return made


def video_of(house: House, task_id: str) -> Path:
    """Name the video of a task."""
    return house.root / "output" / task_id / "final.mp4"


def listed(house: House) -> list[dict[str, Any]]:
    """Ask for the segments in the store."""
    found: list[dict[str, Any]] = json.loads(house.ask("cache", "ls", "--json").stdout)
    return found


# -- once --------------------------------------------------------------------------------------------------------------


def test_second_voice_encodes_next_to_nothing(house: House) -> None:
    """The second video over the same clip encodes 0 to 3 frames, and its frames are those of one made alone (A13)."""
    first, second = tasks(house)
    alone = house.beside("alone")
    put_aside(alone, first)
    later = put_aside(house, second)

    one = render(house)
    put_back(house, later)
    two = render(house)

    assert one["frames_encoded"] >= CLIP_FRAMES
    assert 0 <= two["frames_encoded"] <= 3
    assert list(two["segments"].values()).count("encoded") <= 1
    assert (one["fallback"], two["fallback"]) == ("", "")
    assert render(alone)["frames_encoded"] >= CLIP_FRAMES
    assert frames_in(video_of(house, second)) == two["frames"] == two["task"]["frames"]
    assert video_of(house, second).read_bytes() == video_of(alone, second).read_bytes()


def test_copied_frames_are_the_segment_s_own(house: House) -> None:
    """What was copied decodes to the very frames of the segment, also after a join in mid-clip (A13)."""
    first, second = tasks(house)
    put_aside(house, second)

    render(house)

    (segment,) = [path for path in house.segments() if frames_in(path) == CLIP_FRAMES]
    own, shown = frame_hashes(segment), frame_hashes(video_of(house, first))
    assert len(set(own)) == CLIP_FRAMES
    assert shown[:CLIP_FRAMES] == own
    # The clip comes again from its beginning; the last mini-GOP is encoded anew.
    again = len(shown) - CLIP_FRAMES - 3
    assert shown[CLIP_FRAMES:][:again] == own[:again]


def test_plan_says_what_is_copied_and_why(house: House) -> None:
    """Before the first render every span is encoded, after it all but a bridge is copied, and why is said (A15)."""
    _, second = tasks(house)

    before = house.plan(second)
    put_back_later = put_aside(house, second)
    render(house)
    put_back(house, put_back_later)
    after = house.plan(second)

    assert [span["at"][0] for span in before["spans"]] == [0, CLIP_FRAMES]
    assert before["spans"][0]["encode"] == CLIP_FRAMES
    assert "not in the store" in before["spans"][0]["why"]
    assert before["spans"][0]["copy"] == 0
    assert before["video"]["frames"] == before["spans"][-1]["at"][1]
    assert "in the store: its packets are copied" in after["spans"][0]["why"]
    assert (after["spans"][0]["copy"], after["spans"][0]["encode"]) == (CLIP_FRAMES, 0)
    assert after["frames_copied"] + after["frames_to_encode"] == after["video"]["frames"]
    assert after["frames_to_encode"] <= 3 < before["frames_to_encode"]
    assert after["cost_s"] < before["cost_s"]
    assert "copy 120, encode 0" in house.ask("plan", second).stdout
    assert render(house)["frames_encoded"] == after["frames_to_encode"]


def test_other_quality_is_another_profile(house: House) -> None:
    """With another crf nothing can be copied, and the plan says that the clip is there for another profile only."""
    _, second = tasks(house)
    later = put_aside(house, second)
    render(house)
    put_back(house, later)

    told = house.plan(second, VIDEOGEN_RENDER__CRF="30")

    assert "in the store for another profile only" in told["spans"][0]["why"]
    assert told["frames_copied"] < told["frames_to_encode"]


# -- killed, side by side ----------------------------------------------------------------------------------------------


def test_second_life_keeps_what_the_first_finished(house: House, tmp_path: Path) -> None:
    """After SIGKILL in mid-encode the finished pieces stay, and the video is byte for byte an undisturbed one's."""
    first, second = tasks(house)
    put_aside(house, second)
    undisturbed = house.beside("undisturbed")
    slow = ffmpeg_that(tmp_path / "ffmpeg", "sleep 0.4", where="-copyts") | PIECES
    node = house.start("node", env=slow)
    assert soon(lambda: len(house.segments()) >= 3)

    node.kill()
    node.wait()
    kept = {path.name: path.stat().st_ino for path in house.segments()}
    told = render(house, **PIECES)

    assert render(undisturbed, **PIECES)["frames_encoded"] >= CLIP_FRAMES
    assert 3 <= len(kept) < CLIP_FRAMES // CHUNK_FRAMES
    assert [told["segments"][name.removesuffix(".mp4")] for name in kept] == ["reused"] * len(kept)
    assert {path.name: path.stat().st_ino for path in house.segments() if path.name in kept} == kept
    assert told["frames_encoded"] <= CLIP_FRAMES + 3 - CHUNK_FRAMES * len(kept)
    assert video_of(house, first).read_bytes() == video_of(undisturbed, first).read_bytes()
    assert house.files("processing") == []


def test_two_nodes_encode_each_segment_once(house: House, tmp_path: Path) -> None:
    """Two nodes that need the same pieces at the same time encode each of them once between them (A13)."""
    slow = ffmpeg_that(tmp_path / "ffmpeg", "sleep 0.2", where="-copyts") | PIECES
    nodes = [house.start("node", "--once", "--name", name, env=slow) for name in ("left", "right")]

    assert [node.wait(60) for node in nodes] == [0, 0]

    assert len(house.visible("output")) == 2
    assert {one["node"] for one in house.manifests()} == {"left", "right"}
    assert sum(one["frames_encoded"] for one in house.manifests()) == sum(row["frames"] for row in listed(house))
    assert all(frames_in(video_of(house, one["task"]["task_id"])) == one["frames"] for one in house.manifests())


# -- damaged -----------------------------------------------------------------------------------------------------------


def flip(path: Path) -> None:
    """Change one byte of the picture."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.unlink()
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    """Take the end away."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-100])


@pytest.mark.parametrize("harm", [flip, cut_short, Path.unlink])
def test_damaged_segment_is_made_anew(house: House, harm: Any) -> None:
    """A segment whose bytes changed on the disk is found, told and encoded again; the video is as from sound ones."""
    _, second = tasks(house)
    later = put_aside(house, second)
    render(house)
    put_back(house, later)
    sound = house.beside("sound")
    wanted = render(sound)
    (segment,) = [path for path in house.segments() if frames_in(path) == CLIP_FRAMES]

    harm(segment)
    told = render(house)

    assert CLIP_FRAMES <= told["frames_encoded"] <= CLIP_FRAMES + 3
    assert told["sha256"] == wanted["sha256"]
    assert video_of(house, second).read_bytes() == video_of(sound, second).read_bytes()
    assert "Dropped the damaged segment" in house.log("node")


def test_lost_store_costs_only_time(house: House) -> None:
    """Without scanned/.segments the next video is encoded anew and is the same."""
    first, second = tasks(house)
    put_aside(house, second)
    other = house.beside("other")
    render(house)
    render(other)
    shutil.rmtree(other.root / "scanned" / ".segments")
    frames = spoken_frames(footage.voice_mp3(other.place("story/tales/third/voice/a.mp3"), 4.5))

    assert other.up()[0] == 0
    assert [one["frames"] for one in other.manifests() if one["task"]["task_id"] != first] == [frames]
    assert len(other.segments()) >= 1
