"""How this machine renders: its FFmpeg, its profile, its device, and how much may run side by side."""

import os
import shutil
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import psutil

from videogen import cage
from videogen.complaints import ENCODER_ABSENT
from videogen.errors import Defect, EncoderBusy, Stalled, ToolchainError, VideogenError
from videogen.ffmpeg import FFmpeg, Watch
from videogen.model.profile import Encoder, Preset, Profile
from videogen.model.quality import Limits
from videogen.model.timeline import Canvas
from videogen.plan import Needs
from videogen.render.sessions import Device

SOFTWARE = "libx264"
WALL_FACTOR = 50
"""How many times its estimate an encode may take: a machine may be that much slower than the one measured."""
WALL_LEAST_S = 600.0
MEMORY_SHARE = 0.85
"""Of the memory that is free; the rest is for the page cache, without which every encode waits for its clip."""


class Asking(Protocol):
    """What a video wants otherwise than the house; None: as the house has it."""

    @property
    def quality(self) -> int | None:
        """CRF."""

    @property
    def gop(self) -> int | None:
        """Frames between keyframes."""

    @property
    def preset(self) -> Preset | None:
        """The encoder's."""


@dataclass(frozen=True)
class Bench:
    """How this node encodes. Units: seconds, bytes; `wall_s` 0 is WALL_FACTOR times the estimate.

    `encodes` is how many run side by side; 0 is one per processor. `segment_s` 0 is one GOP: a cut costs an IDR, and
    there it would have been anyway; a longer piece leaves more encoded that a video does not show, and processors idle.
    `walls` is what every FFmpeg may reach besides its own files. `limits` are the gate's.
    """

    program: Path
    toolchain: str
    encoder: Encoder
    audio_kbps: int = 192
    stall_s: float = 60.0
    wall_s: float = 0.0
    memory_bytes: int | None = None
    segment_s: Fraction = Fraction(10)
    encodes: int = 0
    walls: cage.Walls | None = None
    device: Device = field(default_factory=Device)
    limits: Limits = field(default_factory=Limits)

    def in_software(self) -> "Bench":
        """Give the same bench without a device: what it makes has another profile, so the two are never in one file."""
        return replace(self, encoder=self.encoder.model_copy(update={"name": SOFTWARE}), device=Device())

    def asked_by(self, video: Asking) -> "Bench":
        """Give the same bench with what a video wants otherwise than the house."""
        wishes = {"quality": video.quality, "gop": video.gop, "preset": video.preset}
        changes = {name: value for name, value in wishes.items() if value is not None}
        return replace(self, encoder=self.encoder.model_copy(update=changes)) if changes else self

    def cut_s(self, canvas: Canvas) -> Fraction:
        """Give the length of a segment on a canvas. Units: seconds."""
        return self.segment_s or self.encoder.gop / canvas.fps

    def profile(self, canvas: Canvas) -> Profile:
        """Give the profile of a canvas: what is the same for every segment of it."""
        return Profile(canvas=canvas, encoder=self.encoder, audio_kbps=self.audio_kbps, toolchain=self.toolchain)

    def ffmpeg(self, cost_s: float) -> FFmpeg:
        """Give FFmpeg under this machine's limits, for work of that estimate."""
        wall_s = self.wall_s or max(WALL_LEAST_S, WALL_FACTOR * cost_s)
        limits = cage.Limits(memory_bytes=self.memory_bytes, open_files=4096, walls=self.walls)
        return FFmpeg(self.program, limits, Watch(stall_s=self.stall_s, wall_s=wall_s))

    def capacity(self, scratch: Path) -> Needs:
        """Give the tokens of this machine, as it stands now."""
        encodes = self.encodes or len(os.sched_getaffinity(0))
        return Needs(
            cpu=encodes * max(1, self.encoder.threads),
            gpu_encode=1,
            gpu_scale=encodes,
            io=1,
            memory_mb=int(MEMORY_SHARE * psutil.virtual_memory().available / 1e6),
            disk_mb=int(shutil.disk_usage(scratch.parent).free / 1e6),
        )


def is_device_trouble(error: VideogenError, profile: Profile) -> bool:
    """Whether a video that failed may well come to be without the device that its pictures were encoded on.

    True: no session came free in all its tries, the device is not there or broke, it hung, FFmpeg ended for a reason
    we do not know or refused what we built for it, or it made a segment that is not what was planned. Were it not the
    device after all, software fails in the same way, and says so. False: whatever is wrong in software as well: an
    input, the disk, memory, a stop, a store that breaks what it is given.
    """
    if not profile.encoder.is_hardware:
        return False
    match error:
        case EncoderBusy() | Stalled():
            return True
        case ToolchainError():
            return error.word == ENCODER_ABSENT
        case Defect():
            return error.word == "segment-wrong" or "status" in error.facts
    return False
