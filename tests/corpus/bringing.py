"""Many files brought slowly to a running main: `python -m tests.corpus.bringing [--long] [--count N] [--seed S]`.

What lies in the library afterwards is byte for byte what each writer meant to bring; nothing cut was promoted, and
nothing was refused before it was there. Lists of links are brought: text cannot prove its end, so nothing but the look
at the writer protects it, and no inspector stands behind the look.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.corpus.writers import QUIET_S, WRITERS, Try
from tests.flow.house import House, soon

SHORT, LONG = 500, 2000
AT_ONCE = 40
DECIDED_S = 120.0
UNSEEN = 6000
"""Names that nobody looks at, four events each: more than a queue of events holds, which is 16,384."""
FLOOD, FLOOD_LONG = 300, 10_000


@dataclass
class Brought:
    """What became of many tries: counts by writer, those that prove nothing, and what went wrong."""

    tries: Counter[str] = field(default_factory=Counter)
    void: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)


def main() -> None:
    """Bring many, print what went wrong; exit with 1 where anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        done = brought(Path(folder) / "spool", given.count or (LONG if given.long else SHORT), given.seed)
        done.troubles += flooded(Path(folder) / "flood", FLOOD_LONG if given.long else FLOOD)
    print(dict(done.tries), f"{done.void.total()} void", *done.troubles, sep="\n")
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(bool(done.troubles))


def text_of(number: int, dice: Random) -> bytes:
    """Give a list of links that no other try has; every start of it is a list of links too."""
    return "".join(f"https://example.org/{number}/{line}\n" for line in range(dice.randrange(20, 400))).encode()


def brought(root: Path, count: int, seed: int) -> Brought:
    """Have every writer bring its share to a running main, many at once."""
    house = House(root)
    settings = root / "videogen.toml"
    settings.write_text(settings.read_text().replace("quiet_s = 0.2", f"quiet_s = {QUIET_S}"))
    names = sorted(WRITERS)
    jobs = [(names[number % len(names)], a_try(house, number, seed)) for number in range(count)]
    process = house.start("main")
    try:
        assert soon(lambda: '"Started"' in house.log())
        with ThreadPoolExecutor(AT_ONCE) as pool:
            troubles = list(filter(None, pool.map(lambda job: trouble_of(*job), jobs)))
        soon(lambda: not house.files("raw"), within_s=DECIDED_S)
    finally:
        process.kill()
        process.wait()
    done = compared(house, jobs)
    done.troubles += troubles
    return done


def trouble_of(name: str, one: Try) -> str:
    """Let a writer bring its file; say what it met, which is nothing where nobody took the file away under it."""
    try:
        WRITERS[name](one)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"{name} {one.path.parent.parent.name}: {error}"
    return ""


def a_try(house: House, number: int, seed: int) -> Try:
    """Give the try of a number, in a folder of its own."""
    dice = Random(seed * 1_000_003 + number)  # noqa: S311, nothing secret
    return Try(house.place(f"story/brought/s{number}/link/x.txt"), text_of(number, dice), dice)


def compared(house: House, jobs: list[tuple[str, Try]]) -> Brought:
    """Hold what is in the library against what each writer meant to bring."""
    done = Brought()
    sides = [json.loads(side.read_text()) for side in (house.root / "scanned" / "story").rglob("*.json")]
    refused = {reason["path"]: reason["code"] for reason in _reasons(house)}
    for name, one in jobs:
        place = str(one.path.relative_to(house.root))
        taken = [side["source"]["sha256"] for side in sides if side["source"]["path"] == place]
        done.tries[name] += 1
        if one.longest_s > 0.8 * QUIET_S:
            done.void[name] += 1
        elif place in refused:
            done.troubles.append(f"{name} {place}: refused as {refused[place]}")
        elif taken != [hashlib.sha256(one.content).hexdigest()]:
            done.troubles.append(f"{name} {place}: taken in {len(taken)} times, or not what was brought")
    return done


def flooded(root: Path, drops: int) -> list[str]:
    """Drop files while main sleeps and its queue of events overflows; say what it lost or took twice once awake."""
    house = House(root)
    links = house.place("story/flood/s/link/x").parent
    process = house.start("main")
    try:
        assert soon(lambda: '"Started"' in house.log())
        time.sleep(1)
        os.kill(process.pid, signal.SIGSTOP)
        for number in range(UNSEEN):
            (links / f".{number}").write_bytes(b"x")
        for number in range(drops):
            (links / f"{number}.txt").write_text(f"https://example.org/{number}\n")
        os.kill(process.pid, signal.SIGCONT)
        soon(lambda: not any(links.glob("[0-9]*")), within_s=DECIDED_S + drops / 5)
    finally:
        process.kill()
        process.wait()
    names = [json.loads(side.read_text())["original_name"] for side in (root / "scanned").rglob("link/*.json")]
    counts = Counter({f"{number}.txt": 1 for number in range(drops)})
    counts.subtract(names)
    return [f"{name}: {1 - left} times in the library" for name, left in counts.items() if left]


def _reasons(house: House) -> list[dict[str, str]]:
    return [json.loads(path.read_text()) for path in (house.root / "trash" / "invalid").glob("*.reason.json")]


if __name__ == "__main__":
    main()
