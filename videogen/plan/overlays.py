"""What lies above the base track: still pictures and films, where they lie, how they come and go, how they blend.

A picture is brought to the format it is laid in once, before it is repeated for every frame. FFmpeg's overlay moves by
whole samples of chroma, two pixels: what lies at an odd pixel is made even by a clear row or column, and what moves
does so by two pixels at a time, along the way that ends where it rests.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from videogen.model.media import Media
from videogen.model.style import Blend, Zoom
from videogen.model.timeline import Canvas, ImageOverlay, Overlay, Timeline
from videogen.model.timeline import VideoOverlay as Film
from videogen.plan import colour
from videogen.plan.footage import covering, film_frames, fit, repeated, seconds
from videogen.plan.inputs import Stream, beside, doubled, generated, image_input, picture_of

CLEAR = "yuva420p"
"""What FFmpeg lays over frames of 4:2:0: it turns all else into it, frame by frame."""
SMOOTH = "yuva444p"
"""What has an odd pixel to begin at."""
_LIGHT: frozenset[Blend] = frozenset({"screen", "lighten", "addition"})
"""Blends to which black is nothing: bars are, and what has no alpha needs none."""


class Box(NamedTuple):
    """A rectangle of the canvas. Units: pixels."""

    left: int
    top: int
    width: int
    height: int


def with_overlay(base: Stream, overlay: Overlay, timeline: Timeline, media: Media | None, nth: int) -> Stream:
    """Lay one overlay over what is there. `media` is what is known of a film."""
    match overlay:
        case ImageOverlay():
            return _with_image(base, overlay, timeline, nth)
        case Film():
            assert media is not None  # noqa: S101 -- whoever asked for the base track had it for every film
            return _with_film(base, overlay, timeline, media, nth)
        case _:
            raise TypeError("words are pictures before a plan is made of them")


# -- still pictures ----------------------------------------------------------------------------------------------------


def _with_image(base: Stream, overlay: ImageOverlay, timeline: Timeline, nth: int) -> Stream:
    canvas = timeline.canvas
    image = image_input(overlay.asset, f"image{nth}")
    if overlay.blend != "normal":
        image = _as_frames(colour.keyed_rgb(_in_size(image, overlay), overlay.key), overlay, canvas, "rgba")
        return _blended_image(base, image, overlay, timeline, nth)
    if is_plain(overlay):
        return _laid(base, image, overlay, timeline)
    is_odd = bool(overlay.x % 2 or overlay.y % 2)
    if overlay.key:
        image = colour.from_rgb(colour.keyed_rgb(_in_size(image, overlay), overlay.key), SMOOTH if is_odd else CLEAR)
    else:
        # A picture without alpha stays so as long as it can: a zoom then has a third less to do.
        kept = SMOOTH if is_odd else f"{canvas.pix_fmt}|{CLEAR}"
        image = colour.from_rgb(image, kept, (overlay.width, overlay.height))
    return _laid(base, _as_frames(image, overlay, canvas, SMOOTH if is_odd else CLEAR), overlay, timeline)


def _in_size(image: Stream, overlay: ImageOverlay) -> Stream:
    if overlay.width and overlay.height:
        return image.filter("format", "rgba").filter("scale", overlay.width, overlay.height, flags="lanczos")
    return image.filter("format", "rgba")


def is_plain(overlay: ImageOverlay) -> bool:
    """Whether a picture of unknown size, laid as it is, is all there is to do, as with the logo of a story."""
    is_sized = overlay.width is not None or overlay.key is not None or overlay.zoom is not None
    return not is_sized and overlay.opacity == 1 and not overlay.fade_in and not overlay.fade_out


def _as_frames(image: Stream, overlay: ImageOverlay, canvas: Canvas, pix_fmt: str) -> Stream:
    """Give a picture as large and as clear as it is at each frame; one picture, where it stands still."""
    zoom = overlay.zoom
    if overlay.opacity != 1:
        image = _thinned(image, overlay.opacity, pix_fmt)
    if zoom and zoom.start == zoom.end:
        image = _zoomed(image, zoom, overlay)
    if (zoom and zoom.start != zoom.end) or overlay.fade_in or overlay.fade_out or overlay.blend != "normal":
        image = repeated(image, canvas)
    if zoom and zoom.start != zoom.end:
        image = _zoomed(image, zoom, overlay)
    return _coming(image, overlay, canvas)


def _zoomed(image: Stream, zoom: Zoom, overlay: ImageOverlay) -> Stream:
    """Draw a picture larger about its middle, frame by frame, each point where it belongs to 1/256 of a pixel.

    The corners of the frame are looked up in the picture; pixels are counted by their middles, so the middle of the
    picture is (W-1)/2. Source: FFmpeg, libavfilter/vf_perspective.c, where `in` counts frames from 1. zoompan moves by
    whole pixels and trembles (tests/plan/test_zoom.py measures both).
    """
    times, length = f"({zoom.start})", overlay.at.length
    if zoom.start != zoom.end:
        frame = f"clip(in-{overlay.at.start + 1},0,{length - 1})"
        times = f"({zoom.start}+({zoom.end - zoom.start})*{frame}/{length - 1})"
    left, top = f"(W-1)/2*(1-1/{times})", f"(H-1)/2*(1-1/{times})"
    right, bottom = f"{left}+W/{times}", f"{top}+H/{times}"
    corners = {"x0": left, "y0": top, "x1": right, "y1": top, "x2": left, "y2": bottom, "x3": right, "y3": bottom}
    return image.filter(
        "perspective", **corners, interpolation="cubic", eval="init" if zoom.start == zoom.end else "frame"
    )


# -- films -------------------------------------------------------------------------------------------------------------


def _with_film(base: Stream, overlay: Film, timeline: Timeline, media: Media, nth: int) -> Stream:
    canvas = timeline.canvas
    place = film_box(overlay, media, canvas)
    film = film_frames(overlay, media, canvas, nth, lambda pictures: _sized(pictures, overlay, media, place))
    if overlay.key:
        film = colour.keyed(film, overlay.key)
    if overlay.at.start:
        film = film.filter("tpad", start=overlay.at.start, start_mode="clone")
    if overlay.blend == "normal":
        return _laid(base, _veiled(film, overlay, canvas), overlay, timeline)
    film = film.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=timeline.length)
    if overlay.blend in _LIGHT and not overlay.key and not overlay.has_alpha:
        return _lit(base, film, overlay, timeline, place)
    return _mixed(base, _veiled(film, overlay, canvas, CLEAR), overlay, timeline, place)


def film_box(overlay: Film, media: Media, canvas: Canvas) -> Box:
    """Give where a film lies on the canvas."""
    size = picture_of(media).display_size
    if overlay.blend != "normal":
        if overlay.is_covering:
            return Box(0, 0, canvas.width, canvas.height)
        width, height, left, top = fit(size, canvas)
        return Box(left, top, width, height)
    if overlay.is_covering and not (overlay.width and overlay.height):
        return Box(overlay.x, overlay.y, canvas.width, canvas.height)
    width, height = (overlay.width or max(2, size[0] // 2 * 2), overlay.height or max(2, size[1] // 2 * 2))
    return Box(overlay.x, overlay.y, width, height)


def _sized(film: Stream, overlay: Film, media: Media, place: Box) -> Stream:
    picture, size = picture_of(media), (place.width, place.height)
    how = covering if overlay.is_covering else colour.scaled
    film = how(film, picture, size)
    if picture.has_alpha and not overlay.has_alpha:
        return film.filter("format", "yuv420p")
    return film.filter("format", CLEAR) if overlay.has_alpha else film


def _lit(base: Stream, film: Stream, overlay: Film, timeline: Timeline, place: Box) -> Stream:
    """Add light to the whole canvas: what a film does not cover is black, which adds nothing."""
    canvas = timeline.canvas
    film = film.filter("format", canvas.pix_fmt)
    film = colour.labelled(film.filter("pad", canvas.width, canvas.height, place.left, place.top, "black"))
    for kind, start, frames in _comings(overlay):
        film = film.filter("fade", t=kind, start_frame=start, nb_frames=frames)
    mixed = beside(
        [colour.to_rgb(base), colour.to_rgb(film)],
        "blend",
        all_mode=overlay.blend,
        all_opacity=f"{float(overlay.opacity):.6g}",
        **_timing(overlay, timeline.length),
    )
    return colour.from_rgb(mixed, canvas.pix_fmt)


# -- blending with what is below ---------------------------------------------------------------------------------------


def _blended_image(base: Stream, image: Stream, overlay: ImageOverlay, timeline: Timeline, nth: int) -> Stream:
    """Blend a picture with what lies below its own box; the rest of the frame is not touched."""
    canvas = timeline.canvas
    if overlay.width and overlay.height and not overlay.enter and not overlay.leave:
        box = visible(Box(overlay.x, overlay.y, overlay.width, overlay.height), canvas)
        if box is None:
            return base
    else:
        box = Box(0, 0, canvas.width, canvas.height)
    if (box.left, box.top, box.width, box.height) != (overlay.x, overlay.y, overlay.width, overlay.height):
        # The sheet is as large as the box and clear; the last words keep two sheets from being one.
        size = f"s={box.width}x{box.height}:r={canvas.fps}"
        sheet = generated(f"color=c=black@0:{size},format=rgba,trim=end_frame={timeline.length},setpts=PTS+0*{nth}")
        x, y = _ways(overlay, canvas, step=1)
        image = beside([sheet, image], "overlay", x=f"{x}-{box.left}", y=f"{y}-{box.top}", format="rgb")
    return _mixed(base, image.filter("setsar", 1), overlay, timeline, box)


def visible(box: Box, canvas: Canvas) -> Box | None:
    """Give the part of a box that lies on the canvas, grown to even pixels; None: none of it does."""
    left, top = max(0, box.left) // 2 * 2, max(0, box.top) // 2 * 2
    right, bottom = min(canvas.width, box.left + box.width), min(canvas.height, box.top + box.height)
    if left >= right or top >= bottom:
        return None
    return Box(left, top, (right - left + 1) // 2 * 2, (bottom - top + 1) // 2 * 2)


def _mixed(base: Stream, above: Stream, overlay: ImageOverlay | Film, timeline: Timeline, box: Box) -> Stream:
    """Blend a box of the canvas with what has alpha above it, in RGB, and lay what came of it back by that alpha."""
    kept, below = doubled(base)
    light, veil = doubled(
        above.filter("format", "gbrap") if isinstance(overlay, ImageOverlay) else colour.to_rgb(above, "gbrap")
    )
    pair = [colour.to_rgb(below.filter("crop", *box[2:], *box[:2])), light.filter("format", "gbrp")]
    mixed = beside(pair, "blend", all_mode=overlay.blend)
    mixed = beside([mixed, veil.filter("alphaextract")], "alphamerge")
    over = {"x": box.left, "y": box.top, **_timing(overlay, timeline.length)}
    return beside([kept, colour.from_rgb(mixed, CLEAR)], "overlay", **over)


# -- place and time ----------------------------------------------------------------------------------------------------


def _laid(base: Stream, stream: Stream, overlay: Overlay, timeline: Timeline) -> Stream:
    """Lay an overlay on the very pixel it names."""
    odd_x, odd_y = overlay.x % 2, overlay.y % 2
    if odd_x or odd_y:
        is_logo = isinstance(overlay, ImageOverlay) and is_plain(overlay)
        stream = stream.filter("format", "rgba" if is_logo else SMOOTH)
        stream = stream.filter("pad", f"iw+{odd_x}", f"ih+{odd_y}", odd_x, odd_y, "black@0")
    at: Mapping[str, object] = {"x": overlay.x - odd_x, "y": overlay.y - odd_y}
    if overlay.enter or overlay.leave:
        at = dict(zip("xy", _ways(overlay, timeline.canvas, step=2), strict=True))
    return beside([base, stream], "overlay", eof_action="repeat", **at, **_timing(overlay, timeline.length))


def _ways(overlay: Overlay, canvas: Canvas, *, step: int) -> tuple[str, str]:
    """Give x and y at each frame: from afar ever slower to the place, and from it ever faster.

    They are the place itself from the first frame after `fade_in` to the first of `fade_out`. Steps of `step` pixels.
    """
    frame = f"round(t*({canvas.fps}))"
    ways = []
    for place, axis in ((overlay.x, "dx"), (overlay.y, "dy")):
        far = ""
        if overlay.enter and overlay.fade_in and getattr(overlay.enter, axis):
            left = f"clip(1-({frame}-{overlay.at.start})/{overlay.fade_in},0,1)"
            far += f"+({getattr(overlay.enter, axis)})*pow({left},3)"
        if overlay.leave and overlay.fade_out and getattr(overlay.leave, axis):
            gone = f"clip(({frame}-{overlay.at.end - overlay.fade_out})/{overlay.fade_out},0,1)"
            far += f"+({getattr(overlay.leave, axis)})*pow({gone},3)"
        even = place - place % step
        ways.append(f"{even}+{step}*round(({far[1:]})/{step})" if far else str(even))
    return ways[0], ways[1]


def _veiled(stream: Stream, overlay: Overlay, canvas: Canvas, pix_fmt: str = "") -> Stream:
    """Make a film as transparent as it is to be, and let it come and go."""
    if overlay.opacity == 1 and not overlay.fade_in and not overlay.fade_out and not pix_fmt:
        return stream
    stream = stream.filter("format", CLEAR)
    if overlay.opacity != 1:
        stream = _thinned(stream, overlay.opacity, CLEAR)
    return _coming(stream, overlay, canvas)


def _thinned(stream: Stream, opacity: Fraction, pix_fmt: str) -> Stream:
    words = "lutrgb" if pix_fmt == "rgba" else "lutyuv"
    return stream.filter("format", pix_fmt).filter(words, a=f"val*{float(opacity):.6g}")


def _coming(stream: Stream, overlay: Overlay, canvas: Canvas) -> Stream:
    for kind, start, frames in _comings(overlay):
        at = {"st": seconds(start / canvas.fps), "d": seconds(frames / canvas.fps)}
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
