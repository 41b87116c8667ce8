"""One clip's picture: counted packet by packet, and decoded far enough to be believed.

Two passes over one open file that has an index. The first reads every packet and keeps the time stamps, which costs a
read of the file and 24 bytes a frame. The second decodes: all of a clip up to `whole_s`, else the first and last
DECODE_SPAN_S and as much at every minute. A sampled span starts on a keyframe and leaves out the pictures shown before
it, which may need pictures of the span before.

A file without an index (Matroska, transport stream) is read once and decoded whole, since nothing else proves how many
pictures it shows; a recording that was joined midway begins with its first keyframe.
"""

from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from math import floor
from typing import Literal, cast

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videogen.errors import MediaError
from videogen.model.media import Picture
from videogen.probe.clearance import expect_clear
from videogen.probe.colour import colour_of
from videogen.probe.magic import CONVERT
from videogen.probe.sight import Sight, moments
from videogen.probe.stamps import UNKNOWN_TIMEBASE, Stamps

CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "prores", "dnxhd", "mjpeg"})
DECODERS = "h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,mpeg2video,prores,dnxhd,mjpeg"
MAX_SIDE_PX = 8192
MAX_PIXELS = 36_000_000
MAX_RATE = 240
MAX_LENGTH_S = 6 * 3600
DECODE_ALL_S = 62
"""A little over a minute: a minute's clip and its re-encode, some pictures longer, are looked at in the same way."""
SOURCE_ALL_S = 12
"""Of a file that one description names little is shown; that is looked at when it is encoded (render/encodes.py)."""
DECODE_SPAN_S = 5


# FFmpeg's numbers: the second of the two letters is the field shown first. Source: AVFieldOrder.
_FIELD_ORDERS: dict[int, Literal["tff", "bff"]] = {2: "tff", 3: "bff", 4: "bff", 5: "tff"}


def is_in(container: InputContainer) -> bool:
    """Whether a file holds moving pictures; cover art is none."""
    return bool(_moving(container))


def picture_of(
    container: InputContainer, name: str, *, is_indexed: bool = True, whole_s: int = DECODE_ALL_S
) -> Picture:
    """Measure the picture of a clip; every number is counted or decoded, none is the header's word.

    The frames are those a player shows: what an edit list cuts off does not count. A clip of up to `whole_s` seconds is
    decoded whole.

    Raises: MediaError: no picture, encrypted, a codec or size that is not taken, or pictures that cannot be decoded.
    """
    stream = _picture_stream(container, name)
    _check_size(name, stream.width, stream.height)
    stamps, sight = (_sampled if is_indexed else _read_whole)(container, stream, name, whole_s)
    if sight.first is None or not len(stamps.pts):
        raise MediaError(f"{name} has no picture that can be decoded", remedy=CONVERT["mov"], code="decode-error")
    return _measured(stream, stamps, sight, name)


def _measured(stream: VideoStream, stamps: Stamps, sight: Sight, name: str) -> Picture:
    first, timebase = cast("VideoFrame", sight.first), sight.timebase
    duration_s = stamps.length() * timebase or 1 / (stream.guessed_rate or Fraction(25))
    rate, is_cfr = stamps.rate(stream, duration_s)
    if rate > MAX_RATE:
        raise MediaError(
            f"{name} shows {float(rate):.0f} pictures a second, over {MAX_RATE}",
            remedy="Convert it to at most 240 frames per second.",
            code="too-fast",
        )
    start = min(sight.pts)
    return Picture(
        codec=stream.codec.canonical_name,
        width=first.width,
        height=first.height,
        sar=stream.sample_aspect_ratio or Fraction(1),
        rotation=sight.turn.rotation,
        frames=len(stamps.pts),
        rate=rate,
        is_cfr=is_cfr,
        duration_s=duration_s,
        pix_fmt=first.format.name,
        colour=colour_of(first),
        is_interlaced=sight.is_interlaced,
        start_s=start * timebase,
        longest_gap_s=stamps.longest_gap(start) * timebase or duration_s,
        is_sampled=sight.is_sampled,
        field_order=_FIELD_ORDERS.get(stream.codec_context.field_order, "") if sight.is_interlaced else "",
        angle_deg=sight.turn.angle_deg,
        is_mirrored=sight.turn.is_mirrored,
        has_alpha=_has_alpha(stream, first),
        gops=stamps.gops(),
        view=sight.view(stamps),
        fingerprint=sight.fingerprint(),
    )


def _has_alpha(stream: VideoStream, first: VideoFrame) -> bool:
    """Whether a picture comes with alpha, in itself or, in WebM, beside it where the decoder leaves it."""
    return any(one.is_alpha for one in first.format.components) or stream.metadata.get("alpha_mode") == "1"


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


def _sampled(container: InputContainer, stream: VideoStream, name: str, whole_s: int) -> tuple[Stamps, Sight]:
    """Give the pictures of an indexed clip in playing order, and what decoding its spans gave."""
    stamps = _read_packets(container, stream, name).shown()
    timebase = stream.time_base or UNKNOWN_TIMEBASE
    length = stamps.length() * timebase
    _check_length(name, length)
    is_whole = length <= whole_s
    # After a seek to an open GOP, "explode" takes H.264's references to pictures before it for errors; without it the
    # same damage shows as corrupt frames. Source: tests/probe/test_probe.py::test_long_open_gops_are_accepted.
    _prepare(stream, is_strict=is_whole or stream.codec.canonical_name != "h264")
    spans = _spans(timebase, stamps.pts[0], stamps.length(), whole_s)
    picks = [stamps.pts[bisect_right(stamps.pts, place) - 1] for place in moments(spans)]
    sight = Sight(timebase, stamps, picks, is_sampled=not is_whole)
    _decode(container, stream, spans if not is_whole else [(stamps.pts[0], 1 << 62)], sight, name)
    return (stamps.only(sight.pts) if is_whole else stamps.since(min(sight.pts, default=0))), sight


def _read_whole(container: InputContainer, stream: VideoStream, name: str, whole_s: int) -> tuple[Stamps, Sight]:
    """Read and decode every picture from the first keyframe on, in one pass; give the same as `_sampled`."""
    _prepare(stream, is_strict=True)
    timebase = stream.time_base or UNKNOWN_TIMEBASE
    stamps, sight = Stamps(), Sight(timebase)
    promised_s = Fraction(container.duration or 0, av.time_base)
    at_s = Fraction(0)
    try:
        for packet in _from_keyframe(container, stream):
            expect_clear(packet, name)
            if packet.size:
                stamps.add(packet)
                at_s = (stamps.pts[-1] - stamps.pts[0]) * timebase if len(stamps.pts) else at_s
            if packet.is_corrupt:
                raise _undecodable(name, at_s, "a packet is damaged")
            _check_length(name, at_s)
            if not sight.picks and len(stamps.pts):
                sight.picks = _promised_picks(stream, stamps.pts[0], promised_s, whole_s)
            _keep(sight, stream.codec_context.decode(packet), name)
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError as error:
        raise _undecodable(name, at_s, error.strerror) from error
    shown = stamps.shown().only(sight.pts)
    # Pictures chosen by a length that was not true are not those another encode would be known by.
    if sight.first is not None and abs(shown.length() * timebase - promised_s) > promised_s / 50:
        sight.picks = []
    return shown, sight


def _promised_picks(stream: VideoStream, start: int, length_s: Fraction, whole_s: int) -> list[int]:
    """Give where the pictures of the fingerprint stand in a clip that is to be so long: those shown at its moments."""
    timebase = stream.time_base or UNKNOWN_TIMEBASE
    picture = floor(1 / (stream.guessed_rate or Fraction(25)) / timebase)
    spans = _spans(timebase, start, floor(length_s / timebase), whole_s)
    return [place - picture + 1 for place in moments(spans)]


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


def _read_packets(container: InputContainer, stream: VideoStream, name: str) -> Stamps:
    """Read every packet of the stream. Raises: MediaError: the sample table promises more than the file holds."""
    stamps = Stamps()
    count = 0
    for packet in container.demux(stream):
        if packet.size == 0:
            continue
        count += 1
        expect_clear(packet, name)
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


def _spans(timebase: Fraction, start: int, length: int, whole_s: int) -> list[tuple[int, int]]:
    """Give the stretches to decode, [start, end) in the stream's timebase: all of a clip, or samples."""
    end, span = start + length, floor(DECODE_SPAN_S / timebase)
    if length * timebase <= whole_s:
        return [(start, end)]
    minutes = range(start, end - span, floor(60 / timebase))
    return [*((begin, begin + span) for begin in minutes), (end - span, end)]


def _decode(
    container: InputContainer, stream: VideoStream, spans: list[tuple[int, int]], sight: Sight, name: str
) -> None:
    begun: set[int] = set()
    first = spans[0][0]
    for span in spans:
        # Minutes that share a keyframe would each be decoded from there: the first one is enough.
        key = stream.index_entries.search_timestamp(span[0])
        if key in begun and span is not spans[-1]:
            continue
        begun.add(key)
        before, at_s = len(sight.pts), (span[0] - first) * sight.timebase
        try:
            container.seek(span[0], stream=stream)
            for packet in _span_packets(container, stream, span, first):
                _keep(sight, stream.codec_context.decode(packet), name)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError as error:
            raise _undecodable(name, at_s, error.strerror) from error
        if len(sight.pts) == before:
            raise _undecodable(name, at_s, "no picture came out")


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


def _keep(sight: Sight, frames: list[VideoFrame], name: str) -> None:
    for frame in frames:
        if frame.is_corrupt:
            raise _undecodable(name, Fraction(frame.time or 0), "a picture is damaged")
        first = sight.first or frame
        if frame is first:
            _check_size(name, frame.width, frame.height)
        if (frame.width, frame.height) != (first.width, first.height):
            raise MediaError(f"{name} changes its picture size midway", remedy=CONVERT["mov"], code="size-changes")
        sight.keep(frame)


def _undecodable(name: str, at_s: Fraction, said: str | None) -> MediaError:
    return MediaError(
        f"{name} cannot be decoded near {float(at_s):.1f} s ({said or 'no reason given'})",
        remedy="Copy it again, or export it anew from the original.",
        code="decode-error",
    )
