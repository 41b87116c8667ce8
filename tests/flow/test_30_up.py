"""The whole factory in one process tree: exit statuses, waiting, drops while it runs, stops."""

import json
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests import footage
from tests.crawl.website import HTML, STORY, answer, serving
from tests.flow.house import House, clean_env, frames_in, soon, spoken_frames


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty spool."""
    return House(tmp_path / "spool")


def test_nothing_to_do_is_fine(house: House) -> None:
    """An empty spool is done at once, with 0."""
    assert house.up() == (0, {"published": [], "failed": [], "refused": [], "waiting": {}})


def test_refused_clip_is_reported_and_no_error(house: House) -> None:
    """A refused clip stands in the report; the exit status is that of the voice, which became a video."""
    house.clip()
    footage.empty(house.place("video/tales/zero.mp4"))
    house.music()
    house.voice(seconds=1)

    status, told = house.up()

    assert status == 0
    assert [(row["path"], row["code"]) for row in told["refused"]] == [("raw/video/tales/zero.mp4", "empty")]


def test_refused_voice_is_65(house: House) -> None:
    """A voice that cannot be heard makes the run end with 65, and the other voice still becomes a video (A10)."""
    house.clip()
    house.music()
    house.voice(seconds=1)
    house.place("story/tales/broken/voice/chapter_0001.mp3").write_bytes(b"RIFF no mp3 at all")

    status, told = house.up()

    assert status == 65
    assert len(told["published"]) == 1


def test_voice_waits_for_music_and_goes_on(house: House) -> None:
    """Without music the run ends with 75 and names what is missing; with it the next run makes the video (A19)."""
    house.clip()
    voice = house.voice(seconds=1)
    frames = spoken_frames(voice)

    status, told = house.up()
    waits = json.loads(house.run("status", "--json").stdout)["waiting"]
    house.music()
    later, _ = house.up()

    assert (status, later) == (75, 0)
    assert told["waiting"] == {"scanned/story/tales/fox/voice/chapter_0001.mp3": "no music in the library"}
    assert [row["reason"] for row in waits] == ["no music in the library"]
    assert frames_in(house.final()) == frames


def test_only_waits_for_its_own_category(house: House) -> None:
    """`assemble.category = only` waits where `prefer` would take another category's clips."""
    house.clip(category="zoo")
    house.music()
    house.voice(seconds=1)

    status, told = house.up(env={"VIDEOGEN_ASSEMBLE__CATEGORY": "only"})
    later, _ = house.up()

    assert (status, list(told["waiting"].values())) == (75, ["no clips in category tales"])
    assert later == 0


def test_own_category_comes_first(house: House) -> None:
    """With `prefer` a story takes only its own category's clips where there are any."""
    house.clip(category="zoo", name="z.mp4", seconds=2)
    house.clip(name="t.mp4", size=(192, 108))
    house.music()
    house.voice(seconds=3)

    house.up()

    manifest = json.loads((house.final().parent / "manifest.json").read_text())
    assert {Path(path).name for path in manifest["task"]["video_files"]} == {"1.0_t.mp4"}


def test_second_run_makes_nothing_twice(house: House) -> None:
    """A voice has one video, also when the video was taken out of output/ since."""
    house.clip()
    house.music()
    house.voice(seconds=1)
    house.up()
    house.final().rename(house.root / "taken.mp4")
    (house.root / "output" / house.visible("output")[0] / "manifest.json").unlink()
    (house.root / "output" / house.visible("output")[0]).rmdir()

    assert house.up() == (0, {"published": [], "failed": [], "refused": [], "waiting": {}})


def test_links_become_chunks(house: House) -> None:
    """A dropped link file is crawled by its own process and becomes text beside the story (A4)."""
    with serving() as site:
        site.pages["/fable"] = answer(HTML, "text/html; charset=utf-8")
        house.place("story/tales/fox/link/one.txt").write_text(site.url("/fable") + "\n")

        status, _ = house.up(env={"VIDEOGEN_CRAWL__ALLOWED_HOSTS": json.dumps([site.host])})

    assert status == 0
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


def test_drops_while_it_runs(house: House) -> None:
    """A running factory takes what is dropped, waits for music, and goes on when it comes; SIGTERM ends it all."""
    factory = house.start("up")
    try:
        assert soon((house.root / "logs" / "main.log").exists)
        frames = spoken_frames(house.voice(seconds=1))
        house.clip()
        assert soon(lambda: "no music in the library" in house.log())
        house.music()
        assert soon(lambda: house.visible("output") != [])
    finally:
        below = psutil.Process(factory.pid).children(recursive=True)
        factory.terminate()
    assert factory.wait(20) == 0
    assert frames_in(house.final()) == frames
    assert len(below) >= 2
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in below)


def test_killed_factory_takes_its_children_along(house: House) -> None:
    """After SIGKILL of `up` neither node nor crawler lives on, and a new one may start (A3)."""
    factory = house.start("up")
    assert soon(lambda: len(psutil.Process(factory.pid).children()) == 2)
    below = psutil.Process(factory.pid).children(recursive=True)

    factory.send_signal(signal.SIGKILL)
    factory.wait()

    assert soon(lambda: not any(child.is_running() for child in below), within_s=5)
    assert house.up()[0] == 0


def test_second_main_is_refused(house: House) -> None:
    """Two mains on one root would take files from each other: the second ends with 78."""
    first = house.start("main")
    try:
        assert soon(lambda: (house.root / "logs" / "main.log").exists() and "Started" in house.log())

        second = house.run("main")
    finally:
        first.terminate()
        first.wait(15)

    assert second.returncode == 78
    assert "another main is already running" in second.stderr


def test_dead_node_is_started_again(house: House) -> None:
    """`up` starts a node anew that died, and the video is made (A2)."""
    factory = house.start("up")
    try:
        assert soon(lambda: (house.root / "logs").exists() and any((house.root / "logs").glob("node-*.log")))
        (node,) = [p for p in psutil.Process(factory.pid).children() if "node" in p.cmdline()]
        node.kill()
        house.voice(seconds=1)
        house.clip()
        house.music()
        assert soon(lambda: house.visible("output") != [])
    finally:
        factory.terminate()
        factory.wait(20)


@pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals differ elsewhere")
def test_progress_is_a_bar_on_a_terminal(tmp_path: Path) -> None:
    """On a terminal a render shows a bar with its ETA; in a pipe it does not."""
    import pty  # noqa: PLC0415 -- only where there are pseudo-terminals

    house = House(tmp_path / "spool", resolution="1280x720", preset="slow")
    house.clip(seconds=2)
    house.music()
    house.voice(seconds=4)
    house.run("main", "--once")

    shown = b""
    pid, terminal = pty.fork()
    if pid == 0:
        argv = house.argv("node", "--once")
        os.execve(argv[0], argv, clean_env() | {"TERM": "xterm-256color", "COLUMNS": "120"})  # noqa: S606 -- our own argv
    while True:
        try:
            block = os.read(terminal, 65536)
        except OSError:
            break
        if not block:
            break
        shown += block
    os.waitpid(pid, 0)

    assert b"ETA" in shown
    assert b"/120" in shown
    assert house.visible("output") != []
