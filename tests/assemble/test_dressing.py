"""A dressed story's papers: what it wears stands in its task, drawn and replayable; a plain one's are as ever."""

import json
import shutil
from fractions import Fraction
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.assemble.test_assembler import PLACES, Library
from videogen.assemble import replayed, story_rules
from videogen.assemble.dressing import Dress
from videogen.assemble.texts import captions_beside
from videogen.catalog import picture_of
from videogen.config import Settings
from videogen.errors import Stopped
from videogen.model.choice import Choice
from videogen.model.media import Asset
from videogen.model.task import Task
from videogen.model.timeline import Canvas, Clip, Transition, VideoOverlay
from videogen.probe import Prober
from videogen.spool import read_task

SRT = "1\n00:00:00,500 --> 00:00:02,000\nOnce upon a midnight dreary\n"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A stocked library: five clips of 2 s, a track, a layer, an intro, and a voice of 7 s with captions beside it."""
    monkeypatch.setitem(PLACES, "frame", "scanned/frame/{category}/mp4_w64_h36/{name}.mp4")
    library = Library(tmp_path)
    library.add("music", "calm")
    for nth in range(5):
        library.add("video", f"clip{nth}", seconds=Fraction(2))
    frame_of(library, "snow", "tales")
    frame_of(library, "hello", "intros")
    voice = library.add("voice", "chapter_0001", seconds=Fraction(7))
    (tmp_path / voice.path).with_suffix(".srt").write_text(SRT, encoding="utf-8")
    return library


def frame_of(library: Library, name: str, category: str) -> Asset:
    """Put a layer into the library."""
    clip = library.add("video", f"picture of {name}", category)
    asset = clip.model_copy(
        update={"kind": "frame", "path": PLACES["frame"].format(category=category, name=name), "name": name}
    )
    (library.root / clip.path).unlink()
    (library.root / f"{clip.path}.json").unlink()
    target = library.root / asset.path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(f"video {category} picture of {name}".encode())
    target.with_name(f"{target.name}.json").write_text(asset.to_json(), encoding="utf-8")
    return asset


DRESS = Dress(
    intro="scanned/frame/intros/mp4_w64_h36/hello.mp4",
    has_frame=True,
    crossfade_s=Fraction(1, 2),
    title_s=Fraction(2),
    captions="soft",
)


def made(library: Library, **changes: Any) -> Task:
    """Make the one task and read its paper."""
    assert library.assembler(**changes).assemble_once() == []
    return read_task(library.tasks()[0])


def test_a_dressed_story_stands_in_its_papers(library: Library) -> None:
    """Timeline, clips, layer, intro, words: all in metadata.json; the pictures are in the library."""
    task = made(library, dress=DRESS)

    assert task.timeline is not None
    assert task.frames == task.timeline.length == 30 + 210
    shown = [part.asset for part in task.timeline.picture if isinstance(part, Clip)]
    assert [clip.sha256 for clip in task.inputs.clips] == shown[1:]
    assert task.video_files[0].endswith("hello.mp4")
    assert len(task.video_files) == len(shown)
    assert {Path(one.path).name for one in task.inputs.others} == {"hello.mp4", "snow.mp4"}
    assert [one.kind for one in task.timeline.picture if isinstance(one, Transition)][1:] == ["crossfade"] * 4
    assert any(isinstance(one, VideoOverlay) for one in task.timeline.overlays)
    (title,) = task.inputs.pictures
    assert picture_of(library.root, title).read_bytes().startswith(b"\x89PNG")
    assert [(one.at.start, one.at.end, one.text) for one in task.timeline.captions] == [
        (30 + 15, 30 + 60, "Once upon a midnight dreary")
    ]
    assert task.warnings == ()


def test_its_choice_is_replayed(library: Library) -> None:
    """A18: of what the task recorded the same clips, track and layer come again, also of short clips."""
    for crossfade_s in (Fraction(1, 2), Fraction(7, 4), Fraction(9)):
        for folder in library.tasks():
            folder.rename(library.root / "output" / folder.name)
        library.add("voice", f"chapter {crossfade_s.numerator}", seconds=Fraction(5))
        library.assembler(dress=Dress(has_frame=True, crossfade_s=crossfade_s)).assemble_once()
        for folder in library.tasks():
            replay = replayed(library.root, read_task(folder))
            assert replay.is_same
            assert [row.kind for row in replay.rows][-2:] == ["music", "frame"]


def test_a_plain_story_s_paper_is_as_it_was(library: Library) -> None:
    """A6: without a dress there is no timeline, no picture and no new key in the record of the choice."""
    task = made(library)

    assert (task.timeline, task.inputs.pictures, task.inputs.others) == (None, (), ())
    assert set(json.loads(task.to_json())["choice"]) == {"rule", "seed", "cooldown", "scope", "clips", "music"}
    assert isinstance(task.choice, Choice)


def test_what_is_missing_is_said(library: Library) -> None:
    """D3: no layer, or one that covers all, and no words: a warning each, and the video is made; no intro: it waits."""
    (library.root / "scanned/story/tales/fox/voice/chapter_0001.srt").unlink()
    waiting = library.assembler(dress=Dress(intro="scanned/frame/intros/gone.mp4")).assemble_once()
    assert "gone.mp4 is not in the library" in waiting[0].reason

    task = made(library, dress=Dress(has_frame=True, frame_mode="alpha", captions="burnt"))

    assert [warning.split(":")[0] for warning in task.warnings] == ["opaque-frame", "no-captions"]
    assert task.timeline is not None
    assert task.timeline.overlays == ()
    assert task.inputs.others == ()


def test_a_voice_waits_for_its_words(library: Library) -> None:
    """Words of its own name that are arriving are waited for, others' are not, and none for longer than is set."""
    assembler = library.assembler(dress=Dress(captions="soft"), settle_s=60.0)
    (waiting,) = assembler.assemble_once([Path("story/tales/fox/voice/chapter_0001.vtt")])
    assert "chapter_0001.vtt" in waiting.reason

    assert assembler.assemble_once([Path("story/tales/fox/voice/chapter_0002.vtt")]) == []


def test_a_category_has_its_own(library: Library, tmp_path: Path) -> None:
    """Canvas, gain and dress of a category go over the settings of all."""
    settings = Settings.model_validate({"story": {"title_s": 2, "category": {"tales": {"resolution": "320x240"}}}})
    words = dict(settings.story) | dict(settings.assemble) | dict(settings.render)
    plain, owns = story_rules(tmp_path, words, settings.story.category)
    own = owns["tales"]

    assert (own.canvas.width, own.canvas.height, own.dress) == (320, 240, plain.dress)
    assert plain.canvas.width == 3840
    assembler = library.assembler()
    assembler._own = owns
    assert assembler.assemble_once() == []
    assert read_task(library.tasks()[0]).render.resolution == "320x240"


def test_a_crawled_story_is_its_voice_s_text(library: Library, real_media: Path) -> None:
    """D9: with nothing beside the voice the chunk of its number is aligned, else the first; none that does not fit."""
    voice = library.add("voice", "chapter_0002", seconds=Fraction(11))
    heard = Prober().probe(real_media / "s03_jfk_en_11s.flac", "source")
    voice = voice.model_copy(update={"media": heard})
    shutil.copy(real_media / "s03_jfk_en_11s.flac", library.root / voice.path)
    story = (library.root / voice.path).parents[1]
    canvas = Canvas(width=64, height=36, fps=Fraction(30))
    spoken = (
        "And so, my fellow Americans: ask not what your country can do for you, ask what you can do for your country"
    )
    (without,) = captions_beside(library.root, voice, canvas).warnings
    assert "chapter_0002.txt" in without
    assert "no chunk_0001.txt" in without

    (story / "chunk_0001.txt").write_text(spoken, encoding="utf-8")
    found = captions_beside(library.root, voice, canvas)
    assert found.warnings == ()
    assert " ".join(" ".join(one.text for one in found.captions).split()).startswith("And so, my fellow Americans")

    (story / "chunk_0002.txt").write_text("From fairest creatures we desire increase", encoding="utf-8")
    other = captions_beside(library.root, voice, canvas)
    assert other.captions == ()
    assert other.warnings[0].startswith("no-captions: chunk_0002.txt: the text does not fit the voice")

    stop = Event()  # asked all the while, so that main is known to live, and heard at once
    stop.set()
    with pytest.raises(Stopped):
        captions_beside(library.root, voice, canvas, stop)
