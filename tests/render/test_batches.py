"""Segments of one clip that one FFmpeg makes have the bytes that each would have by itself, whatever happens."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from tests import footage
from tests.render.studio import Bakery, House, Shelf, canvas, clip, mute
from tests.render.test_chunk_frames import REAL, SOURCES
from tests.render.test_maker import script
from videogen.ffmpeg import FFmpeg, Progress
from videogen.model.profile import Encoder, Profile, gop_of_cuts
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, ImageOverlay, Timeline
from videogen.plan import Needs, Plan
from videogen.plan.keys import segment_of
from videogen.plan.pieces import clip_length
from videogen.plan.slices import slice_of
from videogen.plan.together import command, runs
from videogen.render.executor import Executor
from videogen.render.maker import Maker
from videogen.render.video import Tools, Video

ONE = Needs(cpu=1, gpu_encode=1, gpu_scale=1, io=1, memory_mb=10**6, disk_mb=10**6)


def profile(on: Canvas) -> Profile:
    """Give a quick profile of short GOPs, with B-frames."""
    return Profile(canvas=on, encoder=Encoder(preset="superfast", gop=gop_of_cuts(on.fps)))


def cut(asset: str, length: int, on: Canvas) -> list[Timeline]:
    """Give stretches of a clip that touch, overlap and end with its last frame, held a frame longer."""
    gop = gop_of_cuts(on.fps)
    ends = sorted(
        {max(at, 0) for at in (length - 2 * gop - 9, length - 2 * gop - 4, length - gop, length - 4, length + 1)}
    )
    spans = {(max(0, ends[0] - 7), ends[1]), *pairwise(ends)}
    return [mute(on, clip(asset, *span)) for span in sorted(spans)]


def expect_the_same(folder: Path, shelf: Shelf, timelines: Sequence[Timeline]) -> None:
    """Make segments one by one and together, and compare their bytes."""
    on = timelines[0].canvas
    bakery = Bakery(folder, shelf, profile(on))
    (run,) = runs([segment_of(one, shelf.media, profile(on)) for one in timelines], shelf.media, profile(on))
    assert len(run) == len(timelines)
    made = {one.name.key: folder / f"{one.name.key}.together.mp4" for one in run}
    argv = [shelf.argument(word, "-") for word in command(run, shelf.media, profile(on))]
    argv = [f"file:{made[word[5:]]}" if word.startswith("step:") else word for word in argv]

    FFmpeg(footage.program()).run(argv, log=folder / "log")

    for segment in run:
        assert made[segment.name.key].read_bytes() == bakery.entry(segment).path.read_bytes(), segment.title


@pytest.mark.parametrize("name", SOURCES)
def test_made_together_the_bytes_are_the_same(tmp_path: Path, shelf: Shelf, name: str) -> None:
    """Where a segment begins in the middle of a source's GOP, at odd times, at other rates, and past the end (D9)."""
    asset = shelf.take(SOURCES[name](tmp_path / "clip.mp4"), "source")
    on = canvas(30)

    expect_the_same(tmp_path, shelf, cut(asset, clip_length(shelf.media[asset], on.fps), on))


def titled(film: str, logo: str) -> Timeline:
    """Give four seconds of a clip with a title that comes, moves and goes, another that stands, and one that blends."""
    title = {"asset": logo, "x": 5, "y": 7, "width": 20, "height": 12}
    above = (
        {**title, "at": Range(start=20, end=50), "fade_in": 5, "fade_out": 5, "enter": {"dx": -30, "dy": 0}},
        {**title, "at": Range(start=50, end=100), "x": 30, "opacity": Fraction(1, 2)},
        {**title, "at": Range(start=60, end=75), "y": 21, "blend": "screen", "zoom": {"start": "1", "end": "3/2"}},
    )
    overlays = tuple(ImageOverlay.model_validate(one) for one in above)
    return mute(canvas(), clip(film, 3, 103)).model_copy(update={"overlays": overlays})


@pytest.fixture(scope="module")
def logo(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> str:
    """A picture to lie above a clip; nothing is measured of it."""
    path = footage.logo_png(tmp_path_factory.mktemp("logo") / "logo.png", (20, 12))
    shelf.files["d" * 64] = path
    return "d" * 64


def test_made_together_titles_lie_where_they_lie(tmp_path: Path, shelf: Shelf, film: str, logo: str) -> None:
    """Stretches under a title that comes and goes are made together with those beside it (D1, D9)."""
    whole = titled(film, logo)
    spans = [(0, 20), (20, 50), (50, 60), (60, 75), (75, 100)]

    expect_the_same(tmp_path, shelf, [slice_of(whole, Range(start=start, end=end)) for start, end in spans])


@pytest.mark.media
@pytest.mark.parametrize("name", [name for name in sorted(REAL) if name[:3] in {"v02", "v05", "v09", "v11"}])
def test_real_clips_are_made_together_to_the_byte(tmp_path: Path, shelf: Shelf, real_media: Path, name: str) -> None:
    """What holds for clips made up holds for those that phones, films and cameras made."""
    asset = shelf.take(real_media / name, "source")
    on = canvas(30)
    length = min(clip_length(shelf.media[asset], on.fps), 120)

    expect_the_same(tmp_path, shelf, cut(asset, length, on))


# -- in a video --------------------------------------------------------------------------------------------------------


def commands(log: Path) -> list[str]:
    """Give the command lines that a video's FFmpegs were started with, those of pictures only."""
    return [line for line in log.read_text().splitlines() if line.startswith("$") and "libx264" in line]


def frames(plan: Plan) -> int:
    """Give the frames of all segments of a plan."""
    return sum(one.frames for one in plan.segments)


def by_themselves(house: House, timeline: Timeline) -> str:
    """Give the hash of the video whose segments were each made alone."""
    alone = house.beside("alone")
    shop = alone.shop(timeline)
    plan = alone.plan(timeline, 1)
    for segment in plan.segments:
        alone.maker().ensure(segment, plan.profile, shop, Event())
    return alone.render(timeline, segment_s=1).sha256


@pytest.fixture
def six_seconds(film: str) -> Timeline:
    """Six segments of one clip."""
    return mute(canvas(), clip(film, 0, 150))


def test_a_video_is_made_in_fewer_runs(house: House, six_seconds: Timeline) -> None:
    """Six segments take fewer FFmpegs, each is encoded once, progress counts every frame, the video is the same."""
    told: list[Progress] = []
    plan, shop = house.plan(six_seconds, 1), house.shop(six_seconds)

    done = Maker(FFmpeg(footage.program()), house.store, Executor(ONE, Event())).make(plan, shop, told.append)

    assert len(plan.segments) == 6
    assert len(commands(shop.log)) <= 4
    assert (done.frames_encoded, set(done.segments.values())) == (frames(plan), {"encoded"})
    assert done.sha256 == by_themselves(house, six_seconds)
    counts = [one.frame for one in told]
    assert counts == sorted(counts)
    assert all(one.frame <= one.total == frames(plan) for one in told)
    assert len(set(counts)) > 2


def test_side_by_side_nothing_is_made_twice(house: House, six_seconds: Timeline) -> None:
    """Two hands share what is left: a step whose segment was made for another finds it."""
    plan, shop = house.plan(six_seconds, 1), house.shop(six_seconds)

    done = house.maker().make(plan, shop)

    assert done.frames_encoded == frames(plan)
    assert sum(line.count("libx264") for line in commands(shop.log)) == 6


def test_what_another_makes_is_left_to_it(house: House, six_seconds: Timeline) -> None:
    """A neighbour that another process makes is not waited for while others are held, nor made (C6)."""
    plan = house.plan(six_seconds, 1)
    first, second = plan.segments[:2]
    shop = house.shop(six_seconds)

    tools = Tools(FFmpeg(footage.program()), house.store, machine=ONE)
    shop.scratch.mkdir()
    shop.pins.mkdir()

    with house.store.making(second.name):
        Video(tools, plan, shop, lambda _: None).ensure(first, Event())

    assert house.store.find(first.name) is not None
    assert house.store.find(second.name) is None
    assert len(list(house.store.entries())) == 1


REFUSING = """
if "wrapped_avframe" in words:
    sys.exit("Error while decoding stream #0:0: Invalid data found when processing input")
"""


def test_where_together_fails_each_is_made_alone(house: House, six_seconds: Timeline) -> None:
    """A batch that fails costs its own try and nothing else."""
    program = script(house.folder / "refusing", REFUSING)

    done = house.maker(program=program).make(house.plan(six_seconds, 1), house.shop(six_seconds))

    assert (done.frames_encoded, done.damaged) == (150, 0)
    assert done.sha256 == by_themselves(house, six_seconds)
