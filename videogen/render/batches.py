"""Which segments one FFmpeg makes together: neighbours in one clip that are missing, and that nobody else makes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Lock

from videogen.plan import Needs, Plan, Segment, costs
from videogen.plan.together import Run, end_of, runs, start_of
from videogen.render.workshop import Workshop
from videogen.segments import Segments

Ask = Callable[[Segment], bool]

MOST = 4
"""Segments in a batch, at most: each has an encoder of its own, and a kill loses all of them."""
SHARE = 2
"""A batch takes at most this part of what is left for a processor, so that none is idle at the end."""


class Batches:
    """The batches of one video. A segment is in one at a time, whichever step asked for it."""

    def __init__(self, plan: Plan, shop: Workshop, store: Segments, machine: Needs) -> None:
        self._store = store
        self._runs = {one.name.key: run for run in runs(plan.segments, shop.media, plan.profile) for one in run}
        self._left = {str(one.segment): one.cost_s for one in plan.steps if one.kind == "encode" and not one.is_known}
        self._hands = max(1, machine.cpu // max(1, plan.profile.encoder.threads))
        more_mb = costs.another_encode_mb(plan.profile.canvas)
        spare_mb = machine.memory_mb / self._hands - costs.encode_memory_mb(plan.profile.canvas, 1)
        self._most = max(1, min(MOST, 1 + int(spare_mb // more_mb)))
        self._held: set[str] = set()
        self._lock = Lock()

    @contextmanager
    def around(self, segment: Segment, is_here: Ask) -> Iterator[Run]:
        """Hold a segment, which is the caller's to make, and what is best made with it, until the block ends.

        Others make none of it meanwhile, here or in another process. `is_here`: what need not be made.
        Shape: the segment first.
        Raises: NoSpace: there is no room for a lock file.
        """
        with ExitStack() as stack:
            with self._lock:
                # Never wait while holding one: whoever is busy is left out, and ends the batch on its side.
                batch = [segment, *self._beside(segment, is_here, lambda one: stack.enter_context(self._making(one)))]
                keys = {one.name.key for one in batch}
                self._held |= keys
            try:
                yield tuple(batch)
            finally:
                with self._lock:
                    self._held -= keys

    def holds(self, segment: Segment) -> bool:
        """Whether a batch of this video makes a segment now."""
        with self._lock:
            return segment.name.key in self._held

    def made(self, segment: Segment) -> None:
        """Note that a segment need not be made any more."""
        with self._lock:
            self._left.pop(segment.name.key, None)

    def break_up(self, batch: Run) -> None:
        """Have each of a batch made by itself from now on."""
        with self._lock:
            for one in batch:
                self._runs.pop(one.name.key, None)

    def _making(self, segment: Segment) -> AbstractContextManager[bool]:
        return self._store.making(segment.name)

    def _beside(self, segment: Segment, is_here: Ask, is_ours: Ask) -> Iterator[Segment]:
        """Take what follows a segment in its clip, and then what comes before it, as far as there is room."""
        run = self._runs.get(segment.name.key, (segment,))
        own = next(place for place, one in enumerate(run) if one.name.key == segment.name.key)
        room, allowed_s = self._most - 1, sum(self._left.values()) / (SHARE * self._hands) - segment.cost_s
        start, end = (start_of(segment), end_of(segment)) if len(run) > 1 else (0, 0)
        for side in (run[own + 1 :], run[own - 1 :: -1] if own else ()):
            for one in side:
                is_beside = start_of(one) <= end and start <= end_of(one)
                if not (is_beside and room and one.cost_s <= allowed_s and self._is_free(one)):
                    break
                # Asked again, for it may have been made until it was ours.
                if is_here(one) or not is_ours(one) or is_here(one):
                    break
                yield one
                room, allowed_s = room - 1, allowed_s - one.cost_s
                start, end = min(start, start_of(one)), max(end, end_of(one))

    def _is_free(self, segment: Segment) -> bool:
        """Whether no batch holds it, and none failed with it."""
        return segment.name.key not in self._held and segment.name.key in self._runs
