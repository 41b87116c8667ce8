"""Picture chains, from numbers only: no text of a user's ever comes near a filter graph."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

import ffmpeg  # ffmpeg-python: builds graphs, and is used for nothing else

from videogen.model.media import Media, Picture
from videogen.model.style import ColourPreset
from videogen.model.timeline import Canvas, Clip, Gap, ImageOverlay, Overlay, Part, Timeline, Transition
from videogen.model.timeline import VideoOverlay as Film
from videogen.plan.inputs import Stream, image_input, picture_input, picture_of

MediaOf = Callable[[str], Media]

# PQ and HLG to what a plain screen shows. Source: looked right on a phone's HLG and on a PQ clip.
_TONEMAP = (
    ("zscale", {"t": "linear", "npl": 100}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"p": "bt709"}),
    ("tonemap", {"tonemap": "mobius", "desat": 0}),
    ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
)

# What a colour preset does, in words of FFmpeg's eq filter, which works on YUV: no turn through RGB and back.
_PRESETS: Mapping[ColourPreset, Mapping[str, float]] = {
    "none": {},
    "warm": {"gamma_r": 1.12, "gamma_b": 0.88},
    "cool": {"gamma_r": 0.9, "gamma_b": 1.12},
    "vivid": {"saturation": 1.35, "contrast": 1.06},
    "mono": {"saturation": 0},
    "film": {"contrast": 0.92, "saturation": 0.82, "brightness": 0.02, "gamma_r": 1.04, "gamma_b": 0.96},
}

_SEEK_SPARE = Fraction(1, 10)
"""Seconds an input is sought before what its gaps ask for; more costs pictures decoded, less saves nothing."""
_SEEK_PICTURES = 3
"""Pictures before the first one wanted that a filter may look at: bwdif takes one, a rounded time stamp another."""


def fit(size: tuple[int, int], canvas: Canvas) -> tuple[int, int, int, int]:
    """Letterbox a displayed picture into the canvas: the largest even size that fits, in the middle.

    Units: pixels: width, height, left, top; all even, so that chroma stays on its grid.
    """
    scale = min(Fraction(canvas.width, size[0]), Fraction(canvas.height, size[1]))
    width = min(canvas.width, max(2, 2 * round(size[0] * scale / 2)))
    height = min(canvas.height, max(2, 2 * round(size[1] * scale / 2)))
    return width, height, (canvas.width - width) // 4 * 2, (canvas.height - height) // 4 * 2


def matrix_of(picture: Picture) -> str:
    """Name the matrix a clip's colours were made with, for swscale.

    Source: an unlabelled clip of standard definition is BT.601 and a larger one BT.709, as players assume.
    """
    known = {"bt709": "bt709", "smpte170m": "bt601", "bt470bg": "bt601", "bt2020nc": "bt2020", "bt2020c": "bt2020"}
    guess = "bt709" if min(picture.width, picture.height) > 576 else "bt601"
    return known.get(picture.colour.matrix, guess)


def picture_stream(timeline: Timeline, media_of: MediaOf) -> Stream:
    """Join the base track and lay the overlays over it: at least `timeline.length` frames at the canvas rate."""
    canvas = timeline.canvas
    joined = _joined(timeline, media_of)
    for nth, overlay in enumerate(timeline.overlays):
        match overlay:
            case ImageOverlay():
                joined = _with_image(joined, overlay, timeline, nth)
            case Film():
                joined = _with_film(joined, overlay, timeline, media_of(overlay.asset), nth)
            case _:
                raise TypeError("words are pictures before a plan is made of them")
    # A gap alone says nothing of its colours, and blending forgets them: headers of all pieces must say the same.
    return _labelled(joined.filter("format", canvas.pix_fmt))


# -- the base track ----------------------------------------------------------------------------------------------------


def _joined(timeline: Timeline, media_of: MediaOf) -> Stream:
    """Lay the parts end to end; what crossfades is laid over each other."""
    canvas = timeline.canvas
    runs: list[list[Stream]] = [[]]
    overlaps: list[int] = []
    lengths = [0]
    for nth, item in enumerate(timeline.picture):
        if isinstance(item, Transition):
            if item.kind == "crossfade":
                overlaps.append(item.length)
                runs.append([])
                lengths.append(0)
            continue
        runs[-1].append(_faded(_part(item, canvas, nth, media_of), item, _fades_beside(timeline.picture, nth)))
        lengths[-1] += item.length
    streams = [ffmpeg.concat(*run, v=1, a=0) if len(run) > 1 else run[0] for run in runs]
    return _crossfaded(streams, lengths, overlaps, canvas)


def _crossfaded(streams: list[Stream], lengths: list[int], overlaps: list[int], canvas: Canvas) -> Stream:
    """Let each stream begin within the end of what is there. xfade wants to know the rate, which concat forgets."""
    joined, length = streams[0], lengths[0]
    for stream, more, overlap in zip(streams[1:], lengths[1:], overlaps, strict=True):
        both = [one.filter("settb", f"1/({canvas.fps})").filter("fps", fps=str(canvas.fps)) for one in (joined, stream)]
        joined = ffmpeg.filter(
            both,
            "xfade",
            transition="fade",
            duration=_seconds(Fraction(overlap) / canvas.fps),
            offset=_seconds((length - overlap) / canvas.fps),
        )
        length += more - overlap
    return joined


def _fades_beside(items: Sequence[Part | Transition], nth: int) -> tuple[int, int]:
    """Give how many frames a part takes to come out of black and to go into it; 0 is not at all."""
    around = (items[nth - 1] if nth else None, items[nth + 1] if nth + 1 < len(items) else None)
    before, after = (one.length if isinstance(one, Transition) and one.kind == "fade" else 0 for one in around)
    return before, after


def _faded(stream: Stream, part: Part, fades: tuple[int, int]) -> Stream:
    if fades[0]:
        stream = stream.filter("fade", t="in", start_frame=0, nb_frames=fades[0])
    if fades[1]:
        stream = stream.filter("fade", t="out", start_frame=part.length - fades[1], nb_frames=fades[1])
    return stream


def _part(part: Part, canvas: Canvas, nth: int, media_of: MediaOf) -> Stream:
    if isinstance(part, Gap):
        return _gap(part, canvas, nth)
    return _clip(part, media_of(part.asset), canvas, nth)


def _clip(clip: Clip, media: Media, canvas: Canvas, nth: int) -> Stream:
    """Give exactly the frames of a stretch, fitted; the last one of the asset is held where it ends a frame early.

    They are the frames that one run over the whole asset would give: time stamps stay absolute, and the cut is made
    on the grid of the canvas. FFmpeg has applied the rotation before the first filter; SAR is applied by scaling.
    """
    picture = picture_of(media)
    stream = _from(clip, media, canvas, f"clip{nth}x", nth)
    if picture.is_interlaced:
        stream = stream.filter("bwdif")
    # Scaling is the dear part: do it on the fewer frames.
    if picture.rate > canvas.fps:
        stream = _fitted(_at_rate(stream, canvas), picture, canvas, clip.colour)
    else:
        stream = _at_rate(_fitted(stream, picture, canvas, clip.colour), canvas)
    return _taken(stream, clip.source.start, clip.source.end)


def _from(clip: Clip | Film, media: Media, canvas: Canvas, role: str, nth: int) -> Stream:
    """Open an asset near the first frame wanted; its first picture is at 0, wherever its file begins."""
    picture = picture_of(media)
    start = clip.source.start if isinstance(clip, Clip) else clip.start
    loop = {"stream_loop": -1} if isinstance(clip, Film) and clip.is_looped else {}
    if picture.start_s is None or picture.longest_gap_s is None or loop:
        return picture_input(clip.asset, media, role, nth, **loop).filter("setpts", "PTS-STARTPTS")
    margin_s = picture.longest_gap_s + _SEEK_PICTURES / picture.rate + _SEEK_SPARE
    # A film is held at its end: sought past it, it would have no picture to hold.
    seek_s = min(start / canvas.fps, picture.duration_s) - margin_s
    seek = {"ss": _seconds(seek_s)} if seek_s > 0 else {}
    stream = picture_input(clip.asset, media, role, nth, **seek)
    begin = picture.start_s
    return stream.filter("setpts", f"PTS-round({begin.numerator}/{begin.denominator}/TB)") if begin else stream


def _taken(stream: Stream, start: int, end: int) -> Stream:
    """Give the frames [start, end) of a stream that is on the canvas grid, as [0, end - start)."""
    return (
        stream.filter("tpad", stop=-1, stop_mode="clone")
        .filter("trim", start_pts=start, end_pts=end)
        .filter("setpts", "PTS-STARTPTS")
    )


def _gap(gap: Gap, canvas: Canvas, nth: int) -> Stream:
    """Give exactly `gap.length` black frames."""
    # The last words change nothing but the name: two inputs with the same words would be one input.
    source = (
        f"color=c=black:s={canvas.width}x{canvas.height}:r={canvas.fps},trim=end_frame={gap.length},setpts=PTS+0*{nth}"
    )
    black = ffmpeg.input(source, f="lavfi").video
    return black.filter("format", canvas.pix_fmt).filter("setsar", 1)


def _at_rate(stream: Stream, canvas: Canvas) -> Stream:
    return stream.filter("fps", fps=str(canvas.fps))


def _fitted(stream: Stream, picture: Picture, canvas: Canvas, colour: ColourPreset = "none") -> Stream:
    width, height, left, top = fit(picture.display_size, canvas)
    stream = _scaled(stream, picture, (width, height)).filter("format", canvas.pix_fmt)
    if colour != "none":
        stream = stream.filter("eq", **_PRESETS[colour])
    return _labelled(stream.filter("pad", canvas.width, canvas.height, left, top, "black"))


def _labelled(stream: Stream) -> Stream:
    return stream.filter("setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709")


def _scaled(stream: Stream, picture: Picture, size: tuple[int, int]) -> Stream:
    source_matrix = matrix_of(picture)
    if picture.colour.is_hdr:
        for name, options in _TONEMAP:
            stream = stream.filter(name, **options)
        source_matrix = "bt709"
    scaling: Mapping[str, object] = {
        "flags": "bicubic+accurate_rnd+bitexact",
        "in_color_matrix": source_matrix,
        "out_color_matrix": "bt709",
        "out_range": "tv",
    }
    return stream.filter("scale", *size, **scaling).filter("setsar", 1)


# -- overlays ----------------------------------------------------------------------------------------------------------


def _with_image(base: Stream, overlay: ImageOverlay, timeline: Timeline, nth: int) -> Stream:
    image = image_input(overlay.asset, nth)
    if overlay.width and overlay.height:
        image = image.filter("format", "rgba").filter("scale", overlay.width, overlay.height, flags="lanczos")
    if overlay.fade_in or overlay.fade_out:
        # One picture cannot come and go: it is repeated for every frame.
        image = image.filter("loop", loop=-1, size=1).filter("setpts", f"N/({timeline.canvas.fps})/TB")
    return _laid(base, _veiled(image, overlay, timeline.canvas), overlay, timeline.length)


def _with_film(base: Stream, overlay: Film, timeline: Timeline, media: Media, nth: int) -> Stream:
    canvas, picture = timeline.canvas, picture_of(media)
    film = _from(overlay, media, canvas, f"film{nth}x", nth)
    if picture.is_interlaced:
        film = film.filter("bwdif")
    if overlay.blend != "normal":
        film = _fitted(film, picture, canvas)
    else:
        film = _scaled(film, picture, _film_size(overlay, picture))
    film = _taken(_at_rate(film, canvas), overlay.start, overlay.start + overlay.at.length)
    if overlay.at.start:
        film = film.filter("tpad", start=overlay.at.start, start_mode="clone")
    if overlay.blend != "normal":
        return _blended(base, film, overlay, timeline)
    return _laid(base, _veiled(film, overlay, canvas), overlay, timeline.length)


def _laid(base: Stream, stream: Stream, overlay: Overlay, length: int) -> Stream:
    """Lay an overlay on the very pixel it names.

    FFmpeg's overlay moves by whole samples of chroma: an odd corner is made even by a transparent row or column.
    """
    odd_x, odd_y = overlay.x % 2, overlay.y % 2
    if odd_x or odd_y:
        stream = stream.filter("format", "rgba").filter("pad", f"iw+{odd_x}", f"ih+{odd_y}", odd_x, odd_y, "black@0")
    return ffmpeg.overlay(base, stream, x=overlay.x - odd_x, y=overlay.y - odd_y, **_timing(overlay, length))


def _film_size(overlay: Film, picture: Picture) -> tuple[int, int]:
    width, height = picture.display_size
    return overlay.width or max(2, width // 2 * 2), overlay.height or max(2, height // 2 * 2)


def _blended(base: Stream, film: Stream, overlay: Film, timeline: Timeline) -> Stream:
    """Add light: screen and lighten mean something in RGB only."""
    film = _faded_light(film, overlay)
    film = film.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=timeline.length)
    both = [one.filter("format", "gbrp") for one in (base, film)]
    mixed = ffmpeg.filter(
        both,
        "blend",
        all_mode=overlay.blend,
        all_opacity=f"{float(overlay.opacity):.6g}",
        **_timing(overlay, timeline.length),
    )
    return mixed.filter("scale", out_color_matrix="bt709", out_range="tv", flags="bicubic+accurate_rnd+bitexact")


def _faded_light(film: Stream, overlay: Film) -> Stream:
    for kind, start, frames in _comings(overlay):
        film = film.filter("fade", t=kind, start_frame=start, nb_frames=frames)
    return film


def _veiled(stream: Stream, overlay: Overlay, canvas: Canvas) -> Stream:
    """Make an overlay as transparent as it is to be, and let it come and go."""
    if overlay.opacity == 1 and not overlay.fade_in and not overlay.fade_out:
        return stream
    stream = stream.filter("format", "rgba")
    if overlay.opacity != 1:
        stream = stream.filter("colorchannelmixer", aa=f"{float(overlay.opacity):.6g}")
    for kind, start, frames in _comings(overlay):
        at = {"st": _seconds(start / canvas.fps), "d": _seconds(frames / canvas.fps)}
        stream = stream.filter("fade", t=kind, alpha=1, **at)
    return stream


def _comings(overlay: Overlay) -> Iterator[tuple[str, int, int]]:
    if overlay.fade_in:
        yield "in", overlay.at.start, overlay.fade_in
    if overlay.fade_out:
        yield "out", overlay.at.end - overlay.fade_out, overlay.fade_out


def _timing(overlay: Overlay, length: int) -> dict[str, object]:
    if (overlay.at.start, overlay.at.end) == (0, length):
        return {}
    return {"enable": f"gte(n,{overlay.at.start})*lt(n,{overlay.at.end})"}


def _seconds(time_s: Fraction) -> str:
    """Give seconds to the microsecond, which is what FFmpeg keeps."""
    return f"{float(time_s):.6f}"
