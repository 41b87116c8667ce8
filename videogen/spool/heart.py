"""A node's pulse: it says that it lives, and notices by itself when it cannot.

Others judge a node by a counter in its paper, and by their own clocks alone: a counter that stands still for `lease_s`
belongs to a dead node, whose tasks go to others. So a node that could not say it lives for two thirds of that time
stops first: nobody may take over what is still being worked on. It notices in a thread of its own: a write to a file
server that is gone may take for ever.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread

import structlog

from videogen import durable
from videogen.errors import NoSpace
from videogen.model.node import NodePaper
from videogen.points import point
from videogen.spool.papers import visible
from videogen.spool.rooms import NODE_NAME

log = structlog.get_logger()

PAPER_BYTES = 4096
"""A paper is filled up to this, so that a beat can be written over the last one where the disk is full."""
FENCE_SHARE = 2 / 3


def paper_of(nodes: Path, node: str) -> Path:
    """Name a node's paper in processing/.nodes."""
    return nodes / f"{node}.json"


def drain_of(nodes: Path, node: str) -> Path:
    """Name the request that a node take no more tasks; it holds while the file is there."""
    return nodes / f"{node}.drain"


def papers_in(nodes: Path) -> list[Path]:
    """List the papers of all nodes, in order of name; of what else lies there, as what a tuning found, none is one."""
    return [path for path in visible(nodes) if path.suffix == ".json" and NODE_NAME.fullmatch(path.stem)]


def read_paper(path: Path) -> NodePaper | None:
    """Read a node's paper; None where it is not there, or not readable at this moment."""
    try:
        return NodePaper.model_validate_json(durable.read(path))
    except (OSError, ValueError):
        return None


class Heart:
    """One node's pulse, in one thread, and an eye on it, in another.

    Units: `heartbeat_s` between beats; after `lease_s` others take over.
    """

    def __init__(  # noqa: PLR0913 -- its paper, its two times, its clock, and the two who hear of it
        self,
        nodes: Path,
        describe: Callable[[], NodePaper],
        *,
        heartbeat_s: float,
        lease_s: float,
        clock: Callable[[], float] = durable.boot_s,
        on_fence: Callable[[], None] = lambda: None,
        tell: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._nodes = nodes
        self._describe = describe
        self._heartbeat_s = heartbeat_s
        self._fence_s = FENCE_SHARE * lease_s
        self._clock = clock
        self._on_fence = on_fence
        self._tell = tell
        self._beat = 0
        self._renewed = clock()
        self._was_fenced = False
        self._over = Event()
        self._lock = Lock()
        self._threads = [
            Thread(target=work, name=name, daemon=True)
            for name, work in (("heart", self._live), ("heart-eye", self._watch))
        ]

    @property
    def is_fenced(self) -> bool:
        """Whether others may soon take this node for dead: it must touch nothing it holds."""
        return self._clock() - self._renewed > self._fence_s

    def start(self) -> None:
        """Beat once, then go on. Raises: what the first beat raises."""
        self.beat()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Say for the last time how this node is, and beat no more."""
        self._over.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self._try()

    def beat(self) -> None:
        """Renew the paper with a counter one higher. Raises: OSError, NoSpace."""
        with self._lock:
            began = self._clock()
            self._beat += 1
            paper = self._describe().model_copy(update={"beat": self._beat})
            content = paper.model_dump_json(indent=1).encode()
            content += b" " * (-len(content) % PAPER_BYTES)
            path = paper_of(self._nodes, paper.node)
            point("heart.before_beat")
            try:
                durable.write(path, content)
            except NoSpace:
                if not path.exists():
                    raise
                durable.overwrite(path, content)
            # Counted from before the write: what took long was no sign of life.
            self._renewed = began
            self._tell(self._clock() - began)

    def _live(self) -> None:
        while not self._over.wait(min(self._heartbeat_s, self._fence_s / 4)):
            self._try()

    def _watch(self) -> None:
        while not self._over.wait(self._fence_s / 8):
            self._look()

    def _try(self) -> None:
        try:
            self.beat()
        except (OSError, NoSpace) as error:
            log.warning("Cannot say that this node lives", because=str(error))

    def _look(self) -> None:
        is_fenced = self.is_fenced
        if is_fenced and not self._was_fenced:
            log.error("Gives up its tasks: others may take this node for dead", silent_s=self._clock() - self._renewed)
            self._on_fence()
        self._was_fenced = is_fenced
