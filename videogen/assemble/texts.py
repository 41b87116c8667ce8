"""The words beside a voice: captions as a person made them, or the text that was read out."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from threading import Event

from videogen import durable
from videogen.aligning import Cue, aligned
from videogen.edit.story import story_frames
from videogen.errors import InputError
from videogen.model.captions import Cues, captions_of
from videogen.model.media import TEXTS, Asset
from videogen.model.timebase import Range, frames_of
from videogen.model.timeline import Canvas, Caption


def captions_beside(root: Path, voice: Asset, canvas: Canvas, stop: Event | None = None) -> Cues:
    """Give the captions of a voice, on its frames; none, and why, where there are none that fit it.

    Shape: from the `.srt`, else the `.vtt` of the voice's own name in its folder; else its `.txt`, else the story's
        text as it was crawled, which are aligned.
    Raises: Stopped: `stop` was set.
    """
    frames = story_frames(voice.media, canvas)
    for ending in TEXTS[:2]:
        path = (root / voice.path).with_suffix(ending)
        try:
            return captions_of(durable.read(path).decode("utf-8-sig"), path.name, canvas.fps, frames)
        except FileNotFoundError:
            continue
        except (InputError, UnicodeDecodeError) as error:
            return Cues((), (f"bad-captions: {error}.",))
    name = Path(voice.path).stem
    text = next((path for path in _texts_of(root, voice) if path.is_file()), None)
    if text is None:
        beside = f"there is no {name}.srt, {name}.vtt or {name}.txt beside {voice.path}"
        return Cues((), (f"no-captions: {beside}, and its story has no chunk_0001.txt.",))
    try:
        found = aligned(root / voice.path, durable.read(text).decode("utf-8-sig"), voice.media, stop)
    except (OSError, UnicodeDecodeError) as error:
        return Cues((), (f"bad-captions: {text.name} cannot be read ({error}).",))
    if found.because:
        return Cues((), (f"no-captions: {text.name}: {found.because}.",))
    return Cues(tuple(_placed(found.cues, canvas, frames)))


def _texts_of(root: Path, voice: Asset) -> Iterator[Path]:
    """Give where the text that was read out may lie, the likeliest first.

    A story has a voice for each of its chunks, or one for a chunk that was short: whether it fits, the aligner finds.
    """
    yield (root / voice.path).with_suffix(".txt")
    story = root / "scanned" / "story" / voice.category / voice.story
    if number := re.search(r"(\d{1,9})$", Path(voice.path).stem):
        yield story / f"chunk_{int(number[1]):04}.txt"
    yield story / "chunk_0001.txt"


def _placed(cues: Sequence[Cue], canvas: Canvas, frames: int) -> Iterator[Caption]:
    """Give captions on the frames of the voice; one of no frame is left out."""
    after = 0
    for cue in cues:
        start = max(after, frames_of(Fraction(str(cue.start_s)), canvas.fps))
        end = min(frames, frames_of(Fraction(str(cue.end_s)), canvas.fps))
        if start < end:
            yield Caption(at=Range(start=start, end=end), text=cue.text[:2000])
            after = end
