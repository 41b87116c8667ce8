"""Makes the video of a plan: takes what the store has, encodes what it has not, joins, proves.

Every step asks the store first, so doing it again costs nothing: a retry, a second life after a kill and a video that
shares clips with another are one and the same. A segment in use is held by a hard link in `pins`, where no eviction
can reach it.
"""

from collections.abc import Callable
from threading import Event

import structlog

from videogen import durable
from videogen.ffmpeg import FFmpeg, Progress
from videogen.model.profile import Profile
from videogen.model.quality import Limits
from videogen.plan import Plan, Segment, full_encode
from videogen.render.executor import Executor
from videogen.render.sessions import Device
from videogen.render.video import Done, Tools, UnjoinableError, Video
from videogen.render.workshop import Workshop
from videogen.segments import Segments

log = structlog.get_logger()


class Maker:
    """One FFmpeg, one store, and the tokens of this machine."""

    def __init__(
        self,
        ffmpeg: FFmpeg,
        store: Segments,
        executor: Executor,
        *,
        is_permissive: bool = False,
        device: Device | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._tools = Tools(ffmpeg, store, is_permissive, device or Device(), limits or Limits(), executor.capacity)
        self._executor = executor

    def make(self, plan: Plan, shop: Workshop, tell: Callable[[Progress], None] = lambda _: None) -> Done:
        """Run every step; the video that comes out is proven, hashed and synced.

        Raises: what FFmpeg, the store, the check or the gate raise; Stopped. Finished segments stay in the store.
        """
        durable.make_inner(shop.scratch)
        durable.make_inner(shop.pins)
        video = Video(self._tools, plan, shop, tell)
        try:
            seconds = self._executor.run(plan.steps, video.do)
        except UnjoinableError as trouble:
            whole = full_encode(plan, shop.timeline, shop.media, trouble.because)
            log.warning("Encoding the whole video in one piece", because=trouble.because)
            video = Video(self._tools, whole, shop, tell, fallback=trouble.because)
            seconds = self._executor.run(whole.steps, video.do)
        return video.done(seconds)

    def ensure(self, segment: Segment, profile: Profile, shop: Workshop, stop: Event) -> None:
        """Have a segment in the store, encoding it where it is not there yet. Raises: as `make`; Busy."""
        durable.make_inner(shop.scratch)
        durable.make_inner(shop.pins)
        plan = Plan(profile=profile, frames=segment.frames, samples=0, segments=(segment,), steps=())
        Video(self._tools, plan, shop, lambda _: None).ensure(segment, stop)
