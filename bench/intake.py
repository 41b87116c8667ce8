"""Many small clips and tracks taken in, against a loop of programs that learns the same: `python -m bench.intake`.

Ours is a running main worker: files are renamed into raw/, and the clock stops when the last one is in the library,
copied, hashed, measured and synced. The loop runs ffprobe and FFmpeg over the same files, as many side by side as there
are processors, and keeps nothing. Then clips are copied in one by one, to see how long one takes from its close.
"""

import hashlib
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import av
import psutil

from bench import film, row
from bench.media import Media, MissingMediaError
from bench.meter import peak_mb
from bench.root import Root

CLIPS = ("v01", "v03", "v04", "v05", "v06", "v07", "v08", "v10", "v11", "v12")
TRACKS = ("m01", "m02", "m03", "m04")
SECONDS = 2.0
TRACK_SECONDS = 10.0
SLOWEST_S = 5.0
"""A file that takes longer than this will never come: the row gives up."""
CONFIG = """\
[scan]
quiet_s = 0.5
[audio]
tolerance_lu = 6
[assemble]
settle_s = 0
"""


@dataclass(frozen=True)
class Form:
    """How many clips and tracks at once, and how many clips one by one."""

    clips: int
    tracks: int
    singles: int


FORMS = {"full": Form(1000, 1000, 200), "short": Form(120, 120, 40), "tiny": Form(4, 2, 2)}


def cuts(sources: Sequence[Path], folder: Path, count: int, seconds: float, extension: str) -> list[Path]:
    """Cut so many files of real media, bit for bit; each is another content."""
    folder.mkdir()
    lengths = {source: float(av.open(str(source)).duration or 0) / 1e6 for source in sources}

    def cut(nth: int) -> Path:
        source, target = sources[nth % len(sources)], folder / f"{nth:04}{extension}"
        start = (nth // len(sources)) * 0.37 % max(0.1, lengths[source] - seconds)
        film.ffmpeg(
            *("-v", "error", "-ss", f"{start:g}", "-i", str(source), "-t", f"{seconds:g}"),
            *("-map", "0:v:0" if extension == ".mp4" else "0:a:0", "-c", "copy", "-metadata", f"comment={nth}"),
            str(target),
        )
        return target

    with ThreadPoolExecutor(row.processors()) as pool:
        return list(pool.map(cut, range(count)))


def learn_clip(ffprobe: str, path: Path) -> None:
    """Learn of a clip what intake learns, with one program for each question."""
    hashlib.sha256(path.read_bytes()).hexdigest()
    shown = ("-show_format", "-show_streams", "-of", "json")
    film.run([ffprobe, "-v", "error", "-count_frames", "-select_streams", "v:0", *shown, str(path)])
    strict = ("-v", "error", "-xerror", "-err_detect", "explode")
    film.ffmpeg(*strict, "-i", str(path), "-map", "0:v:0", "-f", "null", "-")
    film.ffmpeg("-i", str(path), "-vf", "blackdetect=d=0.5,freezedetect=n=-60dB:d=2", "-an", "-f", "null", "-")


def learn_track(ffprobe: str, path: Path) -> None:
    """Learn of a track what intake learns."""
    hashlib.sha256(path.read_bytes()).hexdigest()
    film.run([ffprobe, "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)])
    strict = ("-xerror", "-err_detect", "explode")
    film.ffmpeg(*strict, "-i", str(path), "-af", "ebur128=peak=true,silencedetect=n=-50dB:d=0.1", "-f", "null", "-")


def looped(learn: Callable[[str, Path], None], ffprobe: str, paths: Sequence[Path]) -> float:
    """Run the loop over all files, side by side; give the seconds it took."""
    began = time.monotonic()
    with ThreadPoolExecutor(row.processors()) as pool:
        list(pool.map(lambda path: learn(ffprobe, path), paths))
    return time.monotonic() - began


def promoted(root: Root, place: str) -> int:
    """Count the files of one place in the library, and those that were refused."""
    shelves = (root.folder / "scanned" / place).glob("*/*.m*[34]")
    return sum(1 for _ in shelves)


def taken_in(root: Root, paths: Sequence[Path], place: str) -> float:
    """Rename files into raw/ and wait until all are in the library; give the seconds it took."""
    drop = root.folder / "raw" / place
    drop.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    for path in paths:
        path.rename(drop / path.name)
    while promoted(root, place) < len(paths):
        refused = list((root.folder / "trash" / "invalid").glob("*.reason.json"))
        if refused or time.monotonic() - began > SLOWEST_S * len(paths):
            raise film.ProgramError(f"not all were taken in: {refused[:1] and refused[0].read_text()}")
        time.sleep(0.02)
    return time.monotonic() - began


def one_by_one(root: Root, paths: Sequence[Path]) -> list[float]:
    """Copy clips in one after the other; give the seconds of each from its close to its place in the library."""
    waits = []
    for nth, path in enumerate(paths):
        target = root.folder / "raw" / "video" / f"single{nth}" / path.name
        target.parent.mkdir()
        time.sleep(0.3)  # its folder is seen, as an operator's is
        shutil.copyfile(path, target)
        closed = time.monotonic()
        while not promoted(root, f"video/single{nth}"):
            time.sleep(0.002)
        waits.append(time.monotonic() - closed)
    return waits


def least(path: Path, folder: Path) -> float:
    """Copy, hash and decode one clip, and nothing else; give the seconds."""
    began = time.monotonic()
    target = folder / "least.mp4"
    raw = path.read_bytes()
    hashlib.sha256(raw).hexdigest()
    with target.open("wb") as file:
        file.write(raw)
    with av.open(str(target)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for _ in container.decode(video=0):
            pass
    return time.monotonic() - began


def percentile(values: Sequence[float], hundredth: int) -> float:
    """Give a percentile in ms."""
    return 1000 * quantiles(values, n=100, method="inclusive")[hundredth - 1]


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Take the same files in both ways."""
    ffprobe = shutil.which("ffprobe")
    if ffprobe is None:
        raise MissingMediaError("Install ffprobe: the loop needs it.")
    table.describe(f"{form.clips} clips of about {SECONDS:g} s, {form.tracks} tracks of {TRACK_SECONDS:g} s")
    clips = cuts(media.paths(*CLIPS), folder / "clips", form.clips, SECONDS, ".mp4")
    tracks = cuts(media.paths(*TRACKS), folder / "tracks", form.tracks, TRACK_SECONDS, ".mp3")
    singles = cuts(media.paths(*CLIPS), folder / "singles", form.singles, SECONDS + 0.5, ".mp4")
    loops = looped(learn_clip, ffprobe, clips), looped(learn_track, ffprobe, tracks)
    root = Root(folder / "root")
    root.folder.mkdir()
    root.run("init")
    (root.folder / "videogen.toml").write_text(CONFIG)
    with root.running("main") as process:
        time.sleep(2.0)
        ours = taken_in(root, clips, "video/many"), taken_in(root, tracks, "music/many")
        waits = one_by_one(root, singles)
        main_mb, child_mb = (
            peak_mb(process.pid),
            max(peak_mb(child.pid) for child in psutil.Process(process.pid).children()),
        )
    floors = [least(path, folder) for path in singles]
    for what, count, loop, mine in zip(("clips", "tracks"), (len(clips), len(tracks)), loops, ours, strict=True):
        table.figure(f"{what}: the loop", count / loop, "files/s")
        table.figure(f"{what}: main", count / mine, "files/s")
    table.bar("clips: the loop / main", loops[0] / ours[0], "x", "at least", 2)
    table.figure("tracks: the loop / main", loops[1] / ours[1], "x")
    beyond = [wait - floor for wait, floor in zip(waits, floors, strict=True)]
    table.figure("close to library, p50", percentile(waits, 50), "ms")
    table.figure("close to library, p99", percentile(waits, 99), "ms")
    table.bar("the same beyond copy, hash, one decode, p99", percentile(beyond, 99), "ms", "at most", 300)
    table.bar("main at its largest", main_mb, "MB", "at most", 200)
    table.bar("its largest child at its largest", child_mb, "MB", "at most", 1000)


if __name__ == "__main__":
    sys.exit(row.program("intake", FORMS, measure))
