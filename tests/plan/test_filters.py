"""The filter chains, run by the real FFmpeg on small footage and looked at pixel by pixel."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import isclose, sqrt
from pathlib import Path
from threading import Event
from typing import Any, Literal

import av
import pytest

from tests import footage
from videogen import durable
from videogen.errors import MediaError
from videogen.ffmpeg import FFmpeg
from videogen.model.media import Media, Picture, Sound
from videogen.model.profile import Encoder, Profile
from videogen.model.style import Blend, ColourPreset
from videogen.model.timebase import Range, samples_of
from videogen.model.timeline import (
    Canvas,
    Clip,
    Gap,
    ImageOverlay,
    Item,
    SoundTrack,
    Timeline,
    Transition,
    VideoOverlay,
)
from videogen.plan import Needs, compile_plan
from videogen.plan.footage import fit
from videogen.probe.inspector import inspect
from videogen.render.executor import Executor
from videogen.render.maker import Maker
from videogen.render.workshop import Workshop
from videogen.segments import Segments

Colour = tuple[int, int, int]
Rotation = Literal[0, 90, 180, 270]
RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
SQUARE = Canvas(width=128, height=128, fps=Fraction(30))
STRIP = Canvas(width=112, height=16, fps=Fraction(30))
PLENTY = Needs(cpu=2, gpu_encode=1, gpu_scale=1, io=1, memory_mb=10**6, disk_mb=10**6)


@dataclass
class Cut:
    """A finished video, decoded: its pictures, and its two channels as the container cuts them."""

    pictures: list[Any] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """What each picture of a counted film says; -1 is black."""
    samples: int = 0
    left: "array[float]" = field(default_factory=lambda: array("f"))
    right: "array[float]" = field(default_factory=lambda: array("f"))

    def at(self, x: int, y: int, frame: int = 0) -> Colour:
        """Give the colour of one point."""
        red, green, blue = self.pictures[frame].getpixel((x, y))
        return red, green, blue

    def loud(self, start_s: float, end_s: float, side: Literal["left", "right"] = "left") -> float:
        """Give the RMS of a stretch of sound."""
        heard = self.left if side == "left" else self.right
        part = heard[int(start_s * 48000) : int(end_s * 48000)]
        return sqrt(sum(one * one for one in part) / len(part))


@dataclass
class Desk:
    """Where clips are laid together and cut: every content has its file and its media."""

    folder: Path
    ffmpeg: FFmpeg
    files: dict[str, Path] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)

    def take(self, path: Path, media: Media | None = None) -> str:
        """Give the content of a file its name."""
        digest = durable.digest(path)
        self.files[digest] = path
        if media:
            self.media[digest] = media
        return digest

    def film(
        self,
        chain: str,
        size: tuple[int, int],
        *,
        rate: Fraction = Fraction(30),
        frames: int = 10,
        rotation: Rotation = 0,
        more: tuple[object, ...] = (),
        **picture: Any,
    ) -> str:
        """Film what a lavfi chain shows, as near to lossless as 4:2:0 lets."""
        path = self.folder / f"film{len(self.files)}.mp4"
        plain = path.with_suffix(".plain.mp4")
        x264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", 1, "-pix_fmt", "yuv420p", "-fps_mode", "passthrough")
        footage.make("-f", "lavfi", "-i", chain, *x264, *more, plain)
        # FFmpeg counts counterclockwise.
        footage.make("-display_rotation", -rotation, "-i", plain, "-c", "copy", path)
        # What the maker of the film says of it; where its pictures begin and how far apart they are is measured.
        measured = picture_in(path)
        seen = Picture(
            codec="h264",
            width=size[0],
            height=size[1],
            rotation=rotation,
            frames=frames,
            rate=rate,
            is_cfr=True,
            duration_s=frames / rate,
            pix_fmt="yuv420p",
            start_s=measured.start_s,
            longest_gap_s=measured.longest_gap_s,
            **picture,
        )
        return self.take(path, Media(picture=seen))

    def plain(self, colour: str = "blue", size: tuple[int, int] = (128, 128), frames: int = 10) -> str:
        """Film one colour."""
        return self.film(f"color={colour}:s={size[0]}x{size[1]}:r=30,trim=end_frame={frames}", size, frames=frames)

    def corners(self, size: tuple[int, int], **more: Any) -> str:
        """Film four quarters: red and green above, blue and white below."""
        width, height = size
        quarters = "".join(
            f",drawbox=x={x}:y={y}:w={width // 2}:h={height // 2}:c={colour}:t=fill"
            for x, y, colour in ((0, 0, "red"), (width // 2, 0, "lime"), (0, height // 2, "blue"))
        )
        chain = f"color=white:s={width}x{height}:r=30,trim=end_frame=10,format=rgb24{quarters}"
        return self.film(chain, size, **more)

    def counted(self, rate: Fraction, frames: int, select: str = "1", **more: Any) -> str:
        """Film frames that show their number plus one as seven columns, black or white, the lowest bit first."""
        bits = "lum='if(mod(floor((N+1)/pow(2,floor(X/16))),2),220,30)':cb=128:cr=128"
        chain = f"color=black:s=112x16:r={rate},trim=end_frame={frames},geq={bits},select='{select}'"
        return self.film(chain, (112, 16), rate=rate, frames=frames, **more)

    def song(self, chain: str, seconds: float) -> str:
        """Record what a lavfi expression sounds like."""
        path = self.folder / f"song{len(self.files)}.mp3"
        source = f"aevalsrc='{chain}':s=48000:d={seconds}"
        footage.make("-f", "lavfi", "-i", source, "-c:a", "libmp3lame", "-b:a", "320k", path)
        channels = 1 + chain.count("|")
        heard = Sound(codec="mp3", sample_rate=48000, channels=channels, samples=int(seconds * 48000))
        return self.take(path, Media(sound=heard))

    def cut(self, *parts: Item, canvas: Canvas = SQUARE, segment_s: Fraction | int = 30, **more: Any) -> Cut:
        """Have the engine make a timeline's video, and decode it."""
        timeline = Timeline(canvas=canvas, picture=parts, **more)
        profile = Profile(canvas=canvas, encoder=Encoder(preset="ultrafast", quality=1), audio_kbps=320)
        plan = compile_plan(timeline, self.media, profile, segment_s=Fraction(segment_s))
        own = (self.folder / "scratch", self.folder / "pins", self.folder / "log")
        maker = Maker(self.ffmpeg, Segments(self.folder / "store"), Executor(PLENTY, Event()))
        done = maker.make(plan, Workshop(timeline, self.media, self.files.__getitem__, *own))
        assert done.fallback == ""
        return decoded(done.video)


def picture_in(path: Path) -> Picture:
    """Measure the picture of a film."""
    picture = inspect(path, "video").picture
    assert picture is not None
    return picture


def decoded(video: Path) -> Cut:
    """Decode every frame and every sample of a video."""
    cut = Cut()
    with av.open(str(video)) as container:
        sound = container.streams.audio[0]
        cut.samples = int(Fraction(sound.duration or 0) * Fraction(sound.time_base or 0) * sound.rate)
        for frame in container.decode(video=0, audio=0):
            if isinstance(frame, av.VideoFrame):
                cut.pictures.append(frame.to_image())  # type: ignore[no-untyped-call]  # PyAV leaves it without types
                line = bytes(frame.planes[0])[frame.planes[0].line_size * 8 :]
                cut.numbers.append(sum(1 << bit for bit in range(7) if line[bit * 16 + 8] > 128) - 1)
            elif isinstance(frame, av.AudioFrame):
                for channel, plane in zip((cut.left, cut.right), frame.planes, strict=True):
                    channel.frombytes(bytes(plane)[: frame.samples * 4])
    del cut.left[cut.samples :], cut.right[cut.samples :]
    return cut


def whole(asset: str, frames: int = 10, start: int = 0) -> Clip:
    """Give a clip of so many frames of an asset."""
    return Clip(asset=asset, source=Range(start=start, end=start + frames))


def near(found: Colour, wanted: Colour, by: int = 12) -> bool:
    """Whether two colours look the same after 4:2:0 and an encode that is nearly lossless."""
    return all(abs(a - b) <= by for a, b in zip(found, wanted, strict=True))


@pytest.fixture
def desk(tmp_path: Path, ffmpeg: FFmpeg) -> Desk:
    """An empty desk."""
    return Desk(tmp_path, ffmpeg)


# -- the picture ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rotation", "corners"),
    [
        (0, (RED, GREEN, BLUE, WHITE)),
        (90, (BLUE, RED, WHITE, GREEN)),
        (180, (WHITE, BLUE, GREEN, RED)),
        (270, (GREEN, WHITE, RED, BLUE)),
    ],
)
def test_a_turned_clip_stands_upright(desk: Desk, rotation: Rotation, corners: tuple[Colour, ...]) -> None:
    """A clip that says it lies on its side is shown as a player shows it, in its letterbox, bars black (A7)."""
    asset = desk.corners((64, 32), rotation=rotation)

    cut = desk.cut(whole(asset))

    picture = desk.media[asset].picture
    assert picture is not None
    width, height, left, top = fit(picture.display_size, SQUARE)
    places = [(left + x, top + y) for y in (6, height - 7) for x in (6, width - 7)]
    assert [near(cut.at(x, y), colour) for (x, y), colour in zip(places, corners, strict=True)] == [True] * 4
    bars = [(64, 6), (64, 121)] if top else [(6, 64), (121, 64)]
    assert [near(cut.at(*bar), BLACK) for bar in bars] == [True] * 2


def test_wide_pixels_are_widened(desk: Desk) -> None:
    """A square of pixels twice as wide as high is shown twice as wide as high (A7)."""
    asset = desk.corners((64, 64), more=("-vf", "setsar=2"), sar=Fraction(2))

    cut = desk.cut(whole(asset))

    assert [near(cut.at(x, 40), colour) for x, colour in ((4, RED), (58, RED), (70, GREEN), (123, GREEN))] == [True] * 4
    assert near(cut.at(4, 28), BLACK)
    assert near(cut.at(123, 100), BLACK)


@pytest.mark.parametrize("size", [(128, 64), (64, 128), (48, 32), (32, 46), (128, 128), (200, 20), (20, 200)])
def test_the_bars_are_black_and_where_fit_says(desk: Desk, size: tuple[int, int]) -> None:
    """Every shape fills exactly the box that fit() names; round it all is black (A7)."""
    width, height, left, top = fit(size, SQUARE)

    cut = desk.cut(whole(desk.plain("white", size), 1))

    for x in range(1, 128, 3):
        for y in range(1, 128, 3):
            edge = min(abs(x - left), abs(x - left - width + 1), abs(y - top), abs(y - top - height + 1))
            is_inside = left <= x < left + width and top <= y < top + height
            assert edge < 2 or near(cut.at(x, y), WHITE if is_inside else BLACK), (x, y)


def expected(times: list[Fraction], fps: Fraction, frames: int) -> list[int]:
    """Reckon which source frame each frame shows: the last one whose time, rounded to the grid, is not after it."""
    slots = [int(time * fps + Fraction(1, 2)) for time in times]
    return [max(number for number, slot in enumerate(slots) if slot <= frame or number == 0) for frame in range(frames)]


@pytest.mark.parametrize("fps", [Fraction(30), Fraction(30000, 1001), Fraction(25)], ids=str)
@pytest.mark.parametrize(
    ("rate", "count"),
    [
        (Fraction(25, 2), 25),
        (Fraction(24), 30),
        (Fraction(25), 40),
        (Fraction(30000, 1001), 30),
        (Fraction(30), 20),
        (Fraction(60000, 1001), 60),
    ],
    ids=str,
)
def test_any_rate_gives_exact_frames(desk: Desk, rate: Fraction, count: int, fps: Fraction) -> None:
    """A clip of any rate fills exactly its frames, each showing what was to be seen then, the last one held (A7)."""
    asset = desk.counted(rate, count)
    frames = int(count / rate * fps + Fraction(1, 2))

    cut = desk.cut(whole(asset, frames), canvas=STRIP.model_copy(update={"fps": fps}))

    assert len(cut.numbers) == frames
    assert cut.numbers == expected([number / rate for number in range(count)], fps, frames)


def test_a_varying_rate_gives_exact_frames(desk: Desk) -> None:
    """Where a clip's frames come unevenly each is shown for as long as it was, and the number is exact (A7)."""
    asset = desk.counted(Fraction(30), 30, "lt(mod(n,5),2)+eq(mod(n,5),4)")

    cut = desk.cut(whole(asset, 30), canvas=STRIP)

    there = [number for number in range(30) if number % 5 in {0, 1, 4}]
    assert cut.numbers == [max(n for n in there if n <= at) for at in range(30)]


def test_a_clip_that_begins_late_begins_at_once(desk: Desk) -> None:
    """A clip whose picture begins after its sound begins with its first picture: none is held or left out (A7)."""
    rate = Fraction(25)
    asset = desk.counted(rate, 20)
    late = desk.folder / "late.mp4"
    silence = ("-f", "lavfi", "-i", "anullsrc=d=1.5", "-c:a", "aac")
    footage.make(
        "-itsoffset", 0.515, "-i", desk.files[asset], *silence, "-map", "0:v", "-map", "1:a", "-c:v", "copy", late
    )

    cut = desk.cut(whole(desk.take(late, Media(picture=picture_in(late))), 24), canvas=STRIP)

    assert cut.numbers == expected([number / rate for number in range(20)], STRIP.fps, 24)


def test_a_cut_takes_the_frames_it_names(desk: Desk) -> None:
    """A range of a clip's frames is those frames: the first is in, the last is not (A7)."""
    asset = desk.counted(Fraction(30), 20)

    cut = desk.cut(whole(asset, 3, start=7), whole(asset, 2), canvas=STRIP)

    assert cut.numbers == [7, 8, 9, 0, 1]


def test_a_clip_that_ends_early_holds_its_last_frame(desk: Desk) -> None:
    """Where a clip has a frame fewer than its range, by rounding, its last one stays: the video is not shorter (A7)."""
    asset = desk.counted(Fraction(30), 5)
    picture = desk.media[asset].picture
    assert picture is not None
    desk.media[asset] = Media(picture=picture.model_copy(update={"duration_s": Fraction(19, 100)}))

    cut = desk.cut(whole(asset, 6), whole(asset, 2), canvas=STRIP)

    assert cut.numbers == [0, 1, 2, 3, 4, 4, 0, 1]


def test_a_last_picture_that_lasts_is_held_in_every_chunk(desk: Desk) -> None:
    """Where a clip's last picture lasts two seconds, pieces that begin long after its time stamp show it too (A7)."""
    plain = desk.files[desk.counted(Fraction(30), 20)]
    path = desk.folder / "lasting.mp4"
    lasting = r"setts=duration=if(eq(N\,19)\,30720\,DURATION)"
    footage.make("-i", plain, "-c", "copy", "-bsf:v", lasting, path)
    asset = desk.take(path, Media(picture=picture_in(path)))

    cut = desk.cut(whole(asset, 79), whole(asset, 5, start=70), canvas=STRIP, segment_s=Fraction(1, 2))

    assert cut.numbers == [*range(20), *[19] * 59, *[19] * 5]


def test_clips_of_all_shapes_join(desk: Desk) -> None:
    """Clips of wide pixels, turned, of a shape that does not fit evenly, and gaps join; all pixels are square (A7)."""
    wide = desk.corners((64, 64), more=("-vf", "setsar=2"), sar=Fraction(2))
    turned = desk.corners((64, 32), rotation=90)
    uneven = desk.plain(size=(100, 34))  # 128 x 43.52
    parts = (whole(wide, 2), whole(turned, 2), Gap(length=2), whole(uneven, 2))

    cut = desk.cut(*parts)

    with av.open(str(desk.folder / "scratch" / "final.mp4")) as container:
        assert container.streams.video[0].sample_aspect_ratio in {None, Fraction(1)}
    assert len(cut.pictures) == 8
    assert near(cut.at(64, 64, 7), BLUE, 24)


def test_fields_become_whole_pictures(desk: Desk) -> None:
    """Of an interlaced clip no comb is left where something moves."""
    # A bar that jumps a third of the picture from one field to the next.
    moving = "color=black:s=96x96:r=50,trim=end_frame=20,geq=lum='if(eq(floor(X/32),mod(N,3)),220,20)':cb=128:cr=128"
    fields = ("-vf", "tinterlace=mode=interleave_top,setfield=tff", "-flags", "+ildct+ilme")
    asset = desk.film(moving, (96, 96), rate=Fraction(25), frames=10, more=fields, is_interlaced=True)
    canvas = Canvas(width=96, height=96, fps=Fraction(25))

    cut = desk.cut(whole(asset, 8), canvas=canvas)
    combed = desk.media[asset].picture
    assert combed is not None
    desk.media[asset] = Media(picture=combed.model_copy(update={"is_interlaced": False}))
    kept = desk.cut(whole(asset, 8), canvas=canvas)

    assert comb(cut) * 4 < comb(kept)


def comb(cut: Cut) -> int:
    """Count how much neighbouring lines differ in the middle of a video."""
    lines = [cut.at(48, y, 4)[0] for y in range(20, 76)] + [cut.at(16, y, 4)[0] for y in range(20, 76)]
    return sum(abs(after - before) for before, after in pairwise(lines))


def test_a_clip_shown_twice_is_shown_twice(desk: Desk) -> None:
    """The same clip, a gap, the clip again and the gap again play one after the other, each whole (A18)."""
    asset = desk.counted(Fraction(30), 4)

    parts = (whole(asset, 4), Gap(length=2), whole(asset, 4), Gap(length=2))
    cut = desk.cut(*parts, canvas=STRIP)

    assert cut.numbers == [0, 1, 2, 3, -1, -1, 0, 1, 2, 3, -1, -1]


def test_a_gap_is_black(desk: Desk) -> None:
    """A video of nothing is black in every corner, as long as it says."""
    cut = desk.cut(Gap(length=5))

    assert len(cut.pictures) == 5
    assert {cut.at(x, y, frame) for x in (0, 64, 127) for y in (0, 64, 127) for frame in (0, 4)} == {BLACK}


@pytest.mark.parametrize("matrix", ["bt709", "smpte170m", ""])
def test_colours_survive_their_matrix(desk: Desk, matrix: str) -> None:
    """A clip's red is the same red in the video, whichever matrix it was made with, labelled or guessed (A7)."""
    made_with = "bt709" if matrix == "bt709" else "bt601"
    labels = ("-colorspace", matrix) if matrix else ()
    scale = ("-vf", f"scale=out_color_matrix={made_with}:out_range=tv,format=yuv420p")
    chain = "color=0xC83232:s=64x64:r=30,trim=end_frame=3,format=rgb24"
    asset = desk.film(chain, (64, 64), frames=3, more=(*scale, *labels), colour={"matrix": matrix})

    desk.cut(whole(asset, 3))

    # What paints a picture may guess the matrix; the planes say what is there.
    assert near(by_bt709(desk.folder / "scratch" / "final.mp4"), (200, 50, 50), by=5)


def by_bt709(video: Path) -> Colour:
    """Give the colour in the middle of a video's first picture by the BT.709 matrix, limited range."""
    with av.open(str(video)) as container:
        frame = next(container.decode(video=0))
    rows = (frame.height // 2, frame.height // 4, frame.height // 4)
    luma, blue, red = (bytes(p)[row * p.line_size + row] for p, row in zip(frame.planes, rows, strict=True))
    y, u, v = (luma - 16) / 219, (blue - 128) / 224, (red - 128) / 224
    return (
        round(255 * (y + 1.5748 * v)),
        round(255 * (y - 0.1873 * u - 0.4681 * v)),
        round(255 * (y + 1.8556 * u)),
    )


# -- the logo ------------------------------------------------------------------------------------------------------


def square_logo(path: Path) -> Path:
    """Write an opaque red square of 16 by 10."""
    footage.make("-f", "lavfi", "-i", "color=red:s=16x10,format=rgba", "-frames:v", 1, "-update", 1, path)
    return path


def test_the_logo_stands_at_20_20_unscaled(desk: Desk) -> None:
    """The logo's corner is the pixel 20:20, its size is its own, on every frame (A7)."""
    logo = desk.take(square_logo(desk.folder / "logo.png"))
    over = ImageOverlay(asset=logo, x=20, y=20, at=Range(start=0, end=10))

    cut = desk.cut(whole(desk.plain("blue")), overlays=(over,))

    for frame in (0, 9):
        assert [near(cut.at(x, y, frame), RED, 24) for x, y in ((20, 20), (35, 20), (20, 29), (35, 29))] == [True] * 4
        outside = ((18, 25), (37, 25), (28, 18), (28, 31))
        assert [near(cut.at(x, y, frame), BLUE, 24) for x, y in outside] == [True] * 4


def test_the_logo_is_transparent_where_it_says(desk: Desk) -> None:
    """Through a logo's clear parts the clip is seen; where it is opaque it is not (A7)."""
    logo = desk.take(footage.logo_png(desk.folder / "logo.png", (64, 48)))
    over = ImageOverlay(asset=logo, x=20, y=20, at=Range(start=0, end=10))

    cut = desk.cut(whole(desk.plain("blue")), overlays=(over,))

    assert near(cut.at(52, 44), RED, 24)
    assert [near(cut.at(x, y), BLUE, 24) for x, y in ((22, 22), (81, 22), (22, 65), (81, 65))] == [True] * 4


def test_an_overlay_keeps_its_time(desk: Desk) -> None:
    """An overlay is there from its first frame on and gone at its end."""
    logo = desk.take(square_logo(desk.folder / "logo.png"))
    over = ImageOverlay(asset=logo, x=20, y=20, at=Range(start=3, end=7))

    cut = desk.cut(Gap(length=4), Gap(length=6), overlays=(over,))

    assert [near(cut.at(24, 24, frame), RED, 24) for frame in range(10)] == [3 <= frame < 7 for frame in range(10)]


# -- what changes in time ------------------------------------------------------------------------------------------


def light(cut: Cut) -> list[int]:
    """Give how bright the middle of each frame is."""
    return [cut.at(64, 64, frame)[1] for frame in range(len(cut.pictures))]


def test_a_crossfade_is_a_stretch_of_both(desk: Desk) -> None:
    """Before it only the one clip is seen, after it only the other, in it less and less of the one; none is longer."""
    parts = (whole(desk.plain("white", frames=20), 20), Transition(kind="crossfade", length=8), Gap(length=14))

    seen = light(desk.cut(*parts))

    assert len(seen) == 26
    assert min(seen[:12]) > 245
    assert max(seen[20:]) < 5
    assert all(before > after for before, after in pairwise(seen[12:20]))


def test_fades_are_dark_at_the_cut_and_nowhere_else(desk: Desk) -> None:
    """A first fade begins black, one between two clips is black where they meet, a last one ends nearly so."""
    clip, fade = whole(desk.plain("white", frames=12), 12), Transition(kind="fade", length=4)

    seen = light(desk.cut(fade, clip, fade, clip, fade))

    assert len(seen) == 24
    assert [frame for frame, level in enumerate(seen) if level < 250] == [*range(4), *range(9, 16), *range(21, 24)]
    assert [seen[frame] for frame in (0, 12)] == [0, 0]
    assert max(seen[frame] for frame in (11, 23)) < 80
    assert seen[:5] == sorted(seen[:5])
    assert seen[12:17] == sorted(seen[12:17])


def test_a_clip_is_its_frames_whatever_it_is_cut_into(desk: Desk) -> None:
    """Shown whole, from its beginning, and in its middle, a clip in chunks of half a second shows its very frames."""
    asset = desk.counted(Fraction(30), 60)

    cut = desk.cut(
        whole(asset, 60), whole(asset, 41), whole(asset, 50, start=7), canvas=STRIP, segment_s=Fraction(1, 2)
    )

    assert cut.numbers == [*range(60), *range(41), *range(7, 57)]


@pytest.mark.parametrize(
    ("frames", "start", "is_looped", "shown"),
    [
        (40, 0, False, range(30)),  # long enough
        (40, 10, False, range(10, 40)),  # entered in its middle
        (8, 0, False, [*range(8), *[7] * 22]),  # held, also in the clips that begin long after its end
        (8, 3, False, [*range(3, 8), *[7] * 25]),
        (8, 0, True, [number % 8 for number in range(30)]),
        (8, 3, True, [(number + 3) % 8 for number in range(30)]),
    ],
)
def test_a_film_above_goes_on_where_the_clips_below_change(
    desk: Desk, frames: int, start: int, *, is_looped: bool, shown: list[int]
) -> None:
    """A moving overlay shows its frames one after the other, then its last one or itself again, over any cut."""
    film = desk.counted(Fraction(30), frames)
    over = VideoOverlay(asset=film, x=0, y=0, at=Range(start=0, end=30), start=start, is_looped=is_looped)
    clip = desk.plain("gray", (112, 16), 10)

    cut = desk.cut(*[whole(clip, 10)] * 3, canvas=STRIP, overlays=(over,))

    assert cut.numbers == list(shown)


def test_a_picture_above_comes_and_goes(desk: Desk) -> None:
    """A still overlay is clear at its first frame, whole between its fades, fainter towards its end, then gone."""
    logo = desk.take(square_logo(desk.folder / "logo.png"))
    over = ImageOverlay(asset=logo, x=20, y=20, at=Range(start=4, end=24), fade_in=6, fade_out=6)

    cut = desk.cut(Gap(length=30), overlays=(over,))

    red = [cut.at(24, 24, frame)[0] for frame in range(30)]
    assert red[:5] == [0] * 5
    assert red[24:] == [0] * 6
    assert min(red[11:18]) > 240
    assert red[4:11] == sorted(red[4:11])
    assert red[17:25] == sorted(red[17:25], reverse=True)
    assert 60 < red[21] < 200


@pytest.mark.parametrize(("blend", "level"), [("screen", 192), ("lighten", 128)])
def test_light_is_added_and_black_is_nothing(desk: Desk, blend: Blend, level: int) -> None:
    """Where a film of light is black the clip is as it was; grey upon grey is brighter, or is as bright."""
    halves = "color=gray:s=128x128:r=30,trim=end_frame=12,drawbox=x=64:y=0:w=64:h=128:c=black:t=fill"
    light = desk.film(halves, (128, 128), frames=12)
    over = VideoOverlay(asset=light, x=0, y=0, at=Range(start=4, end=16), blend=blend)

    cut = desk.cut(whole(desk.plain("gray")), whole(desk.plain("gray")), overlays=(over,))

    for frame in (0, 3, 4, 9, 15, 16, 19):
        lit = level if 4 <= frame < 16 else 128
        assert near(cut.at(30, 64, frame), (lit, lit, lit), 6), frame
        assert near(cut.at(98, 64, frame), (128, 128, 128), 6), frame


@pytest.mark.parametrize(
    ("colour", "is_so"),
    [
        ("none", lambda red, green, blue: near((red, green, blue), (128, 128, 128), 6)),
        ("warm", lambda red, _, blue: red > blue + 10),
        ("cool", lambda red, _, blue: blue > red + 10),
    ],
)
def test_a_colour_preset_does_what_it_is_called(
    desk: Desk, colour: ColourPreset, is_so: Callable[[int, int, int], bool]
) -> None:
    """A grey clip stays grey, becomes redder than blue, or bluer than red."""
    clip = whole(desk.plain("gray")).model_copy(update={"colour": colour})

    assert is_so(*desk.cut(clip).at(64, 64, 5))


# -- the sound -----------------------------------------------------------------------------------------------------

TONE = "0.4*sin(2*PI*440*t)|0.4*sin(2*PI*440*t)"
RMS = 0.4 / sqrt(2)


@pytest.mark.parametrize(
    ("voice", "music", "loudness"),
    [
        (Fraction(0), Fraction(1), RMS),
        (Fraction(0), Fraction(1, 4), RMS / 4),
        (Fraction(1), Fraction(0), RMS / 2),
        (Fraction(1), Fraction(1, 4), sqrt((RMS / 2) ** 2 + (RMS / 4) ** 2)),
        (Fraction(2), Fraction(0), RMS),
    ],
)
def test_a_gain_means_what_it_says(desk: Desk, voice: Fraction, music: Fraction, loudness: float) -> None:
    """Music at 0.25 is a quarter of itself and the voice at 1.0 is itself: the mix divides by nothing (A7)."""
    sounds = (
        SoundTrack(asset=desk.song(TONE, 1.2), gain=music, is_looped=True),
        SoundTrack(asset=desk.song(TONE.replace("440", "1000").replace("0.4", "0.2"), 1.2), gain=voice),
    )

    cut = desk.cut(Gap(length=30), sounds=sounds)

    assert isclose(cut.loud(0.2, 0.8), loudness, rel_tol=0.03)


def test_music_lasts_and_the_voice_ends(desk: Desk) -> None:
    """Short music goes on from its beginning until the voice is over; a short voice is followed by silence (A7)."""
    music = SoundTrack(asset=desk.song(TONE, 0.5), gain=Fraction(1), is_looped=True)
    voice = SoundTrack(asset=desk.song(TONE, 0.5), gain=Fraction(1))

    looped = desk.cut(Gap(length=60), sounds=(music,))
    once = desk.cut(Gap(length=60), sounds=(voice,))

    tenths = [number / 10 for number in range(20)]
    assert min(looped.loud(at, at + 0.1) for at in tenths) > RMS / 2
    assert isclose(once.loud(0.1, 0.4), RMS, rel_tol=0.05)
    assert max(once.loud(at, at + 0.1) for at in tenths if at >= 0.7) < 0.001


def test_mono_is_as_loud_on_each_side_as_it_was(desk: Desk) -> None:
    """A voice of one channel at a gain of 1.0 is on both sides alike, each as loud as the recording (A7)."""
    voice = SoundTrack(asset=desk.song("0.4*sin(2*PI*440*t)", 1.2), gain=Fraction(1))

    cut = desk.cut(Gap(length=30), sounds=(voice,))

    assert isclose(cut.loud(0.2, 0.8), RMS, rel_tol=0.03)
    assert isclose(cut.loud(0.2, 0.8, side="right"), cut.loud(0.2, 0.8), rel_tol=0.001)


@pytest.mark.parametrize("fps", [Fraction(30), Fraction(30000, 1001), Fraction(25, 2)], ids=str)
@pytest.mark.parametrize("length", [1, 7, 31])
@pytest.mark.parametrize("tracks", [0, 1, 2])
def test_sound_has_exactly_its_samples(desk: Desk, fps: Fraction, length: int, tracks: int) -> None:
    """With no sound, one or two, longer or shorter, the sound track has the picture's samples, not one more (A7)."""
    seconds = (0.3, 2.0)
    sounds = tuple(SoundTrack(asset=desk.song(TONE, seconds[nth]), gain=Fraction(1)) for nth in range(tracks))

    cut = desk.cut(Gap(length=length), canvas=STRIP.model_copy(update={"fps": fps}), sounds=sounds)

    assert cut.samples == samples_of(length, fps, 48000)
    assert len(cut.numbers) == length


# -- what may be an input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("maker", [footage.hls_named_mp4, footage.webm, footage.empty])
def test_an_input_is_opened_as_what_it_was(desk: Desk, maker: Callable[[Path], Path]) -> None:
    """A file that was swapped for a playlist or another format after its inspection is not opened (A5)."""
    good = desk.plain()
    desk.files[good] = maker(desk.folder / "swapped.mp4")

    with pytest.raises(MediaError, match="an input "):
        desk.cut(whole(good))
