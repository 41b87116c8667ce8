"""The same small story by other programs: `python -m bench.peers`. Those that are not to be had are named, not failed.

MoviePy is installed for this run into a folder that goes away with it; melt is used where the machine has it. All are
told the same: three clips letterboxed, 30 frames a second, music at a quarter under the voice, libx264 medium, CRF 23.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import film, meter, row
from bench.media import Media
from bench.moviepy import MissingPeerError, MoviePy
from bench.root import NODE_ONCE, Root
from bench.template import Template

CLIPS = ("v01", "v03", "v05")
MOVIEPY = """\
import sys
from moviepy import AudioFileClip, CompositeAudioClip, CompositeVideoClip, VideoFileClip, afx, concatenate_videoclips

target, width, height, seconds, voice, music, *paths = sys.argv[1:]
width, height, seconds = int(width), int(height), float(seconds)


def fitted(path):
    clip = VideoFileClip(path, audio=False)
    scale = min(width / clip.w, height / clip.h)
    clip = clip.resized((2 * round(clip.w * scale / 2), 2 * round(clip.h * scale / 2)))
    if clip.size == (width, height):
        return clip
    return CompositeVideoClip([clip.with_position("center")], size=(width, height), bg_color=(0, 0, 0))


film = concatenate_videoclips([fitted(path) for path in paths]).with_duration(seconds)
under = AudioFileClip(music).with_effects([afx.AudioLoop(duration=seconds), afx.MultiplyVolume(0.25)])
film = film.with_audio(CompositeAudioClip([under, AudioFileClip(voice).with_duration(seconds)]))
film.write_videofile(
    target, fps=30, codec="libx264", preset="medium", audio_codec="aac", audio_bitrate="192k", audio_fps=48000,
    ffmpeg_params=["-crf", "23", "-g", "250", "-pix_fmt", "yuv420p"], logger=None,
)
"""


@dataclass(frozen=True)
class Form:
    """Size of the picture; seconds of each clip."""

    size: str
    clip_s: float


FORMS = {"full": Form("1920x1080", 8), "tiny": Form("320x180", 1)}


@dataclass(frozen=True)
class Story:
    """What every program is given. `seconds` of the whole."""

    form: Form
    clips: Sequence[Path]
    voice: Path
    music: Path
    seconds: float


def moviepy_s(story: Story, folder: Path) -> float:
    """Render with MoviePy and give the seconds. Raises: MissingPeerError."""
    size = story.form.size.split("x")
    words = [*size, f"{story.seconds:g}", story.voice, story.music, *story.clips]
    return MoviePy(folder).timed(MOVIEPY, folder / "moviepy.mp4", *words)


def melt_s(story: Story, folder: Path) -> float:
    """Render with MLT's melt and give the seconds. Raises: MissingPeerError."""
    program = shutil.which("melt") or shutil.which("melt-7")
    if program is None:
        raise MissingPeerError("melt is not on this machine (apt-get install melt).")
    last = round(story.seconds * 30) - 1
    width, height = story.form.size.split("x")
    profile = folder / "profile"
    profile.write_text(
        "frame_rate_num=30\nframe_rate_den=1\nprogressive=1\nsample_aspect_num=1\nsample_aspect_den=1\n"
        f"colorspace=709\nwidth={width}\nheight={height}\ndisplay_aspect_num={width}\ndisplay_aspect_den={height}\n"
    )
    each = str(round(story.form.clip_s * 30) - 1)
    clips = [word for clip in story.clips for word in (str(clip), "in=0", f"out={each}")]
    sounds = ["-audio-track", str(story.voice), "in=0", f"out={last}"]
    sounds += ["-audio-track", str(story.music), "in=0", f"out={last}", "-attach-track", "volume:0.25"]
    mix = [word for track in ("1", "2") for word in ("-transition", "mix:-1", "a_track=0", f"b_track={track}", "sum=1")]
    encoder = ["vcodec=libx264", "preset=medium", "crf=23", "g=250", "acodec=aac", "ab=192k", "real_time=-1"]
    argv = [program, "-silent", "-profile", str(profile), *clips, *sounds, *mix]
    return _peer_s([*argv, "-consumer", f"avformat:{folder / 'melt.mp4'}", *encoder], "melt", dict(os.environ))


def _peer_s(argv: Sequence[str], name: str, env: dict[str, str]) -> float:
    try:
        return meter.timed(argv, env)
    except subprocess.CalledProcessError as error:
        raise MissingPeerError(f"{name} did not make the video: it ended with {error.returncode}.") from error
    except OSError as error:
        raise MissingPeerError(f"{name} did not make the video: {error.strerror}.") from error


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Render the story with each program that is there."""
    clips = [film.cut(media.path(name), folder / f"{name}.mp4", form.clip_s) for name in CLIPS]
    seconds = form.clip_s * len(CLIPS)
    table.describe(f"{form.size}, {seconds:g} s of {len(CLIPS)} clips, voice and music")
    voice = film.voice([media.path("s01")], folder / "voice.mp3", seconds=seconds)
    story = Story(form, clips, voice, media.path("m01"), seconds)
    root = Root(folder / "root")
    root.lay_out(form.size, clips, story.music, [voice])
    (task,) = root.tasks()
    kept = root.keep(folder / "kept")
    took = {"one FFmpeg command": meter.timed(Template.of(task, root.folder).argv(folder / "template.mp4"))}
    took["videogen, cold"] = root.run(*NODE_ONCE)
    root.restore(kept)
    root.run("warm")
    took["videogen, warm"] = root.run(*NODE_ONCE)
    for name, peer in (("MoviePy", moviepy_s), ("melt", melt_s)):
        try:
            took[name] = peer(story, folder)
        except MissingPeerError as missing:
            table.note(str(missing))
    for name, taken_s in took.items():
        table.figure(name, taken_s, "s")
    for name in (name for name in took if not name.startswith("videogen")):
        table.bar(f"{name} / videogen, cold", took[name] / took["videogen, cold"], "x", "at least", 1.0)
        table.figure(f"{name} / videogen, warm", took[name] / took["videogen, warm"], "x")


if __name__ == "__main__":
    sys.exit(row.program("peers", FORMS, measure))
