"""Write docs/metrics.md from the table of figures: `python -m tests.docs.metrics_table`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from videogen.series import COUNTERS, EXPORTED, GAUGES, HISTOGRAMS, ROWS, Series

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
HEAD = """\
# Metrics

Each role writes its figures to `logs/metrics-<role>.prom` every 10 s, whole or not at all, in Prometheus' text format.
`videogen metrics` prints them all; `videogen metrics --listen 127.0.0.1:9464` serves them to a scraper at `/metrics`,
and at `/healthz` says 200 while every role that should run does. Who has a node exporter with a textfile collector may
point it at the folder of the logs instead.

Every sample has the labels `role` (`main`, `crawl`, `node`) and `node` (its name, empty for the others), beside those
of the table. Counters and histograms count from the start of their process. `systemd/prometheus/` has rules that alert,
`systemd/grafana/` a dashboard.

This page is made from the code: `python -m tests.docs.metrics_table`.
"""


def page() -> str:
    """Give the whole page."""
    return "\n".join(
        [
            HEAD,
            *_part("Counters", COUNTERS.values()),
            *_part("Gauges", (*GAUGES.values(), *ROWS.values())),
            *_part("Histograms", HISTOGRAMS.values()),
            *_part("Of the exporter", EXPORTED.values()),
        ]
    )


def _part(title: str, series: Iterable[Series]) -> Iterator[str]:
    yield from (f"## {title}", "", "| name | type | unit | told by | labels | meaning |", "|---|---|---|---|---|---|")
    for one in series:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        yield f"| `{one.shown}` | {one.type} | {one.unit} | {', '.join(one.roles)} | {labels} | {one.about} |"
    yield ""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
