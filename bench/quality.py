"""Size and quality of a stitched video against one FFmpeg command's: `python -m bench.quality`.

Both show the same frames of the same colours: the command is told how many frames of each clip the task shows, by
which matrix each clip was made, and how to round when it scales, which a person would leave to chance. The reference
are these frames without loss.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from bench import film, meter, row
from bench.encode import compare
from bench.media import Media
from bench.root import NODE_ONCE, Root
from bench.template import Template
from videogen.model.task import Task
from videogen.plan.colour import matrix_of

CLIPS = ("v01", "v05", "v10")


@dataclass(frozen=True)
class Form:
    """Size of the picture; seconds of each clip, None is all of it; VMAF of every so many frames."""

    size: str
    clip_s: float | None
    every: int


FORMS = {"full": Form("1920x1080", None, 1), "short": Form("1920x1080", 5, 5), "tiny": Form("320x180", 3, 2)}


def matrices(task: Task, root: Path) -> list[str]:
    """Name the colours of each clip a task shows."""
    pictures = [film.probed(root / use.path).picture for use in task.inputs.clips]
    return [matrix_of(picture) if picture else "bt709" for picture in pictures]


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Make the video both ways and a reference; compare sizes and quality."""
    clips = [film.cut(media.path(name), folder / f"{name}.mp4", form.clip_s) for name in CLIPS]
    seconds = sum(float(film.probed(clip).duration_s) for clip in clips) - 0.5
    voice = film.voice([media.path("s01")], folder / "voice.mp3", seconds=seconds)
    root = Root(folder / "root")
    root.lay_out(form.size, clips, media.path("m01"), [voice])
    (task,) = root.tasks()
    table.describe(f"{form.size}, {task.voice_duration:.1f} s of {len(task.inputs.clips)} clips, GOPs of 250 frames")
    template = Template.of(task, root.folder).pinned(task, matrices(task, root.folder))
    theirs, reference = folder / "template.mp4", folder / "reference.mp4"
    meter.timed(template.argv(theirs))
    meter.timed(template.reference(reference))
    root.run(*NODE_ONCE)
    compare(table, root.finals()[0], theirs, reference, form.every)


if __name__ == "__main__":
    sys.exit(row.program("quality", FORMS, measure))
