"""`videogen verify` finds every defect put into a good file, by its own name, and none in the good one (A17)."""

import json
from pathlib import Path

import pytest

from tests import papers
from tests.render.conftest import UsualOf
from tests.render.defects import DEFECTS
from tests.verbs import said_by
from videogen.model.manifest import Manifest
from videogen.model.quality import Limits
from videogen.render.verifying import verify

LIMITS = Limits()


@pytest.fixture(scope="module")
def good(usual: UsualOf) -> Path:
    """The usual video: eight pieces, a crossfade, a voice."""
    return usual()[1].video


@pytest.fixture(scope="module")
def manifest(usual: UsualOf) -> Manifest:
    """What was written down of it when it was made."""
    done = usual()[1]
    paper = papers.manifest(papers.task())
    render = paper.task.render.model_copy(update={"resolution": "64x36", "frame_rate": 25})
    changed = {
        "task": paper.task.model_copy(update={"render": render}),
        "frames": done.proof.frames,
        "samples": done.proof.samples,
        "sha256": done.sha256,
        "quality": done.quality,
    }
    return paper.model_copy(update=changed)


def test_a_published_video_is_as_it_left(good: Path, manifest: Manifest) -> None:
    """Of a video that nobody touched every figure is good, and the whole of it was decoded."""
    quality = verify(good, LIMITS, manifest)

    assert [figure for figure in quality.figures if figure.verdict != "good"] == []
    assert (figure := quality.figure("decode")) is not None
    assert figure.value == manifest.frames


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_by_its_name(tmp_path: Path, good: Path, manifest: Manifest, name: str) -> None:
    """One thing is broken on purpose: the check it belongs to says so, and the video is not taken for good."""
    check, make = DEFECTS[name]
    make(good, tmp_path / "bad.mp4")

    quality = verify(tmp_path / "bad.mp4", LIMITS, manifest)

    found = {figure.check: figure for figure in (*quality.of("bad"), *quality.of("warn"))}
    assert check in found, [(figure.check, figure.value, figure.said) for figure in found.values()]
    assert found[check].said
    assert quality.of("bad")


@pytest.mark.parametrize("name", ["a stretch is black", "the tail is cut off", "the sound is silent for a while"])
def test_a_file_of_another_is_judged_without_a_manifest(tmp_path: Path, good: Path, name: str) -> None:
    """Of what is none of ours the same is found, as far as nobody need say what was meant."""
    check, make = DEFECTS[name]
    make(good, tmp_path / "bad.mp4")

    quality = verify(tmp_path / "bad.mp4", LIMITS, None)

    assert check in {figure.check for figure in (*quality.of("bad"), *quality.of("warn"))}


def test_the_verb_tells_and_shows(
    tmp_path: Path, good: Path, manifest: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verb exits with 0 for a good video and with 65 for a broken one, whose trouble lies there as pictures."""
    for name, make in (("good", None), ("bad", DEFECTS["a stretch is black"][1])):
        folder = tmp_path / "output" / name
        folder.mkdir(parents=True)
        if make is None:
            (folder / "final.mp4").write_bytes(good.read_bytes())
        else:
            make(good, folder / "final.mp4")
        (folder / "manifest.json").write_text(manifest.to_json())

    fine = said_by(tmp_path, capsys, "verify", "good", "--json")
    wrong = said_by(tmp_path, capsys, "verify", "bad", "--json", "--pictures", str(tmp_path / "look"))
    nothing = said_by(tmp_path, capsys, "verify", "neither")

    assert (fine.status, wrong.status, nothing.status) == (0, 65, 65), (fine, wrong, nothing)
    told = json.loads(wrong.out)
    assert {"hash", "black"} <= {figure["check"] for figure in told["figures"] if figure["verdict"] == "bad"}
    assert str(tmp_path / "look" / "frame-000060.png") in told["pictures"]
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in told["pictures"])
