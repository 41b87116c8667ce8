"""One linear gain brings music to the target: dynamics stay as they were mixed."""

from pathlib import Path
from threading import Event

import ffmpeg as ffmpeg_python

from videogen.ffmpeg import FFmpeg
from videogen.model.media import Loudness


def gain_for(loudness: Loudness, target_lufs: float, ceiling_dbtp: float = -1.0, tolerance_lu: float = 0.5) -> float:
    """Give the gain that reaches the target without the true peak passing the ceiling.

    0.0 means that the bytes are kept: the loudness is within the tolerance, or the gain would be inaudible.

    Units: dB.
    Source: EBU R 128, programme loudness and maximum true peak; one more MP3 generation costs more than 0.5 LU.
    """
    wanted = target_lufs - loudness.integrated_lufs
    gain_db = min(wanted, ceiling_dbtp - loudness.true_peak_dbtp)
    return 0.0 if abs(wanted) <= tolerance_lu or abs(gain_db) <= tolerance_lu else gain_db


def apply_gain(
    ffmpeg: FFmpeg, source: Path, target: Path, gain_db: float, log: Path, stop: Event | None = None
) -> None:
    """Write `target`, an MP3 of the best variable quality: `source` louder by `gain_db`, its tags kept, no cover.

    Raises: what FFmpeg.run raises; `target` may then be half written.
    """
    given = ffmpeg_python.input(f"file:{source}", format="mp3", protocol_whitelist="file")
    louder = given["a:0"].filter("volume", f"{gain_db:.3f}dB")
    written = ffmpeg_python.output(
        louder,
        f"file:{target}",
        format="mp3",
        map_metadata=0,
        **{"c:a": "libmp3lame", "q:a": 0, "id3v2_version": 3},
    )
    ffmpeg.run(ffmpeg_python.get_args(written, overwrite_output=True), log=log, stop=stop)
