"""What is said of a recording: silence, clipping, channels, speech (A5), with the sounds that say it."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from tests import footage
from tests.speech import speak_apart
from videogen.errors import MediaError
from videogen.model.media import Kind, Level, Media
from videogen.probe.prober import Prober

PAUSES = "aevalsrc='0.3*sin(2*PI*440*t)*between(t,{before},{end})':sample_rate={rate}:duration={length}"


def heard(path: Path, kind: Kind) -> tuple[Media, Level]:
    """Look into a sound that must be taken and measured."""
    found = Prober().probe(path, kind)
    assert found.sound is not None
    assert found.sound.level is not None
    return found, found.sound.level


def made(path: Path, source: str, *coding: object) -> Path:
    """Write the sound that FFmpeg makes of an expression."""
    footage.make("-f", "lavfi", "-i", source, *coding, path)
    return path


@pytest.mark.parametrize(("rate", "before", "after"), [(8000, 0.5, 0.0), (44100, 1.25, 3.5), (384000, 0.0, 0.75)])
def test_silence_at_both_ends_is_measured(tmp_path: Path, rate: int, before: float, after: float) -> None:
    """Silence before and after a tone is as long as it was made, at low and at high sample rates."""
    words = PAUSES.format(rate=rate, before=before, end=before + 1, length=before + 1 + after)

    found, level = heard(made(tmp_path / "tone.wav", words), "source")

    assert float(level.silence_before_s) == pytest.approx(before, abs=0.002)
    assert float(level.silence_after_s) == pytest.approx(after, abs=0.002)
    assert ("long-silence" in found.warnings) == (after > 3)


# Samples, how they are kept, the share at full scale, the warning.
LOUD: dict[str, tuple[str, tuple[object, ...], float]] = {
    "square": ("sgn(sin(2*PI*220*t))", (), 1.0),
    "upper-half": ("max(0,sgn(sin(2*PI*220*t)))", (), 0.5),
    "lower-half": ("min(0,sgn(sin(2*PI*220*t)))", (), 0.5),
    "under-full-scale": ("0.997*sgn(sin(2*PI*220*t))", (), 0.0),
    "over-full-scale": ("3*sgn(sin(2*PI*220*t))", ("-c:a", "pcm_f32le"), 1.0),
    "24-bits": ("sgn(sin(2*PI*220*t))", ("-c:a", "pcm_s24le"), 1.0),
}


@pytest.mark.parametrize("name", LOUD)
def test_clipped_samples_are_counted(tmp_path: Path, name: str) -> None:
    """The share at full scale is that of the samples made so, on either side, in any format."""
    shape, coding, share = LOUD[name]

    found, level = heard(made(tmp_path / "loud.wav", f"aevalsrc='{shape}':duration=2", *coding), "source")

    assert level.clipped == pytest.approx(share, abs=0.01)
    assert ("clipping" in found.warnings) == (share > 0)


# What is made, how, layout, channels that are silent, warnings.
LAYOUTS: dict[str, tuple[str, tuple[object, ...], tuple[str, int, tuple[str, ...]]]] = {
    "one-sided": ("aevalsrc='0.3*sin(440*t)|0':duration=1", (), ("stereo", 1, ("one-sided",))),
    "surround": ("sine=duration=1,volume=4,aformat=channel_layouts=mono", ("-ac", 6), ("5.1", 5, ())),
    "eight": ("sine=duration=1,volume=4,aformat=channel_layouts=mono", ("-ac", 8), ("7.1", 7, ())),
    "silence": ("anullsrc=duration=1:sample_rate=96000", (), ("stereo", 2, ("silent",))),
    "1-khz": ("sine=duration=1:sample_rate=1000:frequency=50,volume=4", (), ("mono", 0, ())),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_channels_are_told(tmp_path: Path, name: str) -> None:
    """Layout, silent channels and what to say of them fit the sound that was made."""
    source, coding, expected = LAYOUTS[name]

    found, level = heard(made(tmp_path / "sound.wav", source, *coding), "source")

    assert found.sound is not None
    assert (found.sound.layout, level.silent_channels, found.warnings) == expected
    assert level.speech is None


def _sixty_four(path: Path) -> Path:
    parts = "".join(f"[a{number}]" for number in range(64))
    return made(path, "sine=duration=0.2", "-filter_complex", f"asplit=64{parts};{parts}amerge=inputs=64")


def _no_numbers(path: Path) -> Path:
    return made(path, "aevalsrc='if(gt(t,1),0/0,sin(440*t))':duration=2", "-c:a", "pcm_f32le")


def _endless(path: Path) -> Path:
    content = bytearray(made(path, "sine=duration=1", "-rf64", "always").read_bytes())
    at = content.index(b"ds64") + 8
    content[at : at + 16] = (1 << 40).to_bytes(8, "little") * 2
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "code"), [(_sixty_four, "channels-not-allowed"), (_no_numbers, "not-a-number"), (_endless, "truncated")]
)
def test_sound_no_encoder_takes_is_refused(tmp_path: Path, make: Callable[[Path], Path], code: str) -> None:
    """What would stop an encoder midway is refused with its word."""
    with pytest.raises(MediaError) as caught:
        Prober().probe(make(tmp_path / "sound.wav"), "source")

    assert caught.value.word == code


# What a voice must not be taken for.
NO_SPEECH = ("sine=duration=6", "anoisesrc=duration=6:color=white:amplitude=0.3", "anoisesrc=duration=6:color=brown")


@pytest.mark.parametrize("source", NO_SPEECH)
def test_tones_and_noise_are_no_speech(tmp_path: Path, source: str) -> None:
    """A voice of a tone or of noise is taken, with the hint that hardly anything in it is speech."""
    found, level = heard(made(tmp_path / "voice.mp3", source), "voice")

    assert "little-speech" in found.warnings
    assert level.speech == 0


def test_a_quiet_voice_is_told(tmp_path: Path) -> None:
    """Speech that is read out sounds like speech, and with 40 dB less of it the voice is quiet."""
    speak_apart("A voice is read out here, one sentence after another, so that somebody hears it.", tmp_path / "v.wav")
    footage.make("-i", tmp_path / "v.wav", tmp_path / "loud.mp3")
    footage.make("-i", tmp_path / "v.wav", "-af", "volume=-28dB", tmp_path / "quiet.mp3")

    found = [heard(tmp_path / name, "voice")[0].warnings for name in ("loud.mp3", "quiet.mp3")]

    assert found == [(), ("quiet",)]


@pytest.mark.media
@pytest.mark.parametrize(
    ("name", "is_speech"),
    [
        ("s01_sonnet1_en_53s.mp3", True),
        ("s02_interview_en_33s.mp3", True),
        ("s03_jfk_en_11s.flac", True),
        ("m01_outfoxing_97s.mp3", False),
        ("m02_vonsh_play_48s.mp3", False),
        ("m04_to_be_happy_165s.mp3", False),
    ],
)
def test_real_speech_is_told_from_music(real_media: Path, tmp_path: Path, name: str, is_speech: bool) -> None:
    """Of real recordings over half of each speech sounds like it, and under a fifth of each music."""
    voice = real_media / name
    if voice.suffix != ".mp3":
        voice = tmp_path / "voice.mp3"
        footage.make("-i", real_media / name, "-map", "0:a", voice)

    found, level = heard(voice, "voice")

    assert level.speech is not None
    assert level.speech > 0.5 if is_speech else level.speech < 0.2
    assert ("little-speech" in found.warnings) is not is_speech
    assert level.silence_before_s < Fraction(1)
