"""Where two videos differ: in which picture first, where in the sound first, or only in how the file is built."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

import av

from videogen.errors import MediaError

Packet = tuple[Fraction, bytes]
"""When it is shown, in seconds, and what it holds."""


def differences(made: Path, published: Path) -> list[str]:
    """Say in words where two videos differ, a sentence a track; empty where they have the same packets.

    Raises: MediaError: one of them cannot be read as a video.
    """
    found = []
    for kind, word in (("video", "picture"), ("audio", "sound")):
        pairs = zip_longest(_packets(made, kind), _packets(published, kind))
        first = next(((mine, theirs) for mine, theirs in pairs if mine != theirs), None)
        if first is not None:
            found.append(_told(word, *first))
    return found


def _told(word: str, mine: Packet | None, theirs: Packet | None) -> str:
    if mine is None or theirs is None:
        longer = "what was published" if mine is None else "what was made now"
        at_s = (mine or theirs or (Fraction(0), b""))[0]
        return f"the {word} is the same until {float(at_s):.3f} s, where {longer} goes on"
    if mine[0] != theirs[0]:
        return f"the {word} is at {float(mine[0]):.3f} s what was published at {float(theirs[0]):.3f} s"
    return f"the {word} is another from {float(mine[0]):.3f} s on ({len(mine[1])} bytes for {len(theirs[1])})"


def _packets(path: Path, kind: str) -> Iterator[Packet]:
    """Give the packets of a track in the order of the file."""
    try:
        with av.open(f"file:{path}", format="mov", options={"protocol_whitelist": "file"}) as container:
            streams = [stream for stream in container.streams if stream.type == kind]
            for packet in container.demux(streams[:1]) if streams else ():
                if packet.size:
                    yield (packet.pts or 0) * Fraction(packet.time_base), bytes(packet)
    except (OSError, av.FFmpegError) as error:
        raise MediaError(f"{path} cannot be read as a video ({error})", remedy="Look at it with a player.") from error
