"""A finished file looked at in a process of its own, behind walls: it may be anybody's, and decoders are large.

The child imports all it needs, shuts itself in with the one file to read and the one folder to write, and tells what
it found line by line: `["frames", done, total]`, and at last `["found", quality, pictures]` or
`["refused", code, sentence, remedy]`.
"""

import importlib
import json
import os
import pkgutil
import sys
import tempfile
from pathlib import Path
from threading import Event
from typing import IO, Any

import av
from PIL import Image, ImageFile, ImageMode, ImagePalette, PngImagePlugin

from videogen import cage, durable, jail
from videogen.cage import Limits as Cage
from videogen.errors import MediaError, Stopped, VideogenError
from videogen.model.manifest import Manifest
from videogen.model.quality import Limits, Quality
from videogen.render.evidence import pictures, troubled
from videogen.render.verifying import Tell, verify

LIMITS = Cage(memory_bytes=8 << 30, open_files=64)
"""Sixteen frames of 8K and their decoder; a hostile file gets no more."""
SAID_BYTES = 4096


def looked_at(
    file: Path, limits: Limits, manifest: Manifest | None, into: Path | None, tell: Tell, stop: Event
) -> tuple[Quality, list[str]]:
    """Decode all of a file apart from this process, and judge it; give the names of the pictures written to `into`.

    Raises: MediaError: it is no file that can be opened, it has no picture and no sound, or a decoder died of it.
        Stopped: `stop` was set.
    """
    asked = {
        "file": str(file.absolute()),
        "into": str(into.absolute()) if into else "",
        "limits": limits.model_dump(mode="json"),
        "manifest": manifest.model_dump(mode="json") if manifest else None,
    }
    if into:
        durable.make_folder(into)
    words = [sys.executable, "-P", "-W", "ignore::RuntimeWarning:runpy", "-m", "videogen.render.apart"]
    with tempfile.TemporaryFile() as request, tempfile.TemporaryFile() as said:
        request.write(json.dumps(asked).encode())
        request.seek(0)
        reader, writer = os.pipe()
        with open(reader, encoding="utf-8") as lines:
            try:
                child = cage.spawn(
                    [*words, str(request.fileno())],
                    LIMITS,
                    stdout=writer,
                    stderr=said,
                    pass_fds=[request.fileno()],
                    env=cage.child_environment(),
                )
            finally:
                os.close(writer)
            try:
                answer = _answer(lines, tell, stop)
            finally:
                status = cage.end(child, grace_s=1.0)
        if answer is None:
            said.seek(0)
            last = said.read()[-SAID_BYTES:].decode(errors="replace").strip().splitlines()[-1:]
            raise MediaError(
                f"a decoder died of {file.name} (status {status}{': ' if last else ''}{''.join(last)})",
                remedy="Do not trust that file; encode it again where it came from.",
                code="decode-error",
            )
    return _told(answer)


def _answer(lines: IO[str], tell: Tell, stop: Event) -> list[Any] | None:
    for line in lines:
        word, *rest = json.loads(line)
        if word != "frames":
            return [word, *rest]
        if stop.is_set():
            raise Stopped("the look was stopped", remedy="Nothing was changed.")
        tell(rest[0], rest[1])
    return None


def _told(answer: list[Any]) -> tuple[Quality, list[str]]:
    word, *rest = answer
    if word == "refused":
        raise MediaError(rest[1], remedy=rest[2], code=rest[0])
    return Quality.model_validate(rest[0]), rest[1]


# -- the child ---------------------------------------------------------------------------------------------------------


def _settle() -> None:
    """Have ready what is fetched from the disk when it is first used: behind the walls nothing of it can be opened."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in {"av.__main__", "av.datasets"}:
            importlib.import_module(module.name)
    _ = ImageFile, ImageMode, ImagePalette, PngImagePlugin
    Image.init()


def main() -> None:
    """Look at the file that the request names, behind walls."""
    with open(int(sys.argv[1]), "rb") as request:
        asked = json.load(request)
    file, into = Path(asked["file"]), asked["into"]
    limits = Limits.model_validate(asked["limits"])
    manifest = Manifest.model_validate(asked["manifest"]) if asked["manifest"] else None
    _settle()
    jail.enclose(read=[str(file)], write=[into] if into else [])
    try:
        quality = verify(file, limits, manifest, lambda done, total: _say("frames", done, total))
        wanted = troubled([*quality.of("bad"), *quality.of("warn")], 1 << 40) if into else []
        _say("found", quality.model_dump(mode="json"), pictures(file, wanted, Path(into)) if into else [])
    except VideogenError as error:
        _say("refused", error.word, error.message, error.remedy)


def _say(*words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
