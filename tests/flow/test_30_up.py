"""The whole factory in one process tree: exit statuses, waiting, drops while it runs, deaths and stops."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import footage
from tests.crawl.website import HTML, STORY, answer, serving
from tests.flow.house import House, frames_in, soon, spoken_frames, tasked


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty spool."""
    return House(tmp_path / "spool")


@pytest.fixture
def task(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A spool of one's own with one task to render."""
    return tasked(tmp_path_factory, tmp_path / "spool")


def chosen(house: House) -> set[str]:
    """Name the clips of the one task."""
    return {Path(path).name for path in house.paper()["video_files"]}


# -- exit statuses -----------------------------------------------------------------------------------------------------


def test_nothing_to_do_is_fine(house: House) -> None:
    """An empty spool is done at once, with 0."""
    assert house.up() == (0, {"published": [], "failed": [], "refused": [], "waiting": {}})


def test_refused_voice_is_65(house: House) -> None:
    """A voice that cannot be heard makes the run end with 65, and the other voice still becomes a video (A10)."""
    house.clip()
    house.music()
    house.voice(seconds=1)
    house.place("story/tales/broken/voice/chapter_0001.mp3").write_bytes(b"RIFF no mp3 at all")

    status, told = house.up()

    assert status == 65
    assert len(told["published"]) == 1
    assert [row["path"] for row in told["refused"]] == ["raw/story/tales/broken/voice/chapter_0001.mp3"]
    assert house.reason("chapter_0001.mp3")["code"] == told["refused"][0]["code"]


def test_failed_render_is_65(task: House) -> None:
    """A task that ends in trash/failed makes `up --once` end with 65 and is named, by a line for people too (A10)."""
    (task_id,) = task.visible("tasks")
    (task.root / task.assets("video")[0]["path"]).write_bytes(b"altered")

    done = task.run("up", "--once")

    assert done.returncode == 65
    assert done.stdout == f"failed     trash/failed/{task_id} (its reason.json says why)\n"


def test_voice_waits_for_music_and_goes_on(house: House) -> None:
    """Without music the run ends with 75 and names what is missing; with it the next run makes the video (A19)."""
    house.clip()
    frames = spoken_frames(house.voice(seconds=1))

    waits = house.run("up", "--once")
    told = house.ask("status")
    house.music()
    later, _ = house.up()

    assert (waits.returncode, later) == (75, 0)
    assert waits.stdout == "waiting    scanned/story/tales/fox/voice/chapter_0001.mp3: no music in the library\n"
    assert "waiting: scanned/story/tales/fox/voice/chapter_0001.mp3: no music in the library" in told.stdout
    assert frames_in(house.final()) == frames


# -- which clips, which voices -----------------------------------------------------------------------------------------


def test_only_waits_for_its_own_category(house: House) -> None:
    """`assemble.category = only` waits where `prefer` takes another category's clips."""
    house.clip(category="zoo", name="z.mp4")
    house.music()
    house.voice(seconds=1)

    only = house.run("main", "--once", env={"VIDEOGEN_ASSEMBLE__CATEGORY": "only"})
    waiting = house.visible("tasks")
    prefer = house.run("main", "--once")

    assert (only.returncode, waiting) == (75, [])
    assert "no clips in category tales" in only.stderr
    assert (prefer.returncode, chosen(house)) == (0, {"1.0_z.mp4"})


def test_own_category_comes_first(house: House) -> None:
    """With `prefer` a story takes only its own category's clips where there are any."""
    house.clip(category="zoo", name="z.mp4", seconds=2)
    house.clip(name="t.mp4", size=(192, 108))
    house.music()
    house.voice(seconds=3)

    house.run("main", "--once")

    assert chosen(house) == {"1.0_t.mp4"}


def test_second_chapter_of_a_name_has_a_video_of_its_own(task: House) -> None:
    """A different chapter_0001.mp3 becomes chapter_0001~2.mp3 and a second video; the first one is not made again."""
    (first,) = task.visible("tasks")
    task.run("node", "--once")
    shutil.rmtree(task.root / "output" / first)
    (story,) = [asset["source"]["path"] for asset in task.assets("voice")]
    frames = spoken_frames(footage.voice_mp3(task.root / story, 1.2))

    status, told = task.up()

    assert (status, len(told["published"]), first in str(told)) == (0, 1, False)
    assert frames_in(task.final()) == frames
    assert [Path(voice["path"]).name for voice in task.assets("voice")] == ["chapter_0001.mp3", "chapter_0001~2.mp3"]


# -- links -------------------------------------------------------------------------------------------------------------


def test_links_become_chunks(house: House) -> None:
    """A story of links alone is fine: crawled by a process of its own, it becomes text beside the story (A4)."""
    with serving() as site:
        site.pages["/fable"] = answer(HTML, "text/html; charset=utf-8")
        house.place("story/tales/fox/link/one.txt").write_text(site.url("/fable") + "\n")

        status, told = house.up(env={"VIDEOGEN_CRAWL__ALLOWED_HOSTS": json.dumps([site.host])})

    assert (status, told["waiting"]) == (0, {})
    story = house.root / "scanned" / "story" / "tales" / "fox"
    assert STORY in (story / "chunk_0001.txt").read_text()
    assert (story / "link" / "one.txt").is_file()
    assert "Crawled" in house.log("crawl")


def test_link_to_a_private_address_is_refused(house: House) -> None:
    """Without leave for the host the page is not even asked for, and the link file says why (A4)."""
    with serving() as site:
        house.place("story/tales/fox/link/one.txt").write_text(site.url("/fable") + "\n")

        status, _ = house.up()

    assert (status, site.asked) == (0, [])
    assert house.reason("one.txt")["code"] in {"address-not-public", "url-not-allowed"}


# -- while it runs -----------------------------------------------------------------------------------------------------


class Running:
    """`up` on a spool for as long as the block lasts; then it is stopped, and what it was made of is known."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.below: list[psutil.Process] = []
        self.status: int | None = None

    def __enter__(self) -> "Running":
        """Start it, and wait until it watches and its two children are there."""
        self.process = self._house.start("up", env={"VIDEOGEN_SCAN__RESCAN_S": "3600"})
        if not soon(lambda: len(self.children()) == 2 and '"Started"' in self._house.log()):
            self.process.kill()
            raise AssertionError("`up` did not start")
        return self

    def __exit__(self, *_: Any) -> None:
        """Stop it with SIGTERM."""
        if self.process.poll() is None:
            self.below = psutil.Process(self.process.pid).children(recursive=True)
            self.process.terminate()
        self.status = self.process.wait(40)

    def children(self) -> list[psutil.Process]:
        """Give the roles below it."""
        return psutil.Process(self.process.pid).children()


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still does anything."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_drops_while_it_runs(house: House) -> None:
    """A running factory hears of drops by events, waits for music and goes on when it comes; SIGTERM ends all (A2)."""
    with Running(house) as factory:
        frames = spoken_frames(house.voice(seconds=1))
        house.clip()
        assert soon(lambda: "no music in the library" in house.log())
        house.music()
        assert soon(lambda: house.visible("output") != [])

    assert factory.status == 0
    assert frames_in(house.final()) == frames
    assert len(factory.below) >= 2
    assert not any(is_alive(child) for child in factory.below)


def test_dead_node_is_started_again(task: House) -> None:
    """A node that dies under `up` is started anew, its task goes back and the video is made (A2, A3)."""
    task.size_task("3840x2160")
    with Running(task) as factory:
        assert soon(lambda: bool(task.rendering()))
        (node,) = [child for child in factory.children() if "node" in child.cmdline()]
        node.kill()
        node.wait()
        task.size_task("320x180")
        assert soon(lambda: task.visible("output") != [])

    assert factory.status == 0
    assert frames_in(task.final()) == 60
    assert len(task.visible("trash/attempts")) == 1


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="only util-linux's setpriv ties a child's life to ours")
def test_killed_factory_takes_its_children_along(house: House) -> None:
    """After SIGKILL of `up` neither node nor crawler lives on, and a new one may start (A3)."""
    with Running(house) as factory:
        below = factory.children()
        factory.process.send_signal(signal.SIGKILL)
        factory.process.wait()

        assert soon(lambda: not any(is_alive(child) for child in below), within_s=5)
    assert house.up()[0] == 0


def test_second_main_is_refused(house: House) -> None:
    """Two mains on one root would take files from each other: the second ends with 78 (A9)."""
    with Running(house):
        second = house.run("main", "--once")

    assert second.returncode == 78
    assert "another main is already running" in second.stderr


def test_two_nodes_share_the_work(task: House) -> None:
    """Two nodes with names of their own render one task once; the one that was slower finds nothing to do (A3)."""
    nodes = [task.start("node", "--once", "--name", name) for name in ("left", "right")]

    assert [node.wait(60) for node in nodes] == [0, 0]
    assert frames_in(task.final()) == 60
    claims = task.log("node").count('"Claimed ')
    assert (claims, task.log("node").count('"Published ')) == (1, 1)
