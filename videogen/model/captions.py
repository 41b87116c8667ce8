"""Captions as text: SubRip and WebVTT, read strictly and written plainly. Pure.

A cue is words and two times. Markup (italics, colours, places, voices) is left out when read, since a player of MP4
shows it as it stands; everything else is data and is never run, opened or put into a filter.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from videogen.errors import RecipeError
from videogen.model.timebase import Range, frames_of, rounded
from videogen.model.timeline import Caption

CHARACTERS_MOST = 4_000_000
"""A film of three hours has a tenth of it."""
CUES_MOST = 20_000
WORDS_MOST = 2000
LATEST_S = 100 * 3600

_TIME = r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})"
_TIMES = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t].*)?", re.ASCII)
_MARKUP = re.compile(r"</?(?:[biucv]|font|lang|ruby|rt)(?:[ .\t][^<>]{0,200})?>|<[\d:.]{5,12}>|\{\\[^{}]{0,60}\}", re.I)
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&nbsp;": "\u00a0", "&lrm;": "\u200e", "&rlm;": "\u200f", "&amp;": "&"}
_NOTES = ("NOTE", "STYLE", "REGION")
REMEDY = "Correct the captions there, or save them again as .srt in UTF-8."


class Cues(NamedTuple):
    """Captions of one video. `warnings`: what was left out, a sentence each, its word before a colon."""

    captions: tuple[Caption, ...]
    warnings: tuple[str, ...] = ()


class _Cue(NamedTuple):
    line: int
    start_s: Fraction
    end_s: Fraction
    text: str


def captions_of(text: str, name: str, fps: Fraction, frames: int) -> Cues:
    """Read captions, each on its frames of a video of `frames` frames.

    Shape: they rise and never overlap: one that goes on under the next is cut there, and what begins after the end of
        the video is left out, with a warning. A cue without words is a pause.
    Units: `fps` frames per second. `name` is the file's, for people.
    Raises: RecipeError: `bad-captions`: it is neither SubRip nor WebVTT, is too long, or a cue is wrong: in which line.
    """
    if len(text) > CHARACTERS_MOST:
        raise _bad(name, f"is {len(text)} characters long, and may be {CHARACTERS_MOST}")
    cues = list(_cues(text.removeprefix("\ufeff"), name))
    if not cues:
        raise _bad(name, "holds no captions")
    for before, cue in pairwise(cues):
        if cue.start_s <= before.start_s:
            raise _bad(name, f"has a cue that begins no later than the one before it, in line {cue.line}")
    captions = tuple(_placed(cues, fps, frames))
    late = sum(1 for cue in cues if frames_of(cue.start_s, fps) >= frames and cue.text)
    warnings = (f"captions-late: {late} captions of {name} begin after the end of the video.",) if late else ()
    return Cues(captions, warnings)


def _bad(name: str, said: str) -> RecipeError:
    return RecipeError(f"{name} {said}", remedy=REMEDY, code="bad-captions")


def _cues(text: str, name: str) -> Iterator[_Cue]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    is_vtt = lines[0].split(" ")[0].split("\t")[0] == "WEBVTT"
    at, count = _block_end(lines, 0) if is_vtt else 0, 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        end = _block_end(lines, at)
        cue = None if is_vtt and lines[at].split(" ")[0] in _NOTES else _cue(lines, at, end, name, is_vtt=is_vtt)
        if cue is not None:
            count += 1
            if count > CUES_MOST:
                raise _bad(name, f"has more than {CUES_MOST} cues")
            yield cue
        at = end


def _block_end(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and lines[at].strip():
        at += 1
    return at


def _cue(lines: Sequence[str], at: int, end: int, name: str, *, is_vtt: bool) -> _Cue:
    """Read one block: a number or a name, which may be missing, the times, the words."""
    times = _TIMES.fullmatch(lines[at])
    if times is None and at + 1 < end:
        at += 1
        times = _TIMES.fullmatch(lines[at])
    if times is None:
        raise _bad(name, f"has no times such as 00:00:01,000 --> 00:00:02,500 in line {at + 1}")
    parts = times.groups()
    start_s, end_s = _seconds(parts[:4]), _seconds(parts[4:])
    if not start_s < end_s <= LATEST_S:
        raise _bad(name, f"has a cue that ends before it begins, or too late, in line {at + 1}")
    return _Cue(at + 1, start_s, end_s, _words(lines[at + 1 : end], name, at + 2, is_vtt=is_vtt))


def _seconds(parts: Sequence[str | None]) -> Fraction:
    hours, minutes, seconds, thousandths = (part or "0" for part in parts)
    return 3600 * int(hours) + 60 * int(minutes) + int(seconds) + Fraction(int(thousandths.ljust(3, "0")), 1000)


def _words(lines: Sequence[str], name: str, line: int, *, is_vtt: bool) -> str:
    kept = []
    for nth, raw in enumerate(lines):
        words = _MARKUP.sub("", raw).replace("\t", " ").strip()
        if is_vtt:
            words = re.sub("|".join(_ENTITIES), lambda found: _ENTITIES[found[0]], words)
        if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in words):
            raise _bad(name, f"has a control character in line {line + nth}")
        if words:
            kept.append(words)
    text = "\n".join(kept)
    if len(text) > WORDS_MOST:
        raise _bad(name, f"has a cue of {len(text)} characters in line {line}, and may have {WORDS_MOST}")
    return text


def _placed(cues: Sequence[_Cue], fps: Fraction, frames: int) -> Iterator[Caption]:
    starts = [frames_of(cue.start_s, fps) for cue in cues] + [frames]
    for cue, start, following in zip(cues, starts[:-1], starts[1:], strict=True):
        end = min(max(start + 1, frames_of(cue.end_s, fps)), following, frames)
        if cue.text and start < end:
            yield Caption(at=Range(start=start, end=end), text=cue.text)


# -- writing -----------------------------------------------------------------------------------------------------------


def srt_of(captions: Sequence[Caption], fps: Fraction) -> str:
    """Give captions as SubRip. Source: as VLC and YouTube read it; no arrow of times can stand in the words."""
    blocks = [
        f"{nth}\n{_stamp(one.at.start, fps, ',')} --> {_stamp(one.at.end, fps, ',')}\n"
        + plain(one.text).replace("-->", "->")
        for nth, one in enumerate(captions, start=1)
    ]
    return "".join(f"{block}\n\n" for block in blocks)


def vtt_of(captions: Sequence[Caption], fps: Fraction) -> str:
    """Give captions as WebVTT, in which a browser shows them. Source: W3C WebVTT, 4.2.2: what must be escaped."""
    blocks = ["WEBVTT\n"]
    for one in captions:
        words = plain(one.text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"\n{_stamp(one.at.start, fps, '.')} --> {_stamp(one.at.end, fps, '.')}\n{words}\n")
    return "".join(blocks)


def plain(text: str) -> str:
    """Give words as lines without control characters, none of them empty; a file of captions ends a cue at one."""
    lines = ("".join(_shown(line)).strip() for line in re.split(r"\r\n|[\n\r\v\f\x85\u2028\u2029]", text))
    return "\n".join(line for line in lines if line)


def _shown(line: str) -> Iterator[str]:
    for letter in line:
        category = unicodedata.category(letter)
        yield " " if letter == "\t" else "" if category == "Cc" else letter


def _stamp(frame: int, fps: Fraction, point: str) -> str:
    thousandths = rounded(frame * 1000 / fps)
    seconds, thousandths = divmod(thousandths, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{thousandths:03}"
