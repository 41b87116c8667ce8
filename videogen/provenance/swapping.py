"""A video with one clip changed for another: a new task, the same voice, music, seed and cuts."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

from videogen.assemble import fill
from videogen.catalog import Catalog, logo_of, read_asset
from videogen.edit.story import clip_frames
from videogen.errors import MissingInput, RecipeError
from videogen.model.manifest import appearances
from videogen.model.media import Asset
from videogen.model.task import UP, ClipUse, Swap, Task
from videogen.model.timebase import parse_rate, parse_resolution
from videogen.model.timeline import Canvas
from videogen.provenance.contents import Content
from videogen.spool import Spool

NAMED = 3
"""So many clips are named that would do, where the one asked for is too short."""


@dataclass(frozen=True)
class Change:
    """What a swap comes to: the task, not published yet, and the places, in playing order from 1, that change."""

    task: Task
    places: tuple[int, ...]
    was: str
    now: str

    @property
    def notes(self) -> list[str]:
        """Say what a person may not want."""
        clips = self.task.inputs.clips
        beside = [nth for nth, (one, other) in enumerate(pairwise(clips), start=1) if one.sha256 == other.sha256]
        found = [f"clips {nth} and {nth + 1} are one and the same" for nth in beside]
        again = [nth for nth, clip in enumerate(clips, start=1) if clip.path == self.now and nth not in self.places]
        return found + ([f"{self.now} is shown at {_listed(again)} as well"] if again else [])


def clip_in(task: Task, meant: list[Content], asked: str) -> str:
    """Find the clip of a task that was meant; give its hash.

    Raises: MissingInput: the task shows none that is called so, or more than one.
    """
    clips = {clip.sha256: clip.path for clip in task.inputs.clips}
    hashes = {content.sha256 for content in meant if content.sha256}
    paths = {content.path for content in meant} | {asked}
    found = [
        sha256
        for sha256, path in clips.items()
        if path in paths or path.endswith((f"/{asked}", f"_{asked}")) or any(map(sha256.startswith, hashes))
    ]
    if len(found) != 1:
        trouble = f"{len(found)} clips of this video are" if found else "no clip of this video is"
        raise MissingInput(
            f"{trouble} called {asked!r}", remedy=f"`videogen provenance {task.task_id}` lists its clips."
        )
    return found[0]


def swapped(
    root: Path, task: Task, *, clip: str, by: Asset, place: int | None, library: Callable[[], Catalog]
) -> Change:
    """Give the task with a clip, named by its hash, changed for another wherever it is shown, or at one place.

    The other is shown from its first frame, as long as the first was: every cut stays where it is.

    Raises: RecipeError: it is no clip, or too short, or at that place is another. MissingInput.
    """
    places = tuple(one.place for one in appearances(task)["clip", clip])
    if place is not None:
        places = _only(place, places, task)
    if by.kind != "video" or by.media.picture is None:
        raise RecipeError(f"{by.path} is no clip", remedy="Give one of scanned/video/.")
    if by.sha256 == clip:
        raise RecipeError(f"{by.path} is the clip that is there", remedy="Give another one.")
    if task.timeline is not None:
        raise RecipeError("only a clip of a story can be swapped", remedy="Change its description and drop it again.")
    clips = list(task.inputs.clips)
    _expect_long(by, max(_length(clips[nth - 1]) for nth in places), task, library)
    was = clips[places[0] - 1].path
    swaps = {swap.place: swap for swap in task.swaps}
    for nth in places:
        old = clips[nth - 1]
        swaps.setdefault(nth, Swap(place=nth, was=old))
        clips[nth - 1] = ClipUse(path=by.path, sha256=by.sha256, in_frame=0, out_frame=_length(old))
    changed = {
        "task_id": str(uuid4()),
        "video_files": tuple(UP + one.path for one in clips),
        "inputs": task.inputs.model_copy(update={"clips": tuple(clips)}),
        "attempts": 0,
        "not_before_s": 0.0,
        "avoid": (),
        "made_from": task.task_id,
        "swaps": tuple(swaps[nth] for nth in sorted(swaps)),
    }
    made = Task.model_validate(task.model_copy(update=changed).model_dump())
    _expect_there(root, made)
    return Change(made, places, was, by.path)


def publish(spool: Spool, change: Change, logo: Path) -> None:
    """Bring the new task into tasks/. `logo` is the operator's of today.

    Raises: MissingInput: the video had a logo that is kept nowhere.
    """
    task = change.task
    if task.inputs.logo:
        kept = logo_of(spool.root, task.inputs.logo.sha256)
        logo = kept if kept.exists() else logo
        if not logo.is_file():
            raise MissingInput(
                f"the logo {task.inputs.logo.path} is not there any more", remedy="Bring it back as it was."
            )
    spool.publish(task, lambda folder: fill(folder, task, logo))


def _only(place: int, places: tuple[int, ...], task: Task) -> tuple[int, ...]:
    if place not in places:
        count = len(task.inputs.clips)
        raise RecipeError(
            f"clip {place} of {count} is another one", remedy=f"This one is shown at {_listed(list(places))}."
        )
    return (place,)


def _listed(places: list[int]) -> str:
    return f"place {places[0]}" if len(places) == 1 else f"places {', '.join(map(str, places))}"


def _length(clip: ClipUse) -> int:
    return clip.out_frame - clip.in_frame


def _expect_long(by: Asset, frames: int, task: Task, library: Callable[[], Catalog]) -> None:
    width, height = parse_resolution(task.render.resolution)
    canvas = Canvas(width=width, height=height, fps=parse_rate(str(task.render.frame_rate)))
    there = clip_frames(by.media, canvas)
    if there >= frames:
        return
    length_s = Fraction(frames) / canvas.fps
    shown = {clip.path for clip in task.inputs.clips}
    found = library().long_clips(by.category, length_s, NAMED + len(shown))
    others = [path for path in found if path not in shown][:NAMED]
    raise RecipeError(
        f"{by.path} has {there} frames, and {frames} are needed",
        remedy=f"Long enough: {', '.join(others)}." if others else f"Drop one of {float(length_s):.1f} s or more.",
    )


def _expect_there(root: Path, task: Task) -> None:
    """Prove that the library has all that the task will be made of."""
    inputs = task.inputs
    for given in inputs.files:
        if read_asset(root, given.path).sha256 != given.sha256:
            raise MissingInput(
                f"{given.path} is not the file this video was made of",
                remedy="Bring it back as it was.",
                code="input-changed",
            )
