"""Work that a person asks for by hand: a timeline to render, a source to encode. No task, no room, one file out."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from threading import Event
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from videogen import durable
from videogen.command.audio import AudioCommand
from videogen.command.chunks import CHUNK_S, chunks
from videogen.command.subtitle import Language, SubtitleCommand
from videogen.cutting import Cutting, Material
from videogen.errors import MediaError, RecipeError
from videogen.ffmpeg import Progress
from videogen.model.media import Media
from videogen.model.profile import Encoder, Preset
from videogen.model.timebase import Range, frames_of, rounded
from videogen.model.timeline import Canvas, Clip, SoundTrack, Timeline
from videogen.model.value import Value
from videogen.plan import compile_plan
from videogen.plan.pieces import clip_length
from videogen.probe import Prober
from videogen.render import Bench, Done, Executor, Maker, Order, Proof, Workshop
from videogen.segments import Segments

Tell = Callable[[Progress], None]
CHUNKS_EACH = 3
"""Chunks for each worker, where the source is long enough: the last ones end together."""
SHORTEST_CHUNK_S = 10
RATE_MOST = 240
SIDE_MOST = 8192


class EncodeOptions(Value):
    """What `videogen encode` may be told. Units: seconds; 0 is chosen by the source and the machine."""

    codec: Literal["libx264", "libx265"] = "libx264"
    crf: Annotated[int, Field(ge=0, le=51)] = 23
    preset: Preset = "medium"
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    chunk_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    audio_kbps: Annotated[int, Field(ge=32, le=512)] = 192
    is_permissive: bool = False
    subtitles: Path | None = None
    language: Language = "und"

    @classmethod
    def of(cls, **words: object) -> "EncodeOptions":
        """Check what a person said. Raises: RecipeError: which option is wrong, and what it may be."""
        try:
            return cls.model_validate(words)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]).removesuffix("_s").removeprefix("is_")
            raise RecipeError(
                f"--{name} is {first.get('input')!r}: {first['msg']}", remedy="See `videogen encode --help`."
            ) from error


@dataclass
class Rendered(Done):
    """The video of a description. `warnings`: what was done without or otherwise; `texts`: the files beside it."""

    warnings: tuple[str, ...] = ()
    texts: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Changes:
    """What a person wants otherwise than a description has it.

    `words`: by key; `recipe`: the only one it may be of; `seed`: what chance goes by; `scratch`: the folder for
    unfinished work, None: beside the output.
    """

    words: Mapping[str, Any] = field(default_factory=dict)
    recipe: str | None = None
    seed: int = 0
    scratch: Path | None = None


class Desk:
    """One machine's hands on files that are in no room."""

    def __init__(self, bench: Bench, prober: Prober, cutting: Cutting, store: Segments | None, stop: Event) -> None:
        self._bench = bench
        self._prober = prober
        self._cutting = cutting
        self._store = store
        self._stop = stop

    # -- timelines -----------------------------------------------------------------------------------------------------

    def order_of(self, file: Path, scratch: Path, changes: Changes | None = None) -> tuple[Order, Material]:
        """Read a description, or a folder with one, and compile it, with what a person wants otherwise.

        Starts no encode. Raises: InputError: it cannot become a video.
        """
        changed = changes or Changes()
        material = self._cutting.read(
            file, scratch, is_by_hand=True, recipe=changed.recipe, seed=changed.seed, changes=changed.words
        )
        bench, canvas = self._bench.asked_by(material), material.timeline.canvas
        plan = compile_plan(material.timeline, material.media, bench.profile(canvas), segment_s=bench.cut_s(canvas))
        return Order(material.timeline, material.media, plan, warnings=material.warnings), material

    def render(
        self, file: Path, out: Path, tell: Tell, *, is_forced: bool = False, changes: Changes | None = None
    ) -> Rendered:
        """Make the video of a description, and beside it its captions, chapters and tracklist where it has any.

        `out` is whole, or is not there; the texts are named as it is, and come after it.
        Raises: InputError: the description or what it names is wrong. What the making raises.
        """
        expect_free(out, (".mp4", ".m4v"), is_forced=is_forced)
        with scratch_beside(out, within=changes.scratch if changes else None) as scratch:
            order, material = self.order_of(file, scratch, changes)
            texts = {beside(out, name): text for name, text in material.texts().items()}
            for path in texts:
                expect_free(path, (path.suffix,), is_forced=is_forced)
            shop = self._shop(order, material, scratch)
            executor = Executor(self._bench.capacity(scratch), self._stop)
            store = self._store or Segments(scratch / "segments", max_bytes=sys.maxsize)
            done = Maker(self._bench.ffmpeg(order.plan.cost_s), store, executor, device=self._bench.device).make(
                order.plan, shop, tell
            )
            _bring(done.video, out)
            for path, text in texts.items():
                durable.write(path, text)
        return Rendered(**{**vars(done), "video": out}, warnings=material.warnings, texts=tuple(texts))

    # -- sources -------------------------------------------------------------------------------------------------------

    def encode(self, source: Path, out: Path, options: EncodeOptions, tell: Tell, *, is_forced: bool = False) -> Done:
        """Encode a source anew, in chunks side by side: the same frames, the same length of sound.

        Raises: InputError: the source cannot be encoded. What the making raises.
        """
        expect_free(out, (".mp4", ".m4v", ".m4a"), is_forced=is_forced)
        if not source.is_file():
            raise MediaError(f"{source} is no file", remedy="Give the path of a video or a sound.")
        if out.exists() and out.samefile(source):
            raise RecipeError(f"{out} is the source itself", remedy="Give another name.")
        media = self._prober.probe(source, "source")
        with scratch_beside(out) as scratch:
            if out.suffix.lower() == ".m4a":
                done = self._sound_alone(source, media, scratch, options)
            else:
                done = self._encoded(source, media, scratch, options, tell)
            durable.move(done.video, out)
        return replace(done, video=out)

    def _encoded(self, source: Path, media: Media, scratch: Path, options: EncodeOptions, tell: Tell) -> Done:
        bench = self._encoding(options)
        order, material = encoding(source, media, bench, options)
        shop = self._shop(order, material, scratch)
        executor = Executor(bench.capacity(scratch), self._stop, retries=options.retries)
        # A store of its own: a source is seldom encoded twice, and a library's clips must not make room for it.
        maker = Maker(
            bench.ffmpeg(order.plan.cost_s),
            Segments(scratch / "segments", max_bytes=sys.maxsize),
            executor,
            is_permissive=options.is_permissive,
            device=bench.device,
        )
        done = maker.make(order.plan, shop, tell)
        return self._subtitled(done, options, scratch) if options.subtitles else done

    def _sound_alone(self, source: Path, media: Media, scratch: Path, options: EncodeOptions) -> Done:
        if media.sound is None:
            raise MediaError(f"{source.name} has no sound", remedy="Give the output the name of a video: OUT.mp4.")
        made = scratch / "sound.m4a"
        command = AudioCommand(id="sound", input=source.absolute(), output=made, bitrate_kbps=options.audio_kbps)
        command.run(self._bench.ffmpeg(600), log=scratch / "stderr.log", stop=self._stop)
        heard = self._prober.probe(made, "source").sound
        return Done(made, durable.digest(made), Proof(0, heard.samples if heard else 0))

    def _subtitled(self, done: Done, options: EncodeOptions, scratch: Path) -> Done:
        made = scratch / "subtitled.mp4"
        command = SubtitleCommand(
            id="subtitle",
            input=done.video,
            subtitle=Path(str(options.subtitles)).absolute(),
            output=made,
            language=options.language,
        )
        command.run(self._bench.ffmpeg(600), log=scratch / "stderr.log", stop=self._stop)
        return replace(done, video=made, sha256=durable.digest(made))

    def _encoding(self, options: EncodeOptions) -> Bench:
        encoder = Encoder(name=options.codec, preset=options.preset, quality=options.crf, threads=options.threads)
        return replace(self._bench, encoder=encoder, audio_kbps=options.audio_kbps, encodes=options.workers)

    # -- both ----------------------------------------------------------------------------------------------------------

    def _shop(self, order: Order, material: Material, scratch: Path) -> Workshop:
        return Workshop(
            timeline=order.timeline,
            media=order.media,
            file_of=material.file_of,
            scratch=scratch,
            pins=scratch / "pins",
            log=scratch / "stderr.log",
            chosen={content: path.name for content, path in material.files.items()},
        )


def encoding(source: Path, media: Media, bench: Bench, options: EncodeOptions) -> tuple[Order, Material]:
    """Describe the encode of a source as a timeline of its own size and rate, cut at chapters or at chunks.

    Raises: MediaError: it has neither picture nor sound.
    """
    content = durable.digest(source)
    canvas = _canvas(media)
    length = clip_length(media, canvas.fps)
    sounds = (_in_step(content, media, canvas.fps, length),) if media.sound else ()
    timeline = Timeline(
        canvas=canvas,
        picture=(Clip(asset=content, source=Range(start=0, end=length)),),
        sounds=sounds,
        is_mute=not sounds,
    )
    known = {content: media}
    plan = compile_plan(
        timeline,
        known,
        bench.profile(canvas),
        segment_s=bench.cut_s(canvas),
        grids={content: _grid(media, canvas.fps, bench, options)},
    )
    return Order(timeline, known, plan), Material(timeline, known, {content: source.absolute()})


def _in_step(content: str, media: Media, fps: Fraction, length: int) -> SoundTrack:
    """Give the sound its place beside the picture, to the frame: a source may begin with one of them alone."""
    picture, sound = media.picture, media.sound
    if picture is None or sound is None or picture.start_s is None or sound.start_s is None:
        return SoundTrack(asset=content)
    late = rounded((sound.start_s - picture.start_s) * fps)
    if late <= 0:
        return SoundTrack(asset=content, start=-late)
    return SoundTrack(asset=content, at=Range(start=min(late, length - 1), end=length))


def _canvas(media: Media) -> Canvas:
    """Give the canvas a source fills: its displayed size made even, its own rate."""
    picture, sound = media.picture, media.sound
    if picture is None:
        raise MediaError("the source has no picture", remedy="Give the output the name of a sound: OUT.m4a.")
    width, height = picture.display_size
    if max(width, height) > SIDE_MOST:
        raise MediaError(f"the source is shown at {width}x{height}", remedy="Convert it to a smaller picture first.")
    rate = sound.sample_rate if sound and sound.sample_rate in {32000, 44100, 48000} else 48000
    return Canvas(
        width=max(16, width + width % 2),
        height=max(16, height + height % 2),
        fps=_simple(picture.rate),
        sample_rate=rate,
        channels=1 if sound and sound.channels == 1 else 2,
    )


def _simple(rate: Fraction) -> Fraction:
    """Give a rate a container can count in: a mean of varying gaps becomes the next whole rate above it."""
    if (rate.numerator <= 10_000_000 and rate.denominator in {1, 1001}) or rate.denominator <= 100:
        return min(rate, Fraction(RATE_MOST)) if rate >= 1 else Fraction(1)
    return Fraction(max(1, rounded(rate + Fraction(1, 2))))


def _grid(media: Media, fps: Fraction, bench: Bench, options: EncodeOptions) -> tuple[Range, ...]:
    frames = clip_length(media, fps)
    workers = options.workers or len(os.sched_getaffinity(0))
    chunk_s = Fraction(str(options.chunk_s)) if options.chunk_s else CHUNK_S
    if not options.chunk_s and workers > 1:
        share = Fraction(frames) / fps / (CHUNKS_EACH * workers)
        chunk_s = min(CHUNK_S, max(Fraction(SHORTEST_CHUNK_S), share))
    cut = chunks(frames, fps, chapters=media.chapters, chunk_frames=max(1, frames_of(chunk_s, fps)))
    return tuple(chunk.span for chunk in cut)


def written_at(what: str) -> Path | None:
    """Give the description that a word names: a .json or .toml file, or a folder that is no task's; None: none."""
    path = Path(what)
    if path.suffix.lower() in {".json", ".toml"} and path.exists() and not path.is_dir():
        return path
    is_task = any((path / name).exists() for name in ("metadata.json", "manifest.json"))
    return path if what and path.is_dir() and not is_task else None


def beside(out: Path, name: str) -> Path:
    """Name a text beside a video: captions.srt beside trip.mp4 is trip.srt, chapters.txt is trip.chapters.txt."""
    stem, dot, suffix = name.rpartition(".")
    return out.with_name(f"{out.stem}{'' if stem == 'captions' else '.' + stem}{dot}{suffix}")


def expect_free(out: Path, suffixes: tuple[str, ...], *, is_forced: bool) -> None:
    """Prove that a file can be made there. Raises: RecipeError: another is there, or the name or folder is wrong."""
    if out.suffix.lower() not in suffixes:
        raise RecipeError(
            f"{out} cannot be written as {out.suffix or 'nothing'}", remedy=f"Name it {' or '.join(suffixes)}."
        )
    if not out.parent.is_dir():
        raise RecipeError(f"the folder {out.parent} is not there", remedy="Make it first.")
    if out.is_dir() or (os.path.lexists(out) and not is_forced):
        raise RecipeError(f"{out} is there already", remedy="Give another name, or --force.")


def _bring(made: Path, out: Path) -> None:
    """Put a finished file in its place, also where that is on another disk."""
    if made.stat().st_dev == out.absolute().parent.stat().st_dev:
        durable.move(made, out)
        return
    near = durable.temporary_in(out.absolute().parent)
    try:
        durable.copy(made, near)
        durable.move(near, out)
    finally:
        durable.remove(near)


@contextmanager
def scratch_beside(out: Path, *, within: Path | None = None) -> Iterator[Path]:
    """Give a folder on the same filesystem as `out`, or `within` another, gone afterwards however the block ends."""
    scratch = durable.temporary_in((within or out.parent).absolute())
    durable.make_folder(scratch)
    try:
        yield scratch
    finally:
        durable.remove_tree(scratch)
