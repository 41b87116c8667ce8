"""A golden frame of six images, cold and warm, against one FFmpeg command and MoviePy: `python -m bench.golden_frame`.

The plain command and MoviePy encode with medium, as people write it; the command once more with our preset, too. It
zooms with zoompan, which moves by whole pixels: it is what people use, and its picture trembles.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from bench import film, meter, row
from bench.hand import Hand
from bench.media import Media
from bench.moviepy import MoviePy
from videogen.assets import RAIN, shipped
from videogen.config.recipes import GoldenFrame

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
PRESET = GoldenFrame().preset
HOOK = "Six things you did not know about the sea"
MOVIEPY = """\
import json, sys
from moviepy import AudioFileClip, ColorClip, CompositeVideoClip, ImageClip, TextClip, VideoFileClip, afx, vfx

target, plan = sys.argv[1], json.load(open(sys.argv[2]))
size, total, each = (1080, 1920), plan["seconds"], plan["each"]
layers = [ColorClip(size, (5, 5, 5)).with_duration(total)]
film = VideoFileClip(plan["overlay"], audio=False).with_effects([vfx.Loop(duration=total)])
layers.append(film.resized(size).with_opacity(0.7))
for nth, path in enumerate(plan["images"]):
    image = ImageClip(path).with_duration(each).with_effects([vfx.Resize(lambda t: 1 + 0.05 * t / each)])
    layers.append(image.with_start(nth * each).with_position("center"))
layers.append(ImageClip(plan["frame"]).with_duration(total))
words = TextClip(font=plan["font"], text=plan["hook"], font_size=64, color="white", stroke_color="black",
                 stroke_width=3, method="caption", size=(900, None), text_align="center", margin=(10, 10))
layers.append(words.with_duration(total).with_position(("center", 120)))
music = AudioFileClip(plan["music"]).with_duration(total).with_effects([afx.AudioNormalize()])
film = CompositeVideoClip(layers, size=size).with_duration(total).with_audio(music)
film.write_videofile(target, fps=30, codec="libx264", preset="medium", audio_codec="aac", audio_bitrate="192k",
                     audio_fps=48000, ffmpeg_params=["-crf", "23", "-pix_fmt", "yuv420p"], logger=None)
"""


@dataclass(frozen=True)
class Form:
    """Seconds of the whole; how many images."""

    seconds: float
    images: int = 6


FORMS = {"full": Form(20), "short": Form(8), "tiny": Form(2, 2)}


def images_for(media: Media, folder: Path, count: int) -> list[Path]:
    """Make so many photos: those that are there, and stills of the clips."""
    found = [Path(path) for path in media.paths("i01", "i02", "i03", "i04")][:count]
    for nth, name in enumerate(("v01", "v10", "v05", "v07")[: count - len(found)]):
        path = folder / f"still{nth}.jpg"
        film.ffmpeg("-v", "error", "-ss", "4", "-i", str(media.path(name)), "-frames:v", "1", "-q:v", "2", str(path))
        found.append(path)
    return found


def ready(images: Sequence[Path], folder: Path) -> tuple[list[Path], Path]:
    """Bring images to 900x1600 and draw the border, for those that cannot do so themselves."""
    made = []
    for nth, path in enumerate(images):
        with Image.open(path) as image:
            fitted = ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), (900, 1600), Image.Resampling.LANCZOS)
        made.append(folder / f"ready{nth}.png")
        fitted.save(made[-1])
    frame = Image.new("RGBA", (1080, 1920))
    frame.paste((0xD4, 0xAF, 0x37, 255), (10, 10, 1070, 1910))
    frame.paste((0, 0, 0, 0), (20, 20, 1060, 1900))
    frame.save(folder / "frame.png")
    return made, folder / "frame.png"


def command(
    images: Sequence[Path], frame: Path, plan: dict[str, Any], target: Path, folder: Path, preset: str = "medium"
) -> list[str]:
    """Write the one FFmpeg command for the layers."""
    each, total = plan["each"], plan["seconds"]
    frames = round(each * 30)
    words = [str(film.program()), "-y", "-hide_banner", "-nostdin", "-v", "error"]
    words += ["-f", "lavfi", "-i", f"color=c=0x050505:s=1080x1920:r=30:d={total}"]
    words += ["-stream_loop", "-1", "-i", plan["overlay"]]
    for path in images:
        words += ["-i", str(path)]
    words += ["-i", str(frame), "-i", plan["music"]]
    chains = [
        "[1:v]fps=30,scale=1080:1920:force_original_aspect_ratio=increase,crop=1080:1920,format=rgba,"
        "colorchannelmixer=aa=0.7[air]",
        "[0:v][air]overlay=shortest=1[below]",
    ]
    chains += [
        f"[{nth + 2}:v]zoompan=z='1+0.05*on/{frames}':x='iw/2-(iw/zoom/2)':y='ih/2-(ih/zoom/2)':d={frames}"
        f":s=900x1600:fps=30,setsar=1[i{nth}]"
        for nth in range(len(images))
    ]
    joined = "".join(f"[i{nth}]" for nth in range(len(images)))
    chains.append(f"{joined}concat=n={len(images)}:v=1:a=0[shown]")
    (folder / "hook.txt").write_text("Six things you did not\nknow about the sea")
    text = (
        f"drawtext=fontfile={FONT}:textfile={folder / 'hook.txt'}:expansion=none:fontsize=64:fontcolor=white:borderw=3"
    )
    chains.append("[below][shown]overlay=90:160[laid]")
    chains.append(f"[laid][{len(images) + 2}:v]overlay=0:0,{text}:fontcolor=white:borderw=3:x=(w-text_w)/2:y=120[v]")
    chains.append(f"[{len(images) + 3}:a]loudnorm=I=-14:TP=-1,aresample=48000[a]")
    words += ["-filter_complex", ";".join(chains), "-map", "[v]", "-map", "[a]", "-c:v", "libx264", "-preset", preset]
    words += ["-crf", "23", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "192k", "-t", f"{total}"]
    return [*words, "-movflags", "+faststart", str(target)]


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Make the video with every program that is there."""
    images = images_for(media, folder, form.images)
    table.describe(f"1080x1920, {form.seconds:g} s of {len(images)} images, rain, a frame, a hook and music")
    fitted, frame = ready(images, folder)
    description: dict[str, Any] = {
        "images": [str(path) for path in images],
        "music": str(media.path("m01")),
        "overlay": "rain",
        "frame": "procedural",
        "text_overlay": HOOK,
        "duration": form.seconds,
        "beats": "off",
    }
    plan = {
        "images": [str(path) for path in fitted],
        "frame": str(frame),
        "overlay": str(shipped(RAIN)),
        "music": str(media.path("m01")),
        "seconds": form.seconds,
        "each": form.seconds / len(images),
        "font": FONT,
        "hook": HOOK,
    }
    plain = meter.metered(command(fitted, frame, plan, folder / "plain.mp4", folder))
    alike_s = meter.timed(command(fitted, frame, plan, folder / "alike.mp4", folder, PRESET))
    hand = Hand(folder, "root", "job.json")
    cold = hand.render(description, "first")
    again = hand.render(description, "second")
    changed = hand.render(description | {"text_overlay": "Another hook altogether"}, "changed")
    used = Hand(folder, "other", "job.json").metered(description, "metered")
    table.figure("one FFmpeg command", plain.seconds, "s")
    table.figure(f"one FFmpeg command, {PRESET}", alike_s, "s")
    table.bar("videogen, cold", cold.seconds, "s", "at most", 60.0)
    table.figure("videogen, the same again", again.seconds, "s")
    table.figure("videogen, another hook", changed.seconds, "s")
    table.bar("memory, videogen", used.memory_mb, "MB", "at most", 2000.0)
    table.figure("memory, one FFmpeg command", plain.memory_mb, "MB")
    table.figure("one FFmpeg command / videogen, cold", plain.seconds / cold.seconds, "x")
    peer_s = MoviePy.compared(table, MOVIEPY, plan, folder)
    if peer_s is not None:
        table.figure("MoviePy", peer_s, "s")
        table.figure("MoviePy / videogen, cold", peer_s / cold.seconds, "x")


if __name__ == "__main__":
    sys.exit(row.program("golden_frame", FORMS, measure))
