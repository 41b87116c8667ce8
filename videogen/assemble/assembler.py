"""A voice in the library becomes a task: one track, clips for as long as it lasts, a logo, and the papers."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Event
from uuid import UUID, uuid4

import structlog

from videogen import durable, spans
from videogen.assemble import history
from videogen.assemble.drawing import Drawing
from videogen.assemble.dressing import dressed
from videogen.assemble.rules import StoryRule, check_logo
from videogen.catalog import Catalog, Entry, keep_logo
from videogen.edit.story import story_frames
from videogen.errors import MissingInput, SetupError, TemporaryError
from videogen.model.choice import Candidate
from videogen.model.media import TEXTS, Asset
from videogen.model.task import UP, ClipUse, Input, Inputs, Render, Task
from videogen.spool import Spool

log = structlog.get_logger()


@dataclass(frozen=True)
class Waiting:
    """A voice without a task, and why."""

    voice: str
    reason: str


class Assembler:
    """scanned/ → tasks/. A voice's task has the id the voice was given at intake, so nothing is assembled twice."""

    def __init__(
        self,
        spool: Spool,
        catalog: Catalog,
        rule: StoryRule,
        clock: Callable[[], float] = time.monotonic,
        *,
        own: Mapping[str, StoryRule] | None = None,
        stop: Event | None = None,
    ) -> None:
        self._spool = spool
        self._catalog = catalog
        self._rule = rule
        self._own = own or {}
        # Asked while a child listens or draws: that it is asked is the sign of life of main's loop.
        self._stop = stop
        self._clock = clock
        self._since: dict[str, float] = {}
        self._said: dict[str, str] = {}
        self._recall_from = history.Rooms(spool)
        self._logos: dict[Path, tuple[object, Input]] = {}

    def assemble_once(self, arriving: Sequence[Path] = ()) -> list[Waiting]:
        """Make a task of every voice that can have one; give those that wait, each with its reason.

        `arriving` are paths below raw/ that are not decided yet: music and clips among them are waited for.
        """
        self._recall()
        waiting = []
        coming = sum(1 for path in arriving if path.parts[:1] in {("music",), ("video",)})
        common: str | None = None  # what stands in the way of all, and is not tried for each of a thousand voices
        for voice in self._catalog.voices_to_assemble():
            since = self._since.setdefault(voice.path, self._clock())
            reason = self._missing(voice)
            if reason is None and self._clock() - since < self._rule.settle_s:
                reason = self._coming(voice, coming, arriving)
            if reason is None and (reason := common) is None:
                with spans.story(voice.task_id):
                    reason, is_common = self._try_to_assemble(voice)
                common = reason if is_common else None
            if reason is None:
                self._since.pop(voice.path, None)
                self._said.pop(voice.path, None)
                continue
            waiting.append(Waiting(voice.path, reason))
            if self._said.get(voice.path) != reason:
                log.info(f"Waiting: {voice.path}", task=voice.task_id, because=reason)
                self._said[voice.path] = reason
        return waiting

    def _coming(self, voice: Entry, coming: int, arriving: Sequence[Path]) -> str | None:
        """Say what a voice waits for that is on its way."""
        if coming:
            return f"{coming} music or video files are still arriving in raw/"
        if self._rule_of(voice.category).dress.captions != "off":
            home = Path("story", voice.category, voice.story, "voice")
            words = [path for path in arriving if path.parent == home and path.suffix.lower() in TEXTS]
            mine = [path.name for path in words if path.stem == Path(voice.path).stem]
            return f"its words are still arriving in raw/, as {mine[0]}" if mine else None
        return None

    def _recall(self) -> None:
        """Count the videos that the rooms know and the library does not: earlier ones, and what a person had made."""
        counted = history.recall(self._recall_from, self._catalog)
        if counted:
            log.info("Counted what other videos show", videos=counted)

    def _try_to_assemble(self, voice: Entry) -> tuple[str | None, bool]:
        """Make the task of a voice, or say what stands in the way for now, and whether it does so for every voice."""
        try:
            self._assemble(voice)
        except (SetupError, TemporaryError) as error:
            return error.message, True
        except MissingInput as error:
            return error.message, False
        except OSError as error:
            return f"the task could not be written ({error.strerror})", False
        return None, False

    def waiting(self) -> list[Waiting]:
        """Give the voices that lack music or clips, or were not looked at yet; starts nothing."""
        voices = self._catalog.voices_to_assemble()
        return [Waiting(voice.path, self._missing(voice) or "main has not come to it yet") for voice in voices]

    def again(self, task: Task, *, priority: int, tags: tuple[str, ...]) -> Task:
        """Make the task of a video once more, under an id of its own: the same files, clips, length and seed.

        Raises: MissingInput: the logo it shows is not the one of the settings any more.
        """
        rule = self._rule_of(task.category)
        logo, now = task.inputs.logo, self._logo(rule.logo) if task.inputs.logo else None
        if logo is not None and (now is None or now.sha256 != logo.sha256):
            remedy = "Put that logo back for as long as its task is made."
            raise MissingInput(f"render.logo is not the logo {logo.path} that the video shows", remedy=remedy)
        anew = {"task_id": str(uuid4()), "attempts": 0, "avoid": (), "not_before_s": 0.0}
        made = task.model_copy(update={**anew, "priority": priority, "tags": tags})
        self._spool.publish(made, lambda folder: fill(folder, made, rule.logo))
        return made

    def _missing(self, voice: Entry) -> str | None:
        drawing = self._drawing(voice.category)
        lacking = [
            word
            for word, is_there in (("music", drawing.has("music")), ("clips", drawing.has("video")))
            if not is_there
        ]
        if not lacking:
            return None
        where = f"in category {voice.category}" if self._rule.category == "only" else "in the library"
        return f"no {' and no '.join(lacking)} {where}"

    def _drawing(self, category: str) -> Drawing:
        is_own = self._rule.category == "only"
        return Drawing(self._spool.root, self._catalog, self._rule.draw, category, is_own_only=is_own)

    def _assemble(self, entry: Entry) -> None:
        voice = self._catalog.asset(entry.path)
        if not self._spool.room_of(voice.task_id):
            rule = self._rule_of(voice.category)
            task = self._task(voice, rule)
            with spans.span("assemble"):
                self._spool.publish(task, lambda folder: fill(folder, task, rule.logo))
            for warning in task.warnings:
                log.warning(f"Made tasks/{task.task_id} without", task=task.task_id, because=warning)
            log.info(
                f"Made tasks/{task.task_id} of {voice.path}",
                task=task.task_id,
                clips=len(task.inputs.clips),
                frames=task.frames,
                music=task.inputs.played.path,
            )
            self._catalog.note_use(history.use_of(task))
        else:
            history.recall_one(self._spool, self._catalog, voice.task_id)
        self._catalog.mark_assembled(voice)

    def _rule_of(self, category: str) -> StoryRule:
        return self._own.get(category, self._rule)

    def _task(self, voice: Asset, rule: StoryRule) -> Task:
        canvas = rule.canvas
        seed = UUID(voice.task_id).int % 2**32
        frames = story_frames(voice.media, canvas)
        chosen = self._drawing(voice.category).choose(canvas, frames, seed, rule.dress.asks(canvas))
        logo = self._logo(rule.logo)
        task = Task(
            task_id=voice.task_id,
            category=voice.category,
            story_name=voice.story,
            voice_duration=round(float(voice.media.duration_s), 6),
            video_files=tuple(UP + clip.path for clip in chosen.clips),
            render=Render(
                resolution=f"{canvas.width}x{canvas.height}",
                frame_rate=rule.frame_rate,
                logo="logo.png" if logo else None,
            ),
            seed=seed,
            frames=frames,
            voice_gain=rule.voice_gain,
            music_gain=rule.music_gain,
            priority=rule.priority,
            tags=rule.tags,
            inputs=Inputs(
                voice=Input(path=voice.path, sha256=voice.sha256),
                music=Input(path=chosen.track.path, sha256=chosen.track.sha256),
                clips=_uses(chosen.clips, frames),
                logo=logo,
            ),
            choice=chosen.record,
        )
        return (
            task
            if rule.dress.is_plain
            else dressed(self._spool.root, task, rule.dress, canvas, chosen, stop=self._stop)
        )

    def _logo(self, path: Path) -> Input | None:
        if not path.is_file():
            return None
        found = path.stat()
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if self._logos.get(path, (None,))[0] != stamp:
            check_logo(path)
            logo = Input(path=f"{PurePosixPath(path.name)}", sha256=durable.digest(path))
            keep_logo(self._spool.root, path, logo.sha256)
            self._logos[path] = stamp, logo
        return self._logos[path][1]


def fill(folder: Path, task: Task, logo: Path) -> None:
    """Put into a task's new folder what belongs there beside its paper; `logo` is copied where the task has one."""
    for name, sound in (("voice.mp3", task.inputs.voice), ("music.mp3", task.inputs.music)):
        if sound:
            durable.point_at(folder / name, UP + sound.path)
    durable.write(folder / "video_list.txt", video_list(task.video_files))
    if task.inputs.logo:
        durable.copy(logo, folder / "logo.png")


def _uses(clips: Sequence[Candidate], frames: int) -> tuple[ClipUse, ...]:
    """Show each clip whole, and the last one as far as the video goes."""
    uses, left = [], frames
    for clip in clips:
        shown = min(left, clip.frames)
        uses.append(ClipUse(path=clip.path, sha256=clip.sha256, in_frame=0, out_frame=shown))
        left -= shown
    return tuple(uses)


def video_list(paths: Sequence[str]) -> str:
    """Write an ffconcat list, in playing order. Source: FFmpeg's quoting; a quote inside is closed, escaped, opened."""
    lines = ["file '" + path.replace("'", "'\\''") + "'" for path in paths]
    return "\n".join(["ffconcat version 1.0", *lines]) + "\n"
