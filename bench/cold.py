"""A story from an empty store against one FFmpeg command: `python -m bench.cold`.

(a) The voice is as long as the clips, so both sides encode the same frames. (b) The voice ends within the last clip:
videogen encodes that clip to its end, since the next video will want it, and the template does not.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from bench import film, meter, row
from bench.media import Media
from bench.root import NODE_ONCE, Root
from bench.template import Template
from videogen.edit.story import clip_frames
from videogen.model.timebase import parse_resolution
from videogen.model.timeline import Canvas


@dataclass(frozen=True)
class Form:
    """Size of the picture; seconds of each clip, None is all of it."""

    size: str
    clip_s: float | None = None


FORMS = {"full": Form("3840x2160"), "short": Form("1920x1080", 8), "tiny": Form("320x180", 6)}
PART = 53.32 / 60.2
"""What the sonnet is of the two clips, kept where they are shorter."""


@dataclass(frozen=True)
class Story:
    """What both sides are given, and a folder to work in."""

    size: str
    clips: Sequence[Path]
    music: Path
    voice: Path
    folder: Path


def compare(table: row.Row, story: Story) -> tuple[float, float]:
    """Run both sides on the same task; give their seconds."""
    folder = story.folder
    folder.mkdir()
    root = Root(folder / "root")
    root.lay_out(story.size, story.clips, story.music, [story.voice])
    (task,) = root.tasks()
    made = folder / "template.mp4"
    template_s = meter.timed(Template.of(task, root.folder).argv(made))
    table.figure(f"one FFmpeg command, {film.frames_of(made)} frames", template_s, "s")
    node_s = root.run(*NODE_ONCE)
    (published,) = root.published()
    table.figure(f"videogen, {published.frames_encoded} frames encoded, {published.frames} shown", node_s, "s")
    return template_s, node_s


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Run both variants."""
    clips = [film.cut(media.path(name), folder / f"{name}.mp4", form.clip_s) for name in ("v01", "v05")]
    width, height = parse_resolution(form.size)
    canvas = Canvas(width=width, height=height, fps=Fraction(30))
    seconds = sum(clip_frames(film.probed(clip), canvas) for clip in clips) / 30
    table.describe(f"{form.size}, two clips, {seconds:.1f} s of picture, from an empty store")
    music = media.path("m01")
    whole = film.voice([media.path("s01")], folder / "whole.mp3", seconds=seconds)
    template_s, node_s = compare(table, Story(form.size, clips, music, whole, folder / "a"))
    table.bar("same frames: one FFmpeg command / videogen", template_s / node_s, "x", "at least", 1.15)
    part = media.path("s01")
    if form.clip_s:
        part = film.voice([part], folder / "part.mp3", seconds=seconds * PART)
    template_s, node_s = compare(table, Story(form.size, clips, music, part, folder / "b"))
    table.bar("last clip cut: one FFmpeg command / videogen", template_s / node_s, "x", "at least", 1.0)


if __name__ == "__main__":
    sys.exit(row.program("cold", FORMS, measure))
