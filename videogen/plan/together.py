"""Segments that show one clip, so that one FFmpeg can decode and scale it once and make them all.

What a segment is stays its own command: its key is that command's hash, and here only the way to its bytes is shared.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from videogen.model.media import Media
from videogen.model.profile import Profile
from videogen.model.timeline import Clip, ImageOverlay
from videogen.plan.encode import encode_together
from videogen.plan.filters import clip_of
from videogen.plan.graph import Segment
from videogen.plan.inputs import picture_of

Run = tuple[Segment, ...]

SHORT_S = 2
"""Only where GOPs are at most so long: longer segments gain nothing that a start or a seek could cost them."""


def runs(segments: Sequence[Segment], media: Mapping[str, Media], profile: Profile) -> tuple[Run, ...]:
    """Give the segments that could be made together: two or more that touch or overlap within one clip, in its order.

    Shape: each is of one clip, brought to the same size and colours, under still pictures at most, whether or not
        they move; no segment is in two runs. None where the encoder is a device, or GOPs are long.
    """
    if profile.encoder.is_hardware or profile.encoder.gop > SHORT_S * profile.canvas.fps:
        return ()
    same = defaultdict[str, list[Segment]](list)
    for segment in segments:
        if (footage := _footage(segment, media)) is not None:
            same[footage].append(segment)
    return tuple(run for group in same.values() for run in _touching(group) if len(run) > 1)


def command(run: Run, media: Mapping[str, Media], profile: Profile) -> tuple[str, ...]:
    """Give the arguments that make segments of a run at once, each into `step:` and its key.

    Shape: each file has the bytes that the segment's own command gives. The frames the run counts are `decoded`.
    Raises: MissingInput, RecipeError: as a segment's own command.
    """
    return encode_together([one.timeline for one in run], media, profile, [one.name.key for one in run])


def decoded(run: Run) -> int:
    """Give how many frames of its clip a run goes through, whatever of them it encodes once, twice or not at all."""
    return max(map(end_of, run)) - min(map(start_of, run))


def start_of(segment: Segment) -> int:
    """Give the frame of its clip that a segment of a run begins with."""
    return clip_of(segment.timeline).source.start


def end_of(segment: Segment) -> int:
    """Give the frame of its clip that a segment of a run ends before."""
    return clip_of(segment.timeline).source.end


def _footage(segment: Segment, media: Mapping[str, Media]) -> str | None:
    """Say which pictures a segment is cut from, and in which size and colours; None: not from one clip alone."""
    picture, overlays = segment.timeline.picture, segment.timeline.overlays
    if len(picture) != 1 or not isinstance(picture[0], Clip):
        return None
    if not all(isinstance(overlay, ImageOverlay) for overlay in overlays):
        return None
    # What says how bright a picture may be is said once at its beginning, and the encoder writes it down.
    if picture_of(media[picture[0].asset]).colour.is_hdr:
        return None
    return picture[0].model_dump_json(exclude={"source"})


def _touching(group: Sequence[Segment]) -> list[Run]:
    found: list[list[Segment]] = []
    reached = -1
    for segment in sorted(group, key=start_of):
        if start_of(segment) > reached:
            found.append([])
        found[-1].append(segment)
        reached = max(reached, end_of(segment))
    return [tuple(run) for run in found]
