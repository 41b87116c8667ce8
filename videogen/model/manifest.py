"""manifest.json: what a published video is made of, who made it and how, and what was measured before it left."""

from fractions import Fraction
from typing import Any, Literal

from pydantic import Field

from videogen.model.media import Asset, Media
from videogen.model.profile import Profile
from videogen.model.quality import Quality
from videogen.model.task import Task
from videogen.model.timebase import Range
from videogen.model.timeline import Clip, ImageOverlay, Timeline, VideoOverlay
from videogen.model.value import Digest, Value

Role = Literal["voice", "music", "clip", "logo", "overlay", "picture", "sound"]
"""`overlay`: a film above the clips; `picture`: a still or words; `sound`: one that is neither voice nor music."""


class Shown(Value):
    """One appearance of an asset. Units: frames at the video's rate, half-open.

    `place` counts the clips in playing order from 1; 0 is what goes on from the beginning of the video to its end.
    """

    place: int = 0
    at: Range
    source: Range | None = None
    """What of the asset; None where that is not a stretch: music is looped from its beginning, a logo stands still."""


class Ingredient(Value):
    """A content of the video in one role, as the library knew it when the video was made."""

    role: Role
    sha256: Digest
    path: str
    """Where it lay, from the root; of a logo, the name of the operator's file; empty for what was drawn."""
    size_bytes: int | None = None
    title: str = ""
    """Its name as it was dropped, without its ending."""
    original_name: str = ""
    dropped_as: str = ""
    """Its path in raw/, from the root."""
    dropped_sha256: str = ""
    """The hash of the bytes that were dropped: music is brought to its loudness at intake."""
    gain: Fraction | None = None
    """Linear gain in the mix; None for what is not heard."""
    intake_gain_db: float = 0.0
    shown: tuple[Shown, ...] = ()
    media: Media | None = None
    """What the plan went by; None for a logo."""


class Stretch(Value):
    """A run of packets that was copied from one segment.

    Units: `at` in frames of the video, `use` in frames of the segment, which has `frames` in all.
    """

    at: Range
    key: Digest
    look: Digest
    use: Range
    frames: int
    is_bridge: bool = False
    """Whether these frames were encoded for this cut alone, as their packets could not be copied."""


class Times(Value):
    """How a task went through its node. Units: seconds; `..._at` in UTC, for people: nothing reads them back."""

    claimed_at: str
    published_at: str
    fetch_s: float
    wait_s: float
    """From the end of the fetch until the renderer came to it."""
    render_s: float
    upload_s: float
    """From the end of the render until it could be published."""


class Manifest(Value):
    """What a published video is made of, and how.

    Version 2 has all keys of version 1 and more; what a manifest of version 1 does not tell has its default here.
    """

    version: Literal[1, 2] = 2
    task: Task
    """Its recipe, its seed, how its clips were chosen, and which older video it was made from."""
    node: str
    host: str = ""
    epoch: int
    attempt: int | None = None
    """Which try it was, from 1."""
    videogen: str = ""
    """The version that made it."""
    encoder: str
    toolchain: str
    profile: Profile | None = None
    """How frames became bits."""
    segment_s: Fraction | None = None
    """Where clips were cut into segments. Units: seconds."""
    sound_key: str = ""
    """The hash of FFmpeg's arguments for the sound, contents where paths stood."""
    frames: int
    samples: int
    sha256: Digest
    size_bytes: int
    assets: tuple[Ingredient, ...] = ()
    """Every content, once for each role, in order of role and of first appearance."""
    pieces: tuple[Stretch, ...] = ()
    """The picture from its first frame to its last, without a hole."""
    segments: dict[str, str] = Field(default_factory=dict)
    """What became of each segment by its key: `encoded` or `reused`."""
    frames_encoded: int = 0
    fallback: str = ""
    """Why everything was encoded in one piece; empty where segments were joined."""
    peak_dbfs: float | None = None
    """The highest sample of the sound as it is in final.mp4, decoded."""
    steps: dict[str, float]
    """Seconds each step of the plan took."""
    times: Times | None = None
    warnings: tuple[str, ...] = ()
    """What a person should know of it: each begins with its word."""
    quality: Quality | None = None
    """What was measured of the finished video, where that is done."""
    pictures: dict[str, Digest] = Field(default_factory=dict)
    """The pictures beside the video, each with its SHA-256."""
    papers: dict[str, Digest] = Field(default_factory=dict)
    """The texts beside the video (captions, chapters, a tracklist), each with its SHA-256."""
    pictures_trouble: str = ""
    """Why pictures or texts are missing; empty where all that were wanted are there."""


def appearances(task: Task) -> dict[tuple[Role, str], tuple[Shown, ...]]:
    """Say of each content of a task, in each role, where it is shown or heard.

    Shape: voice, music and logo first, then clips in order of first appearance; a clip that the video ends before is
        not there.
    """
    if task.timeline is not None:
        return _in_timeline(task, task.timeline)
    inputs, whole = task.inputs, Range(start=0, end=task.frames)
    found: dict[tuple[Role, str], tuple[Shown, ...]] = {
        ("voice", inputs.spoken.sha256): (Shown(at=whole, source=whole),),
        ("music", inputs.played.sha256): (Shown(at=whole),),
    }
    if inputs.logo:
        found["logo", inputs.logo.sha256] = (Shown(at=whole),)
    at = 0
    for place, clip in enumerate(inputs.clips, start=1):
        length = min(clip.out_frame - clip.in_frame, task.frames - at)
        if length <= 0:
            break
        source = Range(start=clip.in_frame, end=clip.in_frame + length)
        shown = Shown(place=place, at=Range(start=at, end=at + length), source=source)
        found["clip", clip.sha256] = (*found.get(("clip", clip.sha256), ()), shown)
        at += length
    return found


def _in_timeline(task: Task, timeline: Timeline) -> dict[tuple[Role, str], tuple[Shown, ...]]:
    """Say where each content of an edit is shown or heard: sounds first, then clips, then what lies above them."""
    inputs, whole = task.inputs, Range(start=0, end=timeline.length)
    named: dict[str, Role] = {inputs.voice.sha256: "voice"} if inputs.voice else {}
    named |= {inputs.music.sha256: "music"} if inputs.music else {}
    rows: list[tuple[tuple[Role, str], Shown]] = []
    for sound in timeline.sounds:
        rows.append(((named.get(sound.asset, "sound"), sound.asset), Shown(at=sound.at or whole)))
    clips = [(at, part) for at, part in timeline.placed() if isinstance(part, Clip)]
    for place, (at, clip) in enumerate(clips, start=1):
        rows.append((("clip", clip.asset), Shown(place=place, at=at, source=clip.source)))
    for overlay in timeline.overlays:
        if isinstance(overlay, ImageOverlay):
            is_logo = inputs.logo is not None and overlay.asset == inputs.logo.sha256
            rows.append((("logo" if is_logo else "picture", overlay.asset), Shown(at=overlay.at)))
        elif isinstance(overlay, VideoOverlay):
            rows.append((("overlay", overlay.asset), Shown(at=overlay.at)))
    found: dict[tuple[Role, str], tuple[Shown, ...]] = {}
    for key, shown in rows:
        found[key] = (*found.get(key, ()), shown)
    return found


def ingredients(task: Task, assets: dict[str, Asset]) -> tuple[Ingredient, ...]:
    """Say what a task is made of; `assets` are by content, and what is not among them is told as far as it is known."""
    inputs = task.inputs
    given = [*inputs.files, *([inputs.logo] if inputs.logo else [])]
    paths = {one.sha256: one.path for one in reversed(given)}
    gains: dict[Role, Fraction] = {"voice": task.voice_gain, "music": task.music_gain}
    if task.timeline is not None:
        gains = {}
    return tuple(
        Ingredient(
            role=role,
            sha256=sha256,
            path=paths.get(sha256, ""),
            gain=gains.get(role),
            shown=shown,
            **(_intake(assets[sha256]) if sha256 in assets else {}),
        )
        for (role, sha256), shown in appearances(task).items()
    )


def _intake(asset: Asset) -> dict[str, Any]:
    return {
        "size_bytes": asset.size_bytes,
        "title": asset.name,
        "original_name": asset.original_name,
        "dropped_as": asset.source.path,
        "dropped_sha256": asset.source.sha256,
        "intake_gain_db": asset.gain_db,
        "media": _planned_by(asset.media),
    }


def _planned_by(media: Media) -> Media:
    """Leave out what is long and no plan reads: where a clip is black or still, how it looks, its GOPs."""
    picture = media.picture
    if picture is None:
        return media
    return media.model_copy(
        update={"picture": picture.model_copy(update={"gops": None, "view": None, "fingerprint": ""})}
    )
