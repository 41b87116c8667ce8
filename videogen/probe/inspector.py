"""The program that looks into one file: `python -m videogen.probe.inspector KIND FILE`.

It runs as a child (probe.py starts it) because it feeds bytes of strangers to demuxers and decoders: whatever those do,
they do it here, under limits. It prints one JSON object, {"media": ...} or {"refused": {code, message, remedy}}, and
exits with 0 for both answers; any other end is a crash.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import get_args

import av
from av.container import InputContainer

from videogen.errors import MediaError
from videogen.model.media import Kind, Media
from videogen.probe import picture, sound
from videogen.probe.extent import require
from videogen.probe.magic import CONVERT, WANTED, Family

MAX_STREAMS = 16
MAX_CHAPTERS = 1000

_DECODERS: dict[Kind, str] = {
    "video": picture.DECODERS,
    "frame": picture.DECODERS,
    "music": sound.DECODERS,
    "voice": sound.DECODERS,
    "source": f"{picture.DECODERS},{sound.SOURCE_DECODERS}",
}


def inspect(path: Path, kind: Kind) -> Media:
    """Give what a file holds: the picture of a video or frame, the sound of music or a voice, both of a source.

    The sound inside a clip is never used, so it is neither decoded nor listed.

    Shape: at most MAX_CHAPTERS chapters, the first ones.
    Raises: MediaError: the file is not what its kind asks for; its code is the stable word for what is wrong.
    """
    family = require(path, kind)
    if kind == "source":
        return _source(path, family)
    with _opened(path, family, kind) as container:
        chapters = _chapters(container)
        if family == "mov":
            shown = picture.picture_of(container, path.name)
            return Media(picture=shown, container=family, chapters=chapters)
        heard = sound.sound_of(container, path.name)
        return Media(sound=heard, container=family, chapters=chapters)


def _source(path: Path, family: Family) -> Media:
    """Give the first picture that is no cover and the first sound, each read from a file opened afresh."""
    shown = heard = None
    with _opened(path, family, "source") as container:
        chapters = _chapters(container)
        has_sound = sound.is_in(container)
        if picture.is_in(container):
            shown = picture.picture_of(container, path.name, is_indexed=family == "mov")
    if has_sound:
        with _opened(path, family, "source") as container:
            heard = sound.source_sound_of(container, path.name, family)
    if shown is None and heard is None:
        raise MediaError(f"{path.name} holds no picture and no sound", remedy=CONVERT[family], code="no-media")
    return Media(picture=shown, sound=heard, container=family, chapters=chapters)


def _chapters(container: InputContainer) -> tuple[Fraction, ...]:
    starts = {one["start"] * Fraction(one["time_base"]) for one in container.chapters() if one["time_base"]}
    return tuple(sorted(starts)[:MAX_CHAPTERS])


@contextmanager
def _opened(path: Path, family: Family, kind: Kind) -> Iterator[InputContainer]:
    with _demuxer(path, family, _DECODERS[kind]) as container:
        if len(container.streams) > MAX_STREAMS:
            raise MediaError(
                f"{path.name} holds {len(container.streams)} streams, over {MAX_STREAMS}",
                remedy=CONVERT[family],
                code="too-many-streams",
            )
        yield container


def _demuxer(path: Path, family: Family, decoders: str) -> InputContainer:
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": family,
        "codec_whitelist": decoders,
        "max_pixels": str(picture.MAX_PIXELS),
        "max_streams": str(2 * MAX_STREAMS),
    }
    try:
        # The prefix keeps a name such as "concat:a|b" from being read as a protocol.
        return av.open(f"file:{path}", "r", format=family, options=options, metadata_errors="replace")
    except av.error.MemoryError as error:
        # Its tables claim more entries, or more streams, than a child may hold.
        raise MediaError(
            f"{path.name} has an index too large to be true", remedy=CONVERT[family], code="bad-structure"
        ) from error
    except av.error.FFmpegError as error:
        raise MediaError(
            f"{path.name} cannot be opened ({error.strerror})", remedy=CONVERT[family], code="bad-structure"
        ) from error


def main(arguments: list[str]) -> int:
    """Print the verdict on one file as JSON. Give 0 for a verdict, 64 for a wrong call."""
    if len(arguments) != 2 or arguments[0] not in WANTED:
        sys.stderr.write(f"usage: inspector {'|'.join(one for one in get_args(Kind) if one in WANTED)} FILE\n")
        return 64
    try:
        media = inspect(Path(arguments[1]), arguments[0])
        answer: dict[str, object] = {"media": media.model_dump(mode="json")}
    except MediaError as error:
        answer = {"refused": {"code": error.word, "message": error.message, "remedy": error.remedy}}
    # ASCII: a name that is not UTF-8 must not break the answer.
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
