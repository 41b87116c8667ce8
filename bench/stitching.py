"""One stitch alone in its process: `python -m bench.stitching FOLDER REPEATS SOUND TARGET`; bench.stitch starts it."""

import json
import sys
import time
from pathlib import Path

from bench.meter import peak_mb
from videogen.model.profile import Profile
from videogen.model.segment import Note
from videogen.model.timebase import Range, samples_of
from videogen.render.sounding import Sounding
from videogen.render.stitch import Part, stitch


def main(folder: Path, repeats: int, sound: Path, target: Path) -> None:
    """Stitch the folder's segments so many times over and print seconds and memory as JSON."""
    profile = Profile.model_validate_json((folder / "profile.json").read_bytes())
    notes = {path: Note.model_validate_json(path.read_bytes()) for path in sorted(folder.glob("[0-9].json"))}
    parts = [
        Part(note, path.with_suffix(".mp4"), Range(start=0, end=note.frames)) for path, note in notes.items()
    ] * repeats
    frames = sum(part.frames.length for part in parts)
    samples = samples_of(frames, profile.canvas.fps, profile.canvas.sample_rate)
    before_mb, began = peak_mb(), time.monotonic()
    stitch(parts, Sounding(sound, samples, lambda: True), target, profile)
    seconds = time.monotonic() - began
    print(json.dumps({"seconds": seconds, "before_mb": before_mb, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
