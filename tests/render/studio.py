"""What the tests of the acting half share: assets under their contents, and a house that makes videos of timelines."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from threading import Event

import av

from tests import footage
from videogen import durable
from videogen.cage import Limits, Walls
from videogen.ffmpeg import FFmpeg
from videogen.model.media import Kind, Media
from videogen.model.profile import Encoder, Profile
from videogen.model.segment import cut
from videogen.model.timebase import Range, samples_of
from videogen.model.timeline import Canvas, Clip, Item, SoundTrack, Timeline, Transition
from videogen.plan import Needs, Plan, Segment, bridge, compile_plan, ends_of
from videogen.plan.encode import encode_sound
from videogen.plan.keys import segment_of
from videogen.probe.inspector import inspect
from videogen.render.executor import Executor
from videogen.render.maker import Maker
from videogen.render.sounding import Sounding
from videogen.render.stitch import Part
from videogen.render.survey import survey
from videogen.render.video import Done
from videogen.render.workshop import Workshop
from videogen.segments import Entry, Segments

SIZE = (64, 36)
STORE = Path("scanned", ".segments")
TOOLCHAIN = "the wheel's"
QUICK = Encoder(preset="ultrafast", gop=25)
"""The quickest that still has B-frames, and IDRs within a second."""
PLENTY = Needs(cpu=2, gpu_encode=1, gpu_scale=2, io=1, memory_mb=10**6, disk_mb=10**6)


def canvas(fps: Fraction | int = 25) -> Canvas:
    """Give a canvas too small to cost anything."""
    return Canvas(width=SIZE[0], height=SIZE[1], fps=Fraction(fps))


@dataclass
class Shelf:
    """Files under their contents, each with what was measured of it."""

    files: dict[str, Path] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)

    def take(self, path: Path, kind: Kind = "video") -> str:
        """Measure a file and give the hash that stands for it."""
        digest = durable.digest(path)
        if digest not in self.media:
            self.media[digest] = inspect(path, kind)
        self.files[digest] = path
        return digest

    def argument(self, word: str, out: str = "-") -> str:
        """Put a path where a placeholder stands."""
        if word.startswith("asset:"):
            return f"file:{self.files[word[6:].partition('#')[0]]}"
        return out if word == "step:out" else word


@dataclass(frozen=True)
class House:
    """A store, a shelf and a folder: whatever else there is belongs to one render."""

    folder: Path
    shelf: Shelf
    store: Segments
    encoder: Encoder = QUICK

    def beside(self, name: str, **changed: object) -> "House":
        """Give a house with the same shelf and a store of its own."""
        folder = self.folder / name
        folder.mkdir()
        return replace(self, folder=folder, store=Segments(folder / STORE), **changed)  # type: ignore[arg-type]

    def profile(self, on: Canvas) -> Profile:
        """Give the profile of a canvas."""
        return Profile(canvas=on, encoder=self.encoder, toolchain=TOOLCHAIN)

    def plan(self, timeline: Timeline, segment_s: Fraction | int = 2) -> Plan:
        """Compile a timeline."""
        return compile_plan(timeline, self.shelf.media, self.profile(timeline.canvas), segment_s=Fraction(segment_s))

    def shop(self, timeline: Timeline, name: str = "task") -> Workshop:
        """Give a render folders of its own."""
        own = self.folder / name
        own.mkdir(exist_ok=True)
        files = self.shelf.files
        return Workshop(timeline, self.shelf.media, files.__getitem__, own / "scratch", own / "pins", own / "log")

    def maker(self, stop: Event | None = None, program: Path | None = None) -> Maker:
        """Give one that makes videos out of this house's store."""
        walls = Walls(write=(str(self.folder),) if program else ())  # what takes FFmpeg's place leaves notes
        ffmpeg = FFmpeg(program or footage.program(), Limits(walls=walls))
        return Maker(ffmpeg, self.store, Executor(PLENTY, stop or Event()))

    def render(self, timeline: Timeline, name: str = "task", segment_s: Fraction | int = 2) -> Done:
        """Make the video of a timeline."""
        return self.maker().make(self.plan(timeline, segment_s), self.shop(timeline, name))


def story(film: str, other_film: str, voice: str) -> Timeline:
    """Give a timeline that asks for all a maker does: whole segments, parts of them, a crossfade, a sound."""
    picture = (clip(film, 0, 150), Transition(kind="crossfade", length=10), clip(other_film, 0, 75), clip(film, 50, 83))
    sound = SoundTrack(asset=voice, is_looped=True)
    return Timeline(canvas=canvas(), picture=picture, sounds=(sound,))


class Bakery:
    """Encodes segments as the maker does, once each, without a store: what a stitch is made of."""

    def __init__(self, folder: Path, shelf: Shelf, profile: Profile) -> None:
        self.folder = folder
        self.profile = profile
        self._shelf = shelf
        self._baked: dict[str, Entry] = {}

    def bake(self, timeline: Timeline) -> Entry:
        """Give the segment that shows a mute timeline."""
        return self.entry(segment_of(timeline, self._shelf.media, self.profile))

    def entry(self, segment: Segment) -> Entry:
        """Encode a segment where it was not yet, survey it, and give it."""
        key = segment.name.key
        if key not in self._baked:
            path = self.folder / f"{key}.mp4"
            argv = [self._shelf.argument(word, f"file:{path}") for word in segment.argv]
            FFmpeg(footage.program()).run(argv, log=self.folder / "log", total=segment.frames)
            self._baked[key] = Entry(survey(path, segment, self.profile), path)
        return self._baked[key]

    def parts(self, timeline: Timeline, start: int, end: int) -> list[Part]:
        """Give the packets that show a stretch of a segment: copied as far as can be, the ends encoded anew."""
        segment = segment_of(timeline, self._shelf.media, self.profile)
        whole = self.entry(segment)
        how = cut(whole.note.structure, Range(start=start, end=end))
        ends = {one: self.entry(bridge(segment, one, self._shelf.media, self.profile)) for one in ends_of(how)}
        order = [one for one in (how.head, how.copied, how.tail) if one is not None]
        return [_part(one, ends.get(one), whole) for one in order]

    def sound(self, timeline: Timeline) -> Sounding:
        """Mix and encode a timeline's sound; give it as a stitch reads it."""
        path = self.folder / f"{len(list(self.folder.iterdir()))}.nut"
        argv = encode_sound(timeline, self._shelf.media, self.profile)
        words(["-v", "error", *(self._shelf.argument(word, f"file:{path}") for word in argv)])
        on = timeline.canvas
        return Sounding(path, samples_of(timeline.length, on.fps, on.sample_rate), lambda: True)


def _part(span: Range, end: Entry | None, whole: Entry) -> Part:
    if end is None:
        return Part(whole.note, whole.path, span)
    return Part(end.note, end.path, Range(start=0, end=span.length))


def clip(asset: str, start: int, end: int) -> Clip:
    """Give a stretch of an asset, in frames of the canvas."""
    return Clip(asset=asset, source=Range(start=start, end=end))


def mute(on: Canvas, *items: Item) -> Timeline:
    """Give a timeline of a picture alone."""
    return Timeline(canvas=on, picture=items, is_mute=True)


def noisy(path: Path, rate: Fraction | int = 25, seconds: float = 4, *extra: object, chain: str = "null") -> Path:
    """Write a clip in which no frame is like another; long GOPs with B-frames unless `extra` says otherwise."""
    source = f"testsrc2=size=64x36:rate={Fraction(rate)}:duration={seconds},noise=alls=50:allf=t,{chain}"
    options = ["-c:v", "libx264", "-preset", "veryfast", "-bf", 3, "-g", 300, "-fps_mode", "passthrough"]
    footage.make("-f", "lavfi", "-i", source, *options, *extra, path)
    return path


def words(argv: Sequence[object], *, timeout_s: float = 60) -> "subprocess.CompletedProcess[str]":
    """Run the FFmpeg that is always there and give what it said; it must succeed."""
    whole = [str(footage.program()), "-hide_banner", "-nostdin", *(str(one) for one in argv)]
    return subprocess.run(whole, capture_output=True, text=True, check=True, timeout=timeout_s)


def hashes(listing: str) -> list[str]:
    """Give the frames' hashes from what FFmpeg's framemd5 wrote."""
    return [line.split(",")[-1].strip() for line in listing.splitlines() if not line.startswith("#")]


def frames_of(path: Path, *options: object) -> list[str]:
    """Decode a file's picture and give a hash per frame; the decoder must not say a word."""
    done = words(["-v", "warning", *options, "-i", f"file:{path}", "-map", "0:v:0", "-f", "framemd5", "-"])
    assert done.stderr == ""
    return hashes(done.stdout)


def samples_in(path: Path) -> int:
    """Count the samples that a player hears."""
    done = words(["-v", "error", "-i", f"file:{path}", "-map", "0:a:0", "-f", "framecrc", "-c:a", "pcm_s16le", "-"])
    rows = [line.split(",") for line in done.stdout.splitlines() if not line.startswith("#")]
    return sum(int(row[3]) for row in rows)


def stamps(path: Path) -> list[tuple[int, int]]:
    """Give PTS and DTS of each picture packet in the track's ticks, as PyAV reads them."""
    with av.open(str(path)) as container:
        return [(one.pts or 0, one.dts or 0) for one in container.demux(video=0) if one.size]
