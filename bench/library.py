"""A large library: how soon main is ready, what it holds in memory, and how long a choice and a look take.

`python -m bench.library`. The side files are real, made by hand; the files beside them are empty, since nobody reads
them here. What was before is here as a small loop (`before_*`): every side file read at every start and held, every
asset looked at for every choice. `raw_names` of a form asks for so many names in raw/ too.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import quantiles
from subprocess import DEVNULL, PIPE, Popen
from uuid import UUID

import psutil
import structlog

from bench import row
from bench.media import Media
from videogen.assemble import Assembler, StoryRule
from videogen.assemble.drawing import Drawing, Rule
from videogen.catalog import Catalog, Use
from videogen.edit.story import clip_frames
from videogen.model.media import Asset, Kind, Picture, Sound, Source
from videogen.model.media import Media as Measured
from videogen.model.timeline import Canvas
from videogen.spool import Spool

SPAWN = get_context("spawn")
CANVAS = Canvas(width=3840, height=2160, fps=Fraction(30))
CATEGORIES = 20
TWINS = 10
"""Every tenth clip looks like the one before it."""
STORY_FRAMES = 9000
"""Five minutes: 30 clips of ten seconds."""
HANDS = 8
READY_S, RSS_MB, CHOICE_MS = 10.0, 200.0, 50.0


@dataclass(frozen=True)
class Form:
    """Assets in the library; choices timed; voices that wait, and clips of others; names in raw/."""

    assets: int
    choices: int
    before_choices: int
    voices: int
    few: int
    raw_names: int = 0


FORMS = {
    "full": Form(100_000, 300, 10, 1000, 5000),
    "short": Form(20_000, 100, 5, 200, 1000),
    "tiny": Form(200, 5, 2, 5, 50),
}


# -- a library ---------------------------------------------------------------------------------------------------------


def asset(kind: Kind, nth: int, category: str) -> Asset:
    """Write the side file of an asset that was never measured."""
    chance = Random(nth if nth % TWINS else nth + 1)  # noqa: S311 -- the same library in every run
    look = f"{chance.getrandbits(512) ^ (nth % TWINS == 0):0128x}" if kind == "video" else ""
    place = {"video": f"video/{category}/mp4_w1920_h1080/10.0", "music": f"music/{category}/mp3/10.0"}
    ending = ".mp4" if kind == "video" else ".mp3"
    path = f"scanned/{place.get(kind, f'story/{category}/tale/voice/chapter')}_{nth:06}{ending}"
    picture = Picture(
        codec="h264",
        width=1920,
        height=1080,
        frames=300,
        rate=Fraction(30),
        is_cfr=True,
        duration_s=Fraction(10),
        pix_fmt="yuv420p",
        start_s=Fraction(0),
        longest_gap_s=Fraction(1, 30),
        fingerprint=look,
    )
    sound = Sound(codec="mp3float", sample_rate=48000, channels=2, samples=48000 * 300)
    digest = sha256(path.encode()).hexdigest()
    return Asset(
        kind=kind,
        path=path,
        category=category,
        story="tale" if kind == "voice" else "",
        name=f"clip_{nth:06}",
        original_name=f"clip_{nth:06}{ending}",
        sha256=digest,
        size_bytes=0,
        source=Source(path=f"raw/{path}", sha256=digest, size_bytes=0, mtime_ns=1, inode=nth),
        media=Measured(picture=picture if kind == "video" else None, sound=None if kind == "video" else sound),
        task_id=str(UUID(int=nth)) if kind == "voice" else "",
    )


def assets(count: int) -> Iterator[Asset]:
    """Give clips of many categories, and a track for every hundred."""
    for nth in range(count):
        yield asset("music" if nth % 100 == 99 else "video", nth, f"category_{nth % CATEGORIES:02}")


def put(root: Path, one: Asset) -> None:
    """Put an asset into the library by hand."""
    path = root / one.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(path.name + ".json").write_text(one.to_json(), encoding="utf-8")
    path.touch()


def laid_out(root: Path, count: int) -> Path:
    """Lay out a spool whose library has so many assets."""
    root.mkdir(parents=True)
    Spool(root).lay_out()
    with ThreadPoolExecutor(HANDS) as hands:
        for _ in hands.map(lambda one: put(root, one), assets(count)):
            pass
    os.sync()
    return root


# -- as it was ---------------------------------------------------------------------------------------------------------


def before_load(root: Path) -> dict[str, Asset]:
    """Read every side file and hold it, as every start did."""
    held = {}
    for shelf in ("video", "frame", "music", "story"):
        for side in sorted((root / "scanned" / shelf).rglob("*.json")):
            path = side.with_name(side.name.removesuffix(".json"))
            if path.is_file():
                one = Asset.model_validate_json(side.read_bytes())
                held[one.path] = one
    return held


def before_choose(root: Path, held: dict[str, Asset], seed: int) -> list[str]:
    """Sort all clips, ask the disk for each, shuffle all."""
    clips = sorted((one for one in held.values() if one.kind == "video"), key=lambda one: one.path)
    there = [one for one in clips if (root / one.path).is_file()]
    lengths = dict(sorted((one.path, clip_frames(one.media, CANVAS)) for one in there))
    names = list(lengths)
    Random(seed).shuffle(names)  # noqa: S311 -- a choice, not a secret
    return names[: STORY_FRAMES // 300]


# -- measured in a process of its own ----------------------------------------------------------------------------------


def alone(work: Callable[[Path], object], root: Path) -> tuple[float, float]:
    """Do something in a fresh process; give its seconds and how much memory it holds afterwards. Units: s, MB."""
    with SPAWN.Pool(1) as pool:
        return pool.apply(_metered, (work, root))


def _metered(work: Callable[[Path], object], root: Path) -> tuple[float, float]:
    began = time.perf_counter()
    held = work(root)
    seconds = time.perf_counter() - began
    rss = psutil.Process().memory_info().rss / 1e6
    del held
    return seconds, rss


def imported(_: Path) -> object:
    """Hold nothing but what was imported."""
    return None


def kept(root: Path) -> object:
    """Know the library as main does, and end in good order."""
    catalog = Catalog(root)
    catalog.keep()
    catalog.close()
    return catalog


def copied(root: Path) -> object:
    """Know the library as a command does that only looks."""
    catalog = Catalog(root)
    catalog.load()
    return catalog


def main_ready(root: Path) -> tuple[float, float]:
    """Start a real main; give the seconds until it is ready, and what it holds a while later. Units: s, MB."""
    argv = [sys.executable, "-m", "videogen.cli", "--root", str(root), "--log-json", "main"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VIDEOGEN_")}
    began = time.perf_counter()
    with Popen(argv, stdout=DEVNULL, stderr=PIPE, text=True, env=clean) as main:
        words = main.stderr or ()
        for line in words:
            if '"Started"' in line:
                break
        seconds = time.perf_counter() - began
        time.sleep(3)
        rss = psutil.Process(main.pid).memory_info().rss / 1e6
        main.terminate()
        for _ in words:
            pass
    return seconds, rss


# -- what is measured --------------------------------------------------------------------------------------------------


def starts(table: row.Row, form: Form, root: Path) -> None:
    """Start as it was, without an index, and with one."""
    _, bare_mb = alone(imported, root)
    table.figure("memory after imports alone", bare_mb, "MB")
    before_s, before_mb = alone(before_load, root)
    table.figure("before: side files read at every start", before_s, "s")
    table.figure("before: memory", before_mb, "MB")
    first_s, first_mb = alone(kept, root)
    table.figure("first start, the index is made", first_s, "s")
    table.figure("first start: memory", first_mb, "MB")
    again_s, again_mb = alone(kept, root)
    table.figure("start with an index", again_s, "s")
    table.figure("start with an index: memory", again_mb, "MB")
    look_s, _ = alone(copied, root)
    table.figure("a command that only looks", look_s, "s")
    table.figure("index on the disk", (root / "scanned/.index.sqlite").stat().st_size / 1e6, "MB")
    main_s, main_mb = main_ready(root)
    table.bar(f"main, {form.assets} assets: started until ready", main_s, "s", "at most", READY_S)
    table.bar(f"main, {form.assets} assets: memory", main_mb, "MB", "at most", RSS_MB)
    (root / "scanned/.index.sqlite").unlink()
    none_s, none_mb = main_ready(root)
    table.bar(f"main, {form.assets} assets, no index: until ready", none_s, "s", "at most", READY_S)
    table.bar(f"main, {form.assets} assets, no index: memory", none_mb, "MB", "at most", RSS_MB)
    table.bar("start, before / with an index", before_s / again_s, "x", "at least", 1.0)


def choices(table: row.Row, form: Form, root: Path) -> None:
    """Choose for a story from a category, and from all; as it was, and now."""
    held = before_load(root)
    before = [_seconds(partial(before_choose, root, held, seed)) for seed in range(form.before_choices)]
    held.clear()
    catalog = Catalog(root)
    catalog.keep()
    for category, told in (("category_00", "of one category"), ("none", "of all")):
        drawing = Drawing(root, catalog, Rule(), category, is_own_only=False)
        seconds = []
        for seed in range(form.choices):
            began = time.perf_counter()
            chosen = drawing.choose(CANVAS, STORY_FRAMES, seed)
            seconds.append(time.perf_counter() - began)
            shown = tuple(one.sha256 for one in (*chosen.clips, chosen.track))
            catalog.note_use(Use(task_id=f"{category}-{seed}", category=category, shown=shown))
        table.figure(f"a choice {told}, median", percentile(seconds, 50) * 1000, "ms")
        table.bar(f"a choice {told}, 99 % at most", percentile(seconds, 99) * 1000, "ms", "at most", CHOICE_MS)
    table.figure("before: a choice, median", percentile(before, 50) * 1000, "ms")
    table.bar("a choice, before / now", percentile(before, 50) / percentile(seconds, 50), "x", "at least", 1.0)
    catalog.close()


def looks(table: row.Row, form: Form, root: Path) -> None:
    """Look at voices that all wait for music of their own."""
    with ThreadPoolExecutor(HANDS) as hands:
        for nth in range(form.voices):
            hands.submit(put, root, asset("voice", nth, "waiting"))
    (root / "raw/music").mkdir(exist_ok=True)
    catalog = Catalog(root)
    catalog.load()
    rule = StoryRule(canvas=CANVAS, frame_rate=30, logo=root / "logo.png", category="only")
    assembler = Assembler(Spool(root), catalog, rule)
    first = _seconds(assembler.assemble_once)
    again = [_seconds(assembler.assemble_once) for _ in range(5)]
    table.bar("voices that wait, each with its reason", len(assembler.assemble_once()), "", "at least", form.voices)
    table.figure(f"first look at {form.voices} waiting voices", first, "s")
    table.bar(f"later looks at {form.voices} waiting voices, longest", max(again), "s", "at most", 0.25)


def names(table: row.Row, form: Form, root: Path) -> None:
    """Have main look at very many names in raw/ that never settle."""
    folder = root / "raw/video/many"
    folder.mkdir(parents=True)
    for nth in range(form.raw_names):
        (folder / f"{nth:07}.mp4").touch()
    seconds, rss = main_ready(root)
    table.figure(f"main with {form.raw_names} names in raw/: until ready", seconds, "s")
    table.figure(f"main with {form.raw_names} names in raw/: memory", rss, "MB")


def percentile(seconds: list[float], percent: int) -> float:
    """Give the time that so many in a hundred took at most."""
    return quantiles(seconds, n=100, method="inclusive")[percent - 1]


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(table: row.Row, form: Form, _: Media, folder: Path) -> None:
    """Make the library once; start, choose and look."""
    table.describe(f"{form.assets} assets in {CATEGORIES} categories; stories of {STORY_FRAMES // 300} clips")
    table.note("Every tenth clip is a near twin of another. Side files were just written and are in the page cache.")
    root = laid_out(folder / "root", form.assets)
    starts(table, form, root)
    choices(table, form, root)
    looks(table, form, laid_out(folder / "few", form.few))
    if form.raw_names:
        names(table, form, root)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    sys.exit(row.program("library", FORMS, measure))
