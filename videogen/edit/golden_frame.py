"""golden_frame: five layers, bottom to top: near black, glitter, images that grow slowly, a golden frame, words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from videogen.edit.contradiction import contradiction, seconds
from videogen.edit.overlaying import lettering
from videogen.edit.pacing import cuts_on_beats, even_cuts, pace_of
from videogen.errors import RecipeError
from videogen.model.golden_frame import GoldenFrame
from videogen.model.media import Media
from videogen.model.safe import title_safe
from videogen.model.stock import Edited, Stock
from videogen.model.style import Shadow, Zoom
from videogen.model.timebase import Range, frames_of
from videogen.model.timeline import Canvas, Gap, ImageOverlay, Overlay, SoundTrack, TextOverlay, Timeline, VideoOverlay

SMALL = (720, 1280)
LOW_MEMORY_MB = 2048
"""A job may take 2 GB; where less is free, the canvas is the small one, of less than half as many pixels."""
BACKGROUND = "#050505"
ATMOSPHERE_OPACITY = Fraction(7, 10)
CONTENT = Fraction(5, 6)
"""Of either side of the canvas: 900 of 1080 and 1600 of 1920."""
GROWTH = Zoom(start=Fraction(1), end=Fraction(21, 20))
CUT_MOST = Fraction(1, 4)
"""An image of which more than this would be cut off to fill its place is shown whole, before itself, blurred."""
MISFIT_MOST = Fraction(1, 50)
"""A frame is stretched to the canvas only where that changes its shape by no more than an eye sees."""
HOOK_HEIGHT = Fraction(1, 5)
IMAGE_S = Fraction(3)
FADE_S = Fraction(2)
FADE_SHARE = 4
"""Music goes out within two seconds of the end, and within no more than a quarter of the whole."""


def golden_frame_timeline(golden: GoldenFrame, stock: Stock) -> Edited:
    """Compile a golden frame. What is not there is done without, with a warning, as long as one image is.

    Its length is what it says, else that of its music, else three seconds for each image; the images come again until
    then. Cuts lie on beats where they are known.

    Raises: RecipeError: no image is there, or it is told to be longer than the house allows.
    """
    warnings: list[str] = []
    size = golden.resolution
    if is_low(stock.memory_mb) and size > SMALL:
        size = SMALL
        warnings.append(f"low-memory: {stock.memory_mb} MB of memory are free, so the video is {size[0]}x{size[1]}")
    canvas = Canvas(width=size[0], height=size[1], fps=golden.fps)
    made = _Frame(golden, stock, canvas, warnings)
    return Edited(made.timeline(), tuple(warnings))


def is_low(memory_mb: int | None) -> bool:
    """Whether so little memory is free that the video has to be the small one."""
    return memory_mb is not None and memory_mb < LOW_MEMORY_MB


@dataclass(frozen=True)
class _Frame:
    """One golden frame being made; what a person should know is added to `warnings`."""

    golden: GoldenFrame
    stock: Stock
    canvas: Canvas
    warnings: list[str] = field(default_factory=list)

    def timeline(self) -> Timeline:
        images, music = self._images(), self._music()
        length = self._length(len(images), music)
        cuts = self._cuts(len(images), music, length)
        whole = Range(start=0, end=length)
        overlays = [
            *self._atmosphere(whole),
            *self._content(images, cuts),
            *self._border(whole),
            *self._hook(whole),
        ]
        fade = min(length // FADE_SHARE, frames_of(FADE_S, self.canvas.fps))
        gain = self.golden.music_volume
        return Timeline(
            canvas=self.canvas,
            picture=(Gap(length=length, colour=BACKGROUND),),
            overlays=tuple(overlays),
            sounds=(SoundTrack(asset=music[0], gain=gain, is_looped=True, fade_out=fade),) if music else (),
            loudness_lufs=self.golden.loudness if music and gain else None,
        )

    # -- what is there -------------------------------------------------------------------------------------------------

    def _images(self) -> tuple[str, ...]:
        """Give the images that are there, in order. Raises: RecipeError: there is none."""
        there = [self.stock.contents[name] for name in self.golden.images if name in self.stock.contents]
        images = tuple(one for one in there if one in self.stock.pictures)
        if not images:
            raise RecipeError(
                "/images names no image that is there",
                remedy="Put one beside the description, or correct its name.",
                code="missing-file",
                pointer="/images",
            )
        return images

    def _music(self) -> tuple[str, Fraction] | None:
        """Give the content of the music and its seconds, where it is there and sounds."""
        asset = self.stock.contents.get(self.golden.sound.name) if self.golden.sound else None
        sound = self.stock.media.get(asset, Media()).sound if asset else None
        return (asset, sound.duration_s) if asset and sound and sound.samples else None

    # -- how long and when ---------------------------------------------------------------------------------------------

    def _length(self, images: int, music: tuple[str, Fraction] | None) -> int:
        """Give the frames of the whole video."""
        told, longest = self.golden.duration, self.stock.longest_s
        if told is not None and longest is not None and told > longest:
            raise contradiction(
                "/duration",
                f"is {seconds(told)}, a golden frame may last {seconds(longest)}",
                remedy="Make it shorter, or raise golden_frame.max_s.",
            )
        lasts = told or (music[1] if music else images * (self.golden.seconds_per_image or IMAGE_S))
        if longest is not None and lasts > longest:
            self.warnings.append(
                f"cut: it would last {seconds(lasts)}, and ends at {seconds(longest)}, the longest allowed"
            )
            lasts = longest
        return max(1, frames_of(lasts, self.canvas.fps))

    def _cuts(self, images: int, music: tuple[str, Fraction] | None, length: int) -> tuple[int, ...]:
        """Give the frames at which an image begins, and the end: rising, the first 0."""
        lasts = length / self.canvas.fps
        if images == 1:
            return (0, length)
        pace = pace_of(lasts, images, self.golden.seconds_per_image)
        beats = self._beats(music, lasts, pace.shown_s)
        times = cuts_on_beats(lasts, pace, beats) if beats else even_cuts(lasts, pace)
        if len(times) + 1 < images:
            self.warnings.append(f"images-left: {seconds(lasts)} show {len(times) + 1} of {images} images")
        inner = sorted({frames_of(at, self.canvas.fps) for at in times} - {0})
        return (0, *(one for one in inner if one < length), length)

    def _beats(self, music: tuple[str, Fraction] | None, lasts: Fraction, shown: Fraction) -> tuple[Fraction, ...]:
        """Give the beats of the video, again where the music comes again; none and a warning if none are known."""
        if self.golden.beats == "off" or music is None:
            return ()
        found = self.stock.beats.get(music[0])
        if found is None or not found.at_s:
            because = found.because if found and found.because else "nobody looked for them"
            self.warnings.append(
                f"no-beats: the beats of the music are not known ({because}); an image is seen for {seconds(shown)}"
            )
            return ()
        turns = range(int(lasts / music[1]) + 1)
        return tuple(at for turn in turns for beat in found.at_s if (at := beat + turn * music[1]) < lasts)

    # -- the layers ----------------------------------------------------------------------------------------------------

    def _atmosphere(self, whole: Range) -> Iterator[Overlay]:
        mention = self.golden.atmosphere
        if mention is None:
            return
        asset = self.stock.contents.get(mention.name, "")
        laid = {"x": 0, "y": 0, "width": self.canvas.width, "height": self.canvas.height, "at": whole}
        if asset in self.stock.pictures:
            yield ImageOverlay(asset=asset, opacity=ATMOSPHERE_OPACITY, fit="cover", **laid)
        elif self.stock.media.get(asset, Media()).picture:
            yield VideoOverlay(asset=asset, opacity=ATMOSPHERE_OPACITY, is_looped=True, is_covering=True, **laid)
        else:
            self.warnings.append(f"no-overlay: {self.golden.overlay!r} is not there or shows nothing; it is left out")

    def _content(self, images: Sequence[str], cuts: Sequence[int]) -> Iterator[Overlay]:
        canvas = self.canvas
        width, height = (4 * round(side * CONTENT / 4) for side in (canvas.width, canvas.height))
        for nth, (start, end) in enumerate(pairwise(cuts)):
            asset = images[nth % len(images)]
            yield ImageOverlay(
                asset=asset,
                x=(canvas.width - width) // 2,
                y=(canvas.height - height) // 2,
                width=width,
                height=height,
                fit="cover" if _lost(self.stock.pictures[asset], (width, height)) <= CUT_MOST else "blur",
                at=Range(start=start, end=end),
                zoom=GROWTH,
            )

    def _border(self, whole: Range) -> Iterator[Overlay]:
        wished = self.golden.frames
        there = [one for one in wished if self.stock.contents.get(one.name) in self.stock.pictures]
        if wished and (not there or there[0] != wished[0]):
            instead = "the plain golden border is drawn instead" if there else "there is no frame"
            self.warnings.append(f"no-frame: {self.golden.frame!r} is not there or is no image; {instead}")
        if not there:
            return
        asset, box = self.stock.contents[there[0].name], (self.canvas.width, self.canvas.height)
        is_near = _lost(self.stock.pictures[asset], box) <= MISFIT_MOST
        yield ImageOverlay(
            asset=asset, x=0, y=0, width=box[0], height=box[1], fit="stretch" if is_near else "contain", at=whole
        )

    def _hook(self, whole: Range) -> Iterator[Overlay]:
        if not self.golden.text_overlay.strip():
            return
        area, style = title_safe(self.canvas), self.golden.text_style
        letters = lettering(style, self.canvas, self.stock)
        step = max(1, round(letters["size"] / 18))
        letters.setdefault("shadow", Shadow(dx=0, dy=min(200, step), blur=min(100, step)))
        yield TextOverlay(
            text=self.golden.text_overlay,
            x=self.canvas.width // 2,
            y=area.y,
            at=whole,
            anchor="top",
            align=style.align or "center",
            width=min(style.max_width or self.canvas.width, area.width),
            height=round(self.canvas.height * HOOK_HEIGHT),
            **letters,
        )


def _lost(own: tuple[int, int], box: tuple[int, int]) -> Fraction:
    """Give the share of a picture that is cut off where it fills a box of another shape."""
    shape = Fraction(own[0] * box[1], own[1] * box[0])
    return 1 - min(shape, 1 / shape)
