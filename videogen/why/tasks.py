"""A task, in whichever room it is: what it waits for, who holds it, what came of it, why it failed."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from videogen.errors import MissingInput, RecipeError
from videogen.model.node import ENDED, Seen
from videogen.model.task import ATTEMPTS, Task
from videogen.model.timebase import parse_resolution
from videogen.render.space import SAFETY, Wanted
from videogen.spool import Spool, drain_of, paper_of, read_paper, read_task, visible
from videogen.spool.cancelling import CANCELLED
from videogen.spool.papers import HALF, REAPED, read_lease, token
from videogen.spool.queue import LATEST_S, Queue
from videogen.why.answer import Answer, age_s, paper_at, relative, told
from videogen.why.refused import NOTE, facts_of, meaning_of

ID = re.compile(r"[0-9a-f]{4}[0-9a-f-]{0,32}")
"""An id, or as much of its beginning as names one."""
SAID_LINES = 12
SAID_BYTES = 16 << 10


def ids(spool: Spool, beginning: str) -> list[str]:
    """Give the ids that begin so, of tasks in any room, in order."""
    if not ID.fullmatch(beginning):
        return []
    rooms = (spool.tasks, spool.processing, spool.output, spool.failed)
    found = {path.name for room in rooms for path in visible(room) if path.name.startswith(beginning)}
    moving = {match["id"] for match in _moving(spool)}
    return sorted(found | {one for one in moving if one.startswith(beginning)})


def _moving(spool: Spool) -> Iterator[re.Match[str]]:
    with suppress(FileNotFoundError):
        for path in spool.processing.iterdir():
            if match := HALF.fullmatch(path.name) or REAPED.fullmatch(path.name):
                yield match


def explain(spool: Spool, task_id: str) -> list[Answer]:
    """Say where a task is and why; empty: it is in no room."""
    folders = {
        spool.output / task_id: _published,
        spool.failed / task_id: _failed,
        spool.processing / task_id: _held,
        spool.tasks / task_id: _waiting,
    }
    found = [how(spool, folder) for folder, how in folders.items() if task_id and folder.exists()]
    if not found and any(match["id"] == task_id for match in _moving(spool)):
        said = "it is on its way between two rooms; a node or main finishes the way"
        found = [Answer(f"processing/{task_id}", "processing", "moving", said, "Ask again in a moment.")]
    return found


def _paper_facts(folder: Path) -> dict[str, Any]:
    try:
        task = read_task(folder)
    except (MissingInput, OSError):
        return {}
    return _facts(task)


def _facts(task: Task) -> dict[str, Any]:
    return told(
        {
            "recipe": task.recipe if task.recipe != "story" else None,
            "voice": task.inputs.voice.path if task.inputs.voice else None,
            "description": task.inputs.description.path if task.inputs.description else None,
            "category": task.category,
            "story": task.story_name,
            "frames": task.frames,
            "attempts": f"{task.attempts} of {ATTEMPTS}" if task.attempts else None,
            "avoided_by": ", ".join(task.avoid),
            "tags": ", ".join(task.tags),
        }
    )


# -- tasks/ ----------------------------------------------------------------------------------------------------------


def _waiting(spool: Spool, folder: Path) -> Answer:
    where = relative(spool.root, folder)
    try:
        task = read_task(folder)
    except (MissingInput, OSError) as error:
        said = error.message if isinstance(error, MissingInput) else str(error)
        return Answer(where, "tasks", "broken", said, "A node sets it aside with its reason; drop the voice again.")
    queue = Queue(spool.tasks)
    queue.look()
    before = queue.before(folder.name)
    facts = _facts(task) | told({"since_s": age_s(folder), "epoch": token(folder), "priority": task.priority})
    facts |= told({"waiting_before_it": before})
    if token(folder) is None:
        said = "it has no token, so it can never be published"
        return Answer(
            where, "tasks", "broken", said, "Run `videogen fsck --repair`; drop the voice again.", facts=facts
        )
    left_s = min(task.not_before_s, LATEST_S) - (age_s(folder) or 0.0)
    said, remedy = f"it failed, and is tried again in {left_s:.0f} s", "Nothing; logs/ tells why it went back."
    if left_s <= 0:
        said, remedy = _hindrance(spool, task)
    notes = [f"Sooner: videogen requeue {folder.name} --front"] if left_s > 0 or before else []
    return Answer(where, "tasks", "waiting", said, remedy, facts=facts, notes=notes, rows=list(_takers(spool, task)))


def _takers(spool: Spool, task: Task) -> Iterator[dict[str, Any]]:
    """Say of each node that runs whether it could take a task, and why not."""
    for seen in _nodes(spool):
        if seen.is_live and seen.paper.state not in ENDED:
            yield {"node": seen.paper.node, "could_take_it": ", ".join(_hindrances(seen, task)) or "yes"}


def _hindrances(seen: Seen, task: Task) -> Iterator[str]:
    """Name what keeps a node from a task, as its paper tells."""
    paper = seen.paper
    if lacking := [tag for tag in task.tags if tag not in paper.tags]:
        yield f"no: it does not offer {', '.join(lacking)}"
    if seen.is_asked_to_drain or seen.state == "draining":
        yield f"no: it is drained; videogen resume {paper.node}"
    if seen.state == "waiting-for-space":
        yield "no: its disk is full"
    elif paper.disk_total and (said := _no_room(paper.disk_free, task)):
        yield said
    if paper.node in task.avoid:
        yield "not in the first minute: it failed there"
    if paper.held:
        yield f"after the {len(paper.held)} it holds"


def _no_room(free_bytes: int, task: Task) -> str:
    with suppress(RecipeError):
        width, height = parse_resolution(task.render.resolution)
        wanted = SAFETY * Wanted(task.frames, width * height).size_bytes
        if free_bytes < wanted:
            return f"no: it has {free_bytes / 1e9:.1f} GB free, and the task may take {wanted / 1e9:.1f} GB"
    return ""


def _hindrance(spool: Spool, task: Task) -> tuple[str, str]:
    """Say why nobody took a task yet."""
    nodes = [seen for seen in _nodes(spool) if seen.is_live and seen.paper.state not in ENDED]
    if not nodes:
        return "no node is running", "Start one: `videogen node`."
    able = [seen for seen in nodes if set(task.tags) <= set(seen.paper.tags)]
    if not able:
        return f"no running node offers {', '.join(task.tags)}", "Start a node with these node.tags."
    taking = [seen for seen in able if seen.state not in {"waiting-for-space", "draining"}]
    if not taking:
        return _not_taking(able)
    if {seen.paper.node for seen in taking} <= set(task.avoid):
        return "it failed on every node that is running, and is left alone for a minute", "Wait, or start another node."
    names = ", ".join(seen.paper.node for seen in taking)
    return f"it waits for a node to be free; running: {names}", "Wait, or start more nodes."


def _not_taking(nodes: list[Seen]) -> tuple[str, str]:
    if any(seen.state == "waiting-for-space" for seen in nodes):
        return "every node that could take it waits for space on its disk", "Free space there."
    return "every node that could take it is draining", "Run `videogen resume <node>`, or start another."


def _nodes(spool: Spool) -> Iterator[Seen]:
    for path in visible(spool.processing / ".nodes"):
        paper = read_paper(path) if path.suffix == ".json" else None
        age = age_s(path)
        if paper is not None and age is not None:
            yield Seen(paper, age, is_asked_to_drain=drain_of(path.parent, path.stem).exists())


# -- processing/ -----------------------------------------------------------------------------------------------------


def _held(spool: Spool, folder: Path) -> Answer:
    where, lease = relative(spool.root, folder), read_lease(folder)
    if lease is None:
        said = "it has no lease: no node put it there, or it just went on"
        return Answer(where, "processing", "foreign", said, "Ask again; if it stays so, run `videogen fsck`.")
    path = paper_of(spool.processing / ".nodes", lease.node)
    paper, age = read_paper(path), age_s(path)
    facts = _paper_facts(folder) | {"node": lease.node, "host": lease.host, "pid": lease.pid, "epoch": lease.epoch}
    if paper is None or age is None or paper.incarnation != lease.incarnation:
        said = f"the life of the node {lease.node} that held it is over"
        return Answer(where, "processing", "dead-claim", said, "Any running node or main brings it back.", facts=facts)
    seen = Seen(paper, age)
    if seen.is_silent:
        said = f"the node {lease.node} holds it, and has been silent for {age:.0f} s"
        return Answer(
            where, "processing", "silent", said, "Others take it over; see whether that node runs.", facts=facts
        )
    mine = paper.task == folder.name
    at = f" ({seen.percent} %)" if mine and seen.percent is not None else ""
    said = f"the node {lease.node} {'renders' if mine else 'holds'} it{at}"
    return Answer(where, "processing", "held", said, facts=facts)


# -- output/ ---------------------------------------------------------------------------------------------------------


def _published(spool: Spool, folder: Path) -> Answer:
    where, manifest = relative(spool.root, folder), paper_at(folder / "manifest.json")
    if manifest is None or not (folder / "final.mp4").is_file():
        return Answer(where, "output", "torn", "its video or its manifest is not there", "Run `videogen fsck`.")
    segments = manifest.get("segments") or {}
    task = manifest.get("task") or {}
    facts = {
        "video": f"{where}/final.mp4",
        "published_at": _stamp(folder / "manifest.json"),
        "published_by": manifest.get("node"),
        "size_bytes": manifest.get("size_bytes"),
        "sha256": manifest.get("sha256"),
        "voice": ((task.get("inputs") or {}).get("voice") or {}).get("path"),
        "frames": manifest.get("frames"),
        "frames_encoded": manifest.get("frames_encoded"),
        "segments_reused": f"{list(segments.values()).count('reused')} of {len(segments)}",
        "node": manifest.get("node"),
        "encoder": manifest.get("encoder"),
        "epoch": manifest.get("epoch"),
        "took_s": round(sum((manifest.get("steps") or {}).values()), 1),
        "samples": manifest.get("samples"),
        "peak_dbfs": manifest.get("peak_dbfs"),
        "verdicts": _verdicts(manifest),
        "attempts": (task.get("attempts") or 0) + 1,
    }
    notes = [f"Everything was encoded in one piece: {manifest['fallback']}."] if manifest.get("fallback") else []
    notes.append(f"Of what it is made, and how: videogen provenance {folder.name}")
    return Answer(where, "output", "published", "its video is done", notes=notes, facts=told(facts))


def _stamp(path: Path) -> str | None:
    """Give when a paper was written, by the clock of its disk, in UTC."""
    with suppress(OSError, OverflowError, ValueError):
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return None


def _verdicts(manifest: dict[str, Any]) -> str | None:
    """Count what was measured before it left, by verdict, and name what did not simply pass."""
    quality = manifest.get("quality")
    figures = quality.get("figures") if isinstance(quality, dict) else None
    rows = [one for one in figures if isinstance(one, dict)] if isinstance(figures, list) else []
    counts = Counter(str(one.get("verdict")) for one in rows)
    named = [
        f"{one.get('check')}: {one.get('verdict')}" for one in rows if not str(one.get("verdict")).startswith("pass")
    ]
    return "; ".join([", ".join(f"{count} {word}" for word, count in counts.items()), *named]) or None


# -- trash/failed ----------------------------------------------------------------------------------------------------


def _failed(spool: Spool, folder: Path) -> Answer:
    reason = paper_at(folder / "reason.json") or paper_at(folder.with_name(folder.name + NOTE))
    where = relative(spool.root, folder)
    lease = read_lease(folder)
    facts = _paper_facts(folder) | told({"node": lease and lease.node, "host": lease and lease.host})
    if reason is None:
        return Answer(where, "trash/failed", "no-reason", "nothing in it says why it failed", "Retry it.", facts=facts)
    code = str(reason.get("code", ""))
    can_retry = token(folder, prefix=".fenced.") is not None or token(folder) is not None
    again = (
        f"To try it again: videogen retry {folder.name}" if can_retry else "It cannot be retried: drop its voice again."
    )
    return Answer(
        path=where,
        room="trash/failed",
        state="cancelled" if code == CANCELLED else "failed",
        because=str(reason.get("message", "")),
        remedy=str(reason.get("remedy", "")),
        code=code,
        notes=[*meaning_of(code), again],
        facts=facts | facts_of(reason),
        rows=[{"stderr": line} for line in _last_words(folder / "stderr.log")],
    )


def _last_words(log: Path) -> list[str]:
    with suppress(OSError), log.open("rb") as file:
        size = log.stat().st_size
        file.seek(max(0, size - SAID_BYTES))
        return file.read().decode("utf-8", "replace").splitlines()[-SAID_LINES:]
    return []
