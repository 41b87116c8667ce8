"""Which videos and tasks a content is in, and where in them.

The library's record names the contents of each video, so that only the papers of those that name this one are opened;
of what the record does not know, each paper is read.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from videogen import durable
from videogen.catalog import USES, mentions
from videogen.errors import RecipeError
from videogen.model.manifest import Role, Shown, appearances
from videogen.model.task import Task
from videogen.model.timebase import parse_rate
from videogen.provenance.contents import Content
from videogen.spool import Spool, visible

Tell = Callable[[int, int], None]
GONE = "gone"
"""The room of a video that the record names and no room has: someone took it away."""


@dataclass(frozen=True)
class User:
    """One video or task that a content is in. Units: `shown` in frames at `rate`.

    A video that is in no room any more has only its id and its category.
    """

    task_id: str
    room: str
    category: str
    story: str = ""
    role: Role | None = None
    sha256: str = ""
    path: str = ""
    shown: tuple[Shown, ...] = ()
    rate: Fraction = Fraction(1)

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data for JSON."""
        spans = [
            {
                "place": one.place,
                "at": [one.at.start, one.at.end],
                "source": [one.source.start, one.source.end] if one.source else None,
            }
            for one in self.shown
        ]
        plain = {name: getattr(self, name) for name in ("task_id", "room", "category", "story", "role", "path")}
        return plain | {"sha256": self.sha256, "rate": str(self.rate), "shown": spans}


def users_of(spool: Spool, content: Content, tell: Tell = lambda _done, _all: None) -> list[User]:
    """Give every video and task that a content is in; those that wait first, then what is held, published, failed.

    Units: `tell` hears how many papers of how many were read.
    """
    words = [content.sha256] if content.sha256 else []
    told = mentions(spool.root / "scanned" / USES, words, is_chosen=content.is_chosen)
    named = {use.task_id: use.category for use in told.uses}
    # Without a hash the record cannot be asked: a path stands in the papers alone.
    passed_over = told.known - named.keys() if words else frozenset()
    rooms = {"tasks": spool.tasks, "processing": spool.processing, "output": spool.output, "trash/failed": spool.failed}
    listed = [(room, path) for room, folder in rooms.items() for path in visible(folder)]
    there = {path.name for _, path in listed}
    papers = [(room, path) for room, path in listed if path.name not in passed_over]
    found: list[User] = []
    for nth, (room, path) in enumerate(papers, start=1):
        found += _users_in(path, room, content)
        tell(nth, len(papers))
    known = {user.task_id for user in found}
    is_whole = len(content.sha256) == 64
    found += [User(one, GONE, named[one]) for one in sorted(named) if is_whole and one not in there | known]
    return found


def _users_in(folder: Path, room: str, content: Content) -> Iterator[User]:
    """Read a paper, as far as it names the content."""
    name = "manifest.json" if room == "output" else "metadata.json"
    with suppress(OSError, ValueError, RecursionError, RecipeError):
        raw = durable.read(folder / name)
        if not any(needle in raw for needle in _needles(content)):
            return
        paper = json.loads(raw)
        task = Task.model_validate(paper["task"] if room == "output" else paper)
        paths = _paths(task)
        dropped = {one["sha256"]: one.get("dropped_as", "") for one in paper.get("assets", [])}
        for (role, sha256), shown in appearances(task).items():
            by_hash = content.sha256 and sha256.startswith(content.sha256)
            by_path = not content.sha256 and {paths[sha256], dropped.get(sha256, "")} & set(_paths_of(content))
            if by_hash or by_path:
                yield User(
                    task_id=task.task_id,
                    room=room,
                    category=task.category,
                    story=task.story_name,
                    role=role,
                    sha256=sha256,
                    path=paths[sha256],
                    shown=shown,
                    rate=parse_rate(str(task.render.frame_rate)),
                )


def _needles(content: Content) -> list[bytes]:
    if content.sha256:
        return [f'"{content.sha256}'.encode()]
    return [json.dumps(word, ensure_ascii=False).encode("utf-8", "surrogateescape") for word in _paths_of(content)]


def _paths_of(content: Content) -> list[str]:
    return [word for word in (content.path, content.dropped_as) if word]


def _paths(task: Task) -> dict[str, str]:
    inputs = task.inputs
    given = (*inputs.files, *([inputs.logo] if inputs.logo else []))
    return {one.sha256: one.path for one in given}
