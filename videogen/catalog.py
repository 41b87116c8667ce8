"""scanned/: what is in the library. The side file beside each file is the truth; the index in memory is made of them.

An asset exists when its side file and its file are there. The side file is written first, so a visible file is never
without its measurements, and a side file without a file (a crash between the two) is nothing and is written again.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from videogen import durable
from videogen.errors import MissingInput
from videogen.model.media import Asset, Kind, Media
from videogen.model.timebase import rounded

SAFE_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
SIDE = ".json"


def side_path(path: Path) -> Path:
    """Name the side file of a file."""
    return path.with_name(path.name + SIDE)


def read_asset(root: Path, relative: str) -> Asset:
    """Read the side file of one asset, by its path from the root.

    Raises: MissingInput: the file or its side file is not there, or is not one.
    """
    path = root / relative
    try:
        if not path.is_file():
            raise FileNotFoundError(relative)
        return Asset.model_validate_json(side_path(path).read_bytes())
    except FileNotFoundError as error:
        raise MissingInput(
            f"{relative} is not in the library", remedy="Drop the file into raw/ again, then retry the task."
        ) from error
    except ValueError as error:
        raise MissingInput(
            f"the side file of {relative} cannot be read", remedy="Drop the file into raw/ again, then retry the task."
        ) from error


class Catalog:
    """The library's index. Only main writes it; nodes read single side files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._assets: dict[str, Asset] = {}
        self._sources: dict[tuple[Kind, str], str] = {}
        self._incoming = root / "scanned" / ".incoming"

    def load(self) -> list[str]:
        """Read every side file; give the paths whose side file cannot be read."""
        self._assets.clear()
        self._sources.clear()
        damaged = []
        for kind_folder in ("video", "frame", "music", "story"):
            for side in sorted((self._root / "scanned" / kind_folder).rglob("*" + SIDE)):
                if side.name.startswith(".") or not _is_side_of_asset(side):
                    continue
                relative = str(side.relative_to(self._root))[: -len(SIDE)]
                try:
                    self._index(read_asset(self._root, relative))
                except MissingInput:
                    damaged.append(relative)
        return damaged

    def _index(self, asset: Asset) -> None:
        self._assets[asset.path] = asset
        self._sources[asset.kind, asset.source.sha256] = asset.path

    # -- asking ------------------------------------------------------------------------------------------------------

    def of_source(self, kind: Kind, sha256: str) -> Asset | None:
        """Find the asset that was made of a dropped content, if it is in the library."""
        path = self._sources.get((kind, sha256))
        if path is None or not (self._root / path).exists():
            return None
        return self._assets[path]

    def of_content(self, sha256: str) -> Asset | None:
        """Find the clip, track or voice whose bytes have this hash."""
        media = (asset for asset in self._assets.values() if asset.kind != "link")
        return next((asset for asset in media if asset.sha256 == sha256), None)

    def of_kind(self, kind: Kind, category: str | None = None) -> list[Asset]:
        """Give the assets of a kind, of one category or of all, in order of path."""
        found = (asset for asset in self._assets.values() if asset.kind == kind)
        return sorted((a for a in found if category in {None, a.category}), key=lambda asset: asset.path)

    def counts(self) -> dict[str, int]:
        """Count the assets of each kind."""
        kinds: tuple[Kind, ...] = ("video", "frame", "music", "voice", "link")
        return {kind: sum(asset.kind == kind for asset in self._assets.values()) for kind in kinds}

    def voices_to_assemble(self) -> list[Asset]:
        """Give the voices that have no task yet, in order of path."""
        return [voice for voice in self.of_kind("voice") if not voice.is_assembled]

    # -- names -------------------------------------------------------------------------------------------------------

    def clear_entrance(self) -> None:
        """Drop what an earlier life left half copied; its sources are in raw/ still."""
        durable.remove_tree(self._incoming)
        durable.make_folder(self._incoming)

    def entrance(self) -> Path:
        """Name a new file in the entrance, where intake copies to and probes; on the library's filesystem."""
        durable.make_folder(self._incoming)
        return self._incoming / uuid4().hex

    def free_path(self, kind: Kind, stem: str, media: Media, *, category: str, story: str = "") -> str:
        """Give the path a file will have from the root: its stem where that is safe and free, else a new uuid.

        A second, different file of a story's voice or link keeps its stem and gets `~2`, `~3`, ...
        """
        folder, prefix, extension = self._shelf(kind, media, category=category, story=story)
        if kind in {"voice", "link"} and _is_safe(stem):
            return next(path for path in _numbered(folder, stem, extension) if self._is_free(path))
        path = f"{folder}/{prefix}{stem}{extension}"
        if _is_safe(stem) and self._is_free(path):
            return path
        return f"{folder}/{prefix}{uuid4()}{extension}"

    def _is_free(self, relative: str) -> bool:
        path = self._root / relative
        # macOS and some NAS mounts hold A.mp4 and a.mp4 to be one file; asking the disk answers for the disk.
        return relative not in self._assets and not path.exists() and not path.is_symlink()

    def _shelf(self, kind: Kind, media: Media, *, category: str, story: str) -> tuple[str, str, str]:
        match kind:
            case "video" | "frame":
                if media.picture is None:
                    raise MissingInput(f"a {kind} without a picture has no shelf", remedy="Drop a clip.")
                width, height = media.picture.display_size
                return f"scanned/{kind}/{category}/mp4_w{width}_h{height}", f"{_seconds(media)}_", ".mp4"
            case "music":
                return f"scanned/music/{category}/mp3", f"{_seconds(media)}_", ".mp3"
            case "voice":
                return f"scanned/story/{category}/{story}/voice", "", ".mp3"
            case "link":
                return f"scanned/story/{category}/{story}/link", "", ".txt"
            case "source":
                raise MissingInput("a source for encoding has no shelf", remedy="Drop clips into raw/video.")

    # -- writing -----------------------------------------------------------------------------------------------------

    def add(self, asset: Asset, content: Path) -> None:
        """Put a file into the library under `asset.path`; when this returns it survives a power cut.

        `content` lies in the entrance, synced, and is there no more afterwards.
        """
        target = self._root / asset.path
        durable.make_folder(target.parent)
        durable.write(side_path(target), asset.to_json())
        durable.move(content, target)
        self._index(asset)

    def mark_assembled(self, voice: Asset) -> None:
        """Note for good that a voice's task was published."""
        marked = voice.model_copy(update={"is_assembled": True})
        durable.write(side_path(self._root / voice.path), marked.to_json())
        self._index(marked)


def _is_side_of_asset(side: Path) -> bool:
    # Chunks of crawled text have side files of their own, which are the crawler's.
    return side.name[: -len(SIDE)].endswith((".mp4", ".mp3")) or side.parent.name == "link"


def _is_safe(stem: str) -> bool:
    return bool(SAFE_NAME.fullmatch(stem)) and stem[0] not in ".-"


def _numbered(folder: str, stem: str, extension: str) -> Iterator[str]:
    yield f"{folder}/{stem}{extension}"
    for number in range(2, 1_000_000):
        yield f"{folder}/{stem}~{number}{extension}"


def _seconds(media: Media) -> str:
    tenths = rounded(media.duration_s * 10)
    return f"{tenths // 10}.{tenths % 10}"
