"""What may be given to encode: each container made by FFmpeg, its samples counted by FFmpeg's own command line."""

import struct
import subprocess
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from tests import footage
from videogen import toolchain
from videogen.errors import MediaError
from videogen.model.media import Media, Sound
from videogen.probe.prober import Prober

SINE = ("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=1.234")


def probed(path: Path) -> Media:
    """Look into a source that must be taken."""
    return Prober().probe(path, "source")


def sound(path: Path) -> Sound:
    """Look into a source that must have sound."""
    found = probed(path).sound
    assert found is not None
    return found


def refusal(path: Path) -> str:
    """Look into a source that must be refused; give the code."""
    with pytest.raises(MediaError) as caught:
        probed(path)
    assert path.name in caught.value.message
    assert caught.value.remedy
    return caught.value.word


@pytest.fixture(scope="module")
def program() -> Path:
    """The FFmpeg that renders."""
    return toolchain.find("").program


def counted(program: Path, path: Path, channels: int) -> int:
    """Give how many samples FFmpeg's command line decodes of the first sound."""
    argv = [str(program), "-v", "error", "-nostdin", "-i", str(path), "-map", "0:a:0", "-f", "s16le", "-"]
    return len(subprocess.run(argv, capture_output=True, check=True, timeout=60).stdout) // (2 * channels)


# Name of the file; what encodes picture and sound; the demuxer and the codecs to name.
SOURCES: tuple[tuple[str, tuple[str, str], tuple[str, str, str]], ...] = (
    ("film.mp4", ("libx264", "aac"), ("mov", "h264", "aac")),
    ("film.mov", ("prores_ks", "pcm_s24le"), ("mov", "prores", "pcm_s24le")),
    ("mute.mp4", ("libx264", ""), ("mov", "h264", "")),
    ("song.m4a", ("", "alac"), ("mov", "", "alac")),
    ("film.mkv", ("libx265", "ac3"), ("matroska", "hevc", "ac3")),
    ("film.webm", ("libvpx-vp9", "libopus"), ("matroska", "vp9", "opus")),
    ("old.webm", ("libvpx", "libvorbis"), ("matroska", "vp8", "vorbis")),
    ("song.mka", ("", "eac3"), ("matroska", "", "eac3")),
    ("film.ts", ("libx264", "aac"), ("mpegts", "h264", "aac")),
    ("tape.m2ts", ("mpeg2video", "ac3"), ("mpegts", "mpeg2video", "ac3")),
    ("song.mp3", ("", "libmp3lame"), ("mp3", "", "mp3")),
    ("song.wav", ("", "pcm_s16le"), ("wav", "", "pcm_s16le")),
    ("fine.wav", ("", "pcm_f32le"), ("wav", "", "pcm_f32le")),
    ("song.flac", ("", "flac"), ("flac", "", "flac")),
    ("song.ogg", ("", "libvorbis"), ("ogg", "", "vorbis")),
    ("song.opus", ("", "libopus"), ("ogg", "", "opus")),
)


def _made(path: Path, shown: str, heard: str) -> Path:
    inputs: list[object] = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=1"] if shown else []
    coding: list[object] = ["-c:v", shown, "-pix_fmt", "yuv422p10le" if shown == "prores_ks" else "yuv420p"]
    inputs += SINE if heard else ()
    footage.make(*inputs, *(coding if shown else ()), *(("-c:a", heard, "-ac", 2) if heard else ()), path)
    return path


@pytest.mark.parametrize(("name", "encoders", "words"), SOURCES)
def test_containers_are_taken(
    tmp_path: Path, program: Path, name: str, encoders: tuple[str, str], words: tuple[str, str, str]
) -> None:
    """Each container gives its picture and its sound, and the demuxer to open it with again."""
    source = _made(tmp_path / name, *encoders)

    found = probed(source)

    shown, heard = found.picture, found.sound
    assert (found.container, shown.codec if shown else "", heard.codec if heard else "") == words
    assert shown is None or (shown.frames, shown.rate, shown.is_cfr) == (25, Fraction(25), True)
    assert heard is None or (heard.sample_rate, heard.channels) == (48000, 2)
    assert heard is None or (heard.loudness is None) == (shown is not None)
    assert heard is None or heard.samples == counted(program, source, 2)


def test_transport_streams_start_when_they_say(tmp_path: Path, clips: dict[str, Path]) -> None:
    """The clock of a transport stream does not begin at zero, and the first picture's time is by that clock."""
    stream = tmp_path / "film.ts"
    footage.make("-i", clips["vfr"], "-c", "copy", stream)

    found = probed(stream).picture

    assert found is not None
    assert (found.frames, found.is_cfr, found.longest_gap_s) == (30, False, Fraction(3, 25))
    assert found.start_s is not None
    assert 1 < found.start_s < 2


# -- the end of a MOV track -----------------------------------------------------------------------------------------


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        yield content[at + 4 : at + 8], content[at + 8 : at + length]
        at += length


def _edited(content: bytes, edits: list[tuple[int, int]]) -> bytes:
    """Give the boxes with another edit list: duration and media time of each edit, -1 for an empty one."""
    rows = b"".join(struct.pack(">IiI", duration, time, 0x10000) for duration, time in edits)
    edts = _box(b"elst", struct.pack(">II", 0, len(edits)) + rows) if edits else b""
    inside = {b"moov", b"trak"}
    parts = [
        _box(name, _edited(body, edits) if name in inside else edts if name == b"edts" else body)
        for name, body in _boxes(content)
    ]
    return b"".join(parts)


def _tagged(content: bytes, words: str) -> bytes:
    """Give the boxes with the note that iTunes leaves about priming and padding."""
    name = _box(b"mean", bytes(4) + b"com.apple.iTunes") + _box(b"name", bytes(4) + b"iTunSMPB")
    item = _box(b"----", name + _box(b"data", struct.pack(">II", 1, 0) + words.encode()))
    meta = bytes(4) + _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9)) + _box(b"ilst", item)
    udta = _box(b"udta", _box(b"meta", meta))
    kept = {name: body for name, body in _boxes(dict(_boxes(content))[b"moov"]) if name != b"udta"}
    moov = b"".join(_box(name, body) for name, body in kept.items()) + udta
    return b"".join(_box(name, moov if name == b"moov" else body) for name, body in _boxes(content))


ENDS: dict[str, Callable[[bytes], bytes]] = {
    "as-it-was-made": lambda content: content,
    "no-edit-list": lambda content: _edited(content, []),
    "cut-short": lambda content: _edited(content, [(20000, 1024)]),
    "no-priming": lambda content: _edited(content, [(20000, 0)]),
    "between-packets": lambda content: _edited(content, [(20480, 1024)]),
    "begins-late": lambda content: _edited(content, [(500, -1), (20000, 1024)]),
    "begins-later-than-it-lasts": lambda content: _edited(content, [(60000, -1), (59232, 1024)]),
    "two-pieces": lambda content: _edited(content, [(10000, 1024), (10000, 30000)]),
    "noted-by-itunes": lambda content: _tagged(_edited(content, []), " 00000000 00000840 000001F4 000000000000DEA8"),
    "much-noted": lambda content: _tagged(_edited(content, []), " 00000000 00000840 000007D0 000000000000DEA8"),
    "noted-beside-an-edit-list": lambda content: _tagged(content, " 00000000 00000840 000001F4 000000000000DEA8"),
    "noted-too-long": lambda content: _tagged(content, " 00000000 00000840 000001F4 00000000000FDEA8"),
    "noted-wrongly": lambda content: _tagged(content, " 00000000 00000840 worse"),
}


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A track of AAC, its index behind its sound."""
    track = tmp_path_factory.mktemp("spoken") / "track.m4a"
    footage.make(*SINE, "-c:a", "aac", track)
    return track.read_bytes()


@pytest.mark.parametrize("name", ENDS)
def test_mov_sound_ends_where_ffmpeg_ends_it(tmp_path: Path, program: Path, spoken: bytes, name: str) -> None:
    """Whatever the edit list or iTunes says of both ends, the samples are those the command line decodes."""
    track = tmp_path / "track.m4a"
    track.write_bytes(ENDS[name](spoken))

    assert sound(track).samples == counted(program, track, 1)


@pytest.mark.parametrize("encoder", ["aac", "ac3", "eac3", "libmp3lame", "libopus", "alac", "flac", "pcm_s16be"])
@pytest.mark.parametrize("flags", ["+faststart", "+frag_keyframe", "+frag_keyframe+empty_moov+delay_moov"])
def test_mov_sound_of_each_codec_is_counted(tmp_path: Path, program: Path, encoder: str, flags: str) -> None:
    """Indexed or in fragments, a MOV's sound has the samples the command line decodes."""
    track = tmp_path / "track.mov" if encoder.startswith("pcm") else tmp_path / "track.mp4"
    footage.make(*SINE, "-c:a", encoder, "-movflags", flags, track)

    assert sound(track).samples == counted(program, track, 1)


def test_clips_cut_without_encoding_are_counted(tmp_path: Path, program: Path) -> None:
    """Picture and sound cut at the same place by an edit list are both counted as FFmpeg shows them."""
    whole, cut = footage.clip(tmp_path / "whole.mp4", seconds=2), tmp_path / "cut.mp4"
    footage.make("-ss", 0.77, "-i", whole, "-c", "copy", cut)

    found = probed(cut)

    assert found.picture is not None
    assert found.sound is not None
    assert found.picture.frames == 30
    assert found.sound.samples == counted(program, cut, 1)


# -- what else is in a file -----------------------------------------------------------------------------------------


def _adorned(path: Path) -> Path:
    voice, cover = footage.voice_mp3(path.with_name("voice.mp3")), footage.logo_png(path.with_name("cover.png"))
    maps = ("-map", 0, "-map", 1, "-c:v", "copy", "-disposition:v", "attached_pic")
    footage.make("-i", voice, "-i", cover, *maps, path)
    return path


@pytest.mark.parametrize("name", ["adorned.mp3", "adorned.m4a"])
def test_covers_are_no_picture(tmp_path: Path, name: str) -> None:
    """A song with a cover is a song."""
    found = probed(_adorned(tmp_path / name))

    assert found.picture is None
    assert found.sound is not None


def test_short_and_silent_sound_is_taken(tmp_path: Path) -> None:
    """What a voice may not be, a source may: silent, and shorter than half a second."""
    track = tmp_path / "silence.wav"
    footage.make("-f", "lavfi", "-i", "anullsrc=sample_rate=8000", "-t", 0.2, track)

    found = sound(track)

    assert (found.codec, found.sample_rate, found.channels, found.samples) == ("pcm_s16le", 8000, 2, 1600)
    assert (found.start_s, found.loudness) == (Fraction(0), None)
    assert found.level is not None
    assert found.level.silence_before_s == found.duration_s


def test_what_was_written_to_a_pipe_is_as_long_as_it_is(tmp_path: Path) -> None:
    """A file whose header could not be mended afterwards is taken with what it holds."""
    for form in ("wav", "flac", "matroska"):
        argv = [str(footage.program()), "-v", "error", "-nostdin", *map(str, SINE), "-c:a"]
        argv += ["flac" if form != "wav" else "pcm_s16le", "-f", form, "-"]
        piped = subprocess.run(argv, capture_output=True, check=True, timeout=60).stdout
        (tmp_path / form).write_bytes(piped)

        assert sound(tmp_path / form).samples == 59232


# -- refusals -------------------------------------------------------------------------------------------------------


def _words_only(path: Path) -> Path:
    words = path.with_suffix(".srt")
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello.\n")
    footage.make("-i", words, "-c:s", "srt", "-f", "matroska", path)
    return path


def _half(make: Callable[[Path], object]) -> Callable[[Path], Path]:
    def cut(path: Path) -> Path:
        make(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        return path

    return cut


def _spoilt(path: Path) -> Path:
    """Write a Matroska file of large pictures and turn some bits of one in the middle."""
    content = bytearray(footage.clip(path, size=(320, 240), sound=False, extra=("-qp", 1, "-g", 1)).read_bytes())
    for at in range(len(content) // 2, len(content) // 2 + 300):
        content[at] ^= 0x55
    path.write_bytes(content)
    return path


def _tone(path: Path, *arguments: object) -> Path:
    footage.make(*SINE, *arguments, path)
    return path


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "words.mkv": (_words_only, "no-media"),
    "photo.png": (footage.logo_png, "kind-mismatch"),
    "film.avi": (lambda path: footage.clip(path, seconds=0.2), "kind-mismatch"),
    "list.mp4": (footage.hls_named_mp4, "kind-mismatch"),
    "nothing.mp4": (footage.empty, "empty"),
    "eight-bits.mkv": (lambda path: _tone(path, "-c:a", "pcm_u8"), "codec-not-allowed"),
    "archive.mkv": (lambda path: footage.clip(path, codec="ffv1", seconds=0.2), "codec-not-allowed"),
    "spoilt.mkv": (_spoilt, "decode-error"),
    "half.mp4": (_half(footage.clip), "truncated"),
    "half.webm": (_half(footage.webm), "truncated"),
    "half.wav": (_half(_tone), "truncated"),
    "half.flac": (_half(_tone), "truncated"),
    "half.mp3": (_half(footage.voice_mp3), "truncated"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_encoded_is_refused(tmp_path: Path, name: str) -> None:
    """A source that holds nothing, too little, or what is not decoded here is refused with its word."""
    make, code = REFUSED[name]

    assert refusal(make(tmp_path / name)) == code


def test_a_recording_joined_midway_begins_with_its_keyframe(tmp_path: Path) -> None:
    """Of a transport stream without its beginning, the pictures from the first keyframe on are counted."""
    whole, rest = tmp_path / "whole.ts", tmp_path / "rest.ts"
    footage.clip(whole, seconds=3, sound=False, extra=("-g", 25, "-bf", 2))
    packets = whole.stat().st_size // 188
    rest.write_bytes(whole.read_bytes()[packets // 3 * 188 :])

    found = probed(rest).picture

    assert found is not None
    assert (found.frames % 25, found.is_cfr) == (0, True)
    assert 0 < found.frames < 75


# -- real media -----------------------------------------------------------------------------------------------------


@pytest.mark.media
@pytest.mark.parametrize(
    ("name", "container", "frames"),
    [
        ("v13_launch_640x360_24fps.webm", "matroska", 194),
        ("v02_phone_1080p_vfr_short.mp4", "mov", 41),
        ("v11_fire_720p_vfr_rot180_mono.mp4", "mov", 25),
        ("s03_jfk_en_11s.flac", "flac", None),
        ("s02_interview_en_33s.mp3", "mp3", None),
    ],
)
def test_real_sources_are_counted(
    real_media: Path, program: Path, name: str, container: str, frames: int | None
) -> None:
    """Files of other people's making give the frames and samples that FFmpeg decodes."""
    found = probed(real_media / name)

    assert (found.container, found.picture.frames if found.picture else None) == (container, frames)
    assert found.sound is not None
    assert found.sound.samples == counted(program, real_media / name, found.sound.channels)


def test_a_clip_over_twelve_seconds_is_sampled(tmp_path: Path) -> None:
    """Of what one description names the ends are decoded, and it has the frames that a player shows all the same.

    It was cut without encoding: an edit list leaves out what lies between the keyframe and the cut.
    """
    gops = ("-x264-params", "keyint=24:min-keyint=24:scenecut=0:bframes=3:b-adapt=0")
    whole = footage.clip(tmp_path / "whole.mp4", size=(96, 64), rate=10, seconds=18, sound=False, extra=gops)
    cut = tmp_path / "film.mp4"
    footage.make("-ss", "2.6", "-i", whole, "-c", "copy", cut)

    asset, source = (Prober().probe(cut, kind).picture for kind in ("video", "source"))

    assert asset is not None
    assert source is not None
    assert (asset.is_sampled, source.is_sampled) == (False, True)
    assert (source.frames, source.duration_s, source.start_s) == (asset.frames, asset.duration_s, asset.start_s)
