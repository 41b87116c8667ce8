"""A backlog of cold tasks on a slow tree, with and without prefetch: `python -m bench.prefetch`.

The tree is made slow by a wait at each file that is fetched and at each upload, as a file server would make it; all
else is as it is. What counts is the share of the time with work in which the renderer worked, and in which it waited.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from bench import film, row
from bench.media import Media
from bench.root import NODE, NODE_ONCE, Root
from videogen.model.node import Figures, NodePaper

SLOW = {"VIDEOGEN_FAILPOINTS": "download.before_file=sleep:0.4,upload.before=sleep:1.0"}
CLIPS = ("v01", "v03", "v05", "v06", "v10", "v12", "v01", "v05")
"""Twice the same with another length is another content: nothing of it is known."""


@dataclass(frozen=True)
class Form:
    """Size of the picture, how many tasks, seconds of each."""

    size: str
    tasks: int
    seconds: float


FORMS = {
    "full": Form("1920x1080", 8, 9),
    "short": Form("1280x720", 3, 6),
    "tiny": Form("320x180", 2, 2),
}


def laid_out(form: Form, media: Media, folder: Path) -> Root:
    """Make a root with one cold task for each clip: each voice has a category with a clip of its own."""
    clips = [
        film.cut(media.path(name), folder / f"clip{nth}.mp4", form.seconds + nth / 10)
        for nth, name in enumerate(CLIPS[: form.tasks])
    ]
    root = Root(folder / "first")
    voices = [
        film.voice([media.path("s01")], folder / f"voice{nth}.mp3", seconds=form.seconds - nth / 10)
        for nth in range(len(clips))
    ]
    root.lay_out(form.size, [], media.path("m01"), [])
    for nth, (clip, voice) in enumerate(zip(clips, voices, strict=True)):
        root.drop(clip, f"video/c{nth}/{clip.name}")
        root.drop(voice, f"story/c{nth}/story/voice/chapter_0001.mp3")
    root.run("main", "--once")
    return root


def worked(root: Root) -> Figures:
    """Render all that waits; give the node's own figures."""
    root.run(*NODE_ONCE)
    paper = root.folder / "processing" / ".nodes" / f"{NODE}.json"
    return NodePaper.model_validate_json(paper.read_bytes()).figures


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Run the same backlog both ways."""
    first = laid_out(form, media, folder)
    table.describe(f"{form.size}, {form.tasks} cold tasks of {form.seconds:g} s, 0.4 s a file fetched, 1 s an upload")
    without = worked(first.copy(folder / "without", {**SLOW, "VIDEOGEN_NODE__PREFETCH": "false"}))
    ahead = worked(first.copy(folder / "with", SLOW))
    for name, figures in (("without prefetch", without), ("with prefetch", ahead)):
        table.figure(f"{name}: from the first claim to the last publish", figures.work_s, "s")
        table.figure(f"{name}: io_overhead", 100 * (figures.io_overhead or 0.0), "%")
    table.figure("without prefetch: render_utilization", 100 * (without.render_utilization or 0.0), "%")
    table.bar("with prefetch: render_utilization", 100 * (ahead.render_utilization or 0.0), "%", "at least", 97)
    table.figure("time: without / with", without.work_s / ahead.work_s, "x")


if __name__ == "__main__":
    sys.exit(row.program("prefetch", FORMS, measure))
