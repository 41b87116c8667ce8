"""A clip too long to be decoded whole, damaged amid it: whoever shows that stretch by someone's wish is told (A10)."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests import footage
from tests.render.studio import STORE, House, Shelf, canvas, clip, mute
from videogen.complaints import damage_told
from videogen.errors import MediaError
from videogen.segments import Segments


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 20 s, its bytes wrong between the eighth second and the eleventh."""
    path = tmp_path_factory.mktemp("spoilt") / "film.mp4"
    footage.clip(path, rate=25, seconds=20, sound=False, extra=("-g", "25"))
    size = path.stat().st_size
    return footage.spoilt(path, size * 9 // 20, size // 2, 40)


@pytest.fixture
def house(tmp_path: Path, shelf: Shelf) -> House:
    """A store of its own."""
    return House(tmp_path, shelf, Segments(tmp_path / STORE))


def test_damage_where_it_is_shown_is_an_error(house: House, spoilt: Path) -> None:
    """The file is named as people know it, and no piece of it is kept."""
    asset = house.shelf.take(spoilt, "source")
    timeline = mute(canvas(), clip(asset, 200, 300))
    shop = replace(house.shop(timeline), chosen={asset: "scanned/composition/trip/film.mp4"})

    with pytest.raises(MediaError) as caught:
        house.maker().make(house.plan(timeline, segment_s=10), shop)

    assert caught.value.word == "decode-error"
    assert caught.value.message.startswith(
        "scanned/composition/trip/film.mp4 cannot be decoded where the video shows it"
    )
    assert list(house.store.entries()) == []


def test_damage_elsewhere_is_nobody_s_concern(house: House, spoilt: Path) -> None:
    """What is not shown may be as it is; and a story shows what there is, as nobody chose its clips."""
    asset = house.shelf.take(spoilt, "source")
    sound, broken = (mute(canvas(), clip(asset, start, start + 50)) for start in (0, 210))

    done = house.maker().make(house.plan(sound), replace(house.shop(sound), chosen={asset: "film.mp4"}))

    assert done.proof.frames == 50
    assert house.render(broken, "story").proof.frames == 50


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("[h264 @ 0x1] error while decoding MB 58 36, bytestream 28298", True),
        ("[h264 @ 0x1] Invalid NAL unit size (0 > 512).", True),
        ("[hevc @ 0x1] Error parsing NAL unit #1.", True),
        ("[h264 @ 0x1] mmco: unref short failure", False),
        ("[hevc @ 0x1] Could not find ref with POC 12", False),
        ("[h264 @ 0x1] Missing reference picture, default is 65552", False),
    ],
)
def test_what_an_open_gop_lacks_is_no_damage(words: str, told: bool) -> None:
    """Where a decoder begins amid an open GOP it misses pictures, and says so; nothing is wrong with the file."""
    assert bool(damage_told(f"a line before\n{words}\n")) is told
