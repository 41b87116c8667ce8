"""Proof of a fresh segment, and its side file: what was promised is counted before anyone may use it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from videogen import durable
from videogen.errors import Defect
from videogen.model.profile import Profile
from videogen.model.segment import Note, Structure
from videogen.plan import Segment, frame_ticks, track_timescale
from videogen.render.looking import UndecodableError, look_at

_IDR = {"h264": frozenset({5}), "hevc": frozenset({19, 20})}
"""Types of NAL units that begin a picture nothing before is needed for. Source: H.264 table 7-1, H.265 table 7-1."""


@dataclass
class _Read:
    """What the packets said."""

    frames: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    offset: int = 0
    end: int = 0


def survey(encoded: Path, segment: Segment, profile: Profile) -> Note:
    """Count a fresh segment's packets, decode every frame of it, and give its side file.

    Raises: Defect: `segment-wrong`: the frame count, the first IDR, a closed GOP or the track is not what was planned.
    """
    try:
        with av.open(str(encoded), format="mov", options={"protocol_whitelist": "file"}) as container:
            stream = container.streams.video[0]
            read = _read(container, stream, segment, profile)
            note = _note(encoded, segment, profile, stream, read)
            container.seek(0, stream=stream)
            look = look_at(container, stream)
    except (av.FFmpegError, IndexError) as error:
        raise _wrong(segment, f"it cannot be read ({error})") from error
    except UndecodableError as error:
        raise _wrong(segment, f"it cannot be decoded near frame {error.frame} ({error.said})") from error
    if look.frames != segment.frames:
        raise _wrong(segment, f"it decodes to {look.frames} frames")
    return note.model_copy(update={"is_decoded": True, "look": look})


def _read(container: InputContainer, stream: VideoStream, segment: Segment, profile: Profile) -> _Read:
    tick = frame_ticks(profile)
    if Fraction(1, track_timescale(profile)) != stream.time_base:
        raise _wrong(segment, f"its track counts in {stream.time_base}")
    read = _Read()
    for packet in _packets(container, stream):
        if packet.pts is None or packet.pts % tick or packet.pos is None:
            raise _wrong(segment, f"packet {len(read.frames)} stands at {packet.pts}, off the grid of {tick}")
        if read.frames and packet.pos != read.end:
            raise _wrong(segment, f"packet {len(read.frames)} does not follow the one before it")
        read.offset = read.offset or packet.pos
        read.end = packet.pos + packet.size
        if packet.is_keyframe and _is_idr(packet, stream.codec.canonical_name):
            read.keys.append(len(read.frames))
        read.frames.append(packet.pts // tick)
        read.sizes.append(packet.size)
    _expect_whole(read, segment)
    return read


def _packets(container: InputContainer, stream: VideoStream) -> "Iterator[Packet[VideoStream]]":
    return (packet for packet in container.demux(stream) if packet.size)


def _is_idr(packet: "Packet[VideoStream]", codec: str) -> bool:
    """Look into the NAL units: a keyframe flag is the encoder's word. Source: ISO 14496-15, lengths of 4 bytes."""
    raw, at, types = bytes(packet), 0, _IDR.get(codec)
    if types is None:
        return True
    while at + 4 < len(raw):
        head = raw[at + 4]
        if (head & 0x1F if codec == "h264" else head >> 1 & 0x3F) in types:
            return True
        at += 4 + int.from_bytes(raw[at : at + 4], "big")
    return False


def _expect_whole(read: _Read, segment: Segment) -> None:
    frames = read.frames
    if sorted(frames) != list(range(segment.frames)):
        raise _wrong(segment, f"it holds {len(frames)} frames, not each of {segment.frames} once")
    if read.keys[:1] != [0]:
        raise _wrong(segment, "it does not begin with an IDR")
    shown = 0
    keys = set(read.keys)
    for place, frame in enumerate(frames):
        if place in keys and (frame != place or shown != place):
            raise _wrong(segment, f"the GOP before frame {place} is not closed")
        shown = max(shown, frame + 1)


def _note(encoded: Path, segment: Segment, profile: Profile, stream: VideoStream, read: _Read) -> Note:
    canvas, context = profile.canvas, stream.codec_context
    if (context.width, context.height) != (canvas.width, canvas.height):
        raise _wrong(segment, f"it is {context.width}x{context.height}")
    return Note(
        name=segment.name,
        frames=segment.frames,
        structure=Structure(order=tuple(read.frames), keys=tuple(read.keys)),
        sha256=durable.digest(encoded),
        size_bytes=encoded.stat().st_size,
        offset=read.offset,
        sizes=tuple(read.sizes),
        codec=stream.codec.canonical_name,
        width=context.width,
        height=context.height,
        pix_fmt=str(context.pix_fmt),
        timescale=track_timescale(profile),
        tick=frame_ticks(profile),
        reorder=int(context.has_b_frames or 0),
        extradata_sha256=sha256(context.extradata or b"").hexdigest(),
        assets=segment.timeline.assets(),
        title=f"{segment.title} at {canvas.width}x{canvas.height} {canvas.fps} fps, {profile.encoder.name}",
    )


def _wrong(segment: Segment, said: str) -> Defect:
    return Defect(
        f"a fresh segment is not what was planned: {said}",
        remedy="Report it with this folder; nothing was kept of it.",
        code="segment-wrong",
        segment=segment.name.key,
    )
