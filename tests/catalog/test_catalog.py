"""The library's index: a side file beside each file is the truth, and names tell length, size and stem."""

import json
import os
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests import papers
from videogen.catalog import Catalog, read_asset, side_path
from videogen.errors import MissingInput
from videogen.model.media import Asset, Kind, Media

SEA = "scanned/video/nature/mp4_w1280_h720/12.4_sea.mp4"
VOICE = "scanned/story/poems/sonnet/voice/chapter.mp3"
LINK = "scanned/story/poems/sonnet/link/sources.txt"
CHORD = "scanned/music/calm/mp3/3.0_chord.mp3"
ASSETS: tuple[Asset, ...] = (
    papers.asset("video", SEA, papers.picture(Fraction(62, 5), rate=Fraction(30000, 1001)), category="nature"),
    papers.asset("frame", SEA.replace("/video/", "/frame/"), papers.picture(), category="nature"),
    papers.asset("music", CHORD, papers.sound(44100 * 3), category="calm"),
    papers.asset("voice", VOICE, papers.sound(44100), category="poems", story="sonnet"),
    papers.asset("link", LINK, Media(), category="poems", story="sonnet"),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with an empty library."""
    for name in ("story", "video", "frame", "music"):
        (tmp_path / "scanned" / name).mkdir(parents=True)
    return tmp_path


def brought(catalog: Catalog, content: str = "content") -> Path:
    """Bring a file into the entrance."""
    path = catalog.entrance()
    path.write_text(content)
    return path


def loaded(root: Path) -> Catalog:
    """Give the index as a new process reads it."""
    catalog = Catalog(root)
    assert catalog.load() == []
    return catalog


# -- writing and reading ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: str(asset.kind))
def test_an_asset_is_read_back_as_it_was_added(root: Path, asset: Asset) -> None:
    """A new process finds exactly what was added, fractions and all; the file has moved to its path (A5)."""
    catalog = Catalog(root)
    content = brought(catalog)

    catalog.add(asset, content)

    again = loaded(root)
    assert list(again.of_kind(asset.kind)) == list(catalog.of_kind(asset.kind)) == [asset]
    assert again.of_source(asset.kind, asset.source.sha256) == asset
    assert read_asset(root, asset.path) == asset
    assert (root / asset.path).read_text() == "content"
    assert not content.exists()


def test_side_file_lies_beside_its_file(root: Path) -> None:
    """The side file is `<file>.json` and says the path itself (A1)."""
    Catalog(root).add(ASSETS[0], brought(Catalog(root)))

    folder = root / SEA.rpartition("/")[0]
    assert sorted(os.listdir(folder)) == ["12.4_sea.mp4", "12.4_sea.mp4.json"]
    assert json.loads((folder / "12.4_sea.mp4.json").read_text())["path"] == SEA


def test_side_file_alone_is_nothing(root: Path) -> None:
    """After a crash between side file and file there is no such asset, and its name is free for the next (P13)."""
    catalog, asset = Catalog(root), ASSETS[0]
    with pytest.raises(FileNotFoundError):
        catalog.add(asset, root / "scanned" / "never-copied")
    assert side_path(root / SEA).is_file()

    after = Catalog(root)
    after.load()

    assert list(after.of_kind("video")) == []
    assert after.of_source("video", asset.source.sha256) is None
    assert after.free_path("video", "sea", asset.media, category="nature") == SEA
    with pytest.raises(MissingInput, match="not in the library"):
        read_asset(root, SEA)


def test_an_asset_that_could_not_be_written_is_not_in_the_index(root: Path) -> None:
    """What failed on its way in is not offered to anyone by the process that failed."""
    catalog = Catalog(root)

    with pytest.raises(FileNotFoundError):
        catalog.add(ASSETS[0], root / "scanned" / "never-copied")

    assert list(catalog.of_kind("video")) == []


@pytest.mark.parametrize("junk", [b"", b'{"version": 1, "kind": "vid', b"[]", b"\xff\xfe", b'{"version": 2}'])
def test_a_damaged_side_file_is_named_and_stops_no_other(root: Path, junk: bytes) -> None:
    """A side file that cannot be read is told by its file's path; the others are loaded."""
    catalog = Catalog(root)
    for asset in ASSETS:
        catalog.add(asset, brought(catalog))
    side_path(root / SEA).write_bytes(junk)

    after = Catalog(root)
    damaged = after.load()

    assert damaged == [SEA]
    assert list(after.of_kind("video")) == []
    assert list(after.of_kind("music")) == [ASSETS[2]]
    with pytest.raises(MissingInput, match="cannot be read"):
        read_asset(root, SEA)


def test_what_is_no_asset_is_passed_over(root: Path) -> None:
    """Dot names, chunks of text and their side files are neither assets nor damage."""
    for name in ("video/nature/.tmp-1.mp4.json", "story/a/s/text/chunk_0001.txt", "story/a/s/text/chunk_0001.txt.json"):
        (root / "scanned" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "scanned" / name).write_text("{}")

    assert sum(loaded(root).counts().values()) == 0


def test_an_asset_whose_file_was_taken_away_is_not_found_again(root: Path) -> None:
    """The same content may be dropped anew after its file was removed by hand: it is no duplicate then."""
    catalog, asset = Catalog(root), ASSETS[0]
    catalog.add(asset, brought(catalog))

    (root / SEA).unlink()

    assert catalog.of_source("video", asset.source.sha256) is None


def test_content_is_known_by_kind(root: Path) -> None:
    """The same bytes may be a clip and a frame, but not two clips."""
    catalog, clip = Catalog(root), ASSETS[0]
    catalog.add(clip, brought(catalog))

    assert catalog.of_source("frame", clip.source.sha256) is None
    assert catalog.of_source("video", clip.source.sha256) == clip
    assert catalog.of_source("video", clip.sha256) is None


def test_assembled_is_noted_for_good(root: Path) -> None:
    """A voice whose task was published is not given again, by this process or the next; its file stays (A2)."""
    catalog, voice = Catalog(root), ASSETS[3]
    catalog.add(voice, brought(catalog))
    assert [entry.path for entry in catalog.voices_to_assemble()] == [voice.path]

    catalog.mark_assembled(voice)

    assert catalog.voices_to_assemble() == loaded(root).voices_to_assemble() == []
    assert read_asset(root, VOICE) == voice.model_copy(update={"is_assembled": True})
    assert (root / VOICE).read_text() == "content"


def test_kinds_and_categories_are_told_apart(root: Path) -> None:
    """Assets come by kind, by category where one is asked for, and always in order of path."""
    catalog = Catalog(root)
    paths = [f"scanned/video/{category}/mp4_w1_h1/1.0_{name}.mp4" for category in "ba" for name in "yx"]
    for path in paths:
        asset = papers.asset("video", path, papers.picture(), category=path.split("/")[2])
        catalog.add(asset, brought(catalog))

    assert [asset.path for asset in catalog.of_kind("video")] == sorted(paths)
    assert [asset.path for asset in catalog.of_kind("video", "b")] == sorted(paths)[2:]
    assert [*catalog.of_kind("video", "c"), *catalog.of_kind("frame")] == []
    assert catalog.counts() == {"video": 4, "frame": 0, "music": 0, "voice": 0, "text": 0, "link": 0}


def test_entrance_is_emptied_at_start_and_is_no_part_of_the_library(root: Path) -> None:
    """What an earlier life left half copied goes, and was never an asset; each name in the entrance is new."""
    catalog = Catalog(root)
    left = brought(catalog)
    left.with_name(left.name + ".mp4").touch()
    left.with_name(left.name + ".mp4.json").write_text("{}")
    assert loaded(root).counts()["video"] == 0

    catalog.clear_entrance()

    assert list(left.parent.iterdir()) == []
    assert catalog.entrance() != catalog.entrance()


# -- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ("12.4", "12.4"),
        ("12.349999", "12.3"),
        ("12.35", "12.4"),
        ("12.25", "12.3"),  # halves go up, where float and banker's rounding give 12.2
        ("59.96", "60.0"),
        ("0.04", "0.0"),
        ("3600", "3600.0"),
    ],
)
def test_length_in_a_name_has_one_digit(root: Path, seconds: str, text: str) -> None:
    """A file's name starts with its seconds to the nearest tenth (A1)."""
    media = papers.picture(Fraction(seconds))

    assert Catalog(root).free_path("video", "sea", media, category="c").endswith(f"/{text}_sea.mp4")


@pytest.mark.parametrize(
    ("size", "more", "shelf"),
    [
        ((1920, 1080), {}, "mp4_w1920_h1080"),
        ((1920, 1080), {"rotation": 90}, "mp4_w1080_h1920"),
        ((1920, 1080), {"rotation": 180}, "mp4_w1920_h1080"),
        ((1920, 1080), {"rotation": 270}, "mp4_w1080_h1920"),
        ((720, 576), {"sar": Fraction(64, 45)}, "mp4_w1024_h576"),
        ((720, 480), {"sar": Fraction(8, 9)}, "mp4_w640_h480"),
        ((160, 120), {"sar": Fraction(4, 3), "rotation": 90}, "mp4_w120_h213"),
        ((63, 65), {}, "mp4_w63_h65"),
    ],
)
@pytest.mark.parametrize("kind", ["video", "frame"])
def test_shelf_is_the_size_that_is_seen(
    root: Path, kind: Kind, size: tuple[int, int], more: dict[str, Any], shelf: str
) -> None:
    """A clip's folder tells its size as a player shows it, turned and with square pixels (A1, A5)."""
    media = papers.picture(size=size, **more)

    assert Catalog(root).free_path(kind, "sea", media, category="c") == f"scanned/{kind}/c/{shelf}/2.0_sea.mp4"


def test_each_kind_has_its_place(root: Path) -> None:
    """Music has its length, voices and links only their name, under their story (A1)."""
    catalog, sound = Catalog(root), papers.sound(44100 * 3)

    assert catalog.free_path("music", "chord", sound, category="calm") == CHORD
    assert catalog.free_path("voice", "chapter", sound, category="poems", story="sonnet") == VOICE
    assert catalog.free_path("link", "sources", Media(), category="poems", story="sonnet") == LINK


def test_a_clip_without_a_picture_has_no_place(root: Path) -> None:
    """A clip that is only sound is refused, as it has no size."""
    with pytest.raises(MissingInput):
        Catalog(root).free_path("video", "sea", papers.sound(1), category="c")


UNSAFE = [
    "two words",
    "it's",
    "ünïcode",
    "a/b",
    "..",
    ".hidden",
    "-dash",
    "new\nline",
    "",
    "x" * 101,
    "caf\udce9",
    "%d",
]


@pytest.mark.parametrize("stem", UNSAFE)
@pytest.mark.parametrize("kind", ["video", "music", "voice", "link"])
def test_an_unsafe_name_becomes_a_new_one(root: Path, kind: Kind, stem: str) -> None:
    """A stem that could be misread by a shell, a list or another system is replaced by a new UUID (A1)."""
    media = papers.picture() if kind == "video" else papers.sound(44100)

    path = Catalog(root).free_path(kind, stem, media, category="c", story="s")

    folder, _, name = path.rpartition("/")
    assert folder.startswith("scanned/")
    assert folder.count("/") == {"video": 3, "music": 3, "voice": 4, "link": 4}[kind]
    UUID(name.rpartition(".")[0].rpartition("_")[2])


@pytest.mark.parametrize("stem", ["chapter_0001", "A.b-c_D", "x" * 100, "9", "a.mp3", "a..b"])
def test_a_safe_name_is_kept(root: Path, stem: str) -> None:
    """Letters, digits, dots, dashes and underscores, at most 100 of them, stay as the operator wrote them."""
    path = Catalog(root).free_path("voice", stem, papers.sound(1), category="c", story="s")

    assert path == f"scanned/story/c/s/voice/{stem}.mp3"


@pytest.mark.parametrize("taken_by", ["asset", "file", "dangling link"])
@pytest.mark.parametrize("kind", ["video", "voice"])
def test_a_taken_name_is_never_given_again(root: Path, kind: Kind, taken_by: str) -> None:
    """A clip whose name is taken gets a new one, a voice is numbered, whoever has the name (A1)."""
    catalog = Catalog(root)
    asset = ASSETS[0] if kind == "video" else ASSETS[3]
    stem = "sea" if kind == "video" else "chapter"
    take(root, catalog, asset, taken_by)

    path = catalog.free_path(kind, stem, asset.media, category=asset.category, story=asset.story)

    if kind == "voice":
        assert path == VOICE.replace("chapter", "chapter~2")
    else:
        assert path.startswith("scanned/video/nature/mp4_w1280_h720/12.4_")
        UUID(path.rpartition("_")[2].removesuffix(".mp4"))


def take(root: Path, catalog: Catalog, asset: Asset, by: str) -> None:
    """Let something have the name that an asset would get."""
    path = catalog.free_path(
        asset.kind,
        "sea" if asset.kind == "video" else "chapter",
        asset.media,
        category=asset.category,
        story=asset.story,
    )
    if by == "asset":
        catalog.add(asset.model_copy(update={"path": path}), brought(catalog))
        return
    (root / path).parent.mkdir(parents=True)
    if by == "file":
        (root / path).touch()
    else:
        (root / path).symlink_to("nothing")


def test_voices_are_numbered_on(root: Path) -> None:
    """A third and a fourth voice of one name get ~3 and ~4; another story's first one keeps its name."""
    catalog = Catalog(root)
    for _ in range(3):
        path = catalog.free_path("voice", "chapter", papers.sound(1), category="poems", story="sonnet")
        catalog.add(papers.asset("voice", path, papers.sound(1), story="sonnet"), brought(catalog))

    names = [Path(voice.path).name for voice in catalog.of_kind("voice")]
    assert names == ["chapter.mp3", "chapter~2.mp3", "chapter~3.mp3"]
    other = catalog.free_path("voice", "chapter", papers.sound(1), category="poems", story="other")
    assert other == "scanned/story/poems/other/voice/chapter.mp3"
