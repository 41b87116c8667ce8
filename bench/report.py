"""Collects the results of the rows into one table and one picture: `python -m bench.report [--short]`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bench.row import RESULTS, SHORT, Bar, Row, written

ORDER = (
    *("warm", "cold", "stories", "encode", "quality", "stitch"),
    *("kill", "claim", "prefetch", "intake", "library", "memory", "side_by_side", "peers", "top", "gate"),
    *("composition", "golden_frame", "mix", "hour", "beats"),
)
WIDTH, MARGIN, TOP, STEP, THICK = 1660, 50, 130, 104, 34
INK, GREY, LINE = "#1b2733", "#5b6b7a", "#d5dce3"
HOLDS, MISSED, LIMIT = "#2b7a78", "#c8553d", "#f0a202"


def main() -> int:
    """Write table.md and plot.png beside the results; give 75 where there are none."""
    parser = argparse.ArgumentParser(prog="python -m bench.report")
    parser.add_argument("--short", action="store_true", help="of the short forms")
    folder = SHORT if parser.parse_args().short else RESULTS
    rows = collected(folder)
    if not rows:
        sys.stderr.write(f"There are no results in {folder}; `make bench` makes those of the short forms.\n")
        return 75
    (folder / "table.md").write_text(table(rows), encoding="utf-8")
    plot(rows).save(folder / "plot.png", optimize=True)
    print(f"{folder / 'table.md'}\n{folder / 'plot.png'}")
    return 0


def collected(folder: Path) -> list[Row]:
    """Read every result of a folder, in the order in which they are told."""
    rows = [Row.from_json(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    return sorted(rows, key=lambda row: (ORDER.index(row.name) if row.name in ORDER else len(ORDER), row.name))


# -- the table -----------------------------------------------------------------------------------------------------


def table(rows: Sequence[Row]) -> str:
    """Write what has a bar as one table, and below it every figure."""
    lines = [f"Measured on {machine}." for machine in dict.fromkeys(row.machine for row in rows)]
    lines += ["", "| row | what | figure | bar | |", "|---|---|--:|--:|---|"]
    for row in rows:
        for bar in row.bars:
            bound = f"{bar.sense} {bar.limit:g} {bar.unit}"
            word = "holds" if bar.holds else "**missed**"
            lines.append(f"| {row.name} | {bar.name} | {written(bar.value)} {bar.unit} | {bound} | {word} |")
    for row in rows:
        lines += ["", f"**{row.name}**, {row.form} form: {row.about}", "", "| | |", "|---|--:|"]
        lines += [f"| {one.name} | {written(one.value)} {one.unit} |" for one in row.figures]
        lines += ["", *row.notes] if row.notes else []
    return "\n".join(lines) + "\n"


# -- the picture ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Axis:
    """A log axis. Units: ratios at its ends; pixels it lies between."""

    low: float
    high: float
    left: int = MARGIN
    right: int = WIDTH - MARGIN

    @classmethod
    def over(cls, values: Sequence[float]) -> "Axis":
        """Give an axis that has room for all values and for 1."""
        least, most = min(0.8, *values), max(2.0, *values)
        return cls(10 ** (floor(log10(least) * 5) / 5), 10 ** (ceil(log10(most) * 5) / 5))

    def at(self, value: float) -> int:
        """Give where a ratio lies, in pixels."""
        share = log10(max(value, self.low) / self.low) / log10(self.high / self.low)
        return round(self.left + share * (self.right - self.left))

    def ticks(self) -> Iterator[float]:
        """Give the round numbers on it."""
        for power in range(floor(log10(self.low)), ceil(log10(self.high)) + 1):
            for digit in (1, 2, 5):
                if self.low <= digit * 10.0**power <= self.high:
                    yield digit * 10.0**power


def plot(rows: Sequence[Row]) -> Image.Image:
    """Draw every ratio that has a least bar, on a log axis, with its bar as a mark."""
    ratios = [(row, bar) for row in rows for bar in row.bars if bar.unit == "x" and bar.sense == "at least"]
    axis = Axis.over([value for _, bar in ratios for value in (bar.value, bar.limit)])
    picture = Image.new("RGB", (WIDTH, TOP + STEP * len(ratios) + 90), "white")
    pen = ImageDraw.Draw(picture)
    pen.text((MARGIN, 26), "How many times faster", INK, _font(44))
    forms = " and ".join(dict.fromkeys(row.form for row, _ in ratios))
    pen.text((MARGIN, 82), f"log axis, {forms} form; the yellow mark is the bar to reach", GREY, _font(28))
    _draw_axis(pen, axis, TOP + STEP * len(ratios) + 16)
    for nth, (row, bar) in enumerate(ratios):
        _draw_ratio(pen, axis, TOP + nth * STEP, (f"{row.name}: {bar.name}", bar))
    return picture


def _draw_axis(pen: ImageDraw.ImageDraw, axis: Axis, bottom: int) -> None:
    for tick in axis.ticks():
        at = axis.at(tick)
        pen.line((at, TOP, at, bottom), GREY if tick == 1 else LINE, 3 if tick == 1 else 2)
        pen.text((at, bottom + 10), f"{tick:g}x", GREY, _font(26), anchor="ma")


def _draw_ratio(pen: ImageDraw.ImageDraw, axis: Axis, top: int, told: tuple[str, Bar]) -> None:
    words, bar = told
    value = f"{written(bar.value)}x"
    colour = HOLDS if bar.holds else MISSED
    # White behind the words, so that no line of the axis crosses them.
    whole = pen.textbbox((MARGIN, top + 8), f"{words}  {value}", _font(30))
    pen.rectangle((whole[0] - 4, whole[1] - 4, whole[2] + 4, whole[3] + 4), "white")
    pen.text((MARGIN, top + 8), words, INK, _font(30))
    pen.text((whole[2], top + 8), value, colour, _font(30), anchor="ra")
    left, right = sorted((axis.at(1), axis.at(bar.value)))
    pen.rectangle((left, top + 52, max(right, left + 4), top + 52 + THICK), colour)
    mark = axis.at(bar.limit)
    pen.rectangle((mark - 4, top + 46, mark + 4, top + 58 + THICK), LIMIT)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


if __name__ == "__main__":
    sys.exit(main())
