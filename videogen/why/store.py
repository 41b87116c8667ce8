"""An encoded piece in scanned/.segments."""

import re
from collections.abc import Iterator
from pathlib import Path

from videogen import durable
from videogen.model.segment import Note
from videogen.spool import Spool
from videogen.why.answer import Answer, age_s, relative
from videogen.why.library import NEWEST, papers_with

KEY = re.compile(r"[0-9a-f]{8,64}")
"""A key, or as much of its beginning as names one."""


def by_key(store: Path, beginning: str) -> Iterator[Path]:
    """Give the mp4 of every entry whose key begins so, in order of path."""
    if KEY.fullmatch(beginning):
        yield from sorted(note.with_suffix(".mp4") for note in store.glob(f"??/*/{beginning}*.json"))


def explain(root: Path, path: Path) -> Answer | None:
    """Say what a piece shows and whether it is whole, by its note alone; None: there is neither piece nor note."""
    path, side = path.with_suffix(".mp4"), path.with_suffix(".json")
    where = relative(root, path)
    try:
        note = Note.model_validate_json(durable.read(side))
        size = path.stat().st_size
    except FileNotFoundError:
        if not (path.exists() or side.exists()):
            return None
        missing = "its note" if path.exists() else "its mp4"
        said = f"{missing} is not there: it is being put there or taken out, or whoever did so died"
        return Answer(where, "scanned/.segments", "half", said, "Nothing; the store clears it by itself.")
    except (OSError, ValueError):
        said = "its note cannot be read"
        return Answer(
            where, "scanned/.segments", "damaged", said, "Nothing; it is dropped and encoded again when needed."
        )
    facts = {
        "shows": note.title,
        "frames": note.frames,
        "size_px": f"{note.width}x{note.height}",
        "codec": note.codec,
        "size_bytes": size,
        "used_s_ago": age_s(side),
        "key": note.name.key,
        "look": note.name.look,
        "sha256": note.sha256,
    }
    if size != note.size_bytes:
        said = f"it has {size} bytes, where {note.size_bytes} were published"
        return Answer(
            where, "scanned/.segments", "damaged", said, "Nothing; it is dropped and encoded again.", facts=facts
        )
    said = "it was encoded once, and every video that shows it copies it"
    spool = Spool(root)
    used = papers_with(spool, note.name.key, (spool.output,))
    rows = [{"used_in": place} for place in used]
    notes = [] if used else [f"None of the newest {NEWEST} videos was made with it"]
    return Answer(where, "scanned/.segments", "kept", said, facts=facts, notes=notes, rows=rows)
