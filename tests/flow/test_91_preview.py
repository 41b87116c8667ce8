"""What a person sees of a video without watching it: pictures beside it, and a draft before it is made."""

import hashlib
import json
from pathlib import Path

import av
import pytest
from PIL import Image

from tests import footage
from tests.flow.house import House, frames_in, tasked
from tests.flow.sight import near, pixels, size_of
from tests.verbs import said_by
from videogen.draft import find
from videogen.errors import Defect, MissingInput
from videogen.spool import Spool

PICTURES = {"poster.jpg": "JPEG", "contact.jpg": "JPEG", "waveform.png": "PNG"}


@pytest.fixture
def task(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A spool of one's own with one task to render, and a folder beside it to work in."""
    return tasked(tmp_path_factory, tmp_path / "spool")


def test_every_video_has_its_pictures(task: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside a published video lie three whole pictures that its manifest names with their hashes (A16)."""
    status, told = task.up()

    folder = task.final().parent
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (status, len(told["published"])) == (0, 1)
    assert task.visible(f"output/{folder.name}") == sorted([*PICTURES, "final.mp4", "manifest.json"])
    for name, kind in PICTURES.items():
        raw = (folder / name).read_bytes()
        assert manifest["pictures"][name] == hashlib.sha256(raw).hexdigest()
        with Image.open(folder / name) as image:
            image.load()
            assert image.format == kind
    assert manifest["pictures_trouble"] == ""
    assert said_by(task.root, capsys, "fsck").status == 0


def test_a_waiting_task_is_previewed(task: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A draft has every frame on a small canvas, the logo in its place; the spool is as it was (A15)."""
    task.size_task("1280x720")
    before, (task_id,) = task.files("."), task.visible("tasks")
    out = tmp_path / "draft.mp4"

    said = said_by(task.root, capsys, "preview", task_id[:6], "-o", str(out), "--json")

    told = json.loads(said.out)
    assert (said.status, told["output"], told["where"]) == (0, str(out), f"tasks/{task_id}")
    assert (told["frames"], told["of_frames"], told["lacks"]) == (60, 60, [])
    assert (frames_in(out), size_of(out)) == (60, (426, 240))
    assert (task.files("."), task.segments()) == (before, [])
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_beginning_of_a_published_task_is_previewed(
    task: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is published is drafted from its manifest; a logo that is another by now is left out, and it is said.

    With render.pictures = false it was published alone.
    """
    task.up(env={"VIDEOGEN_RENDER__PICTURES": "false"})
    name = task.final().parent.name
    assert task.visible(f"output/{name}") == ["final.mp4", "manifest.json"]
    Image.new("RGBA", (8, 8), (255, 0, 0, 255)).save(task.root / "logo.png")
    monkeypatch.chdir(tmp_path)
    draft = tmp_path / f"{name[:8]}.preview.mp4"
    draft.write_bytes(b"an earlier one")

    said = said_by(task.root, capsys, "preview", name, "--seconds", "0.5")

    assert said.status == 0, said.err
    assert said.out.startswith(f"{draft.name}: 15 of 60 frames of output/{name} at 320x180")
    assert "without its logo" in said.out
    assert frames_in(draft) == 15


def test_a_timeline_is_previewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A timeline file outside any spool is drafted like a task: badge, cut and length are those of the file."""
    Image.new("RGBA", (160, 160), (255, 255, 255, 255)).save(tmp_path / "badge.png")
    timeline = {
        "canvas": {"width": 960, "height": 960, "fps": 10},
        "picture": [{"type": "gap", "length": 12}],
        "overlays": [{"type": "image", "asset": "badge.png", "x": 480, "y": 160, "at": {"start": 0, "end": 6}}],
    }
    (tmp_path / "cut.json").write_text(json.dumps(timeline))

    said = said_by(tmp_path, capsys, "preview", str(tmp_path / "cut.json"), "-o", str(tmp_path / "out.mp4"))

    assert said.status == 0, said.err
    places = [(140, 60), (100, 60), (140, 100)]
    white = [near(one, (255, 255, 255)) for one in pixels(tmp_path / "out.mp4", 5, *places)]
    black = [near(one, (0, 0, 0)) for one in pixels(tmp_path / "out.mp4", 6, *places)]
    assert (white, black) == ([True, False, False], [True, True, True])


def test_a_hurried_draft_changes_where_the_video_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a clip with B-frames, entered in its middle, each frame is the one to be shown or one just before it (A15)."""
    grey = "geq=lum='40+N':cb=128:cr=128"
    footage.clip(tmp_path / "film.mp4", size=(64, 36), seconds=4, sound=False, extra=("-vf", grey, "-bf", 3))
    clip = {"type": "clip", "asset": "film.mp4", "source": {"start": 37, "end": 97}}
    timeline = {"canvas": {"width": 64, "height": 36, "fps": 25}, "picture": [clip]}
    (tmp_path / "cut.json").write_text(json.dumps(timeline))

    said = said_by(tmp_path, capsys, "preview", str(tmp_path / "cut.json"), "-o", str(tmp_path / "out.mp4"))

    assert said.status == 0, said.err
    assert "of every picture" not in said.err
    with av.open(str(tmp_path / "out.mp4")) as container:
        greys = [bytes(frame.planes[0])[30] for frame in container.decode(video=0)]
    late = [77 + nth - grey for nth, grey in enumerate(greys)]
    assert len(greys) == 60
    assert max(late) in {2, 3, 4}
    assert min(late) >= -2


def test_a_draft_takes_no_place_that_is_taken(task: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there stays as it is unless --force is said; an unknown task is a sentence (exit 65)."""
    (tmp_path / "mine.mp4").write_bytes(b"mine")

    taken = said_by(task.root, capsys, "preview", task.visible("tasks")[0], "-o", str(tmp_path / "mine.mp4"))
    unknown = said_by(task.root, capsys, "preview", "nothing")

    assert (taken.status, (tmp_path / "mine.mp4").read_bytes()) == (65, b"mine")
    assert "is there already" in taken.err
    assert unknown.status == 65
    assert "no task" in unknown.err


def test_a_task_is_found_in_every_room(task: House) -> None:
    """Waiting, running, failed: a task is found by the beginning of its id, and by its folder; two are one too many."""
    spool, (task_id,) = Spool(task.root), task.visible("tasks")
    seen = [find(spool, task_id[:4])]
    claim = spool.claim(task_id, "n1", "life")
    assert claim is not None
    seen.append(find(spool, task_id[:4]))
    spool.discard(claim, Defect("x", remedy="y"), stage="render", at="now")
    seen.append(find(spool, str(task.root / "trash/failed" / task_id)))

    assert [path.parent.name for path in seen] == ["tasks", "processing", "failed"]
    (task.root / "tasks" / f"{task_id[:4]}-another").mkdir()
    with pytest.raises(MissingInput, match="2 tasks"):
        find(spool, task_id[:4])
