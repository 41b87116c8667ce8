"""What lies above a video and how its clips go over: the very pixels, by this FFmpeg and by the machine's own."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image, ImageDraw

from tests.plan.raw import PROGRAMS, Frame, Rgb, Shelf, is_near
from videogen.model.style import Blend, ChromaKey, Family, Shift
from videogen.model.timebase import Range
from videogen.model.timeline import (
    Canvas,
    Clip,
    Gap,
    ImageOverlay,
    Item,
    Overlay,
    Timeline,
    Transition,
    VideoOverlay,
)
from videogen.plan.slices import slice_of

SMALL = Canvas(width=96, height=64, fps=Fraction(30))
RED, GREEN, BLUE, GOLD = (255, 0, 0), (0, 255, 0), (0, 0, 255), (212, 175, 55)
older = pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.parent.name)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An empty shelf."""
    return Shelf(tmp_path)


def timeline(*picture: Item, over: tuple[Overlay, ...] = (), canvas: Canvas = SMALL) -> Timeline:
    """Lay things out on a small canvas."""
    return Timeline(canvas=canvas, picture=picture, overlays=over, is_mute=True)


def plain(colour: Rgb, size: tuple[int, int] = (20, 12), alpha: int = 255) -> Image.Image:
    """Paint a picture in one colour."""
    return Image.new("RGBA", size, (*colour, alpha))


def still(asset: str, length: int = 10, **more: Any) -> ImageOverlay:
    """Lay a picture of 20 by 12 over everything."""
    words = {"asset": asset, "x": 10, "y": 10, "width": 20, "height": 12, "at": Range(start=0, end=length)}
    return ImageOverlay.model_validate(words | more)


def grey(level: int) -> str:
    """Name a grey."""
    return f"#{level:02x}{level:02x}{level:02x}"


# -- the base track ----------------------------------------------------------------------------------------------------


@older
def test_every_family_is_a_crossfade_of_its_very_length(shelf: Shelf, program: Path) -> None:
    """Under each name of a family there are as many frames as it says, all of the one before and of the other after."""
    families = get_args(Family)
    colours = ("#c83c28", "#2850b4")
    items: list[Item] = [Gap(length=10, colour=colours[0])]
    for nth, family in enumerate(families, start=1):
        items += [Transition(kind="crossfade", length=6, family=family), Gap(length=16, colour=colours[nth % 2])]
    given = timeline(*items)

    frames = shelf.frames(given, program)

    assert len(frames) == given.length == 10 + 10 * len(families)
    pure = [frames[0].planes, frames[12].planes]
    changing = []
    for nth, family in enumerate(families):
        begin = 10 * nth + 4
        seen = [frames[at].planes for at in range(begin - 1, begin + 7)]
        assert (seen[0], seen[-1]) == (pure[nth % 2], pure[(nth + 1) % 2]), family
        changing += [family] if any(one not in pure for one in seen[1:-1]) else []
    assert changing == list(families)


@older
@pytest.mark.parametrize("colour", ["#d4af37", "#050505", "#ffffff", "#0000ff"])
def test_a_gap_has_its_colour(shelf: Shelf, program: Path, colour: str) -> None:
    """A gap of gold is gold in every corner, to a level or two of rounding (D1)."""
    (frame, *_) = shelf.frames(timeline(Gap(length=2, colour=colour)), program)

    wanted = (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))
    assert all(is_near(frame.rgb(x, y), wanted, 2) for x in (0, 50, 95) for y in (0, 63))


def quarters(shelf: Shelf, size: str, frames: int = 6) -> str:
    """Film red and gold beside each other."""
    width = int(size.partition("x")[0]) // 2
    chain = f"color=0xff0000:s={size}:r=30,trim=end_frame={frames},format=rgb24"
    chain += f",drawbox=x={width}:y=0:w={width}:h=ih:c=0xd4af37:t=fill"
    chain += ",scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    words = ("-c:v", "libx264", "-qp", 0, "-preset", "ultrafast", "-colorspace", "bt709", "-color_range", "tv")
    return shelf.film(f"two{len(shelf.files)}.mp4", "-f", "lavfi", "-i", chain, *words)


def test_a_clip_covers(shelf: Shelf) -> None:
    """A narrow clip that is to cover has no bars, its middle is in the middle, and nothing is stretched."""
    film = quarters(shelf, "48x96")
    clip = Clip(asset=film, source=Range(start=0, end=4), fit="cover")

    (frame, *_) = shelf.frames(timeline(clip))

    assert all(is_near(frame.rgb(x, y), RED) for x in (0, 40) for y in (0, 63))
    assert all(is_near(frame.rgb(x, y), GOLD) for x in (56, 95) for y in (0, 63))


def hald(of: Callable[[Rgb], Rgb], level: int = 4) -> Image.Image:
    """Paint a table of colours: what each becomes."""
    side, steps = level**3, level**2
    table = Image.new("RGB", (side, side))
    scale = [round(255 * step / (steps - 1)) for step in range(steps)]
    table.putdata(
        [of((scale[r], scale[g], scale[b])) for b in range(steps) for g in range(steps) for r in range(steps)]
    )
    return table


@older
def test_a_table_changes_the_colours_of_a_clip_and_not_its_bars(shelf: Shelf, program: Path) -> None:
    """A table that changes nothing changes nothing, one that turns colours round does so, and bars stay black (C2)."""
    film = quarters(shelf, "48x64")
    same, turned = (shelf.image(hald(of)) for of in (lambda one: one, lambda one: (255 - one[0], one[2], one[1])))
    clip = Clip(asset=film, source=Range(start=0, end=3))

    (plain_one, *_), (same_one, *_), (turned_one, *_) = (
        shelf.frames(timeline(clip.model_copy(update={"lut": lut})), program) for lut in (None, same, turned)
    )

    for x in (30, 40, 60, 66):
        assert is_near(same_one.rgb(x, 32), plain_one.rgb(x, 32), 3)
    assert is_near(turned_one.rgb(40, 32), (0, 0, 0), 4)
    assert is_near(turned_one.rgb(60, 32), (43, 55, 175), 4)
    assert turned_one.yuv(4, 32) == (16, 128, 128)


# -- still pictures ----------------------------------------------------------------------------------------------------


@older
def test_a_picture_is_of_its_colour_at_its_pixels(shelf: Shelf, program: Path) -> None:
    """A gold picture is gold from its first pixel to its last, where it stands still and where it has just come."""
    gold = shelf.image(plain(GOLD))
    for more in ({}, {"fade_in": 4}, {"x": 11, "y": 11, "fade_in": 4}, {"x": 11, "y": 11}):
        frame = shelf.frames(timeline(Gap(length=10), over=(still(gold, **more),)), program)[6]

        left, top = more.get("x", 10), more.get("y", 10)
        # A pixel at an odd edge shares its chroma with the one beside it, and those next to it are a little off.
        inside = [(left, top), (left + 18, top + 10)] if left % 2 == 0 else [(left + 4, top + 4), (left + 15, top + 7)]
        assert all(is_near(frame.rgb(x, y), GOLD, 2) for x, y in inside), more
        edges = [frame.yuv(x, top + 6)[0] for x in (left - 1, left, left + 19, left + 20)]
        assert [level > 100 for level in edges] == [False, True, True, False], more


def test_a_picture_of_its_size_is_not_touched(shelf: Shelf) -> None:
    """Every pixel of a picture that is as large as it is to be is what it was: grey noise comes out as it went in."""
    noise = Image.effect_noise((20, 12), 60)
    over = still(shelf.image(noise.convert("RGB")))

    (frame, *_) = shelf.frames(timeline(Gap(length=10), over=(over,)))

    found = [frame.rgb(10 + x, 10 + y)[0] for y in range(12) for x in range(20)]
    assert max(abs(one - was) for one, was in zip(found, noise.tobytes(), strict=True)) <= 1


@pytest.mark.parametrize("corner", [(10, 10), (11, 13)])
def test_a_picture_comes_to_rest_without_a_jump(shelf: Shelf, corner: tuple[int, int]) -> None:
    """It comes ever slower and goes ever faster; the first frame at rest is, to the bit, the picture that stands still.

    The stretches before, at and after rest are encoded apart, so this is what makes their seams invisible.
    """
    words = {"x": corner[0], "y": corner[1], "fade_in": 8, "fade_out": 8}
    over = still(shelf.image(plain((255, 255, 255))), 40, enter=Shift(dx=60), leave=Shift(dy=30), **words)
    whole = timeline(Gap(length=40), over=(over,))

    frames = shelf.frames(whole)
    rest = shelf.frames(slice_of(whole, Range(start=8, end=32)))

    assert [one.planes for one in frames[8:32]] == [rest[0].planes] * 24 == [one.planes for one in rest]
    assert frames[32].planes == rest[0].planes
    coming = [_edge(frame, corner[1] + 6) for frame in frames[1:8]]
    assert coming == sorted(coming, reverse=True)
    steps = [before - after for before, after in pairwise(coming)]
    assert steps == sorted(steps, reverse=True)
    assert coming[0] > corner[0] + 35
    assert 0 <= coming[-1] - corner[0] <= 2


def _edge(frame: Frame, y: int) -> int:
    """Give the first pixel of a row that is lighter than black."""
    return next(x for x in range(frame.width) if frame.yuv(x, y)[0] > 18)


def test_a_picture_thins_evenly(shelf: Shelf) -> None:
    """At frame i of a fade over n frames a picture is i/n of itself, at half its opacity half of that."""
    over = still(shelf.image(plain((255, 255, 255))), 30, fade_in=10, opacity=Fraction(1, 2))

    frames = shelf.frames(timeline(Gap(length=30), over=(over,)))

    levels = [frames[at].rgb(20, 16)[0] for at in range(14)]
    assert all(abs(level - min(at, 10) * 12.75) <= 2 for at, level in enumerate(levels))


# -- blends and keys ---------------------------------------------------------------------------------------------------

B, A = 160, 96
"""What is below, and what is above."""
FORMULAS: dict[Blend, float] = {
    "screen": 255 - (255 - A) * (255 - B) / 255,
    "lighten": max(A, B),
    "multiply": A * B / 255,
    "darken": min(A, B),
    "overlay": 255 - 2 * (255 - A) * (255 - B) / 255,
    # W3C, Compositing and Blending, where what is above is darker than the middle.
    "softlight": B - (255 - 2 * A) * B * (255 - B) / 255 / 255,
    "addition": min(255, A + B),
}


@older
def test_a_picture_blends_with_what_is_below_its_box_only(shelf: Shelf, program: Path) -> None:
    """Each blend is what its formula says; clear pixels, and all that lies outside, are what they were (C2, D1)."""
    picture = plain((A, A, A))
    ImageDraw.Draw(picture).rectangle((0, 0, 5, 11), fill=(A, A, A, 0))
    asset = shelf.image(picture)
    for blend, level in FORMULAS.items():
        (frame, *_) = shelf.frames(
            timeline(Gap(length=2, colour=grey(B)), over=(still(asset, 2, blend=blend),)), program
        )

        inside, outside = frame.rgb(24, 16), (frame.rgb(12, 16), frame.rgb(6, 16), frame.rgb(40, 40))
        assert is_near(inside, (round(level),) * 3, 4), blend
        assert all(is_near(one, (B, B, B), 2) for one in outside), blend


@pytest.mark.parametrize("more", [{"x": -8}, {"x": 85, "y": 57}, {"x": 11, "width": None, "height": None}])
def test_a_blend_is_cut_where_the_canvas_ends(shelf: Shelf, more: dict[str, Any]) -> None:
    """A picture that blends may stick out of the canvas, begin at an odd pixel, or be as large as it is."""
    asset = shelf.image(plain((A, A, A)))
    over = still(asset, 4, blend="multiply", opacity=Fraction(1, 2), **more)

    frame = shelf.frames(timeline(Gap(length=4, colour=grey(B)), over=(over,)))[2]

    left, top = more["x"], more.get("y", 10)
    half = round((A * B / 255 + B) / 2)
    for x in range(96):
        wanted = half if left <= x < left + 20 else B
        assert abs(frame.rgb(x, top + 4)[0] - wanted) <= 3, x


@pytest.mark.parametrize("blend", ["screen", "multiply", "softlight"])
def test_a_film_blends_and_its_bars_do_not(shelf: Shelf, blend: Blend) -> None:
    """A film of another shape changes what is below itself, and nothing beside it, whatever black is to the blend."""
    chain = f"color={grey(A)}:s=48x64:r=30,trim=end_frame=6,format=rgb24"
    chain += ",scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    film = shelf.film("grey.mp4", "-f", "lavfi", "-i", chain, "-c:v", "libx264", "-qp", 0, "-colorspace", "bt709")
    over = VideoOverlay(asset=film, x=0, y=0, at=Range(start=0, end=4), blend=blend)

    frame = shelf.frames(timeline(Gap(length=4, colour=grey(B)), over=(over,)))[2]

    assert abs(frame.rgb(48, 32)[0] - FORMULAS[blend]) <= 4
    assert all(is_near(frame.rgb(x, 32), (B, B, B), 2) for x in (4, 90))


@older
@pytest.mark.parametrize("colour", ["#00ff00", "#0000ff", "#ffffff"])
def test_a_key_is_seen_through(shelf: Shelf, program: Path, colour: str) -> None:
    """Before a screen of green, of blue or of white only what is red is left, of a film and of a picture (C2)."""
    picture = plain((int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)))
    ImageDraw.Draw(picture).rectangle((10, 0, 19, 11), fill=RED)
    chain = f"color=0x{colour[1:]}:s=20x12:r=30,trim=end_frame=6,format=rgb24,drawbox=x=10:y=0:w=10:h=12:c=red:t=fill"
    chain += ",scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    film = shelf.film("key.mp4", "-f", "lavfi", "-i", chain, "-c:v", "libx264", "-qp", 0, "-colorspace", "bt709")
    key = ChromaKey.model_validate({"colour": colour})
    words: dict[str, Any] = {"x": 10, "at": Range(start=0, end=4), "key": key}
    overs = (
        still(shelf.image(picture), **words),
        VideoOverlay(asset=film, y=40, **words),
    )

    frame = shelf.frames(timeline(Gap(length=4, colour="#505050"), over=overs), program)[2]

    for y in (16, 46):
        assert is_near(frame.rgb(14, y), (80, 80, 80), 3), y
        assert is_near(frame.rgb(26, y), RED, 6), y


# -- films -------------------------------------------------------------------------------------------------------------


@older
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("alpha.webm", ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-lossless", 1)),
        ("alpha.mov", ("-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le")),
    ],
)
def test_a_film_is_seen_through_where_it_says(shelf: Shelf, program: Path, name: str, words: tuple[Any, ...]) -> None:
    """A film with alpha, of VP9 or ProRes 4444, shows what is below where it is clear, if it is taken by its alpha."""
    chain = "color=red:s=32x32:r=30,trim=end_frame=6,format=rgba,geq=r=255:g=0:b=0:a='255*gte(X,16)'"
    film = shelf.film(name, "-f", "lavfi", "-i", chain, "-colorspace", "bt709", *words)
    over = VideoOverlay(asset=film, x=0, y=0, at=Range(start=0, end=4), has_alpha=True)

    clear, opaque = (
        shelf.frames(timeline(Gap(length=4), over=(over.model_copy(update={"has_alpha": has}),)), program)[2]
        for has in (True, False)
    )

    assert clear.yuv(4, 16)[0] <= 17
    assert clear.yuv(26, 16)[0] > 50
    assert opaque.yuv(4, 16)[0] > 50


def test_a_film_covers_its_frame(shelf: Shelf) -> None:
    """A film that is to cover a frame of another shape fills it, cut at its edges; without a size, the canvas."""
    film = quarters(shelf, "48x96")
    words: dict[str, Any] = {"asset": film, "at": Range(start=0, end=4), "is_covering": True}

    (part, *_) = shelf.frames(timeline(Gap(length=4), over=(VideoOverlay(x=8, y=8, width=40, height=16, **words),)))
    (whole, *_) = shelf.frames(timeline(Gap(length=4), over=(VideoOverlay(x=0, y=0, **words),)))

    assert [is_near(part.rgb(x, 16), RED) for x in (6, 9, 24, 32, 46, 49)] == [False, True, True, False, False, False]
    assert is_near(part.rgb(46, 22), GOLD)
    assert is_near(whole.rgb(1, 62), RED)
    assert is_near(whole.rgb(94, 1), GOLD)


def test_a_loop_entered_late_is_the_loop(shelf: Shelf) -> None:
    """A stretch of a looped film shows what one run over all of it shows there, and decodes one loop at most."""
    chain = "color=black:s=96x64:r=30,trim=end_frame=7,geq=lum='20+30*N':cb=128:cr=128"
    film = shelf.film("steps.mp4", "-f", "lavfi", "-i", chain, "-c:v", "libx264", "-qp", 0, "-colorspace", "bt709")
    over = VideoOverlay(asset=film, x=0, y=0, at=Range(start=0, end=60), is_looped=True)
    whole = timeline(Gap(length=60), over=(over,))

    frames = [one.yuv(48, 32)[0] for one in shelf.frames(whole)]
    late = [one.yuv(48, 32)[0] for one in shelf.frames(slice_of(whole, Range(start=45, end=60)))]

    assert all(abs(level - 20 - 30 * (at % 7)) <= 1 for at, level in enumerate(frames))
    assert late == frames[45:]
