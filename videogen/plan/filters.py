"""Filter chains, from numbers only: no text of a user's ever comes near a filter graph."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import sqrt
from typing import Any

import ffmpeg  # ffmpeg-python: builds graphs, and is used for nothing else

from videogen.model.media import Media, Picture
from videogen.model.timebase import samples_of
from videogen.model.timeline import Canvas, Clip, Gap, ImageOverlay, SoundTrack, Timeline
from videogen.plan.graph import ASSET

Stream = Any  # ffmpeg-python has no types
MediaOf = Callable[[str], Media]

# What one input may be. Forcing the demuxer keeps playlists, and the whitelists keep the network and odd decoders,
# out of a file that was swapped after it was inspected.
_SAFE = {"protocol_whitelist": "file"}
# The sound in a clip is never used, but FFmpeg opens it while it looks for streams.
_CLIP_CODECS = (
    "h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,mpeg2video,prores,dnxhd,mjpeg"
    ",aac,mp3float,mp3,ac3,eac3,flac,alac,opus,libopus,pcm_s16le,pcm_s16be,pcm_s24le"
)

# PQ and HLG to what a plain screen shows. Source: looked right on a phone's HLG and on a PQ clip.
_TONEMAP = (
    ("zscale", {"t": "linear", "npl": 100}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"p": "bt709"}),
    ("tonemap", {"tonemap": "mobius", "desat": 0}),
    ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
)


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
    """Join the base track and lay the overlays over it: exactly `timeline.length` frames at the canvas rate."""
    canvas = timeline.canvas
    parts = [
        clip_stream(part, _picture_of(media_of(part.asset)), canvas, nth)
        if isinstance(part, Clip)
        else gap_stream(part, canvas, nth)
        for nth, part in enumerate(timeline.picture)
    ]
    joined = ffmpeg.concat(*parts, v=1, a=0) if len(parts) > 1 else parts[0]
    for nth, overlay in enumerate(timeline.overlays):
        joined = _overlaid(joined, overlay, timeline.length, nth)
    return joined.filter("format", canvas.pix_fmt)


def clip_stream(clip: Clip, picture: Picture, canvas: Canvas, nth: int = 0) -> Stream:
    """Give exactly `clip.length` frames of an asset, fitted; its last frame is held where it ends a frame early.

    FFmpeg has applied the rotation before the first filter; SAR is applied here, by scaling to the displayed size.
    """
    stream = ffmpeg.input(
        _asset(clip.asset, "clip", nth),
        f="mov",
        format_whitelist="mov",
        codec_whitelist=_CLIP_CODECS,
        an=None,
        sn=None,
        **_SAFE,
    ).video
    # A clip's picture may begin after 0 (an edit list, a late stream): its first frame is our frame 0.
    stream = stream.filter("setpts", "PTS-STARTPTS")
    if picture.is_interlaced:
        stream = stream.filter("bwdif")
    # Scaling is the dear part: do it on the fewer frames.
    if picture.rate > canvas.fps:
        stream = _fitted(_at_rate(stream, canvas), picture, canvas)
    else:
        stream = _at_rate(_fitted(stream, picture, canvas), canvas)
    return (
        stream.filter("tpad", stop=-1, stop_mode="clone")
        .filter("trim", start_frame=clip.source.start, end_frame=clip.source.end)
        .filter("setpts", "PTS-STARTPTS")
    )


def gap_stream(gap: Gap, canvas: Canvas, nth: int = 0) -> Stream:
    """Give exactly `gap.length` black frames."""
    # `nth` frames more than needed, which are trimmed: two inputs with the same words would be one input.
    frames = gap.length + nth + 1
    source = f"color=c=black:s={canvas.width}x{canvas.height}:r={canvas.fps},trim=end_frame={frames}"
    black = ffmpeg.input(source, f="lavfi").video
    return black.filter("format", canvas.pix_fmt).filter("setsar", 1).filter("trim", end_frame=gap.length)


def sound_stream(timeline: Timeline, media_of: MediaOf) -> Stream:
    """Sum the sounds by their gains: exactly as many samples as the picture lasts.

    Source: amix divides by the number of inputs unless normalize=0; then a volume of 0.25 means 0.25.
    """
    canvas = timeline.canvas
    samples = samples_of(timeline.length, canvas.fps, canvas.sample_rate)
    tracks = [_track(sound, media_of(sound.asset), canvas, nth) for nth, sound in enumerate(timeline.sounds)]
    tracks = [_cut(track, samples) for track in tracks]
    if not tracks:
        layout = "stereo" if canvas.channels == 2 else "mono"
        silence = ffmpeg.input(f"anullsrc=r={canvas.sample_rate}:cl={layout}", f="lavfi").audio
        return silence.filter("atrim", end_sample=samples)
    if len(tracks) == 1:
        return tracks[0]
    return ffmpeg.filter(tracks, "amix", inputs=len(tracks), duration="longest", normalize=0, dropout_transition=0)


def _asset(digest: str, role: str, nth: int) -> str:
    """Name an input's content, and which input it is.

    ffmpeg-python takes two nodes with the same words for one node, and refuses a node with two readers: a clip shown
    twice must be two inputs.
    """
    return f"{ASSET}{digest}#{role}{nth}"


def _picture_of(media: Media) -> Picture:
    assert media.picture is not None  # noqa: S101 -- edit only takes clips that have one
    return media.picture


def _at_rate(stream: Stream, canvas: Canvas) -> Stream:
    return stream.filter("fps", fps=str(canvas.fps))


def _fitted(stream: Stream, picture: Picture, canvas: Canvas) -> Stream:
    width, height, left, top = fit(picture.display_size, canvas)
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
    return (
        stream.filter("scale", width, height, **scaling)
        .filter("setsar", 1)
        .filter("format", canvas.pix_fmt)
        .filter("pad", canvas.width, canvas.height, left, top, "black")
        .filter("setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709")
    )


def _overlaid(base: Stream, overlay: ImageOverlay, length: int, nth: int) -> Stream:
    image = ffmpeg.input(_asset(overlay.asset, "image", nth), f="png_pipe", codec_whitelist="png", **_SAFE).video
    timing = {}
    if (overlay.at.start, overlay.at.end) != (0, length):
        timing["enable"] = f"gte(n,{overlay.at.start})*lt(n,{overlay.at.end})"
    return ffmpeg.overlay(base, image, x=overlay.x, y=overlay.y, **timing)


def _track(sound: SoundTrack, media: Media, canvas: Canvas, nth: int) -> Stream:
    looped = {"stream_loop": -1} if sound.is_looped else {}
    stream = ffmpeg.input(
        _asset(sound.asset, "sound", nth), f="mp3", codec_whitelist="mp3float,mp3", vn=None, **looped, **_SAFE
    )
    layout = "stereo" if canvas.channels == 2 else "mono"
    stream = stream.audio.filter("aresample", canvas.sample_rate)
    gain = float(sound.gain)
    if media.sound is not None and media.sound.channels == 1 and canvas.channels == 2:
        # FFmpeg's own way from one channel to two takes 3 dB off each: a gain of 1.0 would not leave it as it is.
        gain *= sqrt(2)
    stream = stream.filter("aformat", sample_fmts="fltp", channel_layouts=layout)
    return stream.filter("volume", f"{gain:.6g}")


def _cut(stream: Stream, samples: int) -> Stream:
    return stream.filter("apad").filter("atrim", end_sample=samples).filter("asetpts", "N/SR/TB")
