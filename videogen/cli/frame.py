"""One picture of `top`: a sight drawn into a number of columns and lines. Pure: the same sight gives the same lines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.text import Text

from videogen.cli.app import age, size_of
from videogen.model.node import ENDED, Figures
from videogen.watching import Count, Event, NodeSight, Sight

SMALLEST = (60, 12)
LEAST_EVENTS = 4
MOST_WAITS = 3
BAR = (10, 40)
NAME = (8, 24)
"""Least and most columns of a bar, and of a node's name."""
EIGHTHS = " ▏▎▍▌▋▊▉"
PROGRESS = "Rendering"
"""A line that says what the bars say better."""
LEVELS = {"WARN": "yellow", "ERROR": "red", "CRITICAL": "red"}
STATES = {"working": "green", "idle": "dim", "ended": "dim", "silent": "red", "unreadable": "red", "no space": "red"}
HELP = (
    "q        quit",
    "p        pause, and go on: what is shown stays as it is",
    "j k      one node down, up; the arrows do the same",
    "d u      a page down, up; Page Down and Page Up do the same",
    "g G      the first nodes, the last",
    "space    look now",
    "?        this help, and away again",
    "",
    "A count with a + is still being made: at least so many lie there.",
    "speed    frames of the running render in the node's last minute",
    "beat     age of the node's paper; after its lease the node is silent",
    "cache    share of the segments the store had since the live nodes started",
    "working  share of the time with work in which the renderers worked",
)
_UUID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
"""An id of a task: its beginning is as much as any verb needs."""


@dataclass(frozen=True)
class View:
    """How a person wants to see it. `first` is the first node shown."""

    first: int = 0
    is_paused: bool = False
    is_help: bool = False
    every_s: float = 1.0


def drawn(sight: Sight, view: View, width: int, height: int) -> list[Text]:
    """Draw it. Shape: at most `height` lines, none wider than `width`."""
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return [_cut(f"too small: {width}x{height}, wanted {SMALLEST[0]}x{SMALLEST[1]}", width)]
    head = [_title(sight, view, width), *_rooms(sight.rooms, width), *_facts(sight, width)]
    waits = list(_waits(sight.waits, MOST_WAITS + max(0, height - 30) // 4, width))
    room = height - len(head) - len(waits) - 1
    if view.is_help:
        below = [_cut(f"  {line}", width) for line in HELP][:room]
    else:
        shown = nodes_shown(sight, height)
        nodes = list(_nodes(sight.nodes, view.first, shown, width)) if sight.nodes else [_cut("no node", width, "dim")]
        below = [*nodes, *_events(sight.events, room - len(nodes), width)]
    lines = [*head, *waits, *below]
    lines += [Text()] * (height - 1 - len(lines))
    return [*lines[: height - 1], _foot(view, width)]


def nodes_shown(sight: Sight, height: int) -> int:
    """Give how many nodes there is room for; with few nodes the events have it."""
    waits = min(len(sight.waits), MOST_WAITS + max(0, height - 30) // 4)
    room = height - 6 - waits - 1 - 1 - 1 - LEAST_EVENTS
    return max(1, min(len(sight.nodes), room))


def whole(sight: Sight, width: int) -> list[Text]:
    """Draw all of it for a page that has no end: every node, every wait, the last events."""
    lines = [_title(sight, View(), width), *_rooms(sight.rooms, width), *_facts(sight, width)]
    lines += _waits(sight.waits, len(sight.waits), width)
    lines += _nodes(sight.nodes, 0, len(sight.nodes), width)
    return [*lines, *_events(sight.events, 11, width)]


# -- parts -----------------------------------------------------------------------------------------------------------


def _cut(words: str | Text, width: int, style: str = "") -> Text:
    line = Text(words, style) if isinstance(words, str) else words
    line.truncate(width, overflow="ellipsis")
    return line


def _title(sight: Sight, view: View, width: int) -> Text:
    now = datetime.fromtimestamp(sight.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    state = " PAUSED " if view.is_paused else ""
    left = Text(f" videogen top  {sight.root}")
    left.truncate(width - len(now) - len(state) - 2, overflow="ellipsis", pad=True)
    return Text.assemble(left, (state, "bold"), f" {now} ", style="reverse")


def _rooms(rooms: dict[str, Count], width: int) -> Iterator[Text]:
    names = {name: name.removeprefix("trash/") for name in rooms}
    each = min(16, width // len(rooms))
    yield Text("".join(f"{label:>{each}}" for label in names.values()), "dim")
    line = Text()
    for name, count in rooms.items():
        style = "red" if name.startswith("trash/") and count.number else "bold"
        line.append(f"{number(count):>{each}}", style)
    yield line


def number(count: Count) -> str:
    """Say how many; a + where it is at least so many."""
    return f"{count.number:,}" + ("" if count.is_whole else "+")


def _facts(sight: Sight, width: int) -> Iterator[Text]:
    free, size = sight.disk["disk_free"], sight.disk["disk_total"]
    trash = size_of(sight.trash_bytes.number) + ("" if sight.trash_bytes.is_whole else "+")
    oldest = "" if sight.trash_oldest_s is None else f", the oldest {age(sight.trash_oldest_s)}"
    share = f" ({free / size:.0%})" if size else ""
    hits = "" if sight.cache_hits is None else f"   cache {sight.cache_hits:.0%} hits"
    left = "" if not sight.left_s else f"   tasks done in {age(sight.left_s)}"
    told = _hour(sight.figures) if any(one.seen.is_live for one in sight.nodes) else "no node lives"
    yield Text()
    yield _cut(f" disk {size_of(free)} free of {size_of(size)}{share}   trash {trash}{oldest}", width)
    yield _cut(f" last hour: {told}{hits}{left}", width)


def _hour(figures: Figures) -> str:
    videos = f"{figures.published} video{'' if figures.published == 1 else 's'}"
    failed = f", {figures.failed} failed" if figures.failed else ""
    pace = "" if not figures.task_throughput else f", {figures.task_throughput:.1f}/h"
    working = figures.render_utilization
    return videos + failed + pace + ("" if working is None else f", {working:.0%} working")


def _waits(waits: Sequence[str], most: int, width: int) -> Iterator[Text]:
    shown = waits if len(waits) <= most else waits[: most - 1]
    for sentence in shown:
        yield _cut(f" ! {sentence}", width, "yellow")
    if len(shown) < len(waits):
        yield _cut(f" ! and {len(waits) - len(shown)} more", width, "yellow")


def _nodes(nodes: Sequence[NodeSight], first: int, shown: int, width: int) -> Iterator[Text]:
    name = min(NAME[1], max(NAME[0], *(len(one.seen.paper.node) for one in nodes))) if nodes else NAME[0]
    name = min(name, max(NAME[0], width // 6))
    bar = min(BAR[1], max(BAR[0], width - name - 54))
    place = f"{first + 1}-{min(len(nodes), first + shown)} of {len(nodes)}"
    head = f"{f'node {place}' if shown < len(nodes) else 'node':<{name + 11}} {'task':<9}{'done':<{bar + 6}}"
    yield _cut(f"{head}{'ETA':>9}{'speed':>10}{'beat':>8}", width, "reverse dim")
    for one in nodes[first : first + shown]:
        yield _cut(_node(one, name, bar), width)


def _node(one: NodeSight, name: int, bar: int) -> Text:
    seen, paper = one.seen, one.seen.paper
    state = _state(one)
    task = paper.task if seen.is_live else ""
    share = paper.frame / paper.frames if task and paper.frames > 0 else None
    eta = "" if one.left_s is None else age(one.left_s)
    speed = "" if one.frames_per_s is None else f"{one.frames_per_s:.1f} fps"
    return Text.assemble(
        f"{_fit(paper.node, name)} ",
        (f"{_fit(state, 10)} ", STATES.get(state, "yellow")),
        f"{task[:8]:<9}",
        (_bar(share, bar), "green"),
        f"{'' if share is None else f'{min(1.0, share):.0%}':>5} ",
        f"{eta:>9}{speed:>10}",
        (
            f"{'' if seen.trouble else age(seen.age_s):>8}",
            "red" if seen.is_silent else "yellow" if seen.is_late else "",
        ),
    )


def _state(one: NodeSight) -> str:
    state = {"waiting-for-space": "no space"}.get(one.seen.state, one.seen.state)
    if state in ENDED and not one.seen.is_live:
        return "ended"
    return "to drain" if one.seen.is_asked_to_drain and state in {"idle", "working", "starting"} else state


def _fit(words: str, width: int) -> str:
    return f"{words:<{width}}" if len(words) <= width else f"{words[: width - 1]}…"


def _bar(share: float | None, width: int) -> str:
    """Draw a share in eighths of a column; nothing where there is none."""
    if share is None:
        return " " * width
    full, part = divmod(round(min(1.0, max(0.0, share)) * width * 8), 8)
    return ("█" * full + (EIGHTHS[part] if part else "")).ljust(width, "·")


def _events(events: Sequence[Event], lines: int, width: int) -> Iterator[Text]:
    if lines < 2:
        return
    yield _cut(f"{'last events':<{width}}", width, "reverse dim")
    for event in [event for event in events if event.message != PROGRESS][-(lines - 1) :]:
        line = Text(no_wrap=True)
        line.append(f"{event.at[11:19]} ", "dim")
        line.append(f"{event.level:<5} ", LEVELS.get(event.level, "dim"))
        line.append(f"{event.log} ", "cyan")
        line.append(_UUID.sub(r"\1…", event.message), LEVELS.get(event.level, ""))
        told = _UUID.search(event.message)
        fields = event.fields.replace(f"task={told[0]}", "").strip() if told else event.fields
        line.append(_UUID.sub(r"\1…", f" {fields}"), "dim")
        yield _cut(line, width)


def _foot(view: View, width: int) -> Text:
    pause = "p go on" if view.is_paused else "p pause"
    return _cut(f" q quit  {pause}  j/k scroll  ? help   every {view.every_s:g} s", width, "dim")
