"""Judges a video by what was measured of it: numbers and limits in, a verdict for each check out. Pure.

What the sources already were is no defect. A segment's side file says of every suspicious stretch whether its source is
the same there; where it could not be asked the stretch is a warning. A bridge shows frames that the segment beside it
shows as well, so the two are held against each other, picture by picture.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log10

from videogen.model.quality import STEPS, Check, Figure, Heard, Limits, Look, Sort, Verdict, difference
from videogen.model.timebase import Range

STILL = round(0.75 * STEPS)
"""A frame this near to the one before may stand still: an encoder repeats it and adds little. What moves slowly passes
for still here as well; asking its source tells them apart."""
SAME_LEVELS = 4.0
"""Two encodes of one frame are no further apart than this in their small pictures, also where it is noise."""
BLACK = 5
"""Thousandths of the points that may be light in a black frame: a logo is smaller."""
SPELL_S = Fraction(2, 5)
"""Stretches from here on are looked into; shorter ones cannot add up to what a limit may be."""
STILL_S = Fraction(3, 2)


@dataclass(frozen=True)
class Shown:
    """One part of a video: frames of a segment, and how it looks.

    `like`: whose frames, from `start` on, a bridge shows. `look` None: nothing is known of it.
    """

    frames: Range
    look: Look | None
    like: Look | None = None
    start: int = 0


@dataclass(frozen=True)
class _Run:
    sort: Sort
    start: int
    end: int


# -- one segment -------------------------------------------------------------------------------------------------------


def suspicious(look: Look, fps: Fraction, flash_levels: float) -> list[tuple[Sort, int, int]]:
    """Give the stretches of a segment that its source must be asked about.

    Shape: half-open, in frames of the segment; stretches that touch an end may go on in another segment, so they are
        given from SPELL_S on.
    """
    black = [light <= BLACK for light in look.lights]
    still = [False, *(change <= STILL for change in look.changes[1:])]
    runs = [_Run("black", start, end) for start, end in runs_of(black)]
    runs += [_Run("still", start - 1, end) for start, end in runs_of(still)]
    kept = [run for run in runs if run.end - run.start >= _least(run, look, fps)]
    odd = [_Run("odd", frame, frame + 1) for frame in _odd(look, flash_levels)]
    return [(run.sort, run.start, run.end) for run in kept + odd]


def _least(run: _Run, look: Look, fps: Fraction) -> Fraction:
    is_at_edge = run.start == 0 or run.end == look.frames
    return max(Fraction(2), (SPELL_S if run.sort == "black" or is_at_edge else STILL_S) * fps)


def _odd(look: Look, levels: float) -> Iterator[int]:
    """Give the first and the last frame where they are unlike all that stands beside them."""
    for frame, beside, beyond in ((0, 1, 2), (look.frames - 1, look.frames - 2, look.frames - 3)):
        if look.frames > 3:
            jump = difference(look.picture(frame), look.picture(beside))
            if jump > levels and difference(look.picture(beside), look.picture(beyond)) < levels / 2:
                yield frame


def runs_of(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Give the stretches in which a flag holds, half-open."""
    start = None
    for nth, flag in enumerate((*flags, False)):
        if flag and start is None:
            start = nth
        elif not flag and start is not None:
            yield start, nth
            start = None


# -- the picture -------------------------------------------------------------------------------------------------------


@dataclass
class _Frames:
    """What is known of each frame of a video, frame by frame."""

    black: list[bool]
    still: list[bool]
    own: dict[Sort, list[bool]]
    unsure: dict[Sort, list[bool]]


def seen(parts: Sequence[Shown], fps: Fraction, limits: Limits) -> list[Figure]:
    """Judge the picture of a video by the looks of its parts: black, freeze, flash."""
    frames = _frames(parts)
    return [
        _stretch("black", "black", frames.black, frames, (limits.black_s, fps, limits)),
        _stretch("freeze", "still", frames.still, frames, (limits.freeze_s, fps, limits)),
        _flashes(parts, limits),
    ]


def _frames(parts: Sequence[Shown]) -> _Frames:
    sorts: tuple[Sort, ...] = ("black", "still")
    out = _Frames([], [], {sort: [] for sort in sorts}, {sort: [] for sort in sorts})
    before = b""
    for part in parts:
        start, end = part.frames.start, part.frames.end
        if part.look is None:
            flags = [False] * part.frames.length
            out.black += flags
            out.still += flags
        else:
            first = part.look.picture(start)
            is_same = bool(before) and difference(before, first) <= SAME_LEVELS
            out.black += [light <= BLACK for light in part.look.lights[start:end]]
            out.still += [is_same, *(change <= STILL for change in part.look.changes[start + 1 : end])]
        for sort in sorts:
            for into, word in ((out.own, True), (out.unsure, None)):
                into[sort] += _covered(part, sort, is_own=word)
        before = part.look.picture(end - 1) if part.look is not None else b""
    return out


def _covered(part: Shown, sort: Sort, *, is_own: bool | None) -> list[bool]:
    """Say of each frame of a part whether a spell of it covers it; a bridge has those of the segment it is cut from."""
    look, offset = (part.like, part.start) if part.like is not None else (part.look, 0)
    flags = [False] * part.frames.length
    for spell in look.spells if look is not None else ():
        if spell.sort == sort and spell.is_own is is_own:
            begin, end = (place - offset - part.frames.start for place in (spell.start, spell.end))
            for frame in range(max(0, begin), min(end, len(flags))):
                flags[frame] = True
    return flags


def _stretch(
    check: Check, sort: Sort, flags: Sequence[bool], frames: _Frames, held: tuple[float, Fraction, Limits]
) -> Figure:
    limit_s, fps, limits = held
    # Of what stands still the first frame counts as well: the one that those after it are like.
    before = int(sort == "still")
    least = limit_s * fps
    whole = max(_but(before, flags), key=lambda run: run[1] - run[0], default=(0, 0))
    bad = [run for run in _but(before, flags, frames.own[sort], frames.unsure[sort]) if run[1] - run[0] >= least]
    maybe = [run for run in _but(before, flags, frames.own[sort]) if run[1] - run[0] >= least]
    verdict: Verdict = limits.verdict(check) if bad else "warn" if maybe and check not in limits.off else "good"
    at = bad or maybe
    word = "is black" if check == "black" else "stands still"
    where = ", ".join(f"{float(start / fps):.2f} to {float(end / fps):.2f} s" for start, end in at[:5])
    tail = "" if bad else "; its source could not be asked"
    return Figure(
        check=check,
        verdict="off" if check in limits.off else verdict,
        value=round(float((whole[1] - whole[0]) / fps), 3),
        limit=limit_s,
        unit="s",
        said=f"the picture {word} from {where}{tail}" if at else "",
        at=tuple(at),
    )


def _but(before: int, flags: Sequence[bool], *without: Sequence[bool]) -> list[tuple[int, int]]:
    """Give the stretches in which a flag holds and none of the others does, and so many frames before each."""
    found = runs_of([flag and not any(rest) for flag, *rest in zip(flags, *without, strict=True)])
    return [(max(0, start - before), end) for start, end in found]


def _flashes(parts: Sequence[Shown], limits: Limits) -> Figure:
    found: list[tuple[int, Verdict]] = []
    most, at = 0.0, 0
    for part in parts:
        for frame, levels, verdict in _strange(part, limits):
            most = max(most, levels)
            if verdict != "good":
                found.append((at + frame, verdict))
        at += part.frames.length
    bad = [frame for frame, verdict in found if verdict == "bad"]
    frames = bad or [frame for frame, _ in found]
    verdict = limits.verdict("flash") if bad else "warn" if found and "flash" not in limits.off else "good"
    said = f"frames {', '.join(map(str, frames[:8]))} are unlike what stands there" if frames else ""
    return Figure(
        check="flash",
        verdict="off" if "flash" in limits.off else verdict,
        value=round(most, 1),
        limit=limits.flash_levels,
        unit="levels",
        said=said,
        at=tuple((frame, frame + 1) for frame in frames),
    )


def _strange(part: Shown, limits: Limits) -> Iterator[tuple[int, float, Verdict]]:
    """Give the frames of a part that may not belong where they are: number in the part, how strange, the verdict."""
    if part.look is None:
        return
    if part.like is not None:
        for nth in range(part.frames.length):
            frame = part.frames.start + nth
            levels = difference(part.look.picture(frame), part.like.picture(part.start + frame))
            yield nth, levels, "bad" if levels > limits.flash_levels else "good"
        return
    words: dict[bool | None, Verdict] = {True: "good", False: "bad", None: "warn"}
    for spell in part.look.spells:
        if spell.sort == "odd" and part.frames.start <= spell.start < part.frames.end:
            yield spell.start - part.frames.start, limits.flash_levels, words[spell.is_own]


# -- the sound ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reckoned:
    """What a sound is to be `by` its sources, or by what was asked for. Units: LUFS; None: it cannot be told."""

    most_lufs: float | None = None
    least_lufs: float | None = None
    by: str = "its sources"


Ask = Callable[[float, float], bool | None]
"""Whether the sources are silent too, or jump too, between two times; None: they could not be asked."""


def heard(sound: Heard, reckoned: Reckoned, limits: Limits, ask: tuple[Ask, Ask]) -> list[Figure]:
    """Judge the sound of a video: silence, loudness, peak, clipping, clicks."""
    is_silent, jumps = ask
    long = [span for span in sound.silences if span[1] - span[0] >= limits.silence_s]
    longest = max((end - start for start, end in sound.silences), default=0.0)
    clicks = [place for place, levels in sound.clicks if levels > limits.click_db]
    highest = max((levels for _, levels in sound.clicks), default=0.0)
    return [
        _asked("silence", (round(longest, 3), limits.silence_s, "s"), long, is_silent, limits),
        _loudness(sound, reckoned, limits),
        _over("peak", (sound.true_peak_dbtp, limits.peak_dbtp, "dBTP"), "the sound goes too high", limits),
        _over("clipping", (sound.clipped, limits.clipped, "share"), "samples stand at full scale", limits),
        _asked("click", (highest, limits.click_db, "dB"), [(one - 0.01, one + 0.01) for one in clicks], jumps, limits),
    ]


def _asked(
    check: Check, numbers: tuple[float, float, str], spans: Sequence[tuple[float, float]], ask: Ask, limits: Limits
) -> Figure:
    answers = [(span, ask(*span)) for span in spans] if check not in limits.off else []
    bad = [span for span, answer in answers if answer is False]
    maybe = [span for span, answer in answers if answer is None]
    verdict: Verdict = limits.verdict(check) if bad else "warn" if maybe else "good"
    value, limit, unit = numbers
    word = "there is no sound from" if check == "silence" else "the sound jumps at a join,"
    where = ", ".join(f"{start:.2f} to {end:.2f} s" for start, end in (bad or maybe)[:5])
    return Figure(
        check=check,
        verdict="off" if check in limits.off else verdict,
        value=value,
        limit=limit,
        unit=unit,
        said=f"{word} {where}{'' if bad else '; its sources could not be asked'}" if where else "",
    )


def _over(check: Check, numbers: tuple[float | None, float, str], said: str, limits: Limits) -> Figure:
    value, limit, unit = numbers
    is_over = value is not None and value > limit
    verdict: Verdict = limits.verdict(check) if is_over else "good"
    verdict = "off" if check in limits.off else verdict
    return Figure(check=check, verdict=verdict, value=value, limit=limit, unit=unit, said=said if is_over else "")


def _loudness(sound: Heard, reckoned: Reckoned, limits: Limits) -> Figure:
    value, said = sound.loudness_lufs, ""
    most = None if reckoned.most_lufs is None else round(reckoned.most_lufs + limits.louder_lu, 1)
    least = None if reckoned.least_lufs is None else round(reckoned.least_lufs - limits.quieter_lu, 1)
    if value is not None and most is not None and value > most:
        said = f"the sound is louder than {reckoned.by}, {value:.1f} LUFS"
    elif least is not None and (value is None or value < least):
        said = f"the sound is quieter than {reckoned.by}" + ("" if value is None else f", {value:.1f} LUFS")
    bounds = None if most is None or least is None else f"{least:g} to {most:g}"
    verdict: Verdict = limits.verdict("loudness") if said else "good"
    verdict = "off" if "loudness" in limits.off else verdict
    return Figure(check="loudness", verdict=verdict, value=value, limit=bounds, unit="LUFS", said=said)


def summed_lufs(levels: Sequence[float]) -> float:
    """Give how loud sounds are together."""
    return 10 * log10(sum(10 ** (level / 10) for level in levels)) if levels else -200.0
