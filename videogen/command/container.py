"""Container: what FFmpeg may read a file as, and what it is told to write, by the file's suffix."""

from pathlib import Path

from videogen.errors import RecipeError

MUXERS = {
    ".mp4": "mp4",
    ".mov": "mov",
    ".m4a": "ipod",
    ".mkv": "matroska",
    ".mka": "matroska",
    ".webm": "webm",
    ".mp3": "mp3",
    ".flac": "flac",
    ".wav": "wav",
    ".aac": "adts",
    ".opus": "opus",
}
"""What a suffix says the file is. It is said to FFmpeg too, which writes under a name without one."""

MOOV = frozenset({"mp4", "mov", "ipod"})
"""Muxers whose index is wanted in front: a player can begin before all of the file is there."""

FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,asf,mxf,ogg,wav,w64,aiff,caf,mp3,flac,aac,ac3,eac3,amr"
"""Demuxers that read the file they are given and no other: no playlist, no concat script, no numbered pictures."""

INDEXED = "mov,matroska"
"""Demuxers that find a keyframe by an index. A transport stream is entered anywhere, and frames are lost."""

INDEXED_SUFFIXES = frozenset({".mp4", ".mov", ".m4v", ".mkv", ".webm"})
"""What such files are called; one that is called so and is another is refused by its demuxer."""


def muxer_of(path: Path, *suffixes: str) -> str:
    """Name the muxer an output's suffix calls for. Raises: RecipeError: it is none of `suffixes`."""
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise RecipeError(
            f"{path.name} cannot be written: its suffix is none of {' '.join(suffixes)}",
            remedy="Give the output a name with one of these suffixes.",
        )
    return MUXERS[suffix]
