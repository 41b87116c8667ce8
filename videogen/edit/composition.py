"""composition: clips in their places, what lies above them, music and a voice below."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from videogen.edit.contradiction import contradiction, seconds
from videogen.edit.laying import Found, Laid, base_track, laid
from videogen.edit.overlaying import overlaid
from videogen.edit.own_sound import entry_of
from videogen.model.composition import Composition
from videogen.model.media import Media
from videogen.model.stock import Edited, Mention, Stock
from videogen.model.timebase import Range, frames_of, rounded
from videogen.model.timeline import Canvas, Clip, SoundTrack, Timeline


def composition_timeline(composition: Composition, stock: Stock) -> Edited:
    """Compile a composition. Its length is that of its clips; what would last longer ends with them, with a warning.

    Raises: RecipeError: times that contradict each other or the files, a file that is not there or is not what its
        place asks for, a video longer than the house allows; each with its JSON pointer.
    """
    output = composition.output
    canvas = Canvas(width=output.resolution[0], height=output.resolution[1], fps=output.fps)
    mentions = [clip.mention(f"/clips/{nth}", "clip") for nth, clip in enumerate(composition.clips)]
    assets = [stock.content(mention) for mention in mentions]
    rows = laid(composition.clips, [Found(one, stock.media.get(one, Media())) for one in assets], canvas)
    length = rows[-1].place.end
    _expect_allowed(length, canvas, stock)
    above = overlaid(composition.overlays, stock, canvas, length)
    sounds, warnings = _sounds(composition, rows, stock, canvas)
    timeline = Timeline(
        canvas=canvas,
        picture=base_track(rows, {row.nth: _clip(row, composition, stock) for row in rows}),
        overlays=above.overlays,
        sounds=sounds,
        loudness_lufs=composition.audio.loudness if sounds else None,
    )
    return Edited(timeline, (*warnings, *above.warnings))


def _expect_allowed(length: int, canvas: Canvas, stock: Stock) -> None:
    if stock.longest_s is not None and length / canvas.fps > stock.longest_s:
        raise contradiction(
            "/clips",
            f"last {seconds(length / canvas.fps)} together, a composition may last {seconds(stock.longest_s)}",
            remedy="Make it shorter, or raise composition.max_s.",
        )


def _clip(row: Laid, composition: Composition, stock: Stock) -> Clip:
    entry = row.entry
    table = None
    if entry.lut is not None:
        table = stock.content(Mention(f"{row.pointer}/lut", entry.lut, "lut"))
    elif composition.lut is not None:
        table = stock.content(Mention("/lut", composition.lut, "lut"))
    return Clip(
        asset=row.asset,
        source=Range(start=row.first, end=row.first + row.place.length),
        colour=entry.color or composition.color,
        fit=entry.fit or composition.fit,
        lut=table,
    )


# -- sounds ------------------------------------------------------------------------------------------------------------


def _sounds(
    composition: Composition, rows: Sequence[Laid], stock: Stock, canvas: Canvas
) -> tuple[tuple[SoundTrack, ...], tuple[str, ...]]:
    """Give the voice, the music and the clips' own sounds, in this order, and what is not heard to its end."""
    audio, length = composition.audio, rows[-1].place.end
    sounds: list[SoundTrack] = []
    warnings: list[str] = []
    if voice := audio.voiceover:
        asset, lasts = _heard(voice, stock)
        at, end = _span(audio.voiceover_start_time, lasts, canvas, length, f"{voice.pointer}"), length / canvas.fps
        if audio.voiceover_start_time + lasts > end + 1 / canvas.fps:
            warnings.append(
                f"voice-cut: the voice would end at {seconds(audio.voiceover_start_time + lasts)}, "
                f"the video ends at {seconds(end)}"
            )
        fades = _fades(audio.voiceover_fade_in, audio.voiceover_fade_out, at, canvas)
        sounds.append(SoundTrack(asset=asset, gain=audio.voiceover_volume, at=at, **fades))
    if music := audio.music:
        sounds.append(_music(composition, music, stock, canvas, length))
    for row in rows:
        sounds += _own(row, composition, stock, canvas)
    return tuple(sounds), tuple(warnings)


def _music(composition: Composition, music: Mention, stock: Stock, canvas: Canvas, length: int) -> SoundTrack:
    audio = composition.audio
    asset, lasts = _heard(music, stock)
    if audio.music_trim_start >= lasts:
        raise contradiction(
            "/audio/music_trim_start",
            f"is {seconds(audio.music_trim_start)}, the file lasts {seconds(lasts)}",
            remedy="Begin before its end.",
        )
    left = length / canvas.fps if audio.music_loop else lasts - audio.music_trim_start
    at = _span(audio.music_start_time, left, canvas, length, "/audio/music_start_time")
    return SoundTrack(
        asset=asset,
        gain=audio.music_volume,
        is_looped=audio.music_loop,
        at=at,
        start=frames_of(audio.music_trim_start, canvas.fps),
        ducked_by=0 if audio.ducking else None,
        **_fades(audio.music_fade_in, audio.music_fade_out, at, canvas),
    )


def _heard(mention: Mention, stock: Stock) -> tuple[str, Fraction]:
    asset = stock.content(mention)
    sound = stock.media.get(asset, Media()).sound
    if sound is None or not sound.samples:
        raise contradiction(mention.pointer, f"names {mention.name!r}, which has no sound", remedy="Name a sound.")
    return asset, sound.duration_s


def _span(start_s: Fraction, lasts_s: Fraction, canvas: Canvas, length: int, pointer: str) -> Range:
    """Give the frames in which a sound is heard: to its end, or to the video's."""
    start = frames_of(start_s, canvas.fps)
    if start >= length:
        place = "/audio/voiceover_start_time" if "voice" in pointer else pointer
        raise contradiction(
            place,
            f"is {seconds(start_s)}, the video ends at {seconds(length / canvas.fps)}",
            remedy="Let it begin before the end.",
        )
    return Range(start=start, end=min(length, max(start + 1, frames_of(start_s + lasts_s, canvas.fps))))


def _fades(in_s: Fraction, out_s: Fraction, at: Range, canvas: Canvas) -> dict[str, int]:
    """Give the fades of a sound, no longer than there is sound: first it comes, then it goes."""
    come = min(frames_of(in_s, canvas.fps), at.length)
    return {"fade_in": come, "fade_out": min(frames_of(out_s, canvas.fps), at.length - come)}


def _own(row: Laid, composition: Composition, stock: Stock, canvas: Canvas) -> Iterator[SoundTrack]:
    """Give a clip's own sound, coming and going as its picture does."""
    volume = composition.audio.clip_volume if row.entry.volume is None else row.entry.volume
    sound = stock.media[row.asset].sound
    if not volume or sound is None:
        return
    entry = entry_of(stock.media[row.asset], row.first, canvas)
    late = Fraction(entry.lead, canvas.sample_rate) * canvas.fps
    end = min(row.place.end, row.place.start + max(1, rounded(sound.duration_s * canvas.fps + late)) - entry.start)
    if end - row.place.start <= late + 1:
        return
    at = Range(start=row.place.start, end=end)
    come, go = min(row.come.frames, at.length), row.go.frames - (row.place.end - end)
    is_over = "over" in {row.come.kind, row.go.kind}
    yield SoundTrack(
        asset=row.asset,
        gain=volume,
        at=at,
        start=entry.start,
        lead=entry.lead,
        fade_in=come,
        fade_out=max(0, min(go, at.length - come)),
        curve="power" if is_over else "linear",
    )
