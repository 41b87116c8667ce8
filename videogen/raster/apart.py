"""Drawing in a process of its own, behind walls: pictures, fonts and tables are strangers', and what reads them is C.

One child draws all that one call wants. It has imported all it needs when it shuts itself in with the files to read,
the fonts of the machine and one folder to write; a picture that makes it die, or eat, costs that child and names the
picture. What it says is a stranger's word too: a drawing is held against its own first bytes.

The child says one line for each wish, in order: `["drawn", x, y, width, height, warnings]`, its PNG being the file of
that number, or `["refused", code, sentence, remedy]`, which is its last.
"""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from struct import unpack_from
from threading import Event
from typing import Any

from videogen import cage, jail
from videogen.errors import MediaError, NoSpace, Stalled, VideogenError
from videogen.model.readable import readable
from videogen.raster.wishes import Drawn, Look, Wish, Words, from_json, to_json

LIMITS = cage.Limits(memory_bytes=4 << 30, cpu_s=600, open_files=256, file_bytes=1 << 30)
"""A picture of 200 megapixels takes 2 GB while it is brought down."""
START_S, EACH_S = 60.0, 20.0
"""How long a child may take; far more than any picture needs on a busy machine."""
PNG_MOST = 300 << 20
ALL_MOST = 600 << 20
"""What all drawings of one description may take together: they are held at once, and main has 2 GB."""
_MAGIC = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def drawn_apart(
    wishes: Sequence[Wish],
    fonts: Sequence[Path] = (),
    *,
    limits: cage.Limits = LIMITS,
    stop: Event | None = None,
    most: int = ALL_MOST,
) -> list[Drawn]:
    """Draw everything in one child; none is started where nothing is wanted.

    Shape: in the order of the wishes, `most` bytes together.
    Raises: MediaError: the first that cannot be drawn, or that a child died of, or is too much. NoSpace: the temporary
        folder is full. Stopped: `stop` was set.
    """
    if not wishes:
        return []
    no_room = NoSpace("a drawing finds no room on the disk", remedy="Free space in the temporary folder.")
    with tempfile.TemporaryDirectory(prefix="videogen-raster-") as folder:
        asked = {"wishes": [to_json(one) for one in wishes], "fonts": [str(one) for one in fonts]}
        request = Path(folder, "request.json")
        try:
            request.write_text(json.dumps(asked), encoding="utf-8")
        except OSError as error:
            raise no_room from error
        python = [sys.executable, "-P", "-W", "ignore::RuntimeWarning:runpy"]
        argv = [*python, "-m", "videogen.raster.apart", folder]
        try:
            wall_s = START_S + EACH_S * len(wishes)
            ended = cage.run(argv, limits, timeout_s=wall_s, env=cage.child_environment(), stop=stop)
        except Stalled as error:
            raise MediaError(
                f"{len(wishes)} things could not be drawn within {wall_s:g} s",
                remedy="Look for a picture or a font that is damaged, and export it anew.",
                code="broken-image",
            ) from error
        if ended.status == NoSpace.exit_code:
            raise no_room
        lines = ended.stdout.decode(errors="replace").splitlines()
        answers = [_answer(line) for line in lines]
        found: list[Drawn] = []
        held = 0
        for nth, wish in enumerate(wishes):
            if nth >= len(answers):
                raise _died(wish, ended)
            found.append(_told(answers[nth], wish, Path(folder, f"{nth}.png"), ended))
            held += len(found[-1].png)
            if held > most:
                raise MediaError(
                    f"the first {nth + 1} of {len(wishes)} drawings take more than {most >> 20} MiB together",
                    remedy="Show fewer pictures, or a smaller video.",
                    code="too-many-pictures",
                )
        return found


def _answer(line: str) -> list[Any]:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        return []
    return answer if isinstance(answer, list) else []


def _told(answer: list[Any], wish: Wish, png: Path, ended: cage.Ended) -> Drawn:
    match answer:
        case ["refused", str(code), str(message), str(remedy)]:
            raise MediaError(readable(message), remedy=readable(remedy), code=code)
        case ["drawn", int(x), int(y), int(width), int(height), list(warnings)]:
            if isinstance(wish, Look):
                return Drawn(b"", 0, 0, max(1, width), max(1, height))
            content = _checked(png, (width, height))
            if content:
                return Drawn(content, x, y, width, height, tuple(readable(str(one)) for one in warnings))
    raise _died(wish, ended)


def _checked(png: Path, size: tuple[int, int]) -> bytes:
    """Give the bytes of a drawing; empty where it is not what was said."""
    try:
        # The child is gone, and a link of its making would lead where it could read itself.
        if png.is_symlink() or png.stat().st_size > PNG_MOST:
            return b""
        content = png.read_bytes()
    except OSError:
        return b""
    is_so = content.startswith(_MAGIC) and len(content) > 33 and unpack_from(">II", content, 16) == size
    return content if is_so else b""


def _died(wish: Wish, ended: cage.Ended) -> MediaError:
    said = ended.stderr.decode(errors="replace").strip().splitlines()[-1:]
    if isinstance(wish, Words):
        name = f"the words {readable(' '.join(wish.text.split())[:40])!r}"
        remedy, code = "Use another font, or none.", "broken-font"
    else:
        name = readable(Path(wish.file).name)
        remedy, code = "Do not trust that file; export it anew where it came from.", "broken-image"
    why = f"status {ended.status}{': ' if said else ''}{readable(''.join(said))[:200]}"
    return MediaError(f"what draws died of {name} ({why})", remedy=remedy, code=code)


# -- the child ---------------------------------------------------------------------------------------------------------


def main() -> None:
    """Draw what the request in a folder wants into that folder, behind walls."""
    folder = Path(sys.argv[1])
    asked = json.loads(Path(folder, "request.json").read_text("utf-8"))
    wishes = [from_json(one) for one in asked["wishes"]]
    fonts = [Path(one) for one in asked["fonts"]]
    shut_in(wishes, fonts, folder)
    _draw(wishes, fonts, folder)


def shut_in(wishes: Sequence[Wish], fonts: Sequence[Path], folder: Path) -> None:
    """Leave this process nothing but the files of its wishes, the folders of its fonts, and a folder to write."""
    files = [one.font if isinstance(one, Words) else one.file for one in wishes]
    # Some systems have links to their fonts in one folder, and the fonts wherever their packages are.
    shelves = {path.parent for path in fonts} | {path.resolve().parent for path in fonts if path.is_symlink()}
    read = [*filter(None, files), *map(str, sorted(shelves)), *map(str, _settled())]
    jail.enclose(read=read, write=[str(folder)])


def _settled() -> list[Path]:
    """Import what draws; give the folders of its code, of which it fetches more as it goes."""
    import PIL  # noqa: PLC0415 -- the parent draws nothing, and need not have it
    from PIL import ImageFont  # noqa: PLC0415 -- as above

    from videogen.raster import drawing, images  # noqa: PLC0415 -- as above

    _ = drawing
    images.prepare()
    ImageFont.load_default()  # it loads FreeType, and Raqm's own libraries
    return [Path(os.__file__).parent, Path(PIL.__file__).parents[1]]


def _draw(wishes: Sequence[Wish], fonts: Sequence[Path], folder: Path) -> None:
    from videogen.raster.drawing import drawn  # noqa: PLC0415 -- as above

    for nth, wish in enumerate(wishes):
        try:
            one = drawn(wish, fonts)
            try:
                Path(folder, f"{nth}.png").write_bytes(one.png)
            except OSError:
                sys.exit(NoSpace.exit_code)
            _say("drawn", one.x, one.y, one.width, one.height, list(one.warnings))
        except VideogenError as error:
            _say("refused", error.word, error.message, error.remedy)
            return


def _say(*words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
