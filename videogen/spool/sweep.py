"""Returns the tasks of nodes that died: main, every node, and a node's own next start sweep alike.

A node is dead when its process is gone (its lock is free, on this very machine), when its paper is of a newer life that
beats, or when its counter stood still for the whole lease on our own clock; no two clocks are compared. Time in which
we ourselves did not look does not count: after a pause of the whole machine the others get a chance to beat first.
What a sweep finds half done, by whomever, it goes on with.
"""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from videogen import durable
from videogen.errors import LeaseLost, MissingInput, TemporaryError, VideogenError
from videogen.model.node import ENDED, NodePaper
from videogen.model.task import Lease, reason_for
from videogen.points import point
from videogen.spool import returning
from videogen.spool.heart import papers_in, read_paper
from videogen.spool.papers import HALF, REAPED, read_lease
from videogen.spool.rooms import Spool

log = structlog.get_logger()

LEFT = re.compile(r"(\.(scratch|pins)\.\d+/?)*")
"""All there is, joined by slashes, where a late holder made folders for work of its own."""
LOOKS = 4
"""Looks at least before a lease is over: one long absence of ours is not the other's death."""


@dataclass(frozen=True)
class Swept:
    """A task that was taken from the dead, and the room it is in now."""

    task_id: str
    room: str
    node: str
    because: str


@dataclass(frozen=True)
class _Found:
    """Something in processing/ that belongs to a node."""

    path: Path
    task_id: str
    node: str
    incarnation: str
    epoch: int
    kind: str


@dataclass
class _Life:
    """What was seen of a node: its last sign of life, and for how long there was none since."""

    sign: tuple[str, int] | None
    at: float
    silent_s: float = 0.0
    beats: int = 0


@dataclass(frozen=True)
class Identity:
    """Who sweeps: a node, and the tasks in its hands; main has no name and holds nothing."""

    node: str = ""
    incarnation: str = ""
    held: Callable[[], frozenset[str]] = frozenset


class Sweeper:
    """One process's eyes on the claims of all nodes."""

    def __init__(
        self,
        spool: Spool,
        identity: Identity | None = None,
        *,
        lease_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = spool
        self._me = identity or Identity()
        self._lease_s = lease_s
        self._clock = clock
        self._lives: dict[str, _Life] = {}
        self._leases: dict[tuple[str, int, int], Lease] = {}
        self._has_others = False
        self._barred_since: float | None = None
        self._told: set[str] = set()

    def look(self, at: str = "") -> list[Swept]:
        """Take back what the dead hold, as far as nobody else is sweeping; give what came of it."""
        papers = self._papers()
        self._listen(papers)
        self._has_others = any(self._lives_elsewhere(paper) for paper in papers.values())
        with durable.alone(self._spool.nodes / "sweep.lock") as is_ours:
            if not is_ours and not self._is_barred_too_long():
                return []
            self._barred_since = None
            swept = []
            claims = list(self._found())
            papers = self._papers()  # read after the claims: one that differs from a claim is of a later life
            for found in claims:
                because = self._why_dead(found, papers.get(found.node))
                if because and (room := self._take(found, at)):
                    swept.append(Swept(found.task_id, room, found.node, because))
            return swept

    def _is_barred_too_long(self) -> bool:
        """Whether another has been sweeping for a whole lease: it is frozen, and two at once do no harm."""
        now = self._clock()
        if self._barred_since is None:
            self._barred_since = now
        return now - self._barred_since > self._lease_s

    # -- who lives -----------------------------------------------------------------------------------------------------

    def _papers(self) -> dict[str, NodePaper]:
        papers = map(read_paper, papers_in(self._spool.nodes))
        return {paper.node: paper for paper in papers if paper is not None}

    def _listen(self, papers: dict[str, NodePaper]) -> None:
        """Note for how long each node has been silent."""
        now = self._clock()
        for node in self._lives.keys() | papers.keys():
            paper = papers.get(node)
            sign = (paper.incarnation, paper.beat) if paper else None
            life = self._lives.get(node)
            if life is None:
                self._lives[node] = _Life(sign, now)
            elif sign is not None and sign != life.sign:
                has_beaten = life.sign is not None and sign[0] == life.sign[0]
                self._lives[node] = _Life(sign, now, beats=life.beats + 1 if has_beaten else 0)
            else:
                life.silent_s += min(now - life.at, self._lease_s / LOOKS)
                life.at = now

    def silent_s(self, node: str) -> float:
        """Say how long a node gave no sign of life while we looked. Units: seconds."""
        life = self._lives.get(node)
        return life.silent_s if life else 0.0

    @property
    def has_others(self) -> bool:
        """Whether another node lives, as far as the last look could tell."""
        return self._has_others

    def _lives_elsewhere(self, paper: NodePaper) -> bool:
        if paper.node == self._me.node or paper.state in ENDED:
            return False
        if self.is_here(paper):
            return durable.is_locked(self._spool.lock_of(f"node-{paper.node}"))
        life = self._lives[paper.node]
        return life.beats > 0 and life.silent_s < paper.lease_s

    @staticmethod
    def is_here(paper: NodePaper) -> bool:
        """Whether a paper is that of a process of this machine, started since its boot."""
        return (paper.host, paper.boot_id) == (socket.gethostname(), durable.boot_id())

    def _why_dead(self, found: _Found, paper: NodePaper | None) -> str:
        """Say why a claim's holder is dead; empty where it may live."""
        if found.kind == "reaped" and (not found.node or returning.is_displaced(found.path, found.epoch)):
            return "it is in nobody's hands"
        if found.node == self._me.node:
            return self._why_not_mine(found)
        is_here = paper is not None and self.is_here(paper)
        if is_here and not durable.is_locked(self._spool.lock_of(f"node-{found.node}")):
            return "its process ended"
        if found.node not in self._lives:
            self._lives[found.node] = _Life(None, self._clock())
        is_other_life = paper is not None and found.incarnation not in {"", paper.incarnation}
        # Over a network a paper may be an old copy; one that changes is none.
        if is_other_life and (is_here or self._lives[found.node].beats):
            return "it has started anew"
        if self.silent_s(found.node) >= max(self._lease_s, paper.lease_s if paper else 0.0):
            return "it gave no sign of life"
        return ""

    def _why_not_mine(self, found: _Found) -> str:
        if found.task_id in self._me.held():
            return ""
        return "an earlier life held it" if found.incarnation != self._me.incarnation else "nobody works on it"

    # -- what they held ------------------------------------------------------------------------------------------------

    def _found(self) -> Iterator[_Found]:
        for path in sorted(self._spool.processing.iterdir()):
            if path.name.startswith(".tmp-"):
                if path.is_dir():
                    durable.remove_tree(path)  # a claim that was being cleared away
            elif match := HALF.fullmatch(path.name):
                yield _Found(path, match["id"], match["node"], "", int(match["epoch"]), "half")
            else:
                match = REAPED.fullmatch(path.name)
                if (match or not path.name.startswith(".")) and (lease := self._lease(path)):
                    kind, epoch = ("reaped", int(match["epoch"])) if match else ("claim", lease.epoch)
                    yield _Found(path, lease.task_id, lease.node, lease.incarnation, epoch, kind)
                elif match and path.is_dir():  # a task that failed before anyone held it, tried again
                    yield _Found(path, match["id"], "", "", int(match["epoch"]), "reaped")
                elif not path.name.startswith("."):
                    _clear_left_by_late_hands(path)

    def _lease(self, folder: Path) -> Lease | None:
        """Read a claim's lease, once: it never changes. An inode's number is given again, but not at the same time."""
        with suppress(FileNotFoundError, NotADirectoryError):
            paper = (folder / "lease.json").stat()
            which = folder.name, paper.st_ino, paper.st_mtime_ns
            if which not in self._leases:
                lease = read_lease(folder)
                if lease is None:
                    return None
                if len(self._leases) > 10_000:  # claims long gone
                    self._leases.clear()
                self._leases[which] = lease
            return self._leases[which]
        return None

    def _take(self, found: _Found, at: str) -> str | None:
        """Bring a dead node's claim back; give the room, None where another was quicker or it cannot be done now."""
        try:
            point("sweep.before_take")
            return self._taken(found, at)
        except (LeaseLost, FileNotFoundError):
            return None
        except MissingInput as error:
            return self._set_aside(found, error, at)
        except (TemporaryError, OSError) as error:
            if found.task_id not in self._told:
                log.warning("Cannot take a task back now", task=found.task_id, because=str(error))
                self._told.add(found.task_id)
            return None

    def _taken(self, found: _Found, at: str) -> str | None:
        root = self._spool.root
        if found.kind == "half":
            home = self._spool.tasks / found.task_id
            durable.move(found.path, home)
            durable.remove(home / "lease.json")
            return "tasks"
        if found.kind == "claim":
            return returning.recover_claim(root, found.path, found.epoch, at, found.node)
        if returning.put_back_displaced(found.path, found.task_id, found.epoch):
            return None
        return "tasks" if returning.finish(root, found.path, found.task_id, found.epoch) else "trash"

    def _set_aside(self, found: _Found, error: VideogenError, at: str) -> str | None:
        """A claim whose paper cannot be read would come back at every look."""
        if found.kind != "claim":
            return None
        with suppress(LeaseLost, FileNotFoundError):
            note = reason_for(error, stage="recover", path=f"tasks/{found.task_id}", at=at)
            returning.bury(self._spool.root, found.path, found.epoch, note)
            return "trash"
        return None


def _clear_left_by_late_hands(folder: Path) -> None:
    """Take away what a holder made that woke after its claim had gone: under its name, no other claim can be made.

    Only what has a late holder's own names goes, and then the folder, if it is empty: so a claim that is made there in
    the meantime keeps all it has.
    """
    with suppress(OSError):
        names = durable.listing(folder)
        if LEFT.fullmatch("/".join(names)):
            for name in names:
                durable.remove_tree(folder / name)
            durable.remove_empty(folder)
