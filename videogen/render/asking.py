"""Asks the sources whether they are themselves what looks or sounds like a defect: black, still, odd, silent, jumping.

Only what is suspicious is asked about. What a side file says of a clip is believed; else a few frames of the source
are decoded small, by FFmpeg under its walls and not by the command that made the segment, so that what is wrong with
that command does not hide itself.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, pairwise
from math import log10
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from videogen import durable
from videogen.errors import VideogenError
from videogen.ffmpeg import FFmpeg
from videogen.model.media import Media
from videogen.model.quality import COLUMNS, ROWS, Look, Sort, Spell, difference
from videogen.model.timebase import Range
from videogen.model.timeline import Clip, Gap, SoundTrack, Timeline
from videogen.plan.inputs import demuxing
from videogen.render.gate import Reckoned, summed_lufs, suspicious
from videogen.render.hearing import standing_out_db

WIDTH, HEIGHT = 64, 36
DARK_LEVEL = 24
"""A source whose pictures have this mean, of 255, or less is as black as what was made of it."""
MOVED_LEVELS = 1.0
"""A source that changed by less in a stretch is taken for still: an encoder leaves out what an eye does not see."""
MOVED_TIMES = 4.0
SLACK_S = Fraction(1, 10)
SAMPLES_MOST = 60
SILENT_DB = -50.0
"""A source under this is silent enough to leave nothing that is heard in a mix."""
JUMP_DB = 12.0
BLOCK_S = Fraction(2, 5)
"""Source: EBU R128, ITU-R BS.1770: loudness is gated by blocks of 400 ms."""
LIMITED_LUFS = -9.0
"""A limited mix may be this quiet, however loud its sources are. Source: tests/render/test_gate_sound.py."""
GATED_LU = 3.0
"""What both channels of a sound that was one channel are louder. Source: ITU-R BS.1770 adds up the channels."""


@dataclass(frozen=True)
class Sources:
    """What is known of the contents of one video, and the hands to look into them."""

    ffmpeg: FFmpeg
    media: Mapping[str, Media]
    file_of: Callable[[str], Path]
    scratch: Path

    # -- the picture -----------------------------------------------------------------------------------------------

    def asked(self, look: Look, timeline: Timeline, flash_levels: float) -> Look:
        """Ask about everything suspicious in a segment, and give its look with the answers, in order of place."""
        fps = timeline.canvas.fps
        found = suspicious(look, fps, flash_levels)
        spells = [
            Spell(
                sort=sort,
                start=start,
                end=end,
                is_own=self._is_own(sort, (start, end), timeline, _bound(sort, look, (start, end), flash_levels)),
            )
            for sort, start, end in found
        ]
        ordered = sorted(spells, key=lambda spell: (spell.start, spell.end, spell.sort))
        return look.model_copy(update={"spells": tuple(ordered)})

    def _is_own(self, sort: Sort, span: tuple[int, int], timeline: Timeline, levels: float) -> bool | None:
        if any(not isinstance(item, Clip | Gap) for item in timeline.picture):
            return True  # a transition goes through black, and holds what it is made of
        clip = timeline.picture[0]
        if len(timeline.picture) > 1 or not isinstance(clip, Clip):
            return True if isinstance(clip, Gap) else None
        media = self.media.get(clip.asset)
        if media is None or media.picture is None:
            return None
        fps = timeline.canvas.fps
        begin, end = ((clip.source.start + place) / fps for place in span)
        if _is_told(sort, media, begin, end):
            return True
        pictures = self._pictures_round(sort, clip.asset, media, (begin, end))
        return _is_so(sort, pictures, levels) if pictures else None

    def _pictures_round(
        self, sort: Sort, asset: str, media: Media, span: tuple[Fraction, Fraction]
    ) -> list[Image.Image]:
        """Decode a stretch of a source: inside of it, or round it where the question is what stands beside."""
        slack = 3 / max(Fraction(1), media.picture.rate) if sort == "odd" and media.picture else -SLACK_S
        begin, end = max(Fraction(0), span[0] - slack), span[1] + slack
        return self._pictures(asset, media, begin, max(end - begin, SLACK_S), is_all=sort == "odd")

    def _pictures(
        self, asset: str, media: Media, start: Fraction, length: Fraction, *, is_all: bool
    ) -> list[Image.Image]:
        """Decode a stretch of a source small: every frame of it, or some; none where that fails."""
        rate = "" if is_all else f"fps={max(1.0, min(8.0, SAMPLES_MOST / float(length))):.3f},"
        words = ["-an", "-sn", "-vf", f"{rate}scale={WIDTH}:{HEIGHT}:flags=area,format=gray", "-c:v", "rawvideo"]
        if is_all:
            words += ["-fps_mode", "passthrough"]
        raw = self._decoded(asset, media, (start, length), [*words, "-f", "rawvideo"])
        size = WIDTH * HEIGHT
        return [
            Image.frombytes("L", (WIDTH, HEIGHT), raw[at : at + size]) for at in range(0, len(raw) - size + 1, size)
        ]

    def _decoded(self, asset: str, media: Media, span: tuple[Fraction, Fraction], words: Sequence[str]) -> bytes:
        out = self.scratch / f"asked-{next(_NUMBERS)}.raw"
        try:
            where = f"file:{self.file_of(asset)}"
            times = ["-ss", f"{float(span[0]):.6f}", "-t", f"{float(span[1]):.6f}"]
            argv = [*demuxing(media), *times, "-i", where, *words, f"file:{out}"]
            self.ffmpeg.run(argv, log=out.with_suffix(".log"))
            return out.read_bytes()
        except (VideogenError, OSError):
            return b""  # what a source is cannot be told: a warning, not a failure
        finally:
            durable.remove(out)
            durable.remove(out.with_suffix(".log"))

    # -- the sound -------------------------------------------------------------------------------------------------

    def is_silent(self, timeline: Timeline, start_s: float, end_s: float) -> bool | None:
        """Whether all sources of a sound are silent, or not to be heard, within a stretch of it."""
        answers = [
            self._is_track_silent(sound, timeline, Fraction(start_s).limit_denominator(1000), end_s - start_s)
            for sound in timeline.sounds
        ]
        return False if False in answers else None if None in answers else True

    def _is_track_silent(self, sound: SoundTrack, timeline: Timeline, start: Fraction, length_s: float) -> bool | None:
        if sound.gain <= 0 or sound.ducked_by is not None:
            return True if sound.gain <= 0 else None
        # A quarter of a second of music that fades, or of a word that ends, is let be at either end.
        inner = (start + Fraction(1, 4), Fraction(max(0.1, length_s - 0.5)).limit_denominator(1000))
        samples = self._samples(sound, timeline, inner, 8000)
        if samples is None:
            return None
        peak = max(map(abs, samples), default=0.0) * float(sound.gain)
        return peak <= 10 ** (SILENT_DB / 20)

    def jumps(self, timeline: Timeline, start_s: float, end_s: float) -> bool | None:
        """Whether a source of a sound jumps by itself between two times, or begins or ends there as it was asked to."""
        middle = Fraction((start_s + end_s) / 2).limit_denominator(48000)
        half = Fraction(1, 40)
        for sound in timeline.sounds:
            if any(abs(edge - middle) <= half for edge in self._edges(sound, timeline)):
                return True
            samples = self._samples(sound, timeline, (max(Fraction(0), middle - half), 2 * half), 48000)
            if samples is None:
                return None
            if standing_out_db(samples) >= JUMP_DB:
                return True
        return False

    def _edges(self, sound: SoundTrack, timeline: Timeline) -> Iterator[Fraction]:
        """Give when a sound begins and ends at once, not fading, within the video. Units: seconds."""
        canvas, media = timeline.canvas, self.media.get(sound.asset)
        at = sound.at or Range(start=0, end=timeline.length)
        begin = at.start / canvas.fps + Fraction(sound.lead, canvas.sample_rate)
        if not sound.fade_in:
            yield begin
        if not sound.fade_out:
            yield at.end / canvas.fps
        if media is not None and media.sound is not None and not sound.is_looped:
            yield begin + media.sound.duration_s - sound.start / canvas.fps

    def _samples(
        self, sound: SoundTrack, timeline: Timeline, span: tuple[Fraction, Fraction], rate: int
    ) -> "array[float] | None":
        """Decode what a track plays in a stretch of the video; None: it cannot be decoded. Empty: it plays nothing."""
        media, canvas = self.media.get(sound.asset), timeline.canvas
        if media is None or media.sound is None:
            return None
        fps, at = canvas.fps, sound.at or Range(start=0, end=timeline.length)
        begin = span[0] - at.start / fps - Fraction(sound.lead, canvas.sample_rate)
        place, whole = begin + sound.start / fps, media.sound.duration_s
        if sound.is_looped and whole:
            place %= whole
        if begin < 0 or place >= whole or span[0] >= at.end / fps:
            return array("f")
        words = ["-vn", "-sn", "-ac", "1", "-ar", str(rate), "-c:a", "pcm_f32le", "-f", "f32le"]
        raw = self._decoded(sound.asset, media, (place, min(span[1], whole - place)), words)
        return array("f", raw[: len(raw) // 4 * 4]) if raw else None


def reckoned(timeline: Timeline, media: Mapping[str, Media]) -> Reckoned:
    """Give how loud a mix may be by its sources; where one of them sounds only at times, that cannot be told.

    A mix that was brought to a loudness is judged by that, where any of its sources is loud at all, and where it lasts
    for a block of the measurement: what is shorter has no loudness.
    """
    levels = []
    if timeline.loudness_lufs is not None:
        target = float(timeline.loudness_lufs)
        heard = (media[sound.asset].sound for sound in timeline.sounds if sound.asset in media and sound.gain > 0)
        is_told = timeline.length >= BLOCK_S * timeline.canvas.fps
        if is_told and any(one is not None and one.loudness is not None for one in heard):
            return Reckoned(most_lufs=target, least_lufs=min(target, LIMITED_LUFS), by="what was asked for")
        return Reckoned()
    for sound in timeline.sounds:
        known = media[sound.asset].sound if sound.asset in media else None
        is_whole = sound.at is None and not sound.start and sound.ducked_by is None and sound.gain > 0
        if known is None or known.loudness is None or not is_whole:
            return Reckoned()
        if not sound.is_looped and known.duration_s * timeline.canvas.fps < Fraction(timeline.length, 2):
            return Reckoned()
        both = GATED_LU if known.channels == 1 and timeline.canvas.channels == 2 else 0.0
        levels.append(known.loudness.integrated_lufs + 20 * log10(float(sound.gain)) + both)
    if not levels:
        return Reckoned()
    return Reckoned(most_lufs=summed_lufs(levels), least_lufs=min(max(levels), LIMITED_LUFS))


def _is_told(sort: Sort, media: Media, begin: Fraction, end: Fraction) -> bool:
    """Whether the side file says that a clip is so itself, to two frames at either end."""
    picture = media.picture
    if picture is None or picture.view is None or sort == "odd":
        return False
    if sort == "still" and picture.frames == 1:
        return True
    told = picture.view.black if sort == "black" else picture.view.frozen
    slack = 2 / picture.rate
    return any(start / picture.rate - slack <= begin and end <= stop / picture.rate + slack for start, stop in told)


def _is_so(sort: Sort, pictures: Sequence[Image.Image], levels: float) -> bool:
    """Whether the pictures of a source are black, or stand still, or jump as what was made of them does."""
    if sort == "black":
        means = sorted(ImageStat.Stat(picture).mean[0] for picture in pictures)
        return means[len(means) // 2] <= DARK_LEVEL
    small = [picture.resize((COLUMNS, ROWS), Image.Resampling.BOX) for picture in pictures]
    if sort == "still":
        return max(_apart(small[0], picture) for picture in small) <= levels
    return max((_apart(one, other) for one, other in pairwise(small)), default=0.0) > levels


def _bound(sort: Sort, look: Look, span: tuple[int, int], flash_levels: float) -> float:
    """Give how far a source may move where it is to be still, and how far it must jump where it is to jump.

    What was made of it may have moved as well, slowly: the source is allowed several times as much. What jumps is to
    jump half as far in the source: one that only moves fast is no excuse for a frame of another picture.
    """
    if sort == "black":
        return 0.0
    if sort == "odd":
        beside = span[0] + 1 if span[0] == 0 else span[0] - 1
        return max(flash_levels, difference(look.picture(span[0]), look.picture(beside))) / 2
    first = look.picture(span[0])
    moved = max(difference(first, look.picture(frame)) for frame in range(span[0], span[1]))
    return max(MOVED_LEVELS, MOVED_TIMES * moved)


def _apart(one: Image.Image, other: Image.Image) -> float:
    return float(ImageStat.Stat(ImageChops.difference(one, other)).mean[0])


_NUMBERS = count(1)
