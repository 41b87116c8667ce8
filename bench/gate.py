"""What the quality gate costs: `python -m bench.gate`.

(a) A warm render, in one process, with the gate and without it in turn: the store knows every segment, so what is left
is the sound, the copying of packets and the gate. Without it the sound is decoded for its peak alone, as it must be for
the limiter. (b) A fresh segment: its encode, and the decode that the gate adds to it. Both in seconds of processor, for
other work on the machine must not be in the ratio.
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import Event
from unittest.mock import patch

import av

from bench import film, row
from bench.media import Media
from bench.piece import piece
from videogen import durable
from videogen.ffmpeg import FFmpeg
from videogen.model import media as known
from videogen.model.profile import Encoder, Profile
from videogen.model.quality import Heard, Quality
from videogen.model.timebase import Range, parse_resolution
from videogen.model.timeline import Canvas, Clip, SoundTrack, Timeline
from videogen.plan import Needs, compile_plan
from videogen.probe.sound import Meter
from videogen.render import Executor, Maker, Workshop, judging, mixing
from videogen.render.video import Done
from videogen.segments import Segments
from videogen.toolchain import find

RUNS = 5
PLENTY = Needs(cpu=2, gpu_encode=1, gpu_scale=2, io=1, memory_mb=10**6, disk_mb=10**6)


@dataclass(frozen=True)
class Form:
    """Size of the picture, seconds of each of the two clips, frames of the fresh segment."""

    size: str
    clip_s: int
    frames: int


FORMS = {"full": Form("3840x2160", 30, 250), "short": Form("3840x2160", 10, 60), "tiny": Form("320x180", 4, 50)}


class Stage:
    """A story of two clips, rendered as often as one likes from one store."""

    def __init__(self, form: Form, clips: Sequence[Path], voice: Path, folder: Path) -> None:
        width, height = parse_resolution(form.size)
        canvas = Canvas(width=width, height=height, fps=Fraction(30))
        self._files = {durable.digest(path): path for path in (*clips, voice)}
        *shown, heard = self._files
        self._media = {content: film.probed(self._files[content]) for content in shown}
        self._media[heard] = _heard(voice)
        picture = tuple(Clip(asset=content, source=Range(start=0, end=30 * form.clip_s)) for content in shown)
        self._timeline = Timeline(canvas=canvas, picture=picture, sounds=(SoundTrack(asset=heard, is_looped=True),))
        # The quickest preset: how the store came to be is not what is measured.
        profile = Profile(canvas=canvas, encoder=Encoder(preset="ultrafast"), toolchain=find("").version)
        self._plan = compile_plan(self._timeline, self._media, profile, segment_s=Fraction(250, 30))
        self._folder = folder
        self._store = Segments(folder / "scanned" / ".segments")

    def render(self, name: str) -> Done:
        """Make the video once more."""
        own = self._folder / name
        own.mkdir()
        shop = Workshop(
            self._timeline, self._media, self._files.__getitem__, own / "scratch", own / "pins", own / "log"
        )
        maker = Maker(FFmpeg(film.program()), self._store, Executor(PLENTY, Event()))
        done = maker.make(self._plan, shop)
        durable.remove_tree(own)
        return done


def _heard(voice: Path) -> known.Media:
    with av.open(str(voice)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
        rate = container.streams.audio[0].sample_rate
    return known.Media(sound=known.Sound(codec="mp3", sample_rate=rate, channels=1, samples=samples), container="mp3")


@contextmanager
def ungated() -> Iterator[None]:
    """Leave the gate out: nothing is judged, and of the sound only the peak is measured."""

    def peak_alone(path: Path, container: str, peak: str, *_: object) -> Heard:
        meter, last = None, None
        with av.open(str(path), format=container) as opened:
            for frame in opened.decode(audio=0):
                meter = meter or Meter(frame, "true" if peak == "true" else "sample")
                meter.push(frame)
                last = frame
        loudness = meter.loudness(last) if meter is not None and last is not None else None
        peak_db = loudness.true_peak_dbtp if loudness else -200.0
        return Heard(samples=0, sample_rate=48000, peak_dbfs=peak_db, true_peak_dbtp=peak_db)

    def unjudged(*_: object) -> Quality:
        return Quality()

    with patch.object(mixing, "hear", peak_alone), patch.object(judging.Judge, "judged", unjudged):
        yield


def used(do: Callable[[], object]) -> tuple[float, float]:
    """Do something; give the seconds of processor it took, its children's too, and those of the clock."""
    before, began = _processor_s(), time.monotonic()
    do()
    return _processor_s() - before, time.monotonic() - began


def _processor_s() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Render warm in turn, then encode and look at one fresh segment."""
    clips = [film.cut(media.path(name), folder / f"{name}.mp4", form.clip_s) for name in ("v01", "v05")]
    stage = Stage(form, clips, media.path("s01"), folder)
    table.describe(f"{form.size}, {2 * form.clip_s} s of known clips, {RUNS} renders with the gate and as many without")
    stage.render("cold")
    with_gate, without = [], []
    for nth in range(RUNS):
        with_gate.append(used(lambda nth=nth: stage.render(f"gated-{nth}")))  # type: ignore[misc]  # a loop's own value
        with ungated():
            without.append(used(lambda nth=nth: stage.render(f"plain-{nth}")))  # type: ignore[misc]  # as above
    gated_s, plain_s = (statistics.median(spent for spent, _ in runs) for runs in (with_gate, without))
    table.figure("warm with the gate, processor, median", gated_s, "s")
    table.figure("warm without it, processor, median", plain_s, "s")
    table.figure("warm with the gate, by the clock, median", statistics.median(wall for _, wall in with_gate), "s")
    table.figure("warm without it, by the clock, median", statistics.median(wall for _, wall in without), "s")
    table.bar("with the gate / without", gated_s / plain_s, "x", "at most", 1.25)
    _fresh(table, form, clips[0], folder)


def _fresh(table: row.Row, form: Form, clip: Path, folder: Path) -> None:
    one = piece(clip, form.size, Range(start=0, end=form.frames))
    encoded = folder / "fresh.mp4"
    encode_s, _ = used(lambda: film.run(one.argv(encoded)))
    look_s, _ = used(lambda: one.note(encoded))
    table.figure(f"encode of {form.frames} fresh frames, processor", encode_s, "s")
    table.figure("looking at every frame of them, processor", look_s, "s")
    table.bar("the look / the encode", look_s / encode_s, "x", "at most", 0.25)


if __name__ == "__main__":
    sys.exit(row.program("gate", FORMS, measure))
