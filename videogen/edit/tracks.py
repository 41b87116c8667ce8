"""Tracks one after the other: who is heard when, to the sample, how loud, and by what name."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import cycle
from math import ceil, floor
from typing import NamedTuple

from videogen.edit.contradiction import contradiction
from videogen.model.dealing import dealt
from videogen.model.label import label_of
from videogen.model.media import Media
from videogen.model.mix import Mix
from videogen.model.stock import Stock
from videogen.model.timebase import Range, frames_of, samples_of
from videogen.model.timeline import Canvas, SoundTrack
from videogen.model.value import Digest

MOST = 2000
"""Of a whole mix: more than six hours have of anything that is music."""
LEAST_S = 2
"""Less of a track, fading out as well, is heard as a mistake."""
GAIN_MOST = 16
"""24 dB: what a timeline takes, and more than a track needs that is one."""
_EMPTY = "\0"
_BETWEEN = r"\s*[-\u2010-\u2015\u00b7\u2022|/:;,~]+\s*"
"""What stands between two fields of a template and is nothing without both."""


class Track(NamedTuple):
    """One sound of a mix, the name of its file without its ending, and what is known of it."""

    content: Digest
    name: str
    media: Media

    @property
    def is_tagged(self) -> bool:
        """Whether it says what it is called."""
        return bool(self.media.tags.title)

    def title(self, template: str, number: int) -> str:
        """Give what it is called on the picture, as a line; what it does not say is left out of the template."""
        tags = self.media.tags
        said = {"artist": tags.artist, "title": tags.title or self.name, "album": tags.album, "number": str(number)}
        # One look at the template: braces in a title are letters.
        text = re.sub(r"\{(\w+)\}", lambda found: said[found.group(1)] or _EMPTY, template)
        text = re.sub(rf"[(\[]\s*{_EMPTY}\s*[)\]]", _EMPTY, text)
        text = re.sub(rf"^(?:\s*{_EMPTY}(?:{_BETWEEN}|\s+|$))+", "", text)
        text = re.sub(rf"(?:{_BETWEEN})?{_EMPTY}", "", text)
        return label_of(text) or self.name or str(number)


class Heard(NamedTuple):
    """A track as it is heard. Units: samples of the canvas from the first of the video; frames for the fades."""

    track: Track
    begin: int
    end: int
    fade_in: int = 0
    fade_out: int = 0


def tracks_of(mix: Mix, stock: Stock) -> tuple[Track, ...]:
    """Give the tracks a description names, in its order. Raises: RecipeError: there is none, or one has no sound."""
    tracks = []
    for mention in mix.mentions():
        if mention.use != "sound":
            continue
        content = stock.content(mention)
        media = stock.media[content]
        if media.sound is None or not media.sound.samples:
            raise contradiction(
                mention.pointer,
                f"names {mention.name!r}, which has no sound",
                remedy="Name it among the clips, or leave it out.",
            )
        stem = mention.name.rpartition("/")[2].rpartition(".")
        tracks.append(Track(content, label_of((stem[0] or stem[2]).replace("_", " ")), media))
    if not tracks:
        raise contradiction(
            "/tracks",
            "names no track, and the folder holds none",
            remedy="Put sounds into the folder, as MP3, FLAC or WAV.",
        )
    return tuple(tracks)


def heard_of(mix: Mix, tracks: Sequence[Track], seed: int, canvas: Canvas) -> tuple[Heard, ...]:
    """Lay tracks end to end for the wished length, or each once; the last may go on beyond that length.

    None is begun to be heard for less than LEAST_S: then the end is silent for so long at most.

    Shape: with no crossfade each begins at the very sample after the one before. With one, each begins and ends on a
        frame, and two fade into each other for half of the shorter one at most.
    Raises: RecipeError: it would take more than MOST tracks.
    """
    is_shuffled = mix.is_shuffled("tracks")
    order = dealt(tracks, lambda one: one.content, seed, "tracks") if is_shuffled else cycle(tracks)
    once = len({one.content for one in tracks}) if is_shuffled else len(tracks)
    need = _sample(frames_of(mix.length_s - LEAST_S, canvas.fps), canvas) if mix.length_s else None
    share = frames_of(mix.crossfade_s, canvas.fps)
    heard: list[Heard] = []
    for track in order:
        if (len(heard) == once) if need is None else heard and heard[-1].end >= need:
            break
        if len(heard) == MOST:
            raise contradiction(
                "/tracks", f"come to more than {MOST} tracks", remedy="Give longer tracks, or a shorter length."
            )
        _append(heard, track, share, canvas)
    return tuple(heard)


def _append(heard: list[Heard], track: Track, share: int, canvas: Canvas) -> None:
    samples, end = _samples(track, canvas), heard[-1].end if heard else 0
    if not share:
        heard.append(Heard(track, end, end + samples))
        return
    frames = max(1, last_frame(samples + 1, canvas) - 1)
    before = frame_at(end, canvas)
    fade = min(share, frames // 2, (before - frame_at(heard[-1].begin, canvas)) // 2) if heard else 0
    if heard:
        heard[-1] = heard[-1]._replace(fade_out=fade)
    begin, end = (_sample(frame, canvas) for frame in (before - fade, before - fade + frames))
    heard.append(Heard(track, begin, end, fade_in=fade))


def sounds_of(mix: Mix, heard: Sequence[Heard], canvas: Canvas, length: int) -> Iterator[SoundTrack]:
    """Give the sounds of a timeline of so many frames; one that goes on beyond it is cut there, and fades out."""
    for one in heard:
        end = last_frame(one.end, canvas)
        at = Range(start=frame_at(one.begin, canvas), end=min(end, length))
        out = one.fade_out if end <= length else min(frames_of(mix.fade_out_s, canvas.fps), at.length - one.fade_in)
        yield SoundTrack(
            asset=one.track.content,
            gain=_gain(mix, one.track),
            at=at,
            lead=one.begin - _sample(at.start, canvas),
            fade_in=one.fade_in,
            fade_out=out,
            curve="power" if mix.crossfade_s else "linear",
        )


def _gain(mix: Mix, track: Track) -> Fraction:
    measured = track.media.sound.loudness if track.media.sound else None
    if mix.loudness_lufs is None or measured is None:
        return Fraction(1)
    gain = 10 ** ((float(mix.loudness_lufs) - measured.integrated_lufs) / 20)
    return Fraction(f"{min(gain, GAIN_MOST):.6f}")


def _samples(track: Track, canvas: Canvas) -> int:
    # Rounded down: what ends within a sample leaves it to the next one, as the lanes of the mix do.
    return max(1, floor(track.media.sound.duration_s * canvas.sample_rate)) if track.media.sound else 1


def _sample(frame: int, canvas: Canvas) -> int:
    return samples_of(frame, canvas.fps, canvas.sample_rate)


def frame_at(sample: int, canvas: Canvas) -> int:
    """Give the frame during which a sample is heard: the last that begins no later."""
    frame = floor(sample * canvas.fps / canvas.sample_rate)
    return frame + 1 if _sample(frame + 1, canvas) <= sample else frame


def last_frame(sample: int, canvas: Canvas) -> int:
    """Give how many frames it takes until a sample begins: as few as possible."""
    frame = ceil(sample * canvas.fps / canvas.sample_rate)
    return frame - 1 if _sample(frame - 1, canvas) >= sample else frame
