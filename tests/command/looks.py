"""What a file holds, told by other programs than the one under test."""

import subprocess
from pathlib import Path

import av

from tests import footage


def frame_hashes(path: Path, chain: str = "null") -> list[str]:
    """Give a hash per frame of picture, decoded, after a filter."""
    argv = [str(footage.program()), "-v", "error", "-i", f"file:{path}", "-map", "0:v:0", "-vf", chain]
    done = subprocess.run([*argv, "-f", "framemd5", "-"], capture_output=True, check=True, text=True)
    return [line.split(",")[-1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]


def samples(path: Path) -> int:
    """Count the samples of the first sound, decoded."""
    with av.open(str(path)) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


def streams(path: Path) -> list[tuple[str, str, str]]:
    """Give each stream's kind, codec and language."""
    with av.open(str(path)) as container:
        return [(one.type, one.codec_context.name, one.language or "") for one in container.streams]


def boxes(path: Path) -> list[str]:
    """Give the top boxes of an MP4 in their order."""
    content, at, found = path.read_bytes(), 0, []
    while at + 8 <= len(content):
        found.append(content[at + 4 : at + 8].decode("latin-1"))
        at += int.from_bytes(content[at : at + 4], "big") or len(content)
    return found
