"""Encodes the library ahead: what any video of the house would need of a clip, at the lowest priority.

Clips of the categories with the most voices come first. It stops within a second of being told to, and what was
finished by then stays.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from videogen import durable
from videogen.errors import InputError, MissingInput
from videogen.ffmpeg import Progress
from videogen.model.media import Asset
from videogen.model.profile import Profile
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Gap, ImageOverlay, Timeline
from videogen.plan import Segment, Step, costs, needs_of, warming
from videogen.render.bench import Bench
from videogen.render.executor import Executor
from videogen.render.maker import Maker
from videogen.render.workshop import Workshop
from videogen.segments import Segments

ROOM_SHARE = 0.9
"""Of the store's cap: the rest is for endings and transitions."""
Tell = Callable[[str, Progress], None]


@dataclass(frozen=True)
class House:
    """What lies over every frame of the videos to come: their canvas, and the logo where there is one."""

    canvas: Canvas
    logo: ImageOverlay | None = None
    logo_file: Path | None = None

    def like(self) -> Timeline:
        """Give a video of the house, as far as it is the same in all."""
        overlays = (self.logo.model_copy(update={"at": Range(start=0, end=1)}),) if self.logo else ()
        return Timeline(canvas=self.canvas, picture=(Gap(length=1),), overlays=overlays, is_mute=True)


@dataclass(frozen=True)
class Warmed:
    """What came of it. Units: segments, frames."""

    encoded: int
    frames: int
    refused: tuple[str, ...] = ()


class Warmer:
    """One node's idle time. `scratch` is a folder that no other process uses."""

    def __init__(self, root: Path, store: Segments, bench: Bench, house: House, scratch: Path) -> None:
        self._root = root
        self._scratch = scratch
        self._store = store
        self._bench = bench
        self._house = house

    def missing(
        self, clips: Iterable[Asset], voices: Iterable[Asset], *, is_dry: bool = False
    ) -> list[tuple[Asset, Segment]]:
        """Give the segments that the store lacks and has room for, those of the most spoken categories first.

        `is_dry`: a damaged segment counts as missing, and is not dropped.

        What does not fit is left out: encoding it would push out what was encoded before it, without end.
        """
        wanted = Counter(voice.category for voice in voices)
        ordered = sorted(clips, key=lambda clip: (-wanted[clip.category], clip.category, clip.path))
        room = ROOM_SHARE * self._store.max_bytes - self._store.total()[1]
        sound = {entry.name for entry in self._store.entries()} if is_dry else set()
        found: list[tuple[Asset, Segment]] = []
        for clip in ordered:
            for segment in self._segments(clip):
                is_there = segment.name in sound if is_dry else self._store.find(segment.name) is not None
                if not is_there:
                    room -= costs.picture_bytes(self._house.canvas, segment.frames)
                    if room < 0:
                        return found
                    found.append((clip, segment))
        return found

    def _segments(self, clip: Asset) -> tuple[Segment, ...]:
        media = {clip.sha256: clip.media}
        return warming(
            clip.sha256, media, self._house.like(), self.profile, segment_s=self._bench.cut_s(self._house.canvas)
        )

    def warm(self, missing: list[tuple[Asset, Segment]], stop: Event, tell: Tell) -> Warmed:
        """Encode what is missing, as many side by side as a render would. Raises: Stopped: `stop` was set."""
        durable.remove_tree(self._scratch)  # of an earlier life
        durable.make_folder(self._scratch)
        work = _Work(self, missing, self._scratch, stop, tell)
        try:
            return work.done()
        finally:
            durable.remove_tree(self._scratch)

    def file_of(self, asset: Asset) -> Callable[[str], Path]:
        """Give the look-up of one clip's files: the clip itself, proven, and the logo."""

        def look(content: str) -> Path:
            if self._house.logo_file is not None and content != asset.sha256:
                return self._house.logo_file
            path = self._root / asset.path
            if durable.digest(path) != asset.sha256:
                raise MissingInput(f"{asset.path} changed since it was taken in", remedy="Drop it again.")
            return path

        return look

    @property
    def profile(self) -> Profile:
        """How the house's videos are encoded."""
        return self._bench.profile(self._house.canvas)

    def maker(self, cost_s: float, scratch: Path, stop: Event) -> tuple[Maker, Executor]:
        """Give the hands: the same limits and tokens as for a video."""
        executor = Executor(self._bench.capacity(scratch), stop)
        return Maker(
            self._bench.ffmpeg(cost_s), self._store, executor, device=self._bench.device, limits=self._bench.limits
        ), executor


class _Work:
    """Segments as steps of the lowest priority."""

    def __init__(
        self, warmer: Warmer, missing: list[tuple[Asset, Segment]], scratch: Path, stop: Event, tell: Tell
    ) -> None:
        self._warmer = warmer
        self._missing = {segment.name.key: (asset, segment) for asset, segment in missing}
        self._scratch = scratch
        self._stop = stop
        self._tell = tell
        self._frames = 0
        self._encoded = 0
        self._refused: list[str] = []

    def done(self) -> Warmed:
        """Run all of it."""
        if not self._missing:
            return Warmed(0, 0)
        cost_s = max(segment.cost_s for _, segment in self._missing.values())
        self._maker, executor = self._warmer.maker(cost_s, self._scratch, self._stop)
        executor.run(list(self._steps()), self._do)
        return Warmed(self._encoded, self._frames, tuple(self._refused))

    def _steps(self) -> Iterator[Step]:
        for nth, (asset, segment) in enumerate(self._missing.values()):
            yield Step(
                id=f"warm-{nth}",
                kind="encode",
                segment=segment.name.key,
                inputs=(asset.sha256,),
                frames=segment.frames,
                # The order given is the order wanted: all cost the same.
                cost_s=0.0,
                needs=needs_of(segment, self._warmer.profile),
                priority=0,
                reason="any video of the house needs it",
            )

    def _do(self, step: Step, halt: Event) -> None:
        asset, segment = self._missing[str(step.segment)]
        shop = Workshop(
            timeline=segment.timeline,
            media={asset.sha256: asset.media},
            file_of=self._warmer.file_of(asset),
            scratch=self._scratch,
            pins=self._scratch / "pins",
            log=self._scratch / "stderr.log",
        )
        try:
            self._maker.ensure(segment, self._warmer.profile, shop, halt)
            durable.remove(shop.pins / f"{segment.name.key}.mp4")  # nobody is about to read it
        except InputError as error:
            # One bad clip must not keep the others cold; a video that shows it will say why it fails.
            self._refused.append(f"{asset.path}: {error.message}")
            return
        self._encoded += 1
        self._frames += segment.frames
        total = sum(one.frames for _, one in self._missing.values())
        self._tell("warm", Progress(self._frames, total, 0.0))
