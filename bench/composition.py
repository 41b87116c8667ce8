"""A composition, cold, warm and changed, against one FFmpeg command and MoviePy: `python -m bench.composition`.

The plain command and MoviePy encode with medium, as people write it; the command once more with our preset, too.
Six clips with trims, five crossfades of half a second, three titles that come and go, music that gives way to a voice.
"Clips known" is a store that has the clips from another video with other cuts; "one title changed" is the same
composition with other words in one of its titles.
"""

import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import film, meter, row
from bench.hand import Hand
from bench.media import Media
from bench.moviepy import MoviePy
from videogen.config.recipes import Composition

CLIPS = ("v01", "v03", "v05", "v06", "v10", "v12")
OVERLAP_S = 0.5
PRESET = Composition().preset
TITLES = ("Summer sale", "Six places in a minute", "Come and see")
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
MOVIEPY = """\
import json, sys
from moviepy import AudioFileClip, ColorClip, CompositeAudioClip, CompositeVideoClip, TextClip, VideoFileClip, afx, vfx

target, plan = sys.argv[1], json.load(open(sys.argv[2]))
width, height, overlap, each = plan["width"], plan["height"], plan["overlap"], plan["each"]
layers = [ColorClip((width, height), (0, 0, 0)).with_duration(plan["seconds"])]
for nth, (path, start) in enumerate(plan["clips"]):
    clip = VideoFileClip(path, audio=False).subclipped(start, start + each)
    scale = min(width / clip.w, height / clip.h)
    clip = clip.resized((2 * round(clip.w * scale / 2), 2 * round(clip.h * scale / 2)))
    clip = clip.with_position("center").with_start(nth * (each - overlap))
    layers.append(clip.with_effects([vfx.CrossFadeIn(overlap)]) if nth else clip)
for text, start, end in plan["titles"]:
    words = TextClip(font=plan["font"], text=text, font_size=plan["size"], color="white", stroke_color="black",
                     stroke_width=2, margin=(10, 10))
    words = words.with_start(start).with_duration(end - start).with_position(("center", plan["y"]))
    layers.append(words.with_effects([vfx.CrossFadeIn(1 / 3), vfx.CrossFadeOut(1 / 3)]))
music = AudioFileClip(plan["music"]).with_effects([afx.AudioLoop(duration=plan["seconds"]), afx.MultiplyVolume(0.4)])
voice = AudioFileClip(plan["voice"])
voice = voice.with_duration(min(voice.duration, plan["seconds"]))
film = CompositeVideoClip(layers, size=(width, height)).with_duration(plan["seconds"])
film = film.with_audio(CompositeAudioClip([music, voice]).with_duration(plan["seconds"]))
film.write_videofile(target, fps=30, codec="libx264", preset="medium", audio_codec="aac", audio_bitrate="192k",
                     audio_fps=48000, ffmpeg_params=["-crf", "21", "-pix_fmt", "yuv420p"], logger=None)
"""


@dataclass(frozen=True)
class Form:
    """Size of the picture; seconds of each clip and of each title."""

    size: tuple[int, int]
    clip_s: float
    title_s: float


FORMS = {
    "full": Form((1280, 720), 10.4, 3.0),
    "short": Form((1280, 720), 5.4, 3.0),
    "tiny": Form((160, 90), 1.2, 0.8),
}


@dataclass(frozen=True)
class Work:
    """What every program is given. `clips` with the second at which each is entered."""

    form: Form
    clips: Sequence[tuple[Path, float]]
    voice: Path
    music: Path

    @property
    def seconds(self) -> float:
        """Of the whole."""
        return len(self.clips) * self.form.clip_s - (len(self.clips) - 1) * OVERLAP_S

    @property
    def titles(self) -> list[tuple[str, float, float]]:
        """Words, and when they are seen; each within one clip."""
        step = self.form.clip_s - OVERLAP_S
        starts = [nth * step + OVERLAP_S + 0.1 for nth in (0, 2, 4)]
        return [(text, start, start + self.form.title_s) for text, start in zip(TITLES, starts, strict=True)]

    @property
    def text_px(self) -> int:
        """Height of the letters."""
        return self.form.size[1] // 12

    def description(self, *, words: str = "") -> dict[str, Any]:
        """Write it as a person would; `words` replace those of the second title."""
        clips = [
            {"file": str(path), "trim_start": start, "trim_end": round(start + self.form.clip_s, 3)}
            | ({"transition_in": "crossfade", "transition_duration": OVERLAP_S} if nth else {})
            for nth, (path, start) in enumerate(self.clips)
        ]
        texts = [text for text, _, _ in self.titles]
        texts[1] = words or texts[1]
        fade = {"type": "fade", "duration": 1 / 3}
        overlays = [
            {
                "type": "text",
                "content": text,
                "position": {"x": "center", "y": round(self.form.size[1] * 0.78)},
                "start_time": round(start, 3),
                "duration": self.form.title_s,
                "style": {"size": self.text_px},
                "animation_in": fade,
                "animation_out": fade,
            }
            for text, (_, start, _) in zip(texts, self.titles, strict=True)
        ]
        width, height = self.form.size
        return {
            "clips": clips,
            "overlays": overlays,
            "audio": {
                "music_url": str(self.music),
                "voiceover_url": str(self.voice),
                "music_volume": 0.4,
                "voiceover_volume": 1.0,
                "ducking": True,
            },
            "output": {"resolution": f"{width}x{height}", "fps": 30, "crf": 21},
        }

    def all_of_the_clips(self) -> dict[str, Any]:
        """Another video: every clip from its beginning past where this one leaves it, with hard cuts and no words."""
        width, height = self.form.size
        output = {"resolution": f"{width}x{height}", "fps": 30, "crf": 21}
        clips = [{"file": str(path), "trim_end": round(start + self.form.clip_s + 1)} for path, start in self.clips]
        return {"clips": clips, "output": output}

    def command(self, target: Path, folder: Path, preset: str = "medium") -> list[str]:
        """Write the one FFmpeg command for it, done right: rates, sizes, overlaps and volumes as asked for."""
        width, height = self.form.size
        words = [str(film.program()), "-y", "-hide_banner", "-nostdin", "-v", "error"]
        for path, start in self.clips:
            words += ["-ss", f"{start:g}", "-t", f"{self.form.clip_s:g}", "-i", str(path)]
        words += ["-stream_loop", "-1", "-i", str(self.music), "-i", str(self.voice)]
        chains = [
            f"[{nth}:v]fps=30,scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2,"
            f"pad={width}:{height}:-1:-1,setsar=1,format=yuv420p,settb=1/30,setpts=PTS-STARTPTS[c{nth}]"
            for nth in range(len(self.clips))
        ]
        last = "c0"
        for nth in range(1, len(self.clips)):
            offset = nth * (self.form.clip_s - OVERLAP_S)
            chains.append(f"[{last}][c{nth}]xfade=transition=fade:duration={OVERLAP_S}:offset={offset:.3f}[x{nth}]")
            last = f"x{nth}"
        drawn = []
        for nth, (text, start, end) in enumerate(self.titles):
            (folder / f"title{nth}.txt").write_text(text)
            alpha = f"min(1\\,min((t-{start:.3f})*3\\,({end:.3f}-t)*3))"
            drawn.append(
                f"drawtext=fontfile={FONT}:textfile={folder / f'title{nth}.txt'}:expansion=none:fontcolor=white"
                f":fontsize={self.text_px}:borderw=3:x=(w-text_w)/2:y=h*0.78:alpha='{alpha}'"
                f":enable='between(t,{start:.3f},{end:.3f})'"
            )
        chains.append(f"[{last}]{','.join(drawn)}[v]")
        music, voice = len(self.clips), len(self.clips) + 1
        chains.append(f"[{voice}:a]aresample=48000,asplit[key][said]")
        chains.append(f"[{music}:a]aresample=48000,volume=0.4[low]")
        chains.append("[low][key]sidechaincompress=threshold=0.03:ratio=8:attack=20:release=400[under]")
        chains.append("[under][said]amix=inputs=2:duration=longest:normalize=0[a]")
        words += ["-filter_complex", ";".join(chains), "-map", "[v]", "-map", "[a]", "-c:v", "libx264"]
        words += ["-preset", preset, "-crf", "21", "-c:a", "aac", "-b:a", "192k", "-t", f"{self.seconds:.3f}"]
        return [*words, "-movflags", "+faststart", str(target)]

    def moviepy(self) -> dict[str, Any]:
        """Give the same to MoviePy's script."""
        return {
            "width": self.form.size[0],
            "height": self.form.size[1],
            "overlap": OVERLAP_S,
            "each": self.form.clip_s,
            "seconds": self.seconds,
            "clips": [[str(path), start] for path, start in self.clips],
            "titles": self.titles,
            "font": FONT,
            "size": self.text_px,
            "y": round(self.form.size[1] * 0.78),
            "music": str(self.music),
            "voice": str(self.voice),
        }


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Make the composition with every program that is there."""
    enters = (3.37, 11.2, 6.5, 8.03, 2.71, 20.9) if form.clip_s > 2 else (0.3,) * len(CLIPS)
    clips = [(media.path(name), start) for name, start in zip(CLIPS, enters, strict=True)]
    work = Work(form, clips, media.path("s01"), media.path("m01"))
    size = f"{form.size[0]}x{form.size[1]}"
    table.describe(f"{size}, {work.seconds:g} s, 6 clips, 5 crossfades, 3 titles, music under a voice")

    plain_s = meter.timed(work.command(folder / "plain.mp4", folder))
    alike_s = meter.timed(work.command(folder / "alike.mp4", folder, PRESET))
    cold = Hand(folder, "cold", "composition.json").render(work.description(), "first")
    known = Hand(folder, "known", "composition.json")
    known.render(work.all_of_the_clips(), "whole")
    warm = known.render(work.description(), "second")
    again = known.render(work.description(), "third")
    changed = known.render(work.description(words="Seven places"), "changed")
    peer_s = MoviePy.compared(table, MOVIEPY, work.moviepy(), folder)

    table.figure("one FFmpeg command", plain_s, "s")
    table.figure(f"one FFmpeg command, {PRESET}", alike_s, "s")
    table.figure("videogen, cold", cold.seconds, "s")
    table.figure("videogen, clips known", warm.seconds, "s")
    table.figure("videogen, the same again", again.seconds, "s")
    table.figure("videogen, one title changed", changed.seconds, "s")
    table.bar("length / videogen, cold", work.seconds / cold.seconds, "x", "at least", 1.0)
    table.bar("seconds encoded, clips known, of a minute", warm.encoded / warm.frames * 60, "s", "at most", 20.0)
    table.bar("seconds encoded for the same again", again.encoded / 30, "s", "at most", 0.0)
    table.bar("seconds encoded, one title changed", changed.encoded / 30, "s", "at most", form.title_s + 1)
    table.figure("one FFmpeg command / videogen, cold", plain_s / cold.seconds, "x")
    table.figure("one FFmpeg command / videogen, clips known", plain_s / warm.seconds, "x")
    table.figure("one FFmpeg command / videogen, one title changed", plain_s / changed.seconds, "x")
    if peer_s is not None:
        table.figure("MoviePy", peer_s, "s")
        table.figure("MoviePy / videogen, cold", peer_s / cold.seconds, "x")
        table.figure("MoviePy / videogen, clips known", peer_s / warm.seconds, "x")
    table.figure("memory of the largest child", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000, "MB")


if __name__ == "__main__":
    sys.exit(row.program("composition", FORMS, measure))
