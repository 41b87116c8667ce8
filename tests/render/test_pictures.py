"""What lies beside a published video for people: real videos whose every frame and sample is known."""

import hashlib
import json
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests import footage, papers
from videogen.model.manifest import Manifest
from videogen.render import pictures, stills, waveform
from videogen.render.album import Album

RATE = 25


def film(
    path: Path, chain: str, sound: str = "anullsrc=r=48000:cl=stereo", *, seconds: float = 4, gop: int = 25
) -> Path:
    """Film a chain of FFmpeg's, tagged and cut into GOPs as a video of ours is."""
    footage.make(
        *("-f", "lavfi", "-i", chain, "-f", "lavfi", "-i", sound, "-t", seconds, "-pix_fmt", "yuv420p"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", 12, "-g", gop, "-bf", 3, "-sc_threshold", 0),
        *("-x264-params", "open-gop=0", "-colorspace", "bt709", "-color_range", "tv"),
        *("-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart", path),
    )
    return path


def counting(path: Path, *, gop: int = 25) -> Path:
    """Film 100 frames, each as bright as its number."""
    return film(path, f"color=s=64x36:r={RATE},format=yuv420p,geq=lum='40+N':cb=128:cr=128", gop=gop)


def shown(still: stills.Still) -> int:
    """Say which frame of `counting` that is, from its pixels."""
    histogram = still.planes[0].histogram()
    return round(sum(step * count for step, count in enumerate(histogram)) / sum(histogram)) - 40


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The film of 100 frames, IDRs at each 25th."""
    return counting(tmp_path_factory.mktemp("counted") / "counted.mp4")


# -- stills ------------------------------------------------------------------------------------------------------------


def test_frames_are_those_of_their_times(counted: Path) -> None:
    """Twelve frames are spread evenly, and each is the one that is shown at the time it is stamped with (A16)."""
    found = list(stills.stills(counted, 12, (1280, 1280)))

    numbers = [int(one.at_s * RATE) for one in found]
    assert numbers == [5, 13, 21, 30, 38, 46, 55, 63, 71, 80, 88, 96]
    assert [shown(one) for one in found] == pytest.approx(numbers, abs=1)


def test_a_long_way_is_not_gone(counted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the way to a moment costs too much, the IDR stands for its GOP, once (A17: publishing stays quick)."""
    monkeypatch.setattr(stills, "WALK_PX", 64 * 36)

    found = list(stills.stills(counted, 12, (1280, 1280)))

    assert [int(one.at_s * RATE) for one in found] == [0, 25, 50, 75]
    assert [shown(one) for one in found] == pytest.approx([0, 25, 50, 75], abs=1)


def test_one_idr_a_moment_is_all_that_is_decoded(tmp_path: Path) -> None:
    """Where each moment has an IDR of its own, just that is shown."""
    found = list(stills.stills(counting(tmp_path / "film.mp4", gop=5), 12, (1280, 1280)))

    assert [int(one.at_s * RATE) for one in found] == [0, 10, 20, 25, 35, 45, 50, 60, 70, 75, 85, 95]


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 128, 0), (30, 30, 220), (250, 250, 250)])
def test_colours_are_those_of_the_video(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    """A still shows the colours that were filmed, by the matrix that the video is tagged with."""
    paint = f"color=c=0x{'%02x%02x%02x' % colour}:s=64x36:r={RATE},format=rgb24,scale=out_color_matrix=bt709"  # noqa: UP031 -- shortest for hex
    (still, *_) = stills.stills(film(tmp_path / "paint.mp4", paint, seconds=0.2), 1, (1280, 1280))

    assert still.coloured((1, 1)).getpixel((0, 0)) == pytest.approx(colour, abs=4)


@pytest.mark.parametrize(
    ("size", "fits"), [((3840, 2160), (1280, 720)), ((640, 360), (640, 360)), ((1080, 1920), (720, 1280))]
)
def test_stills_fit_into_their_box(size: tuple[int, int], fits: tuple[int, int]) -> None:
    """A still is scaled down into its box in its own shape, and never up."""
    assert stills.fitted(size, (1280, 1280)) == fits


# -- the poster --------------------------------------------------------------------------------------------------------


def test_the_poster_is_the_sharp_frame_of_the_first_third(tmp_path: Path) -> None:
    """Black, a fade and a blur are passed over for the sharp frame; what comes after the first third is not asked."""
    blurred = "boxblur=4:enable='not(between(t,1.2,1.8))'"
    chain = f"testsrc2=s=320x180:r={RATE},format=yuv420p,{blurred},fade=in:st=0.3:d=0.6"
    chain += ",noise=alls=40:allf=t:enable='gt(t,2.2)'"
    found = list(stills.stills(film(tmp_path / "film.mp4", chain, seconds=6), 12, (1280, 1280)))

    assert [float(one.at_s) for one in found[:4]] == [0.28, 0.76, 1.28, 1.76]
    assert pictures.poster_of(found).at_s in {Fraction("1.28"), Fraction("1.76")}


def test_a_black_third_is_passed_over(tmp_path: Path) -> None:
    """Where the first third is black the poster is from later; where all is black, there is one all the same."""
    chain = f"testsrc2=s=320x180:r={RATE},format=yuv420p,drawbox=c=black:t=fill:enable='lt(t,2.5)'"
    late = list(stills.stills(film(tmp_path / "late.mp4", chain), 12, (1280, 1280)))
    black = list(stills.stills(film(tmp_path / "black.mp4", f"color=black:s=64x36:r={RATE}", seconds=1), 12, (99, 99)))

    assert pictures.poster_of(late).at_s > 2.5
    assert pictures.poster_of(black) in black


# -- the sheet ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "sheet"), [((320, 180), (1600, 689)), ((90, 160), (1598, 936)), ((160, 120), (1600, 908))]
)
def test_the_sheet_is_as_wide_as_it_may_be(tmp_path: Path, size: tuple[int, int], sheet: tuple[int, int]) -> None:
    """Landscape, portrait and 4:3 fill a sheet of at most 1600 pixels with twelve tiles in their own shape."""
    path = film(tmp_path / "film.mp4", f"color=white:s={size[0]}x{size[1]}:r={RATE}", seconds=1)
    image = pictures.contact(list(stills.stills(path, 12, (1280, 1280))))

    assert image.size == sheet
    across = 6 if size[1] > size[0] else 4
    cell = (sheet[0] - 8) // across
    centres = [
        (8 + nth % across * cell + cell // 2, sheet[1] * (2 * (nth // across) + 1) * across // 24) for nth in range(12)
    ]
    assert all(min(image.getpixel(place)) > 240 for place in centres)  # type: ignore[arg-type]  # it is RGB


def test_tiles_carry_their_times(counted: Path) -> None:
    """In the lower right corner of a tile stands white ink in a black box, and nowhere else in the tile."""
    image = pictures.contact(list(stills.stills(counted, 12, (1280, 1280))))

    stamp, rest = image.crop((330, 200, 396, 227)), image.crop((8, 8, 300, 190))
    assert {0, 255} <= steps(stamp)
    assert len(steps(rest)) < 12
    assert max(steps(rest)) < 200


def steps(image: Image.Image) -> set[int]:
    """Give the steps of grey that are in a picture."""
    return {step for step, count in enumerate(image.convert("L").histogram()) if count}


# -- the waveform ------------------------------------------------------------------------------------------------------

HALF_SILENT = "aevalsrc='if(gt(t,2),0.5*sin(880*PI*t),0)|if(gt(t,3),0.9*sin(880*PI*t),0)':s=48000:d=4"


@pytest.fixture(scope="module")
def sounding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of silence, one of a tone on the left, one of it and a louder one on the right."""
    return film(tmp_path_factory.mktemp("sounding") / "film.mp4", "color=s=64x36:r=25", HALF_SILENT)


def test_columns_measure_the_sound(sounding: Path) -> None:
    """Each column knows the highest sample of any channel and the mean power of all; together they last as long."""
    heard = waveform.columns(sounding)

    assert len(heard) == 1600
    assert all(column.peak < waveform.SILENCE for column in heard[10:780])
    assert [column.peak for column in heard[850:1150:50]] == pytest.approx([0.5] * 6, abs=0.05)
    assert [column.effective for column in heard[850:1150:50]] == pytest.approx([0.25] * 6, abs=0.03)
    assert [column.peak for column in heard[1250:1550:50]] == pytest.approx([0.9] * 6, abs=0.05)


def test_silence_is_seen(sounding: Path) -> None:
    """Silence is red from edge to edge, sound is blue as high as its peak, and the picture is 1600 x 200."""
    image = waveform.waveform(sounding).convert("RGB")

    assert image.size == (1600, 200)
    assert {image.getpixel((x, 20)) for x in range(10, 780)} == {(92, 32, 36)}
    assert {image.getpixel((x, 20)) for x in range(820, 1180)} == {(16, 20, 26)}
    assert {image.getpixel((x, 60)) for x in range(820, 1180)} == {(61, 111, 181)}
    assert {image.getpixel((x, 20)) for x in range(1220, 1590)} == {(61, 111, 181)}
    assert {image.getpixel((x, 90)) for x in range(820, 1590)} == {(156, 196, 255)}


def test_a_video_without_sound_is_silent_all_over(tmp_path: Path) -> None:
    """A mute video has a waveform too: nothing but silence."""
    path = footage.clip(tmp_path / "mute.mp4", sound=False)

    assert waveform.columns(path) == []
    assert {colour for _, colour in waveform.waveform(path).convert("RGB").getcolors() or []} == {
        (92, 32, 36),
        (70, 80, 92),
    }


def test_a_blip_of_sound_has_fewer_columns(tmp_path: Path) -> None:
    """A video shorter than 1600 samples still has a waveform from edge to edge."""
    path = film(tmp_path / "blip.mp4", "color=s=64x36:r=100", "sine=r=48000,volume=8", seconds=0.02)

    assert len(waveform.columns(path)) == 960
    assert waveform.waveform(path).convert("RGB").getpixel((1590, 90)) == (156, 196, 255)


# -- beside a video ----------------------------------------------------------------------------------------------------


def test_the_same_video_gives_the_same_pictures(counted: Path) -> None:
    """Pictures depend on nothing but the video: made again they are the same bytes, each of its kind (A16)."""
    made = pictures.draw(counted)

    assert made == pictures.draw(counted)
    formats = {name: Image.open(BytesIO(raw)).format for name, raw in made.items()}
    assert formats == {"poster.jpg": "JPEG", "contact.jpg": "JPEG", "waveform.png": "PNG"}


def test_the_manifest_names_what_lies_there(counted: Path, tmp_path: Path) -> None:
    """What is put beside a video is in its manifest with its hash, and no unfinished file is left (A16)."""
    album = Album.of(counted)

    said = album.put(tmp_path, papers.manifest(papers.task()))

    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}
    assert (said.pictures, said.pictures_trouble) == (there, "")
    assert set(there) == {"poster.jpg", "contact.jpg", "waveform.png"}
    assert Manifest.model_validate(json.loads(said.to_json())) == said


def test_no_pictures_are_no_end(tmp_path: Path) -> None:
    """Of no video, and into a folder that is gone, comes no picture: nothing raises, the manifest says why (A16)."""
    path = tmp_path / "final.mp4"
    path.write_bytes(b"no video" * 999)
    paper = papers.manifest(papers.task())

    none = Album.of(path).put(tmp_path, paper)
    gone = Album({"poster.jpg": b"x"}).put(tmp_path / "gone", paper)

    assert (none.pictures, "InvalidDataError" in none.pictures_trouble) == ({}, True)
    assert (gone.pictures, "FileNotFoundError" in gone.pictures_trouble) == ({}, True)
    assert [one.name for one in tmp_path.iterdir()] == ["final.mp4"]
