"""Whether what a file holds may be read at all."""

from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

from videogen.errors import MediaError


def expect_clear(packet: "Packet[AudioStream] | Packet[VideoStream]", name: str) -> None:
    """Prove that a packet is not encrypted. Raises: MediaError: it is."""
    if packet.has_sidedata("encryption_info"):
        raise MediaError(
            f"{name} is encrypted", remedy="Export it without copy protection, then drop it again.", code="encrypted"
        )
