"""`top` in a real terminal: a node at work, its keys, other sizes, and a terminal given back as it was (A12)."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from tests.flow.house import Farm, House, clean_env, soon, tasked
from tests.verbs import said_by
from videogen import durable
from videogen.model.node import NodePaper
from videogen.spool import Spool, paper_of
from videogen.watching import Watcher

TMUX = shutil.which("tmux") or ""
in_a_terminal = pytest.mark.skipif(not TMUX, reason="tmux is not installed: top is not tried in a real terminal")
PROMPT = "ready>"


class Terminal:
    """A shell in a terminal of its own, with nobody's settings."""

    def __init__(self, columns: int = 100, lines: int = 30) -> None:
        self._name = f"videogen-{uuid4().hex[:12]}"
        shell = f"env -u NO_COLOR PS1='{PROMPT}' sh"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(lines), shell)
        assert soon(lambda: PROMPT in self.text())
        self.before = self.state()

    @property
    def is_as_before(self) -> bool:
        """Whether the terminal is as it was with nothing but the shell in it."""
        return self.state() == self.before

    def _tmux(self, *words: str) -> str:
        argv = [TMUX, "-L", self._name, *words]
        return subprocess.run(argv, capture_output=True, text=True, encoding="utf-8", check=True, timeout=30).stdout

    def text(self) -> str:
        """Give what stands on the screen."""
        return self._tmux("capture-pane", "-p")

    def styled(self) -> str:
        """Give it with its colours."""
        return self._tmux("capture-pane", "-p", "-e")

    def hit(self, *keys: str) -> None:
        """Hit keys, by tmux' names."""
        self._tmux("send-keys", *keys)

    def size(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def state(self) -> tuple[str, list[object]]:
        """Say how the terminal is: on its other screen, its cursor shown; and what it does with what is typed."""
        screen, tty = (
            self._tmux("display-message", "-p", "#{alternate_on} #{cursor_flag},#{pane_tty}").strip().split(",")
        )
        descriptor = os.open(tty, os.O_RDONLY | os.O_NOCTTY)
        try:
            return screen, [termios.tcgetattr(descriptor)]
        finally:
            os.close(descriptor)

    def shows(self, *words: str) -> bool:
        """Whether all of this comes to stand on the screen."""
        return soon(lambda: all(word in self.text() for word in words))

    def end(self) -> None:
        """End the shell and all in it."""
        self._tmux("kill-server")


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A terminal of 100 by 30."""
    made = Terminal()
    yield made
    made.end()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool with twenty nodes that work, and thirty tasks."""
    made = Spool(tmp_path / "spool")
    made.lay_out()
    for nth in range(20):
        node = f"n{nth:02}"
        task = {"task": f"{nth:08}", "frame": nth * 5, "frames": 100, "render_s": 10.0}
        durable.write(paper_of(made.nodes, node), NodePaper(node=node, state="working", **task).to_json())
    for nth in range(30):
        (made.tasks / f"t{nth}").mkdir()
    return made


def top(root: Path, *options: str) -> str:
    """Give the command line that starts it."""
    return " ".join([sys.executable, "-m", "videogen.cli", "--root", str(root), "top", "--every", "0.3", *options])


def processes(root: Path) -> list[psutil.Process]:
    """Find the `top` that looks at a root."""
    found = psutil.process_iter(["cmdline"])
    return [one for one in found if (words := one.info["cmdline"] or []) and "top" in words and str(root) in words]


@in_a_terminal
def test_top_shows_a_node_at_work(terminal: Terminal, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """While a real node renders, its bar, its percent and its claim are there; then the video is counted (A12)."""
    with Farm(tasked(tmp_path_factory, tmp_path / "spool")) as farm:
        root = farm.house.root
        terminal.hit(top(root), "Enter")
        assert terminal.shows("videogen top", "1 tasks wait for a node, and none lives")
        farm.sign("slow", "n1").touch()
        farm.node("n1")
        assert terminal.shows("n1 ", "working", farm.first[:8], "Claimed tasks/")
        assert soon(lambda: re.search(r"[█▉▊▋▌▍▎▏·]{10,} +\d+%", terminal.text()) is not None)
        farm.sign("slow", "n1").unlink()
        assert rooms(terminal)["processing"] == 1

        for encode in farm.house.rendering():
            encode.kill()
        assert soon(lambda: farm.is_published(farm.first))
        assert soon(lambda: rooms(terminal) | {"scanned": 0} == dict.fromkeys(rooms(terminal), 0) | {"output": 1})
        assert terminal.shows("Published output/")


def rooms(terminal: Terminal) -> dict[str, int]:
    """Read the counts of the rooms from the screen."""
    lines = terminal.text().splitlines()
    return dict(
        zip(lines[1].split(), (int(word.rstrip("+").replace(",", "")) for word in lines[2].split()), strict=True)
    )


@in_a_terminal
def test_keys_scroll_pause_and_help(terminal: Terminal, spool: Spool) -> None:
    """j, k and the arrows move the nodes, p holds the picture still, ? says what the keys do, q quits."""
    terminal.size(80, 24)
    terminal.hit(top(spool.root), "Enter")
    assert terminal.shows("node 1-", " of 20", "n00 ")
    terminal.hit("j", "Down")
    assert terminal.shows("node 3-", "n02 ")
    assert "n00 " not in terminal.text()
    terminal.hit("k", "Up", "Up", "Up")
    assert terminal.shows("node 1-")
    terminal.hit("G")
    assert terminal.shows("-20 of 20", "n19 ")
    terminal.hit("p")
    assert terminal.shows("PAUSED", "p go on")
    (spool.tasks / "one-more").mkdir()
    time.sleep(1)
    assert rooms(terminal)["tasks"] == 30
    terminal.hit("p")
    assert soon(lambda: rooms(terminal)["tasks"] == 31)
    terminal.hit("?")
    assert terminal.shows("this help, and away again")
    terminal.hit("?")
    assert terminal.shows("n19 ")
    terminal.hit("q")
    assert soon(lambda: terminal.is_as_before)


@in_a_terminal
def test_another_size_is_drawn_at_once(terminal: Terminal, spool: Spool) -> None:
    """Smaller and larger, every line is within the terminal and the last one is the foot; nothing of before is left."""
    terminal.hit(top(spool.root), "Enter")
    assert terminal.shows("q quit")
    for columns, lines in ((80, 24), (160, 50), (40, 8), (100, 30)):
        terminal.size(columns, lines)
        assert soon(lambda size=(columns, lines): fills(terminal, *size)), (columns, lines)  # type: ignore[misc]  # python/mypy#4226: a default in a lambda


def fills(terminal: Terminal, columns: int, lines: int) -> bool:
    """Whether the picture has this very size: its title ends at the right edge, its foot is the last line."""
    shown = terminal.text().rstrip("\n").splitlines()
    if columns < 60:
        return shown == [f"too small: {columns}x{lines}, wanted 60x12"]
    is_wide = len(shown[0].rstrip()) == columns - 1 and shown[0].rstrip().endswith("UTC")
    return is_wide and len(shown) == lines and shown[-1].startswith(" q quit") and max(map(len, shown)) <= columns


@in_a_terminal
def test_the_terminal_is_given_back_on_every_end(terminal: Terminal, spool: Spool) -> None:
    """Ended by a signal, the screen of before is there, the cursor too, and what is typed is seen."""
    for end in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        terminal.hit(top(spool.root), "Enter")
        assert terminal.shows("q quit"), end
        assert terminal.state()[0] == "1 0"
        (process,) = processes(spool.root)
        process.send_signal(end)
        assert soon(lambda: terminal.is_as_before), end
        assert soon(lambda: processes(spool.root) == []), end
        assert "q quit" not in terminal.text()


@in_a_terminal
def test_it_stands_by_and_comes_back(terminal: Terminal, spool: Spool) -> None:
    """Ctrl-Z gives the terminal back for as long as the shell has it, and `fg` takes it again."""
    terminal.hit(top(spool.root), "Enter")
    assert terminal.shows("q quit")
    terminal.hit("C-z")
    assert soon(lambda: terminal.is_as_before)
    terminal.hit("fg", "Enter")
    assert soon(lambda: terminal.state()[0] == "1 0")
    assert terminal.shows("q quit", "n00 ")


@in_a_terminal
@pytest.mark.parametrize(("before", "is_coloured"), [("", True), ("NO_COLOR=1 ", False)])
def test_no_colour_where_none_is_wanted(terminal: Terminal, spool: Spool, before: str, *, is_coloured: bool) -> None:
    """With NO_COLOR nothing is coloured; without it, what works is green."""
    terminal.hit(before + top(spool.root), "Enter")
    assert terminal.shows("q quit", "working")

    assert (re.search(r"\x1b\[([\d;]*;)?3[1-6]m", terminal.styled()) is not None) is is_coloured


def test_what_main_waits_for_is_seen(tmp_path: Path) -> None:
    """A voice that main took in and that lacks clips and music is named with its reason, while main runs (A19)."""
    house = House(tmp_path / "spool")
    house.voice()
    watcher = Watcher(Spool(house.root), house.root / "logs", low_disk_bytes=0)
    with main_of(house):
        assert soon(lambda: any("chapter_0001.mp3: no music" in sentence for sentence in watcher.look().waits))
    assert soon(lambda: any("main does not run" in sentence for sentence in watcher.look().waits))


@contextmanager
def main_of(house: House) -> Iterator[None]:
    """Have main run until the block ends."""
    process = house.start("main")
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


# -- without a terminal ------------------------------------------------------------------------------------------------


def test_once_prints_one_picture(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    """`--once`, and any output that is no terminal, has one picture of all nodes, plain, counted to the end."""
    once, piped = (said_by(spool.root, capsys, "top", *options) for options in (["--once"], []))

    assert (once.status, piped.status) == (0, 0)
    assert "\x1b" not in once.out + piped.out
    assert all(f"n{nth:02} " in once.out for nth in range(20))
    assert once.out.splitlines()[2].split()[2] == "30"


def test_once_as_json_is_the_sight(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    """`--once --json` has rooms, nodes with their speed, disk, trash and what waits."""
    told = json.loads(said_by(spool.root, capsys, "top", "--once", "--json").out)

    assert told["rooms"]["tasks"] == {"count": 30, "is_whole": True}
    assert (told["nodes"][4]["node"], told["nodes"][4]["frames_per_s"], told["nodes"][4]["percent"]) == ("n04", 2.0, 20)
    assert told["trash"] == {"bytes": 0, "oldest_s": None}
    assert told["disk"]["disk_total"] > 0
    assert any("main does not run" in sentence for sentence in told["waits"])


def test_json_goes_on_line_by_line(spool: Spool) -> None:
    """`--json` alone is a line at every look, and ends quietly when nobody reads on."""
    argv = [*House(spool.root).argv("top", "--json", "--every", "0.2")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_env()) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.stdout.close()
        errors = process.stderr.read()

    assert [one["rooms"]["tasks"]["count"] for one in lines] == [30, 30, 30]
    assert lines[0]["at"] < lines[1]["at"] < lines[2]["at"]
    assert "Traceback" not in errors


def test_a_folder_that_is_no_spool_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`top` of nothing ends at once with the remedy, and 78."""
    said = said_by(tmp_path, capsys, "top")

    assert (said.status, "init`" in said.err) == (78, True)
