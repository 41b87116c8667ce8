"""A loudness that is asked for: reached by one gain, under the true peak, and judged by itself (E1)."""

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from threading import Event

import pytest

from tests import footage
from tests.papers import HALF_MINUTE
from tests.render.ears import RATE, take, tone, wav
from tests.render.studio import House, Shelf, canvas, clip, words
from videogen.model.profile import Profile
from videogen.model.quality import Heard, Limits
from videogen.model.timebase import Range
from videogen.model.timeline import Gap, SoundTrack, Timeline
from videogen.plan import compile_plan
from videogen.plan.encode import encode_sound
from videogen.render.asking import reckoned
from videogen.render.executor import Busy
from videogen.render.gate import heard
from videogen.render.mixing import Mixing
from videogen.render.workshop import Workshop


def over(frames: int, *sounds: SoundTrack, lufs: int | None = -14) -> Timeline:
    """Give black with sounds, brought to a loudness."""
    return Timeline(canvas=canvas(), picture=(Gap(length=frames),), sounds=sounds, loudness_lufs=lufs)


def measured(path: Path) -> tuple[float, float]:
    """Give loudness and true peak as FFmpeg's meter finds them in a file."""
    measure = ["-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    said = words(["-v", "info", "-nostats", "-i", f"file:{path}", *measure]).stderr
    loudness = re.findall(r"I:\s+(-?[\d.]+) LUFS", said)[-1]
    return float(loudness), float(re.findall(r"True peak:\s+Peak:\s+(-?[\d.]+) dBFS", said)[-1])


class Booth:
    """Makes the sound of a timeline as a video would, and counts how often."""

    def __init__(self, shelf: Shelf, timeline: Timeline, folder: Path) -> None:
        profile = Profile(canvas=timeline.canvas)
        plan = compile_plan(timeline, shelf.media, profile, segment_s=HALF_MINUTE)
        self.folder, self.shelf, self.runs = folder, shelf, 0
        self.step = next(step for step in plan.steps if step.kind == "sound")
        self.mixing = Mixing(plan, Workshop(timeline, shelf.media, Path, folder, folder, folder / "log"), self.run)

    def run(self, _name: str, argv: Sequence[str], made: Path, _halt: Event) -> None:
        """Run FFmpeg; who reads meanwhile is told to come again."""
        self.runs += 1
        with pytest.raises(Busy):
            self.mixing.sounding(Event())
        words(["-v", "error", *(self.shelf.argument(word, f"file:{made}") for word in argv)])

    def made(self) -> Path:
        """Give the file that counts."""
        self.mixing.make(self.step, Event())
        return self.folder / f"sound-{self.runs}.nut"


def speech(folder: Path, gain_db: float) -> Path:
    """Write what rises and falls like speech over a bed, as loud as asked."""
    source = "aevalsrc='0.3*sin(2*PI*190*t)*pow(sin(2*PI*1.3*t),4)+0.02*sin(2*PI*1100*t)'"
    chain = f"{source}:d=6,volume={gain_db}dB,aformat=sample_rates=48000:channel_layouts=stereo"
    footage.make("-f", "lavfi", "-i", chain, "-c:a", "pcm_s16le", folder / "speech.wav")
    return folder / "speech.wav"


@pytest.mark.parametrize("gain_db", [-20.0, 0.0])
@pytest.mark.parametrize("lufs", [-23, -14])
def test_a_mix_has_the_loudness_it_was_asked_for(tmp_path: Path, shelf: Shelf, gain_db: float, lufs: int) -> None:
    """Whatever its sources are, what a player decodes is there to a third of a LU, and under the true peak."""
    asset = shelf.take(speech(tmp_path, gain_db), "source")
    booth = Booth(shelf, over(150, SoundTrack(asset=asset), lufs=lufs), tmp_path)

    loudness, peak = measured(booth.made())

    assert loudness == pytest.approx(lufs, abs=0.35)
    assert peak <= -1.0
    assert booth.runs <= 4


def test_a_good_guess_is_not_made_again(tmp_path: Path, shelf: Shelf) -> None:
    """Where the sources are measured, tracks in turn are brought to their loudness at the first try."""
    path = wav(tmp_path / "a.wav", *[tone(1000, 4, 0.1)] * 2)
    asset = take(shelf, path, -20, lufs=measured(path)[0])
    sounds = [SoundTrack(asset=asset, at=Range(start=100 * n, end=100 * n + 100)) for n in range(2)]
    booth = Booth(shelf, over(200, *sounds, lufs=-20), tmp_path)

    loudness, _ = measured(booth.made())

    assert booth.runs == 1
    assert loudness == pytest.approx(-20, abs=0.35)


def test_what_cannot_be_as_loud_is_as_loud_as_it_can(tmp_path: Path, shelf: Shelf) -> None:
    """A gain that the limiter takes back ends after four tries, under the true peak."""
    asset = take(shelf, speech(tmp_path, 0), -9)
    booth = Booth(shelf, over(150, SoundTrack(asset=asset), lufs=-5), tmp_path)

    loudness, peak = measured(booth.made())

    assert booth.runs == 4
    assert -16 < loudness < -5
    assert peak <= -1.0


def test_silence_stays_silent(tmp_path: Path, shelf: Shelf) -> None:
    """Nothing can be made of nothing: it is made once, and is silent."""
    asset = shelf.take(wav(tmp_path / "a.wav", [0.0] * RATE, [0.0] * RATE), "source")
    booth = Booth(shelf, over(25, SoundTrack(asset=asset)), tmp_path)

    booth.made()

    assert booth.runs == 1
    assert booth.mixing.heard is not None
    assert booth.mixing.heard.loudness_lufs is None


def test_each_loudness_is_a_command_of_its_own(tmp_path: Path, shelf: Shelf) -> None:
    """Two targets, or one and none, are never taken for the same sound."""
    asset = shelf.take(wav(tmp_path / "a.wav", *[tone(480, 1, 0.2)] * 2), "source")
    timelines = [over(25, SoundTrack(asset=asset), lufs=lufs) for lufs in (None, -14, -16, -23)]

    commands = {encode_sound(one, shelf.media, Profile(canvas=one.canvas)) for one in timelines}

    assert len(commands) == 4


def test_a_video_is_judged_by_what_was_asked_for(tmp_path: Path, shelf: Shelf) -> None:
    """A quiet source that was made loud is no defect, and one that was asked to be loud and is not is one."""
    asset = take(shelf, wav(tmp_path / "a.wav", *[tone(480, 1, 0.01)] * 2), -40, lufs=-40)
    bounds = reckoned(over(25, SoundTrack(asset=asset)), shelf.media)

    def verdict(lufs: float) -> tuple[str, str]:
        sound = Heard(samples=48000, sample_rate=48000, loudness_lufs=lufs)
        figures = heard(sound, bounds, Limits(), (lambda *_: True, lambda *_: True))
        return next((one.verdict, one.said) for one in figures if one.check == "loudness")

    assert verdict(-14.0) == ("good", "")
    assert verdict(-40.0) == ("bad", "the sound is quieter than what was asked for, -40.0 LUFS")
    assert verdict(-5.0)[0] == "bad"


def test_a_whole_video_comes_out_as_loud_as_asked(house: House, film: str, voice: str) -> None:
    """Through plan, stitch and gate: the file has the loudness, and the stitch was not begun before."""
    sounds = (SoundTrack(asset=voice, is_looped=True, gain=Fraction(1, 8)),)
    timeline = Timeline(canvas=canvas(), picture=(clip(film, 0, 100),), sounds=sounds, loudness_lufs=-18)

    done = house.render(timeline)

    assert measured(done.video)[0] == pytest.approx(-18, abs=0.4)
    assert done.quality is not None
    assert done.quality.figure("loudness") is not None
