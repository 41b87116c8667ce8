"""Tasks whose paper, token or links are not what main wrote: J1-J14 and their like."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Spoiler = Callable[[Path], object]
PAPER = "metadata.json"


@dataclass(frozen=True)
class BadTask:
    """One row: what is done to a good task, and the code it must fail with; empty where it may still be rendered."""

    id: str
    what: str
    spoil: Spoiler
    code: str = "missing-input"


def _bytes(content: bytes) -> Spoiler:
    return lambda folder: (folder / PAPER).write_bytes(content)


def _edited(**changes: Any) -> Spoiler:
    """Write other values for some keys."""

    def spoil(folder: Path) -> None:
        paper = json.loads((folder / PAPER).read_text())
        (folder / PAPER).write_text(json.dumps(paper | changes))

    return spoil


def _input(which: str, **changes: Any) -> Spoiler:
    """Write other values for one input, the first clip where it is `clips`."""

    def spoil(folder: Path) -> None:
        paper = json.loads((folder / PAPER).read_text())
        found = paper["inputs"][which]
        (found[0] if which == "clips" else found).update(changes)
        (folder / PAPER).write_text(json.dumps(paper))

    return spoil


def _clips(count: int) -> Spoiler:
    """Name the first clip so often."""

    def spoil(folder: Path) -> None:
        paper = json.loads((folder / PAPER).read_text())
        paper["inputs"]["clips"] *= count
        (folder / PAPER).write_text(json.dumps(paper))

    return spoil


def _render(**changes: Any) -> Spoiler:
    def spoil(folder: Path) -> None:
        paper = json.loads((folder / PAPER).read_text())
        (folder / PAPER).write_text(json.dumps(paper | {"render": paper["render"] | changes}))

    return spoil


def _twice(folder: Path) -> None:
    """Give a key a second time; the last one counts, and it is that of another task."""
    text = (folder / PAPER).read_text().rstrip()
    (folder / PAPER).write_text(text[:-1] + ', "task_id": "00000000-0000-4000-8000-000000000000"}')


def _instead(make: Callable[[Path], object]) -> Spoiler:
    """Put something else where the paper was."""

    def spoil(folder: Path) -> None:
        (folder / PAPER).unlink()
        make(folder / PAPER)

    return spoil


def _logo_of(make: Callable[[Path], object]) -> Spoiler:
    """Ask for a logo, and put something else in its place."""

    def spoil(folder: Path) -> None:
        paper = json.loads((folder / PAPER).read_text())
        inputs = paper["inputs"] | {"logo": {"path": "logo.png", "sha256": NO_SUM}}
        (folder / PAPER).write_text(json.dumps(paper | {"inputs": inputs}))
        (folder / "logo.png").unlink(missing_ok=True)
        make(folder / "logo.png")

    return spoil


def _tokenless(folder: Path) -> None:
    for token in folder.glob("out.*"):
        token.rmdir()


def _pointing(name: str, target: str) -> Spoiler:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(target)

    return spoil


PIPE = BadTask("J17", "a pipe for a paper", _instead(os.mkfifo))
"""Apart from the others: who opens it waits for ever."""
NO_SUM = "0" * 64

# fmt: off
ROWS = (
    BadTask("J1", "no bytes", _bytes(b"")),
    BadTask("J2", "no UTF-8", _bytes(b'{"task_id": "\xff\xfe"}')),
    BadTask("J3", "100,000 lists deep", _bytes(b"[" * 100_000)),
    BadTask("J4", "a length that is no number", _edited(voice_duration=float("nan"))),
    BadTask("J4b", "a length without end", _bytes(b'{"voice_duration": 1e999}')),
    BadTask("J5", "a key twice", _twice),
    BadTask("J6", "a version to come", _edited(version=2)),
    BadTask("J6b", "a recipe nobody knows", _edited(recipe="opera")),
    BadTask("J7", "a clip above the root", _input("clips", path="../../../etc/passwd")),
    BadTask("J7b", "a voice by a whole path", _input("voice", path="/etc/passwd")),
    BadTask("J8", "the paper of another task", _edited(task_id="00000000-0000-4000-8000-000000000001")),
    BadTask("J9", "a clip nobody has", _input("clips", sha256=NO_SUM), "input-changed"),
    BadTask("J9b", "a hash that is none", _input("voice", sha256="deadbeef")),
    BadTask("J9c", "music nobody has", _input("music", sha256=NO_SUM), "input-changed"),
    BadTask("J10", "100,000 clips", _clips(100_000), ""),
    BadTask("J11", "less than no frames", _edited(frames=-1)),
    BadTask("J11b", "no frames", _edited(frames=0)),
    BadTask("J11c", "a clip that ends before it begins", _input("clips", in_frame=20, out_frame=10)),
    BadTask("J11d", "a clip that begins before its first frame", _input("clips", in_frame=-10)),
    BadTask("J11e", "a clip of no frames", _input("clips", in_frame=10, out_frame=10)),
    BadTask("J12", "a name of 10 MB", _edited(story_name="x" * (10 << 20)), ""),
    BadTask("J13", "a name of filters", _edited(story_name="%{localtime}[x];movie=/etc/passwd"), ""),
    BadTask("J14", "no token", _tokenless),
    BadTask("J15", "a paper that points elsewhere", _instead(lambda path: path.symlink_to("/etc/passwd"))),
    BadTask("J16", "a folder for a paper", _instead(Path.mkdir)),
    BadTask("J18", "no paper", _instead(lambda path: None)),
    BadTask("J19", "a paper of zeros", _bytes(bytes(1 << 20))),
    BadTask("J20", "a priority in words", _edited(priority="high")),
    BadTask("J21", "a list for a paper", _bytes(b"[]")),
    BadTask("J22", "a picture of 10^12 pixels", _render(resolution="1000000x1000000"), "recipe"),
    BadTask("J22b", "an odd picture", _render(resolution="321x181"), "recipe"),
    BadTask("J23", "no frames a second", _render(frame_rate=0), "recipe"),
    BadTask("J23b", "a frame rate that divides by zero", _render(frame_rate="30/0"), "recipe"),
    BadTask("J24", "a logo above the root", _render(logo="../../../etc/passwd"), ""),
    BadTask("J7c", "a clip that is no name", _input("clips", path="scanned/a\x1b[2J\nb.mp4")),
    BadTask("J26", "a pipe for a logo", _logo_of(os.mkfifo)),
    BadTask("J27", "a paper of 17 MB", _bytes(b" " * (17 << 20))),
    BadTask("J28", "a wait without end", _edited(not_before_s=float("inf"))),
    BadTask("J25", "a voice that points elsewhere", _pointing("voice.mp3", "/etc/passwd"), ""),
)
# fmt: on
