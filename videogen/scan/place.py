"""What a file is, from where it was dropped: the hierarchy of raw/ is the only thing an operator has to know."""

import re
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath

from videogen.errors import MediaError
from videogen.model.job import DESCRIPTIONS
from videogen.model.media import TEXTS, Kind
from videogen.model.value import readable

EXTENSION: dict[Kind, str] = {"video": ".mp4", "frame": ".mp4", "music": ".mp3", "voice": ".mp3", "link": ".txt"}
_REMEDY: dict[Kind, str] = {
    "video": "Export the clip as H.264 in an .mp4 file and drop that.",
    "frame": "Export the clip as H.264 in an .mp4 file and drop that.",
    "music": "Export the track as .mp3 and drop that.",
    "voice": "Export the recording as .mp3 and drop that; its words may lie beside it as .srt, .vtt or .txt.",
    "link": "Write one URL per line into a .txt file and drop that.",
}
PLACES = (
    "Places are video/<category>/, frame/<category>/, music/<category>/, story/<category>/<story>/voice/, "
    "story/<category>/<story>/link/, mix/<name>/, composition/<name>/ and golden_frame/<name>/."
)
FOLDER_BYTES = 200
_JOINERS = re.compile("[\u200c\u200d]")
"""Part of ordinary Persian words and of many emoji, and they hide nothing."""


@dataclass(frozen=True)
class Place:
    """Kind, category and (for voices and links) story of a dropped file; `stem` is its name without the extension."""

    kind: Kind
    category: str
    story: str
    stem: str


def place_of(relative: PurePosixPath) -> Place:
    """Recognise a file by its path below raw/.

    Raises: MediaError: `misplaced`, `bad-folder-name` or `kind-mismatch`, with what to do instead.
    """
    kind, category, story = _kind_of(relative)
    for folder in filter(None, (category, story)):
        check_folder(folder)
    name = relative.name
    extension = name[-len(TEXTS[0]) :].lower() if kind == "text" else EXTENSION[kind]
    if not name.lower().endswith(extension):
        raise MediaError(
            f"{shown(name)} is not a file that {kind} takes, which is {extension}",
            remedy=_REMEDY[kind],
            code="kind-mismatch",
        )
    return Place(kind, category, story, name[: -len(extension)])


def is_of_job(relative: PurePath) -> bool:
    """Whether a path below raw/ is that of a file in a folder that becomes a video: <recipe>/<name>/<file>."""
    return relative.parts[0] in DESCRIPTIONS and len(relative.parts) > len(("recipe", "name"))


def _kind_of(relative: PurePosixPath) -> tuple[Kind, str, str]:
    match relative.parts:
        case ("video", category, _):
            return "video", category, ""
        case ("frame", category, _):
            return "frame", category, ""
        case ("music", category, _):
            return "music", category, ""
        case ("story", category, story, "voice", name) if name.lower().endswith(TEXTS):
            return "text", category, story
        case ("story", category, story, "voice", _):
            return "voice", category, story
        case ("story", category, story, "link", _):
            return "link", category, story
    if relative.parts[0] in DESCRIPTIONS:
        recipe = relative.parts[0]
        remedy = f"Make a folder for each video, raw/{recipe}/<name>/, and put it there."
        raise MediaError(f"{shown(str(relative))} lies in no folder of its own", remedy=remedy, code="misplaced")
    raise MediaError(f"{shown(str(relative))} lies at no place of raw/", remedy=PLACES, code="misplaced")


def check_folder(name: str) -> None:
    """Prove that a folder's name can be part of paths and papers. Raises: MediaError: `bad-folder-name`."""
    # A folder's name goes into paths, into metadata.json and into video_list.txt, whose quotes cannot hold a newline.
    try:
        is_fine = len(name.encode("utf-8")) <= FOLDER_BYTES and _JOINERS.sub("", name).isprintable()
    except UnicodeEncodeError:
        is_fine = False
    if not is_fine:
        raise MediaError(
            f"the folder {shown(name)} has control characters, is not UTF-8, or is longer than {FOLDER_BYTES} bytes",
            remedy="Rename the folder to plain printable characters and drop the file again.",
            code="bad-folder-name",
        )


def shown(name: str) -> str:
    """Give a name for one line of text: what is not printable as an escape."""
    text = readable(name)
    return text if text.isprintable() else repr(text)
