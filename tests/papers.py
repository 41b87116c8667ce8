"""Makers of valid papers: tasks, assets and manifests with as little as a test has to say."""

import hashlib
from fractions import Fraction
from pathlib import Path
from uuid import uuid4

from videogen.model.manifest import Manifest
from videogen.model.media import Asset, Kind, Loudness, Media, Picture, Sound, Source
from videogen.model.task import Input, Inputs, Render, Task

HALF_MINUTE = Fraction(30)
"""The segment length of tests that name none."""


def digest(word: str) -> str:
    """Give the hash that stands for a content."""
    return hashlib.sha256(word.encode()).hexdigest()


def picture(
    seconds: Fraction | int = 2,
    *,
    size: tuple[int, int] = (1280, 720),
    rate: Fraction | int = 25,
    **more: object,
) -> Media:
    """Give the media of a clip."""
    length, fps = Fraction(seconds), Fraction(rate)
    return Media(
        picture=Picture.model_validate(
            {
                "codec": "h264",
                "width": size[0],
                "height": size[1],
                "frames": max(1, int(length * fps)),
                "rate": fps,
                "is_cfr": True,
                "duration_s": length,
                "pix_fmt": "yuv420p",
                **more,
            }
        )
    )


def sound(samples: int, sample_rate: int = 44100, *, channels: int = 2, true_peak_dbtp: float | None = None) -> Media:
    """Give the media of a voice or a track; without a true peak its loudness was not measured."""
    loudness = None
    if true_peak_dbtp is not None:
        loudness = Loudness(integrated_lufs=-20, true_peak_dbtp=true_peak_dbtp, range_lu=5)
    heard = Sound(codec="mp3", sample_rate=sample_rate, channels=channels, samples=samples, loudness=loudness)
    return Media(sound=heard)


def task(task_id: str = "", *, priority: int = 5) -> Task:
    """Give a task of one clip."""
    clip = "scanned/video/a/mp4_w64_h64/1.0_c.mp4"
    return Task(
        task_id=task_id or str(uuid4()),
        category="a",
        story_name="s",
        voice_duration=1.0,
        video_files=("../../" + clip,),
        render=Render(resolution="64x64", frame_rate=30, logo=None),
        seed=7,
        frames=30,
        priority=priority,
        inputs=Inputs.model_validate(
            {
                "voice": Input(path="scanned/story/a/s/voice/v.mp3", sha256=digest("voice")),
                "music": Input(path="scanned/music/a/mp3/1.0_m.mp3", sha256=digest("music")),
                "clips": [{"path": clip, "sha256": digest("clip"), "in_frame": 0, "out_frame": 30}],
            }
        ),
    )


def manifest(of: Task, epoch: int = 1) -> Manifest:
    """Give the manifest of a finished task."""
    return Manifest(
        task=of,
        node="n",
        epoch=epoch,
        encoder="libx264",
        toolchain="9",
        frames=of.frames,
        samples=48000,
        sha256=digest("final"),
        size_bytes=5,
        steps={"final": 1.0},
    )


def asset(kind: Kind, path: str, media: Media, *, category: str = "a", story: str = "", content: str = "") -> Asset:
    """Give the side file of an asset whose bytes are `content`."""
    word = content or path
    return Asset(
        kind=kind,
        path=path,
        category=category,
        story=story,
        name=Path(path).stem,
        original_name=Path(path).name,
        sha256=digest(word),
        size_bytes=len(word),
        source=Source(path="raw/x", sha256=digest("raw " + word), size_bytes=1, mtime_ns=1, inode=1),
        media=media,
        task_id=str(uuid4()) if kind == "voice" else "",
    )
