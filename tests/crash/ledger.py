"""What a run of the harness did, and what it found: one table at its end."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

COUNTERS = ("kills", "pauses", "faults", "reached", "counts")


@dataclass
class Ledger:
    """Sums over everything that was tried. `kills` is by fail point, or by what else chose the moment."""

    seed: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    pauses: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    """How often each fail point was passed or acted."""
    counts: Counter[str] = field(default_factory=Counter)
    """Whatever else is worth a line: tasks, videos, looks."""
    violations: list[str] = field(default_factory=list)

    def add(self, other: "Ledger") -> None:
        """Add up two runs."""
        for name in COUNTERS:
            getattr(self, name).update(getattr(other, name))
        self.violations += other.violations

    def to_json(self) -> str:
        """Write it down, for a process that started the one that filled it."""
        return json.dumps({name: getattr(self, name) for name in ("seed", *COUNTERS, "violations")})

    @classmethod
    def from_json(cls, text: str) -> "Ledger":
        """Read what `to_json` wrote."""
        words = json.loads(text)
        counters = {name: Counter[str](words[name]) for name in COUNTERS}
        return cls(words["seed"], violations=words["violations"], **counters)

    def least(self, names: Iterable[str]) -> tuple[int, int]:
        """Give how often the rarest of these points was reached, and killed at."""
        wanted = list(names)
        return min(self.reached[name] for name in wanted), min(self.kills[name] for name in wanted)

    def read(self, points: Path) -> None:
        """Count the lines that the processes of a run wrote as they reached their points, and empty the file."""
        if not points.exists():
            return
        lines = points.read_text(encoding="ascii").splitlines()
        points.write_bytes(b"")
        self.reached.update(line.partition(" ")[0] for line in lines)
        self.faults.update(line.replace(" ", "=") for line in lines if line.endswith((" enospc", " eio", " estale")))

    def read_kills(self, points: Path) -> None:
        """Count the deaths that the processes of a run announced, where nobody else counts them."""
        lines = points.read_text(encoding="ascii").splitlines() if points.exists() else []
        self.kills.update(line.partition(" ")[0] for line in lines if line.endswith(" kill"))

    def table(self, names: Iterable[str]) -> str:
        """Give it for people; `names` are the points that should have been covered."""
        wanted = sorted(names)
        width = max(map(len, wanted), default=0)
        rows = [f"  {name:{width}}  {self.reached[name]:9,}  {self.kills[name]:7,}" for name in wanted]
        others = sorted(self.kills.keys() - set(wanted))
        rows += [f"  {name:{width}}  {'':9}  {self.kills[name]:7,}" for name in others]
        counts = [f"  {name:{width}}  {number:9,}" for name, number in sorted(self.counts.items())]
        return "\n".join(
            (
                f"seed {self.seed}",
                f"  {'fail point':{width}}  {'reached':>9}  {'killed':>7}",
                *rows,
                f"kills {self.kills.total():,}, pauses {self.pauses.total():,}, faults {self.faults.total():,}",
                *counts,
                f"violations {len(self.violations)}",
                *(f"  {line}" for line in self.violations[:50]),
            )
        )
