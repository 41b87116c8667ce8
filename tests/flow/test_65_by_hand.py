"""`render FILE`: a timeline that a person wrote becomes one file, or a sentence; nothing else is left anywhere."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from tests import footage
from tests.flow.house import House, clean_env, frames_in, shared
from tests.flow.sight import near, pixels, samples_of, size_of, streams, tone

CANVAS = {"width": 160, "height": 90, "fps": 30}
RED, LIME, YELLOW, BLACK, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 0), (0, 0, 0), (255, 255, 255)
MUSIC_HZ, VOICE_HZ = 330, 3000


class Made(NamedTuple):
    """A folder with materials and the video of one timeline; only to be looked at."""

    folder: Path
    told: dict[str, Any]

    @property
    def video(self) -> Path:
        """The video."""
        return self.folder / "out.mp4"


def materials(folder: Path) -> None:
    """Make three films of two seconds, one colour each, a small one, a badge, and two sounds."""
    folder.mkdir(parents=True, exist_ok=True)
    for colour in ("red", "lime", "blue"):
        paint = ("-vf", f"drawbox=c={colour}:t=fill")
        footage.clip(folder / f"{colour}.mp4", size=(160, 90), rate=30, seconds=2, extra=paint)
    footage.clip(folder / "inset.mp4", size=(40, 24), sound=False, extra=("-vf", "drawbox=c=yellow:t=fill"))
    Image.new("RGBA", (20, 20), (255, 255, 255, 255)).save(folder / "badge.png")
    footage.music_mp3(folder / "music.mp3", seconds=2)
    speech = f"sine=frequency={VOICE_HZ}:duration=1,volume=6"
    footage.make("-f", "lavfi", "-i", speech, "-c:a", "libmp3lame", folder / "voice.mp3")


def span(start: int, end: int) -> dict[str, int]:
    """Write a range."""
    return {"start": start, "end": end}


def clip(name: str, start: int, end: int, **more: Any) -> dict[str, Any]:
    """Write a clip."""
    return {"type": "clip", "asset": f"{name}.mp4", "source": span(start, end), **more}


def every_kind() -> dict[str, Any]:
    """Write a timeline that asks for all there is: 145 frames.

    Red to 40, lime from 30 to 90, black to 105, blue without its colour to the end; each end fades.
    """
    return {
        "canvas": CANVAS,
        "picture": [
            {"type": "transition", "kind": "fade", "length": 10},
            clip("red", 10, 50),
            {"type": "transition", "kind": "crossfade", "length": 10},
            clip("lime", 0, 60),
            {"type": "gap", "length": 15},
            clip("blue", 5, 45, colour="mono"),
            {"type": "transition", "kind": "fade", "length": 10},
        ],
        "overlays": [
            {"type": "image", "asset": "badge.png", "x": 130, "y": 60, "at": span(45, 75), "opacity": "1/2"},
            {"type": "video", "asset": "inset.mp4", "x": 4, "y": 60, "at": span(50, 80)},
            {"type": "text", "text": "■ it's 100 %{x}", "x": 8, "y": 4, "size": 40, "at": span(50, 80), "fade_in": 10},
        ],
        "sounds": [
            {"asset": "music.mp3", "gain": "1/2", "is_looped": True, "fade_out": 15, "ducked_by": 1},
            {"asset": "voice.mp3", "at": span(60, 90)},
        ],
    }


def videogen(*arguments: object, root: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a verb; without a root, in a folder that is none."""
    before = ["--root", str(root)] if root else []
    argv = [sys.executable, "-m", "videogen.cli", *before, *map(str, arguments)]
    env = clean_env() | {"VIDEOGEN_RENDER__PRESET": "ultrafast", "VIDEOGEN_RENDER__ENCODER": "libx264"}
    return subprocess.run(argv, capture_output=True, text=True, env=env, timeout=60, check=False)


def written(folder: Path, words: object, name: str = "story.json") -> Path:
    """Write a timeline file."""
    path = folder / name
    path.write_text(words if isinstance(words, str) else json.dumps(words))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The video of a timeline that asks for all there is."""

    def prepare(house: House) -> dict[str, Any]:
        folder = house.root / "mine"
        materials(folder)
        done = videogen("render", written(folder, every_kind()), "-o", folder / "out.mp4", "--json")
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    house, told = shared(tmp_path_factory, "by-hand", prepare)
    return Made(house.root / "mine", told)


@pytest.fixture
def folder(made: Made, tmp_path: Path) -> Path:
    """A folder of one's own with the materials."""
    own = tmp_path / "mine"
    own.mkdir()
    for path in made.folder.glob("*.*"):
        if path.suffix in {".mp4", ".mp3", ".png"} and path != made.video:
            (own / path.name).hardlink_to(path)
    return own


# -- what is seen and heard --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "point", "wanted", "because"),
    [
        (0, (80, 45), BLACK, "it fades in"),
        (15, (80, 45), RED, "the first clip"),
        (35, (80, 45), (128, 128, 0), "half of the crossfade"),
        (44, (140, 70), LIME, "the frame before the badge comes"),
        (45, (140, 70), (128, 255, 128), "the badge, half of it"),
        (74, (140, 70), (128, 255, 128), "the badge's last frame"),
        (75, (140, 70), LIME, "the badge is gone"),
        (65, (20, 70), YELLOW, "the inset, which lasts one second and is held"),
        (79, (43, 83), YELLOW, "the inset's lower corner"),
        (65, (46, 70), LIME, "beside the inset"),
        (80, (20, 70), LIME, "the inset is gone"),
        (89, (80, 45), LIME, "the second clip's last frame"),
        (90, (80, 45), BLACK, "the gap"),
        (104, (80, 45), BLACK, "the gap's last frame"),
        (144, (80, 45), BLACK, "it fades out"),
    ],
)
def test_each_thing_is_in_its_place(
    made: Made, frame: int, point: tuple[int, int], wanted: tuple[int, int, int], because: str
) -> None:
    """Trims, crossfade, fades, gap and overlays are on the frames and at the places that the file names."""
    (found,) = pixels(made.video, frame, point)

    assert near(found, wanted, within=32), because


def test_words_are_drawn(made: Made) -> None:
    """Text is white where its letters are, half of it while it fades in, and nothing of it is a command."""
    around = [(x, y) for x in range(8, 40) for y in range(6, 50)]

    before, coming, there = (pixels(made.video, frame, *around) for frame in (49, 54, 70))

    assert all(near(one, LIME) for one in before)
    assert any(near(one, WHITE) for one in there)
    assert max(one[0] for one in coming) == pytest.approx(128, abs=60)


def test_mono_has_no_colour(made: Made) -> None:
    """The colour preset of a clip holds for that clip."""
    ((red, green, blue),) = pixels(made.video, 120, (80, 45))

    assert max(red, green, blue) - min(red, green, blue) < 12


def test_both_tracks_have_the_timeline_s_length(made: Made) -> None:
    """The video has the frames that the file adds up to, and its sound ends with them."""
    assert frames_in(made.video) == made.told["frames"] == 145
    assert made.told["samples"] == 145 * 1600
    assert size_of(made.video) == (160, 90)
    assert streams(made.video) == [("video", "h264"), ("audio", "aac")]


def test_music_is_ducked_by_the_voice(made: Made) -> None:
    """The music loops, goes down while the voice speaks, comes back after it, and fades at the end."""
    heard = samples_of(made.video)

    before, under, after, end = (
        tone(heard, MUSIC_HZ, *when) for when in ((0.5, 0.9), (2.4, 2.8), (4.0, 4.3), (4.75, 4.83))
    )
    silent, speaking = (tone(heard, VOICE_HZ, *when) for when in ((1.0, 1.4), (2.4, 2.8)))
    assert before == pytest.approx(0.1, rel=0.15)
    assert under < before / 2
    assert after == pytest.approx(before, rel=0.2)
    assert end < before / 4
    assert silent < speaking / 50


# -- where it works ----------------------------------------------------------------------------------------------------


def test_nothing_is_left_beside_it(made: Made) -> None:
    """The folder holds what was there, and the video."""
    names = {"red.mp4", "lime.mp4", "blue.mp4", "inset.mp4", "badge.png", "music.mp3", "voice.mp3", "story.json"}

    assert {path.name for path in made.folder.iterdir()} == {*names, "out.mp4"}


def test_a_spool_s_segments_are_used(folder: Path, tmp_path: Path) -> None:
    """With the root of a spool its store is used: the second time nothing is encoded, and the bytes are the same."""
    house = House(tmp_path / "spool")
    file = written(folder, {"canvas": CANVAS, "picture": [clip("red", 0, 60), clip("blue", 0, 60)]})

    first = videogen("render", file, "-o", folder / "1.mp4", "--json", root=house.root)
    second = videogen("render", file, "-o", folder / "2.mp4", "--json", root=house.root)

    assert [json.loads(done.stdout)["frames_encoded"] for done in (first, second)] == [120, 0]
    assert (folder / "1.mp4").read_bytes() == (folder / "2.mp4").read_bytes()
    assert len(house.segments()) == 2


def test_asset_of_the_library_by_its_hash(folder: Path, tmp_path: Path) -> None:
    """An asset may be the hash of a clip of the library."""
    house = House(tmp_path / "spool")
    house.clip(size=(160, 90), rate=30)
    assert house.run("main", "--once").returncode == 0
    (asset,) = house.assets("video")
    words = {"canvas": CANVAS, "picture": [clip("red", 0, 10) | {"asset": asset["sha256"]}]}

    done = videogen("render", written(folder, words), "-o", folder / "o.mp4", root=house.root)

    assert done.returncode == 0, done.stderr
    assert frames_in(folder / "o.mp4") == 10


def test_plan_of_a_file(folder: Path) -> None:
    """`plan FILE` tells its spans and steps, starts nothing and leaves nothing."""
    file = written(folder, every_kind())
    before = sorted(folder.iterdir())

    plan = json.loads(videogen("plan", file, "--json").stdout)
    text = videogen("plan", file).stdout

    assert plan["video"]["frames"] == 145
    assert [one["at"][0] for one in plan["spans"]] == [0, *(one["at"][1] for one in plan["spans"][:-1])]
    assert any("crossfade" in one["shows"] for one in plan["spans"])
    assert str(folder) not in text
    assert "145 frames" in text
    assert sorted(folder.iterdir()) == before


# -- bad files ---------------------------------------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], object]


def second(**changed: object) -> Change:
    """Change the second clip."""
    return lambda words: words["picture"][1].update(changed)


def over(**overlay: object) -> Change:
    """Lay something over it."""
    return lambda words: words.update(overlays=[{"x": 0, "y": 0, "at": span(0, 10), **overlay}])


BAD: list[tuple[Change, str, str]] = [
    (second(source=span(40, 30)), "at /picture/1/source: ", "it ends before it begins"),
    (second(source=span(-1, 30)), "at /picture/1/source: ", "it begins before the clip"),
    (second(source={"start": 0}), "at /picture/1/source/end: ", "it has no end"),
    (second(source=span(0, 900)), "has 60 at 30 fps", "it ends after the clip"),
    (second(colour="pink"), "at /picture/1/colour: ", "no such colour"),
    (second(speed=2), "at /picture/1/speed: ", "no such field"),
    (second(type="clop"), "at /picture/1/type: ", "no such thing"),
    (second(asset="gone.mp4"), '/picture/1/asset names "gone.mp4", which is not there', "no such file"),
    (second(asset="."), 'names ".", which is no regular file', "a folder is no file"),
    (second(asset="concat:red.mp4|blue.mp4"), "which is not there", "a protocol is no file"),
    (second(asset="a" * 64), "holds nothing with the hash aaaaaaaaaaaa", "no such content"),
    (second(asset="story.json"), "story.json", "a text is no clip"),
    (second(asset="voice.mp3"), 'names "voice.mp3", which has no picture', "a sound is no clip"),
    (over(type="image", asset="red.mp4"), "which is a film or a sound", "a film is no picture"),
    (over(type="image", asset="badge.png", at=span(0, 99)), "past the timeline's 80 frames", "it lasts too long"),
    (over(type="text", text="x", size=20, font="badge.png"), "badge.png", "a picture is no font"),
    (over(type="text", text="", size=20), "at /overlays/0/text: ", "no words"),
    (lambda words: words.update(sounds=[{"asset": "inset.mp4"}]), '"inset.mp4", which has no sound', "it is silent"),
    (lambda words: words.update(picture=[]), "at /picture: ", "nothing is shown"),
    (lambda words: words["canvas"].update(width=0), "at /canvas/width: ", "it has no size"),
    (lambda words: words["canvas"].update(fps="fast"), "at /canvas/fps: ", "no number"),
    (lambda words: words["canvas"].update(fps=0), "at /canvas/fps: ", "no pace"),
    (lambda words: words["canvas"].update(width=161), "at /canvas/width: ", "4:2:0 has no odd sizes"),
    (lambda words: words["canvas"].update(sample_rate=12345), "at /canvas/sample_rate: ", "AAC has no such rate"),
    (lambda words: words.update(version=2), "at /version: ", "of a later age"),
]


@pytest.mark.parametrize(("change", "said", "because"), BAD, ids=[row[2] for row in BAD])
def test_bad_file_is_one_sentence(folder: Path, change: Change, said: str, because: str) -> None:
    """A file that cannot become a video is one sentence with the place, and 65; nothing is there afterwards."""
    words = {"canvas": dict(CANVAS), "picture": [clip("red", 0, 40), clip("blue", 0, 40)]}
    change(words)
    file = written(folder, words)
    before = sorted(folder.iterdir())

    done = videogen("render", file, "-o", folder / "out.mp4")

    assert (done.returncode, done.stdout) == (65, ""), because
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "no description at its top: expected an object"),
        ('"x"', "no description at its top: "),
        ("[" * 100000, "is not JSON"),
    ],
)
def test_file_that_is_no_timeline(folder: Path, text: str, said: str) -> None:
    """What is not JSON, or is not a timeline at all, is one sentence and 65."""
    done = videogen("render", written(folder, text), "-o", folder / "out.mp4")

    assert done.returncode == 65
    assert said in done.stderr
    assert not (folder / "out.mp4").exists()


@pytest.mark.parametrize(
    ("out", "said"),
    [("there.mp4", "--force"), ("gone/out.mp4", "gone"), ("out.avi", ".mp4"), ("mp4", ".mp4"), ("dir.mp4", "dir.mp4")],
)
def test_wrong_output_is_said_before_work(folder: Path, out: str, said: str) -> None:
    """An output that is there already, that has no folder or another suffix is refused; what is there stays."""
    (folder / "there.mp4").write_bytes(b"mine")
    (folder / "dir.mp4").mkdir()
    file = written(folder, {"canvas": CANVAS, "picture": [clip("red", 0, 10)]})
    before = sorted(folder.iterdir())

    done = videogen("render", file, "-o", folder / out, *(["--force"] if out == "dir.mp4" else []))

    assert done.returncode == 65
    assert said in done.stderr
    assert sorted(folder.iterdir()) == before
    assert (folder / "there.mp4").read_bytes() == b"mine"


def test_force_replaces(folder: Path) -> None:
    """With --force a file that is there becomes the video."""
    (folder / "there.mp4").write_bytes(b"mine")
    file = written(folder, {"canvas": CANVAS, "picture": [clip("red", 0, 10)]})

    done = videogen("render", file, "-o", folder / "there.mp4", "--force")

    assert done.returncode == 0
    assert frames_in(folder / "there.mp4") == 10


def test_a_long_clip_is_believed_only_where_it_is_shown(tmp_path: Path) -> None:
    """Damage amid a clip too long to be decoded whole is found by who shows it, and is nobody else's (A10).

    Its GOPs are open: what a decoder says where it begins amid one is no damage.
    """
    gops = ("-x264-params", "open-gop=1:keyint=12:min-keyint=12:scenecut=0:bframes=3")
    film = footage.clip(tmp_path / "whole.mp4", rate=10, seconds=20, sound=False, extra=gops)
    size = film.stat().st_size
    shutil.copy(film, tmp_path / "film.mp4")
    footage.spoilt(tmp_path / "film.mp4", size * 9 // 20, size // 2, 40)

    def shown(name: str, start: int, end: int) -> "subprocess.CompletedProcess[str]":
        clips = [{"file": name, "trim_start": start, "trim_end": end}]
        words = {"clips": clips, "output": {"resolution": "160x120", "fps": 25}}
        return videogen("render", written(tmp_path, words, "composition.json"), "-o", tmp_path / "out.mp4", "--force")

    spoilt, before, whole = shown("film.mp4", 8, 12), shown("film.mp4", 2, 5), shown("whole.mp4", 3, 16)

    assert (before.returncode, whole.returncode) == (0, 0), before.stderr + whole.stderr
    assert spoilt.returncode == 65
    assert "film.mp4 cannot be decoded where the video shows it" in spoilt.stderr
