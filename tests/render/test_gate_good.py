"""No honest video is refused: awkward clips and sounds in many orders, each video judged good in every figure (A17)."""

import random
from fractions import Fraction
from pathlib import Path

import pytest

from tests import footage
from tests.render.studio import STORE, House, Shelf, canvas, clip
from videogen.model.timeline import Clip, Gap, Item, SoundTrack, Timeline, Transition
from videogen.segments import Segments

VIDEOS = 20
FRAMES = 75
CLIPS = {
    "a still slide": "color=c=teal:size=64x36:rate=25:duration=3,drawbox=x=8:y=8:w=20:h=9:c=white:t=fill",
    "a clip that moves": "testsrc2=size=64x36:rate=25:duration=3,scroll=h=0.02:v=0.03",
    "a dark clip": "testsrc2=size=64x36:rate=25:duration=3,scroll=h=0.02,eq=brightness=-0.42:contrast=0.3",
    "noise in the dark": "color=c=black:size=64x36:rate=25:duration=3,noise=alls=12:allf=t",
    "black throughout": "color=c=black:size=64x36:rate=25:duration=3",
    "out of black and into it": "testsrc2=size=64x36:rate=25:duration=3,fade=in:0:30,fade=out:40:35",
    "a strobe": "testsrc2=size=64x36:rate=25:duration=3,drawbox=c=white:t=fill:enable='lt(mod(n,12),1)'",
    "cuts of one frame": "testsrc2=size=64x36:rate=25:duration=3,negate=enable='eq(mod(n,7),0)'",
    "a portrait of letters": "color=c=black:size=36x64:rate=25:duration=3,drawbox=x='4+t':y=20:w=9:h=3:c=white:t=fill",
    "ten frames a second": "testsrc2=size=64x36:rate=10:duration=3,scroll=h=0.05",
    "nearly still": "testsrc2=size=64x36:rate=25:duration=3",
}
SOUNDS = {
    "a voice with a long pause": "aevalsrc='0.3*sin(2*PI*180*t)*(lt(t,0.8)+gt(t,2.6))':sample_rate=44100:duration=3",
    "a quiet voice": "aevalsrc='0.004*sin(2*PI*200*t)*pow(sin(2*PI*1.7*t),2)':sample_rate=44100:duration=3",
    "a loud voice": "aevalsrc='0.95*sin(2*PI*220*t)*pow(sin(2*PI*2*t),2)':sample_rate=44100:duration=3",
    "drums": "aevalsrc='0.8*exp(-40*mod(t,0.25))*sin(2*PI*900*t)|0.8*exp(-40*mod(t,0.25))*random(1)'"
    ":sample_rate=44100:duration=3",
    "noise": "anoisesrc=amplitude=0.3:sample_rate=44100:duration=3:seed=4",
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> tuple[House, list[str], list[str]]:
    """A house whose store all these videos share, with the clips and the sounds."""
    folder = tmp_path_factory.mktemp("good")
    seen = [_clip(folder / f"{nth}.mp4", chain) for nth, chain in enumerate(CLIPS.values())]
    heard = [_sound(folder / f"{nth}.mp3", chain) for nth, chain in enumerate(SOUNDS.values())]
    house = House(folder, shelf, Segments(folder / STORE))
    return house, [shelf.take(one) for one in seen], [shelf.take(one, "voice") for one in heard]


def _clip(path: Path, chain: str) -> Path:
    footage.make("-f", "lavfi", "-i", chain, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path)
    return path


def _sound(path: Path, chain: str) -> Path:
    footage.make("-f", "lavfi", "-i", chain, "-c:a", "libmp3lame", "-b:a", "128k", path)
    return path


def story(chance: random.Random, clips: list[str], sounds: list[str]) -> Timeline:
    """Draw a video: two to four stretches, some with a fade or a gap between, some with a voice, some with music."""
    picture: list[Item] = []
    for _ in range(chance.randint(2, 4)):
        picture.append(clip(chance.choice(clips), 0, chance.choice((FRAMES, FRAMES, 50, 61))))
        if chance.random() < 0.1:
            picture.append(Gap(length=40))
    if chance.random() < 0.1 and all(isinstance(item, Clip) for item in picture):
        picture.insert(1, Transition(kind=chance.choice(("fade", "crossfade")), length=8))
    tracks = [SoundTrack(asset=chance.choice(sounds), is_looped=True)] if chance.random() < 0.4 else []
    if tracks and chance.random() < 0.5:
        tracks.append(SoundTrack(asset=chance.choice(sounds), gain=Fraction(1, 4), is_looped=True))
    return Timeline(canvas=canvas(), picture=tuple(picture), sounds=tuple(tracks), is_mute=not tracks)


@pytest.mark.parametrize("tenth", range(10))
def test_no_good_video_is_refused(stage: tuple[House, list[str], list[str]], tenth: int) -> None:
    """Of twenty videos drawn from clips that look or sound broken and are not, none has as much as a warning."""
    house, clips, sounds = stage
    for nth in range(tenth, VIDEOS, 10):
        timeline = story(random.Random(nth), clips, sounds)  # noqa: S311 -- no secret, and the same each time

        done = house.render(timeline, f"video-{nth}", segment_s=3)

        assert done.quality is not None
        assert [figure for figure in done.quality.figures if figure.verdict != "good"] == [], timeline.listing()


@pytest.mark.media
def test_real_clips_are_good(tmp_path: Path, shelf: Shelf, real_media: Path) -> None:
    """Real films of phones, cameras and screens, cut to two seconds each, under real speech and real music."""
    house = House(tmp_path, shelf, Segments(tmp_path / STORE))
    names = sorted(path for path in real_media.glob("v*") if not path.name.startswith(("v01", "v09", "v12")))
    assets = [shelf.take(path, "source" if path.suffix == ".webm" else "video") for path in names]
    lengths = [int(shelf.media[asset].duration_s * 25) for asset in assets]
    picture = tuple(clip(asset, 0, min(50, length)) for asset, length in zip(assets, lengths, strict=True))
    voice = shelf.take(real_media / "s02_interview_en_33s.mp3", "voice")
    music = shelf.take(real_media / "m02_vonsh_play_48s.mp3", "music")
    sounds = (SoundTrack(asset=voice, is_looped=True), SoundTrack(asset=music, gain=Fraction(1, 4), is_looped=True))

    done = house.render(Timeline(canvas=canvas(), picture=picture, sounds=sounds), segment_s=10)

    assert done.quality is not None
    assert [figure for figure in done.quality.figures if figure.verdict != "good"] == []
