"""Metrics over windows, the scraper's text, and what `status` tells of rooms and nodes (A2, A11, A12)."""

import gc
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tests import papers
from tests.flow.house import House
from videogen import census, durable, metrics, series
from videogen.census import Drift, Ledger, Room
from videogen.metrics import Kind, Meter
from videogen.model.node import Figures, NodePaper, Seen
from videogen.segments import Segments
from videogen.spool import Spool

Spans = list[tuple[float, float, Kind]]
HOUR = 3600.0


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def figures_of(
    spans: Spans, published: list[float], until: float, window_s: float | None = HOUR, *, start: float = 0.0
) -> Figures:
    """Give the figures of a meter that went through all of it; what ends after `until` still goes on."""
    clock = HandClock(start)
    meter = Meter(clock)
    stacks = [ExitStack() for _ in spans]
    events: list[tuple[float, int, Callable[[], object]]] = [
        (at, 1, partial(meter.count, "published")) for at in published
    ]
    for (begin, end, kind), stack in zip(spans, stacks, strict=True):
        events.append((begin, 0, partial(stack.enter_context, meter.busy(kind))))
        events.append((end, 1, stack.close))
    for at, _, happen in sorted(events, key=lambda event: event[:2]):
        if at <= until:
            clock.now = at
            happen()
    clock.now = until
    # Asked while the stacks are here: a block that is forgotten is a block that ends.
    return meter.figures(window_s)


# -- windows ---------------------------------------------------------------------------------------------------------

WINDOWS: list[tuple[str, Spans, list[float], float, float | None, dict[str, float | None]]] = [
    (
        "nothing happened: no figure is made up",
        [],
        [],
        100,
        HOUR,
        {"render_utilization": None, "avg_render_time": None, "task_throughput": 0.0, "io_overhead": None},
    ),
    (
        "work stood for 100 s, 40 of them rendered, 10 waited for a download",
        [(0, 100, "work"), (0, 10, "stalled"), (10, 50, "render")],
        [50],
        100,
        HOUR,
        {"render_utilization": 0.4, "avg_render_time": 40.0, "task_throughput": 36.0, "io_overhead": 0.1},
    ),
    (
        "a download and an upload beside a render are work, but not the renderer's waiting",
        [(0, 60, "render"), (0, 30, "download"), (40, 80, "upload")],
        [80],
        80,
        HOUR,
        {"render_utilization": 0.75, "avg_render_time": 60.0, "task_throughput": 45.0, "io_overhead": 0.0},
    ),
    (
        "two renders side by side: the time counts once, each has its length",
        [(0, 30, "render"), (10, 50, "render")],
        [30, 50],
        50,
        HOUR,
        {"render_utilization": 1.0, "avg_render_time": 35.0, "task_throughput": 144.0, "io_overhead": 0.0},
    ),
    (
        "a render that goes on counts up to now and has no length yet",
        [(0, 10, "render"), (20, 999, "render")],
        [10],
        40,
        HOUR,
        {"render_utilization": 1.0, "avg_render_time": 10.0, "task_throughput": 90.0, "io_overhead": 0.0},
    ),
    (
        "the window's edge cuts a span: the part inside counts; a render that ended inside has its whole length",
        [(0, 500, "work"), (100, 400, "render")],
        [50, 450],
        500,
        200,
        {"render_utilization": 0.5, "avg_render_time": 300.0, "task_throughput": 18.0, "io_overhead": 0.0},
    ),
    (
        "what happened just at the window's beginning is outside, what happens now inside",
        [(0, 100, "render")],
        [100, 200],
        200,
        100,
        {"render_utilization": None, "avg_render_time": None, "task_throughput": 36.0, "io_overhead": None},
    ),
    (
        "since the start: older than any window",
        [(0, 1000, "work"), (0, 500, "render"), (9000, 10000, "work"), (9000, 9100, "stalled")],
        [500],
        10000,
        None,
        {"render_utilization": 0.25, "avg_render_time": 500.0, "task_throughput": 0.36, "io_overhead": 0.05},
    ),
    (
        "the last hour of the same: the first render is forgotten",
        [(0, 1000, "work"), (0, 500, "render"), (9000, 10000, "work"), (9000, 9100, "stalled")],
        [500],
        10000,
        HOUR,
        {"render_utilization": 0.0, "avg_render_time": None, "task_throughput": 0.0, "io_overhead": 0.1},
    ),
    (
        "work that goes on began before the window, and so did a render that ended inside it",
        [(0, 9000, "work"), (0, 6200, "render")],
        [],
        8000,
        HOUR,
        {"render_utilization": 0.5, "avg_render_time": 6200.0, "task_throughput": 0.0, "io_overhead": 0.0},
    ),
]


@pytest.mark.parametrize(
    ("spans", "published", "until", "window_s", "wanted"), [row[1:] for row in WINDOWS], ids=[row[0] for row in WINDOWS]
)
@pytest.mark.parametrize("start", [0.0, 123456.0], ids=["from 0", "from a large number"])
def test_figures_over_a_window(
    spans: Spans,
    published: list[float],
    until: float,
    window_s: float | None,
    wanted: dict[str, float | None],
    start: float,
) -> None:
    """The four figures are what their definitions say, to the second, wherever the clock began (A12)."""
    moved: Spans = [(begin + start, end + start, kind) for begin, end, kind in spans]

    figures = figures_of(moved, [at + start for at in published], until + start, window_s, start=start)

    assert figures.four() == wanted
    assert figures.span_s == min(until, window_s or until)


whole = st.integers(0, 400)
spans_of_a_kind = st.lists(st.tuples(whole, whole).map(lambda pair: (min(pair), max(pair))), max_size=12)


@given(rendered=spans_of_a_kind, stalled=spans_of_a_kind, window_s=st.integers(1, 400))
def test_figures_equal_counting_seconds(
    rendered: list[tuple[int, int]], stalled: list[tuple[int, int]], window_s: int
) -> None:
    """For spans of whole seconds each sum is what a count of the seconds one by one gives."""
    spans: Spans = [(*pair, "render") for pair in rendered]
    spans += [(*pair, "stalled") for pair in stalled]
    inside = range(max(0, 400 - window_s), 400)

    figures = figures_of(spans, [], 400, window_s)

    def seconds(pairs: list[tuple[int, int]]) -> int:
        return sum(any(begin <= second < end for begin, end in pairs) for second in inside)

    assert (figures.render_s, figures.stalled_s) == (seconds(rendered), seconds(stalled))
    assert figures.work_s == seconds(rendered + stalled)
    assert figures.renders == sum(end > 400 - window_s for _, end in rendered)


@given(st.lists(st.floats(0, 3.0), min_size=1, max_size=60), st.floats(0.5, 30))
def test_figures_of_short_spans_are_right_to_a_second(lengths: list[float], window_s: float) -> None:
    """Where many spans fall into one second, a sum differs from the exact one by less than that second."""
    clock = HandClock()
    meter, spans = Meter(clock), []
    for length in lengths:
        begin = clock.now
        with meter.busy("upload"):
            clock.now += length
        spans.append((begin, clock.now))
        clock.now += length / 3
    since = clock.now - window_s

    exact = sum(max(0.0, end - max(begin, since)) for begin, end in spans)

    assert abs(meter.figures(window_s).upload_s - exact) < 1
    assert meter.figures(None).upload_s == pytest.approx(sum(lengths))


def test_render_that_fails_has_no_length() -> None:
    """A render that ends by an error was work of the renderer, but is no example of how long one takes."""
    clock = HandClock()
    meter = Meter(clock)

    def fail() -> None:
        with meter.busy("render"):
            clock.now = 10
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    figures = meter.figures()

    assert (figures.render_s, figures.renders, figures.avg_render_time) == (10, 0, None)


def grains() -> int:
    """Count what all meters of this process keep."""
    gc.collect()
    return sum(type(one).__name__ == "_Span" for one in gc.get_objects())


def test_memory_is_bounded_over_a_million_events() -> None:
    """A million events leave no more behind than a grain for each second of the window, and the hour is right."""
    clock = HandClock()
    meter = Meter(clock)
    before = grains()
    for _ in range(1_000_000):
        clock.now += 0.01
        meter.count("published")

    assert grains() - before <= HOUR + 2
    assert meter.figures().published == pytest.approx(360_000, abs=100)
    assert meter.figures(None).published == 1_000_000


def test_threads_lose_nothing() -> None:
    """Many threads at once: every count, every value and every second is there."""
    before, meter = sys.getswitchinterval(), Meter()
    sys.setswitchinterval(1e-6)

    def work() -> None:
        for _ in range(2000):
            with meter.busy("render"):
                meter.note("fsync_s", 1.0)
                meter.note("stale", 2.0)
                meter.count("published")

    threads = [threading.Thread(target=work) for _ in range(6)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)

    readings, figures = meter.readings(), meter.figures()
    assert (readings.counts["stale"], sum(readings.histograms["fsync_s"].counts)) == (24000, 12000)
    assert (readings.histograms["fsync_s"].total, figures.renders, figures.published) == (12000.0, 12000, 12000)
    assert 0 < figures.render_s == figures.work_s <= figures.span_s
    later = [meter.readings().busy_s["render"] for _ in range(2)]
    assert later[0] == later[1], "nobody works any more"


def test_threads_wait_for_each_other() -> None:
    """No two threads are inside the meter at once: what one reads there, it writes before another reads it."""
    inside, met = [0], []

    def clock() -> float:
        inside[0] += 1
        time.sleep(0.0002)
        met.append(inside[0])
        inside[0] -= 1
        return time.monotonic()

    meter = Meter(clock)

    def count() -> None:
        for _ in range(100):
            meter.count("stale")

    def render() -> None:
        for _ in range(50):
            with meter.busy("render"):
                pass

    def look() -> None:
        for _ in range(50):
            meter.figures()
            meter.readings()

    threads = [threading.Thread(target=work) for work in (count, render, look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(met) == 301
    assert set(met) == {1}


@pytest.mark.parametrize(
    ("tell", "error"),
    [
        (lambda meter: meter.count("pubilshed"), KeyError),
        (lambda meter: meter.observe("claim", 1.0), KeyError),
        (lambda meter: meter.note("fsync", 1.0), KeyError),
        (lambda meter: meter.gauge({"disk": 1.0}), KeyError),
        (lambda meter: meter.busy("rendering").__enter__(), KeyError),
        (lambda meter: meter.figures(HOUR + 1), ValueError),
        (lambda meter: meter.figures(0), ValueError),
    ],
    ids=["count", "observe", "note", "gauge", "busy", "longer than kept", "no length"],
)
def test_misspelt_names_are_found(tell: Callable[[Meter], object], error: type[Exception]) -> None:
    """What is in no table, or over no window that is kept, is an error at the first use, and stops no other use."""
    meter = Meter(HandClock())

    with pytest.raises(error):
        tell(meter)

    meter.count("published")
    assert meter.figures().published == 1


def test_figures_as_a_log_line() -> None:
    """A log line has the known figures by their names and the counts; what is not known is not there."""
    line = figures_of([(0, 90, "work"), (0, 30, "download")], [10], 90).line()

    assert line == {
        "render_utilization": 0.0,
        "task_throughput": 40.0,
        "io_overhead": 0.0,
        "published": 1,
        "failed": 0,
        "released": 0,
        "over_s": 90.0,
    }


def test_figures_of_nodes_together() -> None:
    """Nodes side by side: times and counts add up, and the rate is that of all over the longest span."""
    one = Figures(window_s=HOUR, span_s=3600, work_s=1000, render_s=900, renders=3, rendered_s=900, published=3)
    two = Figures(window_s=HOUR, span_s=600, work_s=600, render_s=100, renders=1, rendered_s=100, published=1)

    figures = Figures.together((one, two))

    assert figures.four() == {
        "render_utilization": 0.625,
        "avg_render_time": 250.0,
        "task_throughput": 4.0,
        "io_overhead": 0.0,
    }
    assert Figures.together(()).four() == dict.fromkeys(figures.four())


DRIFTS = [
    ("both clocks go on", [(10.0, 10.0), (20.0, 20.0)], 0.0, 0),
    ("disciplined in small steps", [(11.5, 10.0), (23.0, 20.0)], 3.0, 0),
    ("set ahead by an hour", [(10.0, 10.0), (3620.0, 20.0)], 3600.0, 1),
    ("set back, and ahead again", [(-90.0, 10.0), (20.0, 20.0)], 0.0, 2),
    ("the machine slept: both clocks know", [(10.0, 10.0), (9010.0, 9010.0)], 0.0, 0),
]


@pytest.mark.parametrize(("looks", "drift", "steps"), [row[1:] for row in DRIFTS], ids=[row[0] for row in DRIFTS])
def test_drift_tells_a_step(looks: list[tuple[float, float]], drift: float, steps: int) -> None:
    """A wall clock that is set is counted; one that is disciplined, or a machine that slept, is not."""
    meter, wall, boot = Meter(), HandClock(), HandClock()
    watch = Drift(meter, wall, boot)
    for wall.now, boot.now in looks:
        watch.look()

    readings = meter.readings()

    assert (readings.gauges["clock_drift_s"], readings.counts["clock_step"]) == (drift, steps)


def test_drift_by_the_clocks_of_this_machine() -> None:
    """On a machine whose clock nobody sets, a look finds next to nothing."""
    assert abs(Drift(Meter()).look()) < 1


# -- the scraper's text ----------------------------------------------------------------------------------------------


def full_text(role: str = "node", name: str = "n1") -> bytes:
    """Give a text that has something of everything."""
    clock = HandClock()
    meter = Meter(clock)
    with meter.busy("render"):
        clock.now = 8
    for tries in (1, 1, 3, 7):
        meter.observe("upload_tries", tries)
    meter.count("published", 2)
    meter.gauge(dict.fromkeys(series.GAUGES, 5.0))
    rooms = [Room.of("tasks", [1, 301, 302]), Room.of("raw", [])]
    seen = [Seen(NodePaper(node='a"\\b', encoder="libx264", disk_free=7), 2.5), Seen(NodePaper(node="n2"), 99, "torn")]
    figures = [meter.figures(HOUR), meter.figures(None)]
    return metrics.textfile(role, name, figures, meter.readings(), census.rows(rooms, seen))


def samples(text: bytes) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Read a text as a scraper does: by name, and by labels without role and node."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            assert (sample.labels.pop("role"), sample.labels.pop("node")) == ("node", "n1")
            assert sample.timestamp is None
            assert found.setdefault(sample.name, {}).setdefault(tuple(sorted(sample.labels.items())), sample.value) == (
                sample.value
            )
    return found


def test_text_says_what_was_measured() -> None:
    """A scraper reads figures, counts, gauges, histograms, rooms and nodes out of the text as they were put in."""
    found = samples(full_text())

    assert found["videogen_render_utilization"] == {(("window", "3600s"),): 1.0, (("window", "start"),): 1.0}
    assert found["videogen_avg_render_time_seconds"][("window", "start"),] == 8.0
    assert found["videogen_task_throughput_per_hour"][("window", "3600s"),] == 900.0
    assert found["videogen_published_total"] == {(): 2}
    assert found["videogen_busy_seconds_total"][("kind", "render"),] == 8
    assert found["videogen_disk_free_bytes"] == {(): 5}
    buckets = {labels[0][1]: value for labels, value in found["videogen_upload_tries_bucket"].items()}
    assert buckets == {"1": 2, "2": 2, "3": 3, "+Inf": 4}
    assert (found["videogen_upload_tries_sum"], found["videogen_upload_tries_count"]) == ({(): 12}, {(): 4})
    assert found["videogen_room_things"][("minutes", "5-10"), ("room", "tasks")] == 2
    assert found["videogen_room_oldest_seconds"] == {(("room", "tasks"),): 302, (("room", "raw"),): 0}
    assert found["videogen_node_beat_age_seconds"] == {(("name", 'a"\\b'),): 2.5, (("name", "n2"),): 99}
    states = {dict(labels)["name"]: dict(labels)["state"] for labels in found["videogen_node_info"]}
    assert states == {'a"\\b': "starting", "n2": "unreadable"}


def test_text_has_every_table_from_the_start() -> None:
    """Each counter and histogram is there at 0 before anything happened, or its first increase would not be seen."""
    found = samples(metrics.textfile("node", "n1", [Meter(HandClock()).figures()], Meter().readings()))

    counters = {row.shown for row in series.COUNTERS.values() if "node" in row.roles}
    counts = {row.samples[1] for row in series.HISTOGRAMS.values() if "node" in row.roles}
    assert counters | counts <= found.keys()
    assert {value for name in counters for value in found[name].values()} == {0}
    assert (("code", "stalled"),) in found["videogen_failed_total"]
    assert "videogen_avg_render_time_seconds" not in found, "what is not known is not there"


def test_text_names_each_family_once() -> None:
    """Each family has one HELP and one TYPE, and lies in one piece: a scraper refuses others."""
    lines = full_text().decode().splitlines()
    helps = [line.split()[2] for line in lines if line.startswith("# HELP")]
    types = [line.split()[2] for line in lines if line.startswith("# TYPE")]

    assert helps == types
    assert len(set(helps)) == len(helps) > len(series.COUNTERS) + len(series.GAUGES)
    assert full_text() == full_text()


def test_text_passes_promtool() -> None:
    """Prometheus' own check finds nothing to say about the text."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed: it comes with Debian's package prometheus")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=full_text(), capture_output=True, check=False, timeout=20
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_keep_is_never_seen_torn(tmp_path: Path) -> None:
    """Whoever reads while it is written over again and again finds one version, whole; nothing else lies there."""
    path, over, looks = tmp_path / "metrics-main.prom", threading.Event(), []

    def put(number: int) -> float:
        meter = Meter(HandClock())
        meter.gauge(dict.fromkeys(series.GAUGES, float(number)))
        meter.count("published", number)
        return metrics.keep(tmp_path, "main", metrics.textfile("node", "n", [], meter.readings()))

    def read() -> None:
        while not over.is_set():
            text = path.read_text()
            families = {family.name: family for family in text_string_to_metric_families(text)}
            numbers = {families[row.shown].samples[0].value for row in series.GAUGES.values()}
            looks.append(numbers | {families["videogen_published"].samples[0].value})

    put(0)
    reader = threading.Thread(target=read)
    reader.start()
    skews = [put(number) for number in range(1, 40)]
    over.set()
    reader.join()

    assert {len(numbers) for numbers in looks} == {1}, "one version at a time"
    assert all(min(one) <= min(two) for one, two in pairwise(looks))
    assert [entry.name for entry in tmp_path.iterdir()] == ["metrics-main.prom"]
    assert all(abs(skew) < 1 for skew in skews), "one machine, one clock"


# -- the census ------------------------------------------------------------------------------------------------------


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Empty rooms."""
    made = Spool(tmp_path / "spool")
    made.lay_out()
    return made


def store_of(spool: Spool) -> Segments:
    """Give the store of a spool."""
    return Segments(spool.root / "scanned" / ".segments")


def publish(spool: Spool, **changed: object) -> str:
    """Make a task; give its id."""
    task = papers.task().model_copy(update=changed)
    assert spool.publish(task, lambda folder: durable.write(folder / "video_list.txt", ""))
    return task.task_id


def made_older(path: Path, seconds: float) -> None:
    """Set a time stamp back."""
    at = path.lstat().st_mtime - seconds
    os.utime(path, (at, at), follow_symlinks=False)


def test_room_counts_ages_by_minutes() -> None:
    """Every age falls into one stretch, its end excluded, and no stretch is left unnamed."""
    room = Room.of("tasks", [0, 299.9, 300, 1199, 9599, 9600, 1e9])

    assert room.ages == {"0-5": 2, "5-10": 1, "10-20": 1, "20-40": 0, "40-80": 0, "80-160": 1, "160-": 2}
    assert (room.count, room.oldest_s) == (7, 1e9)
    assert Room.of("raw", []).oldest_s is None


def test_rooms_are_counted_with_their_ages(spool: Spool) -> None:
    """A task that lies for 11 minutes is in the stretch from 10 to 20, and it is the oldest."""
    made_older(spool.tasks / publish(spool), 660)
    publish(spool)

    (tasks,) = [room for room in census.rooms(spool) if room.name == "tasks"]

    assert {minutes: count for minutes, count in tasks.ages.items() if count} == {"0-5": 1, "10-20": 1}
    assert tasks.oldest_s == pytest.approx(660, abs=5)


def put_paper(spool: Spool, paper: NodePaper, *, age_s: float = 0.0) -> None:
    """Write a node's paper as if that long ago."""
    path = spool.nodes / f"{paper.node}.json"
    path.write_text(paper.model_dump_json())
    made_older(path, age_s)


def test_nodes_are_read_from_their_papers(spool: Spool) -> None:
    """Each paper is one node; a paper that cannot be read is told, other files there are none."""
    nodes = spool.nodes
    put_paper(spool, NodePaper(node="b", state="working", task="t", frame=30, frames=120), age_s=7)
    (nodes / "c.json").write_text("{torn")
    (nodes / "a.json").write_text('{"node": "a", "of_a_later_version": 1, "figures": {"work_s": 4, "of_another": 2}}')
    for name in ("b.tune.json", "node-b.lock", ".proofs.host.json", ".tmp-1"):
        (nodes / name).write_text("{}")

    seen = {one.paper.node: one for one in census.nodes(spool)}

    assert list(seen) == ["a", "b", "c"]
    assert (seen["b"].state, seen["b"].percent, round(seen["b"].age_s)) == ("working", 25, 7)
    assert (seen["a"].state, seen["a"].percent, seen["a"].paper.figures.work_s) == ("starting", None, 4)
    assert seen["c"].state == "unreadable"
    assert not seen["c"].is_live


def test_empty_paper_reads() -> None:
    """A paper of a version that knew none of the fields still reads, and a full one comes back as it was."""
    paper = NodePaper(
        node="n", held=("a",), figures=Figures(window_s=HOUR, span_s=9, work_s=4, render_s=2, published=1)
    )

    assert NodePaper.model_validate_json("{}") == NodePaper()
    assert NodePaper.model_validate_json(paper.model_dump_json()) == paper
    assert json.loads(paper.model_dump_json())["figures"]["render_utilization"] == 0.5


GB = 10**9
ON = {"node": "n", "host": "h", "heartbeat_s": 10.0, "lease_s": 60.0, "disk_free": 90 * GB, "disk_total": 100 * GB}
TROUBLES: list[tuple[str, dict[str, object], float, str, list[str]]] = [
    ("it beats", {}, 9, "", []),
    ("one beat is missing: that happens", {}, 20, "", []),
    ("two are missing", {}, 21, "", ["slow"]),
    ("just before the lease is over", {}, 60, "", ["slow"]),
    ("the lease is over", {}, 60.1, "", ["silent"]),
    ("it said that it ends", {"state": "stopping"}, 5000, "", []),
    ("it was drained and ended", {"state": "drained"}, 5000, "", []),
    ("little disk", {"disk_free": 4 * GB}, 1, "", ["low-disk"]),
    ("late, perhaps because of that", {"disk_free": 4 * GB}, 30, "", ["slow", "low-disk"]),
    ("what it told of its disk is long ago", {"disk_free": 4 * GB}, 90, "", ["silent"]),
    ("it told nothing of its disk", {"disk_free": 0, "disk_total": 0}, 1, "", []),
    ("its paper is no paper", {}, 0, "torn", ["unreadable"]),
]


@pytest.mark.parametrize(
    ("changed", "age_s", "trouble", "codes"), [row[1:] for row in TROUBLES], ids=[row[0] for row in TROUBLES]
)
def test_troubles_of_nodes(changed: dict[str, object], age_s: float, trouble: str, codes: list[str]) -> None:
    """A silent node, a late one and one short of disk are told by name; one that ended as it should is not (A2)."""
    seen = Seen(NodePaper.model_validate(ON | changed), age_s, trouble)

    found = list(census.troubles([seen], 5 * GB))

    assert [one.code for one in found] == codes
    assert all(one.node == "n" and " n " in one.message and one.remedy.endswith(".") for one in found)


def test_figures_of_the_farm_are_those_of_live_nodes(spool: Spool) -> None:
    """What a dead node once told of itself is not what the farm does now."""
    put_paper(spool, NodePaper(node="live", figures=Figures(span_s=HOUR, work_s=10, render_s=5, published=2)))
    put_paper(spool, NodePaper(node="dead", figures=Figures(span_s=HOUR, work_s=90, published=50)), age_s=61)

    figures = census.take(spool, {}, ()).figures

    assert (figures.render_utilization, figures.task_throughput) == (0.5, 2.0)


def test_measure_walks_trash_and_tasks(spool: Spool) -> None:
    """Trash is weighed and dated, poison counted, and a task that waits for its time told from one that is due."""
    for name, code in (("one", "poison"), ("two", "media"), ("three", "")):
        folder = spool.failed / name
        folder.mkdir()
        (folder / "stderr.log").write_bytes(b"x" * 1000)
        if code:
            (folder / "reason.json").write_text(json.dumps({"code": code}))
    made_older(spool.failed / "two", 500)
    for not_before_s, age_s in ((0.0, 0), (60.0, 10), (60.0, 70)):
        made_older(spool.tasks / publish(spool, not_before_s=not_before_s), age_s)

    found = census.measure(spool, store_of(spool))

    assert found.keys() <= series.GAUGES.keys()
    assert (found["poison"], found["not_due"]) == (1, 1)
    assert 3000 < found["trash_bytes"] < 3200
    assert found["trash_oldest_s"] == pytest.approx(500, abs=5)
    assert (found["cache_entries"], found["cache_bytes"]) == (0, 0)
    assert 0 < found["disk_free"] < found["disk_total"]
    Meter().gauge(found)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "paper",
    ["[" * 100_000, *(f'{{"not_before_s": {word}}}' for word in ('"soon"', "[1]", "1" + 400 * "0", "NaN")), None],
)
def test_measure_among_papers_that_are_none(spool: Spool, paper: str | None) -> None:
    """Whatever lies under the name of a paper, a pipe too, `status` and the reports go on without it (J3, J17, J20)."""
    for folder in (spool.tasks / "x", spool.failed / "x"):
        folder.mkdir()
        for name in ("metadata.json", "reason.json"):
            if paper is None:
                os.mkfifo(folder / name)
            else:
                (folder / name).write_text(paper)

    found = census.measure(spool, store_of(spool))

    assert found["poison"] == 0
    assert found["not_due"] in {0, 1}


def test_measure_of_an_empty_spool(spool: Spool) -> None:
    """Where nothing lies, nothing is found."""
    found = census.measure(spool, store_of(spool))

    assert {name: value for name, value in found.items() if not name.startswith(("disk", "inodes"))} == {
        "trash_bytes": 0,
        "trash_oldest_s": 0,
        "poison": 0,
        "not_due": 0,
        "cache_entries": 0,
        "cache_bytes": 0,
    }


def test_ledger_finds_what_is_nowhere(spool: Spool) -> None:
    """A task in any room is accounted for, also between two rooms; one in no room is missing until it is found."""
    ledger = Ledger(spool)
    ids = [publish(spool) for _ in range(5)]
    assert ledger.look() == 0
    for name, room in zip(ids[:4], (spool.processing, spool.output, spool.failed), strict=False):
        (spool.tasks / name).rename(room / name)
    (spool.tasks / ids[3]).rename(spool.processing / f".{ids[3]}.n.1")
    assert ledger.look() == 0

    away = spool.root / "away"
    (spool.tasks / ids[4]).rename(away)
    shutil.rmtree(spool.output / ids[1])
    assert [ledger.look(), ledger.look()] == [1, 1], "what was published before is nobody's loss when it is taken away"
    away.rename(spool.tasks / ids[4])
    assert ledger.look() == 0


def test_machine_fills_a_paper(tmp_path: Path) -> None:
    """What is measured of a machine fits a node's paper, and is that of a machine that runs."""
    paper = NodePaper(node="n", **census.machine(tmp_path))

    assert paper.cpus >= 1
    assert 0 < paper.disk_free <= paper.disk_total
    assert paper.memory_mb > 0


# -- status ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """What `status` says of a spool with a working node and a dead one, for people and as JSON."""
    house = House(tmp_path_factory.mktemp("status") / "spool")
    spool = Spool(house.root)
    figures = Figures(window_s=HOUR, span_s=HOUR, work_s=100, render_s=83, renders=2, rendered_s=83, published=2)
    working = NodePaper(node="gpu-1", host="h", state="working", task="0123456789", frame=42, frames=100)
    working = working.model_copy(
        update={"encoder": "h264_nvenc", "figures": figures, "beat": 5, "heartbeat_s": 300.0, "lease_s": 3600.0}
    )
    put_paper(spool, working, age_s=130)
    put_paper(spool, NodePaper(node="old", host="far", state="idle"), age_s=600)
    (house.root / "logs").mkdir(exist_ok=True)
    metrics.keep(house.root / "logs", "node-gpu-1", full_text())
    plain, as_json = house.ask("status"), house.ask("status", "--json")
    return SimpleNamespace(plain=plain, json=json.loads(as_json.stdout))


def test_status_shows_nodes(told: SimpleNamespace) -> None:
    """For people: each node with its state, task, percent, encoder, share of rendering and beat; troubles in words."""
    (row,) = [line for line in told.plain.stdout.splitlines() if "gpu-1" in line]
    (dead,) = [line for line in told.plain.stdout.splitlines() if line.startswith("silent:")]

    cells = [cell.strip() for cell in row.strip("│ ").split("│")]
    assert told.plain.returncode == 0
    assert cells[:6] == ["gpu-1", "working", "01234567", "42 %", "h264_nvenc", "83%"]
    assert cells[6].startswith("2.") and cells[6].endswith(" min")  # noqa: PT018 -- one cell
    assert "the node old on far has been silent" in dead


def test_status_shows_the_four_figures(told: SimpleNamespace) -> None:
    """One line has the four figures of the live nodes by their names (A12)."""
    (line,) = [line for line in told.plain.stdout.splitlines() if "render_utilization" in line]

    assert line == (
        "last hour, live nodes: render_utilization 83%, avg_render_time 41.5 s, task_throughput 2.0/h, io_overhead 0%"
    )


def test_status_as_json_holds_it_all(told: SimpleNamespace) -> None:
    """As JSON: the papers with what follows from them, the farm's figures, what was measured, what each role wrote."""
    working, dead = told.json["nodes"]

    assert (working["node"], working["percent"], working["beat"], working["state"]) == ("gpu-1", 42, 5, "working")
    assert (dead["state"], dead["is_silent"]) == ("silent", True)
    assert told.json["figures"]["render_utilization"] == 0.83
    assert told.json["measured"]["trash_bytes"] == 0
    (series,) = told.json["metrics"].values()
    assert series['videogen_published_total{node="n1",role="node"}'] == 2
    assert {room["name"]: sum(room["ages"].values()) for room in told.json["rooms"]}["tasks"] == 0
