"""The door to FFmpeg: progress, ends and verdicts of the real program; a small double only for what it never does."""

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

from tests import fake_ffmpeg, footage
from videogen.complaints import ENCODER_ABSENT, verdict
from videogen.errors import (
    Defect,
    EncoderBusy,
    FFmpegRefused,
    MediaError,
    NoSpace,
    Stalled,
    Stopped,
    TemporaryError,
    ToolchainError,
    VideogenError,
)
from videogen.ffmpeg import FFmpeg, Progress, Watch

FOREVER = ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25", "-f", "null", "-"]
"""A run that goes on at the speed of time and never ends by itself."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where FFmpeg's words go."""
    return tmp_path / "stderr.log"


def children() -> set[int]:
    """Give the processes below this one that are not dead."""
    found = psutil.Process().children(recursive=True)
    return {child.pid for child in found if child.is_running() and child.status() != psutil.STATUS_ZOMBIE}


def open_descriptors() -> int:
    """Count what this process holds open."""
    return len(os.listdir("/dev/fd"))


def refused(run: Callable[[], object]) -> VideogenError:
    """Run what must fail; give the error, having checked that it tells enough to act on."""
    with pytest.raises(VideogenError) as caught:
        run()
    assert caught.value.message
    assert caught.value.remedy
    return caught.value


# -- progress --------------------------------------------------------------------------------------------------------


def test_progress_reaches_the_total(ffmpeg: FFmpeg, tmp_path: Path, log: Path) -> None:
    """Frames only go up, and the last word is that all of them are written, how fast, and in how many bytes (E4)."""
    told: list[Progress] = []
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=8"]

    ffmpeg.run([*source, f"file:{tmp_path}/out.mp4"], log=log, total=200, on_progress=told.append)

    frames = [progress.frame for progress in told]
    assert frames == sorted(frames)
    assert (told[-1].frame, told[-1].total, told[-1].remaining_s) == (200, 200, 0.0)
    assert told[-1].size_bytes == (tmp_path / "out.mp4").stat().st_size > 0
    assert told[-1].fps == pytest.approx(200 / told[-1].elapsed_s)


@pytest.mark.parametrize(
    ("frame", "total", "remaining_s"),
    [(0, 100, None), (10, 0, None), (25, 100, 30.0), (100, 100, 0.0), (120, 100, 0.0)],
)
def test_remaining_time_follows_the_rate_so_far(frame: int, total: int, remaining_s: float | None) -> None:
    """A quarter done in 10 s leaves 30 s; nothing is told while nothing is known, and never less than nothing."""
    assert Progress(frame, total, 10.0).remaining_s == remaining_s


@pytest.mark.parametrize("source", ["testsrc2=s=64x64:r=25:d=2.5", "sine=d=2.5"], ids=["picture", "sound"])
def test_a_slow_run_is_not_a_stalled_one(ffmpeg_program: Path, log: Path, source: str) -> None:
    """A run that lasts longer than the stall time but moves on, in frames or in sound, comes to its end (P19)."""
    patient = FFmpeg(ffmpeg_program, watch=Watch(stall_s=1.5))
    began = time.monotonic()

    patient.run(["-re", "-f", "lavfi", "-i", source, "-f", "null", "-"], log=log)

    assert time.monotonic() - began > 1.6


# -- ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(30)
def test_a_run_that_stands_still_is_ended(ffmpeg_program: Path, tmp_path: Path, log: Path) -> None:
    """FFmpeg waiting for a pipe that nobody writes to is Stalled, and no process is left (P19)."""
    os.mkfifo(tmp_path / "pipe")
    impatient, before = FFmpeg(ffmpeg_program, watch=Watch(stall_s=1)), children()
    argv = ["-protocol_whitelist", "file", "-f", "mp3", "-i", f"file:{tmp_path}/pipe", "-f", "null", "-"]

    error = refused(lambda: impatient.run(argv, log=log))

    assert type(error) is Stalled
    assert error.message == "FFmpeg made no progress for 1 s at frame 0"
    assert children() == before


def test_a_run_has_a_longest_time(ffmpeg_program: Path, log: Path) -> None:
    """A run that moves but does not end in its time is Stalled, and no process is left (P19)."""
    bounded, before = FFmpeg(ffmpeg_program, watch=Watch(wall_s=1)), children()

    error = refused(lambda: bounded.run(FOREVER, log=log))

    assert type(error) is Stalled
    assert error.message == "FFmpeg was not done after 1 s"
    assert children() == before


def test_stop_ends_a_run_at_once(ffmpeg: FFmpeg, log: Path) -> None:
    """Two seconds after the stop was set the run has ended as Stopped, and no process is left (B6, P16)."""
    stop, before, set_at = Event(), children(), []

    def stop_at_first_frame(progress: Progress) -> None:
        if progress.frame and not stop.is_set():
            set_at.append(time.monotonic())
            stop.set()

    error = refused(lambda: ffmpeg.run(FOREVER, log=log, on_progress=stop_at_first_frame, stop=stop))

    assert time.monotonic() - set_at[0] < 2
    assert type(error) is Stopped
    assert children() == before


def test_a_listener_that_fails_ends_the_run(ffmpeg: FFmpeg, log: Path) -> None:
    """An error in the one who is told the progress comes out as it is, and FFmpeg does not run on without us."""
    before = children()

    def fail(_: Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ffmpeg.run(FOREVER, log=log, on_progress=fail)

    assert children() == before


LINGERER = """\
#!{python} -ES
import os, sys, time
print("I close my progress and stay", file=sys.stderr, flush=True)
os.close(int(sys.argv[sys.argv.index("-progress") + 1].removeprefix("pipe:")))
time.sleep(60)
"""


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("watch", "is_stopped", "family"),
    [
        (Watch(stall_s=0.7), False, Stalled),
        (Watch(stall_s=5, wall_s=0.7), False, Stalled),
        (Watch(stall_s=5), True, Stopped),
    ],
    ids=["stall", "wall", "stop"],
)
def test_a_run_that_ends_its_progress_and_stays_is_ended(
    tmp_path: Path, log: Path, watch: Watch, is_stopped: bool, family: type[VideogenError]
) -> None:
    """A program that has nothing more to tell but does not exit is watched and stopped like any other (P19)."""
    program, stop, before = tmp_path / "lingerer", Event(), children()
    program.write_text(LINGERER.format(python=sys.executable))
    program.chmod(0o755)
    if is_stopped:
        stop_when_said(log, stop)
    began = time.monotonic()

    error = refused(lambda: FFmpeg(program, watch=watch).run([], log=log, stop=stop))

    assert type(error) is family
    assert time.monotonic() - began < 4
    assert children() == before


def stop_when_said(log: Path, stop: Event) -> None:
    """Set a stop from a thread of its own as soon as the program has spoken."""

    def wait() -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not (log.exists() and b"stay" in log.read_bytes().split(b"\n", 1)[-1]):
            time.sleep(0.02)
        stop.set()

    Thread(target=wait, daemon=True).start()


# -- verdicts --------------------------------------------------------------------------------------------------------


FAR = "http://127.0.0.1:1/far.mp4"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good clip and with bad ones."""
    folder = tmp_path_factory.mktemp("inputs")
    footage.clip(folder / "good.mp4")
    (folder / "noise.mp4").write_bytes(random.Random(7).randbytes(50_000))  # noqa: S311, nothing secret
    (folder / "empty.mp4").touch()
    whole = footage.clip(folder / "whole.mp4")
    footage.make("-i", whole, "-c", "copy", "-movflags", "0", folder / "plain.mp4")
    content = (folder / "plain.mp4").read_bytes()
    (folder / "headless.mp4").write_bytes(content[: len(content) // 2])
    (folder / "hls.mp4").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{FAR}\n#EXT-X-ENDLIST\n")
    (folder / "list.mp4").write_text(f"ffconcat version 1.0\nfile {FAR}\n")
    return folder


# Read from "good.mp4" into nothing, less what a row says: {i} is the folder of inputs.
FAILURES: dict[str, tuple[str, type[VideogenError]]] = {
    "unknown option": ("-nosuch 1 -i file:{i}/good.mp4 -f null -", FFmpegRefused),
    "unknown filter": ("-i file:{i}/good.mp4 -vf nosuch -f null -", FFmpegRefused),
    "wrong filter value": ("-i file:{i}/good.mp4 -vf scale=w=abc:h=1 -f null -", FFmpegRefused),
    "unconnected filter": ("-i file:{i}/good.mp4 -filter_complex [0:v]overlay[v] -map [v] -f null -", FFmpegRefused),
    "unknown encoder": ("-i file:{i}/good.mp4 -c:v nosuch -f null -", FFmpegRefused),
    "wrong encoder value": ("-i file:{i}/good.mp4 -c:v libx264 -preset nosuch -f null -", FFmpegRefused),
    "unknown format": ("-i file:{i}/good.mp4 -f nosuch -", FFmpegRefused),
    "noise": ("-i file:{i}/noise.mp4 -f null -", MediaError),
    "noise read as what it should be": ("-f mp4 -i file:{i}/noise.mp4 -f null -", MediaError),
    "empty file": ("-f mp4 -i file:{i}/empty.mp4 -f null -", MediaError),
    "no moov": ("-i file:{i}/headless.mp4 -f null -", MediaError),
    "missing file": ("-i file:{i}/missing.mp4 -f null -", MediaError),
    "playlist in disguise": ("-i file:{i}/hls.mp4 -f null -", MediaError),
    "playlist to the network": ("-protocol_whitelist file -f hls -i file:{i}/hls.mp4 -f null -", MediaError),
    "list to the network": ("-protocol_whitelist file -f concat -safe 0 -i file:{i}/list.mp4 -f null -", MediaError),
    "another format": ("-format_whitelist mov -i file:{i}/list.mp4 -f null -", MediaError),
    "full disk": ("-i file:{i}/good.mp4 -f mpegts -y file:/dev/full", NoSpace),
}


@pytest.mark.parametrize("case", FAILURES)
def test_every_failure_is_the_error_it_is(ffmpeg: FFmpeg, inputs: Path, log: Path, case: str) -> None:
    """What is wrong with the command is ours, with the file theirs, with the disk the world's (E4, P25)."""
    line, family = FAILURES[case]
    argv = [word.format(i=inputs) for word in line.split()]

    error = refused(lambda: ffmpeg.run(argv, log=log))

    assert type(error) is family, f"{error.message}\n{log.read_text()}"
    assert error.facts["status"] != 0
    assert error.facts["said"]
    assert line.split()[-1].format(i=inputs) in str(error.facts["command"])


def test_a_killed_run_may_be_tried_again(ffmpeg: FFmpeg, log: Path) -> None:
    """FFmpeg killed from outside, as the kernel does for want of memory, is the world's fault (A10, P18)."""
    before = children()

    def kill(progress: Progress) -> None:
        for pid in children() - before if progress.frame else ():
            psutil.Process(pid).kill()

    error = refused(lambda: ffmpeg.run(FOREVER, log=log, on_progress=kill))

    assert type(error) is TemporaryError
    assert error.word == "killed"


DOORS: dict[str, Callable[[FFmpeg, Path], object]] = {
    "run": lambda ffmpeg, log: ffmpeg.run(["-version"], log=log),
    "ask": lambda ffmpeg, log: ffmpeg.ask(["-version"]),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_program_that_is_not_there_is_the_operators(tmp_path: Path, log: Path, door: str) -> None:
    """Without an FFmpeg no task is to blame: the error is ToolchainError, which stops the node and not the task."""
    error = refused(lambda: DOORS[door](FFmpeg(tmp_path / "no-ffmpeg"), log))

    assert type(error) is ToolchainError


# FFmpeg 9.0 said the rows on memory under `prlimit --as`, the others are from its sources.
SAID: dict[str, tuple[int, str, type[VideogenError]]] = {
    "memory of the decoder": (244, "Error during demuxing: Cannot allocate memory", TemporaryError),
    "memory of libx264": (187, "x264 [error]: malloc of size 7332416 failed\nConversion failed!", TemporaryError),
    "no more threads": (245, "pthread_create() failed: Resource temporarily unavailable", TemporaryError),
    "status of a kill": (-9, "Conversion failed!", TemporaryError),
    "session limit": (1, "[h264_nvenc] OpenEncodeSessionEx failed: out of memory (10)", TemporaryError),
    "quota": (228, "av_interleaved_write_frame(): Disk quota exceeded", NoSpace),
    "full disk, then nonsense": (228, "No space left on device\nInvalid argument\nInvalid data found", NoSpace),
    "no words": (1, "", Defect),
    "words nobody knows": (187, "the moon is in the wrong house", Defect),
}


@pytest.mark.parametrize("case", SAID)
def test_words_that_are_hard_to_provoke_are_read_too(case: str) -> None:
    """Of words that take a device or a full disk, the cause decides; unknown ones are a Defect with all we know."""
    status, tail, family = SAID[case]

    error = verdict(status, tail, ["ffmpeg", "-i", "two words"])

    assert isinstance(error, family)
    assert error.facts == {
        "status": status,
        "said": tail.replace("\n", " / "),
        "command": "ffmpeg -i 'two words'",
    }


# Words of devices as they stand among others: the next lines say "Invalid argument", as of any failed opening.
# Source: FFmpeg's sources and reports of its users; FFmpeg 9.0 itself where there is no device.
NVENC, QSV, VAAPI, AMF = "[h264_nvenc @ 0x1] ", "[h264_qsv @ 0x1] ", "[h264_vaapi @ 0x1] ", "[h264_amf @ 0x1] "
TOOLBOX = "[h264_videotoolbox @ 0x1] "
ABSENT, BUSY = ToolchainError, EncoderBusy
DEVICES: dict[str, tuple[type[VideogenError], str]] = {
    "cap of older drivers": (BUSY, NVENC + "OpenEncodeSessionEx failed: out of memory (10): (no details)"),
    "cap of newer drivers": (BUSY, NVENC + "OpenEncodeSessionEx failed: incompatible client key (21): (no details)"),
    "the device's memory": (BUSY, NVENC + "cu->cuCtxCreate() failed -> CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
    "memory of an open one": (BUSY, NVENC + "InitializeEncoder failed: out of memory (10): (no details)"),
    "a card without an encoder": (
        ABSENT,
        NVENC + f"OpenEncodeSessionEx failed: unsupported device (2)\n{NVENC}No capable devices found",
    ),
    "no card": (ABSENT, NVENC + "cu->cuInit(0) failed -> CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected"),
    "no driver": (ABSENT, NVENC + "Cannot load libcuda.so.1"),
    "no encoder in the driver": (ABSENT, NVENC + "Cannot load libnvidia-encode.so.1"),
    "no driver on Windows": (ABSENT, NVENC + "Cannot load nvEncodeAPI64.dll"),
    "an old driver": (
        ABSENT,
        NVENC + "Driver does not support the required nvenc API version. Required: 13.0 Found: 12.1",
    ),
    "a card that is too old": (ABSENT, NVENC + "No capable devices found"),
    "no runtime of Intel's": (ABSENT, QSV + "Error creating a MFX session: -9."),
    "no right to the render node": (ABSENT, QSV + "Error initializing an internal MFX session: unsupported (-3)"),
    "a session of an older FFmpeg": (ABSENT, QSV + "Error initializing an MFX session: -3."),
    "a device that was lost": (ABSENT, QSV + "Error during encoding: device failed (-17)"),
    "a device that hung": (ABSENT, QSV + "Error during encoding: GPU Hang (-21)"),
    "a taken device": (BUSY, QSV + "Error during encoding: device busy (2)"),
    "no render node": (ABSENT, "[VAAPI @ 0x1] No VA display found for device /dev/dri/renderD128."),
    "no driver for VA": (ABSENT, "[VAAPI @ 0x1] Failed to initialise VAAPI connection: -1 (unknown libva error)."),
    "only decodes": (ABSENT, VAAPI + "No usable encoding entrypoint found for profile VAProfileH264High (7)."),
    "another codec only": (ABSENT, VAAPI + "No usable encoding profile found."),
    "no room on the device": (
        BUSY,
        VAAPI + "Failed to create encode pipeline context: 2 (resource allocation failed).",
    ),
    "VA says busy": (BUSY, VAAPI + "Failed to begin picture encode issue: 34 (HW busy now)."),
    "a broken driver": (ABSENT, VAAPI + "Failed to end picture encode issue: 24 (internal encoding error)."),
    "no runtime of AMD's": (ABSENT, "[AMF @ 0x1] DLL libamfrt64.so.1 failed to open"),
    "another vendor's card": (ABSENT, AMF + "CreateComponent(AMFVideoEncoderVCE_AVC) failed with error 30"),
    "sessions of AMD's": (BUSY, AMF + "encoder->Init() failed with error 36"),
    "memory of AMD's": (BUSY, AMF + "encoder->Init() failed with error 6"),
    "a size it does not take": (ABSENT, AMF + "encoder->Init() failed with error 5"),
    "not available now": (BUSY, TOOLBOX + "Error: cannot create compression session: -12915"),
    "all sessions of a Mac": (BUSY, TOOLBOX + "Error: cannot create compression session: -12903"),
    "no such encoder on a Mac": (ABSENT, TOOLBOX + "Error: cannot create compression session: -12908"),
    "not compiled in": (ABSENT, "[vost#0:0 @ 0x1] Unknown encoder 'h264_videotoolbox'"),
}


@pytest.mark.parametrize("case", DEVICES)
def test_a_taken_device_is_told_from_none(case: str) -> None:
    """A device without a free session passes; one that is not there, or broke, is the machine's trouble (A8)."""
    family, words = DEVICES[case]

    error = verdict(234, f"{words}\n{fake_ffmpeg.OPENING.format(e='h264_x', why='Invalid argument')}", ["ffmpeg"])

    assert type(error) is family
    assert words.partition("] ")[2].partition("\n")[0] in error.message
    assert error.word == (ENCODER_ABSENT if family is ABSENT else "encoder-busy")


# -- the log ---------------------------------------------------------------------------------------------------------


def test_log_has_the_command_and_the_words(ffmpeg: FFmpeg, ffmpeg_program: Path, tmp_path: Path, log: Path) -> None:
    """The command can be pasted, FFmpeg's words follow it, and a second run adds to the first (A10)."""
    missing = f"{tmp_path}/two words.mp4"

    for _ in range(2):
        refused(lambda: ffmpeg.run(["-i", f"file:{missing}", "-f", "null", "-"], log=log))

    lines = log.read_text().splitlines()
    commands = [number for number, line in enumerate(lines) if line.startswith(f"$ {ffmpeg_program} ")]
    assert len(commands) == 2
    assert f"-i 'file:{missing}' -f null -" in lines[0]
    assert "No such file or directory" in "\n".join(lines[1 : commands[1]])
    assert "No such file or directory" in "\n".join(lines[commands[1] + 1 :])


def test_verdict_reads_only_its_own_run(ffmpeg: FFmpeg, log: Path) -> None:
    """What an earlier run said in the same log is not held against this one."""
    log.write_text("No space left on device\n")

    error = refused(lambda: ffmpeg.run(["-nosuch", "1"], log=log))

    assert type(error) is FFmpegRefused


def test_names_that_are_not_text_are_written_and_logged(ffmpeg: FFmpeg, tmp_path: Path, log: Path) -> None:
    """A name that is not UTF-8 reaches FFmpeg as its bytes and stands in the log as something readable (D7)."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 'x'.mkv")

    ffmpeg.run(["-f", "lavfi", "-i", "testsrc2=s=64x64:d=0.2", f"file:{path}"], log=log)

    assert os.path.getsize(path) > 0
    assert "\\udce9" in log.read_text()


def test_nothing_stays_open(ffmpeg: FFmpeg, log: Path) -> None:
    """After a run that went well and one that did not, this process holds no more files than before."""
    held = open_descriptors()

    ffmpeg.run(["-f", "lavfi", "-i", "testsrc2=s=64x64:d=0.2", "-f", "null", "-"], log=log)
    refused(lambda: ffmpeg.run(["-nosuch", "1"], log=log))
    with pytest.raises(FileNotFoundError):
        ffmpeg.run(["-version"], log=log.parent / "no" / "folder" / "log")

    assert open_descriptors() == held


def test_answer_is_given_whatever_its_status(ffmpeg: FFmpeg) -> None:
    """A short question gives FFmpeg's words, and a refusal is an answer as well."""
    assert ffmpeg.ask(["-version"]).stdout.startswith(b"ffmpeg version")
    assert ffmpeg.ask(["-nosuch"]).status != 0


def test_a_question_has_a_longest_time(ffmpeg: FFmpeg) -> None:
    """A question that gets no answer in its time is Stalled, and no process is left."""
    before = children()

    error = refused(lambda: ffmpeg.ask(FOREVER, timeout_s=0.5))

    assert type(error) is Stalled
    assert children() == before
