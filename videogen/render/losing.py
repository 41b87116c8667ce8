"""An eye on the tokens of what a node holds: work on a task that was taken away is stopped.

A node that was taken for dead stops by itself (heart.py). One whose task an operator cancelled lives and beats, and
would only learn at its end that it worked for nobody.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from videogen.render.job import Job

log = structlog.get_logger()

LOOK_S = 0.5


class LostTasks:
    """Looks at the jobs of one node. A token must be missing at two looks: a file server may err once."""

    def __init__(self, jobs: Callable[[], Iterable[Job]]) -> None:
        self._jobs = jobs
        self._missed: set[Path] = set()

    def look(self) -> None:
        """Halt what is done for a task whose token is gone; whoever does it then learns that it lost the task.

        Raises: OSError: it cannot be seen whether one is there.
        """
        jobs = [job for job in self._jobs() if not (job.is_ending or job.halt.is_set())]
        missed = {job.claim.out for job in jobs if _is_gone(job.claim.out)}
        for job in jobs:
            if job.claim.out in missed & self._missed:
                log.info("Stops: the task was taken away", task=job.task_id)
                job.halt.set()
        self._missed = missed


def _is_gone(token: Path) -> bool:
    try:
        token.lstat()
    except FileNotFoundError:
        return True
    return False
