"""What a person should know of a file that was taken nevertheless: a stable word for each, and its sentence.

A warning refuses nothing. The words stand in side files and log lines; who shows them looks up the sentence here.
"""

from collections.abc import Iterator

from videogen.model.media import Picture, Sound

QUIET_LUFS = -36.0
"""20 LU under a usual voice-over of -16: raised by that, the noise of a room is heard."""
CLIPPED = 0.001
"""One sample in a thousand at full scale is heard as a crackle."""
SILENCE_S = 3
LITTLE_SPEECH = 0.25
MOSTLY = 0.5
SLOW_RATE = 5

WARNINGS: dict[str, str] = {
    "vfr": "Its pictures come at uneven times; they are shown at the even rate of the video.",
    "hdr": "It is HDR, and its colours are mapped to those of a plain screen.",
    "interlaced": "It is interlaced: combs may show where things move.",
    "odd-rotation": "It asks to be turned by an angle that is no quarter turn; the nearest one is taken.",
    "mirrored": "It asks to be mirrored.",
    "alpha": "Parts of it may be transparent, which is not shown.",
    "single-picture": "It is one picture that never moves.",
    "slow": "It shows fewer than five pictures a second.",
    "mostly-black": "Half of it or more is black.",
    "mostly-frozen": "Half of it or more stands still.",
    "quiet": "It is recorded very quietly; noise may be heard where it is raised.",
    "clipping": "It is recorded too loudly: its peaks are cut off.",
    "silent": "Nothing is heard in it.",
    "one-sided": "It is stereo, and one side is silent.",
    "long-silence": "It begins or ends with three seconds of silence or more.",
    "little-speech": "Hardly anything in it sounds like speech.",
}


def warnings_of(picture: Picture | None, sound: Sound | None) -> tuple[str, ...]:
    """Give the words that hold for what was measured, in the order of the table."""
    found = {*(_seen(picture) if picture else ()), *(_heard(sound) if sound else ())}
    return tuple(word for word in WARNINGS if word in found)


def _seen(picture: Picture) -> Iterator[str]:
    facts = {
        "vfr": not picture.is_cfr,
        "hdr": picture.colour.is_hdr,
        "interlaced": picture.is_interlaced,
        "odd-rotation": (picture.angle_deg or 0) % 90 != 0,
        "mirrored": picture.is_mirrored,
        "alpha": picture.has_alpha,
        "single-picture": picture.frames == 1,
        "slow": picture.frames > 1 and picture.rate < SLOW_RATE,
    }
    yield from (word for word, holds in facts.items() if holds)
    if view := picture.view:
        if view.black_frames >= MOSTLY * max(1, view.frames):
            yield "mostly-black"
        if view.frozen_frames >= MOSTLY * max(1, view.frames):
            yield "mostly-frozen"


def _heard(sound: Sound) -> Iterator[str]:
    if sound.loudness is not None and sound.loudness.integrated_lufs < QUIET_LUFS:
        yield "quiet"
    level = sound.level
    if level is None:
        return
    if level.silence_before_s >= sound.duration_s:
        yield "silent"
        return
    if level.clipped >= CLIPPED:
        yield "clipping"
    if sound.channels == 2 and level.silent_channels == 1:
        yield "one-sided"
    if max(level.silence_before_s, level.silence_after_s) >= SILENCE_S:
        yield "long-silence"
    if level.speech is not None and level.speech < LITTLE_SPEECH:
        yield "little-speech"
