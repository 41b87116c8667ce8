"""The store of segments: what the `cache` verbs say and take out, and clips that are encoded ahead."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.flow.house import House, ffmpeg_that, frames_in, shared, soon

FILM_FRAMES = 60
DAY_S = 86400


def prepare(house: House) -> None:
    """Drop two clips and one of another category, a track and a voice; make the task, render nothing."""
    house.set_up(resolution="160x90")
    for name in ("one.mp4", "two.mp4"):
        house.clip(name, size=(160, 90), rate=30, seconds=2, extra=("-metadata", f"title={name}"))
    house.clip("three.mp4", category="zoo", size=(160, 90), rate=30, seconds=2, extra=("-vf", "negate"))
    house.music()
    house.voice(seconds=3)
    done = house.run("main", "--once")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def cold(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A spool of one's own with three clips, one task and no segment."""
    made, _ = shared(tmp_path_factory, "cold", prepare)
    shutil.copytree(made.root, tmp_path / "spool", symlinks=True)
    return House(tmp_path / "spool")


@pytest.fixture
def warm(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A spool of one's own with three clips, all of them encoded, and one task, which shows two of them."""

    def encode_ahead(house: House) -> None:
        prepare(house)
        assert house.run("warm").returncode == 0

    made, _ = shared(tmp_path_factory, "warm", encode_ahead)
    shutil.copytree(made.root, tmp_path / "spool", symlinks=True)
    return House(tmp_path / "spool")


def aged(house: House) -> list[Path]:
    """Let every segment have been used yesterday, each an hour after the one before it."""
    found = house.segments()
    for nth, path in enumerate(found):
        used = time.time() - DAY_S + 3600 * nth
        os.utime(path.with_suffix(".json"), (used, used))
    return found


def put_aside(house: House) -> Path:
    """Take the one task out of its room."""
    (task_id,) = house.visible("tasks")
    return Path(shutil.move(house.root / "tasks" / task_id, house.root / task_id))


# -- cache -------------------------------------------------------------------------------------------------------------


def test_ls_lists_each_segment(warm: House) -> None:
    """`cache ls` names each segment with its frames, size and what it shows, for people and as JSON."""
    rows = json.loads(warm.ask("cache", "ls", "--json").stdout)
    text = warm.ask("cache", "ls").stdout

    assert [row["frames"] for row in rows] == [FILM_FRAMES] * 3
    assert {row["name"]["key"] for row in rows} == {path.stem for path in warm.segments()}
    assert sum(row["size_bytes"] for row in rows) == sum(path.stat().st_size for path in warm.segments())
    assert all(row["name"]["key"][:12] in text for row in rows)
    assert "3 segments, 0.00 GB" in text


def test_ls_of_an_empty_store(cold: House) -> None:
    """A store that was never written to is empty, not missing."""
    assert json.loads(cold.ask("cache", "ls", "--json").stdout) == []
    assert "0 segments" in cold.ask("cache", "ls").stdout


def test_verify_drops_what_is_damaged(warm: House) -> None:
    """`cache verify` reads every byte, drops what changed and says so with 65; the second time all is well."""
    harmed = warm.segments()[0]
    harmed.write_bytes(harmed.read_bytes()[:-1] + b"?")

    first = warm.ask("cache", "verify")
    second = warm.ask("cache", "verify", "--json")

    assert (first.returncode, second.returncode) == (65, 0)
    assert "2 segments are as they were made" in first.stdout
    assert harmed.stem in first.stdout
    assert json.loads(second.stdout) == {"sound": 2, "dropped": [], "dry_run": False}
    assert not harmed.exists()


def test_gc_takes_the_least_recently_used(warm: House) -> None:
    """`cache gc --max-gb` takes out the oldest beyond the limit and leaves what was used last."""
    oldest, middle, newest = aged(warm)
    limit = middle.stat().st_size + newest.stat().st_size
    size = oldest.stat().st_size

    told = json.loads(warm.ask("cache", "gc", "--max-gb", str(limit / 1e9), "--json").stdout)

    assert told == {"removed": 1, "bytes": size, "dry_run": False}
    assert warm.segments() == [middle, newest]


def test_gc_keeps_what_was_just_used(warm: House) -> None:
    """What was used within the last minute stays, even above the limit: a render may be about to take it."""
    for path in warm.segments():
        os.utime(path.with_suffix(".json"))

    assert "removed 0 segments" in warm.ask("cache", "gc", "--max-gb", "0").stdout
    assert len(warm.segments()) == 3


def test_clear_takes_everything(warm: House) -> None:
    """`cache clear` empties the store, however new it is, and the next render encodes again."""
    told = warm.ask("cache", "clear").stdout

    assert "removed 3 segments" in told
    assert warm.segments() == []
    assert warm.run("node", "--once").returncode == 0
    assert warm.manifests()[0]["frames_encoded"] >= FILM_FRAMES


def test_node_keeps_the_store_below_its_limit(warm: House) -> None:
    """A node takes out what segments.max_gb has no room for, but not what its own video just used."""
    before = {path.stem for path in aged(warm)}

    done = warm.run("node", "--once", env={"VIDEOGEN_SEGMENTS__MAX_GB": "0.000001"})

    assert done.returncode == 0
    used = set(warm.manifests()[0]["segments"])
    assert frames_in(warm.final()) == warm.manifests()[0]["frames"]
    assert len(before - used) == 1
    assert {path.stem for path in warm.segments()} == used


@pytest.mark.parametrize("verb", ["ls", "verify", "gc", "clear"])
def test_no_spool_has_no_store(tmp_path: Path, verb: str) -> None:
    """On a folder that is no spool each `cache` verb says so with 78 and makes nothing."""
    house = House(tmp_path / "spool")
    shutil.rmtree(house.root / "scanned")

    done = house.ask("cache", verb)

    assert done.returncode == 78
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (house.root / "scanned").exists()


# -- ahead -------------------------------------------------------------------------------------------------------------


def test_warm_encodes_the_library_once(cold: House) -> None:
    """`warm` encodes every clip, the second time none, and then a video takes at most 3 frames a clip."""
    first = json.loads(cold.run("warm", "--json").stdout)
    again = cold.run("warm")
    told = cold.run("node", "--once")

    assert (first["encoded"], first["frames"]) == (3, 3 * FILM_FRAMES)
    assert again.stdout == "encoded 0 segments, 0 frames\n"
    assert told.returncode == 0
    assert cold.manifests()[0]["frames_encoded"] <= 3
    assert cold.files("processing") == []


def test_warm_tells_of_a_clip_it_cannot_encode(cold: House) -> None:
    """A clip that was changed on the shelf is named with 65, and the others are encoded all the same."""
    spoilt = cold.assets("video")[0]["path"]
    (cold.root / spoilt).write_bytes(b"not a clip any more")

    done = cold.run("warm")

    assert done.returncode == 65
    assert "encoded 2 segments" in done.stdout
    assert f"refused {spoilt}: " in done.stdout


def test_idle_node_encodes_ahead(cold: House) -> None:
    """A node with nothing to do encodes what the library lacks, the spoken category first, and says so (A13)."""
    task = put_aside(cold)
    node = cold.start("node")

    assert soon(lambda: '"Encoded ahead"' in cold.log("node"))
    task.rename(cold.root / "tasks" / task.name)
    assert soon(lambda: cold.visible("output") != [])
    node.terminate()

    assert node.wait(20) == 0
    assert cold.manifests()[0]["frames_encoded"] <= 3
    assert cold.files("processing") == []
    assert not list((cold.root / "processing").glob(".warm.*"))


def test_idle_node_drops_everything_for_a_task(cold: House, tmp_path: Path) -> None:
    """A node that encodes ahead takes a task that arrives within seconds, not after its encode."""
    task = put_aside(cold)
    ahead = 'case "$*" in *processing/.warm.*) sleep 50 ;; esac'
    node = cold.start("node", env=ffmpeg_that(tmp_path / "ffmpeg", ahead, where="-copyts"))
    assert soon(lambda: bool(cold.rendering()))

    task.rename(cold.root / "tasks" / task.name)
    arrived = time.monotonic()
    assert soon(lambda: '"Claimed ' in cold.log("node"))
    waited_s = time.monotonic() - arrived

    assert soon(lambda: cold.visible("output") != [])
    node.send_signal(signal.SIGTERM)
    assert node.wait(20) == 0
    assert waited_s < 3
    assert cold.manifests()[0]["frames_encoded"] > FILM_FRAMES


def test_node_does_not_encode_ahead_unless_it_may(cold: House) -> None:
    """With node.warm = false an idle node leaves the processor alone."""
    task = put_aside(cold)
    node = cold.start("node", env={"VIDEOGEN_NODE__WARM": "false"})
    assert soon(lambda: '"Started"' in cold.log("node"))

    encodes = soon(lambda: bool(cold.rendering() or cold.segments()), within_s=1.5)
    node.terminate()

    assert node.wait(20) == 0
    assert not encodes
    assert task.is_dir()


def test_node_does_not_encode_ahead_beside_a_task_that_waits(cold: House, tmp_path: Path) -> None:
    """While a task waits for its next attempt no encode is begun, only to be dropped for it again and again."""
    (paper,) = (cold.root / "tasks").glob("*/metadata.json")
    paper.write_text(json.dumps(json.loads(paper.read_text()) | {"not_before_s": 60}))
    ahead = f'case "$*" in *processing/.warm.*) echo x >>"{tmp_path}/begun"; sleep 5 ;; esac'
    node = cold.start("node", env=ffmpeg_that(tmp_path / "ffmpeg", ahead, where="-copyts"))
    assert soon(lambda: '"Started"' in cold.log("node"))

    is_begun = soon((tmp_path / "begun").exists, within_s=1.5)
    node.terminate()

    assert node.wait(20) == 0
    assert not is_begun
    assert paper.is_file()
