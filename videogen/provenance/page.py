"""All that is known of one video, as a page: made when, by whom, of what, and what of that is still there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from videogen import durable
from videogen.assemble import Row, replayed
from videogen.catalog import logo_of, read_asset
from videogen.errors import InputError, MissingInput
from videogen.model.manifest import Ingredient, Manifest, ingredients
from videogen.provenance.finding import manifest_in
from videogen.spool import Spool

State = Literal["there", "same", "changed", "gone"]
"""`there`: its size is the one on record, its bytes were not read; `same`: every byte was read and is as it was."""
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Page:
    """A video. Shape: `made_of` has every content once for each role, with what became of its file."""

    output: str
    manifest: Manifest
    video: State
    made_of: tuple[tuple[Ingredient, State], ...]
    chosen: tuple[Row, ...]
    """Its clips in playing order and its track, each with why it came; empty where it was not recorded."""

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data for JSON."""
        return {
            "output": self.output,
            "video": self.video,
            "manifest": self.manifest.model_dump(mode="json"),
            "made_of": [
                {"role": one.role, "path": one.path, "sha256": one.sha256, "state": state}
                for one, state in self.made_of
            ],
            "chosen": [{"path": row.path, "why": row.why, "uses": row.uses} for row in self.chosen],
        }

    @property
    def is_whole(self) -> bool:
        """Whether the video and all that it was made of is there as it was, as far as was looked."""
        return all(state in {"there", "same"} for state in (self.video, *(state for _, state in self.made_of)))


def page_of(spool: Spool, folder: Path, *, verify: bool, tell: Tell = lambda _done, _all: None) -> Page:
    """Tell all of a video; with `verify` every byte of it and of its assets is read.

    Units: `tell` hears how many files of how many were looked at.
    Raises: MissingInput: it has no manifest that can be read.
    """
    manifest = manifest_in(folder)
    found = manifest.assets or ingredients(manifest.task, {})
    total = len(found) + 1
    tell(0, total)
    video = _state(folder / "final.mp4", manifest.sha256, manifest.size_bytes, verify=verify)
    made_of = []
    for nth, one in enumerate(found, start=1):
        tell(nth, total)
        made_of.append((one, state_of(spool.root, one, verify=verify)))
    tell(total, total)
    chosen = tuple(_chosen(spool.root, manifest))
    return Page(f"output/{folder.name}", manifest, video, tuple(made_of), chosen)


def state_of(root: Path, one: Ingredient, *, verify: bool) -> State:
    """Say what became of an asset's file since."""
    if one.role == "logo":
        return _state(logo_of(root, one.sha256), one.sha256, one.size_bytes, verify=verify)
    try:
        asset = read_asset(root, one.path)
    except MissingInput:
        asset = None
    if not verify and asset is not None and asset.sha256 != one.sha256:
        return "changed"
    size_bytes = one.size_bytes if one.size_bytes is not None or asset is None else asset.size_bytes
    return _state(root / one.path, one.sha256, size_bytes, verify=verify)


def _state(path: Path, sha256: str, size_bytes: int | None, *, verify: bool) -> State:
    try:
        size = path.stat().st_size
        if size_bytes is not None and size != size_bytes:
            return "changed"
        if verify:
            return "same" if durable.digest(path) == sha256 else "changed"
    except (OSError, MissingInput):
        return "gone"
    return "there"


def _chosen(root: Path, manifest: Manifest) -> Iterator[Row]:
    try:
        yield from replayed(root, manifest.task).rows
    except InputError:
        return
