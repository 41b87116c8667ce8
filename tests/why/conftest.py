"""A laid-out spool, and the one who explains it."""

from pathlib import Path

import pytest

from videogen.catalog import side_path
from videogen.model.media import Asset
from videogen.spool import Spool
from videogen.spool.rooms import INNER, ROOMS
from videogen.why import Answer, Explainer


class Place:
    """A spool, hands that put things into it, and questions about them."""

    def __init__(self, root: Path) -> None:
        self.spool = Spool(root)
        for room in (*ROOMS, *INNER):  # unsynced, as nothing crashes here
            (root / room).mkdir(parents=True, exist_ok=True)
        self.root = root
        self.explainer = Explainer(self.spool, quiet_s=0.0, category_rule="prefer")

    def put(self, where: str, content: bytes | str = b"content") -> Path:
        """Put a file anywhere."""
        path = self.root / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def shelve(self, asset: Asset) -> Path:
        """Put an asset into the library."""
        path = self.put(asset.path)
        side_path(path).write_text(asset.to_json())
        return path

    def ask(self, what: object) -> list[Answer]:
        """Ask, and see that it can be told as plain data; nothing in the spool is another afterwards."""
        before = self._all()
        found = self.explainer.explain(str(what))
        assert self._all() == before
        assert all(set(one.to_dict()) == KEYS for one in found)
        return found

    def only(self, what: object) -> Answer:
        """Ask for what has one answer."""
        (found,) = self.ask(what)
        return found

    def _all(self) -> list[tuple[str, int, int]]:
        return sorted((str(path), path.lstat().st_mtime_ns, path.lstat().st_size) for path in self.root.rglob("*"))


KEYS = {"path", "room", "state", "code", "because", "remedy", "notes", "facts", "rows"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty spool."""
    return Place(tmp_path / "spool")
