"""Inputs made of the real media: clips cut, voices of a wanted length, one long film, a logo; and FFmpeg itself."""

import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import av
from PIL import Image, ImageDraw

from videogen.model.media import Media
from videogen.probe import Prober
from videogen.toolchain import find

LABELS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
"""Films made here say what their colours are, so that nobody has to guess."""


class ProgramError(Exception):
    """A program ended with an error; the message is its last words."""


@cache
def program() -> Path:
    """Give the FFmpeg that both sides of every row use: videogen's own."""
    return find("").program


def run(argv: Sequence[str]) -> str:
    """Run a command to success and give what it said. Raises: ProgramError."""
    ended = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False)
    if ended.returncode != 0:
        raise ProgramError(f"{Path(argv[0]).name} ended with {ended.returncode}: {ended.stderr.strip()[-600:]}")
    return ended.stderr


def ffmpeg(*arguments: str) -> str:
    """Run FFmpeg to success and give what it said. Raises: ProgramError."""
    return run([str(program()), "-y", "-hide_banner", "-nostdin", *arguments])


@cache
def probed(path: Path) -> Media:
    """Look into a clip as intake does."""
    return Prober().probe(path, "video")


def cut(source: Path, target: Path, seconds: float | None) -> Path:
    """Copy the picture of the first seconds of a clip, bit for bit; all of it where None."""
    length = [] if seconds is None else ["-t", f"{seconds:g}"]
    ffmpeg("-v", "error", "-i", str(source), "-map", "0:v:0", "-c", "copy", *length, str(target))
    return target


def excerpt(source: Path, target: Path, *, start: float, seconds: float, size: str) -> Path:
    """Film a stretch of a clip anew: exactly that long, 30 frames a second, the wanted size."""
    ffmpeg(
        *("-v", "error", "-ss", f"{start:g}", "-i", str(source), "-vf", _fitted(size), "-an"),
        *("-frames:v", str(round(seconds * 30)), "-c:v", "libx264", "-preset", "veryfast", "-crf", "16", str(target)),
    )
    return target


def voice(sources: Sequence[Path], target: Path, *, seconds: float, offset: float = 0.0) -> Path:
    """Speak for exactly that long: the sources one after the other, over and over, from `offset` seconds on."""
    inputs = [word for source in sources for word in ("-i", str(source))]
    same = ";".join(
        f"[{n}:a]aresample=44100,aformat=channel_layouts=stereo:sample_fmts=fltp[a{n}]" for n in range(len(sources))
    )
    joined = "".join(f"[a{n}]" for n in range(len(sources))) + f"concat=n={len(sources)}:v=0:a=1"
    # aloop holds what it repeats: a few minutes of speech are some tens of MB.
    looped = f"{joined},aloop=loop=-1:size=2000000000,atrim=start={offset:g},asetpts=N/SR/TB[out]"
    ffmpeg(
        *("-v", "error", *inputs, "-filter_complex", f"{same};{looped}", "-map", "[out]", "-t", f"{seconds:.6f}"),
        *("-c:a", "libmp3lame", "-b:a", "128k", str(target)),
    )
    return target


def long_film(clips: Sequence[Path], sound: Path, target: Path, *, size: str, each: float | None) -> Path:
    """Join the first seconds of each clip, or all of each, into one film of good quality with sound."""
    length = [] if each is None else ["-t", f"{each:g}"]
    inputs = [word for clip in clips for word in (*length, "-i", str(clip))]
    chains = [f"[{n}:v]{_fitted(size)}[c{n}]" for n in range(len(clips))]
    joined = "".join(f"[c{n}]" for n in range(len(clips))) + f"concat=n={len(clips)}:v=1:a=0[v]"
    ffmpeg(
        *("-v", "error", *inputs, "-stream_loop", "-1", "-i", str(sound)),
        *("-filter_complex", ";".join([*chains, joined]), "-map", "[v]", "-map", f"{len(clips)}:a"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-c:a", "aac", "-b:a", "192k", "-shortest"),
        str(target),
    )
    return target


def _fitted(size: str) -> str:
    width, height = size.split("x")
    scale = f"scale={width}:{height}:force_original_aspect_ratio=decrease:out_color_matrix=bt709:out_range=tv"
    return f"fps=30,{scale},pad={width}:{height}:-1:-1,setsar=1,format=yuv420p,{LABELS}"


def logo(target: Path) -> Path:
    """Draw a badge, see-through at the corners and a little in between."""
    badge = Image.new("RGBA", (240, 80), (0, 0, 0, 0))
    pen = ImageDraw.Draw(badge)
    pen.rounded_rectangle((0, 0, 239, 79), radius=24, fill=(11, 29, 58, 190))
    pen.ellipse((24, 24, 56, 56), fill=(255, 196, 92, 255))
    badge.save(target)
    return target


def frames_of(path: Path) -> int:
    """Count the pictures in a file, without decoding them."""
    with av.open(str(path)) as container:
        return sum(1 for packet in container.demux(video=0) if packet.size)


def picture_bytes(path: Path) -> int:
    """Add up the bytes of a file's pictures: no sound, no index."""
    with av.open(str(path)) as container:
        return sum(packet.size for packet in container.demux(video=0))


def vmaf(shown: Path, reference: Path, *, every: int = 1) -> float:
    """Give the mean VMAF of a film against its reference, of every so many frames."""
    graph = (
        "[0:v]setpts=N,format=yuv420p[shown];[1:v]setpts=N,format=yuv420p[reference];"
        f"[shown][reference]libvmaf=n_threads=2:n_subsample={every}:shortest=1"
    )
    said = ffmpeg("-v", "info", "-i", str(shown), "-i", str(reference), "-lavfi", graph, "-an", "-f", "null", "-")
    (score,) = [line for line in said.splitlines() if "VMAF score:" in line][-1:]
    return float(score.rpartition(":")[2])
