"""A published video, from what a person called it."""

from pathlib import Path

from videogen import durable
from videogen.errors import MissingInput
from videogen.model.manifest import Manifest
from videogen.spool import Spool, visible

INSIDE = ("final.mp4", "manifest.json")


def folder_of(spool: Spool, wanted: str) -> Path:
    """Find the folder of a video by its id, the beginning of it, or a path that leads there.

    Raises: MissingInput: there is none, or more than one; where the task is in another room, that one is named.
    """
    given = Path(wanted)
    name = given.parent.name if given.name in INSIDE else given.name
    names = [path.name for path in visible(spool.output)]
    found = [one for one in names if name and one.startswith(name)]
    if name in found:
        return spool.output / name
    if len(found) == 1:
        return spool.output / found[0]
    trouble = f"{len(found)} videos begin" if found else "no video begins"
    room = spool.room_of(name) if name and not found else None
    elsewhere = f"It is in {room}/; `videogen why {name}` tells more." if room else ""
    raise MissingInput(f"{trouble} with {wanted!r}", remedy=elsewhere or "`ls output` shows their ids.")


def manifest_in(folder: Path) -> Manifest:
    """Read the manifest of a video, of whichever version. Raises: MissingInput: it is not there, or is none."""
    try:
        return Manifest.model_validate_json(durable.read(folder / "manifest.json"))
    except OSError as error:
        raise MissingInput(
            f"output/{folder.name}/manifest.json cannot be read ({error.strerror})", remedy="Run `videogen fsck`."
        ) from error
    except ValueError as error:
        raise MissingInput(
            f"output/{folder.name}/manifest.json is no manifest", remedy="Restore it, or run `videogen fsck`."
        ) from error
