"""Alerts and dashboard: every figure they ask for is one of the table, and every alert fires when it should (A12)."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd.unit import CHECKOUT
from videogen.cli import program
from videogen.series import PREFIX, SERIES

RULES = CHECKOUT / "systemd" / "prometheus" / "videogen.rules.yml"
DASHBOARD = CHECKOUT / "systemd" / "grafana" / "videogen.json"
LABELS = {sample: {"role", "node", "le", *one.labels} for one in SERIES for sample in one.samples}
KEYS = {"alert", "expr", "for", "labels", "annotations", "summary", "remedy"}
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed: it comes with Debian's package prometheus"
)


def alerts() -> dict[str, dict[str, str]]:
    """Read the rules: each alert's lines by their keys."""
    found: dict[str, dict[str, str]] = {}
    for line in RULES.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r" +(?:- )?(?P<key>\w+):(?: (?P<value>.*))?", line)
        if match and match["key"] == "alert":
            found[match["value"]] = {}
        if match and found and match["key"] in KEYS:
            found[list(found)[-1]][match["key"]] = (match["value"] or "").strip('"')
    return found


def panels() -> Iterator[tuple[str, str]]:
    """Give each expression of the dashboard, with its panel's title."""
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


ALERTS = alerts()
EXPRESSIONS = [(name, one["expr"]) for name, one in ALERTS.items()] + list(panels())


@pytest.mark.parametrize(("name", "expression"), EXPRESSIONS, ids=[f"{i}" for i, _ in enumerate(EXPRESSIONS)])
def test_an_expression_asks_for_what_there_is(name: str, expression: str) -> None:
    """Each figure of an alert or a panel stands in the table, and so does each label that it is chosen by."""
    asked = re.findall(rf"({PREFIX}\w+)(?:\{{([^}}]*)\}})?", expression)

    assert asked, name
    for figure, chosen in asked:
        assert figure in LABELS, f"{name}: {figure}"
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", chosen)) <= LABELS[figure], f"{name}: {chosen}"
    for words in re.findall(r"by \(([\w, ]+)\)", expression):
        known = set().union(*(LABELS[figure] for figure, _ in asked))
        assert set(words.replace(",", " ").split()) <= known, name


def test_the_dashboard_shows_every_figure() -> None:
    """Whatever is measured is on the dashboard or alerts, but for a few that only explain others."""
    shown = {figure for _, expression in EXPRESSIONS for figure in re.findall(rf"{PREFIX}\w+", expression)}
    unseen = {one.name for one in SERIES if not shown & set(one.samples)}

    assert unseen == {
        "running",  # the exporter's own question
        "text_age_seconds",  # what `up` goes by
        "rename_repaired",  # trends of a file server
        "stale",
        "upload_resent_bytes",
        "claim_seconds",
        "upload_tries",
        "cache_segments",
        "trash_oldest_seconds",
        "reserve_bytes",
    }


def test_panels_lie_side_by_side() -> None:
    """No panel lies on another, each has its own number, and none is wider than the page."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in panels):
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_to_do(name: str) -> None:
    """Each alert has a summary and a remedy, and the verbs and pages that the remedy names are there."""
    alert = ALERTS[name]
    verbs = set(program().commands)

    assert alert["summary"].endswith(".")
    assert alert["remedy"].endswith(".")
    assert set(re.findall(r"`videogen ([a-z]+)", alert["remedy"])) <= verbs
    assert all((CHECKOUT / page).is_file() for page in re.findall(r"docs/\w+\.md", alert["remedy"]))
    assert re.search(r"severity: (page|ticket)", alert["labels"])


@needs_promtool
def test_promtool_takes_the_rules() -> None:
    """Prometheus' own check reads every rule and the scrape configuration."""
    for what in (["rules", str(RULES)], ["config", str(RULES.with_name("videogen.scrape.yml"))]):
        done = subprocess.run(["promtool", "check", *what], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert len(ALERTS) >= 20


NODE = 'node="n1",role="node"'
MAIN = 'node="",role="main"'
DRIVEN: dict[str, dict[str, str]] = {
    "VideogenRoleDown": {f"videogen_up{{{NODE}}}": "1x10 0x200"},
    "VideogenNodeSilent": {f'videogen_node_info{{name="n1",host="h",state="silent",{MAIN}}}': "1x200"},
    "VideogenTasksFailing": {f'videogen_failed_total{{code="stalled",{NODE}}}': "0x170 1x40"},
    "VideogenQualityGate": {f'videogen_failed_total{{code="quality-black",{NODE}}}': "0x170 1x40"},
    "VideogenDiskLow": {
        f"videogen_disk_free_bytes{{{NODE}}}": "4000000000x200",
        f"videogen_low_disk_bytes{{{NODE}}}": "5000000000x200",
    },
    "VideogenQueueGrows": {f'videogen_room_things{{room="tasks",minutes="0-5",{MAIN}}}': "1x150 50x60"},
    "VideogenNothingPublished": {
        f"videogen_published_total{{{NODE}}}": "5x200",
        f'videogen_room_things{{room="tasks",minutes="0-5",{MAIN}}}': "3x200",
        f"videogen_tasks_not_due{{{MAIN}}}": "1x200",
    },
    "VideogenArrivalsStand": {
        f'videogen_room_oldest_seconds{{room="raw",{MAIN}}}': "4000x200",
        f'videogen_decided_total{{kind="video",verdict="taken",{MAIN}}}': "7x200",
    },
    "VideogenWatcherDeaf": {f"videogen_deaf_mounts{{{MAIN}}}": "1x200"},
    "VideogenCacheCorrupt": {f"videogen_cache_corrupt_total{{{NODE}}}": "0x170 2x40"},
    "VideogenStoppedForSpace": {f'videogen_busy_seconds_total{{kind="space",{NODE}}}': "0+60x200"},
    "VideogenUnaccounted": {f"videogen_tasks_unaccounted{{{MAIN}}}": "1x200"},
    "VideogenSyncErrors": {f"videogen_fsync_error_total{{{MAIN}}}": "0x170 1x40"},
    "VideogenClock": {f"videogen_clock_skew_seconds{{{NODE}}}": "-9x200"},
    "VideogenErrorsLogged": {f'videogen_log_lines_total{{level="ERROR",{NODE}}}': "0x175 1x40"},
}
"""For each alert series over minutes that make it fire at minute 180."""
WELL = {
    f"videogen_up{{{MAIN}}}": "1x200",
    f"videogen_up{{{NODE}}}": "1x200",
    f"videogen_published_total{{{NODE}}}": "0+1x200",
    f'videogen_failed_total{{code="stalled",{NODE}}}': "0x200",
    f'videogen_failed_total{{code="quality-black",{NODE}}}': "0x200",
    f"videogen_disk_free_bytes{{{NODE}}}": "90000000000x200",
    f"videogen_low_disk_bytes{{{NODE}}}": "5000000000x200",
    f'videogen_room_things{{room="tasks",minutes="0-5",{MAIN}}}': "3x200",
    f"videogen_tasks_not_due{{{MAIN}}}": "1x200",
    f'videogen_room_oldest_seconds{{room="raw",{MAIN}}}': "4000x200",
    f'videogen_decided_total{{kind="video",verdict="taken",{MAIN}}}': "0+1x200",
    f"videogen_deaf_mounts{{{MAIN}}}": "0x200",
    f"videogen_cache_corrupt_total{{{NODE}}}": "4x200",
    f'videogen_busy_seconds_total{{kind="space",{NODE}}}': "0x200",
    f"videogen_tasks_unaccounted{{{MAIN}}}": "0x200",
}


def case(series: dict[str, str], firing: str | None) -> dict[str, object]:
    """Give one case for promtool: what an alert does at minute 180; without a name no alert fires."""
    asked = [firing] if firing else sorted(set(DRIVEN) | {"VideogenNoMain"})
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}})',
                "eval_time": "180m",
                "exp_samples": [{"labels": "{}", "value": 1}] if firing else [],
            }
            for name in asked
        ],
    }


@needs_promtool
def test_alerts_fire_when_they_should(tmp_path: Path) -> None:
    """Prometheus itself, given what goes wrong, fires the alert that is meant, and none while all is well."""
    cases = [case(WELL | series, name) for name, series in DRIVEN.items()] + [case(WELL, None)]
    cases.append(case({f"videogen_up{{{NODE}}}": "1x200"}, "VideogenNoMain"))
    file = tmp_path / "test.yml"
    # JSON is YAML.
    file.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "5m", "tests": cases}))

    done = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
