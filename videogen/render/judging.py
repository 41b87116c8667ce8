"""The gate of one video: what its parts look like and how it sounds, held to the limits; what is bad is made again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from videogen.model.quality import Figure, Heard, Limits, Quality
from videogen.model.segment import Name, Note
from videogen.model.timebase import Range
from videogen.plan import Plan
from videogen.render import gate
from videogen.render.asking import Sources, reckoned
from videogen.render.check import proven
from videogen.render.evidence import pictures, troubled
from videogen.render.refusing import refusal
from videogen.render.workshop import Workshop
from videogen.segments import Segments

log = structlog.get_logger()


@dataclass(frozen=True)
class Origin:
    """Where a stretch of packets comes from. `parent`: the segment whose frames a bridge shows, from `start` on."""

    note: Note
    frames: Range
    parent: Note | None = None
    start: int = 0

    def shown(self) -> gate.Shown:
        """Give it as the gate sees it."""
        return gate.Shown(self.frames, self.note.look, self.parent.look if self.parent else None, self.start)


@dataclass(frozen=True)
class Judge:
    """Holds one video to the limits."""

    plan: Plan
    shop: Workshop
    sources: Sources
    limits: Limits
    store: Segments

    def judged(self, video: Path, origins: Sequence[Origin], heard: Heard | None) -> Quality:
        """Give what was measured of a proven video.

        Raises: Defect: it may not leave. Pictures of the trouble lie beside FFmpeg's words, and the segments that show
            it are out of the store, so that a retry makes them again.
        """
        fps = self.plan.profile.canvas.fps
        figures = [*proven(self.plan, [origin.frames.start for origin in origins]), self._decoded(origins)]
        figures += gate.seen([origin.shown() for origin in origins], fps, self.limits)
        if heard is not None:
            figures += self._heard(heard)
        quality = Quality(figures=tuple(figures))
        for figure in quality.of("warn"):
            log.warning("The gate warns", check=figure.check, because=figure.said)
        if bad := quality.of("bad"):
            raise refusal(bad, **self._told(video, origins, bad))
        return quality

    @staticmethod
    def _decoded(origins: Sequence[Origin]) -> Figure:
        frames = sum(origin.frames.length for origin in origins)
        seen = sum(origin.frames.length for origin in origins if origin.note.look is not None)
        verdict = "good" if seen == frames else "warn"
        said = "" if seen == frames else f"{frames - seen} frames were never decoded"
        return Figure(check="decode", verdict=verdict, value=seen, limit=frames, unit="frames", said=said)

    def _heard(self, heard: Heard) -> list[Figure]:
        timeline = self.shop.timeline

        def is_silent(start_s: float, end_s: float) -> bool | None:
            return self.sources.is_silent(timeline, start_s, end_s)

        def jumps(start_s: float, end_s: float) -> bool | None:
            return self.sources.jumps(timeline, start_s, end_s)

        return gate.heard(heard, reckoned(timeline, self.shop.media), self.limits, (is_silent, jumps))

    def _told(self, video: Path, origins: Sequence[Origin], bad: Sequence[Figure]) -> dict[str, str]:
        names = pictures(video, troubled(bad, self.plan.frames), self.shop.log.parent)
        dropped = list(dict.fromkeys(self._troubled(origins, bad)))
        for name in dropped:
            self.store.drop(name, "a video that shows it did not pass the gate")
        keys = ", ".join(name.key for name in dropped)
        return {"pictures": ", ".join(names), "dropped": keys}

    @staticmethod
    def _troubled(origins: Sequence[Origin], bad: Sequence[Figure]) -> "list[Name]":
        found, at = [], 0
        for origin in origins:
            end = at + origin.frames.length
            if any(start < end and at < stop for figure in bad for start, stop in figure.at):
                found.append(origin.note.name)
                if origin.parent is not None:
                    found.append(origin.parent.name)
            at = end
        return found
