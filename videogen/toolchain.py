"""Which FFmpeg, and which encoders really work: tried by encoding, since `-encoders` lists only what was compiled.

The wheel's FFmpeg is the rule, because then every node has the same one. A system FFmpeg is taken only where it proves
a hardware encoder that the wheel's does not.

A trial has three ends. *works*: every frame came out. *busy*: the device answered and has nothing free now, which is no
proof and is asked again each time. *absent*: it is not there, or its driver cannot. What works and what is absent is
kept for a day of one boot, so a node's start tries nothing.

`auto` takes the first hardware that works, else the first that is busy, else libx264. Busy before software: a device is
taken by our own other nodes most of all, a choice lasts as long as a process, and two profiles of one library are two
encodes of every clip. A video that gets no session meanwhile is encoded in software by itself.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from hashlib import sha256
from math import floor
from pathlib import Path
from typing import Any, Literal, get_args

import imageio_ffmpeg

from videogen import cage, durable
from videogen.complaints import verdict
from videogen.errors import EncoderBusy, NoSpace, SetupError, TemporaryError, ToolchainError, VideogenError
from videogen.ffmpeg import FFmpeg
from videogen.model.profile import Encoder, EncoderName

# VA-API last: it is the general way to devices that have a way of their own.
HARDWARE: tuple[EncoderName, ...] = ("h264_nvenc", "h264_qsv", "h264_videotoolbox", "h264_amf", "h264_vaapi")
SOFTWARE: EncoderName = "libx264"
TRIAL_S = 20.0
TRIAL_FRAMES = 10
TRIAL_SOURCE = ("-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=1", "-frames:v", str(TRIAL_FRAMES))
PROOF_TTL_S = 86400.0
"""A day: drivers are replaced without a reboot, too, and `doctor` tries at once."""
DEVICES = Path("/dev")

State = Literal["works", "busy", "absent"]


@dataclass(frozen=True)
class Trial:
    """What came of really encoding a few frames; `device` is empty where FFmpeg takes the first it finds."""

    encoder: EncoderName
    state: State
    said: str
    device: str = ""

    @property
    def works(self) -> bool:
        """Whether every frame came out."""
        return self.state == "works"

    @property
    def title(self) -> str:
        """Encoder and device, for people."""
        return f"{self.encoder} on {self.device}" if self.device else self.encoder


# -- proofs ------------------------------------------------------------------------------------------------------------


class Proofs:
    """What trials came to, kept in a file for as long as it can be believed. Without a file they live as long as this.

    Another boot is another machine, and where the kernel names no boot no file is kept. A file that is not there, is
    broken, or cannot be written costs new trials and nothing else; of two processes that write at once one is not kept.

    Units: seconds.
    """

    def __init__(
        self,
        file: Path | None = None,
        *,
        ttl_s: float = PROOF_TTL_S,
        now_s: Callable[[], float] = durable.boot_s,
        boot: str | None = None,
    ) -> None:
        self._boot = durable.boot_id() if boot is None else boot
        self._file = file if self._boot else None
        self._ttl_s = ttl_s
        self._now_s = now_s
        self._kept: dict[str, tuple[Trial, float]] | None = None

    def of(self, key: str) -> Trial | None:
        """Give the trial that was kept under a key; None: none that can still be believed."""
        kept = self._rows().get(key)
        return kept[0] if kept else None

    def keep(self, key: str, trial: Trial) -> None:
        """Have a trial found by whoever asks next, in this process and in others."""
        # Rounded down: what was proven in the future is not believed.
        self._kept = self._rows() | {key: (trial, floor(self._now_s() * 10) / 10)}
        if self._file is None:
            return
        rows = {one: asdict(kept) | {"at_s": at_s} for one, (kept, at_s) in self._kept.items()}
        with suppress(OSError, NoSpace):
            durable.make_inner(self._file.parent)
            durable.write(self._file, json.dumps({"boot": self._boot, "proofs": rows}, indent=2) + "\n")

    def forget(self) -> None:
        """Have everything tried anew, whatever the file says."""
        self._kept = {}

    def _rows(self) -> dict[str, tuple[Trial, float]]:
        if self._kept is None:
            self._kept = self._read()
        return {key: kept for key, kept in self._kept.items() if 0 <= self._now_s() - kept[1] < self._ttl_s}

    def _read(self) -> dict[str, tuple[Trial, float]]:
        if self._file is None:
            return {}
        try:
            paper = json.loads(self._file.read_bytes())
            rows = paper["proofs"].items() if paper["boot"] == self._boot else ()
            return {key: (_trial(row), float(row["at_s"])) for key, row in rows}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}


def _trial(row: dict[str, Any]) -> Trial:
    if row["encoder"] not in get_args(EncoderName) or row["state"] not in {"works", "absent"}:
        raise ValueError("no trial of ours")
    return Trial(row["encoder"], row["state"], str(row["said"]), str(row["device"]))


@dataclass(frozen=True)
class Conditions:
    """How encoders are tried: with which settings, on devices under which folder, and where what came of it is kept.

    `walls` is what every FFmpeg may reach besides its own files.
    """

    settings: Encoder = field(default_factory=Encoder)
    proofs: Proofs = field(default_factory=Proofs)
    devices: Path = DEVICES
    walls: cage.Walls = field(default_factory=cage.Walls)


# -- one program -------------------------------------------------------------------------------------------------------


class Toolchain:
    """One FFmpeg program and what it has proven."""

    def __init__(self, program: Path, conditions: Conditions | None = None) -> None:
        self.program = program
        self._conditions = conditions or Conditions()
        self._ffmpeg = FFmpeg(program, cage.Limits(walls=self._conditions.walls))

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

    def trial(self, encoder: EncoderName, device: str = "") -> Trial:
        """Say whether an encoder works on a device: as it was proven, else by encoding with a render's own options."""
        argv = self._argv(encoder, device)
        key, proofs = self._key(argv), self._conditions.proofs
        kept = proofs.of(key)
        if kept is not None:
            return kept
        state, said, is_lasting = self._tried(argv)
        trial = Trial(encoder, state, said, device)
        if is_lasting:
            proofs.keep(key, trial)
        return trial

    def trials_of(self, encoders: Iterable[EncoderName]) -> Iterator[Trial]:
        """Give a trial for each encoder on each of its devices, in order; each is made when its turn comes."""
        for encoder in encoders:
            for device in devices_of(encoder, self._conditions.devices):
                yield self.trial(encoder, device)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Every encoder we know, on every device; the order is the order of preference."""
        return tuple(self.trials_of((*HARDWARE, SOFTWARE)))

    def forget(self) -> None:
        """Have everything tried anew."""
        self._conditions.proofs.forget()

    def first_there(self, encoders: Iterable[EncoderName]) -> Trial | None:
        """Give the first that works, else the first that is there and busy, else None."""
        busy = None
        for trial in self.trials_of(encoders):
            if trial.works:
                return trial
            if trial.state == "busy" and busy is None:
                busy = trial
        return busy

    def choose(self, wanted: str) -> Trial:
        """Choose encoder and device: what was asked for, or with `auto` as this module says.

        Raises: ToolchainError: it does not work here, or none does.
        """
        if wanted == "auto":
            chosen = self.first_there(HARDWARE) or self.first_there((SOFTWARE,))
            if chosen is None:
                raise ToolchainError(
                    f"{self.program} has no H.264 encoder that works",
                    remedy="Set ffmpeg.path to an FFmpeg with libx264.",
                )
            return chosen
        tried = tuple(self.trials_of((_name(wanted),)))
        there = [trial for state in ("works", "busy") for trial in tried if trial.state == state]
        if not there:
            raise ToolchainError(
                f"the encoder {wanted} does not work here ({tried[0].said})",
                remedy='Set render.encoder = "auto", or run `videogen doctor` to see what works.',
            )
        return there[0]

    def encoder(self, wanted: str) -> EncoderName:
        """Choose the encoder alone. Raises: as `choose`."""
        return self.choose(wanted).encoder

    def _argv(self, encoder: EncoderName, device: str) -> list[str]:
        settings = self._conditions.settings.model_copy(update={"name": encoder})
        before, own = settings.device_words(device)
        chain = ",".join(f"{name}={argument}" if argument else name for name, argument in settings.upload)
        options = [word for name, value in sorted(settings.options().items()) for word in (f"-{name}", str(value))]
        filters = ["-vf", chain] if chain else []
        return ["-v", "error", *before, *TRIAL_SOURCE, *filters, *options, *own, "-f", "framecrc", "-"]

    def _key(self, argv: list[str]) -> str:
        """Hash all that an outcome depends on, our right to open devices included."""
        with suppress(OSError):
            there = self.program.stat()
            who = (os.geteuid(), sorted(os.getgroups()))
            facts = (str(self.program), there.st_size, there.st_mtime_ns, self.version, argv, who)
            return sha256(json.dumps(facts).encode("utf-8", "surrogateescape")).hexdigest()
        return ""

    def _tried(self, argv: list[str]) -> tuple[State, str, bool]:
        """Encode; give what came of it, FFmpeg's words, and whether that lasts."""
        try:
            ended = self._ffmpeg.ask(argv, timeout_s=TRIAL_S)
        except VideogenError as error:
            return "absent", error.message, False
        said = ended.stderr.decode("utf-8", "replace").strip()
        first = said.partition("\n")[0][:160]
        if ended.status != 0:
            ended_by = verdict(ended.status, said, argv)
            state: State = "busy" if isinstance(ended_by, EncoderBusy) else "absent"
            return state, first or ended_by.message, not isinstance(ended_by, TemporaryError)
        packets = sum(1 for line in ended.stdout.splitlines() if line and not line.startswith(b"#"))
        if packets != TRIAL_FRAMES:
            return "absent", f"of {TRIAL_FRAMES} frames {packets} came out", True
        return "works", first, True


def devices_of(encoder: EncoderName, folder: Path = DEVICES) -> tuple[str, ...]:
    """Give the devices an encoder may run on, as FFmpeg names them; an empty name where only FFmpeg can find them."""
    found: list[str] = []
    match encoder:
        case "h264_vaapi" | "h264_qsv":
            found = sorted(map(str, folder.glob("dri/renderD*")))
        case "h264_nvenc":
            # CUDA counts those it may see from 0, whatever the kernel calls them.
            found = [str(nth) for nth, _ in enumerate(folder.glob("nvidia[0-9]*"))]
    return tuple(found) or ("",)


# -- which program -----------------------------------------------------------------------------------------------------


def find(path: str, wanted: str = "auto", conditions: Conditions | None = None) -> Toolchain:
    """Find the FFmpeg to use: the configured one, else the wheel's, else a system one that proves more.

    Where a software encoder is `wanted`, no device can make another FFmpeg the better one, and none is tried.

    Raises: ToolchainError: none is there, or the configured one does not run.
    """
    if path:
        chosen = Toolchain(Path(shutil.which(path) or path), conditions)
        _ = chosen.version
        return chosen
    found = candidates(conditions)
    first = next(found, None)
    if first is None:
        raise ToolchainError("no FFmpeg was found", remedy="Run `pip install imageio-ffmpeg`, or set ffmpeg.path.")
    hardware = tuple(name for name in HARDWARE if wanted in {"auto", name})
    for other in found if hardware else ():
        if first.first_there(hardware) is None and other.first_there(hardware) is not None:
            return other
    return first


def candidates(conditions: Conditions | None = None) -> Iterator[Toolchain]:
    """Give every FFmpeg that runs here, the wheel's first; each is asked only when its turn comes."""
    programs = []
    try:
        programs.append(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        programs = []  # the wheel for this platform carries no program
    if system := shutil.which("ffmpeg"):
        programs.append(system)
    for program in dict.fromkeys(programs):
        toolchain = Toolchain(Path(program), conditions)
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
