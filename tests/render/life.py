"""One life of a process that makes a video: `python -m tests.render.life STORE FOLDER FILM OTHER_FILM VOICE`.

It prints what came of it as JSON: the hash, the frames it encoded, and the keys of the segments it encoded.
"""

import json
import sys
from pathlib import Path

from tests.render.studio import House, Shelf, story
from videogen.segments import Segments


def main(store: Path, folder: Path, clips: tuple[Path, Path], voice: Path) -> None:
    """Make the story's video in pieces of a second."""
    shelf = Shelf()
    assets = [shelf.take(one) for one in clips]
    house = House(folder, shelf, Segments(store))

    done = house.render(story(assets[0], assets[1], shelf.take(voice, "voice")), segment_s=1)

    encoded = [key for key, how in done.segments.items() if how == "encoded"]
    print(json.dumps({"sha256": done.sha256, "frames": done.frames_encoded, "encoded": encoded}))


if __name__ == "__main__":
    _store, _folder, _film, _other, _voice = map(Path, sys.argv[1:])
    main(_store, _folder, (_film, _other), _voice)
