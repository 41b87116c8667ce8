"""The papers of a task on its way: metadata.json, lease.json, reason.json."""

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from videogen import __version__
from videogen.errors import VideogenError
from videogen.model.choice import Choice
from videogen.model.profile import Preset
from videogen.model.recipe import Story
from videogen.model.timebase import Range
from videogen.model.timeline import Timeline
from videogen.model.value import Digest, LibraryPath, Value, library_path

ATTEMPTS = 3
"""A task that fails this often for passing causes, or takes its node down, is poison. Source: promise P18."""


UP = "../../"
"""From a task's folder to the root: the same from tasks/<id>/ and processing/<id>/."""
Recipe = Literal["story", "mix", "composition", "golden_frame"]


class Render(Value):
    """The `render` part of metadata.json, key for key as the hierarchy's users know it."""

    resolution: str
    frame_rate: int | str
    logo: str | None
    output_format: Literal["mp4"] = "mp4"


class Input(Value):
    """One file of a task: its path from the root, and the hash its bytes must have."""

    path: str
    sha256: Digest


class ClipUse(Input):
    """One appearance of a clip. Units: frames at the video's rate, half-open; never none."""

    path: LibraryPath
    in_frame: Annotated[int, Field(ge=0)]
    out_frame: int

    @model_validator(mode="after")
    def _shows_a_frame(self) -> "ClipUse":
        if self.out_frame <= self.in_frame:
            raise ValueError(f"out_frame {self.out_frame} is not after in_frame {self.in_frame}")
        return self


def _in_library(given: Input) -> Input:
    library_path(given.path)
    return given


LibraryInput = Annotated[Input, AfterValidator(_in_library)]


class Swap(Value):
    """A clip that a person put in the place of another: `place` in playing order from 1, and what had been there."""

    place: Annotated[int, Field(gt=0)]
    was: ClipUse


class Inputs(Value):
    """Every file a video is made of; the clips in playing order. All are in the library, but for the logo.

    A story has a voice and music; what else there may be is in `others`.
    """

    voice: LibraryInput | None = None
    music: LibraryInput | None = None
    clips: tuple[ClipUse, ...] = ()
    logo: Input | None = None
    """The one in the task's folder; its path is the name of the operator's file."""
    others: tuple[LibraryInput, ...] = ()
    """What a timeline shows and plays besides: films laid over others, more sounds."""
    pictures: tuple[Digest, ...] = ()
    """Stills and words as they were drawn for the video: `scanned/.pictures/`."""
    description: LibraryInput | None = None
    """The file that asked for the video; None for a story, which is asked for by its voice."""

    @property
    def spoken(self) -> LibraryInput:
        """The voice of a story. Raises: ValueError: the video has none."""
        if self.voice is None:
            raise ValueError("the video has no voice")
        return self.voice

    @property
    def played(self) -> LibraryInput:
        """The music of a story. Raises: ValueError: the video has none."""
        if self.music is None:
            raise ValueError("the video has no music")
        return self.music

    @property
    def files(self) -> tuple[Input, ...]:
        """Every file of the library that the video shows or plays."""
        return (*(one for one in (self.voice, self.music) if one), *self.clips, *self.others)


class Task(Value):
    """metadata.json: the keys of the first ten lines are fixed, the others are ours.

    Units: `voice_duration` in seconds to the microsecond, of decoded samples; `frames` the exact length of the video.
    """

    task_id: str
    category: str
    story_name: str
    voice_file: str = "voice.mp3"
    """Empty where the video has no voice; `music_file` likewise."""
    voice_duration: Annotated[float, Field(ge=0)]
    music_file: str = "music.mp3"
    video_files: tuple[str, ...]
    render: Render

    version: Literal[1] = 1
    recipe: Recipe = "story"
    seed: int
    frames: Annotated[int, Field(gt=0)]
    voice_gain: Fraction = Fraction(1)
    music_gain: Fraction = Fraction(1, 4)
    inputs: Inputs
    priority: int = 5
    tags: tuple[str, ...] = ()
    """What a node must offer to take it, such as gpu or 4k."""
    attempts: int = 0
    not_before_s: float = 0.0
    avoid: tuple[str, ...] = ()
    """Nodes on which it failed; they leave it to others for a while."""
    choice: Choice | None = None
    """How its clips and its track were chosen; None in tasks that are older than the record."""
    made_from: str = ""
    """The id of the video that this one is a change of; empty where it was made of a voice as it came."""
    swaps: tuple[Swap, ...] = ()
    """Which of its clips are other than those that were chosen."""
    timeline: Timeline | None = None
    """The edit, of pictures that are drawn already; None: a plain story, whose edit follows from the keys above."""
    quality: Annotated[int, Field(ge=0, le=51)] | None = None
    """CRF, where it is another than the house's."""
    gop: Annotated[int, Field(gt=0)] | None = None
    """Frames between keyframes, where they are other than the house's: few, where a video has many cuts."""
    preset: Preset | None = None
    """The encoder's, where it is another than the house's."""
    warnings: tuple[str, ...] = ()
    """What was done without or otherwise when its description was read; each begins with its word."""
    title: str = ""
    """What its description calls it, for people to read; empty where it has no name but its folder's."""

    @model_validator(mode="after")
    def _has_an_edit(self) -> "Task":
        if self.timeline is None and (self.inputs.voice is None or self.inputs.music is None):
            raise ValueError("a task without a timeline needs a voice and music")
        if self.timeline is not None and self.timeline.length != self.frames:
            raise ValueError(f"the timeline has {self.timeline.length} frames and the task {self.frames}")
        return self

    def story(self) -> Story:
        """Give the recipe this task is the paper of. Raises: ValueError: it has no voice or no music."""
        return Story(
            voice=self.inputs.spoken.sha256,
            music=self.inputs.played.sha256,
            clips=tuple(clip.sha256 for clip in self.inputs.clips),
            shown=tuple(Range(start=clip.in_frame, end=clip.out_frame) for clip in self.inputs.clips),
            logo=self.inputs.logo.sha256 if self.inputs.logo else None,
            voice_gain=self.voice_gain,
            music_gain=self.music_gain,
        )


class Lease(Value):
    """Who holds a claimed task. `incarnation` is random per start of a node: an older one is dead."""

    task_id: str
    node: str
    incarnation: str
    epoch: int
    host: str
    pid: int


class Reason(Value):
    """Why a thing is in trash/: `<name>.reason.json` beside a file, reason.json in a task's folder."""

    version: Literal[1] = 1
    """Of this form; a reader that knows another one still finds `code`, `message` and `remedy`."""
    code: str
    """The stable word for what is wrong, as in the tables of this page."""
    message: str
    """One sentence about this very thing."""
    remedy: str
    """What a person can do."""
    stage: str
    """Where it was refused: `scan`, `crawl`, or a stage of a task's way."""
    path: str
    """Where it was dropped, or lay, from the root: a file goes back there to be tried again."""
    original_name: str = ""
    """A file's name as it was dropped; bytes that are not UTF-8 as \\xNN."""
    sha256: str = ""
    """The hash of a file's bytes as they lie in trash/; empty for a folder, and for a large file that nobody read."""
    size_bytes: int | None = None
    """A file's size; null for what is no regular file, and for a task."""
    at: str
    """When it went to trash/, in UTC, for people; nothing reads it back."""
    videogen: str = ""
    """The version that refused it; empty in notes from before this key."""
    facts: dict[str, Any] = Field(default_factory=dict)
    """What else is known: `status` and `stderr` of a child that died, `command` and `said` of FFmpeg."""


def reason_for(error: VideogenError, *, stage: str, path: str, at: str, original_name: str = "") -> Reason:
    """Write an error down as the reason a thing went to trash/."""
    facts = {name: value if isinstance(value, int | float | str) else str(value) for name, value in error.facts.items()}
    return Reason(
        code=error.word,
        message=error.message,
        remedy=error.remedy,
        stage=stage,
        path=path,
        original_name=original_name,
        at=at,
        videogen=__version__,
        facts=facts,
    )
