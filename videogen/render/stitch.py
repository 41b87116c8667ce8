"""Joins segments into a video by copying packets, from integers.

A packet's place in the file is computed from frame numbers alone: PTS from the frame it shows, DTS from how many
packets come before it. No file's own time stamps are believed, so no join can gap or drift. The bytes are hashed as
they are read; a segment that is not what its side file says ends the stitch, and nothing of it is used.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any, BinaryIO, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from videogen.errors import Defect
from videogen.model.profile import Profile
from videogen.model.segment import Name, Note
from videogen.model.timebase import Range
from videogen.plan import frame_ticks, track_timescale
from videogen.render.boxes import captions_off
from videogen.render.sounding import Sounding
from videogen.render.wording import Wording, text_timescale

WORDLESS = Wording()
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Part:
    """Packets of one segment, in decode order.

    `frames` are also their numbers: a cut is only made where the packets before it show exactly the frames before it.
    """

    note: Note
    path: Path
    frames: Range


class Damaged(Exception):  # noqa: N818 -- no fault to report: the executor drops the segment and makes it again
    """A segment's bytes are not what its side file says."""

    def __init__(self, name: Name, because: str) -> None:
        super().__init__(because)
        self.name = name
        self.because = because


class Incompatible(Exception):  # noqa: N818 -- as above
    """Segments that cannot be one track; `names` are those unlike the most."""

    def __init__(self, names: tuple[Name, ...], because: str) -> None:
        super().__init__(because)
        self.names = names
        self.because = because


def stitch(
    parts: Sequence[Part], sound: Sounding | None, target: Path, profile: Profile, wording: Wording = WORDLESS
) -> None:
    """Write the parts one after the other, the sound and the words beside them, as one MP4 with its index in front.

    Shape: as many frames as the parts have; one length for every frame; the file is written once.
    Raises: Incompatible: the segments' headers differ; nothing was written. Damaged: a segment is not what it was.
        What the sound raises.
    """
    expect_compatible(parts)
    frames = sum(part.frames.length for part in parts)
    reserve = _index_bytes(parts, frames, sound.expected_packets if sound else 0) + wording.index_bytes
    # Edit lists count in the movie's ticks: in milliseconds, as they do by themselves, a player cuts the sound short.
    ticks = {"movie_timescale": str(profile.canvas.sample_rate)}
    options = {"moov_size": str(reserve), "fflags": "+bitexact", "use_editlist": "1", **ticks}
    with av.open(str(target), "w", format="mp4", container_options=options) as container:
        _write(container, parts, sound, profile, wording)
    if wording.captions:
        at, switched = captions_off(target)
        with target.open("r+b") as file:
            file.seek(at)
            file.write(switched)


def expect_compatible(parts: Sequence[Part]) -> None:
    """Prove before the first packet that a decoder set up for one segment can read all. Raises: Incompatible."""
    shapes: dict[tuple[object, ...], list[Note]] = {}
    for part in parts:
        shapes.setdefault(_shape(part.note), []).append(part.note)
    if len(shapes) == 1:
        return
    most = max(shapes.values(), key=len)
    others = {note.name.key: note.name for notes in shapes.values() if notes is not most for note in notes}
    words = ("codec", "width", "height", "pixels", "timescale", "tick", "reorder", "headers")
    odd = next(shape for shape, notes in shapes.items() if notes is not most)
    differ = [word for word, one, other in zip(words, _shape(most[0]), odd, strict=True) if one != other]
    raise Incompatible(tuple(others.values()), f"{len(others)} segments differ in {', '.join(differ)}")


def _shape(note: Note) -> tuple[object, ...]:
    size = (note.width, note.height)
    return (note.codec, *size, note.pix_fmt, note.timescale, note.tick, note.reorder, note.extradata_sha256)


def _index_bytes(parts: Sequence[Part], frames: int, sounds: int) -> int:
    """Reckon what the index takes at most, to leave room for it in front.

    Source: ISO 14496-12: a sample takes 4 bytes in stsz, 8 in ctts, 4 in stss at most, and 8 in co64 and 12 in stsc
    where it is a chunk of its own. The rest (headers, edit lists) is under 4 kB.
    """
    return 4096 + 36 * frames + 24 * sounds + 16 * len(parts)


def _write(
    container: OutputContainer, parts: Sequence[Part], sound: Sounding | None, profile: Profile, wording: Wording
) -> None:
    with _opened(parts[0]) as first:
        template = first.streams.video[0]
        if sha256(template.codec_context.extradata or b"").hexdigest() != parts[0].note.extradata_sha256:
            raise Damaged(parts[0].note.name, "its headers changed")
        picture = container.add_stream_from_template(template)
        if template.codec.canonical_name == "hevc":
            picture.codec_context.codec_tag = "hvc1"  # headers in the index alone, which is what Apple's players take
        picture.time_base = Fraction(1, track_timescale(profile))
        track = sound.open(container) if sound else None
        text = wording.open(container, profile)
        container.start_encoding()
        _expect_ticks(picture.time_base, track_timescale(profile))
        packets: Iterator[Any] = _by_time(_pictures(parts, picture, profile), _sounds(sound, track), profile)
        if text is not None:
            _expect_ticks(text.time_base, text_timescale(profile))
            packets = _with_words(packets, wording.packets(text, profile))
        for packet in packets:
            container.mux_one(packet)


def _expect_ticks(found: Fraction | None, scale: int) -> None:
    if found != Fraction(1, scale):
        raise Defect(f"the track counts in {found}", remedy="Report it.", code="timebase-changed")


def _sounds(sound: Sounding | None, track: AudioStream | None) -> "Iterator[Packet[AudioStream]]":
    return sound.packets(track) if sound and track else iter(())


def _with_words(packets: Iterator[Any], words: Iterator[Any]) -> Iterator[Any]:
    """Give each caption before anything that is seen or heard while it is shown."""
    waiting, due = next(words, None), dict[int, int]()
    for packet in packets:
        while waiting is not None:
            if packet.stream_index not in due:  # in each track's own ticks once, as there is a packet for every frame
                due[packet.stream_index] = ceil(waiting.dts * waiting.time_base / packet.time_base)
            if packet.dts < due[packet.stream_index]:
                break
            yield waiting
            waiting, due = next(words, None), {}
        yield packet
    while waiting is not None:
        yield waiting
        waiting = next(words, None)


def _opened(part: Part) -> InputContainer:
    """Open the segment that gives the track its headers. Raises: Damaged: its index cannot be read."""
    try:
        container = av.open(str(part.path), format="mov", options={"protocol_whitelist": "file"})
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        raise Damaged(part.note.name, f"it cannot be opened ({error.strerror})") from error
    if not container.streams.video:
        container.close()
        raise Damaged(part.note.name, "it has no picture")
    return container


def _by_time(
    pictures: "Iterator[Packet[VideoStream]]", sounds: "Iterator[Packet[AudioStream]]", profile: Profile
) -> "Iterator[Packet[VideoStream] | Packet[AudioStream]]":
    """Give both tracks' packets by the time they are wanted at."""
    scale, rate = track_timescale(profile), profile.canvas.sample_rate
    waiting = next(sounds, None)
    for packet in pictures:
        while waiting is not None and (waiting.dts or 0) * scale <= (packet.dts or 0) * rate:
            yield waiting
            waiting = next(sounds, None)
        yield packet
    while waiting is not None:
        yield waiting
        waiting = next(sounds, None)


def _pictures(parts: Sequence[Part], stream: VideoStream, profile: Profile) -> "Iterator[Packet[VideoStream]]":
    """Number the packets: PTS by the frame shown, DTS by position, with one delay for the file."""
    tick = frame_ticks(profile)
    delay = max(max(part.note.reorder, part.note.structure.delay) for part in parts)
    at = 0
    for part in parts:
        order, keys = part.note.structure.order, frozenset(part.note.structure.keys)
        for place, raw in _copied(part):
            packet = cast("Packet[VideoStream]", Packet(raw))
            packet.stream = stream
            packet.time_base = Fraction(1, track_timescale(profile))
            packet.pts = (at + order[place] - part.frames.start) * tick
            packet.dts = (at + place - part.frames.start - delay) * tick
            packet.duration = tick
            packet.is_keyframe = place in keys
            yield packet
        at += part.frames.length


def _copied(part: Part) -> Iterator[tuple[int, bytes]]:
    """Give the wanted packets' bytes; all of the file is read and hashed. Raises: Damaged."""
    note, hashed = part.note, sha256()
    with part.path.open("rb") as file:
        _skip(file, note.offset, hashed.update)
        for place, size in enumerate(note.sizes):
            raw = file.read(size)
            hashed.update(raw)
            if part.frames.start <= place < part.frames.end:
                if len(raw) != size:
                    raise Damaged(note.name, "it is cut short")
                yield place, raw
        while block := file.read(READ_BYTES):
            hashed.update(block)
    if hashed.hexdigest() != note.sha256:
        raise Damaged(note.name, "its bytes changed")


def _skip(file: BinaryIO, size: int, take: Callable[[bytes], object]) -> None:
    while size > 0 and (block := file.read(min(size, READ_BYTES))):
        take(block)
        size -= len(block)
