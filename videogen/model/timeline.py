"""Timeline: the edit as a frozen value, in frames of its canvas. What to show and to hear, not how to make it."""

from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from videogen.model.style import (
    Anchor,
    Backing,
    Blend,
    ChromaKey,
    ColourPreset,
    Family,
    Fit,
    Outline,
    Rgb,
    Shadow,
    Shift,
    Zoom,
)
from videogen.model.timebase import Range, samples_of
from videogen.model.value import Digest, Value

Positive = Annotated[int, Field(gt=0)]
Frames = Annotated[int, Field(ge=0)]
Length = Annotated[int, Field(gt=0, le=16384)]
"""Pixels. Source: FFmpeg makes no frame that is much larger, and no canvas is."""
Opacity = Annotated[Fraction, Field(gt=0, le=1)]
Gain = Annotated[Fraction, Field(ge=0, le=16)]
Side = Annotated[int, Field(ge=2, le=16384, multiple_of=2)]
"""4:2:0 has no odd sizes. Source: libx264 takes no side longer than this."""
SampleRate = Literal[8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000]
"""Source: those that FFmpeg's AAC encoder takes."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Canvas(Value):
    """What every frame of a video has in common. Units: pixels, frames per second, samples per second."""

    width: Side
    height: Side
    fps: Annotated[Fraction, Field(ge=1, le=240)]
    sample_rate: SampleRate = 48000
    channels: Literal[1, 2] = 2
    pix_fmt: Literal["yuv420p"] = "yuv420p"


class Clip(Value):
    """A stretch of one asset, fitted into the canvas; `source` counts its frames at canvas fps.

    `lut` is a table of colours: a .cube file, and a picture of it (a Hald CLUT) once pictures are drawn.
    """

    type: Literal["clip"] = "clip"
    asset: Digest
    source: Range
    colour: ColourPreset = "none"
    fit: Fit = "contain"
    lut: Digest | None = None

    @property
    def length(self) -> int:
        """Frames shown."""
        return self.source.length


class Gap(Value):
    """Black, or another colour, for a while."""

    type: Literal["gap"] = "gap"
    length: Positive
    colour: Rgb = "#000000"


class Transition(Value):
    """How one part of the base track becomes the next; where there is none, it is a cut.

    `crossfade`: the last `length` frames of the part before and the first of the part after are one stretch of frames,
    so the timeline is that much shorter. `fade`: the part before goes to black within its last `length` frames, the
    part after comes out of black within its first; no frame is gained or lost. A fade may be first or last.
    `family` says what a crossfade looks like.
    """

    type: Literal["transition"] = "transition"
    kind: Literal["fade", "crossfade"]
    length: Positive
    family: Family = "fade"


Part = Clip | Gap
Item = Annotated[Clip | Gap | Transition, Field(discriminator="type")]


class _Overlay(Value):
    """Something above the base track, its corner at `x`, `y` in pixels; `at` is on the timeline.

    Units: `fade_in` and `fade_out` are the frames it takes to come and to go, inside `at`. Meanwhile it also moves:
    from where `enter` says to its place, from its place to where `leave` says, slower towards its place.
    """

    x: int
    y: int
    at: Range
    opacity: Opacity = Fraction(1)
    fade_in: Frames = 0
    fade_out: Frames = 0
    enter: Shift | None = None
    leave: Shift | None = None

    @model_validator(mode="after")
    def _fades_fit(self) -> "_Overlay":
        if self.fade_in + self.fade_out > self.at.length:
            raise ValueError(f"the fades of an overlay at {self.at} are longer than the overlay")
        if (self.enter and not self.fade_in) or (self.leave and not self.fade_out):
            raise ValueError(f"an overlay at {self.at} moves in no time; give it a fade as long as the move")
        return self


class _Sized(_Overlay):
    """An overlay that may be brought to a size: both of its sides, or neither."""

    width: Length | None = None
    height: Length | None = None

    @model_validator(mode="after")
    def _has_both_sides(self) -> "_Sized":
        if (self.width is None) != (self.height is None):
            raise ValueError(f"an overlay at {self.at} has one side of its size; give width and height, or neither")
        return self


class ImageOverlay(_Sized):
    """A still picture; unscaled, or brought to `width` x `height`, given together.

    `fit` "stretch" takes that size as it is; "contain" leaves clear what is left of it, "cover" fills it, "blur" fills
    what is left with the picture itself, large and blurred. The asset is any picture; once pictures are drawn, it is a
    PNG of that very size, to be stretched by nothing.
    """

    type: Literal["image"] = "image"
    asset: Digest
    fit: Literal["stretch", "contain", "cover", "blur"] = "stretch"
    zoom: Zoom | None = None
    blend: Blend = "normal"
    key: ChromaKey | None = None


class VideoOverlay(_Sized):
    """A moving picture that begins at its frame `start`, at canvas fps; unscaled, or scaled; held or looped at its end.

    A blend other than normal covers the whole canvas: the picture is letterboxed into it. `is_covering`: it fills its
    size, or the canvas, and is cut at the edges instead. `has_alpha`: it is seen through where its own pixels say.
    """

    type: Literal["video"] = "video"
    asset: Digest
    start: Frames = 0
    blend: Blend = "normal"
    is_looped: bool = False
    is_covering: bool = False
    has_alpha: bool = False
    key: ChromaKey | None = None


class TextOverlay(_Overlay):
    """Words, drawn by us and never read by FFmpeg. Units: `size` in pixels of the canvas; `font` is an asset.

    The block of words lies with its `anchor` at `x`, `y`. `width` wraps its lines; with `height` as well the words are
    drawn smaller than `size` until they fit, down to `least`; what does not fit even then is cut with an ellipsis.
    """

    type: Literal["text"] = "text"
    text: Words
    size: Annotated[int, Field(ge=4, le=2000)]
    colour: Rgb = "#ffffff"
    font: Digest | None = None
    anchor: Anchor = "top-left"
    align: Literal["left", "center", "right"] = "left"
    width: Positive | None = None
    height: Positive | None = None
    least: Annotated[int, Field(ge=4, le=2000)] = 12
    outline: Outline = Outline()
    shadow: Shadow | None = None
    backing: Backing | None = None


Overlay = Annotated[ImageOverlay | VideoOverlay | TextOverlay, Field(discriminator="type")]


class SoundTrack(Value):
    """One sound: heard over `at` (all of the timeline where it is None), from `start` frames into it.

    Cut at the end, padded with silence, or looped when asked. `gain` is linear: 1.0 leaves the sound as it is.
    `ducked_by` is the place in `sounds` of the track that presses this one down while it speaks.

    Units: frames of the timeline for `start`, `fade_in` and `fade_out`; samples of the canvas for `lead`, by which the
    sound begins later than `at` does, so that one track follows another without a gap. Two tracks that fade into each
    other with `curve` "power" are as loud together as one.
    """

    asset: Digest
    gain: Gain = Fraction(1)
    is_looped: bool = False
    at: Range | None = None
    start: Frames = 0
    lead: Frames = 0
    fade_in: Frames = 0
    fade_out: Frames = 0
    curve: Literal["linear", "power"] = "linear"
    ducked_by: Frames | None = None


class Chapter(Value):
    """A named stretch of the video, from frame `start` to the next chapter or the end."""

    start: Frames
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Caption(Value):
    """Words to be read while `at` is shown, as a stream of their own: a player shows or hides them."""

    at: Range
    text: Words


class Timeline(Value):
    """The whole edit. The base track gives the length; overlays lie above it in order; sounds are summed.

    `is_mute` videos have no sound track; the others have one, silent where nothing sounds. `loudness_lufs`: the sum is
    brought there by one linear gain. Chapters and captions rise; they touch no pixel. `language` is theirs, by ISO
    639-2.
    """

    version: Literal[1] = 1
    canvas: Canvas
    picture: Annotated[tuple[Item, ...], Field(min_length=1)]
    overlays: tuple[Overlay, ...] = ()
    sounds: tuple[SoundTrack, ...] = ()
    is_mute: bool = False
    loudness_lufs: Annotated[Fraction, Field(ge=-40, le=-5)] | None = None
    chapters: tuple[Chapter, ...] = ()
    captions: tuple[Caption, ...] = ()
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{3}$")] = "und"

    @model_validator(mode="after")
    def _names_rise(self) -> "Timeline":
        starts = [chapter.start for chapter in self.chapters]
        if starts != sorted(set(starts)) or (starts and starts[-1] >= self.length):
            raise ValueError(f"chapters do not rise, or one begins after the timeline's {self.length} frames")
        edges = [edge for caption in self.captions for edge in (caption.at.start, caption.at.end)]
        if edges != sorted(edges) or (edges and edges[-1] > self.length):
            raise ValueError(f"captions overlap, or one goes past the timeline's {self.length} frames")
        return self

    @model_validator(mode="after")
    def _transitions_fit(self) -> "Timeline":
        if not any(isinstance(item, Clip | Gap) for item in self.picture):
            raise ValueError("the base track holds no clip and no gap")
        for before, after in pairwise(self.picture):
            if isinstance(before, Transition) and isinstance(after, Transition):
                raise ValueError("two transitions stand side by side")
        for edge in (self.picture[0], self.picture[-1]):
            if isinstance(edge, Transition) and edge.kind == "crossfade":
                raise ValueError("a crossfade needs a part on both sides")
        for index, part in enumerate(self.picture):
            if isinstance(part, Transition):
                continue
            used = sum(one.length for one in self._beside(index))
            if used > part.length:
                raise ValueError(f"the transitions round part {index} take {used} frames, it has {part.length}")
        return self

    @model_validator(mode="after")
    def _overlays_inside(self) -> "Timeline":
        for overlay in self.overlays:
            if overlay.at.end > self.length:
                raise ValueError(f"an overlay lies at {overlay.at}, past the timeline's {self.length} frames")
        return self

    @model_validator(mode="after")
    def _sounds_fit(self) -> "Timeline":
        if self.sounds and self.is_mute:
            raise ValueError("a mute timeline has no sounds")
        for index, sound in enumerate(self.sounds):
            at = sound.at or Range(start=0, end=self.length)
            if at.end > self.length:
                raise ValueError(f"a sound lies at {at}, past the timeline's {self.length} frames")
            if sound.fade_in + sound.fade_out > at.length:
                raise ValueError(f"the fades of a sound at {at} are longer than the sound")
            begin, end = (samples_of(edge, self.canvas.fps, self.canvas.sample_rate) for edge in (at.start, at.end))
            if sound.lead >= end - begin:
                raise ValueError(f"a sound at {at} begins {sound.lead} samples later, after its end")
            by = sound.ducked_by
            if by is not None and (by >= len(self.sounds) or by == index or self.sounds[by].ducked_by is not None):
                raise ValueError(f"sound {index} is ducked by {by}, which is no other track that plays undisturbed")
        return self

    def _beside(self, index: int) -> list[Transition]:
        around = self.picture[max(0, index - 1) : index] + self.picture[index + 1 : index + 2]
        return [one for one in around if isinstance(one, Transition)]

    @property
    def length(self) -> int:
        """Frames of the whole video."""
        parts = sum(item.length for item in self.picture if not isinstance(item, Transition))
        return parts - sum(item.length for item in self.picture if _overlaps(item))

    def placed(self) -> tuple[tuple[Range, Part], ...]:
        """Give the parts of the base track, each with where it is seen; two overlap where they crossfade."""
        rows: list[tuple[Range, Part]] = []
        at = 0
        for item in self.picture:
            if isinstance(item, Transition):
                at -= item.length if _overlaps(item) else 0
            else:
                rows.append((Range(start=at, end=at + item.length), item))
                at += item.length
        return tuple(rows)

    def assets(self) -> tuple[Digest, ...]:
        """Every asset the timeline touches, each once, in order of first use."""
        used = [item.asset for item in self.picture if isinstance(item, Clip)]
        used += [overlay.asset for overlay in self.overlays if not isinstance(overlay, TextOverlay)]
        used += [overlay.font for overlay in self.overlays if isinstance(overlay, TextOverlay) and overlay.font]
        used += [item.lut for item in self.picture if isinstance(item, Clip) and item.lut]
        used += [sound.asset for sound in self.sounds]
        return tuple(dict.fromkeys(used))

    def listing(self) -> str:
        """Give the timeline as text, one line per thing, for people and goldens.

        Units: frames of the canvas, half-open; assets by the first 12 digits of their hash.
        """
        canvas = self.canvas
        lines = [f"canvas {canvas.width}x{canvas.height} {canvas.fps} fps, {canvas.sample_rate} Hz x {canvas.channels}"]
        at = 0
        for item in self.picture:
            if isinstance(item, Transition):
                family = "" if item.family == "fade" else f" {item.family}"
                lines.append(f"{item.kind:<6} {item.length} frames{family}")
                at -= item.length if _overlaps(item) else 0
                continue
            lines.append(_part_line(item, Range(start=at, end=at + item.length)))
            at += item.length
        lines += [_overlay_line(overlay) for overlay in self.overlays]
        lines += [_sound_line(sound, self.length) for sound in self.sounds]
        lines += [f"chapter {chapter.start} {chapter.title!r}" for chapter in self.chapters]
        lines += [f"caption {caption.at} {caption.text!r}" for caption in self.captions]
        return "\n".join(lines) + "\n"


def _overlaps(item: Clip | Gap | Transition) -> bool:
    return isinstance(item, Transition) and item.kind == "crossfade"


def _part_line(part: Part, here: Range) -> str:
    if isinstance(part, Gap):
        return f"gap    {here}" + ("" if part.colour == "#000000" else f" {part.colour}")
    colour = "" if part.colour == "none" else f" {part.colour}"
    table = f" lut {part.lut[:12]}" if part.lut else ""
    return f"clip   {here} {part.asset[:12]} {part.source}{colour}{table}" + ("" if part.fit == "contain" else " cover")


def _overlay_line(overlay: Overlay) -> str:
    what = repr(overlay.text) if isinstance(overlay, TextOverlay) else overlay.asset[:12]
    words = [f"{overlay.type:<6} {overlay.at} {what} at {overlay.x}:{overlay.y}"]
    if not isinstance(overlay, TextOverlay) and overlay.width and overlay.height:
        words.append(f"{overlay.width}x{overlay.height}")
    if isinstance(overlay, VideoOverlay):
        words += [f"from {overlay.start}", overlay.blend, *(["looped"] if overlay.is_looped else [])]
    if isinstance(overlay, ImageOverlay) and overlay.zoom:
        words.append(f"zoom {float(overlay.zoom.start):g} to {float(overlay.zoom.end):g}")
    words += [f"comes {overlay.enter.dx}:{overlay.enter.dy}"] if overlay.enter else []
    words += [f"goes {overlay.leave.dx}:{overlay.leave.dy}"] if overlay.leave else []
    if overlay.opacity != 1:
        words.append(f"opacity {float(overlay.opacity):g}")
    return " ".join(words) + _fades(overlay.fade_in, overlay.fade_out)


def _sound_line(sound: SoundTrack, length: int) -> str:
    words = [f"sound  {sound.at or Range(start=0, end=length)} {sound.asset[:12]} gain {float(sound.gain):g}"]
    words += [f"from {sound.start}"] if sound.start else []
    words += ["looped"] if sound.is_looped else []
    words += [f"ducked by {sound.ducked_by}"] if sound.ducked_by is not None else []
    return " ".join(words) + _fades(sound.fade_in, sound.fade_out)


def _fades(fade_in: int, fade_out: int) -> str:
    return (f" in {fade_in}" if fade_in else "") + (f" out {fade_out}" if fade_out else "")
