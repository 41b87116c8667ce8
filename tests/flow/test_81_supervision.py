"""Nodes under supervision: what they take and leave, how they fail, what they tell.

Real processes on one spool (A2, A3, A9, A10, A12, A21; P9, P18, P20).
"""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.flow.house import Farm, House, clean_env, soon, tasked


@pytest.fixture
def farm(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A spool with one task and short leases; what runs on it ends with the test."""
    with Farm(tasked(tmp_path_factory, tmp_path / "spool")) as farm:
        yield farm


def told(farm: Farm, name: str, words: str) -> list[str]:
    """Give the lines of a node's log with these words."""
    return [line for line in farm.house.log(f"node-{name}").splitlines() if words in line]


def steps(farm: Farm, name: str) -> list[tuple[str, str]]:
    """Give what a node's log says of its tasks, in order: the first word and the task."""
    lines = told(farm, name, " task=")
    return [(line.split('"')[1].split()[0], line.split(" task=")[1].split()[0]) for line in lines]


# -- a node that fails, and its tasks ----------------------------------------------------------------------------------


def test_node_that_fails_three_tasks_takes_no_more(farm: Farm) -> None:
    """When three tasks in a row die here the node asks itself to drain, with reason and remedy, and loses none; told to
    go on, it makes all three (A10, P18)."""
    tasks = [farm.first, farm.task(), farm.task()]
    request = farm.house.root / "processing/.nodes/n1.drain"
    farm.sign("die", "n1").touch()
    farm.node("n1")

    assert soon(lambda: request.exists() and farm.paper("n1")["state"] == "drained", within_s=60)

    (line,) = told(farm, "n1", "takes no more tasks")
    assert " ERROR " in line
    assert "`videogen resume n1`" in line
    assert "3 tasks in a row failed here" in request.read_text()
    assert farm.house.visible("tasks") == sorted(tasks)
    assert farm.attempts(*tasks) == [1, 1, 1]
    farm.sign("die", "n1").unlink()
    assert farm.house.run("resume", "n1").returncode == 0
    assert soon(lambda: farm.is_published(*tasks))
    assert not request.exists()


def test_task_that_failed_here_is_left_to_another_node(farm: Farm) -> None:
    """A node leaves a task that died in its hands alone while another node lives, though that one is asleep just now;
    awake, it makes it (A2, P18)."""
    task_id = farm.first
    for word in ("hold", "die"):
        farm.sign(word, "n1").touch()
    farm.node("n1")
    assert soon(lambda: bool(farm.house.rendering()))
    other = farm.node("n2")
    other.send_signal(signal.SIGSTOP)

    farm.sign("hold", "n1").unlink()

    assert soon(lambda: farm.said("n1", "Gave back") == 1)
    failed_at = farm.paper("n1")["beat"]
    assert soon(lambda: farm.paper("n1")["beat"] >= failed_at + 4)
    assert (farm.house.visible("tasks"), farm.said("n1", "Claimed")) == ([task_id], 1)
    other.send_signal(signal.SIGCONT)
    assert soon(lambda: farm.is_published(task_id))
    assert (farm.manifest(task_id)["node"], farm.manifest(task_id)["task"]["attempts"]) == ("n2", 1)


@pytest.mark.parametrize(("failures", "tries"), [("eio@1", 1), ("eio", 3)])
def test_upload_is_tried_three_times(farm: Farm, failures: str, tries: int) -> None:
    """One failed upload is a warning and the video is published; three put the task into trash/failed, with the stage
    and a code, and `retry` brings it back (A10, P20)."""
    task_id = farm.first
    node = farm.node("n1", FAILPOINTS=f"upload.before={failures}")

    assert soon(lambda: bool(farm.house.visible("output") or farm.house.visible("trash/failed")))

    warnings = told(farm, "n1", "The upload failed")
    assert [" WARN " in line for line in warnings] == [True] * tries
    if tries < 3:
        assert farm.is_published(task_id)
        return
    assert farm.is_published()
    reason = json.loads((farm.house.root / "trash/failed" / task_id / "reason.json").read_text())
    assert (reason["code"], reason["stage"]) == ("upload-failed", "upload")
    node.kill()
    node.wait()
    farm.node("n2")
    assert farm.house.run("retry", task_id).returncode == 0
    assert soon(lambda: farm.is_published(task_id))
    assert farm.manifest(task_id)["task"]["attempts"] == 0


# -- what it is told ---------------------------------------------------------------------------------------------------


def test_hang_up_reads_the_settings_again(farm: Farm) -> None:
    """SIGHUP lets the running video end, then the log names the settings that changed; wrong ones change nothing and
    are named too, and the node goes on (A2)."""
    first = farm.first
    farm.sign("hold", "n1").touch()
    node = farm.node("n1")
    assert soon(lambda: bool(farm.house.rendering()))
    farm.settle(poll_s="0.2")

    node.send_signal(signal.SIGHUP)

    assert soon(lambda: farm.said("n1", "Reading the settings again") == 1)
    farm.sign("hold", "n1").unlink()
    assert soon(lambda: farm.said("n1", '"Read the settings again" changed=node.poll_s') == 1)
    assert farm.is_published(first)
    assert soon(lambda: farm.said("n1", '"Started"') == 2)

    farm.settle(poll_s="-1")
    node.send_signal(signal.SIGHUP)

    assert soon(lambda: farm.said("n1", '"Goes on with the old settings"') == 1)
    (line,) = told(farm, "n1", '"Goes on with the old settings"')
    assert " ERROR " in line
    assert "node.poll_s is '-1'" in line
    second = farm.task()
    assert soon(lambda: farm.is_published(first, second))
    assert node.poll() is None


# -- what it takes -----------------------------------------------------------------------------------------------------


def test_next_task_is_fetched_while_one_renders(farm: Farm) -> None:
    """While a render goes on the next task is claimed and its files come near, and no third one is claimed (A9)."""
    tasks = [farm.first, farm.task(), farm.task()]
    farm.sign("hold", "n1").touch()
    farm.node("n1")

    assert soon(lambda: farm.said("n1", "Claimed") == 2)
    assert soon(lambda: len(list(farm.house.root.glob("processing/*/.scratch.1/in/*.mp4"))) == 2)
    looked_at = farm.paper("n1")["beat"]
    assert soon(lambda: farm.paper("n1")["beat"] >= looked_at + 3)
    assert (len(farm.house.visible("processing")), len(farm.house.visible("tasks"))) == (2, 1)
    farm.sign("hold", "n1").unlink()
    assert soon(lambda: farm.is_published(*tasks))
    assert [word for word, _ in steps(farm, "n1")][:2] == ["Claimed", "Claimed"]


def test_without_prefetch_one_task_follows_another(farm: Farm) -> None:
    """A node that is told not to prefetch claims a task only when the one before is published (A9)."""
    tasks = [farm.first, farm.task(), farm.task()]
    farm.settle(prefetch="false")

    assert farm.house.run("node", "--once", "--name", "n1").returncode == 0

    assert [word for word, _ in steps(farm, "n1")] == ["Claimed", "Published"] * len(tasks)
    assert farm.is_published(*tasks)


def test_slow_upload_does_not_pile_up_claims(farm: Farm) -> None:
    """Though the upload stands, a node never holds more than three tasks: one uploads, one renders or waits for the
    upload, one is ready (A9)."""
    for _ in range(5):
        farm.task()
    farm.node("n1", FAILPOINTS="upload.before=sleep:1")
    most = 0

    def is_over() -> bool:
        nonlocal most
        most = max(most, len(farm.house.visible("processing")))
        return len(farm.house.visible("output")) >= 3

    assert soon(is_over)
    assert most == 3


def test_tags_and_priority_decide_who_takes_what(farm: Farm) -> None:
    """What asks for a tag is left by a node without it, however urgent; the rest goes by priority; a node that has the
    tag takes it (A2)."""
    house = farm.house
    middle, low, high = farm.first, farm.task(priority=1), farm.task(priority=9)
    house.voice(story="tales/for the gpu", seconds=1)
    made = house.run("main", "--once", env={"VIDEOGEN_ASSEMBLE__TAGS": '["gpu"]', "VIDEOGEN_ASSEMBLE__PRIORITY": "99"})
    (tagged,) = set(house.visible("tasks")) - {low, middle, high}

    plain = house.run("node", "--once", "--name", "plain")
    left = house.visible("tasks")
    able = house.run("node", "--once", "--name", "able", env={"VIDEOGEN_NODE__TAGS": '["gpu", "4k"]'})

    assert [done.returncode for done in (made, plain, able)] == [0, 0, 0]
    assert [task_id for word, task_id in steps(farm, "plain") if word == "Claimed"] == [high, middle, low]
    assert left == [tagged]
    assert farm.manifest(tagged)["node"] == "able"


def near_files(scratch: Path) -> dict[str, tuple[int, bytes]]:
    """Give the files that came near, by name: inode and bytes."""
    return {path.name: (path.stat().st_ino, path.read_bytes()) for path in scratch.glob("*/in/*")}


def far_inodes(house: House, task_id: str) -> set[int]:
    """Give the inodes of all that a task is made of: the library, and its own logo."""
    files = [*house.root.glob("scanned/**/*.mp?"), house.root / "processing" / task_id / "logo.png"]
    return {path.stat().st_ino for path in files}


def test_copied_and_linked_files_give_the_same_video(farm: Farm, tmp_path: Path) -> None:
    """Files are copied to a scratch folder elsewhere, or linked beside the claim: the video is the same to the byte,
    and the scratch folder is empty afterwards (A9, A16)."""
    task_id, elsewhere = farm.first, tmp_path / "elsewhere"
    with Farm(farm.house.beside("copied")) as copied:
        for one, name in ((farm, "near"), (copied, "far")):
            one.sign("hold", name).touch()
        farm.node("near", NODE__FETCH="link")
        copied.node("far", NODE__FETCH="copy", NODE__SCRATCH=str(elsewhere))
        assert soon(lambda: bool(farm.house.rendering()))
        assert soon(lambda: len(near_files(elsewhere)) == 4 and copied.paper("far")["task"] == task_id)
        links, copies = near_files(farm.house.root / "processing" / task_id), near_files(elsewhere)
        library, other_library = far_inodes(farm.house, task_id), far_inodes(copied.house, task_id)
        for one, name in ((farm, "near"), (copied, "far")):
            one.sign("hold", name).unlink()
        assert soon(lambda: farm.is_published(task_id) and copied.is_published(task_id))
        assert soon(lambda: not list(elsewhere.iterdir()))

    assert {inode for inode, _ in links.values()} == library
    assert not {inode for inode, _ in copies.values()} & other_library
    assert {name: content for name, (_, content) in copies.items()} == {
        name: content for name, (_, content) in links.items()
    }
    assert farm.manifest(task_id)["sha256"] == copied.manifest(task_id)["sha256"]


SMALL_DISK = """\
mount -t tmpfs -o size=16m small "$1" && cp -a "$2/." "$1" && head -c 16000000 /dev/zero >"$1/ballast" || exit 1
grow=$3
shift 3
(
    until [ -e "$grow" ]; do sleep 0.1; kill -0 $$ || exit; done
    mount -o remount,size=64m small
) &
exec "$@"
"""
"""Become a node on a disk of its own that is full, and that grows once there is a certain file."""


def test_full_disk_is_waited_out(farm: Farm, tmp_path: Path) -> None:
    """On a disk that is full a node takes nothing, says so once in its log and in its paper, and goes on by itself when
    there is room (A21, P9)."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("unshare cannot be used here: no disk can be filled")
    task_id, disk, grow = farm.first, tmp_path / "disk", tmp_path / "grow"
    disk.mkdir()
    around = ["unshare", "-rm", "sh", "-c", SMALL_DISK, "sh", str(disk), str(farm.house.root), str(grow)]
    argv = [str(disk) if word == str(farm.house.root) else word for word in farm.house.argv("node", "--name", "n1")]
    node = subprocess.Popen([*around, *argv], stderr=subprocess.DEVNULL, env=clean_env())
    try:
        # Its own mounts are seen from here through its process.
        seen = Path(f"/proc/{node.pid}/root{disk}")
        paper = seen / "processing/.nodes/n1.json"
        assert soon(lambda: paper.exists() and json.loads(paper.read_text())["state"] == "waiting-for-space")
        beat = json.loads(paper.read_text())["beat"]
        assert soon(lambda: json.loads(paper.read_text())["beat"] >= beat + 3)
        there = House(seen)
        log = there.log("node")
        assert (there.visible("tasks"), there.visible("processing")) == ([task_id], [])
        assert log.count('WARN render_worker "Takes no task: the disk is full"') == 1

        grow.touch()

        assert soon(lambda: there.visible("output") == [task_id])
        assert '"Takes tasks again: there is room"' in there.log("node")
    finally:
        node.kill()
        node.wait()


# -- what it tells -----------------------------------------------------------------------------------------------------


def scraped(path: Path) -> dict[str, float]:
    """Read a file as a scraper does: the last value of each name."""
    families = text_string_to_metric_families(path.read_text())
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_status_tells_what_a_node_does(farm: Farm) -> None:
    """While a node renders its second video, `status --json` has its state, that task and the figures of the first, and
    a scraper reads the same count from its file (A12)."""
    first = farm.first
    farm.node("n1", LOG__METRICS_S="0.2")
    assert soon(lambda: farm.is_published(first))
    farm.sign("hold", "n1").touch()
    second = farm.task()
    assert soon(lambda: farm.paper("n1")["task"] == second and farm.paper("n1")["published"] == 1)

    found: dict[str, Any] = json.loads(farm.house.ask("status", "--json").stdout)

    (node,) = found["nodes"]
    assert (node["node"], node["state"], node["task"], node["held"]) == ("n1", "working", second, [second])
    assert (node["published"], node["is_silent"], node["encoder"]) == (1, False, "libx264")
    assert 0 < node["figures"]["render_utilization"] <= 1
    assert node["figures"]["avg_render_time"] > 0
    assert found["figures"]["task_throughput"] > 0
    assert soon(lambda: scraped(farm.house.root / "logs/metrics-node-n1.prom")["videogen_published_total"] == 1)
    assert (farm.house.root / "logs/metrics-main.prom").exists()
