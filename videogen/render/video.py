"""One video in the making: what each step of its plan does."""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from threading import Event, Lock, Thread

import structlog

from videogen import durable
from videogen.errors import Defect, InputError
from videogen.ffmpeg import LARGE_PAGES, FFmpeg, Progress
from videogen.model.manifest import Stretch
from videogen.model.quality import Limits, Quality
from videogen.model.segment import Name, Note, cut
from videogen.model.timebase import Range
from videogen.plan import Plan, Segment, Step, black, bridge, ends_of, placed
from videogen.plan.encode import on_device
from videogen.render.asking import Sources
from videogen.render.check import Proof, check
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
        self._ffmpeg = tools.ffmpeg
        self._store = tools.store
        self._is_permissive = tools.is_permissive
        self._device = tools.device
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
        self._mixing = Mixing(plan, shop, self._run)
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
            if not is_ours and not self._is_overdue(segment):
                raise Busy
            entry = self._store.pin(name, self._shop.pins)
            if entry is not None:
                return entry
            began = time.monotonic()
            made = self._made(segment, halt)
            note = self._store.publish(made, self._noted(survey(made, segment, self._plan.profile), segment))
            with self._lock:
                self._segments[name.key] = "encoded"
                self._frames_encoded += segment.frames
            log.debug("Encoded", key=name.key[:12], frames=note.frames, seconds=round(time.monotonic() - began, 2))
            return self._store.pin(name, self._shop.pins)

    def _is_overdue(self, segment: Segment) -> bool:
        """Whether another has been making a segment for so long that it may be frozen; made twice, it is kept once."""
        with self._lock:
            since = self._awaited.setdefault(segment.name.key, time.monotonic())
        return time.monotonic() - since > max(PATIENCE_S, 3 * segment.cost_s)

    def _made(self, segment: Segment, halt: Event) -> Path:
        """Encode a segment into the scratch folder, on the device that its profile takes."""
        key, encoder = segment.name.key, self._plan.profile.encoder
        made = self._shop.scratch / f"{key}.mp4"
        argv = on_device(segment.argv, encoder, self._device.name)
        with self._device.session(encoder) as is_free:
            if not is_free:
                raise Busy
            self._run(key, argv, made, halt, self._progress.follow(key), frames=segment.frames)
        return made

    def _run(
        self,
        name: str,
        argv: Sequence[str],
        target: Path,
        halt: Event,
        tell: Callable[[Progress], None] = lambda _: None,
        *,
        frames: int = 0,
    ) -> None:
        """Run one FFmpeg whose words go to a file of their own, and then to the video's."""
        durable.remove(target)
        contents = {word[6:].partition("#")[0] for word in argv if word.startswith("asset:")}
        assets = {content: f"file:{self._shop.file_of(content)}" for content in contents}
        words = self._shop.scratch / f"{name}.log"
        try:
            self._ffmpeg.run(
                [placed(argument, assets, {"out": f"file:{target}"}) for argument in argv],
                log=words,
                total=frames,
                on_progress=tell,
                stop=halt,
                env={**os.environ, **LARGE_PAGES} if frames else None,
            )
        finally:
            self._keep_words(words)

    def _keep_words(self, words: Path) -> None:
        if words.exists():
            with self._lock, self._shop.log.open("ab") as all_words:
                all_words.write(words.read_bytes())
            durable.remove(words)


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
