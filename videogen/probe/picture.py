"""One clip's picture: counted packet by packet, and decoded far enough to be believed.

Two passes over one open file that has an index. The first reads every packet and keeps the time stamps, which costs a
read of the file and 24 bytes a frame. The second decodes: all of a clip up to DECODE_ALL_S, else the first and last
DECODE_SPAN_S and as much at every minute. A sampled span starts on a keyframe and leaves out the pictures shown before
it, which may need pictures of the span before.

A file without an index (Matroska, transport stream) is read once and decoded whole, since nothing else proves how many
pictures it shows; a recording that was joined midway begins with its first keyframe.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Literal, cast

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videogen.errors import MediaError
from videogen.model.media import Colour, Picture
from videogen.probe.magic import CONVERT

CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "prores", "dnxhd", "mjpeg"})
DECODERS = "h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,mpeg2video,prores,dnxhd,mjpeg"
MAX_SIDE_PX = 8192
MAX_PIXELS = 36_000_000
MAX_RATE = 240
MAX_LENGTH_S = 6 * 3600
DECODE_ALL_S = 60
DECODE_SPAN_S = 5
UNKNOWN_TIMEBASE = Fraction(1, 1000)

# Names by number, as FFmpeg's libavutil spells them; 2 is "unspecified" in each. Source: ITU-T H.273, 8.1 to 8.3.
_PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020"}
_PRIMARIES |= {10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213"}
_TRANSFERS = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100"}
_TRANSFERS |= {10: "log316", 11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12"}
_TRANSFERS |= {16: "smpte2084", 17: "smpte428", 18: "arib-std-b67"}
_MATRICES = {0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc"}
_MATRICES |= {10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c", 14: "ictcp"}
_MATRICES |= {15: "ipt-c2", 16: "ycgco-re", 17: "ycgco-ro"}
_RANGES = {1: "tv", 2: "pc"}


@dataclass
class _Stamps:
    """Displayed pictures in decoding order. Units: PTS and durations in the stream's timebase."""

    pts: "array[int]" = field(default_factory=lambda: array("q"))
    durations: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, packet: "Packet[VideoStream]") -> None:
        """Note a packet, but for one that an edit list leaves out."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and not packet.is_discard:
            self.pts.append(stamp)
            self.durations.append(packet.duration or 0)

    def shown(self) -> "_Stamps":
        """Give the same pictures in the order a player shows them."""
        order = sorted(range(len(self.pts)), key=self.pts.__getitem__)
        return _Stamps(array("q", (self.pts[i] for i in order)), array("q", (self.durations[i] for i in order)))


@dataclass
class _Decoded:
    """What the decoder gave: the first frame, the time stamps of all, whether one was interlaced."""

    first: VideoFrame | None = None
    pts: "array[int]" = field(default_factory=lambda: array("q"))
    is_interlaced: bool = False


def is_in(container: InputContainer) -> bool:
    """Whether a file holds moving pictures; cover art is none."""
    return bool(_moving(container))


def picture_of(container: InputContainer, name: str, *, is_indexed: bool = True) -> Picture:
    """Measure the picture of a clip; every number is counted or decoded, none is the header's word.

    The frames are those a player shows: what an edit list cuts off does not count. A rotation that is no multiple of 90
    is given as the nearest one; a mirrored display matrix is not expressed.

    Raises: MediaError: no picture, a codec or size that is not taken, or pictures that cannot be decoded.
    """
    stream = _picture_stream(container, name)
    _check_size(name, stream.width, stream.height)
    timebase = stream.time_base or UNKNOWN_TIMEBASE
    stamps, decoded = (_sampled if is_indexed else _read_whole)(container, stream, name)
    first = decoded.first
    if first is None or not len(stamps.pts):
        raise MediaError(f"{name} has no picture that can be decoded", remedy=CONVERT["mov"], code="decode-error")
    duration_s = _length(stamps) * timebase or 1 / (stream.guessed_rate or Fraction(25))
    rate, is_cfr = _rate(stamps, stream, duration_s)
    if rate > MAX_RATE:
        raise MediaError(
            f"{name} shows {float(rate):.0f} pictures a second, over {MAX_RATE}",
            remedy="Convert it to at most 240 frames per second.",
            code="too-fast",
        )
    # Of a sampled clip the first span is decoded too: an open GOP at its very start gives no picture at first.
    start = min(decoded.pts)
    return Picture(
        codec=stream.codec.canonical_name,
        width=first.width,
        height=first.height,
        sar=stream.sample_aspect_ratio or Fraction(1),
        rotation=_clockwise(first.rotation),
        frames=len(stamps.pts),
        rate=rate,
        is_cfr=is_cfr,
        duration_s=duration_s,
        pix_fmt=first.format.name,
        colour=_colour(first),
        is_interlaced=decoded.is_interlaced,
        start_s=start * timebase,
        longest_gap_s=_longest_gap(stamps, start) * timebase or duration_s,
    )


def _moving(container: InputContainer) -> list[VideoStream]:
    return [one for one in container.streams.video if not one.disposition & av.stream.Disposition.attached_pic]


def _picture_stream(container: InputContainer, name: str) -> VideoStream:
    """Give the first stream of moving pictures; the demuxer is told to skip all others."""
    pictures = _moving(container)
    if not pictures:
        raise MediaError(
            f"{name} has no picture", remedy="Drop sound as an MP3 into music or voices.", code="no-picture"
        )
    stream = pictures[0]
    for other in container.streams:
        if other is not stream:
            other.discard = av.stream.Discard.all
    context = cast("av.video.codeccontext.VideoCodecContext | None", stream.codec_context)
    codec = stream.codec.canonical_name if context else "unknown"
    if context is None or codec not in CODECS:
        raise MediaError(f"{name} is coded as {codec}", remedy=CONVERT["mov"], code="codec-not-allowed")
    context.thread_type = av.codec.context.ThreadType.FRAME
    context.thread_count = 2
    return stream


def _check_size(name: str, width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS:
        raise MediaError(
            f"{name} is {width}x{height}, over 8192 pixels a side or 36 megapixels",
            remedy="Convert it to a smaller picture.",
            code="too-many-pixels",
        )


def _sampled(container: InputContainer, stream: VideoStream, name: str) -> tuple[_Stamps, _Decoded]:
    """Give the pictures of an indexed clip in playing order, and what decoding its spans gave."""
    stamps = _read_packets(container, stream, name).shown()
    length = _length(stamps) * (stream.time_base or UNKNOWN_TIMEBASE)
    _check_length(name, length)
    # After a seek to an open GOP, "explode" takes H.264's references to pictures before it for errors; without it the
    # same damage shows as corrupt frames. Source: tests/probe/test_probe.py::test_long_open_gops_are_accepted.
    is_strict = length <= DECODE_ALL_S or stream.codec.canonical_name != "h264"
    _prepare(stream, is_strict=is_strict)
    decoded = _decode(container, stream, stamps, name)
    return (_only(stamps, decoded.pts) if length <= DECODE_ALL_S else stamps), decoded


def _read_whole(container: InputContainer, stream: VideoStream, name: str) -> tuple[_Stamps, _Decoded]:
    """Read and decode every picture from the first keyframe on, in one pass; give the same as `_sampled`."""
    _prepare(stream, is_strict=True)
    stamps, decoded = _Stamps(), _Decoded()
    timebase = stream.time_base or UNKNOWN_TIMEBASE
    at_s = Fraction(0)
    try:
        for packet in _from_keyframe(container, stream):
            if packet.size:
                stamps.add(packet)
                at_s = (stamps.pts[-1] - stamps.pts[0]) * timebase if len(stamps.pts) else at_s
            if packet.is_corrupt:
                raise _undecodable(name, at_s, "a packet is damaged")
            _check_length(name, at_s)
            _keep(decoded, stream.codec_context.decode(packet), name)
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError as error:
        raise _undecodable(name, at_s, error.strerror) from error
    return _only(stamps.shown(), decoded.pts), decoded


def _from_keyframe(container: InputContainer, stream: VideoStream) -> "Iterator[Packet[VideoStream]]":
    """Give the packets that can be decoded without those before the first keyframe, the empty last one too."""
    key: int | None = None
    for packet in container.demux(stream):
        if key is None and packet.size:
            if not packet.is_keyframe:
                continue
            key = packet.pts
        if not packet.size or key is None or packet.pts is None or packet.pts >= key:
            yield packet


def _prepare(stream: VideoStream, *, is_strict: bool) -> None:
    stream.codec_context.options = {
        "err_detect": "explode" if is_strict else "crccheck",
        "max_pixels": str(MAX_PIXELS),
        "codec_whitelist": DECODERS,
    }


def _check_length(name: str, length_s: Fraction) -> None:
    if length_s > MAX_LENGTH_S:
        raise MediaError(f"{name} is longer than 6 hours", remedy="Cut it into shorter clips.", code="too-long")


def _read_packets(container: InputContainer, stream: VideoStream, name: str) -> _Stamps:
    """Read every packet of the stream. Raises: MediaError: the sample table promises more than the file holds."""
    stamps = _Stamps()
    count = 0
    for packet in container.demux(stream):
        if packet.size == 0:
            continue
        count += 1
        if packet.is_corrupt:
            raise _truncated(name, count, len(stream.index_entries))
        stamps.add(packet)
    if count < len(stream.index_entries):
        raise _truncated(name, count, len(stream.index_entries))
    if not len(stamps.pts):
        raise MediaError(f"{name} has no picture in it", remedy=CONVERT["mov"], code="no-picture")
    return stamps


def _truncated(name: str, count: int, promised: int) -> MediaError:
    return MediaError(
        f"{name} holds {count} of the {promised} pictures its index names",
        remedy="Copy it again, whole.",
        code="truncated",
    )


def _length(stamps: _Stamps) -> int:
    """Give last PTS + its duration - first PTS; a last picture without a duration lasts as long as the others."""
    reach = stamps.pts[-1] - stamps.pts[0]
    if stamps.durations[-1] or len(stamps.pts) < 2:
        return reach + stamps.durations[-1]
    return reach + ceil(Fraction(reach, len(stamps.pts) - 1))


def _longest_gap(stamps: _Stamps, start: int) -> int:
    """Give the longest time a picture at `start` or later is shown: until the next one, the last one as it says."""
    gaps = (after - before for before, after in pairwise(stamps.pts) if before >= start)
    return max(stamps.durations[-1], max(gaps, default=0))


def _only(stamps: _Stamps, decoded: "array[int]") -> _Stamps:
    """Give the stamps the decoder gave a picture for: an open GOP at the very start has some it cannot."""
    only = _Stamps()
    for pts in sorted(decoded):
        at = bisect_right(stamps.pts, pts) - 1
        only.pts.append(pts)
        only.durations.append(stamps.durations[at] if at >= 0 and stamps.pts[at] == pts else 0)
    return only


def _spans(stream: VideoStream, stamps: _Stamps) -> Iterator[tuple[int, int]]:
    """Give the stretches to decode, [start, end) in the stream's timebase."""
    timebase = stream.time_base or UNKNOWN_TIMEBASE
    start, length = stamps.pts[0], _length(stamps)
    if length * timebase <= DECODE_ALL_S:
        yield start, 1 << 62
        return
    end, span = start + length, floor(DECODE_SPAN_S / timebase)
    begun: set[int] = set()
    for begin in range(start, end - span, floor(60 / timebase)):
        # Minutes that share a keyframe would each be decoded from there: the first one is enough.
        key = stream.index_entries.search_timestamp(begin)
        if key not in begun:
            begun.add(key)
            yield begin, begin + span
    yield end - span, end


def _decode(container: InputContainer, stream: VideoStream, stamps: _Stamps, name: str) -> _Decoded:
    decoded = _Decoded()
    for span in _spans(stream, stamps):
        before = len(decoded.pts)
        at_s = (span[0] - stamps.pts[0]) * (stream.time_base or UNKNOWN_TIMEBASE)
        try:
            container.seek(span[0], stream=stream)
            for packet in _span_packets(container, stream, span, stamps.pts[0]):
                _keep(decoded, stream.codec_context.decode(packet), name)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError as error:
            raise _undecodable(name, at_s, error.strerror) from error
        if len(decoded.pts) == before:
            raise _undecodable(name, at_s, "no picture came out")
    return decoded


def _span_packets(
    container: InputContainer, stream: VideoStream, span: tuple[int, int], first: int
) -> "Iterator[Packet[VideoStream] | None]":
    """Give the packets of a span from its keyframe on, and None to drain the decoder."""
    key: int | None = None
    for packet in container.demux(stream):
        if packet.size == 0:
            break
        if packet.dts is not None and packet.dts >= span[1]:
            break
        if key is None:
            key = packet.pts
        # Leading pictures of an open GOP need the GOP before; at the very start the decoder itself leaves them out.
        is_leading = span[0] > first and key is not None and packet.pts is not None and packet.pts < key
        if not is_leading:
            yield packet
    yield None


def _keep(decoded: _Decoded, frames: list[VideoFrame], name: str) -> None:
    for frame in frames:
        if frame.is_corrupt:
            raise _undecodable(name, Fraction(frame.time or 0), "a picture is damaged")
        if decoded.first is None:
            decoded.first = frame
            _check_size(name, frame.width, frame.height)
        if (frame.width, frame.height) != (decoded.first.width, decoded.first.height):
            raise MediaError(f"{name} changes its picture size midway", remedy=CONVERT["mov"], code="size-changes")
        decoded.is_interlaced = decoded.is_interlaced or frame.interlaced_frame
        if frame.pts is not None:
            decoded.pts.append(frame.pts)


def _undecodable(name: str, at_s: Fraction, said: str | None) -> MediaError:
    return MediaError(
        f"{name} cannot be decoded near {float(at_s):.1f} s ({said or 'no reason given'})",
        remedy="Copy it again, or export it anew from the original.",
        code="decode-error",
    )


def _rate(stamps: _Stamps, stream: VideoStream, duration_s: Fraction) -> tuple[Fraction, bool]:
    """Give the nominal rate and True where every picture stands within a tick of its grid, else the mean and False."""
    mean = len(stamps.pts) / duration_s
    if len(stamps.pts) < 2:
        return mean, True
    reach = stamps.pts[-1] - stamps.pts[0]
    ticks = 1 / (stream.time_base or UNKNOWN_TIMEBASE)
    pace = (len(stamps.pts) - 1) * ticks / reach if reach else mean
    guesses = {Fraction(round(2 * pace), 2), Fraction(round(pace * Fraction(1001, 1000)) * 1000, 1001), pace}
    guesses |= {rate for rate in (stream.average_rate, stream.base_rate, stream.guessed_rate) if rate}
    fits = [
        (off, rate.denominator, rate) for rate in guesses if rate > 0 and (off := _off_grid(stamps, ticks / rate)) <= 1
    ]
    # Halves of a tick: of two rates that differ by rounding only, the simpler one is what the camera was set to.
    best = min(fits, key=lambda fit: (ceil(2 * fit[0]), fit[1]), default=None)
    return (best[2], True) if best else (mean, False)


def _off_grid(stamps: _Stamps, step: Fraction) -> Fraction:
    """Give how far, in ticks, the picture farthest from an even grid of `step` ticks stands from it."""
    first, above, below = stamps.pts[0], step.numerator, step.denominator
    return Fraction(max(abs((pts - first) * below - i * above) for i, pts in enumerate(stamps.pts)), below)


def _clockwise(counterclockwise: int) -> Literal[0, 90, 180, 270]:
    """Turn FFmpeg's angle (counterclockwise) into ours. Source: tests/scan/test_probe.py compares pictures."""
    return cast("Literal[0, 90, 180, 270]", round(-counterclockwise / 90) % 4 * 90)


def _colour(frame: VideoFrame) -> Colour:
    implied = "pc" if frame.format.name.startswith("yuvj") else ""
    return Colour(
        primaries=_PRIMARIES.get(frame.color_primaries, ""),
        transfer=_TRANSFERS.get(frame.color_trc, ""),
        matrix=_MATRICES.get(frame.colorspace, ""),
        range=_RANGES.get(frame.color_range, implied),
    )
