"""What a task waits behind and for, what a segment and a clip are used in, and what main hears of a file (A19, A20)."""

import json
import os
import time

import pytest

from tests import footage, papers
from tests.test_segments import note_of
from tests.why.conftest import Place
from tests.why.test_tasks import node, publish, reason_of
from videogen.catalog import Catalog, Use
from videogen.model.intake import INTAKE, Intake
from videogen.model.segment import Name
from videogen.segments import Segments
from videogen.why import Explainer

CLIP = "raw/video/sea/clip.mp4"


def test_a_waiting_task_counts_what_comes_before_it(place: Place) -> None:
    """By priority first, then by age; and it names the command that brings it to the front."""
    node(place, state="working", held=("another",))
    first, urgent, last = publish(place), publish(place, priority=9), publish(place)
    for nth, task in enumerate((first, urgent, last)):
        os.utime(place.spool.tasks / task.task_id, (1000 + nth, 1000 + nth))

    found = [reason_of(place, task) for task in (urgent, first, last)]

    assert [one.facts["waiting_before_it"] for one in found] == [0, 1, 2]
    assert found[2].notes == [f"Sooner: videogen requeue {last.task_id} --front"]
    assert found[0].notes == []
    assert found[0].rows == [{"node": "n1", "could_take_it": "after the 1 it holds"}]


def test_a_waiting_task_says_of_each_node_why_not(place: Place) -> None:
    """Tags, space, a request to drain, a failure there: each node has its own hindrance, and silent ones are none."""
    node(place, "fits", tags=("gpu",))
    node(place, "plain")
    node(place, "full", tags=("gpu",), state="waiting-for-space")
    node(place, "small", tags=("gpu",), disk_free=100, disk_total=1000)
    node(place, "failed", tags=("gpu",))
    node(place, "drained", tags=("gpu",), state="draining")
    node(place, "silent", tags=("gpu",), lease_s=-1.0)

    rows = reason_of(place, publish(place, tags=("gpu",), avoid=("failed",))).rows

    told = {row["node"]: row["could_take_it"] for row in rows}
    assert told.pop("small").startswith("no: it has 0.0 GB free, and the task may take")
    assert told == {
        "fits": "yes",
        "plain": "no: it does not offer gpu",
        "full": "no: its disk is full",
        "failed": "not in the first minute: it failed there",
        "drained": "no: it is drained; videogen resume drained",
    }


def test_a_delay_without_end_is_told_as_a_day(place: Place) -> None:
    """What a node waits at most is what is said, whatever the paper asks for."""
    node(place)

    said = reason_of(place, publish(place, not_before_s=1e300, attempts=1)).because

    assert 86000 < float(said.rpartition(" in ")[2].removesuffix(" s")) <= 86400


def test_a_segment_names_the_videos_made_with_it(place: Place) -> None:
    """The manifest of a video names its segments; a segment that none names says so."""
    content, store = b"segment" * 100, Segments(place.root / "scanned/.segments")
    name = Name(look=papers.digest("look"), key=papers.digest("key"))
    store.publish(place.put("made", content), note_of(content, name))
    unused = place.only(name.key)
    task = papers.task()
    manifest = papers.manifest(task).model_copy(update={"segments": {name.key: "reused"}})
    place.put(f"output/{task.task_id}/manifest.json", manifest.to_json())

    found = place.only(name.key)

    assert (unused.rows, "None of the newest" in unused.notes[0]) == ([], True)
    assert (found.rows, found.notes) == ([{"used_in": f"output/{task.task_id}"}], [])


def test_a_clip_is_asked_of_the_index(place: Place) -> None:
    """With main's index every video that ever showed it is known, also one that was taken away, the last first."""
    path = "scanned/video/sea/mp4_w64_h64/2.0_wave.mp4"
    place.shelve(papers.asset("video", path, papers.picture(), category="sea"))
    catalog = Catalog(place.root)
    catalog.keep()
    sha256, task = papers.digest(path), publish(place)
    for task_id in ("taken away", task.task_id):
        catalog.note_use(Use(task_id=task_id, category="sea", shown=(sha256,)))
    while_main_runs = place.only(path)
    catalog.close()

    found = place.only(path)

    assert found.because == "it is in the library; 2 videos show it"
    assert [row["used_in"] for row in found.rows] == [
        f"tasks/{task.task_id}",
        "taken away, which someone took away",
    ]
    assert found.to_dict() == while_main_runs.to_dict()


def test_a_file_of_a_deaf_mount_says_so(place: Place) -> None:
    """Where events do not come main looks by the clock, and waits longer for a file to be still (A20)."""
    explainer = Explainer(place.spool, quiet_s=30.0, category_rule="prefer")
    place.put(CLIP)
    told = Intake(deaf={str(place.root / "raw/video"): "nfs tells nobody here what other machines write"})
    place.put(f"processing/.nodes/{INTAKE}", told.to_json())

    (found,) = explainer.explain(CLIP)
    (elsewhere,) = explainer.explain(str(place.put("raw/music/sea/song.mp3")))

    words = [found.because, *found.notes]
    assert any("events do not arrive from this mount (nfs tells nobody" in one for one in words)
    assert any("once it was for 90 s" in one for one in words)
    assert not any("events" in one for one in (elsewhere.because, *elsewhere.notes))
    assert any("once it was for 30 s" in one for one in (elsewhere.because, *elsewhere.notes))


def test_a_film_that_is_whole_is_not_waited_for(place: Place) -> None:
    """A film that proves to be whole is ready at once; one that is cut waits until it was still (P6)."""
    whole = place.root / CLIP
    whole.parent.mkdir(parents=True)
    footage.clip(whole, seconds=0.5)
    cut = place.put("raw/video/sea/cut.mp4", whole.read_bytes()[:-100])
    explainer = Explainer(place.spool, quiet_s=60.0, category_rule="prefer")

    said = [" ".join((one.because, *one.notes)) for path in (whole, cut) for one in explainer.explain(str(path))]

    assert "it reaches to its last byte, so main need not wait" in said[0]
    assert "main takes it once it was for 60 s" in said[1]


GATED = {"figures": [{"check": "black", "verdict": "warned"}, {"check": "length", "verdict": "passed"}]}


@pytest.mark.parametrize(
    ("quality", "verdicts"),
    [(None, None), ({}, None), ({"figures": "?"}, None), ({"figures": [7]}, None),
     (GATED, "1 warned, 1 passed; black: warned")],
)  # fmt: skip
def test_a_video_says_when_it_left_and_who_made_it(place: Place, quality: object, verdicts: str | None) -> None:
    """The time, the node, what was measured first; verdicts of a gate are counted, and named where it did not pass."""
    task = papers.task()
    place.put(f"output/{task.task_id}/final.mp4")
    words = json.loads(papers.manifest(task).to_json()) | {"quality": quality}
    manifest = place.put(f"output/{task.task_id}/manifest.json", json.dumps(words))
    stamp = time.time() - 3600
    os.utime(manifest, (stamp, stamp))

    facts = reason_of(place, task).facts

    assert facts["published_at"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stamp))
    assert (facts["published_by"], facts["samples"]) == ("n", 48000)
    assert facts.get("verdicts") == verdicts
