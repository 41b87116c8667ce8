"""A group of the corpus dropped into a spool, main run over it, and what became of each row."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.item import Item, Stock
from tests.corpus.meter import Measures, Meter
from tests.corpus.strangers import CANARY
from tests.flow.house import House, clean_env, shared
from videogen.model.value import readable

LONGEST_S = 200


@dataclass(frozen=True)
class Trial:
    """One run: the spool as main left it, how main ended, what it used."""

    house: House
    status: int
    measures: Measures

    def reasons(self) -> list[dict[str, Any]]:
        """Read all reasons, each with the name of its file in trash."""
        found = []
        for note in sorted((self.house.root / "trash" / "invalid").iterdir()):
            if note.name.endswith(".reason.json") and self._is_reason(note):
                found.append(json.loads(note.read_text()) | {"kept_as": note.name.removesuffix(".reason.json")})
        return found

    def _is_reason(self, note: Path) -> bool:
        # A refused file may call itself a reason too; only what names a file beside it is one.
        return os.path.lexists(note.with_name(note.name.removesuffix(".reason.json")))

    def assets(self) -> list[dict[str, Any]]:
        """Read all side files."""
        sides = sorted((self.house.root / "scanned").rglob("*.json"))
        found = [json.loads(side.read_text()) for side in sides if not side.name.startswith(".")]
        return [one for one in found if "source" in one]

    def reason_of(self, item: Item) -> dict[str, Any] | None:
        """Give why a row was refused, None where it was not; two reasons are a failure."""
        found = [one for one in self.reasons() if one["path"] == dropped_as(item)]
        assert len(found) < 2, f"{item.id} was refused {len(found)} times"
        return found[0] if found else None

    def asset_of(self, item: Item) -> dict[str, Any] | None:
        """Give the side file of a row, None where it is not in the library; two are a failure."""
        found = [one for one in self.assets() if one["source"]["path"] == dropped_as(item)]
        assert len(found) < 2, f"{item.id} was taken in {len(found)} times"
        return found[0] if found else None

    def is_in_raw(self, item: Item) -> bool:
        """Whether a row lies where it was dropped."""
        return os.path.lexists(self.house.root / "raw" / item.path)


def dropped_as(item: Item) -> str:
    """Give a row's path as papers name it."""
    return readable(f"raw/{item.path}")


def drop(root: Path, items: Iterable[Item]) -> None:
    """Make every row in a spool's raw/, and the canary beside the spool."""
    stock = Stock(root.parent / "stock")
    (root.parent / CANARY).write_text("nobody reads this\n")
    for item in items:
        path = root / "raw" / item.path
        path.parent.mkdir(parents=True, exist_ok=True)
        item.make(stock, path)
    shutil.rmtree(stock.folder)


def run_main(house: House) -> tuple[int, Measures]:
    """Run main once over a spool; give its exit status and what it used."""
    process = subprocess.Popen(
        house.argv("main", "--once"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=clean_env(),
    )
    with Meter(process.pid, house.root) as measures:
        try:
            status = process.wait(LONGEST_S)
        finally:
            process.kill()
            process.wait()
    return status, measures


def tried(factory: pytest.TempPathFactory, name: str, items: Iterable[Item]) -> Trial:
    """Give what became of a group; one worker of a test run tries it, all look at it."""

    def prepare(house: House) -> dict[str, Any]:
        drop(house.root, items)
        status, measures = run_main(house)
        return {"status": status, "measures": asdict(measures)}

    house, told = shared(factory, name.replace(" ", "-"), prepare)
    return Trial(house, told["status"], Measures(**told["measures"]))
