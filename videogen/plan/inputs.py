"""What FFmpeg may open: each input with its demuxer forced, its decoders listed and no protocol but plain files."""

from collections.abc import Sequence
from typing import Any

import ffmpeg  # ffmpeg-python: builds graphs, and is used for nothing else

from videogen.model.media import Media, Picture
from videogen.plan.graph import ASSET

Stream = Any  # ffmpeg-python has no types

# Forcing the demuxer keeps playlists, and the whitelists keep the network and odd decoders, out of a file that was
# swapped after it was inspected. The sound in a clip is opened while FFmpeg looks for streams, also where it is unused.
_SAFE = {"protocol_whitelist": "file"}
_PICTURES = "h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,mpeg2video,prores,dnxhd,mjpeg"
_SOUNDS = "aac,mp3float,mp3,ac3,eac3,flac,alac,opus,libopus,vorbis,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,pcm_f32le"
_SEEN_THROUGH = ",libvpx,libvpx-vp9"
"""Those that are taken for the alpha of a film, which FFmpeg's own decoders of VP8 and VP9 leave out."""
_DEMUXERS = {"mov": "mov", "mp3": "mp3", "matroska": "matroska,webm"}


def picture_input(digest: str, media: Media, role: str, nth: int, **options: object) -> Stream:
    """Open an asset for its picture; options are words before the input."""
    return _opened(digest, media.container or "mov", f"{role}{nth}", an=None, sn=None, **options).video


def sound_input(digest: str, media: Media, nth: int, **options: object) -> Stream:
    """Open an asset for its sound."""
    default = "mov" if media.picture is not None else "mp3"
    return _opened(digest, media.container or default, f"sound{nth}", vn=None, sn=None, **options).audio


def demuxing(media: Media) -> tuple[str, ...]:
    """Give the words that stand before a file which is opened for a look, outside any graph."""
    container = media.container or ("mov" if media.picture is not None else "mp3")
    forced = {"f": container, "format_whitelist": _DEMUXERS.get(container, container), **_SAFE}
    forced["codec_whitelist"] = f"{_PICTURES},{_SOUNDS}"
    return tuple(word for name, value in forced.items() for word in (f"-{name}", value))


def image_input(digest: str, role: str) -> Stream:
    """Open a PNG."""
    return ffmpeg.input(f"{ASSET}{digest}#{role}", f="png_pipe", codec_whitelist="png", **_SAFE).video


def beside(streams: Sequence[Stream], name: str, **options: object) -> Stream:
    """Give what a filter makes of several streams."""
    return ffmpeg.filter(list(streams), name, **options)


def doubled(stream: Stream) -> tuple[Stream, Stream]:
    """Give a stream twice: each may be taken once."""
    both = stream.filter_multi_output("split")
    return both[0], both[1]


def end_to_end(streams: Sequence[Stream]) -> Stream:
    """Give the frames of several streams, one after the other."""
    return ffmpeg.concat(*streams, v=1, a=0) if len(streams) > 1 else streams[0]


def generated(words: str) -> Stream:
    """Give the picture of a source that needs no file. Two sources with the same words would be one."""
    return ffmpeg.input(words, f="lavfi").video


def alpha_words(media: Media) -> dict[str, object]:
    """Give the words before an input that have its alpha decoded as well; none where its decoder does that anyway.

    Source: WebM keeps alpha as a second stream of pictures, which libvpx alone joins; ProRes 4444 has it in each.
    """
    decoders = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
    codec = picture_of(media).codec
    return {"c:v": decoders[codec]} if codec in decoders else {}


def picture_of(media: Media) -> Picture:
    """Give the picture of media that has one."""
    assert media.picture is not None  # noqa: S101 -- the compiler asked before
    return media.picture


def _opened(digest: str, container: str, name: str, **options: object) -> Stream:
    """Open a content. ffmpeg-python takes two nodes with the same words for one: each input has a name of its own."""
    return ffmpeg.input(
        f"{ASSET}{digest}#{name}",
        f=container,
        format_whitelist=_DEMUXERS.get(container, container),
        codec_whitelist=f"{_PICTURES},{_SOUNDS}{_SEEN_THROUGH if 'c:v' in options else ''}",
        **options,
        **_SAFE,
    )
