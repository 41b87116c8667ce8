"""Write docs/first-hour.md and docs/screens/ from an hour that is really lived: `python -m tests.docs.first_hour`.

Every command of the page is run by a shell in a home of its own, with clips and voices made on the spot; what it said
stands below it. Ids become the same on each run, and only what cannot be the same twice (times, sizes) may differ.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from tests import footage

DOCS = Path(__file__).parents[2] / "docs"
PAGE, SCREENS = DOCS / "first-hour.md", DOCS / "screens"
COLUMNS = 100
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IDS = ("3f2a61c8-5d0e-4b7a-9c41-2e8f70b6d913", "b81d04e7-92c3-4f65-8a1f-6d3c5e907a24")
"""The ids that stand in the page, in the order in which videos appear."""
HEAD = """\
# The first hour

From an empty folder to the second video, with one broken clip on the way. Every command below was run as it stands, and
what stands below it is what it said; ids, times and sizes are others on your machine. `make setup` made `videogen`,
which is `.venv/bin/videogen` until that folder is on your `PATH`.

This page is made by a program: `python -m tests.docs.first_hour`.
"""


@dataclass(frozen=True)
class Step:
    """Words, then a command. `screen` names the picture of what it said; `shows` must be found in it.

    Of what is not `same` on each run, only `shows` is held against the page. `status` is what the command ends with.
    """

    words: str
    command: str
    shows: str = ""
    screen: str = ""
    same: bool = True
    status: int = 0


STEPS = (
    Step(
        "## Lay out the rooms\n\nOne folder holds everything. Name it once for this shell.",
        "export VIDEOGEN_ROOT=~/videos\nvideogen init",
        "The spool is ready",
    ),
    Step(
        "Videos are 3840x2160 as long as nothing else is said. For this hour small ones do.",
        'cat > ~/videos/videogen.toml <<\'END\'\n[render]\nresolution = "640x360"\npreset = "veryfast"\nEND',
    ),
    Step(
        "## Have the machine looked at\n\n`doctor` tells on one page what would break, by subject, with what to do. "
        "It ends with 78 where something is bad.",
        "videogen doctor",
        "whose spool it is",
        screen="doctor",
        same=False,
    ),
    Step(
        "## Drop\n\nA voice goes to `raw/story/<category>/<story>/voice/`, clips to `raw/video/<category>/`, music to"
        " `raw/music/<category>/`. One of these clips is broken: its copy stopped halfway.",
        "mkdir -p ~/videos/raw/story/sea/harbour/voice ~/videos/raw/video/sea ~/videos/raw/music/sea\n"
        "cp ~/media/talk.mp3 ~/videos/raw/story/sea/harbour/voice/chapter_0001.mp3\n"
        "cp ~/media/beach.mp4 ~/media/street.mp4 ~/videos/raw/video/sea/\n"
        "cp ~/media/calm.mp3 ~/videos/raw/music/sea/\n"
        "cp ~/media/half.mp4 ~/videos/raw/video/sea/pier.mp4",
    ),
    Step(
        "`up` runs everything here until Ctrl-C. With `--once` it works until nothing is left to do, and tells what "
        "came of it. (Its log goes to stderr, and to `logs/`.)",
        "videogen up --once 2>/dev/null",
        "published",
        same=False,
    ),
    Step("## Find the video", "videogen status", "output", screen="status", same=False),
    Step("", "ls ~/videos/output/*/", "final.mp4", same=False),
    Step(
        "## Ask why\n\nOne clip was refused. `why` knows anything by its path, its name, or the beginning of its id.",
        "videogen why pier.mp4",
        "truncated",
        screen="why",
        same=False,
    ),
    Step(
        "## Mend it\n\nCopy it again, whole. What lies in `trash/` does no harm, and goes by itself in time.",
        "cp ~/media/pier.mp4 ~/videos/raw/video/sea/pier.mp4",
    ),
    Step(
        "## The second video\n\nAnother voice of the same category. This time one role after the other: `main` takes "
        "files in and makes the task; a node will render it.",
        "mkdir -p ~/videos/raw/story/sea/lighthouse/voice\n"
        "cp ~/media/second.mp3 ~/videos/raw/story/sea/lighthouse/voice/chapter_0001.mp3\n"
        "videogen main --once 2>/dev/null",
    ),
    Step(
        "`plan` says of a task what is copied and what is encoded, and why. The clips that the first video showed are "
        "not encoded again.",
        "videogen plan $(ls ~/videos/tasks)",
        "its packets are copied",
        screen="plan",
        same=False,
    ),
    Step("", "videogen node --once 2>/dev/null\nls ~/videos/output", "-", same=False),
    Step("## Look that all is well", "videogen fsck --quick", "everything is in its place"),
)
TAIL = """\
From here on: [README](../README.md) tells what goes where and how it runs under systemd,
[troubleshooting](troubleshooting.md) what to do when something is not as it should be, and [commands](commands.md)
every verb with its options.
"""


@dataclass(frozen=True)
class Lived:
    """A step with what it said, colours and all."""

    step: Step
    said: str

    @property
    def plain(self) -> str:
        """Give what it said, as text."""
        return "\n".join(line.rstrip() for line in Text.from_ansi(self.said).plain.splitlines()).strip()


def live(home: Path) -> Iterator[Lived]:
    """Run every step in a home; give it with what it said. Raises: AssertionError: a step did not do what it is for."""
    make_media(home / "media")
    names: dict[str, str] = {}
    for step in STEPS:
        done = run(home, step.command)
        assert done.returncode == step.status, f"{step.command}\n{done.stdout}{done.stderr}"
        said = done.stdout.replace(str(home), "~").replace(sys.prefix, "/opt/videogen/.venv")
        for found in UUID.finditer(said):
            names.setdefault(found[0], IDS[len(names)] if len(names) < len(IDS) else found[0])
        for real, shown in names.items():
            said = said.replace(real, shown).replace(real[:8], shown[:8])
        assert step.shows in said, f"{step.command}\n{said}"
        yield Lived(step, said)


def run(home: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a person with that home would."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOGEN_")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    look = {"COLUMNS": str(COLUMNS), "FORCE_COLOR": "1", "TERM": "xterm-256color", "PYTHONUTF8": "1"}
    # What a person would have typed before, and what keeps this hour short.
    short = {
        "VIDEOGEN_ROOT": str(home / "videos"),
        "VIDEOGEN_SCAN__QUIET_S": "0.3",
        "VIDEOGEN_RENDER__ENCODER": "libx264",
        "VIDEOGEN_NODE__NAME": "attic",
    }
    env = ours | look | short | {"HOME": str(home), "PATH": path}
    argv = ["bash", "-c", command]
    return subprocess.run(
        argv, cwd=home, env=env, capture_output=True, text=True, encoding="utf-8", timeout=240, check=False
    )


def make_media(folder: Path) -> None:
    """Make what an operator would have: two voices, a track, three clips, and half of one."""
    folder.mkdir()
    footage.voice_mp3(folder / "talk.mp3", 3.0)
    footage.voice_mp3(folder / "second.mp3", 5.0)
    footage.music_mp3(folder / "calm.mp3", 4.0)
    for name, size in (("beach", (320, 180)), ("street", (192, 144)), ("pier", (180, 320))):
        footage.clip(folder / f"{name}.mp4", size=size, seconds=2)
    whole = (folder / "pier.mp4").read_bytes()
    (folder / "half.mp4").write_bytes(whole[: len(whole) // 2])


# -- what is made of it ------------------------------------------------------------------------------------------------


def page(lived: list[Lived]) -> str:
    """Give docs/first-hour.md."""
    lines = [HEAD]
    for one in lived:
        for words in filter(None, one.step.words.split("\n\n")):
            lines += [words if words.startswith("#") else fill(words, 120, break_on_hyphens=False), ""]
        lines += ["```sh", one.step.command, "```", ""]
        if one.plain:
            lines += ["```text", one.plain, "```", ""]
    return "\n".join([*lines, TAIL])


def steady(text: str) -> str:
    """Leave of a page what is the same on every run: no times, sizes, ids, and no width of columns."""
    without_ids = re.sub(r"[0-9a-f]{8,}[0-9a-f-]*", "ID", text)
    return re.sub(r"[ ─━┏┓┗┛└┘┌┐┡┩┳┴╇]+", " ", re.sub(r"\d+(\.\d+)?", "0", without_ids))


def picture(one: Lived) -> str:
    """Give what a command said as it looks in a terminal, as SVG; its letters are the reader's own."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w", encoding="utf-8"), force_terminal=True)  # noqa: SIM115 -- the console lives as long as this call
    console.print(Text.from_ansi(f"$ {one.step.command.splitlines()[-1]}\n{one.said.rstrip()}"))
    bare = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace("Fira Code, ", "")
    made = console.export_svg(title="videogen", code_format=bare, unique_id=f"videogen-{one.step.screen}")
    return "\n".join(line.rstrip() for line in made.splitlines()) + "\n"


def main() -> None:
    """Live the hour, and write the page and the pictures."""
    with tempfile.TemporaryDirectory(prefix="videogen-hour-") as home:
        lived = list(live(Path(home)))
    PAGE.write_text(page(lived), encoding="utf-8")
    SCREENS.mkdir(exist_ok=True)
    for one in lived:
        if one.step.screen:
            (SCREENS / f"{one.step.screen}.svg").write_text(picture(one), encoding="utf-8")


if __name__ == "__main__":
    main()
