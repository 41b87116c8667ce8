"""Tracks one after the other: without a gap to the sample, or faded into each other, for the price of one (E1, E6)."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, cos, floor, pi, sin, sqrt
from pathlib import Path

import pytest

from tests import footage
from tests.render.ears import RATE, Ear, mixed, take, tone, wav
from tests.render.studio import House, Shelf, canvas, clip
from videogen.edit.own_sound import entry_of
from videogen.model.profile import Profile
from videogen.model.timebase import Range, samples_of
from videogen.model.timeline import Gap, SoundTrack, Timeline
from videogen.plan.encode import encode_sound
from videogen.plan.lanes import lanes

NTSC = Fraction(30000, 1001)
AFTER = Range(start=25, end=50)


def follow(assets: Sequence[str], lengths: Sequence[int], fps: Fraction | int = 25, **fades: object) -> Timeline:
    """Lay sounds end to end by their lengths in samples."""
    sounds, at = [], 0
    for asset, length in zip(assets, lengths, strict=True):
        first, last = floor(at * fps / RATE), ceil((at + length) * fps / RATE)
        first -= samples_of(first, Fraction(fps), RATE) > at
        last += samples_of(last, Fraction(fps), RATE) < at + length
        lead = at - samples_of(first, Fraction(fps), RATE)
        sounds.append(SoundTrack(asset=asset, at=Range(start=first, end=last), lead=lead, **fades))
        at += length
    length = max(sound.at.end for sound in sounds if sound.at)
    return Timeline(canvas=canvas(fps), picture=(Gap(length=length),), sounds=tuple(sounds))


def laned(shelf: Shelf, timeline: Timeline) -> list[list[int]]:
    """Give which sounds share a lane."""
    return [[place.nth for place in lane] for lane in lanes(timeline, shelf.media.__getitem__)]


def graph(shelf: Shelf, timeline: Timeline) -> str:
    """Give the filters of the mix."""
    argv = encode_sound(timeline, shelf.media, Profile(canvas=timeline.canvas))
    return argv[argv.index("-filter_complex") + 1]


@pytest.mark.parametrize("fps", [Fraction(25), NTSC], ids=str)
def test_a_tone_cut_in_pieces_is_the_tone_again(tmp_path: Path, shelf: Shelf, fps: Fraction) -> None:
    """Pieces of odd lengths, none of them whole frames, follow one another sample for sample, in one lane."""
    whole = tone(313, 3, 0.4)
    cuts = [0, 41_111, 41_112 + 7, 100_003, len(whole)]
    assets = [
        take(
            shelf, wav(tmp_path / f"{nth}.wav", whole[cuts[nth] : cuts[nth + 1]], whole[cuts[nth] : cuts[nth + 1]]), -7
        )
        for nth in range(4)
    ]
    timeline = follow(assets, [cuts[nth + 1] - cuts[nth] for nth in range(4)], fps)

    left, right = mixed(shelf, timeline)

    assert laned(shelf, timeline) == [[0, 1, 2, 3]]
    assert "amix" not in graph(shelf, timeline)
    assert len(left) >= len(whole)
    assert max(abs(got - was) for got, was in zip(left, whole, strict=False)) < 1 / 32000
    assert max(map(abs, left[len(whole) :]), default=0.0) == 0.0
    assert left == right


def test_pieces_of_another_rate_are_where_they_belong(tmp_path: Path, shelf: Shelf) -> None:
    """Tracks of 44.1 kHz whose lengths are no whole samples here begin where they are told, without silence between."""
    pieces = [tone(441, 0.7001, 0.4, 44100), tone(441, 0.9003, 0.4, 44100)]
    assets = [take(shelf, wav(tmp_path / f"{n}.wav", one, one, rate=44100), -7) for n, one in enumerate(pieces)]
    lengths = [round(len(one) * RATE / 44100) for one in pieces]

    left, _ = mixed(shelf, timeline := follow(assets, lengths))

    assert laned(shelf, timeline) == [[0, 1]]
    begin = lengths[0]
    for n in range(200, 2000):
        assert left[begin + n] == pytest.approx(0.4 * sin(2 * pi * 441 * n / RATE), abs=2e-3)
    assert quietest(left[: sum(lengths)]) > 0.5 * 0.4 / sqrt(2)


def quietest(ear: Ear, window: int = RATE // 200) -> float:
    """Give the strength of the quietest stretch of 5 ms."""
    spans = (ear[start : start + window] for start in range(0, len(ear) - window, window // 2))
    return min(sqrt(sum(one * one for one in span) / window) for span in spans)


def test_mp3_tracks_join_without_a_gap_or_a_click(tmp_path: Path, shelf: Shelf) -> None:
    """What LAME puts before and after a track is left out: a tone cut in two goes on where it was cut."""
    whole = tone(441, 3, 0.4, 44100)
    cut = 66_150  # whole periods, and no whole frames of MP3
    halves = []
    for nth, half in enumerate((whole[:cut], whole[cut:])):
        plain = wav(tmp_path / f"{nth}.wav", half, half, rate=44100)
        footage.make("-i", plain, "-c:a", "libmp3lame", "-b:a", "320k", tmp_path / f"{nth}.mp3")
        halves.append(take(shelf, tmp_path / f"{nth}.mp3", -7))
    sounds = [shelf.media[asset].sound for asset in halves]
    assert [one.samples for one in sounds if one] == [cut, len(whole) - cut]
    lengths = [one.samples * RATE // 44100 for one in sounds if one]

    left, _ = mixed(shelf, follow(halves, lengths))

    at = lengths[0]
    bends = [abs(left[n] - 2 * left[n - 1] + left[n - 2]) for n in range(at - 2000, at + 2000)]
    smooth = 0.4 * (2 * 3.1416 * 441 / RATE) ** 2
    assert max(bends[1900:2100]) < 20 * smooth, "no click: a step of the tone's height bends 300 times as much"
    assert quietest(left[at - 4800 : at + 4800]) > 0.9 * 0.4 / sqrt(2), "no gap"


def test_equal_power_keeps_two_tracks_as_loud_as_one(tmp_path: Path, shelf: Shelf) -> None:
    """Two sounds unlike each other, faded over a second, are together as loud in the middle as either alone."""
    assets = [take(shelf, wav(tmp_path / f"{hz}.wav", *[tone(hz, 3, 0.4)] * 2), -7.9) for hz in (500, 777)]
    sounds = (
        SoundTrack(asset=assets[0], at=Range(start=0, end=75), fade_out=25, curve="power"),
        SoundTrack(asset=assets[1], at=Range(start=50, end=125), fade_in=25, curve="power"),
    )
    timeline = Timeline(canvas=canvas(), picture=(Gap(length=125),), sounds=sounds)

    left, _ = mixed(shelf, timeline)

    assert laned(shelf, timeline) == [[0], [1]]
    for middle in (1.0, 2.25, 2.5, 2.75, 4.0):
        span = left[int((middle - 0.1) * RATE) : int((middle + 0.1) * RATE)]
        assert sqrt(sum(one * one for one in span) / len(span)) == pytest.approx(0.4 / sqrt(2), rel=0.03), middle


def test_crossfaded_tracks_take_two_lanes(tmp_path: Path, shelf: Shelf) -> None:
    """However many tracks fade into each other, two are added up; what is silent between them is in a lane as well."""
    asset = take(shelf, wav(tmp_path / "a.wav", *[tone(480, 1, 0.2)] * 2), -14)
    sounds = tuple(SoundTrack(asset=asset, at=Range(start=20 * n, end=20 * n + 25)) for n in range(9))
    timeline = Timeline(canvas=canvas(), picture=(Gap(length=300),), sounds=sounds)

    assert laned(shelf, timeline) == [[0, 2, 4, 6, 8], [1, 3, 5, 7]]
    assert "amix=dropout_transition=0:duration=longest:inputs=2:normalize=0" in graph(shelf, timeline)


def test_silence_between_two_tracks_is_silence(tmp_path: Path, shelf: Shelf) -> None:
    """A lane holds its sounds' places: later than the first sample, apart from each other, and cut where they end."""
    steady = take(shelf, wav(tmp_path / "a.wav", *[[0.25] * RATE] * 2), -12)
    places = [(7, 21, 100), (30, 31, 0), (40, 90, 11)]
    sounds = tuple(SoundTrack(asset=steady, at=Range(start=a, end=b), lead=lead) for a, b, lead in places)
    timeline = Timeline(canvas=canvas(NTSC), picture=(Gap(length=100),), sounds=sounds)

    left, _ = mixed(shelf, timeline)

    assert laned(shelf, timeline) == [[0, 1, 2]]
    expected: list[int] = []
    for first, last, lead in places:
        begin = samples_of(first, NTSC, RATE) + lead
        expected += range(begin, min(begin + RATE, samples_of(last, NTSC, RATE)))
    assert [n for n, sample in enumerate(left) if abs(sample) > 0.1] == expected


@pytest.mark.parametrize(("frames", "lead"), [(1, 0), (2, 900), (2, 1)])
def test_a_fade_as_long_as_its_place_is_a_fade(tmp_path: Path, shelf: Shelf, frames: int, lead: int) -> None:
    """A sound that begins within a frame has fewer samples than its frames say, and so may one whose edge is rounded.

    The last track of a mix is such a one, where it is cut soon after it began.
    """
    steady = take(shelf, wav(tmp_path / "a.wav", *[[0.25] * RATE] * 2), -12)
    place = Range(start=1, end=1 + frames)
    sound = SoundTrack(asset=steady, at=place, lead=lead, fade_out=frames, gain=2)
    timeline = Timeline(canvas=canvas(NTSC), picture=(Gap(length=10),), sounds=(sound,))

    left, _ = mixed(shelf, timeline)

    begin, end = (samples_of(frame, NTSC, RATE) for frame in (place.start, place.end))
    assert next(n for n in range(len(left)) if left[n]) == begin + lead
    assert max(left[begin:end]) > 0.4
    assert 0 < left[end - 10] < 0.01
    assert not any(left[end:])


def test_a_sound_entered_after_its_end_moves_no_other(tmp_path: Path, shelf: Shelf) -> None:
    """It is silence: what begins where it does is heard from there."""
    steady = take(shelf, wav(tmp_path / "a.wav", *[[0.25] * RATE] * 2), -12)
    sounds = (SoundTrack(asset=steady, start=50), SoundTrack(asset=steady), SoundTrack(asset=steady, at=AFTER))
    timeline = Timeline(canvas=canvas(), picture=(Gap(length=50),), sounds=sounds)

    left, _ = mixed(shelf, timeline)

    assert laned(shelf, timeline) == [[0], [1, 2]]
    assert len(left) == 2 * RATE
    assert min(left) == pytest.approx(0.25, abs=1e-3)
    assert max(left) == pytest.approx(0.25, abs=1e-3)


def test_what_ducks_and_what_is_ducked_keep_their_lanes(tmp_path: Path, shelf: Shelf) -> None:
    """A voice and the music under it are heard beside the mix: nothing else shares their lanes."""
    asset = take(shelf, wav(tmp_path / "a.wav", *[tone(480, 1, 0.1)] * 2), -20)
    ats = [Range(start=0, end=25), Range(start=30, end=60), Range(start=70, end=80), Range(start=90, end=99)]
    sounds = tuple(SoundTrack(asset=asset, at=at, ducked_by=1 if nth == 0 else None) for nth, at in enumerate(ats))
    timeline = Timeline(canvas=canvas(), picture=(Gap(length=100),), sounds=sounds)

    assert laned(shelf, timeline) == [[0], [1], [2, 3]]


def test_tracks_in_turn_need_no_limiter(tmp_path: Path, shelf: Shelf) -> None:
    """Ten tracks after one another go no higher than the highest of them; two at once do."""
    asset = take(shelf, wav(tmp_path / "a.wav", *[tone(480, 1, 0.5)] * 2), -6)
    alone = follow([asset] * 10, [RATE] * 10)
    both = alone.model_copy(update={"sounds": (*alone.sounds, SoundTrack(asset=asset, at=Range(start=3, end=9)))})

    assert "alimiter" not in graph(shelf, alone)
    assert "alimiter" in graph(shelf, both)


def test_a_lead_past_the_end_is_refused(shelf: Shelf) -> None:
    """A sound that would begin after its own end is a contradiction, and says so."""
    with pytest.raises(ValueError, match="after its end"):
        Timeline(
            canvas=canvas(),
            picture=(Gap(length=25),),
            sounds=(SoundTrack(asset="0" * 64, at=Range(start=0, end=2), lead=3840),),
        )


@pytest.mark.parametrize("shift_ms", [0, 80, -80])
def test_a_clips_own_sound_is_beside_its_picture(tmp_path: Path, shelf: Shelf, shift_ms: int) -> None:
    """A clip entered in its middle clicks where it clicked in its file, to the sample, whichever track begins first."""
    click = [0.8 if n in {60_000, 60_001} else 0.0 for n in range(3 * RATE)]
    plain = wav(tmp_path / "click.wav", click, click)
    moved = ["-itsoffset", max(0, -shift_ms) / 1000, "-f", "lavfi", "-i", "testsrc2=size=64x36:rate=25:duration=3"]
    source = [*moved, "-itsoffset", max(0, shift_ms) / 1000, "-i", plain]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", 0, "-c:a", "flac", "-strict", "-2"]
    footage.make(*source, *coded, tmp_path / "c.mp4")
    asset = take(shelf, tmp_path / "c.mp4", -2)
    on, first = canvas(NTSC), 11
    entry = entry_of(shelf.media[asset], first, on)
    track = SoundTrack(asset=asset, at=Range(start=20, end=80), start=entry.start, lead=entry.lead)
    timeline = Timeline(canvas=on, picture=(Gap(length=90),), sounds=(track,))

    left, _ = mixed(shelf, timeline)

    loudest = max(range(len(left)), key=lambda n: abs(left[n]))
    in_file = 60_000 + shift_ms * RATE // 1000  # after the first picture
    expected = samples_of(20, NTSC, RATE) + in_file - samples_of(first, NTSC, RATE)
    assert abs(loudest - expected) <= 1


def test_a_hard_cut_of_sound_at_a_cut_of_picture_is_no_defect(
    tmp_path: Path, house: House, film: str, other_film: str
) -> None:
    """Two clips' own sounds meet in the middle of their waves, where their pictures meet: it was asked for (A17)."""
    waves = [[0.5 * cos(2 * pi * hz * n / RATE) for n in range(5 * RATE)] for hz in (300, 200)]
    first, second = (take(house.shelf, wav(tmp_path / f"{n}.wav", one, one), -6) for n, one in enumerate(waves))
    sounds = (
        SoundTrack(asset=first, at=Range(start=0, end=50), gain=Fraction(1, 2)),
        SoundTrack(asset=second, at=Range(start=50, end=100), start=3, gain=Fraction(8, 5)),
    )
    picture = (clip(film, 0, 50), clip(other_film, 0, 50))
    timeline = Timeline(canvas=canvas(), picture=picture, sounds=sounds)

    quality = house.render(timeline).quality

    assert quality is not None
    (click,) = (figure for figure in quality.figures if figure.check == "click")
    assert (click.verdict, click.said) == ("good", "")
    assert isinstance(click.value, float)
    assert click.value > 18, "there is a jump"
