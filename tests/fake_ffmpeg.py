"""An FFmpeg whose hardware encoders do what they are told: `install` puts it into a folder, FAKE_FFMPEG says what.

FAKE_FFMPEG is a list such as `h264_nvenc=busy,h264_vaapi=works`; `h264_vaapi@renderD129=works` is of one device,
`h264_nvenc=busy*2` is busy twice and works then. An encoder that is not named is absent. Where one works, frames are
encoded by libx264 through the real program, once all that was asked of the vendor was proven to be the vendor's; where
it fails, it ends with the words and the status that FFmpeg has for that vendor. Whatever else is asked, the real
program answers.

Run as a program it is `fake_ffmpeg.py REAL ARGUMENT...`, and nothing but the standard library is there.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

VARIABLE = "FAKE_FFMPEG"
RUNS_VARIABLE = "FAKE_FFMPEG_RUNS"

# Options that one encoder has and the others have not, less what all have. Source: `ffmpeg -h encoder=...`, 9.0.
OWN = {
    "libx264": {"preset", "crf", "x264-params"},
    "h264_nvenc": {"preset", "rc", "cq", "forced-idr", "no-scenecut", "gpu"},
    "h264_qsv": {"preset", "forced_idr", "global_quality"},
    "h264_videotoolbox": {"q:v"},
    "h264_amf": {"rc", "qp_i", "qp_p"},
    "h264_vaapi": {"rc_mode", "qp", "idr_interval"},
}
VENDORS = tuple(name for name in OWN if name != "libx264")

OPENING = """\
[vost#0:0/{e} @ 0x55a1c59e0d00] [enc:{e} @ 0x55a1c59e1740] Error while opening encoder - maybe incorrect parameters \
such as bit_rate, rate, width or height.
[vf#0:0 @ 0x55a1c59fc8c0] Error sending frames to consumers: {why}
[vost#0:0/{e} @ 0x55a1c59e0d00] [enc:{e} @ 0x55a1c59e1740] Could not open encoder before EOF
[vost#0:0/{e} @ 0x55a1c59e0d00] Task finished with error code: -22 (Invalid argument)
[vost#0:0/{e} @ 0x55a1c59e0d00] Terminating thread with return code -22 (Invalid argument)
[out#0/framecrc @ 0x55a1c59e0140] Nothing was written into output file, because at least one of its streams received \
no packets.
"""
"""What FFmpeg 9.0 says after the vendor's own words, when an encoder does not open."""

# What each says of itself, the status of the process, and FFmpeg's name of the reason; the status is its low byte.
# Source, absent: FFmpeg 9.0 on a machine without devices, VideoToolbox where it was not compiled in. Busy: FFmpeg's
# sources, with the numbers that vendors' own headers give these cases.
WORDS: dict[tuple[str, str], tuple[int, str, str]] = {
    ("h264_nvenc", "absent"): (
        255,
        "[h264_nvenc @ 0x55a1c59e1840] Cannot load libcuda.so.1",
        "Operation not permitted",
    ),
    ("h264_nvenc", "busy"): (
        244,
        "[h264_nvenc @ 0x55a1c59e1840] OpenEncodeSessionEx failed: out of memory (10): (no details)\n"
        "[h264_nvenc @ 0x55a1c59e1840] No capable devices found",
        "Cannot allocate memory",
    ),
    ("h264_qsv", "absent"): (
        171,
        "[h264_qsv @ 0x55ffe1b08640] Error creating a MFX session: -9.",
        "Unknown error occurred",
    ),
    ("h264_qsv", "busy"): (
        244,
        "[h264_qsv @ 0x55ffe1b08640] Error initializing the encoder: failed to allocate memory (-4)",
        "Cannot allocate memory",
    ),
    ("h264_amf", "absent"): (
        171,
        "[AMF @ 0x7f4eec004a00] DLL libamfrt64.so.1 failed to open\n"
        "[h264_amf @ 0x55cdab7a9a40] Failed to create  hardware device context (AMF) : Unknown error occurred",
        "Unknown error occurred",
    ),
    ("h264_amf", "busy"): (
        190,
        "[h264_amf @ 0x55cdab7a9a40] encoder->Init() failed with error 36",
        "Internal bug, should not have happened",
    ),
    ("h264_videotoolbox", "absent"): (
        187,
        "[h264_videotoolbox @ 0x7fa5bf815000] Error: cannot create compression session: -12908\n"
        "[h264_videotoolbox @ 0x7fa5bf815000] Try -allow_sw 1. The hardware encoder may be busy, or not supported.",
        "Generic error in an external library",
    ),
    ("h264_videotoolbox", "busy"): (
        187,
        "[h264_videotoolbox @ 0x7fa5bf815000] Error: cannot create compression session: -12915\n"
        "[h264_videotoolbox @ 0x7fa5bf815000] Try -allow_sw 1. The hardware encoder may be busy, or not supported.",
        "Generic error in an external library",
    ),
    ("h264_vaapi", "absent"): (
        218,
        "[h264_vaapi @ 0x5588453aee80] No usable encoding entrypoint found for profile VAProfileH264High (7).",
        "Function not implemented",
    ),
    ("h264_vaapi", "busy"): (
        251,
        "[h264_vaapi @ 0x5588453aee80] Failed to create encode pipeline context: 2 (resource allocation failed).",
        "Input/output error",
    ),
}
# What FFmpeg 9.0 says of an argument that is wrong, wherever it stands.
UNKNOWN_OPTION = "Unrecognized option '{}'.\nError splitting the argument list: Option not found\n"
NO_FRAMES = "[h264_vaapi @ 0x5588453aee80] A hardware frames reference is required to associate the encoding device.\n"
NO_FORMAT = "[vf#0:0 @ 0x5588453aee80] Impossible to convert between the formats supported by the filter\n"


def install(folder: Path, real: Path) -> Path:
    """Write the program `ffmpeg` into a folder, and give its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ffmpeg"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -ES "{__file__}" "{real}" "$@"\n')
    path.chmod(0o755)
    return path


def runs(log: Path) -> list[list[str]]:
    """Give the arguments of each encode that was asked for since the log was begun."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


# -- the program -------------------------------------------------------------------------------------------------------


def main(real: str, argv: list[str]) -> NoReturn:
    """Do what is asked, or fail as it was told to."""
    encoder = after(argv, "-c:v")
    if encoder in OWN:
        note(argv)
    if encoder in VENDORS:
        argv = played(encoder, argv)
    os.execv(real, [real, *argv])  # noqa: S606 -- the program that the tests chose


def played(encoder: str, argv: list[str]) -> list[str]:
    """Give the command that encodes in a device's place, or end as FFmpeg does where that fails."""
    if trouble := wrong(encoder, argv):
        sys.stderr.write(trouble)
        sys.exit(234)
    state = told(encoder, after(argv, "-vaapi_device") or after(argv, "-qsv_device") or after(argv, "-gpu"))
    if (encoder, state) in WORDS:
        status, words, why = WORDS[encoder, state]
        sys.stderr.write(f"{words}\n{OPENING.format(e=encoder, why=why)}")
        sys.exit(status)
    return software(encoder, argv, is_short=state == "short")


def after(argv: Sequence[str], option: str) -> str:
    """Give the value of an option; empty where it is not there."""
    return argv[argv.index(option) + 1] if option in argv else ""


def note(argv: Sequence[str]) -> None:
    """Add a run to the log, where there is to be one."""
    if path := os.environ.get(RUNS_VARIABLE):
        with open(path, "a", encoding="utf-8") as log:
            log.write(json.dumps(argv) + "\n")


def wrong(encoder: str, argv: Sequence[str]) -> str:
    """Say what FFmpeg would of options that are another encoder's, and of frames that are where they cannot be used."""
    foreign = set().union(*OWN.values()) - OWN[encoder]
    for word in argv:
        if word.startswith("-") and word[1:] in foreign:
            return UNKNOWN_OPTION.format(word[1:])
    filters = after(argv, "-vf") + after(argv, "-filter_complex")
    if encoder == "h264_vaapi":
        if "-vaapi_device" not in argv or "hwupload" not in filters:
            return NO_FRAMES
        return NO_FORMAT if "-pix_fmt" in argv else ""
    wanted = "nv12" if encoder == "h264_qsv" else "yuv420p"
    return NO_FORMAT if after(argv, "-pix_fmt") != wanted or "hwupload" in filters else ""


def told(encoder: str, device: str) -> str:
    """Give what an encoder is to do on a device; how often it was busy is counted in a file beside the runs."""
    rules = dict(rule.split("=", 1) for rule in os.environ.get(VARIABLE, "").split(",") if rule)
    state, _, times = rules.get(f"{encoder}@{Path(device).name}", rules.get(encoder, "absent")).partition("*")
    if not times:
        return state
    counted = Path(f"{os.environ[RUNS_VARIABLE]}.{encoder}")
    with counted.open("a") as file:
        file.write("x")
    return state if counted.stat().st_size <= int(times) else "works"


def software(encoder: str, argv: Sequence[str], *, is_short: bool) -> list[str]:
    """Give the command that encodes the same frames with libx264; a short one loses the last of them."""
    dropped = {f"-{name}" for name in OWN[encoder]} | {"-vaapi_device", "-qsv_device", "-b:v"}
    words, given = list[str](), iter(argv)
    for word in given:
        if word in dropped:
            next(given)
        elif word == "-c:v":
            next(given)
            words += ["-c:v", "libx264", "-preset", "ultrafast", "-x264-params", "stitchable=1:open-gop=0"]
        elif word == "-frames:v" and is_short:
            words += [word, str(int(next(given)) - 1)]
        else:
            words.append(word.replace("hwupload", "null"))
    return words


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
