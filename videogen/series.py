"""Every figure there is: its name, type, unit, labels, who tells it, and what it means. docs/metrics.md is made of it.

A figure's name in a scraper's text is `videogen_<name>`, a counter's `videogen_<name>_total`; each sample also has the
labels `role` (main, crawl or node) and `node` (its name, empty for the others). A name is given once and never changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Role = Literal["main", "crawl", "node"]
Type = Literal["counter", "gauge", "histogram"]
PREFIX = "videogen_"

# name | who tells it | labels | what it counts; the unit is the name's last word, where it is one
_COUNTERS = """
published | node | | Videos put into output/.
failed | node | code | Tasks moved to trash/failed, by the code of their reason.
released | node | | Tasks given back to tasks/ by their holder.
poisoned | main node | | Tasks moved to trash/failed after the last attempt.
frames | node | | Frames of the videos put into output/.
frames_encoded | node | | Frames of these videos that had to be encoded; all others were copied.
claimed | node | | Tasks claimed.
claimed_again | node | | Tasks claimed that had been given out before (epoch above 1).
claim_lost | node | | Claims that another node won.
fenced | node | | Publishes refused since the task had been taken away.
double_publish | node | | Publishes refused since the video was there already.
reaped | main node | | Claims of silent nodes given back.
self_fenced | node | | Tasks given up since the node could not renew its leases in time.
rename_repaired | main crawl node | | Renames that answered an error though they were done.
stale | main crawl node | | Answers of a network filesystem that a handle is stale.
fsync_error | main crawl node | | Syncs that failed.
file_operations | main crawl node | | Files made, renamed, linked and removed in the rooms.
upload_resent_bytes | node | | Bytes uploaded again.
upload_corrupt | node | | Uploaded copies that did not read back as they were written.
encode_failed | node | | Tasks that ended as a run of FFmpeg did, with an error.
encode_stalled | node | | Tasks that ended since a run of FFmpeg made no progress.
output_rejected | node | | Videos refused by the check though FFmpeg told of no error.
fallback | node | | Videos encoded in one piece or in software, against the plan.
cache_hit | node | | Segments found in the store.
cache_miss | node | | Segments encoded since the store had none.
cache_corrupt | node | | Segments of the store found damaged and dropped.
prefetch_used | node | | Tasks fetched ahead and rendered.
prefetch_wasted | node | | Tasks fetched ahead and given back.
clock_step | main crawl node | | Times the wall clock was set by more than 2 s.
decided | main | kind verdict | Files of raw/ decided; the verdict is `taken`, or the code of what refused it.
pages | crawl | verdict | Links decided; the verdict is `taken`, or the code of what was wrong.
links | crawl | verdict | Link files decided: `taken`, `refused` or `put-off`.
log_lines | main crawl node | level | Lines that went to the log.
log_lines_collapsed | main crawl node | | Lines that only repeated the ones before, and were counted in their place.
busy_seconds | node | kind | Time in which this went on: work, render, download, upload, stalled, space.
"""

# key in the code | name | who tells it | labels | what it says
_GAUGES = """
running | running | main crawl node | | 1 while the role runs, 0 once it has ended as it should.
memory | memory_bytes | main crawl node | | Memory of the role and of all it started, pages they share counted for each.
disk_free | disk_free_bytes | main crawl node | | Free on the spool's filesystem.
disk_total | disk_size_bytes | main crawl node | | Size of the spool's filesystem.
inodes_free | inodes_free | main crawl node | | Free inodes of the spool's filesystem.
inodes_total | inodes | main crawl node | | Inodes of the spool's filesystem.
low_disk | low_disk_bytes | main crawl node | | The setting log.low_disk_gb: free space below it is too little.
reserve | reserve_bytes | main | | Kept back in processing/, so that a full disk still takes a reason.
arriving | raw_arriving_files | main | | Files in raw/ that have not settled yet.
in_work | raw_in_work_files | main | | Files of raw/ in the hands of the intake.
beyond | raw_beyond_files | main | | Files in raw/ that were not looked at yet.
put_off | raw_put_off_files | main | | Files left in raw/ for a cause that passes.
deaf | deaf_mounts | main | | Folders of raw/ whose events do not arrive.
voices_waiting | voices_waiting | main | | Voices that wait for music or clips.
links_waiting | links_waiting | crawl | | Link files that have no report yet.
queue_due | queue_tasks | node | | Tasks in tasks/ that this node may take, now or later.
not_due | tasks_not_due | main | | Tasks in tasks/ that wait for their time, of the newest 1,000.
unaccounted | tasks_unaccounted | main | | Tasks that were seen and are in no room any more.
poison | trash_poison_tasks | main | | Tasks in trash/failed after their last attempt.
trash_bytes | trash_bytes | main | | All that lies in trash/.
trash_oldest_s | trash_oldest_seconds | main | | Age of the oldest thing in trash/.
cache_bytes | cache_bytes | main | | Bytes of the segments in the store.
cache_entries | cache_segments | main | | Segments in the store.
clock_drift_s | clock_drift_seconds | main crawl node | | Wall clock against boot clock since the process began.
clock_skew_s | clock_skew_seconds | main crawl node | | The filesystem's clock, ahead of this machine's.
"""

# name | who tells it | labels | what it says; not kept by a meter, but worked out when the text is written
_ROWS = """
render_utilization | node | window | Share of the time with work in which the renderer worked.
avg_render_time_seconds | node | window | Mean time of a render from its start to its end.
task_throughput_per_hour | node | window | Videos put into output/ in an hour.
io_overhead | node | window | Share of the time with work in which the renderer waited for files.
room_things | main | room minutes | Things in a room, by minutes since they last changed.
room_oldest_seconds | main | room | Age of the oldest thing in a room; 0 where it is empty.
node_beat_age_seconds | main | name | Time since a node's last beat.
node_info | main | name host encoder version state | A node, with its state as seen from here.
node_disk_free_bytes | main | name | Free on a node's disk, as it told.
"""

# What the exporter adds, of each text that a role wrote.
_EXPORTED = """
up | 1 while the role's text is fresh; 0 where it stopped and never said that it ended.
text_age_seconds | Time since the role wrote its text.
text_unreadable | Texts that cannot be read, and were left out.
"""

# key in the code | name | who tells it | bounds | what it says
_HISTOGRAMS = """
claim_s | claim_seconds | node | latency | From the wish for a task to its claim.
fsync_s | fsync_seconds | main crawl node | latency | One sync of a file or folder.
renew_s | renew_seconds | node | latency | One renewal of a lease.
scan_s | scan_seconds | main | latency | One look at raw/, with all that it decides at once.
settle_s | decision_seconds | main | span | From when a file lay still in raw/ to its verdict.
upload_tries | upload_tries | node | tries | Tries it took to upload a video.
render_s | render_seconds | node | span | From a task's claim to its video in output/.
waited_s | task_wait_seconds | node | span | From a task's making to its claim.
speed | render_speed | node | speed | Seconds of video for each second from its claim to output/.
page_s | page_seconds | crawl | span | One link, from the asking to its chunks.
"""
BOUNDS: dict[str, tuple[float, ...]] = {
    "latency": (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 40.0),
    "span": (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0),
    "tries": (1.0, 2.0, 3.0),
    "speed": (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0),
}
"""Upper bounds of buckets. 8 s and 40 s are targets; the others are evenly spread to the eye."""
UNITS = ("seconds", "bytes", "files", "tasks", "segments", "frames", "per_hour", "videos")


@dataclass(frozen=True)
class Series:
    """One figure. `key` is its name in the code; `roles` tell it, none where only the exporter does."""

    key: str
    name: str
    type: Type
    about: str
    roles: tuple[Role, ...] = ()
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()

    @property
    def shown(self) -> str:
        """Give the name that a scraper's query has."""
        return f"{PREFIX}{self.name}" + ("_total" if self.type == "counter" else "")

    @property
    def unit(self) -> str:
        """Give the unit, empty for a plain number or a share."""
        return next((unit.replace("_", " ") for unit in UNITS if self.name.endswith(unit)), "")

    @property
    def samples(self) -> tuple[str, ...]:
        """Give every name under which its samples stand."""
        if self.type == "histogram":
            return tuple(f"{PREFIX}{self.name}_{word}" for word in ("bucket", "count", "sum"))
        return (self.shown,)


def _cells(table: str) -> Iterator[list[str]]:
    for line in table.strip().splitlines():
        yield [cell.strip() for cell in line.split("|")]


def _roles(words: str) -> tuple[Role, ...]:
    told = words.split()
    return tuple(role for role in ("main", "crawl", "node") if role in told)


COUNTERS = {
    name: Series(name, name, "counter", about, _roles(roles), tuple(labels.split()))
    for name, roles, labels, about in _cells(_COUNTERS)
}
GAUGES = {
    key: Series(key, name, "gauge", about, _roles(roles), tuple(labels.split()))
    for key, name, roles, labels, about in _cells(_GAUGES)
}
HISTOGRAMS = {
    key: Series(key, name, "histogram", about, _roles(roles), (), BOUNDS[bounds])
    for key, name, roles, bounds, about in _cells(_HISTOGRAMS)
}
ROWS = {
    name: Series(name, name, "gauge", about, _roles(roles), tuple(labels.split()))
    for name, roles, labels, about in _cells(_ROWS)
}
EXPORTED = {name: Series(name, name, "gauge", about) for name, about in _cells(_EXPORTED)}
SERIES: tuple[Series, ...] = (
    *COUNTERS.values(),
    *GAUGES.values(),
    *HISTOGRAMS.values(),
    *ROWS.values(),
    *EXPORTED.values(),
)
"""Every figure there is."""
