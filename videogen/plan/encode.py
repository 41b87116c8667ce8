"""The argument list of one full encode: every frame and every sample of a timeline, in one FFmpeg."""

from collections.abc import Mapping

import ffmpeg  # ffmpeg-python: builds graphs, and is used for nothing else

from videogen.errors import MissingInput
from videogen.model.media import Media
from videogen.model.profile import Encoder, Profile
from videogen.model.timeline import Timeline
from videogen.plan.filters import picture_stream, sound_stream
from videogen.plan.graph import STEP


def full_encode(timeline: Timeline, media: Mapping[str, Media], profile: Profile, step: str) -> tuple[str, ...]:
    """Give FFmpeg's arguments, with `asset:` and `step:` where paths will stand.

    Shape: exact length by construction (frames and samples trimmed); moov in front; no metadata, no clock.
        Without `-frames:v`: with it FFmpeg drops the last packet of a sound that ends a fraction of a sample later.
    Raises: MissingInput: a clip's media is unknown.
    """

    def media_of(digest: str) -> Media:
        if digest not in media:
            raise MissingInput(f"no media is known for the content {digest[:12]}", remedy="Drop the file again.")
        return media[digest]

    output = ffmpeg.output(
        picture_stream(timeline, media_of),
        sound_stream(timeline, media_of),
        STEP + step,
        **_picture_options(profile.encoder),
        **{
            "r": str(profile.canvas.fps),
            "fps_mode": "cfr",
            "c:a": "aac",
            "b:a": f"{profile.audio_kbps}k",
            "ar": profile.canvas.sample_rate,
            "ac": profile.canvas.channels,
            "flags:v": "+bitexact",
            "flags:a": "+bitexact",
            "fflags": "+bitexact",
            "map_metadata": -1,
            "map_chapters": -1,
            "movflags": "+faststart",
            "video_track_timescale": track_timescale(profile),
            "f": "mp4",
        },
    )
    return tuple(output.get_args())


def track_timescale(profile: Profile) -> int:
    """Give the picture track's ticks per second: a multiple of the rate's numerator, so that a frame is whole ticks."""
    numerator = profile.canvas.fps.numerator
    return numerator if numerator >= 10000 else numerator * 512


def _picture_options(encoder: Encoder) -> dict[str, object]:
    options: dict[str, object] = {
        "c:v": encoder.name,
        "pix_fmt": "yuv420p",
        "g": encoder.gop,
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "colorspace": "bt709",
        "color_range": "tv",
    }
    match encoder.name:
        case "libx264":
            options |= {"preset": encoder.preset, "crf": encoder.quality, "profile:v": "high"}
            options |= {"threads:v": encoder.threads}
        case "h264_nvenc":
            options |= {"preset": "p5", "rc": "vbr", "cq": encoder.quality, "b:v": 0, "profile:v": "high"}
        case "h264_qsv":
            options |= {"preset": "medium", "global_quality": encoder.quality, "profile:v": "high"}
        case "h264_videotoolbox":
            # VideoToolbox counts quality upwards from 1 to 100; CRF 23 is about 60.
            options |= {"q:v": max(1, min(100, 106 - 2 * encoder.quality)), "profile:v": "high"}
        case "h264_amf":
            options |= {"rc": "cqp", "qp_i": encoder.quality, "qp_p": encoder.quality, "profile:v": "high"}
    return options
