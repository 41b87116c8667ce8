"""Which FFmpeg, and which encoders really work: tried by encoding, since `-encoders` lists only what was compiled.

The wheel's FFmpeg is the rule, because then every node has the same one. A system FFmpeg is taken only where it proves
a hardware encoder that the wheel's does not.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import get_args

import imageio_ffmpeg

from videogen.errors import SetupError, ToolchainError, VideogenError
from videogen.ffmpeg import FFmpeg
from videogen.model.profile import EncoderName

HARDWARE: tuple[EncoderName, ...] = ("h264_nvenc", "h264_qsv", "h264_videotoolbox", "h264_amf")
SOFTWARE: EncoderName = "libx264"
TRIAL_S = 20.0


@dataclass(frozen=True)
class Trial:
    """What came of really encoding a few frames."""

    encoder: str
    works: bool
    said: str


class Toolchain:
    """One FFmpeg program and what it has proven."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self._ffmpeg = FFmpeg(program)

    @cached_property
    def version(self) -> str:
        """FFmpeg's own version word, as in 9.0.2-static. Raises: ToolchainError: the program does not run."""
        ended = self._ffmpeg.ask(["-version"])
        words = ended.stdout.decode("utf-8", "replace").split()
        if ended.status != 0 or words[:2] != ["ffmpeg", "version"]:
            raise ToolchainError(
                f"{self.program} is not an FFmpeg that runs here", remedy="Set ffmpeg.path to one that works."
            )
        return words[2]

    def trial(self, encoder: str) -> Trial:
        """Encode ten frames with an encoder and say whether it works."""
        source = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=1", "-frames:v", "10", "-pix_fmt", "yuv420p"]
        try:
            ended = self._ffmpeg.ask(["-v", "error", *source, "-c:v", encoder, "-f", "null", "-"], timeout_s=TRIAL_S)
        except VideogenError as error:
            return Trial(encoder, works=False, said=error.message)
        lines = ended.stderr.decode("utf-8", "replace").strip().splitlines()
        return Trial(encoder, works=ended.status == 0, said=lines[0][:160] if lines else "")

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """Every encoder we know, tried; the order is the order of preference."""
        return tuple(self.trial(encoder) for encoder in (*HARDWARE, SOFTWARE))

    def encoder(self, wanted: str) -> EncoderName:
        """Choose the encoder: the one asked for, or with `auto` the first that works.

        Raises: ToolchainError: it does not work here, or none does.
        """
        if wanted == "auto":
            for trial in self.trials:
                if trial.works:
                    return _name(trial.encoder)
            raise ToolchainError(
                f"{self.program} has no H.264 encoder that works", remedy="Set ffmpeg.path to an FFmpeg with libx264."
            )
        trial = self.trial(wanted)
        if not trial.works:
            raise ToolchainError(
                f"the encoder {wanted} does not work here ({trial.said})",
                remedy='Set render.encoder = "auto", or run `videogen doctor` to see what works.',
            )
        return _name(wanted)


def find(path: str, wanted: str = "auto") -> Toolchain:
    """Find the FFmpeg to use: the configured one, else the wheel's, else a system one that proves more.

    Where a software encoder is `wanted`, no device can make another FFmpeg the better one, and none is tried.

    Raises: ToolchainError: none is there, or the configured one does not run.
    """
    if path:
        chosen = Toolchain(Path(shutil.which(path) or path))
        _ = chosen.version
        return chosen
    found = candidates()
    first = next(found, None)
    if first is None:
        raise ToolchainError("no FFmpeg was found", remedy="Run `pip install imageio-ffmpeg`, or set ffmpeg.path.")
    for other in found if wanted != SOFTWARE else ():
        if any(trial.works for trial in other.trials[:-1]) and not any(trial.works for trial in first.trials[:-1]):
            return other
    return first


def candidates() -> Iterator[Toolchain]:
    """Give every FFmpeg that runs here, the wheel's first; each is asked only when its turn comes."""
    programs = []
    try:
        programs.append(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        programs = []  # the wheel for this platform carries no program
    if system := shutil.which("ffmpeg"):
        programs.append(system)
    for program in dict.fromkeys(programs):
        toolchain = Toolchain(Path(program))
        try:
            _ = toolchain.version
        except SetupError:
            continue  # doctor names it; another may do
        yield toolchain


def _name(encoder: str) -> EncoderName:
    for name in get_args(EncoderName):
        if name == encoder:
            return name  # type: ignore[no-any-return]  # get_args gives what the Literal holds
    raise ToolchainError(f"{encoder} is no encoder we know", remedy=f"Use one of {', '.join(get_args(EncoderName))}.")
