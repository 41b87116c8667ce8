"""Chunks of a clip, each encoded by itself, show the very frames that one run over the whole clip shows."""

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from tests import footage
from tests.render.studio import Shelf, canvas, clip, hashes, mute, noisy, words
from videogen.model.media import Media
from videogen.model.profile import Profile
from videogen.model.timebase import Range
from videogen.model.timeline import Timeline, VideoOverlay
from videogen.plan.keys import segment_of
from videogen.plan.pieces import clip_length
from videogen.plan.slices import slice_of

NTSC = Fraction(1000, 1001)
RATES = (24 * NTSC, Fraction(25), 30 * NTSC, Fraction(30), 60 * NTSC)

HASH = ("-c:v", "rawvideo", "-f", "framemd5")


def _open_gops(path: Path) -> Path:
    return noisy(path, 25, 4, "-x264-params", "open-gop=1:keyint=17:min-keyint=17:b-pyramid=normal:scenecut=0")


def _vfr(path: Path) -> Path:
    """Write pictures at odd times, with a rest of 0.8 s and one of a whole second."""
    kept = "select='not(between(n,31,54)+between(n,70,99))*gt(mod(n*7,5),1)'"
    return noisy(path, 30, 5, chain=kept)


def _jittered(path: Path) -> Path:
    """Write pictures whose times are off their grid by up to 16 ms, as phones do."""
    return noisy(path, 30, 4, "-enc_time_base", "1:90000", chain="settb=1/90000,setpts='PTS+(720+720*sin(N*2.1))'")


def _late(path: Path) -> Path:
    """Write pictures that begin 1.37 s after the sound."""
    return _with_sound(path, noisy(path.with_name("whole.mp4"), 25, 3, chain="setpts=PTS+1.37/TB"))


def _late_alone(path: Path) -> Path:
    """Write pictures that begin 0.51 s into a file that holds nothing else."""
    return noisy(path, 25, 3, chain="setpts=PTS+0.51/TB")


def _with_sound(path: Path, picture: Path) -> Path:
    tone = ("-f", "lavfi", "-i", "sine=duration=5")
    footage.make("-copyts", "-i", picture, *tone, "-map", 0, "-map", 1, "-c:v", "copy", path)
    return path


def _cut(path: Path) -> Path:
    """Write a clip whose edit list begins in the middle of a GOP."""
    whole = noisy(path.with_name("whole.mp4"), 25, 5)
    footage.make("-ss", "1.5", "-i", whole, "-c", "copy", path)
    return path


def _webm(path: Path) -> Path:
    source = "testsrc2=size=64x36:rate=24:duration=4,noise=alls=50:allf=t"
    footage.make("-f", "lavfi", "-i", source, "-c:v", "libvpx", "-deadline", "realtime", "-g", 300, "-f", "webm", path)
    return path


def _interlaced(path: Path) -> Path:
    return noisy(path, 50, 3, "-flags", "+ildct+ilme", chain="tinterlace=mode=interleave_top")


def _at(rate: Fraction) -> Callable[[Path], Path]:
    return lambda path: noisy(path, rate, 4)


SOURCES: dict[str, Callable[[Path], Path]] = {
    "12.5": _at(Fraction(25, 2)),
    "23.976": _at(24 * NTSC),
    "25": _at(Fraction(25)),
    "29.97": _at(30 * NTSC),
    "30": _at(Fraction(30)),
    "59.94": _at(60 * NTSC),
    "vfr": _vfr,
    "jittered": _jittered,
    "open-gops": _open_gops,
    "late": _late,
    "late-alone": _late_alone,
    "edit-list": _cut,
    "webm": _webm,
    "interlaced": _interlaced,
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> Callable[[str], str]:
    """Make an awkward source when it is first asked for, and give its content's hash."""
    folder, made = tmp_path_factory.mktemp("sources"), dict[str, str]()

    def of(name: str) -> str:
        if name not in made:
            own = folder / name
            own.mkdir()
            made[name] = shelf.take(SOURCES[name](own / "clip.mp4"), "source")
        return made[name]

    return of


def frames(shelf: Shelf, asset: str, media: Media, stretch: tuple[int, int], fps: Fraction) -> list[str]:
    """Give a hash of each frame of a stretch of an asset, as its segment would show it."""
    shown = mute(canvas(fps), clip(asset, *stretch))
    return frames_of_slice(Shelf(shelf.files, {asset: media}), shown)


def frames_of_slice(shelf: Shelf, shown: Timeline) -> list[str]:
    """Run the command of a timeline with a hash of each frame in place of the encoder."""
    argv = segment_of(shown, shelf.media, Profile(canvas=shown.canvas)).argv
    return hashes(words(["-v", "error", *map(shelf.argument, hashed(argv))]).stdout)


def hashed(argv: Sequence[str]) -> list[str]:
    """Put what hashes frames where the encoder stands; rate, frame count and all inputs stay."""
    begin, end = argv.index("-map"), argv.index("step:out")
    kept = [
        word for name in ("-r", "-fps_mode", "-frames:v", "-pix_fmt") for word in (name, argv[argv.index(name) + 1])
    ]
    return [*argv[: begin + 2], *kept, *HASH, *argv[end:]]


def unsought(media: Media) -> Media:
    """Give media of which no times were measured: its file is read from its first byte to its last."""
    assert media.picture is not None
    return media.model_copy(
        update={"picture": media.picture.model_copy(update={"start_s": None, "longest_gap_s": None})}
    )


def stretches(length: int, fps: Fraction, count: int) -> list[tuple[int, int]]:
    """Choose stretches that begin where nothing else does, the last frame's among them; the same in every run."""
    dice = random.Random(f"{length} {fps}")  # noqa: S311 -- no secret
    starts = sorted(dice.sample(range(1, length - 1), min(count, length - 2)))
    return [(start, min(length, start + dice.choice([1, 7, 37]))) for start in starts] + [(length - 1, length)]


@pytest.mark.parametrize("fps", RATES, ids=lambda fps: f"{float(fps):.5g}")
@pytest.mark.parametrize("name", SOURCES)
def test_a_chunk_shows_the_frames_of_the_whole(
    shelf: Shelf, sources: Callable[[str], str], name: str, fps: Fraction
) -> None:
    """Wherever a chunk begins, its frames are those of one run over the whole clip, bit for bit."""
    asset = sources(name)
    media = shelf.media[asset]
    length = clip_length(media, fps)

    whole = frames(shelf, asset, unsought(media), (0, length), fps)

    assert len(whole) == length
    for start, end in stretches(length, fps, 3):
        assert frames(shelf, asset, media, (start, end), fps) == whole[start:end], (start, end)


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_would_tell_frames_apart(shelf: Shelf, sources: Callable[[str], str], name: str) -> None:
    """No two pictures of a test clip are alike (fields become frames), so a slip by one could not go unseen."""
    asset = sources(name)
    media = shelf.media[asset]
    fps = Fraction(120)

    whole = frames(shelf, asset, unsought(media), (0, clip_length(media, fps)), fps)

    assert media.picture is not None
    assert len(set(whole)) >= media.picture.frames


WHOLE = Range(start=0, end=150)
LATER = Range(start=20, end=110)
OVERLAYS: dict[str, dict[str, object]] = {
    "all the time": {"at": WHOLE, "width": 20, "height": 12},
    "for a while": {"at": LATER, "start": 9, "width": 20, "height": 12},
    "see-through": {"at": LATER, "opacity": Fraction(1, 3), "width": 30, "height": 20},
    "looped": {"at": WHOLE, "is_looped": True, "width": 20, "height": 12},
    "looped, entered late": {"at": LATER, "start": 50, "is_looped": True, "width": 20, "height": 12},
    "held at its end": {"at": LATER, "start": 60, "width": 20, "height": 12},
    "screened": {"at": LATER, "blend": "screen", "start": 3},
    "lightened and looped": {"at": WHOLE, "blend": "lighten", "is_looped": True},
}


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_slice_under_a_film_shows_the_frames_of_the_whole(
    shelf: Shelf, film: str, other_film: str, name: str
) -> None:
    """Wherever a timeline is cut while a film lies above it, each slice shows the frames of the whole, bit for bit."""
    above = VideoOverlay.model_validate({"asset": other_film, "x": 8, "y": 6, **OVERLAYS[name]})
    timeline = mute(canvas(), clip(film, 0, 150)).model_copy(update={"overlays": (above,)})

    whole = frames_of_slice(shelf, timeline)

    assert len(whole) == 150
    assert whole != frames_of_slice(shelf, mute(canvas(), clip(film, 0, 150)))
    for start, end in [(37, 74), (109, 150), (109, 110), (0, 21), (90, 112)]:
        shown = frames_of_slice(shelf, slice_of(timeline, Range(start=start, end=end)))
        assert shown == whole[start:end], (start, end)


REAL = {
    "v01_bbb_1080p24_30s.mp4": 2,
    "v02_phone_1080p_vfr_short.mp4": 2,
    "v05_cars_768x432_12.5fps.mp4": 9,
    "v06_bottles_640x360_29.83fps_silent.mp4": 10,
    "v07_chaplin_640x360_25fps_mp3audio.mp4": 5,
    "v09_phone_4k60_portrait_rot.mp4": 1,
    "v11_fire_720p_vfr_rot180_mono.mp4": 3,
    "v13_launch_640x360_24fps.webm": 4,
}
"""How many seconds of each are looked at: large pictures take their time."""


@pytest.mark.media
@pytest.mark.parametrize("name", REAL)
def test_a_chunk_of_a_real_clip_shows_the_frames_of_the_whole(shelf: Shelf, real_media: Path, name: str) -> None:
    """What holds for clips made up holds for those that phones, films and cameras made."""
    asset = shelf.take(real_media / name, "source")
    media, fps = shelf.media[asset], Fraction(30)
    length = min(clip_length(media, fps), 30 * REAL[name])

    whole = frames(shelf, asset, unsought(media), (0, length), fps)

    assert len(whole) == length
    for start, end in stretches(length, fps, 3):
        assert frames(shelf, asset, media, (start, end), fps) == whole[start:end], (start, end)
