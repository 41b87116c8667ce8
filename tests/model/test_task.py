"""What a task's paper may say: numbers that are numbers, ranges that show something, files of the library."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests import papers
from videogen.model.choice import Candidate
from videogen.model.manifest import Manifest
from videogen.model.media import Loudness
from videogen.model.node import NodePaper
from videogen.model.task import Task
from videogen.model.value import Value, library_path


def read(change: dict[str, Any], *, clip: dict[str, Any] | None = None, which: str = "clips") -> Task:
    """Read a good paper again with some keys changed, in the paper or in one of its inputs."""
    paper = json.loads(papers.task().to_json()) | change
    given = paper["inputs"][which]
    (given[0] if which == "clips" else given).update(clip or {})
    return Task.model_validate_json(json.dumps(paper))


@pytest.mark.parametrize("key", ["voice_duration", "not_before_s"])
@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(key: str, number: float) -> None:
    """JSON as Python writes it has NaN and Infinity; a task has neither (J4)."""
    with pytest.raises(ValidationError, match=key):
        read({key: number})


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize(
    ("model", "good", "key"),
    [
        (Loudness, '{"integrated_lufs": -20, "true_peak_dbtp": -3, "range_lu": 5}', "range_lu"),
        (NodePaper, '{"node": "n", "lease_s": 60}', "lease_s"),
        (Candidate, f'{{"path": "a", "sha256": "{papers.digest("a")}", "weight": 1}}', "weight"),
        (Manifest, papers.manifest(papers.task()).to_json(), "peak_dbfs"),
        (Manifest, papers.manifest(papers.task()).to_json(), "steps"),
    ],
)
def test_no_paper_has_what_is_no_number(model: type[Value], good: str, key: str, word: str) -> None:
    """Side files, nodes' papers, choices and manifests have numbers where numbers stand (J4)."""
    paper = json.loads(good)
    paper[key] = {"final": 0.5} if key == "steps" else 0.5
    text = json.dumps(paper)

    assert model.model_validate_json(text)
    with pytest.raises(ValidationError, match=key):
        model.model_validate_json(text.replace("0.5", word))


def test_length_below_zero_is_refused() -> None:
    """No voice lasts less than no time (J11)."""
    with pytest.raises(ValidationError, match="voice_duration"):
        read({"voice_duration": -0.5})


@pytest.mark.parametrize(
    ("shown", "is_taken"),
    [
        ((0, 1), True),
        ((3, 30), True),
        ((20, 10), False),
        ((10, 10), False),
        ((0, 0), False),
        ((-5, 10), False),
        ((-10, -5), False),
    ],
)
def test_clip_shows_a_frame_of_itself(shown: tuple[int, int], is_taken: bool) -> None:
    """A range that is empty, turned round, or begins before its clip is refused where it stands (J11c)."""
    clip = dict(zip(("in_frame", "out_frame"), shown, strict=True))

    if is_taken:
        assert read({}, clip=clip).inputs.clips[0].out_frame == shown[1]
    else:
        with pytest.raises(ValidationError, match=r"inputs\.clips\.0"):
            read({}, clip=clip)


BAD_PATHS = (
    "../../../etc/passwd",
    "/etc/passwd",
    "scanned/../../etc/passwd",
    "scanned/video/../../raw/x",
    "raw/video/a/x.mp4",
    "output/x/final.mp4",
    "scannedx/x.mp4",
    "scanned",
    "scanned/",
    "scanned//etc/passwd",
    "scanned/./x.mp4",
    "scanned/.segments/x.mp4",
    "./scanned/x.mp4",
    "",
    "scanned/a\nb.mp4",
    "scanned/a\x1b[2J.mp4",
    "scanned/a\0.mp4",
    "scanned/a\x9b2J.mp4",
)


@pytest.mark.parametrize("which", ["voice", "music", "clips"])
@pytest.mark.parametrize("path", BAD_PATHS)
def test_input_lies_in_the_library(path: str, which: str) -> None:
    """A path that leads out of scanned/, hides in it or cannot be printed is refused for every input (J7)."""
    with pytest.raises(ValidationError, match=rf"inputs\.{which}"):
        read({}, clip={"path": path}, which=which)


@pytest.mark.parametrize(
    "path", ["scanned/video/a b/mp4_w64_h64/1.0_c..d.mp4", "scanned/story/شعر/می‌خواهم/voice/1.0_ü.mp3"]
)
def test_name_of_any_language_is_taken(path: str) -> None:
    """What intake gives as a path is a path: spaces, dots within, all languages and their joiners."""
    assert library_path(path) == path


def test_logo_is_the_tasks_own() -> None:
    """A logo is copied into the task's folder; its path is only what the operator called it."""
    logo = {"path": "logo.png", "sha256": papers.digest("logo")}
    inputs = json.loads(papers.task().to_json())["inputs"] | {"logo": logo}

    read_back = read({"inputs": inputs}).inputs.logo

    assert read_back is not None
    assert read_back.path == "logo.png"
