"""Any picture that a person has becomes a PNG of the size that is wanted.

Seen as a person sees it: turned as its EXIF says, in the colours that its profile means, the first frame where it has
many. Inks (CMYK) become colours by their profile, or plainly where they have none; an Adobe file has them inverted.
What is seen through stays so. Sizes are reached by Lanczos, a large JPEG by way of its own smaller scales.
"""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import IO, Any, NoReturn

from PIL import Image, ImageChops, ImageCms, ImageFilter, UnidentifiedImageError

from videogen.errors import MediaError
from videogen.model.readable import readable
from videogen.raster.wishes import Drawn, Look, Photo

BYTES_MOST = 100 << 20
PX_MOST = 200_000_000
"""The largest camera backs have 150 megapixels."""
DRAWN_PX_MOST = 64 << 20
"""Twice 8K: a picture that is laid over every frame is no larger."""
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "TIFF", "BMP", "DIB", "AVIF", "HEIF")
"""MPO is what phones and cameras call a JPEG with more than one picture in it."""
PNG_LEVEL = 2
"""Photos hardly shrink further, and the file is read once."""

BLUR_SHARE, DIMMED = Fraction(1, 24), Fraction(7, 10)
"""What fills the rest of a picture: blurred by this share of its longer side, and darker than it."""
_ORIENTATION = 0x0112
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"hevm", b"mif1", b"msf1")
_OTHERS = (
    (b"%pdf-", "a PDF"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an SVG drawing or another XML file"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"8bps", "a Photoshop file"),
    (b"%!ps", "a PostScript file"),
    (b"pk\x03\x04", "an archive"),
    (b"\x1a\x45\xdf\xa3", "a video"),
)
_EXPORT = "Export it as a JPEG or a PNG."
FAULTS = (
    OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError,
    MemoryError, AssertionError, Image.DecompressionBombError, ImageCms.PyCMSError,
)  # fmt: skip
"""What Pillow and its plugins raise at bytes that are damaged, or worse."""


@dataclass(frozen=True)
class _Seen:
    """A picture as it was opened: its size as a person sees it, and its EXIF orientation (1: as it is)."""

    image: Image.Image
    path: Path
    orientation: int

    @property
    def size(self) -> tuple[int, int]:
        width, height = self.image.size
        return (height, width) if self.orientation >= 5 else (width, height)


def prepare() -> None:
    """Let Pillow open pictures up to our limit, and HEIF where its plugin is installed. For a process of our own."""
    Image.MAX_IMAGE_PIXELS = PX_MOST
    with suppress(ImportError):
        from pillow_heif import register_heif_opener  # noqa: PLC0415 -- an extra, and large

        register_heif_opener()
    Image.init()


def looked_at(wish: Look) -> Drawn:
    """Give the size of a picture as a person sees it. Raises: MediaError."""
    path = Path(wish.file)
    with _file(path) as file:
        seen = _opened(file, path)
        return Drawn(b"", 0, 0, *seen.size)


def drawn_photo(wish: Photo) -> Drawn:
    """Give a picture as a PNG of the size that is wanted, else of its own.

    What lies outside the canvas is left out where it is never seen, and such a picture begins and ends at even pixels.
    Raises: MediaError: it is no picture, or is damaged, too large, or of a kind that cannot be read here.
    """
    path = Path(wish.file)
    with _file(path) as file:
        seen = _opened(file, path)
        try:
            return _drawn(wish, seen)
        except MemoryError as error:
            raise _bad(path, "takes more memory than a picture may", "too-many-pixels", "Export it smaller.") from error
        except FAULTS as error:
            why = " ".join(str(error).split())[:120] or type(error).__name__
            raise _bad(path, f"is damaged ({why})", "broken-image", "Get it again, or export it anew.") from error


def _drawn(wish: Photo, seen: _Seen) -> Drawn:
    size = (wish.width or seen.size[0], wish.height or seen.size[1])
    if size[0] * size[1] > DRAWN_PX_MOST:
        raise _bad(
            seen.path, f"would be drawn at {size[0]}x{size[1]} pixels", "too-many-pixels", "Give it a smaller size."
        )
    moves = getattr(seen.image, "is_animated", False) and seen.image.format not in {"MPO", "TIFF"}
    told = (f"still: {readable(seen.path.name)} moves, and its first frame is shown",) if moves else ()
    image = _fitted(seen, size, wish.fit)
    x, y = wish.x, wish.y
    if wish.is_still:
        image, x, y = _on_canvas(image, x, y, wish.canvas)
    return Drawn(_png(image), x, y, image.width, image.height, told)


def _bad(path: Path, trouble: str, code: str, remedy: str = _EXPORT) -> MediaError:
    return MediaError(f"the picture {readable(path.name)} {trouble}", remedy=remedy, code=code)


# -- opening -----------------------------------------------------------------------------------------------------------


def _file(path: Path) -> IO[bytes]:
    try:
        # A FIFO would be waited for without end.
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise _bad(path, f"cannot be read ({error.strerror})", "unreadable", "Look whether it is there.") from error
    info = os.fstat(file.fileno())
    if not stat.S_ISREG(info.st_mode) or info.st_size > BYTES_MOST or not info.st_size:
        file.close()
        if not stat.S_ISREG(info.st_mode):
            raise _bad(path, "is not a regular file", "not-regular", "Give the file itself.")
        if not info.st_size:
            raise _bad(path, "is empty", "empty", "Get it again.")
        raise _bad(path, f"is larger than {BYTES_MOST >> 20} MiB", "too-large", "Export it smaller.")
    return file


def _opened(file: IO[bytes], path: Path) -> _Seen:
    head = file.read(512)
    file.seek(0)
    try:
        image = Image.open(file, formats=_readable_formats())
    except UnidentifiedImageError:
        _refuse(head, path)
    except Image.DecompressionBombError as error:
        raise _too_many(path) from error
    except FAULTS as error:
        raise _bad(path, "is damaged: its beginning makes no sense", "broken-image", "Get it again.") from error
    if image.width * image.height > PX_MOST:
        raise _too_many(path)
    return _Seen(image, path, _orientation(image))


def _too_many(path: Path) -> MediaError:
    return _bad(path, f"has more than {PX_MOST // 1_000_000} megapixels", "too-many-pixels", "Export it smaller.")


def _readable_formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _refuse(head: bytes, path: Path) -> NoReturn:
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        remedy = "Install videogen with its extra `images`, or export it as a JPEG."
        raise _bad(path, "is a HEIC picture, which cannot be read here", "no-heic", remedy)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kind = next((kind for begins, kind in _OTHERS if start.startswith(begins)), "")
    if not kind and head[4:8] == b"ftyp":
        kind = "a video"
    # A picture by its first bytes that no plugin took is a damaged one.
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")):
        raise _bad(path, "is damaged: its beginning makes no sense", "broken-image", "Get it again.")
    raise _bad(path, f"is {kind or 'no picture'}, whatever its name says", "not-an-image")


def _orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except FAULTS:  # EXIF is written by everybody, and often wrongly: the picture is good without it
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


# -- sizes -------------------------------------------------------------------------------------------------------------


def _fitted(seen: _Seen, size: tuple[int, int], fit: str) -> Image.Image:
    """Give a picture at a size, as its fit has it; the picture itself keeps its shape but to stretch."""
    if fit == "stretch" or size == seen.size:
        return _scaled(_loaded(seen, size), size)
    by_width, by_height = Fraction(size[0], seen.size[0]), Fraction(size[1], seen.size[1])
    if fit == "cover":
        share = max(by_width, by_height)
        image = _loaded(seen, _times(seen.size, share))
        return _covering(image, size)
    whole = _times(seen.size, min(by_width, by_height))
    image = _loaded(seen, whole)
    sheet = Image.new("RGBA", size)
    if fit == "blur":
        sheet = _blurred(image, size)
    # On even pixels, so that the edge of a picture keeps its colour.
    place = tuple((outer - inner) // 4 * 2 for outer, inner in zip(size, whole, strict=True))
    sheet.alpha_composite(_scaled(image, whole).convert("RGBA"), (place[0], place[1]))
    return sheet


def _times(size: tuple[int, int], share: Fraction) -> tuple[int, int]:
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _covering(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Give the middle of a picture that has the shape of a size, at that size."""
    share = max(size[0] / image.width, size[1] / image.height)
    width, height = size[0] / share, size[1] / share
    left, top = max(0.0, (image.width - width) / 2), max(0.0, (image.height - height) / 2)
    box = (left, top, min(image.width, left + width), min(image.height, top + height))
    return image.resize(size, Image.Resampling.LANCZOS, box=box)


def _blurred(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Give a picture filling a size, blurred and dimmed."""
    # Blurred when small: a wide blur of a small picture looks the same and costs a sixteenth.
    small = _covering(image, (max(1, size[0] // 4), max(1, size[1] // 4)))
    radius = float(max(small.size) * BLUR_SHARE)
    flat = Image.new("RGBA", small.size, "black")
    flat.alpha_composite(small.convert("RGBA"))
    soft = flat.convert("RGB").filter(ImageFilter.GaussianBlur(radius)).resize(size, Image.Resampling.BICUBIC)
    return soft.point(lambda level: round(level * DIMMED)).convert("RGBA")


def _on_canvas(image: Image.Image, x: int, y: int, canvas: tuple[int, int]) -> tuple[Image.Image, int, int]:
    """Give what the canvas shows of a picture, grown by clear pixels to begin and end at even ones."""
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + image.width, canvas[0]), min(y + image.height, canvas[1])
    if left >= right or top >= bottom:
        return Image.new("RGBA", (2, 2)), 0, 0
    even = (left // 2 * 2, top // 2 * 2, (right + 1) // 2 * 2, (bottom + 1) // 2 * 2)
    if even == (x, y, x + image.width, y + image.height):
        return image, x, y
    if even != (left, top, right, bottom):
        image = image.convert("RGBA")
    return image.crop((even[0] - x, even[1] - y, even[2] - x, even[3] - y)), even[0], even[1]


# -- colours -----------------------------------------------------------------------------------------------------------


def _loaded(seen: _Seen, wanted: tuple[int, int]) -> Image.Image:
    """Give a picture decoded, turned and in sRGB: RGB, or RGBA where some of it is seen through.

    A JPEG comes in the smallest of its own scales that is no smaller than what is wanted.
    """
    image = seen.image
    if image.format == "JPEG":
        image.draft(None, wanted if seen.orientation < 5 else wanted[::-1])
    image.load()
    has_adobe = "adobe" in image.info
    profile = image.info.get("icc_profile")
    if image.mode == "CMYK" and image.format in {"JPEG", "MPO"} and not has_adobe:
        image = ImageChops.invert(image)  # Pillow takes every JPEG for Adobe's
    image = _turned(_reduced(image, wanted if seen.orientation < 5 else wanted[::-1]), seen.orientation)
    alpha = _alpha(image)
    colours = _in_srgb(image, profile)
    if alpha is None:
        return colours
    colours.putalpha(alpha)
    return colours


def _reduced(image: Image.Image, wanted: tuple[int, int]) -> Image.Image:
    """Give a picture three times as large as what is wanted, or what it is: nobody sees the difference.

    Source: Pillow's own `reducing_gap`, which is indistinguishable from 3.0 on.
    """
    gap = min(image.width // wanted[0], image.height // wanted[1]) // 3
    return image.reduce(gap) if gap >= 2 and image.mode in {"L", "LA", "RGB", "RGBA", "CMYK"} else image


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    method = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)  # fmt: skip
    return image if method is None else image.transpose(method)


def _alpha(image: Image.Image) -> Image.Image | None:
    """Give how opaque each pixel is; None where all are."""
    if image.mode not in {"RGBA", "LA", "PA", "La", "RGBa"} and "transparency" not in image.info:
        return None
    alpha = image.convert("RGBA").getchannel("A")
    return None if alpha.getextrema() == (255, 255) else alpha


def _in_srgb(image: Image.Image, profile: Any) -> Image.Image:
    image = _in_eight_bits(image)
    if isinstance(profile, bytes) and profile:
        # A profile that is broken, or is not of these colours, is as good as none.
        with suppress(*FAULTS):
            bare = image.convert(_bare(image.mode))
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            found = ImageCms.profileToProfile(bare, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if found is not None:
                return found
    if image.mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        found = ImageCms.profileToProfile(image, lab, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return image.convert("RGB") if found is None else found
    # By way of RGBA, a palette with clear entries keeps the colours of the others.
    return image.convert("RGBA").convert("RGB") if image.mode in {"P", "PA"} else image.convert("RGB")


def _bare(mode: str) -> str:
    return {"RGBA": "RGB", "RGBa": "RGB", "P": "RGB", "PA": "RGB", "LA": "L", "La": "L", "1": "L"}.get(mode, mode)


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Bring a greyscale of more bits to eight. Pillow's own way cuts off what is brighter."""
    if image.mode.startswith("I"):
        wide = image.convert("I")
        return wide.point(lambda level: level * (1 / 257) + 0.5).convert("L")
    if image.mode == "F":  # from 0 to 1, as programs that reckon in light write it; else as 8 or 16 bits
        brightest = max(float(one) for one in image.getextrema() if isinstance(one, int | float))
        scale = 255.0 if brightest <= 1 else 1.0 if brightest <= 255 else 1 / 257
        return image.point(lambda level: level * scale + 0.5).convert("L")
    return image


def _png(image: Image.Image) -> bytes:
    image.info = {}  # no profile and no words of the picture's go on
    png = BytesIO()
    image.save(png, "PNG", compress_level=PNG_LEVEL)
    return png.getvalue()
