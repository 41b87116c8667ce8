"""The task of a job: its paper, made of what a description came to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from videogen.cutting import Material
from videogen.errors import MissingInput
from videogen.model.job import Job
from videogen.model.task import UP, ClipUse, Input, Inputs, Render, Task
from videogen.model.timeline import Clip


@dataclass(frozen=True)
class Orders:
    """What every job's task has in common."""

    priority: int = 5
    tags: tuple[str, ...] = ()


def seed_of(task_id: str) -> int:
    """Give the number that chance goes by in a video: the same for the same id."""
    return UUID(task_id).int % 2**32


def task_of(
    job: Job, material: Material, input_of: Callable[[str], Input], pictures: tuple[str, ...], orders: Orders
) -> Task:
    """Make the task; `input_of` says where in the library a content lies, or will lie.

    Raises: MissingInput: a content is in no file of the library.
    """
    timeline = material.timeline
    canvas, fps = timeline.canvas, timeline.canvas.fps
    clips = tuple(
        ClipUse(**input_of(part.asset).model_dump(), in_frame=part.source.start, out_frame=part.source.end)
        for part in timeline.picture
        if isinstance(part, Clip)
    )
    shown = {clip.sha256 for clip in clips}
    others = [one for one in timeline.assets() if one not in shown and one not in pictures]
    return Task(
        task_id=job.task_id,
        category=job.recipe,
        story_name=job.name,
        voice_file="",
        voice_duration=0.0,
        music_file="",
        video_files=tuple(UP + clip.path for clip in clips),
        render=Render(
            resolution=f"{canvas.width}x{canvas.height}",
            frame_rate=fps.numerator if fps.denominator == 1 else str(fps),
            logo=None,
        ),
        recipe=job.recipe,
        seed=seed_of(job.task_id),
        frames=timeline.length,
        priority=orders.priority,
        tags=orders.tags,
        inputs=Inputs(
            clips=clips,
            others=tuple(input_of(content) for content in others),
            pictures=pictures,
            description=input_of(_content_of(job, job.description)) if job.description else None,
        ),
        timeline=timeline,
        quality=material.quality,
        gop=material.gop,
        preset=material.preset,
        warnings=material.warnings,
        title=material.said,
    )


def _content_of(job: Job, name: str) -> str:
    return next(file.sha256 for file in job.files if file.name == name)


class Places:
    """Where the contents of a job lie once it is taken: in its own folder, or elsewhere in the library."""

    def __init__(self, root: Path, job: Job, material: Material) -> None:
        self._root = root
        self._material = material
        self._own = {file.sha256: f"{job.path}/{file.name}" for file in reversed((*job.files, *job.brought))}

    def input_of(self, content: str) -> Input:
        """Give a content's path and hash. Raises: MissingInput: it is in no file of the library."""
        if content in self._own:
            return Input(path=self._own[content], sha256=content)
        path = self._material.file_of(content)
        if not path.is_relative_to(self._root / "scanned"):
            raise MissingInput(f"{path.name} is not in the library", remedy="Put it into the folder.")
        return Input(path=path.relative_to(self._root).as_posix(), sha256=content)
