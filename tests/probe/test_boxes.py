"""A MOV whose boxes do not end where their parent does is refused, before one demuxer reads on and another fails."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import footage
from tests.corpus.boxes import box, box_at, boxes_in, number, resized, with_more
from videogen.errors import MediaError
from videogen.probe import boxes
from videogen.probe.inspector import inspect

IN_PIECES = ("-g", 5, "-movflags", "+frag_keyframe+empty_moov+default_base_moof")
FORMS: dict[str, tuple[object, ...]] = {
    "front.mp4": ("-movflags", "+faststart"),
    "back.mp4": (),
    "back.mov": ("-timecode", "00:00:00:00"),
    "pieces.mp4": IN_PIECES,
    "dash.mp4": ("-g", 5, "-movflags", "+dash+frag_keyframe+delay_moov+global_sidx"),
    "cmaf.mp4": ("-g", 5, "-movflags", "+cmaf+frag_every_frame"),
    "hybrid.mp4": ("-g", 5, "-movflags", "+hybrid_fragmented+frag_keyframe"),
    "smooth.mp4": ("-g", 5, "-movflags", "+isml+frag_keyframe"),
}
INDEX = ["moov", "moov/trak", "moov/trak/mdia", "moov/trak/mdia/minf", "moov/trak/mdia/minf/stbl"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A film in every form."""
    folder = tmp_path_factory.mktemp("forms")
    source = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10:duration=2", "-f", "lavfi", "-i", "sine=duration=2")
    footage.make(*source, "-preset", "ultrafast", "-g", 5, folder / "all.mp4")
    for name, how in FORMS.items():
        footage.make("-i", folder / "all.mp4", "-map", "0", "-c", "copy", *how, folder / name)
    return {name: (folder / name).read_bytes() for name in FORMS}


def walked(content: bytes) -> str:
    """Give the word a file is refused with, or an empty one."""
    try:
        boxes.walk(io.BytesIO(content), "x.mp4", len(content))
    except MediaError as error:
        return error.word
    return ""


@pytest.mark.parametrize("name", FORMS)
def test_what_muxers_write_is_taken(made: dict[str, bytes], tmp_path: Path, name: str) -> None:
    """Every form is walked through, and shows all its pictures (P8)."""
    path = tmp_path / name
    path.write_bytes(made[name])

    picture = inspect(path, "source").picture

    assert walked(made[name]) == ""
    assert picture is not None
    assert picture.frames == 20


@pytest.mark.parametrize("parent", INDEX)
@pytest.mark.parametrize(
    ("more", "word"),
    [
        (box("free"), ""),
        (box("free", bytes(400)), ""),
        (box("uuid", bytes(16)), ""),
        (number(1) + b"free" + number(16, 8), ""),  # of 64 bits
        (bytes(4), ""),  # as QuickTime ends its lists
        (bytes(8), ""),
        (b"\x9e", "bad-structure"),
        (number(7) + b"free", "bad-structure"),
        (number(9) + b"free", "bad-structure"),
        (number(1) + b"free", "bad-structure"),
        (number(1) + b"free" + number(15, 8), "bad-structure"),
        (number(1) + b"free" + number(1 << 63, 8), "bad-structure"),
    ],
)
def test_what_stands_last_ends_where_its_parent_does(
    made: dict[str, bytes], parent: str, more: bytes, word: str
) -> None:
    """Padding and terminators are let pass; a box too long, too short, or a piece of one is not."""
    assert walked(with_more(made["back.mp4"], parent, more)) == word


@pytest.mark.parametrize("by", [-8, -1, 1, 8, 0x0FFFFFFF])
@pytest.mark.parametrize("path", INDEX[1:])
def test_size_of_an_inner_box_is_true(made: dict[str, bytes], path: str, by: int) -> None:
    """One that is off by one is refused as well as one that is off by much."""
    size = box_at(made["back.mp4"], path).size

    assert walked(resized(made["back.mp4"], path, size + by)) == "bad-structure"


def _in_trun(content: bytes, at: int, new: bytes) -> bytes:
    place = content.index(b"trun") + at
    return content[:place] + new + content[place + len(new) :]


LIES: dict[str, Callable[[bytes], bytes]] = {
    "a size of its header alone": lambda content: _in_trun(content, -4, number(8)),
    "a byte less": lambda content: _in_trun(content, -1, bytes([content[content.index(b"trun") - 1] - 1])),
    "a row more": lambda content: _in_trun(content, 8, number(6)),
    "2^28 rows": lambda content: _in_trun(content, 8, number(1 << 28)),
    "a column more": lambda content: _in_trun(content, 6, b"\x0f"),
}


@pytest.mark.parametrize("lie", LIES)
def test_rows_of_a_fragment_fit_into_it(made: dict[str, bytes], lie: str) -> None:
    """A table of a fragment that is longer than its box is refused: FFmpeg 8 reads on where 9 opens nothing."""
    assert walked(made["pieces.mp4"]) == ""
    assert walked(LIES[lie](made["pieces.mp4"])) == "bad-structure"


def test_second_index_and_junk_are_not_looked_at(made: dict[str, bytes]) -> None:
    """What no player reads may be as it will."""
    second = box("moov", b"\xff" * 100)

    assert walked(made["back.mp4"] + second + b"\xff" * 100) == ""


def test_tracks_are_counted(made: dict[str, bytes]) -> None:
    """As many as there may be pass, one more does not."""
    content = made["back.mp4"]
    track = box_at(content, "moov/trak")
    there = sum(one.name == "trak" for one in boxes_in(content, box_at(content, "moov").body, len(content)))

    crowds = [
        with_more(content, "moov", content[track.at : track.end] * (count - there))
        for count in (boxes.MAX_TRACKS, boxes.MAX_TRACKS + 1)
    ]

    assert [walked(crowd) for crowd in crowds] == ["", "too-many-streams"]


def test_boxes_without_number_are_refused(made: dict[str, bytes]) -> None:
    """A list of more boxes than any film has is not walked to its end."""
    assert walked(with_more(made["back.mp4"], "moov/trak", box("free") * boxes.MAX_BOXES)) == "bad-structure"


def test_real_films_are_walked_through(real_media: Path) -> None:
    """Phones, screen recorders and editors write boxes that end where their parents do."""
    films = sorted(real_media.glob("v*.mp4"))

    assert len(films) > 10
    assert [film.name for film in films if walked(film.read_bytes())] == []
