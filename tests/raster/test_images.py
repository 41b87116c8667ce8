"""Pictures of every kind, made by Pillow and looked at pixel by pixel (C2, D1, D3)."""

import os
import re
from collections.abc import Callable
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from videogen.errors import MediaError
from videogen.raster import images
from videogen.raster.apart import drawn_apart
from videogen.raster.images import drawn_photo, looked_at
from videogen.raster.wishes import Look, Photo

RED, GREEN, BLUE, CLEAR = (230, 20, 30), (20, 200, 40), (10, 30, 220), (0, 0, 0, 0)
CANVAS = (320, 180)


def halves(size: tuple[int, int] = (80, 40), mode: str = "RGB") -> Image.Image:
    """Give a picture that is red on its left and blue on its right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image.quantize(4) if mode == "P" else image.convert(mode)


def shown(file: Path, **wish: Any) -> Image.Image:
    """Give a picture as it is drawn; it must say its own size."""
    made = drawn_photo(Photo(str(file), CANVAS, **wish))
    image = Image.open(BytesIO(made.png))
    assert image.format == "PNG"
    assert image.size == (made.width, made.height)
    image.load()
    return image


def near(image: Image.Image, at: tuple[int, int], colour: tuple[int, ...], by: int = 14) -> bool:
    """Whether a pixel is of a colour, as far as a lossy picture can be."""
    pixel = image.convert("RGB").getpixel(at)
    assert isinstance(pixel, tuple)
    return max(abs(one - other) for one, other in zip(pixel, colour[:3], strict=True)) <= by


# -- kinds -------------------------------------------------------------------------------------------------------------

LOSSLESS: dict[str, dict[str, Any]] = {
    "a.png": {},
    "a.gif": {},
    "a.bmp": {},
    "a.tif": {"compression": "tiff_lzw"},
    "a.webp": {"lossless": True},
    "a.avif": {"quality": 95},
    "a.jpg": {"quality": 95, "progressive": True},
    "jpeg.png": {"format": "JPEG", "quality": 95},  # a name that lies about what can be read is no trouble
}


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_pictures_of_every_kind_are_drawn(tmp_path: Path, name: str, mode: str) -> None:
    """A picture looks the same whatever it was saved as; a grey one stays grey."""
    mode = "RGB" if mode in {"P", "RGBA"} and name in {"a.jpg", "jpeg.png"} else mode
    halves(mode=mode).save(tmp_path / name, **LOSSLESS[name])
    grey = halves().convert("L").convert("RGB")
    wanted = grey if mode == "L" else halves()

    made = shown(tmp_path / name)

    assert made.size == (80, 40)
    for at in ((10, 20), (70, 20)):
        pixel = wanted.getpixel(at)
        assert isinstance(pixel, tuple)
        assert near(made, at, pixel, by=20)


@pytest.mark.parametrize(("level", "seen"), [(0, 0), (257 * 128, 128), (65535, 255)])
@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_deep_grey_is_brought_to_eight_bits(tmp_path: Path, name: str, level: int, seen: int) -> None:
    """Sixteen bits become eight by their share, and what is bright is not cut off."""
    Image.new("I;16", (8, 8), level).save(tmp_path / name)

    pixel = shown(tmp_path / name).convert("RGB").getpixel((4, 4))

    assert isinstance(pixel, tuple)
    assert abs(pixel[0] - seen) <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_exif_says(tmp_path: Path, orientation: int) -> None:
    """The red corner of a photo lies where a person who looks at it sees it, and its size is what they see."""
    corners = {1: "tl", 2: "tr", 3: "br", 4: "bl", 5: "tl", 6: "tr", 7: "br", 8: "bl"}
    image = Image.new("RGB", (80, 40), GREEN)
    image.paste(RED, (0, 0, 30, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / "photo.jpg", exif=exif, quality=95)

    made = shown(tmp_path / "photo.jpg")
    size = (40, 80) if orientation >= 5 else (80, 40)
    at = (5 if "l" in corners[orientation] else size[0] - 5, 5 if "t" in corners[orientation] else size[1] - 5)

    assert made.size == size
    assert (looked_at(Look(str(tmp_path / "photo.jpg"))).width, made.width) == (size[0], size[0])
    assert near(made, at, RED)
    assert near(made, (size[0] // 2, size[1] // 2 + size[1] // 4), GREEN) or "b" in corners[orientation]


@pytest.mark.parametrize("has_adobe", [True, False])
def test_inks_become_colours(tmp_path: Path, has_adobe: bool) -> None:
    """A JPEG of inks has its colours, whether inverted as Adobe has it, or plain as others do."""
    halves(mode="CMYK").save(tmp_path / "print.jpg", quality=95)
    content = (tmp_path / "print.jpg").read_bytes()
    at = content.index(b"\xff\xee")
    if not has_adobe:  # the marker taken out, and the inks as they are
        inverted = Image.eval(halves(mode="CMYK"), lambda level: 255 - level)
        inverted.save(tmp_path / "print.jpg", quality=95)
        content = (tmp_path / "print.jpg").read_bytes()
        (tmp_path / "print.jpg").write_bytes(
            content[:at] + content[at + 2 + int.from_bytes(content[at + 2 : at + 4]) :]
        )

    made = shown(tmp_path / "print.jpg")

    assert near(made, (10, 20), RED, by=24)
    assert near(made, (70, 20), BLUE, by=24)


def test_profile_is_honoured_and_left_behind(tmp_path: Path) -> None:
    """Colours that a profile gives another meaning are turned into sRGB, and no profile goes on."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"....").replace(b"bXYZ", b"rXYZ").replace(b"....", b"bXYZ")  # red means blue
    halves().save(tmp_path / "swapped.png", icc_profile=swapped)
    halves().save(tmp_path / "plain.png")
    halves().save(tmp_path / "broken.png", icc_profile=b"no profile")

    made, plain = shown(tmp_path / "swapped.png"), shown(tmp_path / "plain.png")

    assert near(plain, (10, 20), RED, by=0)
    assert near(made, (10, 20), RED[::-1], by=20)
    assert shown(tmp_path / "broken.png").tobytes() == plain.tobytes()
    assert "icc_profile" not in made.info


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.gif", "palette.png", "key.png"])
def test_what_is_clear_stays_clear(tmp_path: Path, name: str) -> None:
    """What is seen through in a picture is seen through in what is drawn of it, and the rest keeps its colour."""
    image = Image.new("RGBA", (40, 40), (*RED, 255))
    image.paste(CLEAR, (0, 0, 20, 40))
    if name == "palette.png":
        image.quantize(4).save(tmp_path / name)
    elif name == "key.png":  # a PNG may name one colour that is clear
        image.convert("RGB").save(tmp_path / name, transparency=(0, 0, 0))
    else:
        image.save(tmp_path / name, lossless=True)

    made = shown(tmp_path / name, width=20, height=20)

    assert made.mode == "RGBA"
    pixels = [made.getpixel((x, 10)) for x in (2, 17)]
    assert [pixel[3] for pixel in pixels if isinstance(pixel, tuple)] == [0, 255]
    assert near(made, (17, 10), RED)


def test_clear_pixels_lend_no_colour(tmp_path: Path) -> None:
    """A picture with clear black beside white is as white at its edge when it is smaller: no dark fringe."""
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (30, 0, 64, 64))
    image.save(tmp_path / "edge.png")

    made = shown(tmp_path / "edge.png", width=13, height=13)

    row = [made.getpixel((x, 6)) for x in range(13)]
    assert {pixel[:3] for pixel in row if isinstance(pixel, tuple) and pixel[3]} == {(255, 255, 255)}


def test_what_moves_is_shown_by_its_first_frame(tmp_path: Path) -> None:
    """Of a picture that moves the first frame is drawn, and a warning says so."""
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, BLUE)]
    for name in ("a.gif", "a.png", "a.webp"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=100)
        made = drawn_photo(Photo(str(tmp_path / name), CANVAS))

        assert near(Image.open(BytesIO(made.png)), (10, 10), RED, by=20)
        assert made.warnings == (f"still: {name} moves, and its first frame is shown",)


# -- sizes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fit", ["stretch", "contain", "cover", "blur"])
@pytest.mark.parametrize("size", [(60, 60), (33, 90), (200, 41), (80, 40)])
def test_pictures_have_the_size_that_is_wanted(tmp_path: Path, fit: str, size: tuple[int, int]) -> None:
    """However it is fitted, a picture is exactly as large as it is laid."""
    halves().save(tmp_path / "a.png")

    made = drawn_photo(Photo(str(tmp_path / "a.png"), CANVAS, width=size[0], height=size[1], fit=fit, is_still=False))

    assert (made.width, made.height) == size


def test_fits_do_what_they_say(tmp_path: Path) -> None:
    """A disc stays round but to stretch; the rest is clear, or filled, or there is none."""
    disc = Image.new("RGB", (80, 40), BLUE)
    ImageDraw.Draw(disc).ellipse((25, 5, 54, 34), fill=RED)
    disc.save(tmp_path / "a.png")
    size = {"width": 80, "height": 80}

    contain, cover, blur = (shown(tmp_path / "a.png", fit=fit, **size) for fit in ("contain", "cover", "blur"))

    def reach(image: Image.Image) -> tuple[int, int]:
        red = image.convert("RGB").split()[0].point(lambda level: 255 * (level > 180))
        box = red.getbbox()
        assert box is not None
        return box[2] - box[0], box[3] - box[1]

    assert reach(contain) == (30, 30)
    assert contain.getpixel((40, 10)) == contain.getpixel((40, 70)) == CLEAR
    assert all(abs(one - 60) <= 1 for one in reach(cover))
    assert reach(blur) == (30, 30)
    assert blur.getchannel("A").getextrema() == (255, 255)
    assert not near(blur, (40, 5), (0, 0, 0))
    assert all(
        abs(one - other) <= 1 for one, other in zip(reach(shown(tmp_path / "a.png", **size)), (30, 60), strict=True)
    )


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("fit", ["stretch", "contain", "cover"])
def test_large_jpeg_looks_like_its_png(tmp_path: Path, orientation: int, fit: str) -> None:
    """A JPEG that is read at a smaller scale of its own shows what the whole shows, in the same place."""
    image = Image.linear_gradient("L").resize((1600, 1000)).convert("RGB")
    ImageDraw.Draw(image).ellipse((200, 300, 600, 700), fill=RED)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    image.save(tmp_path / "a.png", exif=exif)

    one, other = (shown(tmp_path / name, width=120, height=90, fit=fit).convert("RGB") for name in ("a.jpg", "a.png"))

    differing = sorted(abs(a - b) for a, b in zip(one.tobytes(), other.tobytes(), strict=True))
    assert differing[len(differing) * 99 // 100] <= 12


@pytest.mark.parametrize("corner", [(-20, -10), (41, 31), (300, 170), (310, 10)])
def test_still_pictures_are_cut_at_the_canvas_and_begin_at_even_pixels(tmp_path: Path, corner: tuple[int, int]) -> None:
    """Laid where it says, what is drawn shows on the canvas what the picture would, and nothing else."""
    halves((80, 41)).save(tmp_path / "a.png")
    wish = Photo(str(tmp_path / "a.png"), CANVAS, *corner)
    made = drawn_photo(wish)
    sheet, wanted = Image.new("RGBA", CANVAS), Image.new("RGBA", CANVAS)
    sheet.alpha_composite(Image.open(BytesIO(made.png)).convert("RGBA"), (made.x, made.y))
    wanted.paste(halves((80, 41)), corner)

    assert (made.x % 2, made.y % 2, made.width % 2, made.height % 2) == (0, 0, 0, 0)
    assert sheet.tobytes() == wanted.tobytes()


def test_pictures_that_move_are_left_whole(tmp_path: Path) -> None:
    """What comes from outside the canvas, or grows, keeps all of itself."""
    halves().save(tmp_path / "a.png")

    made = drawn_photo(Photo(str(tmp_path / "a.png"), CANVAS, x=-41, y=7, is_still=False))

    assert (made.x, made.y, made.width, made.height) == (-41, 7, 80, 40)


def test_same_picture_gives_the_same_bytes(tmp_path: Path) -> None:
    """What the picture says of itself besides its pixels leaves no trace."""
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "made by somebody")
    halves().save(tmp_path / "a.png")
    halves().save(tmp_path / "b.png", pnginfo=words, dpi=(300, 300))

    assert (
        drawn_photo(Photo(str(tmp_path / "a.png"), CANVAS)).png
        == drawn_photo(Photo(str(tmp_path / "b.png"), CANVAS)).png
    )


# -- what is none ------------------------------------------------------------------------------------------------------


def _cut(folder: Path, name: str) -> None:
    Image.effect_noise((200, 200), 60).convert("RGB").save(folder / name)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])


def _bomb(folder: Path, name: str) -> None:
    """Write the beginning of a PNG of 30 000 x 30 000 pixels."""
    Image.new("L", (8, 8)).save(folder / name)
    content = bytearray((folder / name).read_bytes())
    content[16:24] = (30_000).to_bytes(4) * 2
    (folder / name).write_bytes(content)


def _huge(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\xff\xd8\xff")
    os.truncate(folder / name, images.BYTES_MOST + 1)


def _holding(content: bytes) -> Callable[[Path, str], None]:
    def write(folder: Path, name: str) -> None:
        (folder / name).write_bytes(content)

    return write


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
BAD: list[tuple[str, Callable[[Path, str], None], str, str]] = [
    ("cut.jpg", _cut, "broken-image", "is damaged"),
    ("cut.png", _cut, "broken-image", "is damaged"),
    ("cut.webp", _cut, "broken-image", "is damaged"),
    ("bomb.png", _bomb, "(too-many-pixels|broken-image)", "megapixels|damaged"),
    ("huge.jpg", _huge, "too-large", "is larger than 100 MiB"),
    ("empty.png", _holding(b""), "empty", "is empty"),
    ("notes.jpg", _holding(b"shopping: milk, bread"), "not-an-image", "is no picture, whatever its name says"),
    ("logo.svg", _holding(b"<svg xmlns='x'/>"), "not-an-image", "is an SVG drawing"),
    ("page.png", _holding(b"<!DOCTYPE html><p>"), "not-an-image", "is a web page"),
    ("paper.jpg", _holding(b"%PDF-1.7"), "not-an-image", "is a PDF"),
    ("film.jpg", _holding(b"\0\0\0\x18ftypmp42" + bytes(64)), "not-an-image", "is a video"),
    ("phone.heic", _holding(HEIC), "no-heic", "is a HEIC picture"),
    ("start.jpg", _holding(b"\xff\xd8\xff" + bytes(40)), "broken-image", "is damaged"),
    ("print.jpg", _holding(b"%!PS-Adobe-3.0 EPSF-3.0\n"), "not-an-image", "is a PostScript file"),
]


@pytest.mark.parametrize(("name", "write", "code", "found"), BAD, ids=[row[0] for row in BAD])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_picture_is_refused_by_name(
    tmp_path: Path, name: str, write: Callable[[Path, str], None], code: str, found: str
) -> None:
    """Whatever is wrong with a file, one sentence names it, and a remedy follows."""
    write(tmp_path, name)

    with pytest.raises(MediaError, match=rf"^the picture {name} .*({found})") as caught:
        drawn_photo(Photo(str(tmp_path / name), CANVAS))

    assert re.fullmatch(code, caught.value.word)
    assert caught.value.remedy.endswith(".")


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes to is refused at once, as is what is not there."""
    os.mkfifo(tmp_path / "pipe.png")

    with pytest.raises(MediaError, match="is not a regular file"):
        drawn_photo(Photo(str(tmp_path / "pipe.png"), CANVAS))
    with pytest.raises(MediaError, match="cannot be read"):
        drawn_photo(Photo(str(tmp_path / "absent.png"), CANVAS))


def test_picture_is_not_drawn_larger_than_any_screen(tmp_path: Path) -> None:
    """A description cannot ask for a picture of gigabytes."""
    halves().save(tmp_path / "a.png")

    with pytest.raises(MediaError, match="would be drawn at 100000x100000 pixels") as caught:
        drawn_photo(Photo(str(tmp_path / "a.png"), CANVAS, width=100_000, height=100_000))
    assert caught.value.word == "too-many-pixels"


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.gif", "a.webp", "a.tif", "a.bmp", "a.avif"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_bytes_are_drawn_or_refused(tmp_path: Path, name: str) -> None:
    """A picture with bytes knocked over is a picture still or a MediaError, and nothing else."""
    halves((24, 16)).save(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    for nth in range(0, len(content), max(1, len(content) // 40)):
        (tmp_path / name).write_bytes(content[:nth] + bytes([content[nth] ^ 0xFF]) + content[nth + 1 :])
        try:
            drawn_photo(Photo(str(tmp_path / name), CANVAS, width=16, height=16))
        except MediaError as error:
            assert name in error.message  # noqa: PT017 -- either is right


@pytest.mark.skipif(find_spec("pillow_heif") is None, reason="pillow-heif is not installed: pip install -e '.[images]'")
def test_heic_is_drawn_where_its_plugin_is_installed(tmp_path: Path) -> None:
    """A phone's picture is drawn in its colours by the child, behind its walls."""
    import pillow_heif  # noqa: PLC0415 -- an extra

    pillow_heif.from_pillow(halves((128, 64))).save(tmp_path / "a.heic", quality=95)

    (made,) = drawn_apart([Photo(str(tmp_path / "a.heic"), CANVAS)])

    image = Image.open(BytesIO(made.png))
    assert image.size == (128, 64)
    assert near(image, (20, 30), RED, by=24)
    assert near(image, (100, 30), BLUE, by=24)
