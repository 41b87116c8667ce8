"""A row of the benches: what was measured, in which form, and how it stands against its bars.

Every row is a program with three forms: the full one, which the bars are set for, `--short`, and `--tiny`, which only
shows that the program works and leaves no result behind.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from bench.media import Media, MissingMediaError
from videogen.toolchain import find

RESULTS = Path(__file__).parent / "results"
SHORT = RESULTS / "short"
"""The short forms' results: a quick look must not replace the figures that a document shows."""
NO_MEDIA = 75

Sense = Literal["at least", "at most"]
FormT = TypeVar("FormT")


@dataclass(frozen=True)
class Figure:
    """Something measured."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Bar:
    """A figure with what it must reach."""

    name: str
    value: float
    unit: str
    sense: Sense
    limit: float

    @property
    def holds(self) -> bool:
        """Whether it is reached."""
        return self.value >= self.limit if self.sense == "at least" else self.value <= self.limit

    def __str__(self) -> str:
        word = "holds" if self.holds else "missed"
        return f"{written(self.value)} {self.unit}, bar {self.sense} {self.limit:g} {self.unit}: {word}"


@dataclass
class Row:
    """What one program measured; `about` says of what."""

    name: str
    form: str
    about: str = ""
    machine: str = ""
    figures: list[Figure] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def figure(self, name: str, value: float, unit: str) -> None:
        """Take a figure and print it."""
        self.figures.append(Figure(name, round(value, 4), unit))
        print(f"  {name:<58} {written(value):>10} {unit}", flush=True)

    def bar(self, name: str, value: float, unit: str, sense: Sense, limit: float) -> None:
        """Take a figure that has a bar and print both."""
        self.bars.append(Bar(name, round(value, 4), unit, sense, limit))
        print(f"  {name:<58} {self.bars[-1]}", flush=True)

    def note(self, sentence: str) -> None:
        """Take a sentence that the figures cannot be read without."""
        self.notes.append(sentence)
        print(f"  {sentence}", flush=True)

    def describe(self, about: str) -> None:
        """Say what is measured, before it is."""
        self.about = about
        print(f"{self.name}, {self.form} form: {about}", flush=True)

    def to_json(self) -> str:
        """Give the row as its file holds it."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Row":
        """Read a row from its file."""
        words = json.loads(text)
        words["figures"] = [Figure(**one) for one in words["figures"]]
        words["bars"] = [Bar(**one) for one in words["bars"]]
        return cls(**words)


def written(value: float) -> str:
    """Write a number with as many digits as it deserves."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}" if abs(value) < 2 else f"{value:.2f}"


Measure = Callable[[Row, FormT, Media, Path], None]


def program(name: str, forms: Mapping[str, FormT], measure: Measure[FormT]) -> int:
    """Be the program of a row: measure in a temporary folder, print, and write <name>.json into bench/results.

    `forms` holds `full` and `tiny`, and `short` where the row has one. Gives the exit status: 0, or 75 without media.
    """
    form = _form_asked(name, forms)
    try:
        media = Media.named()
        row = Row(name, form, machine=machine())
        with tempfile.TemporaryDirectory(prefix=f"videogen-bench-{name}-") as folder:
            measure(row, forms[form], media, Path(folder))
    except MissingMediaError as error:
        sys.stderr.write(f"{error}\n")
        return NO_MEDIA
    if form != "full":
        print(f"  The bars are set for the full form: python -m bench.{name}")
    if form != "tiny":
        results = RESULTS if form == "full" else SHORT
        results.mkdir(parents=True, exist_ok=True)
        (results / f"{name}.json").write_text(row.to_json(), encoding="utf-8")
    return 0


def machine() -> str:
    """Say in one line what this was measured on."""
    model = "a processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model n")]
        model = names[0] if names and names[0] != "unknown" else model
    return f"{processors()} x {model}, FFmpeg {find('').version}"


def processors() -> int:
    """Count the processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _form_asked(name: str, forms: Mapping[str, FormT]) -> str:
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}")
    for form, words in (("short", "smaller and shorter"), ("tiny", "only to see that it works; leaves no result")):
        if form in forms:
            parser.add_argument(f"--{form}", dest="form", action="store_const", const=form, default="full", help=words)
    return str(parser.parse_args().form)
