"""What FFmpeg complains of, and which error that is: one table, from its words to whose fault it is.

The classes that a person looks for are all in it: timeout (Stalled), memory (TemporaryError), format (MediaError),
codec (codec-not-allowed), permission (unreadable) and input or output (TemporaryError, NoSpace). What the table does
not know is a Defect and carries the whole command.
"""

import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any

from videogen.errors import (
    Defect,
    EncoderBusy,
    FFmpegRefused,
    MediaError,
    NoSpace,
    Stalled,
    TemporaryError,
    ToolchainError,
    VideogenError,
)

ENCODER_ABSENT = "encoder-absent"
"""The code of a device that is not there, or whose driver does not do what is asked: later changes nothing."""

# A device that answered and has nothing free. The same call fails in other words where there is none.
# Source: the cap on NVENC's sessions is error 10, and 21 in drivers since 2024; AMF's results 6 and 36 are memory and
# an encoder that could not be made, which a device does whose sessions are taken; VideoToolbox says -12915 for "not
# available now", and -12903 where all its sessions are.
_BUSY = (
    r"out of memory \(10\)|incompatible client key \(21\)|CUDA_ERROR_OUT_OF_MEMORY"
    r"|MFX_\w+_DEVICE_BUSY|device busy \(-?\d+\)|failed to allocate memory \(-4\)"
    r"|HW busy now|Failed to create encode pipeline \w+: 2 \("
    r"|encoder->Init\(\) failed with error (?:6|36)\b"
    r"|cannot create compression session: -129(?:15|03)\b"
)

# A device that is not there, or a driver that cannot. Below the rows of memory: those pass.
# Source: FFmpeg 9.0 on a machine without any device; the sources of its encoders for devices that are there.
_ABSENT = (
    r"OpenEncodeSessionEx failed|No capable devices found|No NVENC capable devices|CUDA_ERROR_"
    r"|Cannot load (?:lib)?(?:nv)?(?:cuda|nvidia-encode|EncodeAPI)|Could not dynamically load CUDA"
    r"|Driver does not support the required nvenc API|minimum required Nvidia driver"
    r"|Provided device doesn't support required NVENC features"
    r"|Error (?:creating|querying) a MFX session|Error initializing an (?:internal )?MFX session"
    r"|device failed \(-17\)|device lost \(-13\)|GPU Hang \(-21\)"
    r"|No VA display found|Failed to initialise VAAPI|No usable encoding (?:profile|entrypoint)"
    r"|Failed to create encode pipeline|Failed to end picture encode issue"
    r"|DLL \S+ failed to open|CreateComponent\(\S+\) failed|encoder->Init\(\) failed"
    r"|Failed to create  ?hardware device context|Device creation failed"
    r"|cannot create compression session"
    r"|Unknown encoder 'h264_(?:nvenc|qsv|videotoolbox|amf|vaapi)'"
)


def _encoder_absent(message: str, *, remedy: str, **facts: Any) -> ToolchainError:
    return ToolchainError(message, remedy=remedy, code=ENCODER_ABSENT, **facts)


def _codec_unread(message: str, *, remedy: str, **facts: Any) -> MediaError:
    return MediaError(message, remedy=remedy, code="codec-not-allowed", **facts)


def _unreadable(message: str, *, remedy: str, **facts: Any) -> TemporaryError:
    return TemporaryError(message, remedy=remedy, code="unreadable", **facts)


# One row each: what FFmpeg writes, which error it is, our sentence, the remedy. First match from the top wins.
# Source: texts of FFmpeg 5.1, 6.0 and 9.0; exit codes differ between them (1, 8, 234), so only "not 0" is read.
_TABLE: tuple[tuple[str, Callable[..., VideogenError], str, str], ...] = (
    (r"No space left on device|Disk quota exceeded", NoSpace, "the disk is full", "Free space; it is tried again."),
    (
        _BUSY,
        EncoderBusy,
        "the encoder has no session left",
        "It is tried again later; lower the number of nodes on this device if it happens often.",
    ),
    (
        r"Cannot allocate memory|Out of memory|mmap.*failed|malloc of size \d+ failed|pthread_create\(\) failed",
        TemporaryError,
        "FFmpeg ran out of memory",
        "It is tried again; raise render.memory_gb or lower render.resolution if it happens often.",
    ),
    (
        _ABSENT,
        _encoder_absent,
        "the encoder does not work on this device",
        'Run `videogen doctor` to see what works; render.encoder = "libx264" needs no device.',
    ),
    (
        r"not on whitelist",
        MediaError,
        "an input is not what its place asks for",
        "Something changed it after it was inspected; drop the file again.",
    ),
    (
        r"(?:Operation|Connection) timed out",
        Stalled,
        "a file did not answer in time",
        "It is tried again; see whether the disk or the network share is slow.",
    ),
    (
        r"Permission denied|Operation not permitted|Read-only file system",
        _unreadable,
        "FFmpeg may not read or write a file",
        "It is tried again; give the user videogen runs as the right to it.",
    ),
    (
        r"no decoder found for|Decoder .* not found|Unknown decoder|Codec not found",
        _codec_unread,
        "an input is coded in a way that this FFmpeg cannot read",
        "Export it as H.264 or MP3; `videogen doctor` tells which FFmpeg is used.",
    ),
    (
        r"Unrecognized option|Option .* not found|No such filter|Error parsing|Unable to parse|Invalid argument"
        r"|Unknown encoder|Undefined constant|Filter .* has an unconnected",
        FFmpegRefused,
        "FFmpeg refused a command that videogen built",
        "Report it with this folder; the command and FFmpeg's words are in stderr.log.",
    ),
    (
        r"Error opening output",
        TemporaryError,
        "FFmpeg could not write its output",
        "It is tried again; see whether the spool can be written.",
    ),
    (
        r"Invalid data found|moov atom not found|Error while decoding|corrupt|Invalid NAL"
        r"|Decoding error|No such file or directory",
        MediaError,
        "an input could not be decoded",
        "Look into stderr.log for the file, replace it, and drop the voice again.",
    ),
    (
        r"Input/output error|Remote I/O error|Stale file handle",
        TemporaryError,
        "a disk or a network share failed while FFmpeg read or wrote",
        "It is tried again; look at the disk, or at the mount.",
    ),
)


# What a decoder says of bits that cannot be, and of nothing else: what it says where it begins amid an open GOP is no
# damage. Source: FFmpeg, libavcodec/h264_slice.c and hevc/hevcdec.c, fftools/ffmpeg_dec.c.
_DAMAGE = re.compile(r"error while decoding MB|(?:Invalid|Error parsing) NAL unit|corrupt (?:decoded|input) ")


def damage_told(words: str) -> str:
    """Give the first line that tells of damage in an input, which FFmpeg concealed; empty: there is none."""
    return next((line.strip() for line in words.splitlines() if _DAMAGE.search(line)), "")


def verdict(status: int, tail: str, argv: Sequence[str]) -> VideogenError:
    """Turn an exit that is not 0 into the error it is.

    Shape: `tail` is the end of stderr; the error's facts carry the status, the last lines and the command.
    """
    lines = [line for line in tail.splitlines() if line.strip()]
    facts: dict[str, Any] = {"status": status, "said": " / ".join(lines[-3:])[-600:], "command": shlex.join(argv)}
    if status == -9:
        return TemporaryError(
            "FFmpeg was killed, most likely by the kernel for want of memory",
            remedy="It is tried again; raise the machine's memory or lower render.resolution if it happens often.",
            code="killed",
            **facts,
        )
    for pattern, family, sentence, remedy in _TABLE:
        if match := re.search(pattern, tail):
            line = next((one for one in lines if match.group(0) in one), lines[-1] if lines else "")
            return family(f"{sentence} ({line.strip()[:200]})", remedy=remedy, **facts)
    said = lines[-1][:200] if lines else "nothing on stderr"
    return Defect(
        f"FFmpeg ended with status {status} ({said})",
        remedy="Report it with this folder; the command and FFmpeg's words are in stderr.log.",
        **facts,
    )
