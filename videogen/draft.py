"""A quick look at a video: the same timeline, the same length, the same sound, on a canvas of 240 lines.

What is encoded for it lies in a store of its own beside the output and goes with it: a draft is seldom made twice, and
what it would put into the library's store would push out pieces of real videos that took a hundred times as long.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from threading import Event

import structlog

from videogen import durable
from videogen.desk import Desk, Tell, expect_free, scratch_beside, written_at
from videogen.errors import Defect, MissingInput, RecipeError
from videogen.model.manifest import Manifest
from videogen.model.media import Media
from videogen.model.profile import Encoder
from videogen.model.style import Shift
from videogen.model.task import Task
from videogen.model.timebase import Range, frames_of, rounded
from videogen.model.timeline import Canvas, ImageOverlay, Overlay, SoundTrack, TextOverlay, Timeline, VideoOverlay
from videogen.plan import Plan, compile_plan
from videogen.plan.slices import next_cut, slice_of
from videogen.render import Bench, Device, Done, Executor, Maker, Workshop, compile_task
from videogen.render.inputs import TaskFiles
from videogen.segments import Segments
from videogen.spool import Spool, read_task

log = structlog.get_logger()

LINES = 240
"""Of the shorter side: enough to see what is shown, and its encode costs less than decoding its clips."""
ENCODER = Encoder(preset="ultrafast", quality=30)

HURRY = ("-skip_frame", "noref", "-skip_loop_filter", "noref")
"""Pictures that no other refers to are not decoded, every second or third as cameras and encoders write them."""
CAREFUL = "bicubic+accurate_rnd+bitexact"
MOVING = re.compile(r"#(clip|film)\d")

FileOf = Callable[[str], Path]


@dataclass(frozen=True)
class Subject:
    """What is looked at: its name, where it was found, what it shows, and what of it is gone by now."""

    name: str
    where: str
    timeline: Timeline
    media: Mapping[str, Media]
    file_of: FileOf
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """A draft that was made. Units: frames; pixels."""

    output: Path
    where: str
    frames: int
    of_frames: int
    width: int
    height: int
    lacks: tuple[str, ...]


class Drafts:
    """Makes drafts of tasks in any room, and of descriptions."""

    def __init__(self, spool: Spool, bench: Bench, desk: Desk, logo: Path, stop: Event) -> None:
        self._spool = spool
        self._bench = replace(bench, encoder=ENCODER, device=Device())
        self._desk = desk
        self._logo = logo
        self._stop = stop

    def make(self, what: str, out: Path | None, tell: Tell, *, seconds: float = 0.0, is_forced: bool = False) -> Draft:
        """Make a draft of a task, by its id or the beginning of it, or of a description; of its start, where told.

        Units: seconds; 0 is all of it. Without `out` it lies in the working folder, in place of an earlier one.
        Raises: MissingInput: there is no such task. InputError: it cannot become a video. What the making raises.
        """
        file = written_at(what)
        folder = None if file else find(self._spool, what)
        given = out or Path(f"{_called(file) if file else Path(folder or what).name[:8]}.preview.mp4")
        expect_free(given, (".mp4", ".m4v"), is_forced=is_forced or out is None)
        with scratch_beside(given) as scratch:
            subject = self._of_file(file, scratch) if file else self._of_task(folder or Path(what), scratch)
            timeline = small(started(subject.timeline, seconds), subject.media, subject.file_of)
            done = self._made(replace(subject, timeline=timeline), scratch, tell)
            durable.move(done.video, given)
        canvas = timeline.canvas
        length = subject.timeline.length
        return Draft(given, subject.where, done.proof.frames, length, canvas.width, canvas.height, subject.lacks)

    def _of_file(self, file: Path, scratch: Path) -> Subject:
        order, material = self._desk.order_of(file, scratch)
        return Subject(_called(file), str(file), order.timeline, order.media, material.file_of)

    def _of_task(self, folder: Path, scratch: Path) -> Subject:
        """Read a task, with its logo brought near: a task that runs may be gone at any moment."""
        try:
            task = _task_in(folder)
        except FileNotFoundError as error:
            raise MissingInput(
                f"{folder.name} has just gone", remedy="Ask again: it lies in another room now."
            ) from error
        kept, lacks = self._logo_of(task, folder, scratch)
        if lacks:
            inputs = task.inputs.model_copy(update={"logo": None})
            task = task.model_copy(update={"inputs": inputs})
        order = compile_task(self._spool.root, task, self._bench)
        where = str(folder.relative_to(self._spool.root) if folder.is_relative_to(self._spool.root) else folder)
        files = TaskFiles(self._spool.root, kept, task)
        return Subject(task.task_id, where, order.timeline, order.media, files.path, lacks)

    def _logo_of(self, task: Task, folder: Path, scratch: Path) -> tuple[Path, tuple[str, ...]]:
        """Give the folder that holds the task's logo from now on, or that it is gone: output/ keeps none."""
        wanted = task.inputs.logo
        for path in (folder / "logo.png", self._logo):
            if wanted is None:
                break
            try:
                durable.copy(path, scratch / "logo.png")
                if durable.digest(scratch / "logo.png") == wanted.sha256:
                    return scratch, ()
                durable.remove(scratch / "logo.png")
            except FileNotFoundError:
                continue
        return scratch, ("logo",) if wanted else ()

    def _made(self, subject: Subject, scratch: Path, tell: Tell) -> Done:
        """Make it in a hurry; where a clip does not bear that, with every picture of it."""
        canvas = subject.timeline.canvas
        plan = compile_plan(
            subject.timeline, subject.media, self._bench.profile(canvas), segment_s=self._bench.cut_s(canvas)
        )
        try:
            return self._run(hurried(plan), subject, scratch, tell)
        except Defect as error:
            log.info("Making the draft of every picture", because=error.message)
            return self._run(plan, subject, scratch, tell)

    def _run(self, plan: Plan, subject: Subject, scratch: Path, tell: Tell) -> Done:
        shop = Workshop(
            timeline=subject.timeline,
            media=subject.media,
            file_of=subject.file_of,
            scratch=scratch,
            pins=scratch / "pins",
            log=scratch / "stderr.log",
        )
        executor = Executor(self._bench.capacity(scratch), self._stop)
        store = Segments(scratch / "segments", max_bytes=sys.maxsize)
        return Maker(self._bench.ffmpeg(plan.cost_s), store, executor).make(plan, shop, tell)


def _called(file: Path) -> str:
    return file.absolute().name if file.is_dir() else file.stem


def hurried(plan: Plan) -> Plan:
    """Give a plan whose clips are decoded without the pictures that no other needs, and scaled without care.

    The frames are as many, and change where they did: a picture left out is the one before it, held a moment longer.
    Source: six clips of 3840x2160, 50 s: 36 s of processor time instead of 64.
    """
    segments = tuple(one.model_copy(update={"argv": tuple(_hurried(one.argv))}) for one in plan.segments)
    return plan.model_copy(update={"segments": segments})


def _hurried(argv: Sequence[str]) -> Iterator[str]:
    for word, following in zip(argv, (*argv[1:], ""), strict=True):
        if word == "-i" and MOVING.search(following):
            yield from HURRY
        yield word.replace(CAREFUL, "fast_bilinear")


def find(spool: Spool, wanted: str) -> Path:
    """Give the folder of a task, waiting, running, failed or published. Raises: MissingInput: none, or several."""
    given = Path(wanted)
    if (given / "metadata.json").is_file() or (given / "manifest.json").is_file():
        return given.absolute()
    rooms = (spool.tasks, spool.processing, spool.output, spool.failed)
    # A task that moves on while it is looked for is found twice, and is one.
    found = {
        path.name: path
        for room in rooms
        for path in room.glob("*")
        if wanted and path.name.startswith(wanted) and path.is_dir() and not path.name.startswith(".")
    }
    if len(found) == 1:
        return next(iter(found.values()))
    trouble = "no task" if not found else f"{len(found)} tasks"
    raise MissingInput(
        f"{trouble} in {spool.root} begin with {wanted!r}, and it is no description",
        remedy="`ls tasks processing output trash/failed` shows their ids.",
    )


def _task_in(folder: Path) -> Task:
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return read_task(folder)
    try:
        return Manifest.model_validate_json(durable.read(manifest)).task
    except ValueError as error:
        raise MissingInput(f"{manifest} is no manifest", remedy="`videogen fsck` says what is torn.") from error


def started(timeline: Timeline, seconds: float) -> Timeline:
    """Give the beginning of a timeline; a transition or a fade under way at its end is let come to its own end.

    Units: seconds; 0 is all of it.
    Raises: RecipeError: less than nothing was asked for.
    """
    if seconds < 0:
        raise RecipeError(f"--seconds is {seconds:g}", remedy="Give how much of the beginning to make.")
    wanted = frames_of(Fraction(str(seconds)), timeline.canvas.fps)
    end = next_cut(timeline, max(1, wanted)) if seconds else timeline.length
    if end >= timeline.length:
        return timeline
    seen = slice_of(timeline, Range(start=0, end=end))
    heard = [nth for nth, sound in enumerate(timeline.sounds) if sound.at is None or sound.at.start < end]
    sounds = tuple(_heard(timeline.sounds[nth], end, heard) for nth in heard)
    return seen.model_copy(update={"sounds": sounds, "is_mute": timeline.is_mute})


def _heard(sound: SoundTrack, end: int, kept: list[int]) -> SoundTrack:
    """Cut a sound where the draft ends; what ducked it is found at its new place."""
    at = sound.at and Range(start=sound.at.start, end=min(end, sound.at.end))
    length = at.length if at else end
    is_cut = sound.at is None or sound.at.end > end
    return sound.model_copy(
        update={
            "at": at,
            "fade_in": min(sound.fade_in, length),
            "fade_out": 0 if is_cut else sound.fade_out,
            "ducked_by": kept.index(sound.ducked_by) if sound.ducked_by in kept else None,
        }
    )


def small(timeline: Timeline, media: Mapping[str, Media], file_of: FileOf) -> Timeline:
    """Give a timeline on a canvas of LINES lines, all that lies above the base track scaled with it; never larger."""
    canvas = timeline.canvas
    scale = Fraction(LINES, min(canvas.width, canvas.height))
    if scale >= 1:
        return timeline
    sides = {"width": _even(canvas.width * scale), "height": _even(canvas.height * scale)}
    overlays = tuple(_smaller(one, scale, media, file_of) for one in timeline.overlays)
    return timeline.model_copy(update={"canvas": Canvas.model_validate(dict(canvas) | sides), "overlays": overlays})


def _smaller(overlay: Overlay, scale: Fraction, media: Mapping[str, Media], file_of: FileOf) -> Overlay:
    if isinstance(overlay, TextOverlay):  # words are pictures by now; were they not, the compiler would say so
        return overlay
    if isinstance(overlay, ImageOverlay):
        own = png_size(file_of(overlay.asset))
    else:
        picture = media[overlay.asset].picture
        own = picture.display_size if picture else (2, 2)
    width, height = overlay.width or own[0], overlay.height or own[1]
    size = _even if isinstance(overlay, VideoOverlay) else lambda side: max(1, rounded(side))
    changed: dict[str, object] = {"x": rounded(overlay.x * scale), "y": rounded(overlay.y * scale)}
    changed |= {"enter": _nearer(overlay.enter, scale), "leave": _nearer(overlay.leave, scale)}
    if not (isinstance(overlay, VideoOverlay) and overlay.is_covering and overlay.width is None):
        changed |= {"width": size(width * scale), "height": size(height * scale)}
    return overlay.model_copy(update=changed)


def _nearer(way: Shift | None, scale: Fraction) -> Shift | None:
    return Shift(dx=rounded(way.dx * scale), dy=rounded(way.dy * scale)) if way else None


def _even(side: Fraction) -> int:
    return max(2, int(side) // 2 * 2)


def png_size(path: Path) -> tuple[int, int]:
    """Give a PNG's width and height in pixels. Source: ISO 15948, 11.2.2: IHDR comes first, at byte 8."""
    with path.open("rb") as file:
        head = file.read(24)
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
