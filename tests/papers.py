"""Makers of valid papers: a task, its links, its manifest, an asset. A test names only the fields it is about."""

from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from videogen.model.media import Asset, Kind, Loudness, Media, Picture, Sound, Source
from videogen.model.task import ClipUse, Input, Inputs, Manifest, Render, Task
from videogen.spool import Claim

UP = "../../"
VOICE = "scanned/story/poems/sonnet/voice/chapter_0001.mp3"
MUSIC = "scanned/music/calm/mp3/3.0_chord.mp3"
CLIP = "scanned/video/nature/mp4_w160_h120/12.4_sea.mp4"
LOGO = b"\x89PNG\r\n\x1a\n not a picture, only bytes"
VIDEO = b"the bytes of a video"


def digest(word: str) -> str:
    """Give a hash that is the same for the same word."""
    return sha256(word.encode()).hexdigest()


def task(task_id: str = "", **changes: Any) -> Task:
    """Make a task of one voice, one track and one clip; a new id where none is given."""
    usual: dict[str, Any] = {
        "task_id": task_id or str(uuid4()),
        "category": "poems",
        "story_name": "sonnet",
        "voice_duration": 2.0,
        "video_files": (UP + CLIP,),
        "render": Render(resolution="160x120", frame_rate=25, logo="logo.png"),
        "seed": 7,
        "frames": 50,
        "inputs": Inputs(
            voice=Input(path=VOICE, sha256=digest("voice")),
            music=Input(path=MUSIC, sha256=digest("music")),
            clips=(ClipUse(path=CLIP, sha256=digest("clip"), in_frame=0, out_frame=50),),
            logo=Input(path="logo.png", sha256=digest("logo")),
        ),
    }
    return Task(**(usual | changes))


def fill(folder: Path) -> None:
    """Put what a task has besides its metadata into its folder: two links, the list, the logo."""
    (folder / "voice.mp3").symlink_to(UP + VOICE)
    (folder / "music.mp3").symlink_to(UP + MUSIC)
    (folder / "video_list.txt").write_text(f"ffconcat version 1.0\nfile '{UP}{CLIP}'\n")
    (folder / "logo.png").write_bytes(LOGO)


def manifest(claim: Claim) -> Manifest:
    """Make the manifest of a claim whose video is `VIDEO`."""
    return Manifest(
        task=claim.task,
        node="n1",
        epoch=claim.epoch,
        encoder="libx264",
        toolchain="9.0.2",
        frames=claim.task.frames,
        samples=96000,
        sha256=sha256(VIDEO).hexdigest(),
        size_bytes=len(VIDEO),
        steps={"encode": 1.5},
    )


def picture(**changes: Any) -> Picture:
    """Make a plain picture: 160x120, 25 fps, 12.4 s."""
    usual: dict[str, Any] = {
        "codec": "h264",
        "width": 160,
        "height": 120,
        "frames": 310,
        "rate": Fraction(25),
        "is_cfr": True,
        "duration_s": Fraction(62, 5),
        "pix_fmt": "yuv420p",
    }
    return Picture(**(usual | changes))


def sound(**changes: Any) -> Sound:
    """Make a plain sound: stereo, 48 kHz, 2 s, at -16 LUFS."""
    usual: dict[str, Any] = {
        "codec": "mp3",
        "sample_rate": 48000,
        "channels": 2,
        "samples": 96000,
        "loudness": Loudness(integrated_lufs=-16.0, true_peak_dbtp=-3.0, range_lu=4.0),
    }
    return Sound(**(usual | changes))


def asset(kind: Kind = "video", **changes: Any) -> Asset:
    """Make an asset of a kind, under the path such a one usually has; a voice has the id of its video."""
    paths = {
        "video": CLIP,
        "frame": CLIP.replace("/video/", "/frame/"),
        "music": MUSIC,
        "voice": VOICE,
        "link": "scanned/story/poems/sonnet/link/sources.txt",
    }
    path = str(changes.get("path", paths[kind]))
    place = path.split("/")
    is_story = kind in {"voice", "link"}
    media = {"video": Media(picture=picture()), "frame": Media(picture=picture()), "link": Media()}
    usual: dict[str, Any] = {
        "kind": kind,
        "path": path,
        "category": place[2],
        "story": place[3] if is_story else "",
        "name": Path(path).stem,
        "original_name": Path(path).name,
        "sha256": digest(path),
        "size_bytes": 4321,
        "source": Source(
            path=f"raw/{Path(path).name}",
            sha256=digest(path),
            size_bytes=4321,
            mtime_ns=1_700_000_000_000_000_001,
            inode=42,
        ),
        "media": media.get(kind, Media(sound=sound())),
        "task_id": str(uuid4()) if kind == "voice" else "",
    }
    return Asset(**(usual | changes))
