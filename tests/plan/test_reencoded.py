"""How little of a video of many cuts is encoded again when its clips were shown before, or when a title changes."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as some

from tests import papers
from tests.plan.seen import CANVAS, seen, timelines
from tests.plan.test_explain import encoded
from tests.plan.test_pieces import RANDOM_MEDIA
from videogen.model.media import Media
from videogen.model.profile import Encoder, Profile, gop_of_cuts
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Clip, ImageOverlay, Item, Timeline, Transition
from videogen.plan import Known, Plan, annotated, compile_plan
from videogen.plan.pieces import drafts

HD = Canvas(width=1280, height=720, fps=Fraction(30))
GOP = gop_of_cuts(HD.fps)
PROFILE = Profile(canvas=HD, encoder=Encoder(gop=GOP))
SEGMENT_S = Fraction(GOP) / HD.fps
MINUTE, CROSSFADE, CLIPS = 1800, 15, 6
Described = tuple[Timeline, Mapping[str, Media]]


def composition(seed: int, titles: int = 3) -> Described:
    """Give a minute of six clips, entered anywhere, five crossfades of half a second, three titles of 3 to 4 s."""
    chance = Random(seed)  # noqa: S311 -- the same compositions at every run
    total = MINUTE + CROSSFADE * (CLIPS - 1)
    cuts = [0, *(total * nth // CLIPS + chance.randint(-90, 90) for nth in range(1, CLIPS)), total]
    items: list[Item] = []
    media = {}
    for nth, (begin, end) in enumerate(pairwise(cuts)):
        asset = papers.digest(f"clip{nth}")
        media[asset] = papers.picture(60, rate=30)
        start = chance.randint(0, 1800 - (end - begin))
        items += [Transition(kind="crossfade", length=CROSSFADE)] if items else []
        items.append(Clip(asset=asset, source=Range(start=start, end=start + end - begin)))
    overlays = [_title(chance, nth, titles) for nth in range(titles)]
    return Timeline(canvas=HD, picture=tuple(items), overlays=tuple(overlays), is_mute=True), media


def _title(chance: Random, nth: int, titles: int) -> ImageOverlay:
    length = chance.randint(90, 120)
    start = chance.randint(MINUTE * nth // titles, MINUTE * (nth + 1) // titles - length)
    asset = papers.digest(f"title{nth}")
    at = Range(start=start, end=start + length)
    return ImageOverlay(asset=asset, x=90, y=500, width=640, height=90, at=at, fade_in=10, fade_out=10)


def planned(described: Described) -> Plan:
    """Compile a composition as a recipe has it done."""
    return compile_plan(*described, PROFILE, segment_s=SEGMENT_S)


def of_clips(plan: Plan) -> Known:
    """Give a store that holds the chunks of the clips, from other videos, and nothing of this one."""
    chunks = [one for one in plan.segments if _is_chunk(one.timeline)]
    return Known({one.name.key: encoded(one.frames, GOP) for one in chunks})


def _is_chunk(look: Timeline) -> bool:
    (item, *others) = look.picture
    if others or look.overlays or not isinstance(item, Clip):
        return False
    return item.source.start % GOP == 0 and (item.length >= GOP or item.source.end == MINUTE)


def test_a_minute_of_known_clips_is_encoded_for_a_third_at_most() -> None:
    """Of 60 s with 6 clips, 5 crossfades and 3 titles at most 20 s are encoded, wherever clips begin (C13)."""
    seconds = []
    for seed in range(12):
        timeline, media = described = composition(seed)
        plan = planned(described)
        seconds.append(annotated(plan, of_clips(plan), media).frames_to_encode / HD.fps)
        assert timeline.length == MINUTE

    assert max(seconds) <= 20
    # What nobody can know before is 13.1 s: the titles and the crossfades.
    assert sum(seconds) / len(seconds) < 17.5


def test_without_titles_a_minute_is_joined() -> None:
    """Of 60 s with crossfades alone less than 7 s are encoded when the clips are known."""
    timeline, media = composition(5, titles=0)
    plan = planned((timeline, media))

    assert annotated(plan, of_clips(plan), media).frames_to_encode / HD.fps < 7


def test_another_title_costs_its_own_spans() -> None:
    """With one title changed all that is encoded lies under it, in as many steps as the title has clips below (D1)."""
    timeline, media = composition(3)
    (one, title, *others) = timeline.overlays
    other = title.model_copy(update={"asset": papers.digest("another")})
    before, after = (
        planned((timeline.model_copy(update={"overlays": (one, over, *others)}), media)) for over in (title, other)
    )
    store = {segment.name.key: encoded(segment.frames, GOP) for segment in before.segments}

    again = annotated(after, Known(store), media)

    anew = [piece.at for piece in again.pieces if piece.segment not in store]
    assert anew
    assert all(title.at.start <= at.start and at.end <= title.at.end for at in anew)
    assert sum(at.length for at in anew) == title.at.length
    assert len(anew) <= 3


def test_a_cold_video_encodes_little_that_it_does_not_show() -> None:
    """From an empty store no more than a twentieth beside what is shown is encoded; neighbours start together."""
    for seed in range(6):
        plan = planned(composition(seed))

        encodes = [step for step in plan.steps if step.kind in {"encode", "bridge"}]
        assert sum(step.frames for step in encodes) <= MINUTE * 21 // 20 + 60
        assert len(encodes) < 90


@given(timelines(), some.sampled_from((2, 3)))
def test_short_gops_change_no_frame(timeline: Timeline, segment_s: int) -> None:
    """Where GOPs are short drafts still touch, and show frame for frame what the timeline shows."""
    found = drafts(timeline, RANDOM_MEDIA, Fraction(segment_s), gop=5)

    assert [0, *(one.at.end for one in found)] == [*(one.at.start for one in found), timeline.length]
    for one in found:
        assert one.use.length == one.at.length
        assert all(
            seen(one.look, one.use.start + frame) == seen(timeline, one.at.start + frame)
            for frame in range(one.at.length)
        )
    assert CANVAS.fps == 5
