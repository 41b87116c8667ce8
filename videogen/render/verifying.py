"""A finished file decoded whole, ours or anybody's: everything the gate asks of a video, asked of its bytes.

Of a video of ours the manifest says what it was when it left, and whatever differs is wrong. Of another file nobody
says what its makers meant: what cannot be decoded is wrong there, the rest is worth a look.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from videogen import durable
from videogen.errors import Defect, MediaError
from videogen.model.manifest import Manifest
from videogen.model.quality import Check, Figure, Heard, Limits, Look, Quality, Spell, Verdict, difference
from videogen.model.timebase import Range, parse_resolution
from videogen.render import gate
from videogen.render.boxes import Index, Track, index_of
from videogen.render.check import BT709, misplaced, starts_at, worded
from videogen.render.hearing import hear
from videogen.render.looking import Eye, UndecodableError, look_at
from videogen.render.sounding import PRIMING
from videogen.render.wording import Wording

APART_S = 0.1
"""Picture and sound that end further apart are seen to."""
ALIKE_LU = 0.5
ALIKE_S = 0.1
OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,matroska,webm,mpegts,mp3,flac,ogg,wav,aac",
}
Tell = Callable[[int, int], None]
"""Hears how many frames are decoded, of how many."""


@dataclass
class _Film:
    """What was found of a file's picture."""

    rate: Fraction = Fraction(25)
    size: tuple[int, int] = (0, 0)
    packets: int = 0
    look: Look | None = None
    stopped: UndecodableError | None = None
    colour: tuple[int, int, int] = (2, 2, 2)
    length_s: float = 0.0


def verify(file: Path, limits: Limits, manifest: Manifest | None, tell: Tell = lambda _a, _b: None) -> Quality:
    """Decode all of a file and judge it; by its manifest where there is one.

    Raises: MediaError: it is no file that can be opened, or it has no picture and no sound.
    """
    looking = _Looking(file, limits, manifest)
    return Quality(figures=tuple(looking.figures(tell)))


class _Looking:
    """One look at one file."""

    def __init__(self, file: Path, limits: Limits, manifest: Manifest | None) -> None:
        self._file = file
        self._limits = limits
        self._manifest = manifest
        self._index = self._trouble = None
        try:
            self._index = index_of(file)
        except Defect as error:
            self._trouble = error.message

    def figures(self, tell: Tell) -> Iterator[Figure]:
        film, has_sound = self._decoded(tell)
        if self._manifest is not None:
            yield self._hash(self._manifest)
        yield self._tracks(film, has_sound=has_sound)
        if film is not None:
            yield from self._container(film)
            yield from self._picture(film)
        if has_sound:
            yield from self._sound(film)

    # -- reading ---------------------------------------------------------------------------------------------------

    def _decoded(self, tell: Tell) -> tuple[_Film | None, bool]:
        try:
            with av.open(str(self._file), options=OPTIONS) as container:
                has_sound = bool(container.streams.audio)
                if not container.streams.video:
                    if not has_sound:
                        raise av.error.InvalidDataError(0, "it has no picture and no sound")
                    return None, True
                return _film(container, container.streams.video[0], tell), has_sound
        except av.error.FFmpegError as error:
            raise MediaError(
                f"{self._file.name} cannot be opened ({error.strerror})",
                remedy="Give a video; a copy that broke off is copied again.",
                code="bad-structure",
            ) from error

    def _soft(self, check: Check) -> Verdict:
        """Give what it means to fail a check that only a manifest makes a promise of."""
        verdict = self._limits.verdict(check)
        return verdict if self._manifest is not None or verdict == "off" else "warn"

    def _figure(self, check: Check, value: float | str, limit: float | str | None, said: str = "") -> Figure:
        return Figure(check=check, verdict=self._soft(check) if said else "good", value=value, limit=limit, said=said)

    # -- the file --------------------------------------------------------------------------------------------------

    def _hash(self, manifest: Manifest) -> Figure:
        found = durable.digest(self._file)
        said = "" if found == manifest.sha256 else "its bytes are not those that were published"
        return self._figure("hash", found[:16], manifest.sha256[:16], said)

    def _tracks(self, film: _Film | None, *, has_sound: bool) -> Figure:
        words = [*(["picture"] if film is not None else []), *(["sound"] if has_sound else [])]
        wanted = "picture and sound" if self._manifest is not None and self._manifest.samples else None
        found = " and ".join(words)
        return self._figure("tracks", found, wanted, f"it has {found} alone" if wanted and found != wanted else "")

    def _container(self, film: _Film) -> Iterator[Figure]:
        width, height = film.size
        wanted = "x".join(map(str, parse_resolution(self._manifest.task.render.resolution))) if self._manifest else None
        found = f"{width}x{height}"
        said = f"it is {found}, not {wanted}" if wanted and wanted != found else ""
        yield self._figure("size", found, wanted, said)
        if self._index is None:
            yield self._figure("index", "none", "in front", self._trouble or "")
            return
        yield from self._indexed(film, self._index)

    def _indexed(self, film: _Film, index: Index) -> Iterator[Figure]:
        tracks = {track.handler: track for track in index.tracks}
        picture, sound = tracks.get("vide"), tracks.get("soun")
        if picture is None:
            return
        runs = len(picture.runs)
        said = "" if runs == 1 else f"its frames last unevenly, in {runs} runs"
        yield self._figure("rate", str(film.rate), self._wanted_rate(), said or self._other_rate(film))
        lengths = [float(Fraction(track.ticks, track.timescale)) for track in (picture, sound) if track is not None]
        if sound is not None and sound.edits:
            lengths[1] = float(Fraction(sound.edits[0][0], index.timescale))
        apart = max(lengths) - min(lengths)
        said = f"picture and sound end {apart:.2f} s apart" if apart > APART_S else ""
        yield self._figure("lengths", round(apart, 3), APART_S, said or self._other_samples(sound))
        wrong = "; ".join(said for _, said in misplaced(index))
        yield from self._words(index)
        yield self._figure("index", "behind" if wrong else "in front", "in front", wrong)
        yield self._edits(picture, sound, index)
        is_ours = self._manifest is None or picture.colour == BT709
        is_told = picture.colour is not None or 2 not in film.colour
        said = "" if is_ours and is_told else f"its colour is {_colour(picture)}"
        yield self._figure("colour", _colour(picture) if picture.colour else str(film.colour), "told", said)

    def _words(self, index: Index) -> Iterator[Figure]:
        """Read captions and chapters again, where a manifest says what they were."""
        timeline = self._manifest.task.timeline if self._manifest else None
        if self._manifest is None or timeline is None or self._manifest.profile is None:
            return
        for check, said in worded(self._file, index, Wording.of(timeline), self._manifest.profile):
            yield self._figure(check, "", "as planned", said)

    def _wanted_rate(self) -> str | None:
        return str(self._manifest.task.render.frame_rate) if self._manifest else None

    def _other_rate(self, film: _Film) -> str:
        wanted = self._wanted_rate()
        return f"it shows {film.rate} frames a second, not {wanted}" if wanted and Fraction(wanted) != film.rate else ""

    def _other_samples(self, sound: Track | None) -> str:
        if self._manifest is None or sound is None or sound.ticks - PRIMING == self._manifest.samples:
            return ""
        return f"its sound has {sound.ticks - PRIMING} samples, not {self._manifest.samples}"

    def _edits(self, picture: Track, sound: Track | None, index: Index) -> Figure:
        said = ""
        if not starts_at(picture, index, min(picture.shown(), default=0), picture.ticks):
            said = f"its edit list {picture.edits} does not show all of the picture"
        elif sound is not None and self._manifest and not starts_at(sound, index, PRIMING, sound.ticks - PRIMING):
            said = f"its edit list {sound.edits} does not leave out the {PRIMING} samples before the sound"
        return self._figure("edits", "all" if not said else "not all", "all", said)

    # -- the picture -----------------------------------------------------------------------------------------------

    def _picture(self, film: _Film) -> Iterator[Figure]:
        look, count = film.look, film.look.frames if film.look else 0
        wanted = self._manifest.frames if self._manifest else film.packets
        said = f"it has {film.packets} frames, not {wanted}" if film.packets != wanted else ""
        yield Figure(
            check="frames",
            verdict="bad" if said else "good",
            value=film.packets,
            limit=wanted,
            unit="frames",
            said=said,
        )
        yield _decode(film, count)
        if look is None or not look.frames:
            return
        found = gate.suspicious(look, film.rate, self._limits.flash_levels)
        spells = tuple(Spell(sort=sort, start=start, end=end) for sort, start, end in found if sort != "odd")
        shown = gate.Shown(Range(start=0, end=look.frames), look.model_copy(update={"spells": spells}))
        for figure in gate.seen([shown], film.rate, self._limits):
            if figure.check != "flash":
                yield self._as_published(figure)
        yield self._flashes(look)

    def _as_published(self, figure: Figure) -> Figure:
        """Judge a longest stretch: what stood in the video when it was published is no news."""
        known = self._manifest.quality.figure(figure.check) if self._manifest and self._manifest.quality else None
        if known is None or figure.verdict == "good":
            return figure
        is_news = float(figure.value or 0) > float(known.value or 0) + ALIKE_S
        if is_news:
            return figure.model_copy(update={"verdict": self._limits.verdict(figure.check), "limit": known.value})
        return figure.model_copy(update={"verdict": "good", "limit": known.value, "said": ""})

    def _flashes(self, look: Look) -> Figure:
        """Give single frames unlike both neighbours, which are alike; a film may have some of its own."""
        levels, found = self._limits.flash_levels, []
        pictures = [look.picture(frame) for frame in range(look.frames)]
        for frame in range(1, look.frames - 1):
            before, here, after = pictures[frame - 1 : frame + 2]
            if difference(before, here) > levels < difference(here, after) and difference(before, after) < levels / 2:
                found.append((frame, frame + 1))
        said = f"frames {', '.join(str(start) for start, _ in found[:8])} are unlike both neighbours" if found else ""
        verdict: Verdict = "warn" if found and "flash" not in self._limits.off else "good"
        return Figure(
            check="flash", verdict=verdict, value=len(found), limit=0, unit="frames", said=said, at=tuple(found)
        )

    # -- the sound -------------------------------------------------------------------------------------------------

    def _sound(self, film: _Film | None) -> Iterator[Figure]:
        try:
            heard = hear(self._file, None, "true", self._joins(film))
        except av.error.FFmpegError as error:
            said = f"its sound cannot be decoded ({error.strerror})"
            yield Figure(check="decode", verdict="bad", value="sound", said=said)
            return
        for figure in gate.heard(heard, gate.Reckoned(), self._limits, (_unasked, _unasked)):
            if figure.check == "loudness":
                yield self._loudness(heard)
            elif figure.check in {"silence", "click"}:
                yield self._as_published(figure)
            else:
                soft: Verdict = "warn" if self._manifest is None and figure.verdict == "bad" else figure.verdict
                yield figure.model_copy(update={"verdict": soft})

    def _joins(self, film: _Film | None) -> list[int]:
        """Give the samples at which pieces may begin: where a keyframe stands."""
        track = next((one for one in self._index.tracks if one.handler == "vide"), None) if self._index else None
        sound = next((one for one in self._index.tracks if one.handler == "soun"), None) if self._index else None
        if film is None or track is None or sound is None or track.keys is None:
            return []
        return [round(key * sound.timescale / film.rate) for key in sorted(track.keys) if key]

    def _loudness(self, heard: Heard) -> Figure:
        known = self._manifest.quality.figure("loudness") if self._manifest and self._manifest.quality else None
        value, said = heard.loudness_lufs, ""
        if known is not None and abs(float(value or -200) - float(known.value or -200)) > ALIKE_LU:
            said = f"it is as loud as {value} LUFS, and was {known.value} when it left"
        elif value is None:
            said = "it is silent"
        return Figure(
            check="loudness",
            verdict=self._soft("loudness") if said else "good",
            value=value,
            limit=known.value if known else None,
            unit="LUFS",
            said=said,
        )


def _film(container: InputContainer, stream: VideoStream, tell: Tell) -> _Film:
    context = stream.codec_context
    film = _Film(rate=stream.guessed_rate or stream.average_rate or Fraction(25), size=(context.width, context.height))
    film.colour = (int(context.color_primaries), int(context.color_trc), int(context.colorspace))
    film.packets = sum(1 for packet in container.demux(stream) if packet.size)
    container.seek(stream.start_time or 0, stream=stream)
    eye = _Telling(film.packets, tell)
    try:
        film.look = look_at(container, stream, eye)
    except UndecodableError as error:
        film.stopped, film.look = error, eye.look()
    return film


class _Telling(Eye):
    """An eye that says how far it is."""

    def __init__(self, total: int, tell: Tell) -> None:
        super().__init__()
        self._total = total
        self._tell = tell

    def see(self, frame: "av.VideoFrame") -> None:
        super().see(frame)
        self._tell(self.frames, self._total)


def _decode(film: _Film, count: int) -> Figure:
    said = ""
    if film.stopped is not None:
        said = f"it cannot be decoded near frame {film.stopped.frame} ({film.stopped.said})"
    elif count != film.packets:
        said = f"{film.packets} frames decode to {count}"
    at = ((max(0, count - 1), count + 1),) if said else ()
    return Figure(
        check="decode",
        verdict="bad" if said else "good",
        value=count,
        limit=film.packets,
        unit="frames",
        said=said,
        at=at,
    )


def _colour(track: Track) -> str:
    return "not told" if track.colour is None else "/".join(map(str, track.colour[:3]))


def _unasked(_start_s: float, _end_s: float) -> None:
    """There are no sources to ask."""
