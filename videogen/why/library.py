"""A thing in scanned/: what was measured, what it is used in, what it waits for."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from heapq import nlargest
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from videogen import durable
from videogen.catalog import INDEX, SIDE, read_asset, shown_in, side_path
from videogen.crawl.report import report_of
from videogen.errors import MissingInput
from videogen.model.media import Asset, Media, Picture, Sound
from videogen.model.warning import WARNINGS, warnings_of
from videogen.spool import Spool, visible
from videogen.verdicts import ruling_of
from videogen.why import tasks
from videogen.why.answer import Answer, paper_at, relative, told

NEWEST = 1000
"""So many things of each room are asked whether they use a clip or a track, the newest first."""
REPORT = ".crawl.json"


def explain(spool: Spool, path: Path, category_rule: Literal["prefer", "only"]) -> list[Answer]:
    """Say what an asset is and where it is used; a voice is followed by its task. Empty: there is no such thing."""
    path = _thing(path)
    if not (path.is_file() or side_path(path).is_file()):
        return []
    if _is_chunk(path):
        return [_chunk(spool.root, path)]
    try:
        asset = read_asset(spool.root, path.relative_to(spool.root).as_posix())
    except MissingInput as error:
        return [Answer(relative(spool.root, path), "scanned", "damaged", error.message, error.remedy)]
    match asset.kind:
        case "voice":
            return _voice(spool, asset, category_rule)
        case "link":
            return [_link(spool, path, asset)]
    return [_in_library(spool, asset)]


def _in_library(spool: Spool, asset: Asset) -> Answer:
    """Say where a clip or a track is used: by main's index, which knows all videos, else by the newest papers."""
    shown = shown_in(spool.root / "scanned" / INDEX, asset.sha256)
    if shown is not None:
        said = "it is in the library" + (f"; {_counted(len(shown))}" if shown else "; no video shows it")
        rows = [{"used_in": _place_of(spool, task_id)} for task_id in shown[:NEWEST]]
        return _answer(asset, "in-library", said, rows=rows)
    used = papers_with(spool, asset.path, (spool.tasks, spool.processing, spool.output, spool.failed))
    said = "it is in the library" + ("" if used else f"; none of the newest {NEWEST} things of each room uses it")
    return _answer(asset, "in-library", said, rows=[{"used_in": place} for place in used])


def _thing(path: Path) -> Path:
    """Give the file that a side file or a crawl report is beside."""
    if path.name.startswith(".") and path.name.endswith(REPORT):
        return path.with_name(path.name[1 : -len(REPORT)])
    is_side = path.name.endswith(SIDE) and not side_path(path).exists()
    return path.with_name(path.name[: -len(SIDE)]) if is_side else path


def _answer(
    asset: Asset,
    state: str,
    because: str,
    remedy: str = "",
    *,
    notes: Sequence[str] = (),
    rows: Sequence[dict[str, Any]] = (),
) -> Answer:
    return Answer(
        path=asset.path,
        room="scanned",
        state=state,
        because=because,
        remedy=remedy,
        notes=[*notes, *_remarks(asset.media)],
        facts=facts_of(asset),
        rows=rows,
    )


# -- what it is ------------------------------------------------------------------------------------------------------


def facts_of(asset: Asset) -> dict[str, Any]:
    """Give what was measured of an asset, as a small table."""
    named = {
        "kind": asset.kind,
        "category": asset.category,
        "story": asset.story,
        "dropped_as": asset.source.path,
        "size_bytes": asset.size_bytes,
        "sha256": asset.sha256,
        "container": asset.media.container,
        "duration_s": round(float(asset.media.duration_s), 3) or None,
        "gain_db": round(asset.gain_db, 2) or None,
        "task": asset.task_id,
    }
    return told(named | _picture(asset.media.picture) | _sound(asset.media.sound))


def _picture(picture: Picture | None) -> dict[str, Any]:
    if picture is None:
        return {}
    width, height = picture.display_size
    return {
        "picture": picture.codec,
        "shown_px": f"{width}x{height}",
        "stored_px": f"{picture.width}x{picture.height}",
        "turned_by_deg": picture.rotation or None,
        "sar": str(picture.sar) if picture.sar != 1 else None,
        "frames": picture.frames,
        "rate": str(picture.rate),
        "pix_fmt": picture.pix_fmt,
        "transfer": picture.colour.transfer,
    }


def _sound(sound: Sound | None) -> dict[str, Any]:
    if sound is None:
        return {}
    loudness = sound.loudness
    return {
        "sound": sound.codec,
        "sample_rate_hz": sound.sample_rate,
        "channels": sound.channels,
        "loudness_lufs": loudness and round(loudness.integrated_lufs, 1),
        "true_peak_dbtp": loudness and round(loudness.true_peak_dbtp, 1),
    }


def _remarks(media: Media) -> Iterator[str]:
    """Tell what a person should know of a file that was taken nevertheless; an older side file does not name it."""
    for word in media.warnings or warnings_of(media.picture, media.sound):
        yield f"{word}: {WARNINGS.get(word, 'a later version knows what this means.')}"


# -- where it is used ------------------------------------------------------------------------------------------------


def _counted(count: int) -> str:
    return "one video shows it" if count == 1 else f"{count} videos show it"


def _place_of(spool: Spool, task_id: str) -> str:
    """Say where a task is that the record of uses knows: what was shown was shown, wherever its video went."""
    room = spool.room_of(task_id)
    if room is None:
        return f"{task_id}, which someone took away"
    return f"{'trash/failed' if room == 'trash' else room}/{task_id}"


def papers_with(spool: Spool, said: str, rooms: Sequence[Path]) -> list[str]:
    """Name the tasks and videos whose paper has a text in it, among the newest of each of these rooms."""
    word = json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogateescape")
    found = []
    for room in rooms:
        name = "manifest.json" if room == spool.output else "metadata.json"
        papers = [folder / name for folder in _newest(visible(room))]
        found += [relative(spool.root, paper.parent) for paper in papers if word in _bytes(paper)]
    return found


def _newest(folders: list[Path]) -> list[Path]:
    stamped = []
    for folder in folders:
        with suppress(OSError):
            stamped.append((folder.lstat().st_mtime_ns, folder))
    return [folder for _, folder in nlargest(NEWEST, stamped)]


def _bytes(path: Path) -> bytes:
    with suppress(OSError, ValueError):
        return durable.read(path)
    return b""


# -- voices ----------------------------------------------------------------------------------------------------------


def _voice(spool: Spool, voice: Asset, category_rule: Literal["prefer", "only"]) -> list[Answer]:
    if found := tasks.explain(spool, voice.task_id):
        where = ", ".join(one.path for one in found)
        return [_answer(voice, "tasked", f"its video is the task {voice.task_id}, in {where}"), *found]
    if voice.is_assembled:
        said = f"its task {voice.task_id} was made, and lies in no room any more: someone took it away"
        return [_answer(voice, "gone", said, "Drop the voice again for another video.")]
    missing = [
        (kind, word)
        for kind, word in (("music", "music"), ("video", "clips"))
        if not _has(spool, voice, kind, category_rule)
    ]
    if missing:
        where = f"in category {voice.category}" if category_rule == "only" else "in the library"
        said = f"it waits: no {' and no '.join(word for _, word in missing)} {where}"
        places = " and ".join(f"raw/{kind}/{voice.category}/" for kind, _ in missing)
        return [_answer(voice, "waiting", said, f"Drop some into {places}.")]
    if not durable.is_locked(spool.lock_of("main")):
        return [_answer(voice, "no-main", "main is not running, so no task is made", "Start it: `videogen main`.")]
    said = "main makes its task at one of its next looks; it waits a while for music and clips that are arriving"
    return [_answer(voice, "waiting", said, "Wait.")]


def _has(spool: Spool, voice: Asset, kind: str, category_rule: Literal["prefer", "only"]) -> bool:
    """Whether the library has anything of a kind that this voice may be given."""
    shelf = spool.root / "scanned" / kind
    categories = [voice.category] if category_rule == "only" else [path.name for path in visible(shelf)]
    files = chain.from_iterable((shelf / category).glob("*/*" + SIDE) for category in categories)
    return any(side.with_name(side.name[: -len(SIDE)]).is_file() for side in files)


# -- links and what they became --------------------------------------------------------------------------------------


def _link(spool: Spool, path: Path, asset: Asset) -> Answer:
    """Say what became of a list of links, line by line."""
    report = paper_at(report_of(path))
    if report is None:
        if durable.is_locked(spool.lock_of("crawl")):
            said = "the crawler comes to it, or could not reach its addresses yet and tries them again"
            return _answer(asset, "waiting", said, "Wait; logs/crawl.log tells of each try.")
        return _answer(asset, "no-crawl", "the crawler is not running", "Start it: `videogen crawl`.")
    lines = [_line(one) for one in report.get("urls", []) if isinstance(one, dict)]
    good = sum(bool(line["chunks"]) for line in lines)
    return _answer(asset, "crawled", f"{good} of its {len(lines)} addresses gave text", rows=lines)


def _line(result: dict[str, Any]) -> dict[str, Any]:
    code = str(result.get("code", ""))
    ruling = ruling_of(code)
    return {
        "line": result.get("line", result.get("index")),
        "url": result.get("url"),
        "chunks": ", ".join(map(str, result.get("chunks", []))),
        "code": code,
        "because": result.get("message", ""),
        "remedy": ruling.remedy if ruling else "",
    }


def _is_chunk(path: Path) -> bool:
    return path.suffix == ".txt" and path.parent.name not in {"link", "voice"}


def _chunk(root: Path, path: Path) -> Answer:
    where, card = relative(root, path), paper_at(side_path(path))
    if card is None:
        return Answer(where, "scanned", "damaged", "it has no card that says where its words come from")
    facts = {
        name: card.get(name) for name in ("url", "final_url", "title", "link", "url_index", "part", "parts", "sha256")
    }
    return Answer(where, "scanned", "text", f"it was crawled from {card.get('url')}", facts=told(facts))
