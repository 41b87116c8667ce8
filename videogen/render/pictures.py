"""What a person looks at instead of the video: a poster, a contact sheet, the waveform of the sound."""

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageStat

from videogen.render.stills import Still, fitted, stills
from videogen.render.waveform import waveform

TILES = 12
SHEET_WIDTH = 1600
POSTER_WITHIN = (1280, 1280)
GAP = 8
STAMP_SIZE = 15
QUALITY = 85
"""Source: posters of three real clips take a seventh more bytes than at 75; at 95 they take a third more than at 85."""

FLAT = 64
"""Between its darkest and its brightest fiftieth a good frame spans so many of 219 steps; one near black does not."""
_BEHIND, _INK, _BOX = (16, 20, 24), (255, 255, 255), (0, 0, 0)


def draw(video: Path) -> dict[str, bytes]:
    """Give poster.jpg, contact.jpg and waveform.png of a finished video; the same video gives the same bytes.

    Raises: Defect: nothing of it can be decoded. What PyAV and Pillow raise.
    """
    frames = list(stills(video, TILES, POSTER_WITHIN))
    best = poster_of(frames)
    return {
        "poster.jpg": _jpeg(best.coloured(best.size)),
        "contact.jpg": _jpeg(contact(frames)),
        "waveform.png": _png(waveform(video)),
    }


def poster_of(frames: Sequence[Still]) -> Still:
    """Choose the frame that shows most: the sharpest of the first third that is no black and no fade.

    Where the first third has none such, of all; where there is none at all, the sharpest.
    """
    early = [frame for frame in frames[: -(-len(frames) // 3)] if _is_full(frame)]
    return max(early or [frame for frame in frames if _is_full(frame)] or frames, key=_sharpness)


def contact(frames: Sequence[Still]) -> Image.Image:
    """Lay frames out in rows, each with its time; portrait ones stand six in a row, others four."""
    width, height = frames[0].size
    across = 6 if height > width else 4
    cell = (SHEET_WIDTH - GAP) // across - GAP
    # A frame is as wide as its cell, though the video may be smaller; what is much higher than wide is not.
    scale = min(Fraction(cell, width), Fraction(2 * cell, height))
    tile = max(2, int(width * scale)), max(2, int(height * scale))
    down = -(-len(frames) // across)
    sheet = Image.new("RGB", (across * (cell + GAP) + GAP, down * (tile[1] + GAP) + GAP), _BEHIND)
    for nth, frame in enumerate(frames):
        image = frame.coloured(tile)
        _stamp(image, frame.at_s)
        left = GAP + nth % across * (cell + GAP) + (cell - tile[0]) // 2
        sheet.paste(image, (left, GAP + nth // across * (tile[1] + GAP)))
    return sheet


def _stamp(image: Image.Image, at_s: Fraction) -> None:
    """Draw a time into the lower right corner."""
    minutes, seconds = divmod(float(at_s), 60)
    hours, minutes = divmod(int(minutes), 60)
    words = f"{hours}:{minutes:02}:{seconds:04.1f}" if hours else f"{minutes}:{seconds:04.1f}"
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(STAMP_SIZE)
    left, top, right, bottom = pen.textbbox((image.width - 5, image.height - 4), words, font=font, anchor="rb")
    pen.rectangle((left - 4, top - 3, right + 3, bottom + 3), _BOX)
    pen.text((image.width - 5, image.height - 4), words, _INK, font=font, anchor="rb")


def _is_full(frame: Still) -> bool:
    """Whether a frame has dark and bright in it: black, white, and what comes out of black or goes into it has not."""
    counts = frame.planes[0].histogram()
    edge = sum(counts) / 50
    return _reached(counts, edge, range(255, -1, -1)) - _reached(counts, edge, range(256)) >= FLAT


def _reached(counts: Sequence[int], share: float, steps: range) -> int:
    """Give the step at which so many pixels were counted."""
    seen = 0
    for step in steps:
        seen += counts[step]
        if seen > share:
            return step
    return steps[-1]


def _sharpness(frame: Still) -> float:
    """Say how much fine detail a frame has, compared at one size: the spread of its second differences."""
    small = frame.planes[0].resize(fitted(frame.size, (640, 640)), Image.Resampling.BOX)
    edges = small.filter(ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128))
    return float(ImageStat.Stat(edges).var[0])


def _jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def _png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
