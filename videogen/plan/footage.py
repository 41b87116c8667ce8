"""The frames of an asset on the canvas grid: opened near the first one wanted, cut by number, fitted into a frame."""

from collections.abc import Callable
from fractions import Fraction

from videogen.model.media import Media, Picture
from videogen.model.timebase import frames_of
from videogen.model.timeline import Canvas, Clip, VideoOverlay
from videogen.plan import colour
from videogen.plan.inputs import Stream, alpha_words, end_to_end, picture_input, picture_of

MediaOf = Callable[[str], Media]
Brought = Callable[[Stream], Stream]
"""What brings a film's pictures to their size and colours."""

_SEEK_SPARE = Fraction(1, 10)
"""Seconds an input is sought before what its gaps ask for; more costs pictures decoded, less saves nothing."""
_SEEK_PICTURES = 3
"""Pictures before the first one wanted that a filter may look at: bwdif takes one, a rounded time stamp another."""

_RUNS = 12
"""How often a film is opened for a stretch that loops it; one that is shorter is left to the demuxer to loop, whose
length of a loop is the file's and not a number of frames. Source: stretches are cut where a segment would end."""


def fit(size: tuple[int, int], canvas: Canvas) -> tuple[int, int, int, int]:
    """Letterbox a displayed picture into the canvas: the largest even size that fits, in the middle.

    Units: pixels: width, height, left, top; all even, so that chroma stays on its grid.
    """
    scale = min(Fraction(canvas.width, size[0]), Fraction(canvas.height, size[1]))
    width = min(canvas.width, max(2, 2 * round(size[0] * scale / 2)))
    height = min(canvas.height, max(2, 2 * round(size[1] * scale / 2)))
    return width, height, (canvas.width - width) // 4 * 2, (canvas.height - height) // 4 * 2


def cover(size: tuple[int, int], frame: tuple[int, int]) -> tuple[int, int, int, int]:
    """Fill a frame with a displayed picture: the smallest even size that leaves nothing free, cut in the middle.

    Units: pixels: width and height it is brought to; left and top of the frame within it, even.
    """
    scale = max(Fraction(frame[0], size[0]), Fraction(frame[1], size[1]))
    width = max(frame[0], 2 * round(size[0] * scale / 2))
    height = max(frame[1], 2 * round(size[1] * scale / 2))
    return width, height, (width - frame[0]) // 4 * 2, (height - frame[1]) // 4 * 2


def clip_frames(clip: Clip, media: Media, canvas: Canvas, nth: int) -> Stream:
    """Give exactly the frames of a stretch, fitted; the last one of the asset is held where it ends a frame early.

    They are the frames that one run over the whole asset would give: time stamps stay absolute, and the cut is made
    on the grid of the canvas. FFmpeg has applied the rotation before the first filter; SAR is applied by scaling.
    """
    picture = picture_of(media)
    stream = _opened(clip.asset, media, canvas, clip.source.start, ("clip", nth))
    # Scaling is the dear part: do it on the fewer frames.
    if picture.rate > canvas.fps:
        stream = _fitted(_at_rate(stream, canvas), picture, canvas, clip, nth)
    else:
        stream = _at_rate(_fitted(stream, picture, canvas, clip, nth), canvas)
    return taken(stream, clip.source.start, clip.source.end)


def film_frames(film: VideoOverlay, media: Media, canvas: Canvas, nth: int, brought: Brought) -> Stream:
    """Give the frames of a film that an overlay shows, brought to their size; held at its end, or begun again.

    A loop is as many frames as the film fills: whoever enters it late sees what one run from its beginning shows.
    """
    start, length = film.start, film.at.length

    def run(name: str, first: int, count: int) -> Stream:
        stream = _opened(film.asset, media, canvas, first, (name, nth), **words)
        is_fast = picture_of(media).rate > canvas.fps
        stream = brought(_at_rate(stream, canvas)) if is_fast else _at_rate(brought(stream), canvas)
        return taken(stream, first, first + count)

    words = alpha_words(media) if film.has_alpha else {}
    period = max(1, frames_of(picture_of(media).duration_s, canvas.fps))
    if not film.is_looped:
        return run("film", start, length)
    first = start % period
    counts = [min(period - first, length)]
    while sum(counts) < length:
        counts.append(min(period, length - sum(counts)))
    if len(counts) > _RUNS:
        words |= {"stream_loop": -1}
        return run("film", first, length)
    runs = [run("film", first, counts[0])]
    runs += [run(f"again{time}x", 0, count) for time, count in enumerate(counts[1:])]
    return _counted(end_to_end(runs), canvas) if len(runs) > 1 else runs[0]


def taken(stream: Stream, start: int, end: int) -> Stream:
    """Give the frames [start, end) of a stream that is on the canvas grid, as [0, end - start)."""
    return between(stream.filter("tpad", stop=-1, stop_mode="clone"), start, end)


def between(stream: Stream, start: int, end: int) -> Stream:
    """Give the frames [start, end) of a stream that has them, as [0, end - start)."""
    return stream.filter("trim", start_pts=start, end_pts=end).filter("setpts", "PTS-STARTPTS")


def covering(stream: Stream, picture: Picture, frame: tuple[int, int]) -> Stream:
    """Fill a frame with the pictures of an asset, cut at its edges."""
    width, height, left, top = cover(picture.display_size, frame)
    return colour.scaled(stream, picture, (width, height)).filter("crop", *frame, left, top)


def repeated(stream: Stream, canvas: Canvas) -> Stream:
    """Give a still picture for every frame, without an end."""
    return _counted(stream.filter("loop", loop=-1, size=1), canvas)


def seconds(time_s: Fraction) -> str:
    """Give seconds to the microsecond, which is what FFmpeg keeps."""
    return f"{float(time_s):.6f}"


def _counted(stream: Stream, canvas: Canvas) -> Stream:
    """Number the frames of a stream on the canvas grid."""
    return stream.filter("settb", f"1/({canvas.fps})").filter("setpts", "N")


def _opened(asset: str, media: Media, canvas: Canvas, start: int, role: tuple[str, int], **words: object) -> Stream:
    """Open an asset near the first frame wanted; its first picture is at 0, wherever its file begins."""
    picture, (name, nth) = picture_of(media), role
    if picture.start_s is None or picture.longest_gap_s is None or "stream_loop" in words:
        stream = picture_input(asset, media, f"{name}{nth}x", nth, **words)
        return _whole_pictures(stream.filter("setpts", "PTS-STARTPTS"), media)
    margin_s = picture.longest_gap_s + _SEEK_PICTURES / picture.rate + _SEEK_SPARE
    # A film is held at its end: sought past it, it would have no picture to hold.
    seek_s = min(start / canvas.fps, picture.duration_s) - margin_s
    seek = {"ss": seconds(seek_s)} if seek_s > 0 else {}
    stream = picture_input(asset, media, f"{name}{nth}x", nth, **seek, **words)
    begin = picture.start_s
    moved = stream.filter("setpts", f"PTS-round({begin.numerator}/{begin.denominator}/TB)") if begin else stream
    return _whole_pictures(moved, media)


def _whole_pictures(stream: Stream, media: Media) -> Stream:
    return stream.filter("bwdif") if picture_of(media).is_interlaced else stream


def _at_rate(stream: Stream, canvas: Canvas) -> Stream:
    return stream.filter("fps", fps=str(canvas.fps))


def _fitted(stream: Stream, picture: Picture, canvas: Canvas, clip: Clip, nth: int) -> Stream:
    """Fit a clip into the canvas, and give it its colours before there are bars: they stay black."""
    if clip.fit == "cover":
        stream = covering(stream, picture, (canvas.width, canvas.height))
        return colour.labelled(_coloured(stream, clip, canvas, nth))
    width, height, left, top = fit(picture.display_size, canvas)
    stream = _coloured(colour.scaled(stream, picture, (width, height)), clip, canvas, nth)
    return colour.labelled(stream.filter("pad", canvas.width, canvas.height, left, top, "black"))


def _coloured(stream: Stream, clip: Clip, canvas: Canvas, nth: int) -> Stream:
    if clip.lut:
        stream = colour.mapped(stream, clip.lut, canvas.pix_fmt, f"lut{nth}")
    else:
        stream = stream.filter("format", canvas.pix_fmt)
    return colour.graded(stream, clip.colour)
