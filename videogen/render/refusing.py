"""The error that keeps a video from being published: what is wrong with it, in numbers, and what a person can do."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from videogen.errors import Defect
from videogen.model.quality import Check, Figure

REMEDY = (
    "Look at the frames beside this, then `videogen retry` it: what is wrong is made again. "
    "gate.warn and gate.off let such videos pass."
)
Facts = Mapping[str, Any]


def _defect(message: str, facts: Facts, code: str) -> Defect:
    return Defect(message, remedy=REMEDY, code=code, **facts)


# One row for each check, so that every code stands here as a word: tests/docs/test_verdicts.py reads them.
_ERRORS: Mapping[Check, Callable[[str, Facts], Defect]] = {
    "hash": lambda said, facts: _defect(said, facts, "quality-hash"),
    "tracks": lambda said, facts: _defect(said, facts, "quality-tracks"),
    "size": lambda said, facts: _defect(said, facts, "quality-size"),
    "rate": lambda said, facts: _defect(said, facts, "quality-rate"),
    "frames": lambda said, facts: _defect(said, facts, "quality-frames"),
    "pieces": lambda said, facts: _defect(said, facts, "quality-pieces"),
    "decode": lambda said, facts: _defect(said, facts, "quality-decode"),
    "lengths": lambda said, facts: _defect(said, facts, "quality-lengths"),
    "index": lambda said, facts: _defect(said, facts, "quality-index"),
    "edits": lambda said, facts: _defect(said, facts, "quality-edits"),
    "colour": lambda said, facts: _defect(said, facts, "quality-colour"),
    "black": lambda said, facts: _defect(said, facts, "quality-black"),
    "freeze": lambda said, facts: _defect(said, facts, "quality-freeze"),
    "flash": lambda said, facts: _defect(said, facts, "quality-flash"),
    "silence": lambda said, facts: _defect(said, facts, "quality-silence"),
    "loudness": lambda said, facts: _defect(said, facts, "quality-loudness"),
    "peak": lambda said, facts: _defect(said, facts, "quality-peak"),
    "clipping": lambda said, facts: _defect(said, facts, "quality-clipping"),
    "click": lambda said, facts: _defect(said, facts, "quality-click"),
}


def refusal(bad: Sequence[Figure], **facts: Any) -> Defect:
    """Give the error of a video that may not leave: its code is of the first thing that is wrong.

    Shape: a fact for each figure, named by its check; `bad` is not empty.
    """
    said = "; ".join(dict.fromkeys(figure.said for figure in bad))
    return _ERRORS[bad[0].check](f"the finished video is not what was planned: {said}", _facts(bad) | facts)


def _facts(bad: Sequence[Figure]) -> dict[str, Any]:
    return {figure.check: f"{figure.value} {figure.unit}, limit {figure.limit} {figure.unit}" for figure in bad}
