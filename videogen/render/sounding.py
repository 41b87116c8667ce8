"""The sound of a video, read packet by packet while FFmpeg is still encoding it."""

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from videogen.errors import Defect

AAC_FRAME = 1024
"""Samples in one AAC frame. Source: ISO 14496-3."""
PRIMING = 1024
"""Samples FFmpeg's AAC encoder puts before the first one that is meant to be heard. Source: its initial_padding."""
LOOK_S = 0.005


class Growing:
    """A file that another process is still writing, as something to read: a read waits for bytes or for the end."""

    def __init__(self, path: Path, is_done: Callable[[], bool]) -> None:
        self._path = path
        self._is_done = is_done
        self._file = None if not path.exists() else path.open("rb")

    def read(self, size: int) -> bytes:
        """Give at least one byte, or none at the end. Raises: what `is_done` raises."""
        while True:
            # Asked before the read: what was written before the end is still to be had after it.
            is_done = self._is_done()
            if self._file is None and self._path.exists():
                self._file = self._path.open("rb")
            raw = self._file.read(size) if self._file else b""
            if raw or is_done:
                return raw
            time.sleep(LOOK_S)

    def close(self) -> None:
        """Let go of the file."""
        if self._file:
            self._file.close()


class Sounding:
    """AAC packets of exactly `samples` samples, from a NUT file that may still grow.

    `is_done` says whether the file is whole; it raises where it never will be.
    """

    def __init__(self, path: Path, samples: int, is_done: Callable[[], bool]) -> None:
        self._samples = samples
        self._file = Growing(path, is_done)
        self._container: InputContainer | None = None

    @property
    def expected_packets(self) -> int:
        """How many packets hold that many samples."""
        return -(-(self._samples + PRIMING) // AAC_FRAME)

    def open(self, container: OutputContainer) -> AudioStream:
        """Give the output the track; waits for the sound's headers."""
        self._container = av.open(cast("str", self._file), format="nut")
        template = self._container.streams.audio[0]
        track = container.add_stream_from_template(template)
        track.time_base = Fraction(1, template.codec_context.sample_rate)
        return track

    def packets(self, track: AudioStream) -> "Iterator[Packet[AudioStream]]":
        """Number the packets: the first one ends where the picture begins; the last one is as long as is left.

        Raises: Defect: the sound ends before the picture, or goes on after it by more than a frame.
        """
        assert self._container is not None  # noqa: S101 -- opened before
        count, end = 0, self._samples + PRIMING
        for packet in self._container.demux(audio=0):
            if not packet.size:
                continue
            if count * AAC_FRAME < end:
                yield self._placed(packet, track, count)
            count += 1
        self.close()
        if not 0 <= count - self.expected_packets <= 1:
            raise Defect(
                f"the sound has {count} packets, not {self.expected_packets}",
                remedy="Report it with this folder.",
                code="sound-wrong",
            )

    def _placed(self, packet: "Packet[AudioStream]", track: AudioStream, count: int) -> "Packet[AudioStream]":
        packet.stream = track
        packet.time_base = Fraction(track.time_base or 0)
        packet.pts = packet.dts = count * AAC_FRAME - PRIMING
        packet.duration = min(AAC_FRAME, self._samples + PRIMING - count * AAC_FRAME)
        return packet

    def close(self) -> None:
        """Let go of the file."""
        if self._container is not None:
            self._container.close()
            self._container = None
        self._file.close()
