"""One video in the making: what each step of its plan does."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from threading import Event, Lock, Thread

import structlog

from videogen import durable
from videogen.errors import Defect, InputError, NoSpace, Stopped, TemporaryError
from videogen.ffmpeg import FFmpeg, Progress
from videogen.model.manifest import Stretch
from videogen.model.quality import Limits, Quality
from videogen.model.segment import Name, Note, cut
from videogen.model.timebase import Range
from videogen.plan import Needs, Plan, Segment, Step, black, bridge, ends_of
from videogen.plan.together import Run
from videogen.render.asking import Sources
from videogen.render.batches import Batches
from videogen.render.check import Proof, check
from videogen.render.encodes import Encodes
from videogen.render.executor import Busy
from videogen.render.judging import Judge, Origin
from videogen.render.looking import UndecodableError, look_into
from videogen.render.mixing import Mixing
from videogen.render.sessions import Device
from videogen.render.stitch import Damaged, Incompatible, Part, stitch
from videogen.render.survey import survey
from videogen.render.tally import Tally
from videogen.render.wording import Wording
from videogen.render.workshop import Workshop
from videogen.segments import Entry, Segments

log = structlog.get_logger()

MENDS = 3
"""How often a segment may be damaged in the making of one video before the store is called broken."""
PINNINGS = 5
PATIENCE_S = 60.0
"""So long at least, and three times its estimate, another may take for a segment; then it is taken for frozen."""


@dataclass
class Done:
    """What a plan came to: the video, its proof, and what it took."""

    video: Path
    sha256: str
    proof: Proof
    seconds: dict[str, float] = field(default_factory=dict)
    segments: dict[str, str] = field(default_factory=dict)
    """What became of each segment: `encoded` or `reused`."""
    pieces: tuple[Stretch, ...] = ()
    """Where each frame of the picture was copied from, in order."""
    frames_encoded: int = 0
    damaged: int = 0
    fallback: str = ""
    """Why everything was encoded in one piece; empty where it was not."""
    peak_dbfs: float | None = None
    """The highest sample of the encoded sound; None where there is no sound."""
    quality: Quality | None = None
    """What the gate measured; None where no gate was asked."""
    gaps: tuple[Range, ...] = ()
    """Frames that could not be encoded and are black, where that was allowed."""


@dataclass(frozen=True)
class Tools:
    """What all videos of a node are made with. `is_permissive`: a stretch that cannot be encoded is left black."""

    ffmpeg: FFmpeg
    store: Segments
    is_permissive: bool = False
    device: Device = field(default_factory=Device)
    limits: Limits = field(default_factory=Limits)
    machine: Needs = field(default_factory=Needs)
    """What runs side by side on this machine, all in all."""


class UnjoinableError(InputError):
    """Segments made by one profile still differ after they were made again."""

    def __init__(self, because: str) -> None:
        super().__init__(because, remedy="The video is encoded in one piece.")
        self.because = because


class Video:
    """One video in the making; its steps run in threads."""

    def __init__(
        self, tools: Tools, plan: Plan, shop: Workshop, tell: Callable[[Progress], None], *, fallback: str = ""
    ) -> None:
        self._store = tools.store
        self._is_permissive = tools.is_permissive
        self._limits = tools.limits
        self._sources = Sources(tools.ffmpeg, shop.media, shop.file_of, shop.scratch)
        self._plan = plan
        self._shop = shop
        self._fallback = fallback
        self._black: dict[str, Segment] = {}
        self._progress = Tally(plan, tell)
        self._lock = Lock()
        self._entries: dict[str, Entry] = {}
        self._segments: dict[str, str] = {}
        self._frames_encoded = 0
        self._damaged = 0
        self._awaited: dict[str, float] = {}
        self._encodes = Encodes(tools.ffmpeg, plan, shop, tools.device)
        self._batches = Batches(plan, shop, tools.store, tools.machine)
        self._mixing = Mixing(plan, shop, self._encodes.run)
        self._pieces: tuple[Stretch, ...] = ()
        self._origins: list[Origin] = []
        self._proof: Proof | None = None
        self._quality: Quality | None = None

    # -- steps ---------------------------------------------------------------------------------------------------------

    def do(self, step: Step, halt: Event) -> None:
        """Do one step, whatever of it was done before."""
        match step.kind:
            case "encode":
                self._encode(self._plan.by_key[str(step.segment)], halt)
            case "bridge":
                self._bridge(step, halt)
            case "sound":
                self._mixing.make(step, halt)
            case "stitch":
                self._stitch(halt)
            case "check":
                self._check()

    def done(self, seconds: Mapping[str, float]) -> Done:
        """Say what came of it, once every step is done. The bytes are synced while they are hashed."""
        if self._proof is None:
            raise Defect("the plan makes no proven video", remedy="Report it with the task.")
        syncing = Thread(target=durable.sync_file, args=(self._final,))
        syncing.start()
        sha256 = durable.digest(self._final)
        syncing.join()
        self._progress.finish()
        return Done(
            video=self._final,
            sha256=sha256,
            proof=self._proof,
            seconds=dict(seconds),
            segments=dict(self._segments),
            pieces=self._pieces,
            frames_encoded=self._frames_encoded,
            damaged=self._damaged,
            fallback=self._fallback,
            peak_dbfs=heard.peak_dbfs if (heard := self._mixing.heard) else None,
            quality=self._quality,
            gaps=tuple(piece.at for piece in self._plan.pieces if piece.segment in self._black),
        )

    @property
    def _final(self) -> Path:
        return self._shop.scratch / "final.mp4"

    def _check(self) -> None:
        sizes = [size for one in self._origins for size in one.note.sizes[one.frames.start : one.frames.end]]
        joins, wording = [piece.at.start for piece in self._pieces], Wording.of(self._shop.timeline)
        self._proof = check(self._final, self._plan, joins, sizes, wording)
        judge = Judge(self._plan, self._shop, self._sources, self._limits, self._store)
        self._quality = judge.judged(self._final, self._origins, self._mixing.heard)

    def _encode(self, segment: Segment, halt: Event) -> None:
        try:
            self.ensure(segment, halt)
        except (InputError, Defect) as error:
            if not self._is_permissive:
                raise
            log.warning("Leaving a stretch black", shows=segment.title, because=error.message)
            self._black[segment.name.key] = black(segment, self._plan.profile)

    def _bridge(self, step: Step, halt: Event) -> None:
        piece = self._plan.pieces[int(step.piece or 0)]
        if piece.segment in self._black:
            return
        segment = self._plan.by_key[piece.segment]
        note = self.ensure(segment, halt).note
        for end in ends_of(cut(note.structure, piece.use)):
            self.ensure(bridge(segment, end, self._shop.media, self._plan.profile), halt)

    def _stitch(self, halt: Event) -> None:
        mended = Counter[str]()
        names: tuple[Name, ...]
        while max(mended.values(), default=0) < MENDS:
            parts = self._parts(halt)
            self._pieces = _pieces(parts, self._plan)
            try:
                self._write(parts, halt)
                return
            except Damaged as trouble:
                names, because = (trouble.name,), trouble.because
            except Incompatible as trouble:
                names, because = trouble.names, trouble.because
                if all(self._segments.get(name.key) == "encoded" for name in names):
                    # Those just made are right; if most of the others are not, it is they that are made again.
                    notes = (part.note for part in parts)
                    others = {one.name.key: one.name for one in notes if self._segments.get(one.name.key) != "encoded"}
                    if not others:
                        raise UnjoinableError(because) from trouble
                    names = tuple(others.values())
            for name in names:
                self._forget(name, because)
            mended.update(name.key for name in names)
        raise Defect(
            f"a segment was damaged {MENDS} times while one video was stitched",
            remedy="Check the disk; `videogen cache verify` reads every segment.",
            code="store-broken",
        )

    def _write(self, parts: Sequence[Part], halt: Event) -> None:
        unfinished = self._shop.scratch / ".final.part"
        durable.remove(unfinished)
        sound = self._mixing.sounding(halt) if self._plan.samples else None
        try:
            stitch(parts, sound, unfinished, self._plan.profile, Wording.of(self._shop.timeline))
        finally:
            if sound:
                sound.close()
        durable.move(unfinished, self._final)

    def _parts(self, halt: Event) -> list[Part]:
        """Give the packets of the video, in order; whatever is missing by now is made."""
        parts: list[Part] = []
        self._origins = []
        for piece in self._plan.pieces:
            segment = self._black.get(piece.segment) or self._plan.by_key[piece.segment]
            entry = self.ensure(segment, halt)
            how = cut(entry.note.structure, piece.use)
            for span in (how.head, how.copied, how.tail):
                if span is None:
                    continue
                if span is how.copied:
                    parts.append(Part(entry.note, entry.path, span))
                    self._origins.append(Origin(entry.note, span))
                else:
                    end = self.ensure(bridge(segment, span, self._shop.media, self._plan.profile), halt)
                    parts.append(Part(end.note, end.path, Range(start=0, end=span.length)))
                    self._origins.append(Origin(end.note, parts[-1].frames, entry.note, span.start))
        return parts

    def _forget(self, name: Name, because: str) -> None:
        self._damaged += 1
        self._store.drop(name, because)
        entry = self._entries.pop(name.key, None)
        if entry is not None and entry.path.is_relative_to(self._shop.pins):
            durable.remove(entry.path)
        self._segments.pop(name.key, None)

    # -- segments ------------------------------------------------------------------------------------------------------

    def ensure(self, segment: Segment, halt: Event) -> Entry:
        """Have a segment pinned: from the store, or encoded now.

        Raises: Busy: another process is encoding it, or the device has no session free.
        """
        key = segment.name.key
        with self._lock:
            if key in self._entries:
                return self._entries[key]
        for _ in range(PINNINGS):
            entry = self._store.pin(segment.name, self._shop.pins) or self._encoded(segment, halt)
            if entry is not None and (entry := self._known(entry, segment)) is not None:
                with self._lock:
                    self._entries[key] = entry
                    self._segments.setdefault(key, "reused")
                return entry
        raise Defect(
            "a fresh segment was evicted before it was used",
            remedy="Raise segments.max_gb: it holds less than one video needs.",
            code="store-too-small",
        )

    def _known(self, entry: Entry, segment: Segment) -> Entry | None:
        """Give an entry with its look: one older than the gate is decoded now, once.

        None: it cannot be decoded, and is gone.
        """
        if entry.note.look is not None:
            return entry
        try:
            look = look_into(entry.path)
        except UndecodableError as error:
            self._forget(segment.name, f"it cannot be decoded near its frame {error.frame} ({error.said})")
            return None
        note = self._noted(entry.note.model_copy(update={"look": look, "is_decoded": True}), segment)
        self._store.amend(note)
        return Entry(note, entry.path)

    def _noted(self, note: Note, segment: Segment) -> Note:
        """Ask the sources about what looks like a defect in a segment, and write down what they are."""
        if note.look is None:
            return note
        look = self._sources.asked(note.look, segment.timeline, self._limits.flash_levels)
        return note.model_copy(update={"look": look})

    def _encoded(self, segment: Segment, halt: Event) -> Entry | None:
        name = segment.name
        with self._store.making(name) as is_ours:
            if self._batches.holds(segment) or not (is_ours or self._is_overdue(segment)):
                raise Busy
            entry = self._store.pin(name, self._shop.pins)
            if entry is not None:
                return entry
            with self._batches.around(segment, self._is_here) as batch:
                try:
                    self._make(batch, halt)
                except (InputError, Defect, TemporaryError) as error:
                    if len(batch) == 1 or isinstance(error, Stopped | NoSpace):
                        raise
                    log.warning("Making segments one by one", together=len(batch), because=error.message)
                    self._batches.break_up(batch)
                    if not self._is_here(segment):
                        self._make((segment,), halt)
            return self._store.pin(name, self._shop.pins)

    def _is_here(self, segment: Segment) -> bool:
        with self._lock:
            if segment.name.key in self._entries:
                return True
        return self._store.find(segment.name) is not None

    def _make(self, batch: Run, halt: Event) -> None:
        """Have segments encoded in one go, and each proven and published by itself; the first is whose step this is."""
        began = time.monotonic()
        made = self._encodes.make(batch, halt, self._progress.follow(batch[0].name.key))
        for segment, path in zip(batch, made, strict=True):
            note = self._noted(survey(path, segment, self._plan.profile), segment)
            self._store.publish(path, note)
            with self._lock:
                self._segments[segment.name.key] = "encoded"
                self._frames_encoded += segment.frames
            self._batches.made(segment)
        frames = sum(one.frames for one in batch)
        keys = [one.name.key[:12] for one in batch]
        log.debug("Encoded", keys=keys, frames=frames, seconds=round(time.monotonic() - began, 2))

    def _is_overdue(self, segment: Segment) -> bool:
        """Whether another has been making a segment for so long that it may be frozen; made twice, it is kept once."""
        with self._lock:
            since = self._awaited.setdefault(segment.name.key, time.monotonic())
        return time.monotonic() - since > max(PATIENCE_S, 3 * segment.cost_s)


def _pieces(parts: Sequence[Part], plan: Plan) -> tuple[Stretch, ...]:
    """Say of each part where it is seen, and of which segment."""
    ends = accumulate(part.frames.length for part in parts)
    return tuple(
        Stretch(
            at=Range(start=end - part.frames.length, end=end),
            key=part.note.name.key,
            look=part.note.name.look,
            use=part.frames,
            frames=part.note.frames,
            is_bridge=part.note.name.key not in plan.by_key,
        )
        for part, end in zip(parts, ends, strict=True)
    )
