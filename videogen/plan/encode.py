"""FFmpeg's arguments: one list encodes a timeline's picture, one its sound."""

from collections.abc import Mapping, Sequence

import ffmpeg  # ffmpeg-python: builds graphs, and is used for nothing else

from videogen.errors import MissingInput, RecipeError
from videogen.model import timebase
from videogen.model.media import Media
from videogen.model.profile import Encoder, Profile
from videogen.model.timeline import Timeline
from videogen.plan.filters import picture_stream, streams_of_one_clip
from videogen.plan.footage import MediaOf
from videogen.plan.graph import OUTPUT, STEP
from videogen.plan.inputs import Stream
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
    output = _written(picture_stream(timeline, known(media)), timeline, profile, OUTPUT)
    return _arguments(output, f"{len(timeline.picture)} clips and transitions")


def encode_together(
    timelines: Sequence[Timeline], media: Mapping[str, Media], profile: Profile, targets: Sequence[str]
) -> tuple[str, ...]:
    """Give FFmpeg's arguments for several stretches of one clip at once, each into a file of its own.

    Each file is byte for byte the one that `encode_picture` makes of its timeline. `targets` are names of steps. The
    first output is no file: its frames are those of the clip, which the run's progress counts.
    Raises: MissingInput, RecipeError: as `encode_picture`.
    """
    counted, streams = streams_of_one_clip(timelines, known(media))
    outputs = [ffmpeg.output(counted, "-", **{"c:v": "wrapped_avframe", "fps_mode": "passthrough", "f": "null"})]
    for stream, timeline, target in zip(streams, timelines, targets, strict=True):
        outputs.append(_written(stream, timeline, profile, STEP + target))
    return _arguments(ffmpeg.merge_outputs(*outputs), f"{len(timelines)} stretches of a clip")


def _written(picture: Stream, timeline: Timeline, profile: Profile, target: str) -> Stream:
    """Encode exactly the frames of a timeline into a file."""
    for name, argument in profile.encoder.upload:
        picture = picture.filter(name, *filter(None, [argument]))
    return ffmpeg.output(
        picture,
        target,
        **profile.encoder.options(),
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


def _arguments(output: Stream, what: str) -> tuple[str, ...]:
    # Absolute time stamps: where a clip is entered in its middle, its frames keep their numbers.
    argv = tuple(output.global_args("-copyts").get_args())
    if max(map(len, argv)) >= ARGUMENT_BYTES:
        raise RecipeError(
            f"{what} are more than one encode can hold",
            remedy="Let fewer clips change while an overlay comes or goes.",
        )
    return argv


def on_device(argv: Sequence[str], encoder: Encoder, device: str) -> tuple[str, ...]:
    """Give the command of a picture with the device named that it runs on, as paths are put in: when it runs.

    No key has it: where a picture is encoded is a place, and what shapes its bits is the encoder.
    """
    before, own = encoder.device_words(device)
    at = list(argv).index(OUTPUT)
    return (*before, *argv[:at], *own, *argv[at:])


def encode_sound(
    timeline: Timeline,
    media: Mapping[str, Media],
    profile: Profile,
    *,
    ceiling_dbtp: float = CEILING_DBTP,
    gain_db: float | None = None,
) -> tuple[str, ...]:
    """Give FFmpeg's arguments for the sound alone: one pass, whole; NUT, which can be read while it is written.

    `gain_db`: as `sound_stream` takes it.
    Raises: MissingInput: a sound's media is unknown.
    """
    output = ffmpeg.output(
        sound_stream(timeline, known(media), ceiling_dbtp, gain_db),
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
