"""A dressed story's task: its timeline is finished here, words drawn, and stands in the paper for good."""

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from threading import Event

from videogen.assemble.drawing import Chosen, Extra
from videogen.assemble.texts import captions_beside
from videogen.catalog import keep_picture, read_asset
from videogen.edit.grown import grown_timeline
from videogen.errors import MissingInput
from videogen.model.choice import Choice
from videogen.model.dressing import CaptionMode, Dressing, FrameMode, title_of
from videogen.model.label import label_of
from videogen.model.media import Asset
from videogen.model.task import UP, ClipUse, Input, Task
from videogen.model.timebase import frames_of
from videogen.model.timeline import Canvas, Clip, TextOverlay, Timeline
from videogen.raster import Rasterised, rasterised
from videogen.raster.apart import drawn_apart


@dataclass(frozen=True)
class Dress:
    """What stories wear, as the settings have it. Units: seconds. `intro` and `outro` are paths from the root."""

    intro: str = ""
    outro: str = ""
    has_frame: bool = False
    frame_mode: FrameMode = "screen"
    crossfade_s: Fraction = Fraction(0)
    title_s: Fraction = Fraction(0)
    captions: CaptionMode = "off"

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing at all."""
        return self == Dress(frame_mode=self.frame_mode)

    def asks(self, canvas: Canvas) -> Extra | None:
        """Give what is asked of the draw; None of a plain story's."""
        return None if self.is_plain else Extra(frames_of(self.crossfade_s, canvas.fps), self.has_frame)


@dataclass(frozen=True)
class Worn:
    """What one story wears: its parts, their assets, and what it goes without."""

    dressing: Dressing
    assets: tuple[Asset, ...]
    warnings: tuple[str, ...]


def dressed(root: Path, task: Task, dress: Dress, canvas: Canvas, chosen: Chosen, *, stop: Event | None = None) -> Task:
    """Give the task of a plain story as that of a dressed one; its clips are those that were drawn, in order.

    When this returns every picture its timeline shows is in the library.
    Raises: MissingInput: a file that it wants is not in the library. MediaError: its words cannot be drawn. NoSpace.
    """
    given = {one.sha256: read_asset(root, one.path) for one in (task.inputs.spoken, task.inputs.played)}
    given |= {one.sha256: read_asset(root, one.path) for one in chosen.clips}
    worn = _worn(root, given[task.inputs.spoken.sha256], dress, canvas, chosen, stop)
    given |= {one.sha256: one for one in worn.assets}
    media = {content: asset.media for content, asset in given.items()}
    story = task.story().model_copy(update={"clips": tuple(one.sha256 for one in chosen.clips), "shown": ()})
    drawn = _drawn(grown_timeline(story, worn.dressing, media, canvas), stop)
    for sha256, png in drawn.images.items():
        keep_picture(root, sha256, png)
    shown = [part for part in drawn.timeline.picture if isinstance(part, Clip)]
    told = shown[bool(worn.dressing.intro) : len(shown) - bool(worn.dressing.outro)]
    files = {one.path: Input(path=one.path, sha256=one.sha256) for one in worn.assets}
    inputs = {
        "clips": tuple(_use(path.path, part) for path, part in zip(chosen.clips, told, strict=False)),
        "others": tuple(files.values()),
        "pictures": tuple(drawn.images),
    }
    paths = [given[part.asset].path for part in shown]
    return task.model_copy(
        update={
            "video_files": tuple(UP + path for path in paths),
            "frames": drawn.timeline.length,
            "timeline": drawn.timeline,
            "warnings": (*worn.warnings, *drawn.warnings),
            "inputs": task.inputs.model_copy(update=inputs),
            "choice": _narrowed(chosen, len(told)),
        }
    )


def _narrowed(chosen: Chosen, used: int) -> Choice:
    """Give the record of the clips that are shown: a crossfade may take less of short ones than was reckoned with."""
    clips = chosen.clips[:used]
    drawn = {one.path: one for one in sorted(clips, key=lambda one: one.path)}
    draw = chosen.record.clips.model_copy(update={"drawn": tuple(drawn.values())})
    return chosen.record.model_copy(update={"clips": draw, "need": sum(one.frames for one in clips)})


def _use(path: str, part: Clip) -> ClipUse:
    return ClipUse(path=path, sha256=part.asset, in_frame=part.source.start, out_frame=part.source.end)


def _worn(root: Path, voice: Asset, dress: Dress, canvas: Canvas, chosen: Chosen, stop: Event | None) -> Worn:
    intro, outro = (_clip(root, name, path) for name, path in (("intro", dress.intro), ("outro", dress.outro)))
    frame = read_asset(root, chosen.frame.path) if chosen.frame else None
    warnings = [] if frame or not dress.has_frame else [f"no-frame: there is no layer in raw/frame/{voice.category}/."]
    if frame and dress.frame_mode == "alpha" and not (frame.media.picture and frame.media.picture.has_alpha):
        warnings.append(f"opaque-frame: {frame.path} is seen through nowhere, so it is left out.")
        frame = None
    fps = canvas.fps
    words = captions_beside(root, voice, canvas, stop) if dress.captions != "off" else None
    dressing = Dressing(
        intro=intro.sha256 if intro else None,
        outro=outro.sha256 if outro else None,
        frame=frame.sha256 if frame else None,
        frame_mode=dress.frame_mode,
        crossfade=frames_of(dress.crossfade_s, fps),
        title=label_of(title_of(voice.story)) if dress.title_s else "",
        title_length=frames_of(dress.title_s, fps),
        captions=words.captions if words else (),
        is_burnt=dress.captions == "burnt",
    )
    worn = tuple(one for one in (intro, outro, frame) if one)
    return Worn(dressing, worn, (*warnings, *(words.warnings if words else ())))


def _clip(root: Path, name: str, path: str) -> Asset | None:
    if not path:
        return None
    asset = read_asset(root, path)
    if asset.media.picture is None:
        raise MissingInput(f"story.{name} is {path}, which has no picture", remedy="Name a clip of scanned/ there.")
    return asset


def _drawn(timeline: Timeline, stop: Event | None) -> Rasterised:
    """Draw its words. The logo stays the file it is: other videos share what is encoded with it."""
    words = tuple(one for one in timeline.overlays if isinstance(one, TextOverlay))
    drawn = rasterised(timeline.model_copy(update={"overlays": words}), Path, draw=partial(drawn_apart, stop=stop))
    pictures = iter(drawn.timeline.overlays)
    overlays = tuple(next(pictures) if isinstance(one, TextOverlay) else one for one in timeline.overlays)
    whole = drawn.timeline.model_copy(update={"overlays": overlays})
    return Rasterised(whole, drawn.images, drawn.warnings)
