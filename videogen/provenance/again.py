"""A video made again, from its manifest and the library's files: the same bytes, where the tools are the same."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from videogen import durable
from videogen.catalog import logo_of, picture_of
from videogen.edit import story_timeline
from videogen.errors import InputError, MissingInput
from videogen.ffmpeg import Progress
from videogen.model.manifest import Ingredient, Manifest, ingredients
from videogen.model.media import Media
from videogen.model.task import Input
from videogen.model.timebase import parse_rate, parse_resolution
from videogen.model.timeline import Canvas
from videogen.plan import Plan, annotated, compile_plan, full_encode
from videogen.render import Bench, Device, Done, Executor, Maker, Order, Workshop, known_of
from videogen.render.inputs import TaskFiles, assets_of_task
from videogen.render.record import sound_key
from videogen.segments import Segments
from videogen.spool import Spool

SCRATCH = ".rebuild"
"""In processing/: what an earlier rebuild left there when it was killed goes at the next one's start."""


@dataclass(frozen=True)
class Rebuilt:
    """What came of it."""

    done: Done
    is_equal: bool
    """Whether every byte is what was published."""


class Again:
    """One manifest, and all that it takes to make its video again. Starts nothing before `make`.

    `logo` is the operator's of today, which may be the very one.
    """

    def __init__(self, spool: Spool, manifest: Manifest, bench: Bench, *, logo: Path, stop: Event) -> None:
        self._root = spool.root
        self._manifest = manifest
        self._bench = _as_it_was(bench, manifest)
        self._logo = logo
        self._stop = stop
        self._files = {one.sha256: (one, self._path(one)) for one in self._made_of()}

    def _made_of(self) -> tuple[Ingredient, ...]:
        return self._manifest.assets or ingredients(self._manifest.task, {})

    def _path(self, one: Ingredient) -> Path:
        if one.role == "picture":
            return picture_of(self._root, one.sha256)
        if one.role != "logo":
            return self._root / one.path
        kept = logo_of(self._root, one.sha256)
        return kept if kept.exists() or not self._logo.is_file() else self._logo

    # -- before ------------------------------------------------------------------------------------------------------

    def missing(self) -> list[str]:
        """Say of each file that the video was made of and that is not there, that it is not; none is read."""
        return [_gone(one, path) for one, path in self._files.values() if not path.is_file()]

    def order(self) -> Order:
        """Plan the video as it was planned. Raises: InputError: what is known of its files is not enough for a plan."""
        task, profile = self._manifest.task, self._manifest.profile
        width, height = parse_resolution(task.render.resolution)
        canvas = Canvas(width=width, height=height, fps=parse_rate(str(task.render.frame_rate)))
        canvas = profile.canvas if profile else canvas
        known = {one.sha256: one.media for one in self._manifest.assets if one.media is not None}
        # A manifest of version 1 does not tell what its plan went by; the side files may still.
        media: dict[str, Media] = known or {
            content: asset.media for content, asset in assets_of_task(self._root, task).items()
        }
        timeline = task.timeline or story_timeline(task.story(), media, canvas)
        bench = self._bench.asked_by(task)
        plan = compile_plan(timeline, media, bench.profile(canvas), segment_s=bench.cut_s(canvas))
        if self._manifest.fallback and len(self._manifest.segments) == 1:
            whole = full_encode(plan, timeline, media, self._manifest.fallback)
            plan = whole if set(whole.by_key) == set(self._manifest.segments) else plan
        return Order(timeline, media, plan)

    def differences(self, plan: Plan) -> list[str]:
        """Say what is not as it was then; empty: the bytes will be the same."""
        return list(self._differences(plan))

    def _differences(self, plan: Plan) -> Iterator[str]:
        then, now = self._manifest, plan.profile
        if now.toolchain != then.toolchain:
            yield f"it was made by FFmpeg {then.toolchain}, here is {now.toolchain}"
        if then.profile is None:
            if now.encoder.name != then.encoder:
                yield f"it was encoded by {then.encoder}, here by {now.encoder.name}"
            if not set(plan.by_key) <= set(then.segments):
                yield "its manifest is of version 1, which does not tell the settings; today's give other segments"
            return
        if now.encoder != then.profile.encoder:
            yield f"it was encoded by {then.encoder}, which this machine does not have; here by {now.encoder.name}"
        if now != then.profile:
            return
        if not set(plan.by_key) <= set(then.segments):
            yield f"videogen {then.videogen} planned other segments for it"
        if sound_key(plan) != then.sound_key:
            yield f"videogen {then.videogen} mixed its sound by another command"

    # -- doing -------------------------------------------------------------------------------------------------------

    def make(self, order: Order, scratch: Path, store: Segments | None, tell: Callable[[Progress], None]) -> Rebuilt:
        """Render it into `scratch`; without a store every segment is encoded.

        Raises: MissingInput: files are not there, or have other bytes: each is named. What the making raises.
        """
        store = store or Segments(scratch / "segments", max_bytes=sys.maxsize)
        order = replace(order, plan=annotated(order.plan, known_of(order, store), order.media))
        self._prove(order.wanted)
        shop = Workshop(
            timeline=order.timeline,
            media=order.media,
            file_of=self._file_of,
            scratch=scratch,
            pins=scratch / "pins",
            log=scratch / "stderr.log",
        )
        executor = Executor(self._bench.capacity(scratch), self._stop)
        maker = Maker(self._bench.ffmpeg(order.plan.cost_s), store, executor, device=self._bench.device)
        done = maker.make(order.plan, shop, tell)
        return Rebuilt(done, done.sha256 == self._manifest.sha256)

    def _file_of(self, content: str) -> Path:
        return self._files[content][1]

    def _prove(self, contents: tuple[str, ...]) -> None:
        """Read every file that the render will read, and say of all at once which are not what they were."""
        trouble = []
        for content in contents:
            one, path = self._files[content]
            try:
                TaskFiles.prove(Input(path=one.path, sha256=one.sha256), path)
            except MissingInput as error:
                trouble.append(error.message)
        if trouble:
            raise MissingInput(
                f"the video cannot be made again: {'; '.join(trouble)}",
                remedy="Bring these files back as they were; then it can.",
                code="input-changed",
            )


def _gone(one: Ingredient, path: Path) -> str:
    came = f" (dropped as {one.dropped_as})" if one.dropped_as else ""
    name = f"the logo {one.path}" if one.role == "logo" else one.path
    return f"{name}{came} is gone" if not path.exists() else f"{name}{came} is no file"


def _as_it_was(bench: Bench, manifest: Manifest) -> Bench:
    """Give this machine's bench with the settings of then; a device that is not here is not had."""
    profile = manifest.profile
    if profile is None:
        return bench.in_software() if manifest.encoder == "libx264" and bench.encoder.is_hardware else bench
    bench = replace(bench, audio_kbps=profile.audio_kbps, segment_s=manifest.segment_s or bench.segment_s)
    if profile.encoder.name == bench.encoder.name:
        return replace(bench, encoder=profile.encoder)
    if profile.encoder.is_hardware:
        return bench
    return replace(bench, encoder=profile.encoder, device=Device())


@contextmanager
def workplace(spool: Spool) -> Iterator[Path]:
    """Give the folder of the one rebuild of a root, empty; it is gone afterwards.

    Raises: SetupError: another rebuild is running.
    """
    with spool.holding("rebuild"):
        scratch = spool.processing / SCRATCH
        durable.remove_tree(scratch)
        durable.make_folder(scratch)
        try:
            yield scratch
        finally:
            durable.remove_tree(scratch)


def keep(rebuilt: Rebuilt, out: Path, spool: Spool) -> None:
    """Put a video that was made again where it was asked for; into output/ only what was published there.

    Raises: InputError: it is not that; nothing was written.
    """
    if out.absolute().resolve().is_relative_to(spool.output.resolve()) and not rebuilt.is_equal:
        raise InputError(
            f"{out} was not written: what was made again is not what was published",
            remedy="Give a name outside output/ to look at it.",
        )
    durable.move(rebuilt.done.video, out)
