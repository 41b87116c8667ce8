"""FFmpeg's arguments: one list encodes a timeline's picture, one its sound."""

from collections.abc import Mapping

import ffmpeg  # ffmpeg-python: builds graphs, and is used for nothing else

from videogen.errors import MissingInput, RecipeError
from videogen.model import timebase
from videogen.model.media import Media
from videogen.model.profile import Encoder, Profile
from videogen.model.timeline import Timeline
from videogen.plan.filters import MediaOf, picture_stream
from videogen.plan.graph import OUTPUT
from videogen.plan.sound import CEILING_DBTP, sound_stream

# No clock, no names, no version of FFmpeg in the file: the same work gives the same bytes.
_PLAIN = {"fflags": "+bitexact", "map_metadata": -1, "map_chapters": -1}

ARGUMENT_BYTES = 128 * 1024
"""What one argument may hold. Source: Linux, MAX_ARG_STRLEN."""


def known(media: Mapping[str, Media]) -> MediaOf:
    """Give the look-up that names what is missing. Raises (when asked): MissingInput: nothing is known of it."""

    def media_of(digest: str) -> Media:
        if digest not in media:
            raise MissingInput(f"no media is known for the content {digest[:12]}", remedy="Drop the file again.")
        return media[digest]

    return media_of


def encode_picture(timeline: Timeline, media: Mapping[str, Media], profile: Profile) -> tuple[str, ...]:
    """Give FFmpeg's arguments for the picture alone, with `asset:` and `step:` where paths will stand.

    Shape: exactly `timeline.length` frames, from an IDR on, needing nothing outside; headers that do not depend on
        what is shown, so that pieces of one profile can be joined.
    Raises: MissingInput: a clip's media is unknown. RecipeError: more is seen at once than one command can hold.
    """
    output = ffmpeg.output(
        picture_stream(timeline, known(media)),
        OUTPUT,
        **_picture_options(profile.encoder),
        **{
            "r": str(profile.canvas.fps),
            "fps_mode": "cfr",
            "frames:v": timeline.length,
            "flags:v": "+bitexact",
            **_PLAIN,
            "video_track_timescale": track_timescale(profile),
            "f": "mp4",
        },
    )
    # Absolute time stamps: where a clip is entered in its middle, its frames keep their numbers.
    argv = tuple(output.global_args("-copyts").get_args())
    if max(map(len, argv)) >= ARGUMENT_BYTES:
        raise RecipeError(
            f"{len(timeline.picture)} clips and transitions are more than one encode can hold",
            remedy="Let fewer clips change while an overlay comes or goes.",
        )
    return argv


def encode_sound(
    timeline: Timeline, media: Mapping[str, Media], profile: Profile, *, ceiling_dbtp: float = CEILING_DBTP
) -> tuple[str, ...]:
    """Give FFmpeg's arguments for the sound alone: one pass, whole; NUT, which can be read while it is written.

    Raises: MissingInput: a sound's media is unknown.
    """
    output = ffmpeg.output(
        sound_stream(timeline, known(media), ceiling_dbtp),
        OUTPUT,
        **{
            "c:a": "aac",
            "b:a": f"{profile.audio_kbps}k",
            "ar": profile.canvas.sample_rate,
            "ac": profile.canvas.channels,
            "flags:a": "+bitexact",
            **_PLAIN,
            "flush_packets": 1,
            "f": "nut",
        },
    )
    return tuple(output.get_args())


def track_timescale(profile: Profile) -> int:
    """Give the ticks per second of the picture track of a profile."""
    return timebase.track_timescale(profile.canvas.fps)


def frame_ticks(profile: Profile) -> int:
    """Give the length of a frame in ticks of the track."""
    return int(track_timescale(profile) / profile.canvas.fps)


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
            options |= {"preset": encoder.preset, "crf": encoder.quality, "profile:v": "high", "bf": 3}
            # stitchable: the headers say nothing of one piece that another could not say.
            options |= {"threads:v": encoder.threads, "x264-params": "stitchable=1:open-gop=0"}
        case "libx265":
            options |= {"preset": encoder.preset, "crf": encoder.quality, "tag:v": "hvc1"}
            options |= {"x265-params": _x265_words(encoder)}
        case "h264_nvenc":
            options |= {"preset": "p5", "rc": "vbr", "cq": encoder.quality, "b:v": 0, "profile:v": "high"}
            options |= {"bf": 0, "forced-idr": 1, "no-scenecut": 1}
        case "h264_qsv":
            options |= {"preset": "medium", "global_quality": encoder.quality, "profile:v": "high"}
            options |= {"bf": 0, "forced_idr": 1}
        case "h264_videotoolbox":
            # VideoToolbox counts quality upwards from 1 to 100; CRF 23 is about 60.
            options |= {"q:v": max(1, min(100, 106 - 2 * encoder.quality)), "profile:v": "high", "bf": 0}
        case "h264_amf":
            options |= {"rc": "cqp", "qp_i": encoder.quality, "qp_p": encoder.quality, "profile:v": "high", "bf": 0}
    return options


def _x265_words(encoder: Encoder) -> str:
    """Give libx265's own options: closed GOPs, one frame at a time, no banner of its settings in the stream.

    One frame thread and no pool is what makes the bytes the same everywhere.
    """
    pools = "none" if encoder.threads == 1 else str(encoder.threads or "*")
    return f"open-gop=0:keyint={encoder.gop}:info=0:frame-threads=1:pools={pools}:log-level=warning"
