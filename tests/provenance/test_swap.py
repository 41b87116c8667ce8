"""`videogen swap`: another clip at the same cuts, a new task, and only what changed is encoded (A16, A13, A18)."""

import json
from pathlib import Path

import pytest

from tests.provenance.conftest import ENV, Archive
from videogen import durable
from videogen.catalog import USES
from videogen.model.task import Task


def name(archive: Archive, path: str) -> str:
    """Give the name under which a clip of the library was dropped."""
    return Path(path).name.partition("_")[2]


def state(root: Path) -> list[str]:
    """List all names below a root, but the node's and the index's own."""
    return sorted(str(path) for path in root.rglob("*") if ".nodes" not in path.parts)


def test_swapped_clip_is_all_that_is_encoded(own: Archive) -> None:
    """The new video shows another clip at the same cut, copies all others, and says what it was made from."""
    old = own.manifests()["s6"]
    clips = old.task.inputs.clips
    first = clips[0]
    longer = {"red.mp4": "blue.mp4", "green.mp4": "blue.mp4", "blue.mp4": "blue.mp4"}
    other = own.library(longer[name(own, first.path)])
    if other.name == Path(first.path).name:
        first = clips[1]
    before = state(own.root)
    words = ("swap", old.task.task_id, "--clip", first.path, "--with", str(other))

    planned = own.told(*words, "--dry-run")
    assert state(own.root) == before
    made = own.told(*words)
    plan = json.loads(own.say("plan", made["task"], "--json").out)

    task = Task.model_validate_json((own.root / "tasks" / made["task"] / "metadata.json").read_bytes())
    assert (task.made_from, task.seed, task.choice) == (old.task.task_id, old.task.seed, old.task.choice)
    assert (task.inputs.voice, task.inputs.music) == (old.task.inputs.voice, old.task.inputs.music)
    cuts = [[clip.out_frame - clip.in_frame for clip in one.inputs.clips] for one in (old.task, task)]
    assert cuts[0] == cuts[1]
    places = [nth for nth, clip in enumerate(clips, start=1) if clip.path == first.path]
    assert (made["places"], planned["places"]) == (places, places)
    assert [swap.was.path for swap in task.swaps] == [first.path] * len(places)
    encoded = {tuple(row["at"]) for row in plan["spans"] if row["encode"]}
    shown = {tuple(row["at"]) for row in plan["spans"]}
    assert encoded < shown
    changed = sum(clip.out_frame - clip.in_frame for clip in clips if clip.path == first.path)
    assert plan["frames_to_encode"] == made["frames_to_encode"] <= changed + 30 * len(places)

    rendered(own, made["task"])


def rendered(own: Archive, task_id: str) -> None:
    """Render a swapped task; hold what its manifest says against what was planned."""
    done = own.house.run("node", "--once", env=ENV)
    assert done.returncode == 0, done.stderr
    (new,) = [one for one in own.house.manifests() if one["task"]["task_id"] == task_id]
    assert list(new["segments"].values()).count("reused") > 0
    assert new["task"]["made_from"]
    page = own.say("provenance", task_id)
    assert page.status == 0
    assert f"made from the video {new['task']['made_from']}" in page.out
    assert "by hand" in page.out
    assert own.say("replay", task_id).status == 0, "what was chosen was chosen, whatever a person changed"
    assert own.told("rebuild", task_id, "--fresh")["is_byte_equal"]


def test_one_place_of_several(own: Archive) -> None:
    """With --at only that appearance changes; a second swap of the new video keeps what was first."""
    old = max(own.manifests().values(), key=lambda one: one.frames)
    clips = old.task.inputs.clips
    place = next(nth for nth, clip in enumerate(clips, start=1) if name(own, clip.path) != "blue.mp4")
    was = clips[place - 1].path

    told = own.told("swap", old.task.task_id, "--clip", was, "--with", "blue.mp4", "--at", str(place))
    wrong = own.say("swap", old.task.task_id, "--clip", was, "--with", "blue.mp4", "--at", "99")

    task = Task.model_validate_json((own.root / "tasks" / told["task"] / "metadata.json").read_bytes())
    differs = [nth for nth, pair in enumerate(zip(clips, task.inputs.clips, strict=True), 1) if pair[0] != pair[1]]
    assert differs == told["places"] == [place]
    assert wrong.status == 65
    assert "clip 99 of " in wrong.err


@pytest.mark.parametrize(
    ("shown", "frames", "remedy"), [("green.mp4", 40, "Long enough: "), ("blue.mp4", 60, "Drop one of 2.0 s or more.")]
)
def test_a_clip_that_is_too_short_is_refused_with_those_that_do(
    own: Archive, shown: str, frames: int, remedy: str
) -> None:
    """The clip must last as long as what it stands for; the remedy names clips that do and that are not shown yet."""
    (paper,) = own.root.glob(f"output/{own.manifests()['s4'].task.task_id}/manifest.json")
    told = json.loads(paper.read_text())
    file = own.library(shown)
    clip = {"path": str(file.relative_to(own.root)), "sha256": durable.digest(file), "in_frame": 0}
    told["task"]["inputs"]["clips"] = [clip | {"out_frame": frames}]
    paper.write_text(json.dumps(told))

    said = own.say("swap", paper.parent.name, "--clip", shown, "--with", "red.mp4")

    assert said.status == 65
    assert f"_red.mp4 has 36 frames, and {frames} are needed. {remedy}" in said.err
    assert ("_blue.mp4." in said.err) == (shown == "green.mp4")


def test_what_cannot_be_swapped_is_said(own: Archive) -> None:
    """A clip that the video does not show, one that is no clip, and the same clip are refused; no task is made."""
    old = own.manifests()["s0"]
    here = old.task.inputs.clips[0].path
    cases = {
        ("nobody.mp4", "red.mp4"): "no clip of this video is called 'nobody.mp4'",
        (here, "chord.mp3"): "no clip of the library is called 'chord.mp3'",
        (here, here): "is the clip that is there",
    }

    for (clip, by), words in cases.items():
        said = own.say("swap", old.task.task_id, "--clip", clip, "--with", by)
        assert said.status == 65
        assert words in said.err
    assert own.house.visible("tasks") == []


def test_swapped_video_counts_as_any_other(own: Archive) -> None:
    """Main counts what a swapped task shows, though it did not make it (A18)."""
    old = own.manifests()["s9"]
    clip = next(clip for clip in old.task.inputs.clips if name(own, clip.path) != "blue.mp4")
    told = own.told("swap", old.task.task_id, "--clip", clip.path, "--with", "blue.mp4")

    done = own.house.run("main", "--once")

    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (own.root / "scanned" / USES).read_text().splitlines()]
    assert [line["task_id"] for line in lines].count(told["task"]) == 1
    (blue,) = own.told("uses", "blue.mp4")["assets"]
    assert told["task"] in {one["task_id"] for one in blue["used_in"]}
