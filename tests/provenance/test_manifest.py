"""manifest.json says what a video is made of, true to the file; older ones are read; other tools are told its form."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests import papers
from tests.provenance.conftest import CLIPS_S, Archive
from tests.provenance.form import wrong
from tests.verbs import said_by
from videogen import fsck
from videogen.assemble.history import paper_of
from videogen.errors import MediaError
from videogen.model.manifest import Manifest, appearances
from videogen.model.task import ClipUse, Task
from videogen.model.timebase import Range
from videogen.spool import Spool
from videogen.trash import Trash
from videogen.why import Explainer


def test_every_content_is_told_with_where_it_came_from(archive: Archive) -> None:
    """Hash, size, library path, path and name at intake, title and gains of each are those of the file (A16)."""
    for manifest in archive.manifests().values():
        roles = [one.role for one in manifest.assets]
        assert roles[:2] == ["voice", "music"]
        assert ("logo" in roles) == (manifest.task.inputs.logo is not None)
        for one in manifest.assets:
            if one.role == "logo":
                continue
            content = (archive.root / one.path).read_bytes()
            assert (one.sha256, one.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
            assert one.dropped_as.startswith("raw/")
            assert one.original_name == Path(one.dropped_as).name == f"{one.title}{Path(one.path).suffix}"
        gains = {one.role: one.gain for one in manifest.assets if one.gain is not None}
        assert gains == {"voice": manifest.task.voice_gain, "music": manifest.task.music_gain}
        (music,) = [one for one in manifest.assets if one.role == "music"]
        assert (music.intake_gain_db != 0) == (music.dropped_sha256 != music.sha256)


def test_clips_are_told_frame_by_frame(archive: Archive) -> None:
    """The clips' appearances are the video from its first frame to its last, each as long as what is seen of it."""
    for manifest in archive.manifests().values():
        shown = sorted(
            (shown for one in manifest.assets if one.role == "clip" for shown in one.shown), key=lambda one: one.place
        )
        assert [one.place for one in shown] == list(range(1, len(shown) + 1))
        assert [one.at.start for one in shown] == [0, *(one.at.end for one in shown[:-1])]
        assert shown[-1].at.end == manifest.frames
        assert all(one.source and one.source.length == one.at.length for one in shown)


def test_pieces_tile_the_video(archive: Archive) -> None:
    """The pieces are the picture without a hole, each of a segment whose fate is told; bridges are the others."""
    fates = set[str]()
    for manifest in archive.manifests().values():
        pieces = manifest.pieces
        assert [one.at.start for one in pieces] == [0, *(one.at.end for one in pieces[:-1])]
        assert pieces[-1].at.end == manifest.frames
        assert all(one.at.length == one.use.length <= one.frames for one in pieces)
        assert {one.key for one in pieces} <= set(manifest.segments)
        encoded = {one.key: one.frames for one in pieces if manifest.segments[one.key] == "encoded"}
        assert sum(encoded.values()) <= manifest.frames_encoded
        fates |= set(manifest.segments.values())
    assert fates == {"encoded", "reused"}
    assert any(one.is_bridge for manifest in archive.manifests().values() for one in manifest.pieces)


def test_how_it_was_made_is_told(archive: Archive) -> None:
    """Profile, machine, version, attempt and the seconds of every stage stand in it."""
    for manifest in archive.manifests().values():
        assert manifest.version == 2
        assert manifest.profile is not None
        canvas, encoder = manifest.profile.canvas, manifest.profile.encoder
        assert (canvas.width, canvas.height, int(canvas.fps), encoder.preset) == (96, 54, 30, "ultrafast")
        assert (manifest.profile.toolchain, encoder.name) == (manifest.toolchain, manifest.encoder)
        assert (float(manifest.segment_s or 0), manifest.attempt, manifest.epoch) == (0.5, 1, 1)
        assert manifest.host
        assert manifest.videogen
        times = manifest.times
        assert times is not None
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", times.claimed_at)
        assert times.claimed_at <= times.published_at
        assert times.render_s > 0.01
        assert min(times.fetch_s, times.wait_s, times.upload_s) >= 0


# -- version 1 ---------------------------------------------------------------------------------------------------------

NEW = {"host", "attempt", "videogen", "profile", "segment_s", "sound_key", "assets", "pieces", "times"} | {
    "warnings",
    "quality",
}


def version_1(manifest: Manifest) -> str:
    """Write a manifest as the first version did."""
    paper = {name: value for name, value in manifest.model_dump(mode="json").items() if name not in NEW}
    for name in ("made_from", "swaps"):
        paper["task"].pop(name)
    return json.dumps(paper | {"version": 1})


def test_version_1_is_read_by_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was published before the second version is whole to fsck, found by why, counted, and told (A16)."""
    spool = Spool(tmp_path)
    spool.lay_out()
    task = papers.task()
    folder = spool.output / task.task_id
    folder.mkdir()
    (folder / "final.mp4").write_bytes(b"video")
    old = papers.manifest(task).model_copy(update={"segments": {papers.digest("a"): "reused"}})
    (folder / "manifest.json").write_text(version_1(old))

    assert Manifest.model_validate_json((folder / "manifest.json").read_bytes()).version == 1
    assert fsck.examine(spool, quick=True) == []
    assert paper_of(spool, task.task_id) == task
    (answer,) = Explainer(spool, quiet_s=1, category_rule="prefer").explain(task.task_id[:8])
    assert answer.facts["segments_reused"] == "1 of 1"
    assert answer.notes[-1].endswith(f"videogen provenance {task.task_id}")
    page = said_by(tmp_path, capsys, "provenance", task.task_id)
    assert page.status == 65, "its clip is not in this library"
    assert "videogen (not recorded)" in page.out
    assert "clip 1    0:00.00-0:01.00, frames [0, 30)" in page.out
    users = json.loads(said_by(tmp_path, capsys, "uses", task.inputs.clips[0].path, "--json").out)
    assert users["assets"][0]["used_in"][0]["shown"] == [{"place": 1, "at": [0, 30], "source": [0, 30]}]


# -- appearances -------------------------------------------------------------------------------------------------------


def test_appearances_are_cut_where_the_video_ends() -> None:
    """A clip that comes twice has two appearances; the last is cut; one that the video ends before has none."""
    paper = papers.task().model_dump()
    clip = paper["inputs"]["clips"][0]
    other = clip | {"sha256": papers.digest("other"), "in_frame": 4, "out_frame": 14}
    paper["inputs"]["clips"] = [clip | {"out_frame": 12}, other, clip | {"out_frame": 12}, other]
    task = Task.model_validate(paper)

    found = appearances(task)

    assert [(one.place, str(one.at), str(one.source)) for one in found["clip", clip["sha256"]]] == [
        (1, "[0, 12)", "[0, 12)"),
        (3, "[22, 30)", "[0, 8)"),
    ]
    assert [(one.place, str(one.at), str(one.source)) for one in found["clip", other["sha256"]]] == [
        (2, "[12, 22)", "[4, 14)")
    ]
    assert found["music", task.inputs.played.sha256][0].source is None
    assert found["voice", task.inputs.spoken.sha256][0].at == Range(start=0, end=30)


def test_the_timeline_goes_by_the_paper() -> None:
    """A task's story shows of each clip the frames that its paper says."""
    paper = papers.task()
    clips = (paper.inputs.clips[0].model_copy(update={"in_frame": 3, "out_frame": 9}),)
    task = paper.model_copy(update={"inputs": paper.inputs.model_copy(update={"clips": clips})})

    assert task.story().shown == (Range(start=3, end=9),)
    assert ClipUse.model_validate(clips[0].model_dump()) == clips[0]


# -- the forms of papers -----------------------------------------------------------------------------------------------


def papers_of(root: Path, kind: str) -> list[dict[str, Any]]:
    """Read real papers of a kind."""
    pattern = {"manifest": "output/*/manifest.json", "side": "scanned/*/**/*.json", "task": "output/*/manifest.json"}
    found = [json.loads(path.read_text()) for path in sorted(root.glob(pattern[kind])) if "/." not in str(path)]
    return [one["task"] for one in found] if kind == "task" else found


@pytest.mark.parametrize("kind", ["manifest", "task", "side"])
def test_real_papers_have_the_form_that_is_published(archive: Archive, kind: str) -> None:
    """`videogen schema` tells the form that the real papers have; one key more, or a word for a number, has it not."""
    form = json.loads(archive.say("schema", kind).out)
    found = papers_of(archive.root, kind)

    assert len(found) >= len(CLIPS_S)
    for paper in found:
        assert wrong(paper, form) == []
    name = "path" if kind == "side" else "version"
    assert ["'more' was unexpected" in said for said in wrong(found[0] | {"more": 1}, form)] == [True]
    assert wrong(found[0] | {name: None}, form)
    assert wrong({key: value for key, value in found[0].items() if key != required(form)}, form)


def test_real_reason_has_its_form(own: Archive) -> None:
    """A refused file's reason has the published form."""
    dropped = own.house.place("video/tales/none.mp4")
    dropped.write_bytes(b"")
    Trash(own.root).refuse(dropped, MediaError("it has no bytes", remedy="Copy it again.", code="empty"))
    (reason,) = (own.root / "trash/invalid").glob("*.reason.json")
    form = json.loads(own.say("schema", "reason").out)

    assert wrong(json.loads(reason.read_text()), form) == []


def required(form: dict[str, Any]) -> str:
    """Name one key that no paper of a form can be without."""
    return str(form["required"][0])
