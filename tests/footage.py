"""Makers of small awkward media: real files, synthesised by FFmpeg, a second or two long.

Each maker writes `path` and gives it back. The picture is FFmpeg's testsrc2: it moves, and it shows its time.
"""

import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg


def program() -> Path:
    """Give the FFmpeg program that is always there."""
    return Path(imageio_ffmpeg.get_ffmpeg_exe())


def make(*arguments: object) -> None:
    """Run FFmpeg with these arguments, overwriting; the words it says on failure become the exception."""
    argv = [str(program()), "-hide_banner", "-nostdin", "-v", "error", "-y", *(str(one) for one in arguments)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}\n{done.stderr[-2000:]}")


def clip(
    path: Path,
    *,
    size: tuple[int, int] = (160, 120),
    rate: Fraction | int = 25,
    seconds: float = 1.0,
    rotation: int = 0,
    sar: str = "1:1",
    vfr: bool = False,
    sound: bool = True,
    interlaced: bool = False,
    pix_fmt: str = "yuv420p",
    codec: str = "libx264",
    extra: tuple[object, ...] = (),
) -> Path:
    """Write a moving test picture.

    Units: `rotation` in degrees clockwise that a player applies. `vfr` drops every third and fourth of five pictures.
    """
    plain = path.with_name(f"{path.stem}.plain{path.suffix}") if rotation else path
    # Without a format here the picture is made as 4:2:0, and odd sizes are rounded down.
    chain = f"testsrc2=size={size[0]}x{size[1]}:rate={Fraction(rate)}:duration={seconds},format={pix_fmt}"
    chain += f",setsar={sar.replace(':', '/')}"
    if vfr:
        chain += ",select='lt(mod(n,5),2)+eq(mod(n,5),4)'"
    if interlaced:
        chain += ",tinterlace=mode=interleave_top"
    arguments: list[object] = ["-f", "lavfi", "-i", chain]
    if sound:
        arguments += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}", "-c:a", "aac"]
    arguments += ["-c:v", codec, "-pix_fmt", pix_fmt, "-fps_mode", "vfr" if vfr else "passthrough"]
    if codec in {"libx264", "libx265"}:
        arguments += ["-preset", "ultrafast"]
    if interlaced:
        arguments += ["-flags", "+ildct+ilme"]
    make(*arguments, *extra, "-movflags", "+faststart", plain)
    if rotation:
        # FFmpeg counts counterclockwise.
        make("-display_rotation", -rotation, "-i", plain, "-c", "copy", path)
        plain.unlink()
    return path


def odd_size(path: Path) -> Path:
    """Write a clip of 63 by 65 pixels, which 4:2:0 cannot hold."""
    return clip(path, size=(63, 65), pix_fmt="yuv444p")


def slow_rate(path: Path) -> Path:
    """Write a clip of 12.5 frames per second."""
    return clip(path, rate=Fraction(25, 2), seconds=2)


def fast_rate(path: Path) -> Path:
    """Write a clip of 59.94 frames per second."""
    return clip(path, rate=Fraction(60000, 1001))


def portrait(path: Path) -> Path:
    """Write a clip that lies on its side and says so, as phones do."""
    return clip(path, rotation=90)


def voice_mp3(path: Path, seconds: float = 2.0) -> Path:
    """Write something that rises and falls like speech, mono."""
    words = f"aevalsrc='0.4*sin(2*PI*180*t)*pow(sin(2*PI*1.7*t),2)':sample_rate=44100:duration={seconds}"
    make("-f", "lavfi", "-i", words, "-c:a", "libmp3lame", "-b:a", "96k", path)
    return path


def music_mp3(path: Path, seconds: float = 3.0, lufs: float | None = None) -> Path:
    """Write a stereo chord with a title, near `lufs` where that is given."""
    chord = f"aevalsrc='0.2*sin(2*PI*330*t)|0.2*sin(2*PI*440*t)':sample_rate=44100:duration={seconds}"
    # The chord as it stands measures -15.1 LUFS.
    gain_db = 0.0 if lufs is None else lufs + 15.1
    make("-f", "lavfi", "-i", chord, "-af", f"volume={gain_db}dB", "-metadata", "title=Chord", "-q:a", 2, path)
    return path


def webm(path: Path) -> Path:
    """Write a WebM, whatever the name says."""
    make("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=10:duration=1", "-c:v", "libvpx", "-f", "webm", path)
    return path


def spoilt(path: Path, start: int, end: int, step: int = 1) -> Path:
    """Turn bits of every `step`th byte of a file from `start` to `end`."""
    content = bytearray(path.read_bytes())
    for at in range(start, end, step):
        content[at] ^= 0x55
    path.write_bytes(content)
    return path


def truncated(path: Path) -> Path:
    """Write a faststart MP4 that ends at 30 % of its bytes."""
    whole = clip(path.with_name(f"{path.stem}.whole.mp4"), seconds=2)
    content = whole.read_bytes()
    path.write_bytes(content[: len(content) * 30 // 100])
    whole.unlink()
    return path


def empty(path: Path) -> Path:
    """Write a file of no bytes."""
    path.write_bytes(b"")
    return path


def hls_named_mp4(path: Path) -> Path:
    """Write a playlist that would have a player read another file."""
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n")
    return path


def logo_png(path: Path, size: tuple[int, int] = (64, 48)) -> Path:
    """Write a red disc on nothing: transparent round it."""
    alpha = "255*lt(hypot(X-W/2,Y-H/2),H/2)"
    disc = f"color=red:size={size[0]}x{size[1]},format=rgba,geq=r=255:g=0:b=0:a='{alpha}'"
    make("-f", "lavfi", "-i", disc, "-frames:v", 1, "-update", 1, path)
    return path
