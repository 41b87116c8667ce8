"""The sound of a video: gains mean what they say, everything is in its place to the sample, and no peak goes over."""

import re
from array import array
from collections.abc import Sequence
from fractions import Fraction
from math import cos, pi, sin, sqrt
from pathlib import Path
from threading import Event

import pytest

from tests import footage
from tests.papers import HALF_MINUTE
from tests.render.ears import RATE, Ear, mixed, take, tone, wav, words_raw
from tests.render.studio import Bakery, Shelf, canvas, mute, samples_in, words
from videogen.model.profile import Encoder, Profile
from videogen.model.timebase import Range, samples_of
from videogen.model.timeline import Gap, SoundTrack, Timeline
from videogen.plan import compile_plan
from videogen.render.mixing import Mixing
from videogen.render.stitch import stitch
from videogen.render.workshop import Workshop

DELIVERED_DBTP = -1.0
"""Source: EBU R128: the true peak that is delivered."""


def click(at: int, length: int) -> list[float]:
    """Give one loud sample in silence."""
    return [0.8 if n == at else 0.0 for n in range(length)]


def over(frames: int, *sounds: SoundTrack, fps: Fraction | int = 25) -> Timeline:
    """Give black with sounds."""
    return Timeline(canvas=canvas(fps), picture=(Gap(length=frames),), sounds=sounds)


def rms(ear: Ear) -> float:
    """Give the root of the mean square."""
    return sqrt(sum(sample * sample for sample in ear) / len(ear))


def strength(ear: Ear, hz: int) -> float:
    """Give the amplitude of one frequency in a stretch of whole periods."""
    angles = [2 * pi * hz * n / RATE for n in range(len(ear))]
    parts = [sum(sample * wave(angle) for sample, angle in zip(ear, angles, strict=True)) for wave in (sin, cos)]
    return 2 * sqrt(parts[0] ** 2 + parts[1] ** 2) / len(ear)


def ms(ear: Ear, start: int, end: int) -> Ear:
    """Give a stretch in milliseconds."""
    return ear[start * RATE // 1000 : end * RATE // 1000]


# -- length and gain ---------------------------------------------------------------------------------------------------

LENGTHS = [(Fraction(25), 50), (Fraction(30000, 1001), 29), (Fraction(60000, 1001), 61), (Fraction(24000, 1001), 7)]


@pytest.mark.parametrize(("fps", "frames"), LENGTHS, ids=["25", "29.97", "59.94", "23.976"])
@pytest.mark.parametrize("seconds", [0.0, 0.1, 5.0], ids=["none", "shorter", "longer"])
def test_sound_is_as_long_as_the_picture(
    tmp_path: Path, shelf: Shelf, fps: Fraction, frames: int, seconds: float
) -> None:
    """Whether there is none, too little or too much of it, the sound has as many samples as the frames last."""
    sounds = [SoundTrack(asset=take(shelf, wav(tmp_path / "a.wav", tone(440, seconds))))] if seconds else []

    left, right = mixed(shelf, over(frames, *sounds, fps=fps))

    assert len(left) == len(right) == samples_of(frames, fps, RATE)


@pytest.mark.parametrize("ears", [1, 2])
@pytest.mark.parametrize("gain", [Fraction(1, 4), Fraction(1), Fraction(5, 4)])
def test_a_gain_means_what_it_says(tmp_path: Path, shelf: Shelf, gain: Fraction, ears: int) -> None:
    """A tone comes out at its own strength times its gain in both ears, however many channels and tracks there are."""
    heard = take(shelf, wav(tmp_path / "a.wav", *[tone(480, 1, 0.2)] * ears), -14)
    silent = take(shelf, wav(tmp_path / "b.wav", *[[0.0] * RATE] * ears), -90)

    both = mixed(
        shelf, over(25, SoundTrack(asset=heard, gain=gain), SoundTrack(asset=silent), SoundTrack(asset=silent))
    )

    for ear in both:
        assert rms(ear) == pytest.approx(0.2 * float(gain) / sqrt(2), rel=1e-3)


def test_a_mix_that_cannot_go_over_is_the_plain_sum(tmp_path: Path, shelf: Shelf) -> None:
    """Without need of a limiter no sample is touched: the mix is the weighted sum, to 1 in 10,000."""
    one, other = tone(311, 1, 0.4), tone(1777, 1, 0.3)
    sounds = [
        SoundTrack(asset=take(shelf, wav(tmp_path / "a.wav", one, other), -7.9), gain=Fraction(1, 2)),
        SoundTrack(asset=take(shelf, wav(tmp_path / "b.wav", other, one), -7.9), gain=Fraction(9, 10)),
    ]

    left, right = mixed(shelf, over(25, *sounds))

    assert max(abs(got - 0.5 * a - 0.9 * b) for got, a, b in zip(left, one, other, strict=True)) < 1e-4
    assert max(abs(got - 0.5 * b - 0.9 * a) for got, a, b in zip(right, one, other, strict=True)) < 1e-4


def test_a_limiter_leaves_what_is_quiet_as_it_was(tmp_path: Path, shelf: Shelf) -> None:
    """A sound whose peak nobody measured goes through the limiter, which changes no sample by more than 1 in 1,000."""
    quiet = tone(480, 1, 0.3)
    asset = take(shelf, wav(tmp_path / "a.wav", quiet, quiet))

    left, _ = mixed(shelf, over(25, SoundTrack(asset=asset)))

    # The first and the last millisecond ring where the tone is cut.
    assert max(abs(got - was) for got, was in list(zip(left, quiet, strict=True))[100:-100]) < 1e-3


# -- peaks -------------------------------------------------------------------------------------------------------------

HARSH = {
    "a square": ("aevalsrc='sgn(sin(2*PI*997*t))'", 0),
    "a fast square": ("aevalsrc='sgn(sin(2*PI*6131*t))|sgn(sin(2*PI*5003*t))'", 0),
    "noise": ("anoisesrc=a=1:seed=1", 0),
    "noise in bursts": ("aevalsrc='(2*random(0)-1)*gt(mod(t,0.25),0.2)'", 0),
    "clipped chords": ("aevalsrc='sin(2*PI*330*t)+sin(2*PI*415*t)|sin(2*PI*332*t)+sin(2*PI*499*t)'", 12),
    "drums": ("aevalsrc='random(0)*exp(-40*mod(t,0.2))+sin(2*PI*60*t)*exp(-9*mod(t,0.4))'", 9),
    "between the samples": ("aevalsrc='sin(2*PI*12000*t+PI/4)'", 3),
}
"""Each with how many dB louder it is made. Everything is at full scale in 16 bits; what is louder is clipped."""


def harsh(folder: Path, name: str) -> Path:
    """Write one of the above."""
    path = folder / f"{name}.wav"
    source, louder_db = HARSH[name]
    chain = f"{source}:d=3,volume={louder_db}dB,aformat=sample_rates=48000:channel_layouts=stereo"
    footage.make("-f", "lavfi", "-i", chain, "-c:a", "pcm_s16le", path)
    return path


def true_peak_dbtp(path: Path) -> float:
    """Give the true peak of a file's sound as a player decodes it."""
    measure = ["-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    said = words(["-v", "info", "-nostats", "-i", f"file:{path}", *measure]).stderr
    return float(re.findall(r"True peak:\s+Peak:\s+(-?[\d.]+) dBFS", said)[-1])


def encoded(shelf: Shelf, timeline: Timeline, folder: Path, kbps: int = 192) -> Path:
    """Make the sound as a video would: encoded, measured, and made again where it goes over."""
    plan = compile_plan(timeline, shelf.media, Profile(canvas=timeline.canvas, audio_kbps=kbps), segment_s=HALF_MINUTE)
    shop = Workshop(timeline, shelf.media, Path, folder, folder, folder / "log")

    def run(_name: str, argv: Sequence[str], made: Path, _halt: Event) -> None:
        words(["-v", "error", *(shelf.argument(word, f"file:{made}") for word in argv)])

    Mixing(plan, shop, run).make(next(step for step in plan.steps if step.kind == "sound"), Event())
    return max(folder.glob("sound-*.nut"))


@pytest.mark.parametrize("name", HARSH)
def test_no_peak_goes_over(tmp_path: Path, shelf: Shelf, name: str) -> None:
    """However harsh the sound, what a player decodes stays under the true peak that is delivered."""
    asset = take(shelf, harsh(tmp_path, name))

    made = encoded(shelf, over(75, SoundTrack(asset=asset)), tmp_path)

    assert true_peak_dbtp(made) <= DELIVERED_DBTP


def test_a_sum_of_loud_sounds_does_not_go_over(tmp_path: Path, shelf: Shelf) -> None:
    """A voice over music, each as loud as can be, stays under the true peak together."""
    music, voice = (take(shelf, harsh(tmp_path, name), 0.0) for name in ("clipped chords", "noise in bursts"))

    made = encoded(shelf, over(75, SoundTrack(asset=music), SoundTrack(asset=voice)), tmp_path)

    assert true_peak_dbtp(made) <= DELIVERED_DBTP


@pytest.mark.media
@pytest.mark.parametrize("name", ["m01_outfoxing_97s.mp3", "m04_to_be_happy_165s.mp3", "s02_interview_en_33s.mp3"])
def test_real_sounds_too_loud_do_not_go_over(tmp_path: Path, shelf: Shelf, real_media: Path, name: str) -> None:
    """Real music and speech, 12 dB too loud, stay under the true peak."""
    asset = shelf.take(real_media / name, "source")

    made = encoded(shelf, over(200, SoundTrack(asset=asset, gain=Fraction(4), start=100)), tmp_path)

    assert true_peak_dbtp(made) <= DELIVERED_DBTP


# -- loops, fades, ducking ---------------------------------------------------------------------------------------------


def test_a_loop_has_no_seam(tmp_path: Path, shelf: Shelf) -> None:
    """A second of a tone in whole periods, looped four and a half times, is one tone to the end."""
    second = tone(480, 1, 0.3)
    asset = take(shelf, wav(tmp_path / "a.wav", second, second), -10)

    left, _ = mixed(shelf, over(112, SoundTrack(asset=asset, is_looped=True)))

    assert len(left) == 112 * RATE // 25
    assert max(abs(got - second[n % RATE]) for n, got in enumerate(left)) < 1e-4


def quietest(ear: Ear, window: int = RATE // 200) -> float:
    """Give the strength of the quietest stretch of 5 ms."""
    return min(rms(ear[start : start + window]) for start in range(0, len(ear) - window, window // 2))


def test_a_looped_mp3_has_no_gap(tmp_path: Path, shelf: Shelf) -> None:
    """Music is MP3, padded by its encoder: what was padded is not heard where the loop begins again."""
    whole = wav(tmp_path / "a.wav", tone(480, 1, 0.3), tone(480, 1, 0.3))
    footage.make("-i", whole, "-c:a", "libmp3lame", "-b:a", "192k", tmp_path / "a.mp3")
    asset = take(shelf, tmp_path / "a.mp3", -9)

    left, _ = mixed(shelf, over(112, SoundTrack(asset=asset, is_looped=True)))

    assert quietest(left) > 0.5 * 0.3 / sqrt(2)
    for second in range(4):
        assert strength(ms(left, 1000 * second + 700, 1000 * second + 1200), 480) == pytest.approx(0.3, rel=0.03)


def test_a_fade_rises_and_falls_evenly(tmp_path: Path, shelf: Shelf) -> None:
    """A fade of half a second has half the strength in its middle, and nothing at its outer end."""
    asset = take(shelf, wav(tmp_path / "a.wav", *[tone(1000, 3, 0.5)] * 2), -6)
    faded = SoundTrack(asset=asset, at=Range(start=25, end=75), fade_in=12, fade_out=25)

    left, _ = mixed(shelf, over(100, faded))

    levels = {1240: 0.25, 1480: 0.5, 2000: 0.5, 2500: 0.25, 2750: 0.125}
    for middle, level in levels.items():
        assert strength(ms(left, middle - 10, middle + 10), 1000) == pytest.approx(level, rel=0.05), middle
    assert max(map(abs, left[: RATE + 5])) < 1e-3
    assert max(map(abs, left[3 * RATE - 5 :])) < 1e-3


def test_music_steps_back_while_a_voice_speaks(tmp_path: Path, shelf: Shelf) -> None:
    """It is well down half a second into the speech, back a second after it, and goes on to the end."""
    music = take(shelf, wav(tmp_path / "m.wav", *[tone(500, 5, 0.2)] * 2), -14)
    voice = take(shelf, wav(tmp_path / "v.wav", tone(2000, 1, 0.3)), -10)
    tracks = (
        SoundTrack(asset=music, ducked_by=1),
        SoundTrack(asset=voice, at=Range(start=25, end=50)),
    )

    left, _ = mixed(shelf, over(125, *tracks))

    assert strength(ms(left, 500, 900), 500) == pytest.approx(0.2, rel=0.02)
    assert strength(ms(left, 1400, 1900), 500) < 0.08
    assert strength(ms(left, 3500, 4900), 500) == pytest.approx(0.2, rel=0.05)
    assert strength(ms(left, 1400, 1900), 2000) == pytest.approx(0.3, rel=0.02), "the voice itself is left alone"


# -- places ------------------------------------------------------------------------------------------------------------

PLACES = [
    (Fraction(25), None, 0, "from the beginning"),
    (Fraction(25), Range(start=10, end=40), 0, "later"),
    (Fraction(25), None, 5, "entered in its middle"),
    (Fraction(30000, 1001), Range(start=7, end=41), 3, "both, where a frame is no whole number of samples"),
    (Fraction(60000, 1001), Range(start=1, end=90), 11, "and twice as often"),
]


@pytest.mark.parametrize(("fps", "at", "start", "_"), PLACES, ids=[row[3] for row in PLACES])
def test_a_click_is_where_it_belongs(
    tmp_path: Path, shelf: Shelf, fps: Fraction, at: Range | None, start: int, _: str
) -> None:
    """`at` and `start` are exact to the sample; all round the click is silence."""
    asset = take(shelf, wav(tmp_path / "a.wav", click(20000, RATE)), -2.1)
    track = SoundTrack(asset=asset, at=at, start=start, gain=Fraction(9, 10))

    left, right = mixed(shelf, over(100, track, fps=fps))

    begin = samples_of(at.start if at else 0, fps, RATE)
    expected = begin + 20000 - samples_of(start, fps, RATE)
    assert [n for n, sample in enumerate(left) if abs(sample) > 1e-4] == [expected]
    assert left == right


def test_a_sound_ends_with_its_place(tmp_path: Path, shelf: Shelf) -> None:
    """What is longer than its place is cut there to the sample, looped or not."""
    steady = take(shelf, wav(tmp_path / "a.wav", *[[0.25] * RATE] * 2), -12)
    for is_looped in (False, True):
        track = SoundTrack(asset=steady, at=Range(start=7, end=21), is_looped=is_looped)

        left, _ = mixed(shelf, over(100, track, fps=Fraction(30000, 1001)))

        heard = [n for n, sample in enumerate(left) if sample > 0.1]
        ends = [samples_of(frame, Fraction(30000, 1001), RATE) for frame in (7, 21)]
        assert heard == list(range(*ends))


def test_a_click_is_heard_where_it_belongs_in_the_video(tmp_path: Path, shelf: Shelf) -> None:
    """What the encoder puts in front is left out by the file: a player hears the click at its own sample."""
    folder = tmp_path / "bakery"
    folder.mkdir()
    bakery = Bakery(folder, shelf, Profile(canvas=canvas(), encoder=Encoder(preset="ultrafast")))
    asset = take(shelf, wav(tmp_path / "a.wav", click(20000, RATE)), -2.1)
    timeline = over(50, SoundTrack(asset=asset, at=Range(start=10, end=50)))
    parts = bakery.parts(mute(timeline.canvas, *timeline.picture), 0, 50)

    stitch(parts, bakery.sound(timeline), tmp_path / "v.mp4", bakery.profile)

    raw = words_raw(["-i", f"file:{tmp_path / 'v.mp4'}", "-map", "0:a", "-ac", "1", "-f", "f32le", "-"])
    heard = array("f", raw)
    loudest = max(range(len(heard)), key=lambda n: abs(heard[n]))
    assert loudest == 10 * 1920 + 20000
    assert samples_in(tmp_path / "v.mp4") == len(heard) == 50 * 1920
