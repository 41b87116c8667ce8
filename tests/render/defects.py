"""Defects made on purpose: each takes a good file and writes one that is broken in one way (A17)."""

from collections.abc import Callable
from pathlib import Path

import av

from tests import footage
from tests.render.test_check import number, word

Break = Callable[[Path, Path], None]
QUICK = ("-c:v", "libx264", "-preset", "ultrafast", "-g", 25, "-pix_fmt", "yuv420p")
TAGS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
LIKE_OURS = ("-video_track_timescale", 12800, "-movie_timescale", 48000, "-movflags", "+faststart")


def picture(chain: str, *options: object) -> Break:
    """Give what encodes the picture anew through some filters, and leaves the sound as it is."""
    return lambda good, bad: footage.make(
        *("-i", good, "-vf", chain, *QUICK, *TAGS, "-c:a", "copy", *LIKE_OURS, *options, bad)
    )


def sound(chain: str, *options: object) -> Break:
    """Give what encodes the sound anew through some filters, and leaves the picture as it is."""
    return lambda good, bad: footage.make(
        *("-i", good, "-c:v", "copy", "-af", chain, "-c:a", "aac", "-b:a", "192k", *LIKE_OURS, *options, bad)
    )


def packets(*options: object) -> Break:
    """Give what copies the packets with other options."""
    return lambda good, bad: footage.make("-i", good, "-map", 0, "-c", "copy", *LIKE_OURS, *options, bad)


def raw(change: Callable[[bytes], bytes]) -> Break:
    """Give what changes bytes."""

    def make(good: Path, bad: Path) -> None:
        bad.write_bytes(change(good.read_bytes()))

    return make


def _garbage(good: Path, bad: Path) -> None:
    """Turn bits in the middle of the largest picture packet."""
    with av.open(str(good)) as container:
        size, at = max((one.size, one.pos or 0) for one in container.demux(video=0))
    content = bytearray(good.read_bytes())
    for place in range(at + size // 3, at + size // 3 + 60, 3):
        content[place] ^= 0xA5
    bad.write_bytes(content)


IMPULSE = "aeval='val(0)+0.5*between(n\\,{0}\\,{0})|val(1)+0.5*between(n\\,{0}\\,{0})':c=same"
SECOND = "between(t\\,3\\,5)"

# A row: the check that must find it, and how it is made.
DEFECTS: dict[str, tuple[str, Break]] = {
    "a frame is dropped": ("frames", packets("-bsf:v", "noise=drop='eq(n,100)'")),
    "a frame is doubled": ("frames", picture("tpad=stop=1:stop_mode=clone")),
    "the last frames are missing": ("frames", packets("-frames:v", 200)),
    "the tail is cut off": ("decode", raw(lambda content: content[: len(content) * 2 // 3])),
    "bytes of a picture are turned": ("decode", _garbage),
    "one byte is another": ("hash", raw(lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])),
    "a stretch is black": ("black", picture("drawbox=c=black:t=fill:enable='between(n\\,60\\,99)'")),
    "a stretch stands still": ("freeze", picture("loop=loop=90:size=1:start=60", "-frames:v", 248)),
    "one frame is black": ("flash", picture("drawbox=c=black:t=fill:enable='eq(n\\,50)'")),
    "one frame is white": ("flash", picture("drawbox=c=white:t=fill:enable='eq(n\\,120)'")),
    "the sound is missing": ("tracks", packets("-map", "-0:a")),
    "the picture is missing": ("tracks", packets("-map", "-0:v")),
    "the sound is too short": ("lengths", sound("atrim=end=7")),
    "the sound goes on": ("lengths", sound("apad=pad_dur=2")),
    "the sound is silent for a while": ("silence", sound(f"volume=0:enable='{SECOND}'")),
    "the sound is silent throughout": ("loudness", sound("volume=0")),
    "the sound is too loud": ("loudness", sound("volume=6dB")),
    "the sound is too quiet": ("loudness", sound("volume=-20dB")),
    "the sound is cut off at its peaks": ("clipping", sound("volume=30dB,asoftclip=type=hard")),
    "the true peak is too high": ("peak", sound("volume=14dB")),
    "the sound clicks at a join": ("click", sound(IMPULSE.format(96000))),
    "a frame lasts longer": (
        "rate",
        packets("-bsf:v", "setts=pts=PTS+if(gte(N\\,99)\\,200):dts=DTS+if(gte(N\\,99)\\,200)"),
    ),
    "the index lies behind": ("index", packets("-movflags", "0")),
    "the index points elsewhere": ("index", raw(number(b"stco", 8, 1 << 24))),
    "the picture begins late": ("edits", raw(number(b"elst", 12, 512))),
    "the sound keeps its priming": ("edits", raw(number(b"elst", 12, -1024, nth=1))),
    "the colours are not told": ("colour", raw(word(b"avc1", b"colrnclx", b"freenclx"))),
    "the colours are others": ("colour", raw(word(b"colr", b"nclx\0\1\0\1\0\1", b"nclx\0\x09\0\x10\0\x09"))),
    "it is smaller": ("size", picture("scale=32:18")),
    "it shows 24 frames a second": ("rate", picture("fps=24")),
}
