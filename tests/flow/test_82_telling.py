"""What one real run leaves for whoever asks later: every figure, and every line of a task's story (A11, A12)."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.crawl.website import HTML, answer, serving
from tests.flow.house import House, shared
from videogen.series import SERIES


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, str]:
    """A spool at rest in which a clip, music, two voices and a link were dropped; the id of its one task."""

    def prepare(house: House) -> str:
        house.clip(seconds=1)
        house.music()
        house.voice(seconds=1)
        house.place("story/tales/bad/voice/chapter_0001.mp3").write_bytes(b"no sound at all")
        with serving() as site:
            site.pages["/story"] = answer(HTML, "text/html")
            house.place("story/tales/fox/link/list.txt").write_text(site.url("/story"))
            status, told = house.up({"VIDEOGEN_CRAWL__ALLOWED_HOSTS": f'["{site.host}"]'})
        assert status == 65, told
        assert house.run("main", "--once").returncode in {0, 75}  # it sees the node's paper
        return str(house.visible("output")[0])

    house, task = shared(tmp_path_factory, "told-run", prepare)
    return house, task


def test_every_figure_of_the_table_is_told(run: tuple[House, str]) -> None:
    """After one real run each figure stands in the text of each role that the table names, and no other."""
    house, _ = run
    told: dict[str, set[str]] = {}
    for row in json.loads(house.run("metrics", "--json").stdout):
        told[row["role"]] = {sample.partition("{")[0] for sample in row["samples"]}

    assert set(told) == {"main", "crawl", "node"}
    for one in SERIES:
        for role in one.roles:
            assert set(one.samples) <= told[role], (one.name, role)
    known = {sample for one in SERIES for sample in one.samples}
    assert set().union(*told.values()) <= known


def test_the_figures_are_what_happened(run: tuple[House, str]) -> None:
    """One video, two refusals and one page of text are counted as such."""
    house, _ = run
    text = "".join(path.read_text() for path in (house.root / "logs").glob("metrics-[nc]*.prom"))

    assert re.search(r'videogen_published_total\{node="[^"]+",role="node"\} 1\.0', text)
    assert re.search(r'videogen_pages_total\{node="",role="crawl",verdict="taken"\} 1\.0', text)
    assert re.search(r'videogen_running\{node="[^"]+",role="node"\} 0\.0', text)
    assert re.search(r'videogen_render_seconds_count\{node="[^"]+",role="node"\} 1\.0', text)


def test_every_line_about_a_task_says_so(run: tuple[House, str]) -> None:
    """Whatever was logged from the voice's intake to the publish has the task's id, and the story has no other line."""
    house, task = run
    lines = [*house.log("main").splitlines(), *house.log("node").splitlines()]
    between = house.log("node")
    between = between[between.index('"Claimed') : between.index('"Published')]

    assert all(f"task={task}" in line for line in lines if task in line)
    assert all(f"task={task}" in line for line in between.splitlines()[:-1])
    story = [json.loads(line) for line in house.run("logs", task[:6], "--json").stdout.splitlines()]
    assert [row["message"].split()[0] for row in story] == ["Moved", "Made", "Claimed", "Published"]
    assert {row["task"] for row in story} == {task}
    assert [row["process"].partition("-")[0] for row in story] == ["main", "main", "node", "node"]


def test_a_real_run_s_text_is_read_by_a_parser(run: tuple[House, str]) -> None:
    """What `videogen metrics` prints is one text, each family once, that Prometheus' own parser reads."""
    house, _ = run
    text = house.run("metrics").stdout

    names = [family.name for family in text_string_to_metric_families(text)]
    assert len(names) == len(set(names)) > 60


def test_the_node_s_own_log_is_all_lines(run: tuple[House, str]) -> None:
    """Nothing is in the logs that is no line: `logs` tells as many events as the files have lines."""
    house, _ = run
    files = [Path(path) for path in (house.root / "logs").glob("*.log")]
    count = sum(len(path.read_text().splitlines()) for path in files)

    assert len(house.run("logs").stdout.splitlines()) == count
