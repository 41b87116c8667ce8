"""A recorded choice made again: whether it gives the same clips, why each came, and what of it is gone. Only looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from videogen.assemble.choose import Hand, choose_clips, choose_track
from videogen.catalog import read_asset
from videogen.errors import InputError, MissingInput
from videogen.model.choice import Candidate
from videogen.model.task import Task


@dataclass(frozen=True)
class Row:
    """One clip, or the track, in playing order: how it stood when it was drawn, and what the library has now."""

    kind: str
    path: str
    uses: int
    weight: float
    last: str
    is_resting: bool
    twin: str
    why: str
    library: str
    """`there`, `gone`, or `changed`: other bytes have its name."""


@dataclass(frozen=True)
class Replay:
    """What came of it. Shape: `rows` are what the choice gives now, `recorded` what the task names."""

    task_id: str
    seed: int
    pool: int
    music_pool: int
    cooldown: int
    scope: str
    rows: tuple[Row, ...]
    recorded: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether the choice gives what the task names."""
        return tuple(row.path for row in self.rows) == self.recorded


def replayed(root: Path, task: Task) -> Replay:
    """Make the choice of a task again, from what it recorded. Raises: InputError: it recorded none."""
    choice = task.choice
    if choice is None or task.inputs.music is None:
        raise InputError(
            f"the task {task.task_id} does not say what its clips were chosen from",
            remedy="Only stories have that record, not older ones; its clips stand in its papers.",
        )
    clips = choose_clips(Hand(choice.clips.drawn), choice.need or task.frames, choice.seed)
    layer = [choose_track(Hand(choice.frame.drawn), choice.seed)] if choice.frame else []
    track = choose_track(Hand(choice.music.drawn), choice.seed)
    chosen = [clip.path for clip in task.inputs.clips]
    for swap in task.swaps:  # what a person changed afterwards was not chosen
        chosen[swap.place - 1] = swap.was.path
    rows = [_row(root, "video", one, clips[:nth]) for nth, one in enumerate(clips)]
    return Replay(
        task_id=task.task_id,
        seed=choice.seed,
        pool=choice.clips.pool,
        music_pool=choice.music.pool,
        cooldown=choice.cooldown,
        scope=choice.scope,
        rows=(*rows, _row(root, "music", track, ()), *(_row(root, "frame", one, ()) for one in layer)),
        recorded=(*chosen, task.inputs.music.path, *_laid(task)),
    )


def _laid(task: Task) -> list[str]:
    """Name the layer of a dressed story, as its papers have it."""
    draw = task.choice.frame if task.choice else None
    drawn = {one.path for one in draw.drawn} if draw else set()
    return [one.path for one in task.inputs.others if one.path in drawn]


def _row(root: Path, kind: str, one: Candidate, before: Sequence[Candidate]) -> Row:
    return Row(
        kind=kind,
        path=one.path,
        uses=one.uses,
        weight=one.weight,
        last=one.last,
        is_resting=one.is_resting,
        twin=one.twin,
        why=_why(one, before),
        library=_library(root, one),
    )


def _why(one: Candidate, before: Sequence[Candidate]) -> str:
    if any(other.face == one.face for other in before):
        return "shown again: all others had been"
    if one.is_resting:
        return "all that had rested longer were taken"
    used = f"used {one.uses} times" if one.uses != 1 else "used once"
    told = "never used" if one.uses == 0 else used
    return f"{told}, weight {one.weight:g}" if one.weight != 1 else told


def _library(root: Path, one: Candidate) -> str:
    try:
        return "there" if read_asset(root, one.path).sha256 == one.sha256 else "changed"
    except MissingInput:
        return "gone"
