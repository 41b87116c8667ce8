"""Makes the films and pictures that videogen ships: `python -m tests.assets.make FOLDER`.

The same seed gives the same pixels. The films loop without a seam: whatever moves or glows does so a whole number of
times within them.
"""

import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from math import cos, hypot, pi, sin
from pathlib import Path
from random import Random
from typing import NamedTuple

import av
from av.video.reformatter import Colorspace
from PIL import Image, ImageChops, ImageDraw, ImageFilter

SIZE = (540, 960)
"""Half of the canvas: what glitters and falls is soft, and a quarter of the bytes is enough for it."""
RATE = 30
FRAMES = 4 * RATE
CANVAS = (1080, 1920)
GOLD = (0xD4, 0xAF, 0x37)
SEED = 20_04


def _glow(radius: int, colour: tuple[int, int, int], *, has_rays: bool) -> Image.Image:
    """Give a soft point of light on black, with four rays where it is a large one."""
    side = 2 * radius + 1
    image = Image.new("RGB", (side, side))
    for x in range(side):
        for y in range(side):
            dx, dy = abs(x - radius) / radius, abs(y - radius) / radius
            light = max(0.0, 1 - hypot(dx, dy) * (2.6 if has_rays else 1)) ** 2
            if has_rays:
                light += max(0.0, 1 - dx) ** 3 * max(0.0, 1 - dy * radius / 1.6)
                light += max(0.0, 1 - dy) ** 3 * max(0.0, 1 - dx * radius / 1.6)
            image.putpixel((x, y), tuple(min(255, round(part * min(1.0, light))) for part in colour))
    return image


class _Speck(NamedTuple):
    """One golden speck: which look it has, where it is, how it moves and blinks, in turns of the whole film."""

    look: int
    x: int
    y: float
    rises: int
    sways: float
    turns: int
    blinks: int
    phase: float
    sharp: int


def _speck(chance: Random) -> _Speck:
    is_large = chance.random() < 0.12
    return _Speck(
        look=chance.randrange(9, 15) if is_large else chance.randrange(9),
        x=chance.randrange(SIZE[0]),
        y=chance.random(),
        rises=0 if is_large else chance.choice((0, 0, 1)),
        sways=chance.uniform(2, 9),
        turns=chance.choice((1, 1, 2)),
        blinks=chance.choice((1, 2, 2, 3)),
        phase=chance.uniform(0, 2 * pi),
        sharp=7 if is_large else 2,
    )


def _glitter(chance: Random) -> Callable[[int], Image.Image]:
    """Give golden specks that rise slowly and sparkle now and then."""
    looks = [_glow(radius, colour, has_rays=radius > 6) for radius in (3, 4, 5, 10, 17) for colour in _golds()]
    steps = [[light.point(lambda v, n=n: v * n // 15) for n in range(16)] for light in looks]
    specks = [_speck(chance) for _ in range(620)]

    def frame(nth: int) -> Image.Image:
        picture, turn = Image.new("RGB", SIZE), 2 * pi * nth / FRAMES
        for one in specks:
            light = (0.5 + 0.5 * sin(one.blinks * turn + one.phase)) ** one.sharp
            level = round(15 * light)
            if not level:
                continue
            glow = steps[one.look][level]
            left = round(one.x + one.sways * sin(one.turns * turn + one.phase)) - glow.width // 2
            top = round((one.y - one.rises * nth / FRAMES) % 1 * (SIZE[1] + 40)) - 20 - glow.height // 2
            box = (left, top, left + glow.width, top + glow.height)
            picture.paste(ImageChops.add(picture.crop(box), glow), box)
        return picture

    return frame


def _golds() -> tuple[tuple[int, int, int], ...]:
    return GOLD, (0xFF, 0xE0, 0x8A), (0xFF, 0xF6, 0xDC)


def _rain(chance: Random) -> Callable[[int], Image.Image]:
    """Give drops that fall in three depths: the near ones fast, long and bright."""
    drops = []
    for depth, count in ((1, 110), (2, 60), (3, 24)):
        drops += [(chance.randrange(-60, SIZE[0]), chance.random(), depth) for _ in range(count)]

    def frame(nth: int) -> Image.Image:
        layers = []
        for depth in (1, 2, 3):
            layer = Image.new("L", SIZE)
            draw = ImageDraw.Draw(layer)
            length, light = 16 + 17 * depth, 38 + 44 * depth
            way = SIZE[1] + length
            for x, start, own in drops:
                if own != depth:
                    continue
                y = (start + (2 * depth + 1) * nth / FRAMES) % 1 * way - length
                slant = 0.06 * (y + length)
                draw.line((x + slant, y, x + slant + 0.06 * length, y + length), light, 1 if depth < 3 else 2)
            layers.append(layer.filter(ImageFilter.GaussianBlur(0.7)))
        falling = ImageChops.add(ImageChops.add(layers[0], layers[1]), layers[2])
        return Image.merge("RGB", [falling.point(lambda v, p=part: v * p // 255) for part in (214, 226, 255)])

    return frame


def film(path: Path, frame: Callable[[int], Image.Image], crf: int) -> None:
    """Write the film of a function from a frame's number to its picture."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        out.flags |= 0x400  # AVFMT_FLAG_BITEXACT: no date, no version
        stream = out.add_stream("libx264", rate=RATE, options={"crf": str(crf), "preset": "veryslow"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        context = stream.codec_context
        context.thread_count = 1
        context.color_primaries = context.color_trc = context.colorspace = 1
        context.color_range = 1
        context.time_base = Fraction(1, RATE)
        for nth in range(FRAMES):
            picture = av.VideoFrame.from_image(frame(nth))  # type: ignore[no-untyped-call]  # PyAV's own
            picture = picture.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
            picture.pts = nth
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))


def _metal(at: float) -> tuple[int, int, int]:
    """Give the colour of a rounded golden bar across its width, from 0 to 1: dark edges and a bright ridge."""
    ridge = 0.5 + 0.5 * cos(2 * pi * (at - 0.42))
    bright = max(0.0, ridge - 0.72) / 0.28
    return tuple(
        round(low + (gold - low) * min(1.0, ridge / 0.72) + (high - gold) * bright * 0.8)
        for low, gold, high in zip((0x5C, 0x41, 0x0E), GOLD, (0xFF, 0xF4, 0xC4), strict=True)
    )  # type: ignore[return-value]  # three of three


def _ring(image: Image.Image, outer: int, width: int) -> None:
    """Draw a golden bar round the picture, `outer` pixels from its edge, lit across its width."""
    draw = ImageDraw.Draw(image)
    for nth in range(width):
        box = (outer + nth, outer + nth, image.width - 1 - outer - nth, image.height - 1 - outer - nth)
        draw.rectangle(box, outline=(*_metal((nth + 0.5) / width), 255))


def golden_frame() -> Image.Image:
    """Give a frame of a bar, a line within, and stepped corners; all between it is clear."""
    image = Image.new("RGBA", CANVAS)
    _ring(image, 14, 30)
    _ring(image, 56, 4)
    for corner in _corners():
        image.alpha_composite(corner)
    return image


def _corners() -> Iterator[Image.Image]:
    """Give the four corners: three steps of bars, each shorter than the one before."""
    size, one = 260, Image.new("RGBA", CANVAS)
    draw, round_end = ImageDraw.Draw(one), _dot(7)
    for step, length in enumerate((size, 180, 100)):
        at = 56 + 16 * step
        for nth in range(6):
            colour = (*_metal((nth + 0.5) / 6), 255)
            draw.line((at + nth, at + nth, at + length, at + nth), colour)
            draw.line((at + nth, at + nth, at + nth, at + length), colour)
        for end in ((at + length, at + 2.5), (at + 2.5, at + length)):
            one.alpha_composite(round_end, (round(end[0]) - 7, round(end[1]) - 7))
    yield one
    yield one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    yield one.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    yield one.transpose(Image.Transpose.ROTATE_180)


def _dot(radius: int) -> Image.Image:
    """Give a golden point with a smooth edge."""
    large = Image.new("RGBA", (16 * radius + 8, 16 * radius + 8), (*_metal(0.42), 0))
    ImageDraw.Draw(large).ellipse((4, 4, large.width - 5, large.height - 5), (*_metal(0.42), 255))
    return large.resize((2 * radius + 1, 2 * radius + 1), Image.Resampling.LANCZOS)


def golden_border() -> Image.Image:
    """Give the frame that is drawn by rule: a line of #D4AF37, 10 pixels wide, 10 pixels from the edge."""
    image = Image.new("RGBA", CANVAS)
    ImageDraw.Draw(image).rectangle((10, 10, CANVAS[0] - 11, CANVAS[1] - 11), outline=(*GOLD, 255), width=10)
    return image


def make(folder: Path) -> None:
    """Write all four into a folder."""
    golden_frame().save(folder / "golden_frame.png", optimize=True)
    golden_border().save(folder / "golden_border.png", optimize=True)
    film(folder / "glitter.mp4", _glitter(Random(SEED)), 27)  # noqa: S311  # it is to be the same every time
    film(folder / "rain.mp4", _rain(Random(SEED)), 33)  # noqa: S311  # as above


if __name__ == "__main__":
    make(Path(sys.argv[1]))
