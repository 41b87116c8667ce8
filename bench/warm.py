"""A story whose clips the store knows, against one FFmpeg command and against the floors: `python -m bench.warm`.

`videogen warm` has encoded the clips before; what is not known is the video's own ending, a frame or three, since the
voice ends where no mini-GOP does. Each of the runs starts from there: the store is brought back to it in between. A
process pays for starting Python; a node that runs already needs what its log says from the claim to the rename.
The floors are what no rendering can do without: the same sound mixed and encoded alone, and a copy of the file.
"""

import shutil
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench import film, meter, row
from bench.media import Media
from bench.root import NODE_ONCE, Root
from bench.template import Template

RUNS = 3


@dataclass(frozen=True)
class Form:
    """Size of the picture, seconds of each clip and of the voice; None is all of it."""

    size: str
    clip_s: float | None = None
    voice_s: float | None = None


FORMS = {"full": Form("3840x2160"), "short": Form("3840x2160", 5, 8), "tiny": Form("320x180", 5, 8)}


def lay_out(form: Form, media: Media, folder: Path) -> Root:
    """Make the root with its one task."""
    clips = [film.cut(media.path(name), folder / f"{name}.mp4", form.clip_s) for name in ("v01", "v05")]
    voice = media.path("s01")
    if form.voice_s:
        voice = film.voice([voice], folder / "voice.mp3", seconds=form.voice_s)
    root = Root(folder / "root")
    root.lay_out(form.size, clips, media.path("m01"), [voice], film.logo(folder / "logo.png"))
    return root


def node_runs(root: Root, folder: Path) -> tuple[list[float], meter.Used]:
    """Render the same task several times from the same store: seconds of each process, then memory in one run more."""
    kept = root.keep(folder / "kept")
    seconds = []
    for _ in range(RUNS):
        seconds.append(root.run(*NODE_ONCE))
        root.restore(kept)
    return seconds, meter.metered(root.argv(*NODE_ONCE), root.env)


def copied(path: Path, target: Path) -> float:
    """Copy a file and give the seconds."""
    began = time.monotonic()
    shutil.copyfile(path, target)
    return time.monotonic() - began


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Run the template, the floors, and videogen on what it knows."""
    root = lay_out(form, media, folder)
    (task,) = root.tasks()
    table.describe(f"{form.size}, {task.voice_duration:.1f} s of video, {len(task.inputs.clips)} clips, logo, music")
    template = Template.of(task, root.folder)
    one_command_s = meter.timed(template.argv(folder / "template.mp4"))
    table.figure("one FFmpeg command", one_command_s, "s")
    sounds = [meter.timed(template.sound(folder / "sound.m4a")) for _ in range(RUNS)]
    table.figure("floor: the same sound alone", statistics.median(sounds), "s")
    table.figure("videogen warm, once for the library", root.run("warm"), "s")
    processes, used = node_runs(root, folder)
    table.figure("floor: a copy of the video", copied(root.finals()[0], folder / "copy.mp4"), "s")
    claims = [one.seconds for one in root.published()][:RUNS]
    process_s, claim_s = statistics.median(processes), statistics.median(claims)
    table.figure(f"videogen node --once, median of {RUNS}, start to exit", process_s, "s")
    table.figure("from the claim to the rename, as a running node needs", claim_s, "s")
    table.figure("frames encoded", root.published()[0].frames_encoded, "frames")
    table.figure("memory of node and children, resident", used.rss_mb, "MB")
    table.bar("one FFmpeg command / videogen, process", one_command_s / process_s, "x", "at least", 150)
    table.figure("one FFmpeg command / videogen, running node", one_command_s / claim_s, "x")
    table.bar("running node / sound alone", claim_s / statistics.median(sounds), "x", "at most", 1.5)
    table.bar("peak memory of node and children", used.memory_mb, "MB", "at most", 150)


if __name__ == "__main__":
    sys.exit(row.program("warm", FORMS, measure))
