"""`videogen uses`: which videos and tasks an asset is in, by any of its names, and quickly among very many."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import papers
from tests.provenance.conftest import Archive
from videogen.assemble.history import use_of
from videogen.catalog import USES, mentions
from videogen.model.manifest import Manifest
from videogen.model.task import Task


def shown_in(manifests: dict[str, Manifest], sha256: str) -> dict[str, list[list[int]]]:
    """Reckon from the manifests where a content is, by task."""
    return {
        one.task.task_id: [[shown.at.start, shown.at.end] for shown in asset.shown]
        for one in manifests.values()
        for asset in one.assets
        if asset.sha256 == sha256
    }


def users(told: dict[str, Any]) -> dict[str, list[list[int]]]:
    """Give what the verb says, in the same form."""
    (asset,) = told["assets"]
    return {one["task_id"]: [shown["at"] for shown in one["shown"]] for one in asset["used_in"]}


def test_any_name_of_a_clip_finds_its_videos(archive: Archive) -> None:
    """A path in scanned/ or raw/, a hash, its beginning, the library's name and the dropped one say the same (A16)."""
    file = archive.library("red.mp4")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    expected = shown_in(archive.manifests(), sha256)
    names = [str(file), str(file.relative_to(archive.root)), "raw/video/tales/red.mp4", sha256, sha256[:8]]
    names += [file.name, "red.mp4", "red", f"{file.relative_to(archive.root)}.json"]

    assert expected
    for name in names:
        assert users(archive.told("uses", name)) == expected, name


def test_voice_track_and_logo_are_found_too(archive: Archive) -> None:
    """A voice is in its video, a track in all; a logo, which is not in the library, is found by its hash."""
    manifests = archive.manifests()
    task = manifests["s3"].task

    assert list(users(archive.told("uses", task.inputs.spoken.path))) == [task.task_id]
    assert len(users(archive.told("uses", "chord.mp3"))) == len(manifests)
    logo = manifests["s0"].task.inputs.logo
    assert logo is not None
    assert len(users(archive.told("uses", logo.sha256[:10]))) == len(manifests) // 2


def test_a_track_that_was_levelled_is_known_by_what_was_dropped(archive: Archive) -> None:
    """The hash of the bytes that were dropped finds the track whose bytes are others now."""
    manifests = archive.manifests()
    (music,) = [one for one in manifests["s0"].assets if one.role == "music"]

    assert len(users(archive.told("uses", music.dropped_sha256))) == len(manifests)


def test_nothing_known_is_66(archive: Archive) -> None:
    """A name and a hash that nothing has end with 66; an asset that nothing uses is known, and ends with 0."""
    assert archive.say("uses", "nobody.mp4").status == 66
    assert archive.say("uses", "0" * 64).status == 66
    assert archive.say("uses", "raw/video/tales/never.mp4").status == 66


def test_tasks_in_every_room_are_found(own: Archive) -> None:
    """What waits, what failed and what someone took away is told with its room."""
    manifests = own.manifests()
    clip = next(iter(manifests["s9"].task.inputs.clips))
    waits, failed, gone = (manifests[name].task for name in ("s9", "s8", "s7"))
    for task, room in ((waits, "tasks"), (failed, "trash/failed")):
        folder = own.root / room / task.task_id
        folder.mkdir()
        (folder / "metadata.json").write_text(task.to_json())
    for task in (waits, failed, gone):
        shutil.rmtree(own.root / "output" / task.task_id)

    (asset,) = own.told("uses", clip.path)["assets"]
    rooms = {one["task_id"]: one["room"] for one in asset["used_in"]}

    assert rooms[waits.task_id] == "tasks"
    for task, room in ((failed, "trash/failed"), (gone, "gone")):
        if clip.sha256 in {one.sha256 for one in task.inputs.clips}:
            assert rooms[task.task_id] == room


def test_only_papers_that_name_it_are_opened(own: Archive) -> None:
    """The record says which papers to open: all others may be as they like, and nothing of the answer is missing."""
    manifests = own.manifests()
    voice = manifests["s4"].task.inputs.spoken
    for one in manifests.values():
        if one.task.story_name != "s4":
            paper = own.root / "output" / one.task.task_id / "manifest.json"
            paper.unlink()
            paper.mkdir()  # whoever opens it fails

    assert list(users(own.told("uses", voice.sha256))) == [manifests["s4"].task.task_id]


def test_what_the_record_lacks_is_read_from_the_papers(own: Archive) -> None:
    """Without the record, or with one that an older version wrote, or one that is torn, nothing is missing."""
    manifests = own.manifests()
    clip, voice = own.library("blue.mp4"), manifests["s5"].task.inputs.spoken
    clip_sha256 = hashlib.sha256(clip.read_bytes()).hexdigest()
    expected = shown_in(manifests, clip_sha256), shown_in(manifests, voice.sha256)
    record = own.root / "scanned" / USES
    old = b"".join(
        json.dumps({"task_id": use.task_id, "category": use.category, "shown": use.shown}).replace(" ", "").encode()
        + b"\n"
        for use in (use_of(one.task) for one in manifests.values())
    )

    for content in (None, b"", old, old[:-30], b"\xff\x00\n[]\n"):
        record.unlink(missing_ok=True)
        if content is not None:
            record.write_bytes(content)
        assert (users(own.told("uses", str(clip))), users(own.told("uses", voice.path))) == expected


def test_asset_that_left_the_library_is_found_by_where_it_was(own: Archive) -> None:
    """A clip that was taken away with its side file is found by the path it had, and by the one it was dropped at."""
    clip = own.library("green.mp4")
    expected = shown_in(own.manifests(), hashlib.sha256(clip.read_bytes()).hexdigest())
    clip.unlink()
    clip.with_name(f"{clip.name}.json").unlink()

    assert users(own.told("uses", str(clip))) == expected
    assert users(own.told("uses", "raw/video/tales/green.mp4")) == expected


@pytest.mark.parametrize("is_chosen", [True, False])
def test_old_lines_tell_all_of_clips_alone(tmp_path: Path, is_chosen: bool) -> None:
    """A line without voice and logo is enough for a clip, and for nothing else."""
    task = papers.task()
    new = Task.model_validate(task.model_dump() | {"task_id": papers.task().task_id})
    old_line = use_of(task).model_copy(update={"besides": ()}).to_line()
    record = tmp_path / "uses"
    record.write_bytes(old_line + use_of(new).to_line())

    told = mentions(record, [papers.digest("clip")], is_chosen=is_chosen)

    assert told.known == ({task.task_id, new.task_id} if is_chosen else {new.task_id})
    assert {use.task_id for use in told.uses} == {task.task_id, new.task_id}
