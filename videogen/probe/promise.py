"""What an MP3 promises of itself in its first frame, which encoders fill with words in place of sound.

LAME and FFmpeg write Xing or Info, Fraunhofer's encoder writes VBRI; an MP3 of sound alone promises nothing. Only this
tells of a file that was made as long as its original and then not filled.
"""

from typing import IO, NamedTuple

from videogen.probe.magic import is_layer_three
from videogen.probe.tag import end_of

_FRAME_BYTES = 256
_WORDS_WITHIN = 64
_HAS_FRAMES, _HAS_BYTES, _HAS_TABLE, _HAS_QUALITY = 1, 2, 4, 8
_DELAYS_AT = 21
"""Bytes from the encoder's name to its delay and padding, two numbers of 12 bits. Source: LAME's tag, rev. 1."""


class Promise(NamedTuple):
    """What there should be, 0 where nothing is said. Units: bytes, samples.

    `samples` are without the encoder's delay and padding, `frame_samples` those of one frame.
    """

    start: int = 0
    """The first byte behind the tags."""
    bytes: int = 0
    samples: int = 0
    frame_samples: int = 1152


def promise_of(file: IO[bytes]) -> Promise:
    """Read what the first frame behind the tags promises.

    Source: the Xing and VBRI headers as LAME, FFmpeg and Fraunhofer's encoder write them.
    """
    start = end_of(file)
    file.seek(start)
    frame = file.read(_FRAME_BYTES)
    if not is_layer_three(frame):
        return Promise(start)
    frame_samples = 1152 if frame[1] & 0x18 == 0x18 else 576
    if (at := max(frame.find(mark, 0, _WORDS_WITHIN) for mark in (b"Xing", b"Info"))) >= 0:
        return _xing(frame[at:], Promise(start, frame_samples=frame_samples))
    if (at := frame.find(b"VBRI", 0, _WORDS_WITHIN)) >= 0:
        length, frames = _number(frame, at + 10), _number(frame, at + 14)
        return Promise(start, length, frames * frame_samples, frame_samples)
    return Promise(start)


def _xing(words: bytes, nothing: Promise) -> Promise:
    flags = _number(words, 4)
    frames, at = (_number(words, 8), 12) if flags & _HAS_FRAMES else (0, 8)
    length, at = (_number(words, at), at + 4) if flags & _HAS_BYTES else (0, at)
    at += 100 * bool(flags & _HAS_TABLE) + 4 * bool(flags & _HAS_QUALITY) + _DELAYS_AT
    delays = int.from_bytes(words[at : at + 3], "big")
    samples = frames * nothing.frame_samples - (delays >> 12) - (delays & 0xFFF)
    return nothing._replace(bytes=length, samples=max(0, samples))


def _number(words: bytes, at: int) -> int:
    return int.from_bytes(words[at : at + 4], "big")
