"""A mix, cold and warm, against one FFmpeg command and MoviePy: `python -m bench.mix`."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import av

from bench import film, meter, row
from bench.hand import Hand
from bench.media import Media
from bench.moviepy import MoviePy

TRACKS = ("m01", "m02", "m03", "m04")
CLIPS = ("v01", "v03", "v05", "v06", "v10", "v12")
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
MOVIEPY = """\
import json, sys
from moviepy import AudioFileClip, CompositeVideoClip, TextClip, VideoFileClip, concatenate_audioclips
from moviepy import concatenate_videoclips

target, plan = sys.argv[1], json.load(open(sys.argv[2]))
width, height = plan["width"], plan["height"]


def fitted(path, seconds):
    clip = VideoFileClip(path, audio=False).subclipped(0, seconds)
    scale = min(width / clip.w, height / clip.h)
    clip = clip.resized((2 * round(clip.w * scale / 2), 2 * round(clip.h * scale / 2)))
    return CompositeVideoClip([clip.with_position("center")], size=(width, height), bg_color=(0, 0, 0))


film = concatenate_videoclips([fitted(path, seconds) for path, seconds in plan["clips"]])
words = [
    TextClip(font=plan["font"], text=text, font_size=plan["size"], color="white", stroke_color="black",
             stroke_width=2, margin=(10, 10)).with_start(start).with_duration(5).with_position((60, height - 140))
    for text, start in plan["titles"]
]
film = CompositeVideoClip([film, *words], size=(width, height)).with_duration(plan["seconds"])
music = concatenate_audioclips([AudioFileClip(path) for path in plan["tracks"]])
film = film.with_audio(music.with_duration(plan["seconds"]))
film.write_videofile(target, fps=30, codec="libx264", preset="medium", audio_codec="aac", audio_bitrate="192k",
                     audio_fps=48000, ffmpeg_params=["-crf", "23", "-pix_fmt", "yuv420p"], logger=None)
"""


@dataclass(frozen=True)
class Form:
    """Size of the picture, seconds of the whole."""

    size: tuple[int, int]
    seconds: int


FORMS = {
    "full": Form((1920, 1080), 600),
    "short": Form((1280, 720), 60),
    "tiny": Form((160, 90), 4),
}


@dataclass(frozen=True)
class Work:
    """What the others are given: tracks and clips in an order, as often as it takes."""

    form: Form
    tracks: Sequence[tuple[Path, float]]
    clips: Sequence[tuple[Path, float]]

    @property
    def titles(self) -> list[tuple[str, float]]:
        """Words, and when they come."""
        at, found = 0.0, []
        for path, seconds in self.tracks:
            found.append((path.stem, at + 1))
            at += seconds
        return found

    def command(self, target: Path, folder: Path) -> list[str]:
        """Write the one FFmpeg command for it."""
        width, height = self.form.size
        words = [str(film.program()), "-y", "-hide_banner", "-nostdin", "-v", "error"]
        for path, seconds in self.clips:
            words += ["-t", f"{seconds:.3f}", "-i", str(path)]
        for path, _ in self.tracks:
            words += ["-i", str(path)]
        chains = [
            f"[{nth}:v]fps=30,scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2,"
            f"pad={width}:{height}:-1:-1,setsar=1,format=yuv420p[c{nth}]"
            for nth in range(len(self.clips))
        ]
        drawn = []
        for nth, (text, start) in enumerate(self.titles):
            (folder / f"words{nth}.txt").write_text(text)
            drawn.append(
                f"drawtext=fontfile={FONT}:textfile={folder / f'words{nth}.txt'}:expansion=none:fontcolor=white"
                f":fontsize={height // 24}:borderw=3:x=60:y=h-140:enable='between(t,{start:.3f},{start + 5:.3f})'"
            )
        pictures = "".join(f"[c{nth}]" for nth in range(len(self.clips)))
        chains.append(f"{pictures}concat=n={len(self.clips)}:v=1:a=0,{','.join(drawn)}[v]")
        sounds = "".join(f"[{len(self.clips) + nth}:a]" for nth in range(len(self.tracks)))
        chains.append(f"{sounds}concat=n={len(self.tracks)}:v=0:a=1,aresample=48000[a]")
        words += ["-filter_complex", ";".join(chains), "-map", "[v]", "-map", "[a]", "-c:v", "libx264"]
        words += ["-preset", "medium", "-crf", "23", "-c:a", "aac", "-b:a", "192k", "-t", str(self.form.seconds)]
        return [*words, "-movflags", "+faststart", str(target)]

    def moviepy(self) -> dict[str, Any]:
        """Give the same to MoviePy's script."""
        return {
            "width": self.form.size[0],
            "height": self.form.size[1],
            "seconds": self.form.seconds,
            "clips": [[str(path), seconds] for path, seconds in self.clips],
            "tracks": [str(path) for path, _ in self.tracks],
            "titles": self.titles,
            "font": FONT,
            "size": self.form.size[1] // 24,
        }


def repeated(files: Sequence[tuple[Path, float]], seconds: float) -> list[tuple[Path, float]]:
    """Give files again and again until they last so long."""
    found: list[tuple[Path, float]] = []
    for one in islice(cycle(files), 10_000):
        if sum(length for _, length in found) >= seconds:
            break
        found.append(one)
    return found


def _seconds(path: Path) -> float:
    with av.open(str(path)) as container:
        return float(container.duration or 0) / av.time_base


def made(table: row.Row, form: Form, media: Media, folder: Path) -> tuple[float, float]:
    """Make the mix with videogen, cold and again, hold it to its bars, and give both times in seconds."""
    width, height = form.size
    table.describe(f"{width}x{height}, {form.seconds / 60:g} min, {len(TRACKS)} tracks, {len(CLIPS)} clips, titles")
    files = folder / "files"
    files.mkdir()
    for name in (*TRACKS, *CLIPS):
        shutil.copy(media.path(name), files)
    description = {
        "tracks": [str(files / media.path(name).name) for name in TRACKS],
        "clips": [str(files / media.path(name).name) for name in CLIPS],
        "duration_s": form.seconds,
        "canvas": {"resolution": f"{width}x{height}"},
        "transition": {"kind": "cut"},
        "seed": 7,
    }
    hand = Hand(folder, "root", "mix.json")
    used = hand.metered(description, "first")
    again = hand.render(description, "second")
    table.bar("videogen, cold, of an hour", used.seconds / form.seconds * 60, "min", "at most", 45.0)
    table.bar("memory, videogen", used.memory_mb, "MB", "at most", 4000.0)
    table.figure("videogen, cold", used.seconds, "s")
    table.figure("videogen, the same again", again.seconds, "s")
    store = sum(path.stat().st_size for path in hand.root.folder.rglob("*.mp4")) / 1e9
    table.bar("segments kept", store, "GB", "at most", 20.0)
    return used.seconds, again.seconds


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Make the mix with every program that is there."""
    cold_s, again_s = made(table, form, media, folder)
    sounds = [(media.path(name), _seconds(media.path(name))) for name in TRACKS]
    films = [(media.path(name), _seconds(media.path(name)) - 0.1) for name in CLIPS]
    work = Work(form, repeated(sounds, form.seconds), repeated(films, form.seconds))
    plain_s = meter.timed(work.command(folder / "plain.mp4", folder))
    table.figure("one FFmpeg command", plain_s, "s")
    table.figure("one FFmpeg command / videogen, cold", plain_s / cold_s, "x")
    table.figure("one FFmpeg command / videogen, the same again", plain_s / again_s, "x")
    peer_s = MoviePy.compared(table, MOVIEPY, work.moviepy(), folder)
    if peer_s is not None:
        table.figure("MoviePy", peer_s, "s")
        table.figure("MoviePy / videogen, cold", peer_s / cold_s, "x")


if __name__ == "__main__":
    sys.exit(row.program("mix", FORMS, measure))
