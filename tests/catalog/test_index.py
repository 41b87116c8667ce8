"""The index is made of the side files: whatever becomes of it, the library and its history are the same."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Barrier

import pytest
import structlog.testing

from tests import papers
from videogen.catalog import Catalog, Use, side_path
from videogen.catalog.index import VERSION, Index
from videogen.catalog.refresh import refresh
from videogen.catalog.twins import are_near, buckets
from videogen.errors import MissingInput
from videogen.model.media import Asset
from videogen.spool import Spool

INDEX = "scanned/.index.sqlite"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A spool without anything in it."""
    Spool(tmp_path).lay_out()
    return tmp_path


def clip(name: str, category: str = "sea", fingerprint: str = "", content: str = "") -> Asset:
    """Give the side file of a clip."""
    path = f"scanned/video/{category}/mp4_w64_h64/2.0_{name}.mp4"
    return papers.asset("video", path, papers.picture(fingerprint=fingerprint), category=category, content=content)


def added(catalog: Catalog, asset: Asset) -> Asset:
    """Bring an asset in."""
    content = catalog.entrance()
    content.write_text(asset.name)
    return catalog.add(asset, content)


def stocked(root: Path, count: int = 5) -> list[Asset]:
    """Have a main that was here before bring clips in, show one, and end."""
    catalog = Catalog(root)
    catalog.keep()
    found = [added(catalog, clip(f"{nth:03}")) for nth in range(count)]
    catalog.note_use(Use(task_id="first", category="sea", shown=(found[0].sha256,)))
    catalog.close()
    return found


def expect(root: Path, assets: list[Asset]) -> Catalog:
    """Prove that a main that starts now knows exactly these, and that the first was shown."""
    catalog = Catalog(root)
    assert catalog.keep() == []
    assert list(catalog.of_kind("video")) == assets
    assert catalog.count("video", "sea") == len(assets)
    assert catalog.lots("video", "sea", 1.0) == [int(assets[0].sha256[:16], 16) >> 1]
    return catalog


def test_a_start_reads_what_changed_and_nothing_else(root: Path) -> None:
    """With an index only side files that are new or changed are read, and what is gone is dropped (P13)."""
    assets = stocked(root, 6)
    side_path(root / assets[1].path).touch()
    (root / assets[2].path).unlink()
    side_path(root / assets[3].path).unlink()
    index = Index.kept(root / INDEX)

    found = refresh(index, root)

    assert (found.read, found.dropped, found.damaged) == (1, 2, [])
    assert refresh(index, root).read == 0
    index.close()


def _deleted(path: Path) -> None:
    path.unlink()


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _no_database(path: Path) -> None:
    path.write_bytes(b"what is this?" * 1000)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _other_version(path: Path) -> None:
    with sqlite3.connect(path) as index:
        index.execute(f"PRAGMA user_version = {VERSION + 1}")
    index.close()


def _power_cut(path: Path) -> None:
    with sqlite3.connect(path) as index:
        index.execute("UPDATE facts SET value = 'another boot' WHERE name = 'boot'")
        index.execute("DELETE FROM assets WHERE id = 1")  # pages of two times: silently wrong
    index.close()


def _without_tables(path: Path) -> None:
    with sqlite3.connect(path) as index:
        index.execute("DROP TABLE assets")
    index.close()


def _scribbled(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    chance = Random(3)  # noqa: S311 -- the same harm in every run
    for _ in range(4000):
        raw[chance.randrange(100, len(raw))] = chance.randrange(256)
    path.write_bytes(raw)


HARM = [_deleted, _emptied, _no_database, _cut, _other_version, _power_cut, _without_tables, _scribbled]


@pytest.mark.parametrize("harm", HARM, ids=lambda harm: harm.__name__.strip("_"))
def test_a_harmed_index_is_made_anew(root: Path, harm: Callable[[Path], None]) -> None:
    """Deleted, cut, scribbled on, of another version, of before a power cut: nothing is lost, and it is said."""
    assets = stocked(root)
    harm(root / INDEX)

    with structlog.testing.capture_logs() as lines:
        catalog = expect(root, assets)
    catalog.close()

    if harm is not _deleted:
        assert [line["log_level"] for line in lines if "index" in line["event"]] == ["warning"]
    with structlog.testing.capture_logs() as lines:
        expect(root, assets).close()
    assert lines == []


@pytest.mark.parametrize("harm", HARM, ids=lambda harm: harm.__name__.strip("_"))
def test_who_only_looks_reads_past_a_harmed_index(root: Path, harm: Callable[[Path], None]) -> None:
    """A command beside main sees the library as it is, and leaves the file as it lies."""
    assets = stocked(root)
    harm(root / INDEX)
    before = (root / INDEX).read_bytes() if (root / INDEX).exists() else None

    catalog = Catalog(root)
    catalog.load()

    assert list(catalog.of_kind("video")) == assets
    assert ((root / INDEX).read_bytes() if (root / INDEX).exists() else None) == before


def test_an_index_that_breaks_under_main_is_made_anew(root: Path) -> None:
    """When the file breaks while it is in use, the question is answered all the same, and later ones too."""
    assets = stocked(root, 300)
    catalog = expect(root, assets)
    _no_database(root / INDEX)

    assert catalog.counts()["video"] == 300
    assert list(catalog.of_kind("video")) == assets
    more = added(catalog, clip("zzz"))
    catalog.note_use(Use(task_id="second", category="sea", shown=(more.sha256,)))
    catalog.close()

    after = Catalog(root)
    after.keep()
    assert list(after.of_kind("video")) == [*assets, more]
    assert len(after.lots("video", "sea", 1.0)) == 2
    after.close()


CHILD = """
import sys
from pathlib import Path
from tests.catalog.test_index import added, clip
from videogen.catalog import Catalog, Use
catalog = Catalog(Path(sys.argv[1]))
catalog.keep()
for nth in range(9):
    made = added(catalog, clip(f"new {nth}"))
    catalog.note_use(Use(task_id=f"video {nth}", category="sea", shown=(made.sha256,)))
"""


@pytest.mark.parametrize(
    "where",
    [
        "catalog.added=kill@5",
        "catalog.refreshed=kill",
        "durable.append.before=kill@5",
        "durable.append.after=kill@5",
        "durable.move.after_rename=kill@5",
    ],
)
def test_a_kill_between_side_file_and_index_loses_nothing(root: Path, where: str) -> None:
    """Main killed by SIGKILL anywhere between side file, index and record: the next start has what lies there (P13)."""
    stocked(root)
    environment = os.environ | {"VIDEOGEN_FAILPOINTS": where, "PYTHONPATH": os.getcwd()}
    ended = subprocess.run([sys.executable, "-c", CHILD, root], env=environment, capture_output=True, check=False)
    assert ended.returncode == -9, ended.stderr.decode()

    catalog = Catalog(root)
    catalog.keep()

    there = sorted(path.relative_to(root).as_posix() for path in root.glob("scanned/video/**/*.mp4"))
    assert [asset.path for asset in catalog.of_kind("video")] == there
    recorded = len((root / "scanned/.uses.jsonl").read_text().splitlines())
    assert len(catalog.lots("video", "sea", 1.0)) == recorded
    assert catalog.count("video", "sea") == len(there)
    catalog.close()


def test_an_index_that_cannot_be_kept_stops_nobody(root: Path) -> None:
    """Where something else has the name of the index, main works without one and says so."""
    assets = stocked(root)
    (root / INDEX).unlink()
    (root / INDEX).mkdir()
    (root / INDEX / "mine").touch()

    with structlog.testing.capture_logs() as lines:
        expect(root, assets).close()

    assert any("cannot be kept" in line["event"] for line in lines)
    assert (root / INDEX / "mine").exists()


def test_moved_by_hand_it_is_where_it_lies(root: Path) -> None:
    """Both files moved to another category by hand: the asset is there after a restart, under its new path."""
    (asset, *_) = stocked(root, 1)
    target = root / "scanned/video/land/mp4_w64_h64"
    target.mkdir(parents=True)
    for path in (root / asset.path, side_path(root / asset.path)):
        path.rename(target / path.name)

    catalog = Catalog(root)
    catalog.keep()

    (found,) = catalog.of_kind("video")
    assert found.path == f"scanned/video/land/mp4_w64_h64/{Path(asset.path).name}"
    assert catalog.asset(found.path) == found
    catalog.close()


def test_a_name_that_is_not_utf8_is_told_and_stops_no_other(root: Path) -> None:
    """A folder that someone made with bytes that are no text is named; the rest is loaded."""
    assets = stocked(root)
    folder = Path(os.fsdecode(os.fsencode(root / "scanned/video") + b"/caf\xe9"))
    folder.mkdir()
    (folder / "1.0_a.mp4").touch()
    (folder / "1.0_a.mp4.json").write_text("{}")

    catalog = Catalog(root)

    assert catalog.keep() == ["scanned/video/caf\\xe9/1.0_a.mp4"]
    assert list(catalog.of_kind("video")) == assets
    catalog.close()


# -- several at once ---------------------------------------------------------------------------------------------------


def test_the_same_content_at_once_comes_in_once(root: Path) -> None:
    """Of eight threads that bring one content in, one does, and all others are given that one (A5)."""
    catalog = Catalog(root)
    catalog.keep()
    ready = Barrier(8)

    def bring(nth: int) -> tuple[Asset, bool]:
        asset = clip(f"name {nth}", content="the same")
        content = catalog.entrance()
        content.write_text("the same")
        ready.wait()
        return catalog.add(asset, content), content.exists()

    with ThreadPoolExecutor(8) as threads:
        given = list(threads.map(bring, range(8)))

    assert len({asset.path for asset, _ in given}) == 1
    assert [is_left for _, is_left in given].count(False) == 1
    assert len(list(catalog.of_kind("video"))) == len(list(root.glob("scanned/video/**/*.mp4"))) == 1
    catalog.close()


@pytest.mark.parametrize("kind", ["video", "voice"])
def test_one_name_for_many_at_once_goes_to_one(root: Path, kind: str) -> None:
    """Eight different contents that were promised one and the same path all come in, each under a name of its own."""
    catalog = Catalog(root)
    catalog.keep()
    ready = Barrier(8)

    def bring(nth: int) -> Asset:
        asset = clip("same", content=f"content {nth}")
        if kind == "voice":
            path = "scanned/story/a/s/voice/same.mp3"
            asset = papers.asset("voice", path, papers.sound(1), story="s", content=f"content {nth}")
        content = catalog.entrance()
        content.write_text(f"content {nth}")
        ready.wait()
        return catalog.add(asset, content)

    with ThreadPoolExecutor(8) as threads:
        given = list(threads.map(bring, range(8)))

    assert len({asset.path for asset in given}) == 8
    assert sorted((root / asset.path).read_text() for asset in given) == [f"content {nth}" for nth in range(8)]
    if kind == "voice":
        names = sorted(Path(asset.path).name for asset in given)
        assert names == ["same.mp3", *(f"same~{nth}.mp3" for nth in range(2, 9))]
    catalog.close()


def test_a_content_that_failed_on_its_way_may_come_again(root: Path) -> None:
    """What could not be written is promised to nobody: the same content comes in at the next try."""
    catalog = Catalog(root)
    with pytest.raises(FileNotFoundError):
        catalog.add(clip("a"), root / "scanned/never-copied")

    assert added(catalog, clip("a")).path == clip("a").path


def test_many_threads_ask_while_others_write(root: Path) -> None:
    """Questions from four threads while four others add clips and note uses are all answered."""
    catalog = Catalog(root)
    catalog.keep()

    def write(nth: int) -> None:
        for turn in range(10):
            made = added(catalog, clip(f"{nth} {turn}"))
            catalog.note_use(Use(task_id=f"{nth} {turn}", category="sea", shown=(made.sha256,)))

    def ask(_: int) -> None:
        for _ in range(30):
            for level in catalog.levels("video", None):
                for lot in catalog.lots("video", None, level):
                    catalog.drawn("video", "sea", lot)
            list(catalog.of_kind("video"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda nth: (write if nth % 2 else ask)(nth), range(8)))

    assert len(catalog.lots("video", "sea", 1.0)) == catalog.counts()["video"] == 40
    catalog.close()


# -- near twins --------------------------------------------------------------------------------------------------------


def looks(seed: int, flips: int = 0) -> str:
    """Give a fingerprint, with so many bits of each of its words turned."""
    chance = Random(seed)  # noqa: S311 -- the same looks in every run
    bits, turned = chance.getrandbits(512), Random(seed + 1000)  # noqa: S311 -- likewise
    for word in range(8):
        for bit in turned.sample(range(64), flips):
            bits ^= 1 << (64 * word + bit)
    return f"{bits:0128x}"


def test_near_twins_have_one_face(root: Path) -> None:
    """Clips that differ by few bits count as one, and what showed one of them holds the other back too (A18)."""
    catalog = Catalog(root)
    catalog.keep()
    a, b = added(catalog, clip("a", fingerprint=looks(1))), added(catalog, clip("b", fingerprint=looks(1, flips=3)))
    c = added(catalog, clip("c", fingerprint=looks(2)))
    plain = added(catalog, clip("plain"))

    catalog.note_use(Use(task_id="v", category="sea", shown=(a.sha256,)))

    lots = {one.path: int(one.sha256[:16], 16) >> 1 for one in (a, b, c, plain)}
    assert set(catalog.lots("video", "sea", 1.0)) == {lots[a.path], lots[b.path]}
    assert set(catalog.lots("video", "sea", 0.0)) == {lots[c.path], lots[plain.path]}
    assert catalog.resting("video", "sea", 3) == {lots[a.path], lots[b.path]}
    drawn = [catalog.drawn("video", "sea", lots[one.path]) for one in (a, b, c)]
    words = [found[0].twin for found in drawn if found]
    assert words[0] == words[1] != ""
    assert words[2] == ""
    assert drawn[1] is not None
    assert drawn[1][1] == "v"
    catalog.close()


def test_near_twins_are_found_among_many(root: Path) -> None:
    """Among 400 clips, each with a twin of 2 bits in 64 turned, nearly every pair is found, and no strangers (A18)."""
    index = Index.private()
    for nth in range(200):
        index.put(clip(f"a{nth}", fingerprint=looks(nth)), "1")
        index.put(clip(f"b{nth}", fingerprint=looks(nth, flips=2)), "1")

    sizes = [row[0] for row in index.rows("SELECT COUNT(*) FROM assets GROUP BY face")]

    assert set(sizes) <= {1, 2}
    assert sizes.count(2) == 200


@pytest.mark.parametrize("word", ["", "zz", "0" * 127, "g" * 128])
def test_what_is_no_fingerprint_is_like_nothing(word: str) -> None:
    """An unknown or broken fingerprint has no bucket and no twin."""
    assert buckets(word) == ()
    assert not are_near(word, word)


def test_plain_pictures_do_not_fill_a_bucket() -> None:
    """Black or white pictures, of which a library may hold thousands, are in no bucket."""
    assert buckets("0" * 128) == buckets("f" * 128) == ()


# -- weights -----------------------------------------------------------------------------------------------------------


def test_the_last_weight_that_fits_holds(root: Path) -> None:
    """Weights go by patterns, the last that fits; after a change of settings all are weighed anew."""
    catalog = Catalog(root, {"video/sea/*": 2.0, "video/*/2.0_b.mp4": 4.0})
    catalog.keep()
    made = [added(catalog, clip(name)) for name in "ab"] + [added(catalog, clip("c", "land"))]
    catalog.note_use(Use(task_id="v", category="sea", shown=tuple(one.sha256 for one in made)))
    assert catalog.levels("video", None) == [0.25, 0.5, 1.0]
    catalog.close()

    again = Catalog(root, {"video/land/*": 0.0})
    again.keep()
    assert again.levels("video", None) == [1.0]
    assert (again.count("video", "sea"), again.count("video", "land")) == (2, 0)
    again.close()


def test_an_asset_that_is_gone_is_forgotten_when_it_is_asked_for(root: Path) -> None:
    """Asked for what someone took away, the library says so and offers it to nobody any more."""
    catalog = Catalog(root)
    made = added(catalog, clip("a"))
    (root / made.path).unlink()

    with pytest.raises(MissingInput, match="not in the library"):
        catalog.asset(made.path)
    assert catalog.count("video", None) == 0
    assert catalog.counts()["video"] == 0
