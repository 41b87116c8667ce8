"""scanned/ → tasks/: a voice becomes a task, once, with papers that say everything."""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from tests import footage
from videogen import durable
from videogen.assemble import Assembler, StoryRule, Waiting, check_logo
from videogen.assemble.assembler import video_list
from videogen.assemble.choose import Hand, choose_clips, choose_track
from videogen.catalog import Catalog
from videogen.errors import ConfigError
from videogen.model.media import Asset, Kind, Media, Picture, Sound, Source
from videogen.model.task import Task
from videogen.model.timeline import Canvas
from videogen.spool import Spool

SEED_TASK = {
    "task_id": str,
    "category": str,
    "story_name": str,
    "voice_file": str,
    "voice_duration": float,
    "music_file": str,
    "video_files": list,
    "render": dict,
}
SEED_RENDER = {"resolution": str, "frame_rate": int, "logo": str, "output_format": str}
PLACES: dict[Kind, str] = {
    "video": "scanned/video/{category}/mp4_w64_h36/{name}.mp4",
    "music": "scanned/music/{category}/mp3/{name}.mp3",
    "voice": "scanned/story/{category}/fox/voice/{name}.mp3",
}
PICTURE = Picture(
    codec="h264",
    width=64,
    height=36,
    frames=25,
    rate=Fraction(25),
    is_cfr=True,
    duration_s=Fraction(1),
    pix_fmt="yuv420p",
)


class Library:
    """A spool with a library, and the hand that assembles; its clock goes on when it is told to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.spool = Spool(root)
        self.spool.lay_out()
        self.catalog = Catalog(root)
        self.now = 0.0
        self.rule = StoryRule(
            canvas=Canvas(width=320, height=180, fps=Fraction(30)), frame_rate=30, logo=root / "logo.png"
        )

    def assembler(self, **changes: Any) -> Assembler:
        """Give an assembler that has just been started, over the library as the disk has it."""
        self.catalog = Catalog(self.root)
        assert self.catalog.load() == []
        return Assembler(self.spool, self.catalog, replace(self.rule, **changes), clock=lambda: self.now)

    def add(self, kind: Kind, name: str, category: str = "tales", seconds: Fraction = Fraction(1)) -> Asset:
        """Put a small file of bytes into the library as an asset of that kind and length."""
        path = PLACES[kind].format(category=category, name=name)
        content = f"{kind} {category} {name}".encode()
        sound = Sound(codec="mp3float", sample_rate=48000, channels=1, samples=int(seconds * 48000))
        picture = PICTURE.model_copy(update={"duration_s": seconds, "frames": int(seconds * 25)})
        entrance = self.catalog.entrance()
        entrance.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        source = Source(path=f"raw/{name}", sha256=sha256, size_bytes=len(content), mtime_ns=1, inode=1)
        asset = Asset(
            kind=kind,
            path=path,
            category=category,
            story="fox" if kind == "voice" else "",
            name=name,
            original_name=name,
            sha256=sha256,
            size_bytes=len(content),
            source=source,
            media=Media(picture=picture) if kind == "video" else Media(sound=sound),
            task_id=str(uuid5(UUID(int=7), path)) if kind == "voice" else "",
        )
        self.catalog.add(asset, entrance)
        return asset

    def stock(self, category: str = "tales", clips: int = 3) -> None:
        """Add music and clips of one category."""
        self.add("music", "calm", category)
        for number in range(clips):
            self.add("video", f"clip{number}", category)

    def tasks(self) -> list[Path]:
        """List the tasks."""
        return sorted(path for path in (self.root / "tasks").iterdir() if not path.name.startswith("."))

    def task(self) -> tuple[Path, dict[str, Any]]:
        """Give the one task's folder and its paper."""
        (folder,) = self.tasks()
        paper: dict[str, Any] = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        return folder, paper


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A spool whose library is empty."""
    return Library(tmp_path)


@pytest.fixture(scope="session")
def logo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real PNG."""
    return footage.logo_png(tmp_path_factory.mktemp("logo") / "logo.png")


def test_the_paper_has_every_key_in_its_form(library: Library, logo: Path) -> None:
    """metadata.json has each key of the hierarchy's users, of their type and in their order, and ours after (A6)."""
    library.stock()
    voice = library.add("voice", "chapter_0001", seconds=Fraction(5, 2))
    shutil.copy(logo, library.root / "logo.png")

    assert library.assembler().assemble_once() == []

    folder, paper = library.task()
    assert folder.name == paper["task_id"] == voice.task_id
    assert list(paper)[: len(SEED_TASK)] == list(SEED_TASK)
    assert {key: type(paper[key]) for key in SEED_TASK} == SEED_TASK
    assert {key: type(value) for key, value in paper["render"].items()} == SEED_RENDER
    assert (paper["category"], paper["story_name"], paper["voice_duration"]) == ("tales", "fox", 2.5)
    assert (paper["voice_file"], paper["music_file"]) == ("voice.mp3", "music.mp3")
    assert paper["render"] == {
        "resolution": "320x180",
        "frame_rate": 30,
        "logo": "logo.png",
        "output_format": "mp4",
    }
    assert {"version", "recipe", "seed", "frames", "inputs", "priority", "attempts"} <= set(paper)
    assert paper["frames"] == 75


def test_the_paper_pins_what_it_was_made_of(library: Library) -> None:
    """Every input stands in the paper with its path and hash, the clips with the frames that are shown (A16)."""
    library.stock()
    voice = library.add("voice", "chapter_0001", seconds=Fraction(5, 2))

    library.assembler().assemble_once()

    inputs = library.task()[1]["inputs"]
    assert inputs["voice"] == {"path": voice.path, "sha256": voice.sha256}
    for given in (inputs["voice"], inputs["music"], *inputs["clips"]):
        assert durable.digest(library.root / given["path"]) == given["sha256"]
    assert [(clip["in_frame"], clip["out_frame"]) for clip in inputs["clips"]] == [(0, 30), (0, 30), (0, 15)]


def test_links_are_relative_and_resolve(library: Library) -> None:
    """The task's links point into scanned/ by a relative path, from tasks/ and from processing/ alike (A1)."""
    library.stock()
    voice = library.add("voice", "chapter_0001")
    library.assembler().assemble_once()
    folder, paper = library.task()

    for room in ("tasks", "processing"):
        where = folder.rename(library.root / room / folder.name)
        folder = where
        assert str((where / "voice.mp3").readlink()) == f"../../{voice.path}"
        assert (where / "voice.mp3").resolve() == library.root / voice.path
        assert (where / "music.mp3").resolve() == library.root / paper["inputs"]["music"]["path"]
        assert all((where / name).is_file() for name in paper["video_files"])


def test_a_task_holds_its_papers_and_the_token(library: Library, logo: Path) -> None:
    """A task's folder holds what the hierarchy says, the logo, and the empty out.1 that is its commit token (A1)."""
    library.stock()
    library.add("voice", "chapter_0001")
    shutil.copy(logo, library.root / "logo.png")

    library.assembler().assemble_once()

    folder, _ = library.task()
    names = ["logo.png", "metadata.json", "music.mp3", "out.1", "video_list.txt", "voice.mp3"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert list((folder / "out.1").iterdir()) == []


def test_the_whole_root_can_be_moved(library: Library) -> None:
    """A spool that is moved as a whole keeps its links: nothing in a task knows where the root lies."""
    library.stock()
    library.add("voice", "chapter_0001")
    library.assembler().assemble_once()
    folder, _ = library.task()
    elsewhere = library.root.parent / f"{library.root.name} moved"

    library.root.rename(elsewhere)

    assert (elsewhere / "tasks" / folder.name / "voice.mp3").read_bytes() == b"voice tales chapter_0001"
    assert str(library.root) not in (elsewhere / "tasks" / folder.name / "metadata.json").read_text()


def unquoted(listed: str) -> Iterator[str]:
    """Read an ffconcat list as FFmpeg does: quotes hold everything but a quote, a backslash outside them escapes."""
    head, *lines = listed.splitlines()
    assert head == "ffconcat version 1.0"
    for line in lines:
        keyword, _, rest = line.partition(" ")
        assert keyword == "file"
        yield "".join(quoted or escaped for quoted, escaped in re.findall(r"'([^']*)'|\\(.)", rest))


def test_the_list_quotes_any_category(library: Library) -> None:
    """A category with quotes, blanks and signs stands in video_list.txt so that FFmpeg itself finds the clips (A1)."""
    category = 'it\'s "fun" day \\ é 🦊'
    library.stock(category)
    library.add("voice", "chapter_0001", category, seconds=Fraction(3))
    for clip in library.catalog.of_kind("video"):
        footage.clip(library.root / clip.path, size=(64, 36), seconds=0.2, sound=False)

    library.assembler().assemble_once()

    folder, paper = library.task()
    listed = (folder / "video_list.txt").read_text(encoding="utf-8")
    assert list(unquoted(listed)) == paper["video_files"]
    assert all(f"/{category}/" in path for path in paper["video_files"])
    footage.make("-f", "concat", "-safe", 0, "-i", folder / "video_list.txt", "-f", "null", "-")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("../../a.mp4", "file '../../a.mp4'"),
        ("../../it's/a.mp4", "file '../../it'\\''s/a.mp4'"),
        ('../../"a"/\\b.mp4', "file '../../\"a\"/\\b.mp4'"),
        ("../../''/a b.mp4", "file '../../'\\'''\\''/a b.mp4'"),
    ],
)
def test_the_list_is_ffconcat(path: str, line: str) -> None:
    """A quote is closed, escaped and opened again; every other sign stands as it is."""
    assert video_list([path]) == f"ffconcat version 1.0\n{line}\n"
    assert list(unquoted(video_list([path]))) == [path]


def test_its_own_category_is_preferred(library: Library) -> None:
    """With `prefer` a voice gets clips and music of its category where there are any, each kind by itself (A18)."""
    library.stock("tales")
    library.stock("other")
    library.add("video", "lonely", "sea")
    library.add("voice", "one", "tales", Fraction(9))
    library.add("voice", "two", "sea", Fraction(9))

    library.assembler(category="prefer").assemble_once()

    used = {}
    for folder in library.tasks():
        paper = json.loads((folder / "metadata.json").read_text())
        used[paper["category"]] = {path.split("/")[4] for path in paper["video_files"]}
    assert used == {"tales": {"tales"}, "sea": {"sea"}}


def test_a_category_without_clips_takes_any_or_waits(library: Library) -> None:
    """Without clips of its own a voice takes all others' with `prefer`, and waits for its own with `only` (A18)."""
    library.stock("tales")
    voice = library.add("voice", "one", "sea")

    assert library.assembler(category="only").assemble_once() == [
        Waiting(voice.path, "no music and no clips in category sea")
    ]
    assert library.tasks() == []
    assert library.assembler(category="prefer").assemble_once() == []
    assert len(library.tasks()) == 1


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        ((), "no music and no clips in the library"),
        (("music",), "no clips in the library"),
        (("video",), "no music in the library"),
    ],
)
def test_a_voice_waits_and_says_for_what(library: Library, there: tuple[Kind, ...], reason: str) -> None:
    """A voice without music or clips waits, names what it lacks, and is made the moment it is there (A2, A19)."""
    for kind in there:
        library.add(kind, "one")
    voice = library.add("voice", "chapter_0001")
    assembler = library.assembler()

    assert assembler.waiting() == [Waiting(voice.path, reason)]
    assert assembler.assemble_once() == [Waiting(voice.path, reason)]
    assert library.tasks() == []

    library.stock()
    assert library.assembler().assemble_once() == []
    assert len(library.tasks()) == 1


def test_one_voice_waits_and_another_does_not(library: Library) -> None:
    """A voice that waits holds up no other."""
    library.stock("tales")
    waits = library.add("voice", "a", "sea")
    made = library.add("voice", "b", "tales")

    waiting = library.assembler(category="only").assemble_once()

    assert [one.voice for one in waiting] == [waits.path]
    assert [folder.name for folder in library.tasks()] == [made.task_id]


def test_a_voice_waits_for_clips_that_are_arriving(library: Library) -> None:
    """While clips or music arrive a voice waits for them, but no longer than the settling time (A2)."""
    library.stock()
    voice = library.add("voice", "chapter_0001")
    assembler = library.assembler(settle_s=60)
    arriving = [Path("video/tales/new.mp4"), Path("music/tales/new.mp3"), Path("story/tales/fox/voice/2.mp3")]

    for library.now in (100.0, 159.9):
        (one,) = assembler.assemble_once(arriving)
        assert one == Waiting(voice.path, "2 music or video files are still arriving in raw/")
    library.now = 160.0

    assert assembler.assemble_once(arriving) == []
    assert len(library.tasks()) == 1


@pytest.mark.parametrize("arriving", ["story/tales/fox/voice/2.mp3", "story/tales/fox/link/a.txt", "frame/gold/a.mp4"])
def test_a_voice_waits_for_nothing_else(library: Library, arriving: str) -> None:
    """Voices, links and frame clips on their way hold no voice up."""
    library.stock()
    library.add("voice", "chapter_0001")

    assert library.assembler().assemble_once([Path(arriving)]) == []


def test_each_voice_settles_by_itself(library: Library) -> None:
    """The settling time of a voice begins when that voice is first seen, not when main started."""
    library.stock()
    library.add("voice", "first")
    assembler = library.assembler(settle_s=60)
    arriving = [Path("video/tales/new.mp4")]
    assembler.assemble_once(arriving)

    library.now = 59.0
    second = library.add("voice", "second")
    assembler.assemble_once(arriving)
    library.now = 60.0

    assert [one.voice for one in assembler.assemble_once(arriving)] == [second.path]


def test_a_voice_is_assembled_once(library: Library) -> None:
    """However often main looks, and however often it is started, a voice becomes one task (A2)."""
    library.stock()
    voice = library.add("voice", "chapter_0001")
    assembler = library.assembler()

    for hand in (assembler, assembler, library.assembler()):
        assert hand.assemble_once() == []

    assert [folder.name for folder in library.tasks()] == [voice.task_id]
    assert Catalog(library.root).load() == []
    assert library.catalog.voices_to_assemble() == []


@pytest.mark.parametrize("room", ["tasks", "processing", "output", "trash/failed"])
def test_a_crash_before_the_mark_makes_no_second_task(library: Library, room: str) -> None:
    """Killed between publishing a task and marking its voice, main finds the task in whatever room it is by then."""
    library.stock()
    voice = library.add("voice", "chapter_0001")
    library.assembler().assemble_once()
    (folder,) = library.tasks()
    before = (folder / "metadata.json").read_bytes()
    durable.write(library.root / f"{voice.path}.json", voice.to_json())  # as it was before the mark
    folder.rename(library.root / room / voice.task_id)

    again = library.assembler()
    assert [one.path for one in library.catalog.voices_to_assemble()] == [voice.path]
    assert again.assemble_once() == []

    assert [path.parent.parent.name for path in library.root.rglob("metadata.json")] == [Path(room).name]
    assert (library.root / room / voice.task_id / "metadata.json").read_bytes() == before
    assert library.catalog.voices_to_assemble() == []


def test_a_crash_while_building_leaves_nothing_visible(library: Library) -> None:
    """What an earlier life left of a task under a dot name is built anew, whole."""
    library.stock()
    voice = library.add("voice", "chapter_0001")
    half = library.root / "tasks" / f".tmp-{voice.task_id}"
    half.mkdir()
    (half / "metadata.json").write_text("{")
    (half / "voice.mp3").symlink_to("nowhere")

    library.assembler().assemble_once()

    assert Task.model_validate(library.task()[1]).task_id == voice.task_id
    assert [path.name for path in (library.root / "tasks").iterdir()] == [voice.task_id]


def test_the_logo_is_copied(library: Library, logo: Path) -> None:
    """The logo's bytes go into the task: another logo tomorrow does not change today's video (A7)."""
    library.stock()
    library.add("voice", "chapter_0001")
    shutil.copy(logo, library.root / "logo.png")
    library.assembler().assemble_once()

    (library.root / "logo.png").unlink()

    folder, paper = library.task()
    assert not (folder / "logo.png").is_symlink()
    assert durable.digest(folder / "logo.png") == paper["inputs"]["logo"]["sha256"] == durable.digest(logo)


def test_no_logo_is_null(library: Library) -> None:
    """Without a logo file the paper says null and the task holds none."""
    library.stock()
    library.add("voice", "chapter_0001")

    library.assembler().assemble_once()

    folder, paper = library.task()
    assert paper["render"]["logo"] is None
    assert paper["inputs"]["logo"] is None
    assert not (folder / "logo.png").exists()


BROKEN_PNG = b"\x89PNG\r\n\x1a\n" + b"what is drawn here?" * 9


@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"\xff\xd8\xff\xe0 JFIF", b"#EXTM3U\n", BROKEN_PNG])
def test_a_logo_that_is_no_png_is_the_operators(library: Library, content: bytes) -> None:
    """A logo that cannot be drawn is a ConfigError that names the file; voices wait for a better one, and say so."""
    library.stock()
    library.add("voice", "chapter_0001")
    (library.root / "logo.png").write_bytes(content)

    with pytest.raises(ConfigError, match=r"logo\.png is not a PNG"):
        check_logo(library.root / "logo.png")
    (waiting,) = library.assembler().assemble_once()
    assert "logo.png is not a PNG" in waiting.reason
    assert library.tasks() == []


def test_the_choice_can_be_replayed_from_the_paper(library: Library) -> None:
    """What the paper records gives the clips and the track that the task has, with nothing of the library (A18)."""
    library.stock(clips=6)
    for name in ("loud", "slow"):
        library.add("music", name)
    library.add("voice", "chapter_0001", seconds=Fraction(20))

    library.assembler().assemble_once()

    task = Task.model_validate(library.task()[1])
    assert task.choice is not None
    assert (task.choice.clips.pool, task.choice.music.pool, task.choice.seed) == (6, 3, task.seed)
    chosen = choose_clips(Hand(task.choice.clips.drawn), task.frames, task.seed)
    assert [clip.path for clip in chosen] == [clip.path for clip in task.inputs.clips]
    assert choose_track(Hand(task.choice.music.drawn), task.seed).path == task.inputs.played.path


def test_two_voices_get_choices_of_their_own(library: Library) -> None:
    """Voices of one category do not all get the same clips in the same order: each has its own seed."""
    library.stock(clips=6)
    for number in range(4):
        library.add("voice", f"chapter_{number}", seconds=Fraction(6))

    library.assembler().assemble_once()

    papers = [json.loads((folder / "metadata.json").read_text()) for folder in library.tasks()]
    assert len({tuple(paper["video_files"]) for paper in papers}) > 1
    assert len({paper["seed"] for paper in papers}) == 4


def test_the_rule_is_in_the_paper(library: Library) -> None:
    """Size, rate and gains are fixed when the task is made; a fraction of a rate stays the fraction it is (A7)."""
    library.stock()
    library.add("voice", "chapter_0001", seconds=Fraction(1))
    canvas = Canvas(width=640, height=360, fps=Fraction(30000, 1001))

    library.assembler(
        canvas=canvas, frame_rate="30000/1001", music_gain=Fraction(1, 10), voice_gain=Fraction(3, 2)
    ).assemble_once()

    task = Task.model_validate(library.task()[1])
    assert (task.render.resolution, task.render.frame_rate) == ("640x360", "30000/1001")
    assert (task.music_gain, task.voice_gain, task.frames) == (Fraction(1, 10), Fraction(3, 2), 30)
    assert task.story().music_gain == Fraction(1, 10)
