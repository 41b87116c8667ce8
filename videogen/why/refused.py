"""A thing in trash/invalid, and the note beside it."""

import shlex
from pathlib import Path
from typing import Any

from videogen.verdicts import ruling_of
from videogen.why.answer import Answer, age_s, paper_at, relative, told

NOTE = ".reason.json"
SAID_LINES = 20


def explain(root: Path, path: Path) -> Answer | None:
    """Say why a file was refused and how it is tried again; None: there is neither file nor note."""
    path = _thing(path)
    note = path.with_name(path.name + NOTE)
    is_there, reason = path.is_symlink() or path.exists(), paper_at(note)
    if reason is None:
        return _without_reason(root, path, note) if is_there else None
    again = ["Drop it again, mended: it is a new file then."]
    if is_there:
        name = shlex.quote(relative(path.parent, path))
        again = [f"To have it judged again as it is: videogen trash restore {name}", _again(root, path, reason)]
    return Answer(
        path=relative(root, path),
        room="trash/invalid",
        state="refused" if is_there else "removed",
        because=str(reason.get("message", "")) + ("" if is_there else " (the file itself is gone; its reason stayed)"),
        remedy=str(reason.get("remedy", "")),
        code=str(reason.get("code", "")),
        notes=[*meaning_of(str(reason.get("code", ""))), *again],
        facts=facts_of(reason),
        rows=said_by(reason),
    )


def _thing(path: Path) -> Path:
    """Give the file that a note is beside; a dropped file may be called like a note itself."""
    is_note = path.name.endswith(NOTE) and not path.with_name(path.name + NOTE).exists()
    return path.with_name(path.name[: -len(NOTE)]) if is_note else path


def _without_reason(root: Path, path: Path, note: Path) -> Answer:
    trouble = "its reason cannot be read" if note.exists() else "nothing beside it says why"
    return Answer(
        path=relative(root, path),
        room="trash/invalid",
        state="no-reason",
        because=f"it was refused, and {trouble}",
        remedy="Drop it into raw/ again: then it is judged anew.",
        facts=told({"since_s": age_s(path)}),
    )


def _again(root: Path, path: Path, reason: dict[str, Any]) -> str:
    """Say how the file is tried again: by being dropped where it was dropped, mended or as it is."""
    there, here = shlex.quote(str(reason.get("path", ""))), shlex.quote(relative(root, path))
    return f"Or by hand: mv -n {here} {there}"


def meaning_of(code: str) -> list[str]:
    """Give what the table says of a code, as a note; nothing for a word it does not know."""
    ruling = ruling_of(code)
    return [f"{code}: {ruling.meaning}."] if ruling else []


def facts_of(reason: dict[str, Any]) -> dict[str, Any]:
    """Give what a reason knows, as a small table; what a child said is told line by line elsewhere."""
    named = {
        "stage": reason.get("stage"),
        "dropped_as": reason.get("path"),
        "at": reason.get("at"),
        "size_bytes": reason.get("size_bytes"),
        "sha256": reason.get("sha256"),
        "videogen": reason.get("videogen"),
    }
    facts = reason.get("facts")
    more = {name: value for name, value in facts.items() if name != "stderr"} if isinstance(facts, dict) else {}
    return told(named) | told(more)


def said_by(reason: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the last lines that a child wrote before it died."""
    facts = reason.get("facts")
    words = str(facts.get("stderr", "")) if isinstance(facts, dict) else ""
    return [{"stderr": line} for line in words.splitlines()[-SAID_LINES:]]
