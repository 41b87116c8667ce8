"""Drawing behind walls: real children, real files, and what becomes of those that harm (C11, T1, T5)."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.papers import digest
from videogen import cage
from videogen.errors import MediaError
from videogen.model.style import Shift, Zoom
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Clip, ImageOverlay, TextOverlay, Timeline
from videogen.raster import find_font, rasterised, size_of, sizes_of
from videogen.raster.apart import LIMITS, drawn_apart
from videogen.raster.drawing import drawn_here
from videogen.raster.wishes import Look, Photo, Plate, Shade, Table, Wish, Words, from_json, to_json

ALL = Range(start=0, end=50)
CANVAS = (320, 180)
TABLE = "LUT_3D_SIZE 2\n" + "\n".join(f"{nth & 1} {nth >> 1 & 1} {nth >> 2}" for nth in range(8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Lay out a picture, a table, and a film that calls itself a picture."""
    Image.effect_noise((200, 100), 80).convert("RGB").save(tmp_path / "a.jpg")
    (tmp_path / "look.cube").write_text(TABLE)
    (tmp_path / "notes.jpg").write_text("no picture")
    return tmp_path


def test_child_draws_what_is_drawn_here(folder: Path) -> None:
    """Words, pictures and tables drawn by the child behind its walls are the very bytes drawn without."""
    wishes: list[Wish] = [
        Words("Gr\u00fc\u00dfe \u05e9\u05dc\u05d5\u05dd", 32, CANVAS, shadow=Shade(2, 2, 4, "#000000", 0.5)),
        Photo(str(folder / "a.jpg"), CANVAS, width=90, height=90, fit="blur"),
        Table(str(folder / "look.cube")),
        Look(str(folder / "a.jpg")),
        Words("plate", 20, CANVAS, anchor="center", backing=Plate("#ff0000", 0.5, 4, 4), width=100, height=50),
    ]

    assert drawn_apart(wishes) == drawn_here(wishes)


def test_child_reads_the_fonts_it_is_given(folder: Path) -> None:
    """Fonts that stand in are drawn with wherever they lie, links followed."""
    found = find_font("DejaVu Sans") or pytest.skip("DejaVu Sans is not installed: apt install fonts-dejavu-core")
    (folder / "real").mkdir()
    (folder / "links").mkdir()
    shutil.copy(found, folder / "real/font.ttf")
    (folder / "links/font.ttf").symlink_to(folder / "real/font.ttf")

    for fonts in ([folder / "real/font.ttf"], [folder / "links/font.ttf"]):
        assert drawn_apart([Words("\u05e9\u05dc\u05d5\u05dd", 32, CANVAS)], fonts)[0].warnings == ()


def test_wishes_survive_being_written_down() -> None:
    """What the child reads is what was wished."""
    wishes: list[Wish] = [
        Words("a\ud7ffb", 4, CANVAS, shadow=Shade(1, 2, 3, "#000000", 1.0), backing=Plate("#000000", 0.0, 1, 2)),
        Words("plain", 4, CANVAS),
        Photo("f", CANVAS, width=2, height=3),
        Table("t"),
        Look("l"),
    ]

    assert [from_json(json.loads(json.dumps(to_json(one)))) for one in wishes] == wishes


def test_all_of_a_timeline_is_drawn_by_one_child(folder: Path) -> None:
    """A timeline comes back with PNGs of the size they are laid at, and a table that is a picture."""
    files = {digest("photo"): folder / "a.jpg", digest("table"): folder / "look.cube"}
    photo = ImageOverlay(asset=digest("photo"), x=10, y=20, width=64, height=36, fit="cover", at=ALL)
    moving = photo.model_copy(update={"x": -30, "zoom": Zoom(start=Fraction(1), end=Fraction(21, 20))})
    words = TextOverlay(text="Words", x=160, y=90, size=24, anchor="center", at=ALL, fade_in=5, enter=Shift(dx=-9))
    before = Timeline(
        canvas=Canvas(width=320, height=180, fps=Fraction(25)),
        picture=(Clip(asset=digest("clip"), source=ALL, lut=digest("table")),),
        overlays=(photo, moving, words, photo.model_copy(update={"at": Range(start=1, end=9)})),
    )

    made = rasterised(before, files.__getitem__)

    pictures = [one for one in made.timeline.overlays if isinstance(one, ImageOverlay)]
    assert len(pictures) == 4
    assert len(made.images) == 3  # what looks the same is drawn once
    for one in pictures:
        image = Image.open(BytesIO(made.images[one.asset]))
        assert (image.format, image.size, one.fit) == ("PNG", (one.width, one.height), "stretch")
    assert pictures[0].asset == pictures[3].asset
    assert (pictures[1].x, pictures[1].zoom) == (-30, moving.zoom)
    assert pictures[2].enter == words.enter
    clip = made.timeline.picture[0]
    assert isinstance(clip, Clip)
    assert clip.lut is not None
    assert Image.open(BytesIO(made.images[clip.lut])).size == (512, 512)


def test_sizes_are_told_by_one_child(folder: Path) -> None:
    """Sizes come in the order of the files; what is no picture is named."""
    Image.new("RGB", (30, 20)).save(folder / "b.png")

    assert sizes_of([folder / "b.png", folder / "a.jpg"]) == [(30, 20), (200, 100)]
    with pytest.raises(MediaError, match=r"^the picture notes\.jpg is no picture") as caught:
        size_of(folder / "notes.jpg")
    assert caught.value.word == "not-an-image"


def test_nothing_to_draw_starts_nothing() -> None:
    """Where nothing is wanted there is no child, and nothing comes of it."""
    assert drawn_apart([]) == []
    assert sizes_of([]) == []


def test_first_that_cannot_be_drawn_is_named(folder: Path) -> None:
    """Of several wishes the first that cannot be drawn is told, by the child's own words."""
    wishes = [Photo(str(folder / name), CANVAS) for name in ("a.jpg", "notes.jpg", "absent.png")]

    with pytest.raises(MediaError, match=r"^the picture notes\.jpg is no picture.* Export it as a JPEG or a PNG\.$"):
        drawn_apart(wishes)


def test_pictures_that_are_too_much_together_are_told(folder: Path) -> None:
    """What all drawings take is bounded, since whoever asked holds them at once; the sentence counts them."""
    wishes = [Photo(str(folder / "a.jpg"), CANVAS, width=side, height=side) for side in (20, 40, 60)]
    one, *_ = (len(drawn.png) for drawn in drawn_apart(wishes))

    with pytest.raises(MediaError, match=r"^the first 2 of 3 drawings take more than 0 MiB together") as told:
        drawn_apart(wishes, most=one)
    assert told.value.word == "too-many-pictures"


def test_picture_that_eats_memory_costs_a_child(folder: Path) -> None:
    """A picture larger than what a child may hold is one MediaError that names it; this process goes on."""
    Image.new("RGB", (6000, 6000)).save(folder / "large.png", compress_level=1)
    small = replace(LIMITS, memory_bytes=120 << 20)

    with pytest.raises(MediaError, match=r"large\.png"):
        drawn_apart([Photo(str(folder / "large.png"), CANVAS, width=300, height=300)], limits=small)
    assert len(drawn_apart([Photo(str(folder / "a.jpg"), CANVAS)], limits=small)) == 1


def test_child_that_is_ended_names_what_it_was_at(folder: Path) -> None:
    """A child that runs out of its processor time is told with the picture it was at, not the one before."""
    Image.effect_noise((64, 64), 90).convert("RGB").save(folder / "large.png")
    large = [
        Photo(str(folder / "large.png"), CANVAS, width=8000, height=8000 - nth, is_still=False) for nth in range(9)
    ]

    with pytest.raises(MediaError, match=r"^what draws died of large\.png \(status -?\d+") as caught:
        drawn_apart([Photo(str(folder / "a.jpg"), CANVAS), *large], limits=replace(LIMITS, cpu_s=2))
    assert caught.value.word == "broken-image"


@pytest.mark.skipif(sys.platform != "linux", reason="the walls are Linux's")
def test_child_reaches_nothing_but_its_files(folder: Path) -> None:
    """Shut in as it is before it draws, the child reads its picture and writes its folder, and that is all."""
    (folder / "in").mkdir()
    (folder / "secret").write_text("not yours")
    program = f"""
import os, socket
from pathlib import Path
from videogen.raster import apart
from videogen.raster.wishes import Photo
apart.shut_in([Photo({str(folder / "a.jpg")!r}, (320, 180))], [], Path({str(folder / "in")!r}))
tried = dict(
    picture=lambda: Path({str(folder / "a.jpg")!r}).read_bytes(),
    written=lambda: Path({str(folder / "in" / "0.png")!r}).write_bytes(b"x"),
    secret=lambda: Path({str(folder / "secret")!r}).read_text(),
    password=lambda: Path("/etc/passwd").read_text(),
    beside=lambda: Path({str(folder / "new")!r}).write_text("x"),
    network=lambda: socket.socket(),
    program=lambda: os.execv("/bin/true", ["true"]),
    fork=lambda: os.fork(),
)
for name, act in tried.items():
    try:
        act()
        print(name, flush=True)
    except OSError:
        pass
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, env=cage.child_environment(), timeout=60
    )

    assert ended.stdout.decode().split() == ["picture", "written"]
