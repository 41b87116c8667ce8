"""A voice in the library becomes a task: one track, clips for as long as it lasts, a logo, and the papers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Literal
from uuid import UUID

import av
import structlog

from videogen import durable
from videogen.assemble.choose import choose_clips, choose_track
from videogen.catalog import Catalog
from videogen.edit.story import clip_frames, story_frames
from videogen.errors import ConfigError, TemporaryError
from videogen.model.media import Asset, Kind
from videogen.model.task import ClipUse, Input, Inputs, Render, Task
from videogen.model.timeline import Canvas
from videogen.spool import Spool

log = structlog.get_logger()

PNG = b"\x89PNG\r\n\x1a\n"
UP = "../../"
"""From a task's folder to the root: the same from tasks/<id>/ and processing/<id>/."""


@dataclass(frozen=True)
class StoryRule:
    """What every story has in common. `frame_rate` is the word for metadata.json; `settle_s` in seconds."""

    canvas: Canvas
    frame_rate: int | str
    logo: Path
    voice_gain: Fraction = Fraction(1)
    music_gain: Fraction = Fraction(1, 4)
    category: Literal["prefer", "only"] = "prefer"
    settle_s: float = 60.0
    priority: int = 5
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Waiting:
    """A voice without a task, and why."""

    voice: str
    reason: str


class Assembler:
    """scanned/ → tasks/. A voice's task has the id the voice was given at intake, so nothing is assembled twice."""

    def __init__(
        self, spool: Spool, catalog: Catalog, rule: StoryRule, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._spool = spool
        self._catalog = catalog
        self._rule = rule
        self._clock = clock
        self._since: dict[str, float] = {}
        self._said: dict[str, str] = {}

    def assemble_once(self, arriving: Sequence[Path] = ()) -> list[Waiting]:
        """Make a task of every voice that can have one; give those that wait, each with its reason.

        `arriving` are paths below raw/ that are not decided yet: music and clips among them are waited for.
        """
        waiting = []
        coming = sum(1 for path in arriving if path.parts[:1] in {("music",), ("video",)})
        for voice in self._catalog.voices_to_assemble():
            since = self._since.setdefault(voice.path, self._clock())
            reason = self._missing(voice)
            if reason is None and coming and self._clock() - since < self._rule.settle_s:
                reason = f"{coming} music or video files are still arriving in raw/"
            if reason is None:
                reason = self._try_to_assemble(voice)
            if reason is None:
                self._since.pop(voice.path, None)
                self._said.pop(voice.path, None)
                continue
            waiting.append(Waiting(voice.path, reason))
            if self._said.get(voice.path) != reason:
                log.info(f"Waiting: {voice.path}", because=reason)
                self._said[voice.path] = reason
        return waiting

    def _try_to_assemble(self, voice: Asset) -> str | None:
        """Make the task of a voice, or say what stands in the way for now."""
        try:
            self._assemble(voice)
        except (ConfigError, TemporaryError) as error:
            return error.message
        except OSError as error:
            return f"the task could not be written ({error.strerror})"
        return None

    def waiting(self) -> list[Waiting]:
        """Give the voices that lack music or clips, or were not looked at yet; starts nothing."""
        voices = self._catalog.voices_to_assemble()
        return [Waiting(voice.path, self._missing(voice) or "main has not come to it yet") for voice in voices]

    def _missing(self, voice: Asset) -> str | None:
        lacking = [
            word
            for kind, word in (("music", "music"), ("video", "clips"))
            if not self._pool(kind, voice.category)  # type: ignore[arg-type]  # the two words are kinds
        ]
        if not lacking:
            return None
        where = f"in category {voice.category}" if self._rule.category == "only" else "in the library"
        return f"no {' and no '.join(lacking)} {where}"

    def _pool(self, kind: Kind, category: str) -> list[Asset]:
        """Give the category's own assets, or where it has none (and other ones are allowed) all of them."""
        own = self._there(self._catalog.of_kind(kind, category))
        return own if own or self._rule.category == "only" else self._there(self._catalog.of_kind(kind))

    def _there(self, assets: list[Asset]) -> list[Asset]:
        """Leave out what someone took away from the library since main started."""
        return [asset for asset in assets if (self._spool.root / asset.path).is_file()]

    def _assemble(self, voice: Asset) -> None:
        if not self._spool.room_of(voice.task_id):
            task = self._task(voice)
            self._spool.publish(task, lambda folder: self._fill(folder, task))
            log.info(
                f"Made tasks/{task.task_id} of {voice.path}",
                task=task.task_id,
                clips=len(task.inputs.clips),
                frames=task.frames,
                music=task.inputs.music.path,
            )
        self._catalog.mark_assembled(voice)

    def _task(self, voice: Asset) -> Task:
        canvas = self._rule.canvas
        seed = UUID(voice.task_id).int % 2**32
        frames = story_frames(voice.media, canvas)
        clips = {clip.path: clip for clip in self._pool("video", voice.category)}
        lengths = [(path, clip_frames(clip.media, canvas)) for path, clip in clips.items()]
        chosen = choose_clips(lengths, frames, seed)
        tracks = {track.path: track for track in self._pool("music", voice.category)}
        track = tracks[choose_track(list(tracks), seed)]
        uses, left = [], frames
        for path in chosen:
            shown = min(left, dict(lengths)[path])
            uses.append(ClipUse(path=path, sha256=clips[path].sha256, in_frame=0, out_frame=shown))
            left -= shown
        logo = self._logo()
        return Task(
            task_id=voice.task_id,
            category=voice.category,
            story_name=voice.story,
            voice_duration=round(float(voice.media.duration_s), 6),
            video_files=tuple(UP + path for path in chosen),
            render=Render(
                resolution=f"{canvas.width}x{canvas.height}",
                frame_rate=self._rule.frame_rate,
                logo="logo.png" if logo else None,
            ),
            seed=seed,
            frames=frames,
            voice_gain=self._rule.voice_gain,
            music_gain=self._rule.music_gain,
            priority=self._rule.priority,
            tags=self._rule.tags,
            inputs=Inputs(
                voice=Input(path=voice.path, sha256=voice.sha256),
                music=Input(path=track.path, sha256=track.sha256),
                clips=tuple(uses),
                logo=logo,
            ),
        )

    def _logo(self) -> Input | None:
        path = self._rule.logo
        if not path.is_file():
            return None
        check_logo(path)
        return Input(path=f"{PurePosixPath(path.name)}", sha256=durable.digest(path))

    def _fill(self, folder: Path, task: Task) -> None:
        durable.point_at(folder / "voice.mp3", UP + task.inputs.voice.path)
        durable.point_at(folder / "music.mp3", UP + task.inputs.music.path)
        durable.write(folder / "video_list.txt", video_list(task.video_files))
        if task.inputs.logo:
            durable.copy(self._rule.logo, folder / "logo.png")


def check_logo(path: Path) -> None:
    """Prove that a file is a PNG that can be drawn. Raises: ConfigError: it is not."""
    try:
        with path.open("rb") as file:
            is_png = file.read(len(PNG)) == PNG
        if is_png:
            with av.open(f"file:{path}", format="png_pipe", options={"protocol_whitelist": "file"}) as picture:
                is_png = next(picture.decode(video=0), None) is not None
    except (OSError, av.FFmpegError):
        is_png = False
    if not is_png:
        raise ConfigError(f"the logo {path} is not a PNG", remedy="Save it as PNG, or set render.logo to another file.")


def video_list(paths: Sequence[str]) -> str:
    """Write an ffconcat list, in playing order. Source: FFmpeg's quoting; a quote inside is closed, escaped, opened."""
    lines = ["file '" + path.replace("'", "'\\''") + "'" for path in paths]
    return "\n".join(["ffconcat version 1.0", *lines]) + "\n"
