"""A node killed in the middle and started again: what is encoded twice, and whether the video is the same.

`python -m bench.kill`. The node runs FFmpeg through a small script that adds `-stats_enc_pre` to every encode: FFmpeg
then writes one line per frame that it hands to its encoder, at once, so the ledger survives any kill and says what was
really begun, not what was finished. The script becomes FFmpeg (exec), so pipes, signals and limits are untouched.
"""

import filecmp
import os
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bench import film, row
from bench.media import Media
from bench.root import NODE_ONCE, Root

SEED = 20
SEGMENT_S = 2
CLIPS = ("v05", "v06", "v10")
# Only our own encodes have -x264-params; the trial of the encoder at a node's start is not counted.
SCRIPT = """\
#!/bin/sh
left=$#
while [ "$left" -gt 0 ]; do
    word=$1; shift; left=$((left - 1))
    [ "$word" = -x264-params ] && set -- "$@" -stats_enc_pre:v "file:{ledger}/$$.$(date +%s%N)"
    set -- "$@" "$word"
done
exec '{program}' "$@"
"""


@dataclass(frozen=True)
class Form:
    """Size of the picture, seconds of the video, how many kills."""

    size: str
    seconds: float
    kills: int


FORMS = {"full": Form("640x360", 60, 20), "short": Form("640x360", 60, 5), "tiny": Form("640x360", 20, 3)}


class Ledger:
    """Where encodes write down their frames, and the script that makes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "ledger"
        self._folder.mkdir(parents=True)
        self._script = folder / "ffmpeg"
        self._script.write_text(SCRIPT.format(ledger=self._folder, program=film.program()))
        self._script.chmod(0o755)

    @property
    def settings(self) -> dict[str, str]:
        """What makes a node use it."""
        return {"VIDEOGEN_FFMPEG__PATH": str(self._script), "VIDEOGEN_SEGMENTS__SECONDS": str(SEGMENT_S)}

    def frames(self) -> int:
        """Count the frames handed to encoders so far, in all lives."""
        return sum(path.read_bytes().count(b"\n") for path in self._folder.iterdir())


@dataclass(frozen=True)
class Life:
    """A root rendered to its end: its video, the frames encoded for it, the seconds it took."""

    video: Path
    frames: int
    seconds: float


def undisturbed(first: Root, folder: Path) -> Life:
    """Render without a kill."""
    folder.mkdir()
    ledger = Ledger(folder)
    root = first.copy(folder / "root", ledger.settings)
    seconds = root.run(*NODE_ONCE)
    return Life(root.finals()[0], ledger.frames(), seconds)


def disturbed(first: Root, folder: Path, after_s: float) -> Life:
    """Kill the node after so many seconds, and start it again."""
    folder.mkdir()
    ledger = Ledger(folder)
    root = first.copy(folder / "root", ledger.settings)
    began = time.monotonic()
    node = subprocess.Popen(root.argv(*NODE_ONCE), env=root.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    os.kill(node.pid, signal.SIGKILL)
    node.wait()
    root.run(*NODE_ONCE)
    return Life(root.finals()[0], ledger.frames(), time.monotonic() - began)


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Render once in peace, then kill at random instants, each time from the same task."""
    table.describe(f"{form.size}, {form.seconds:g} s in segments of {SEGMENT_S} s, {form.kills} kills, seed {SEED}")
    voice = film.voice(media.paths("s01", "s02"), folder / "voice.mp3", seconds=form.seconds)
    clips = [film.cut(media.path(name), folder / f"{name}.mp4", None) for name in CLIPS]
    first = Root(folder / "first")
    first.lay_out(form.size, clips, media.path("m02"), [voice])
    calm = undisturbed(first, folder / "calm")
    table.figure("undisturbed", calm.seconds, "s")
    table.figure("undisturbed: frames encoded", calm.frames, "frames")
    chance = Random(SEED)  # noqa: S311 -- the same instants in every run of the bench
    instants = [chance.uniform(0, calm.seconds) for _ in range(form.kills)]
    lives = [disturbed(first, folder / f"kill_{nth}", after_s) for nth, after_s in enumerate(instants)]
    frames = [life.frames for life in lives]
    in_flight = row.processors() * SEGMENT_S * 30
    same = sum(filecmp.cmp(life.video, calm.video, shallow=False) for life in lives)
    table.figure("killed: most frames encoded in both lives", max(frames), "frames")
    table.figure("killed: median of seconds in both lives", statistics.median(life.seconds for life in lives), "s")
    table.bar("median of frames encoded / undisturbed", statistics.median(frames) / calm.frames, "x", "at most", 1.1)
    table.bar("frames beyond one run, most", max(frames) - calm.frames, "frames", "at most", in_flight)
    table.bar("videos byte for byte the undisturbed one", same, "videos", "at least", len(lives))


if __name__ == "__main__":
    sys.exit(row.program("kill", FORMS, measure))
