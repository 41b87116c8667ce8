"""The program that looks into files: `python -m videogen.probe.inspector KIND FILE`, to see what it says of one.

It runs as a child (prober.py starts it, with `--serve`) because it feeds bytes of strangers to demuxers and decoders:
whatever those do, they do it here, under limits and without a right to open anything. Asked over a socket, with a
descriptor of the file, it answers with one line of JSON, {"media": ...} or {"refused": {code, message, remedy}}. Any
end before its parent's is a crash.
"""

import codecs
import importlib
import json
import os
import pkgutil
import resource
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import IO, get_args

import av
from av.container import InputContainer
from PIL import Image, ImageFile, ImageMode, ImagePalette

from videogen import jail
from videogen.errors import MediaError
from videogen.model.media import Kind, Media, Tags
from videogen.model.warning import warnings_of
from videogen.probe import picture, sound
from videogen.probe.boxes import MAX_TRACKS
from videogen.probe.extent import require
from videogen.probe.labels import tags_of
from videogen.probe.magic import CONVERT, WANTED, Family
from videogen.probe.promise import Promise, promise_of

MAX_CHAPTERS = 100
"""As many as keep a side file under 10 kB."""
REQUEST_BYTES = 1 << 16

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
    with path.open("rb") as file:
        return look_into(file, path.name, kind)


def look_into(file: IO[bytes], name: str, kind: Kind) -> Media:
    """Do what `inspect` does with an open file, which errors call `name`."""
    file.seek(0)  # a child that died of it may have left it elsewhere: the place is the descriptor's, not the process's
    family = require(file, name, kind)
    # Read before a demuxer is there: it shares the place in the file.
    promise = promise_of(file) if family == "mp3" else Promise()
    if kind == "source":
        return _source(file, name, family, promise)
    with _opened(file, name, family, kind) as container:
        chapters = _chapters(container)
        if family == "mov":
            shown = picture.picture_of(container, name)
            return Media(picture=shown, container=family, chapters=chapters, warnings=warnings_of(shown, None))
        heard = (sound.voice_of if kind == "voice" else sound.sound_of)(container, name, promise)
        words = warnings_of(None, heard)
        return Media(sound=heard, container=family, chapters=chapters, warnings=words, tags=tags_of(container))


def _source(file: IO[bytes], name: str, family: Family, promise: Promise) -> Media:
    """Give the first picture that is no cover and the first sound, each read from a file opened afresh."""
    shown = heard = None
    tags = Tags()
    with _opened(file, name, family, "source") as container:
        chapters = _chapters(container)
        has_sound = sound.is_in(container)
        if picture.is_in(container):
            shown = picture.picture_of(container, name, is_indexed=family == "mov", whole_s=picture.SOURCE_ALL_S)
    if has_sound:
        with _opened(file, name, family, "source") as container:
            # What is a track is brought to a loudness later; a film's sound is taken as it is.
            hear = sound.track_of if shown is None else sound.source_sound_of
            heard, tags = hear(container, name, family, promise=promise), tags_of(container)
    if shown is None and heard is None:
        raise MediaError(f"{name} holds no picture and no sound", remedy=CONVERT[family], code="no-media")
    words = warnings_of(shown, heard)
    return Media(picture=shown, sound=heard, container=family, chapters=chapters, warnings=words, tags=tags)


def _chapters(container: InputContainer) -> tuple[Fraction, ...]:
    starts = {one["start"] * Fraction(one["time_base"]) for one in container.chapters() if one["time_base"]}
    return tuple(sorted(starts)[:MAX_CHAPTERS])


@contextmanager
def _opened(file: IO[bytes], name: str, family: Family, kind: Kind) -> Iterator[InputContainer]:
    with _demuxer(file, name, family, _DECODERS[kind]) as container:
        if len(container.streams) > MAX_TRACKS:
            raise MediaError(
                f"{name} holds {len(container.streams)} streams, over {MAX_TRACKS}",
                remedy=CONVERT[family],
                code="too-many-streams",
            )
        yield container


def _demuxer(file: IO[bytes], name: str, family: Family, decoders: str) -> InputContainer:
    options = {
        "fd": str(file.fileno()),
        "protocol_whitelist": "fd",
        "format_whitelist": family,
        "codec_whitelist": decoders,
        "max_pixels": str(picture.MAX_PIXELS),
        "max_streams": str(2 * MAX_TRACKS),
    }
    try:
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        # By descriptor: a file has no name here that could be read as a protocol, and nothing beside it is in reach.
        # Old tags hold bytes in whatever letters their writer had: `probe/labels.py` makes words of them.
        return av.open("fd:", "r", format=family, options=options, metadata_errors="surrogateescape")
    except av.error.MemoryError as error:
        # Its tables claim more entries, or more streams, than a child may hold.
        raise MediaError(
            f"{name} has an index too large to be true", remedy=CONVERT[family], code="bad-structure"
        ) from error
    except av.error.FFmpegError as error:
        raise MediaError(
            f"{name} cannot be opened ({error.strerror})", remedy=CONVERT[family], code="bad-structure"
        ) from error


def serve(descriptor: int) -> None:
    """Answer every request that comes over a socket, until its other end is closed.

    A request is a line of JSON (kind, name, cpu_s) with the descriptor of a file.
    """
    with socket.socket(fileno=descriptor) as line:
        _settle()
        walls = jail.enclose()
        line.sendall(json.dumps({"ready": walls}).encode("ascii") + b"\n")
        while True:
            request, handed, _, _ = socket.recv_fds(line, REQUEST_BYTES, 1)
            if not request:
                return
            asked = json.loads(request)
            _allow_cpu(asked["cpu_s"])
            with os.fdopen(handed[0], "rb") as file:
                line.sendall(_verdict(file, asked["name"], asked["kind"]))


def _settle() -> None:
    """Have ready what is fetched from the disk when it is first used: behind the walls no file can be opened."""
    for name in ("utf-8", "latin-1", "cp1252", "ascii", "utf-16", "idna"):
        codecs.lookup(name)
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in {"av.__main__", "av.datasets"}:
            importlib.import_module(module.name)
    _ = ImageFile, ImageMode, ImagePalette  # what Pillow imports when it first makes a picture, and when it resizes one
    Image.frombytes("L", (2, 2), bytes(4)).resize((1, 1)).tobytes()
    time.localtime()


def _allow_cpu(seconds: int) -> None:
    """Let this process use so much of the processor from now on; the kernel ends it where it uses more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _verdict(file: IO[bytes], name: str, kind: Kind) -> bytes:
    try:
        answer: dict[str, object] = {"media": look_into(file, name, kind).model_dump(mode="json")}
    except MediaError as error:
        answer = {"refused": {"code": error.word, "message": error.message, "remedy": error.remedy}}
    # ASCII: a name that is not UTF-8 must not break the answer.
    return json.dumps(answer).encode("ascii") + b"\n"


def main(arguments: list[str]) -> int:
    """Serve, or print the verdict on one file as JSON. Give 0 for a verdict, 64 for a wrong call."""
    if len(arguments) == 2 and arguments[0] == "--serve":
        serve(int(arguments[1]))
        return 0
    if len(arguments) != 2 or arguments[0] not in WANTED:
        sys.stderr.write(f"usage: inspector {'|'.join(one for one in get_args(Kind) if one in WANTED)} FILE\n")
        return 64
    path = Path(arguments[1])
    with path.open("rb") as file:
        sys.stdout.write(_verdict(file, path.name, arguments[0]).decode("ascii"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
