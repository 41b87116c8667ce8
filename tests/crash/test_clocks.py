"""Wall clocks that jump in the middle of a lease (A3; P14). Needs libfaketime."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.crash.clocks import JUMPS, jumped, library


def test_jump_of_the_clock_takes_no_task_and_leaves_none(tmp_path: Path) -> None:
    """A year on, a year back, sixty times as fast: the living keep their tasks, the dead lose theirs in time (P14)."""
    if not library():
        pytest.skip("NOT TESTED: clocks that jump, since libfaketime is not installed")

    def tried(jump: str) -> list[str]:
        """Try twice: a jump that does harm does it each time, a disk that stands still for most of a lease does not."""
        wrong: list[str] = []
        for attempt in range(2):
            folder = tmp_path / f"{jump.replace(' ', '-')}-{attempt}"
            folder.mkdir()
            wrong = jumped(folder, JUMPS[jump])
            if not wrong:
                break
        return wrong

    with ThreadPoolExecutor(len(JUMPS)) as pool:
        wrong = dict(zip(JUMPS, pool.map(tried, JUMPS), strict=True))

    assert wrong == {jump: [] for jump in JUMPS}
