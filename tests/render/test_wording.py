"""Captions and chapters in the file: on their frames, as players read them, and nothing but words (D9)."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition

from tests import papers
from tests.render.studio import STORE, House, Shelf, canvas, clip, words
from videogen.errors import Defect
from videogen.model.captions import plain
from videogen.model.quality import Limits
from videogen.model.timebase import Range
from videogen.model.timeline import Caption, Chapter, SoundTrack, Timeline
from videogen.render.boxes import index_of
from videogen.render.check import check
from videogen.render.verifying import verify
from videogen.render.video import Done
from videogen.render.wording import TITLE_BYTES, Wording, chapter_packets, text_ticks, text_timescale
from videogen.segments import Segments

HOSTILE = (
    "Hello\nW\u00f6rld \U0001f600",
    "\u05e9\u05dc\u05d5\u05dd \u202ertl\u202c \u200f",
    "';drawtext=text=x:%{pts}\\:[0:a]amix,$(x)`y`",
    "<i>{\\an8}</i> --> 00:00:01,000",
    "\x1b[31m\x00a\r\n\n\n\tb",
    "\u65e5\u672c\u8a9e " * 400,
)


def told(film: str, voice: str | None = None, fps: Fraction | int = 25) -> Timeline:
    """Give a video of 130 frames with a caption of each sort, two of them side by side, and three chapters."""
    starts = (3, 20, 40, 41, 80, 100)
    ends = (20, 30, 41, 70, 100, 125)
    captions = [Caption(at=Range(start=a, end=b), text=text) for a, b, text in zip(starts, ends, HOSTILE, strict=True)]
    chapters = [(10, "Ein \U0001f600\nzwei"), (50, "\u05e9" * 200), (100, "x'\"%{}")]
    return Timeline(
        canvas=canvas(fps),
        picture=(clip(film, 0, 130),),
        sounds=(SoundTrack(asset=voice, is_looped=True),) if voice else (),
        is_mute=voice is None,
        captions=tuple(captions),
        chapters=tuple(Chapter(start=start, title=title) for start, title in chapters),
        language="deu",
    )


Made = tuple[House, Timeline, Done]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, film: str, voice: str, shelf: Shelf) -> Made:
    """The video of the above, with sound."""
    folder = tmp_path_factory.mktemp("told")
    house = House(folder, shelf, Segments(folder / STORE))
    timeline = told(film, voice)
    return house, timeline, house.render(timeline)


def test_a_player_finds_captions_and_chapters(made: Made) -> None:
    """FFmpeg reads every caption at its time with its very words, and every chapter from the beginning on."""
    _, timeline, done = made
    with av.open(str(done.video)) as container:
        text = container.streams.subtitles[0]
        rows = [(_frame(one.pts, one.time_base), bytes(one)) for one in container.demux(text) if one.size]
        found = [(_frame(one["start"], one["time_base"]), one["metadata"]["title"]) for one in container.chapters()]
        assert (text.codec_context.name, text.language) == ("mov_text", "deu")
        assert not text.disposition & Disposition.default, "a player shows them when it is asked to"
    shown = [(at, raw[2:].decode()) for at, raw in rows if len(raw) > 2]
    assert shown == [(one.at.start, plain(one.text)) for one in timeline.captions]
    titles = [title for *_, title in Wording.of(timeline).titles]
    assert found == [*zip((0, 10, 50, 100), titles, strict=True)]
    assert titles == ["Start", "Ein \U0001f600 zwei", "\u05e9" * (TITLE_BYTES // 2), "x'\"%{}"]
    assert b"chpl" in done.video.read_bytes(), "the other list of chapters, which VLC reads"


def _frame(ticks: int | None, tick: Fraction | None) -> float:
    return float((ticks or 0) * (tick or Fraction(0)) * 25)


def test_captions_come_back_as_subrip(made: Made, tmp_path: Path) -> None:
    """FFmpeg's own conversion gives as many cues as there are captions, from the first to the last."""
    _, timeline, done = made

    words(["-v", "error", "-i", f"file:{done.video}", "-map", "0:s:0", f"file:{tmp_path / 'a.srt'}"])

    said = (tmp_path / "a.srt").read_text()
    assert "<font" not in said
    assert said.count(" --> ") == len(timeline.captions) + 1, "one of them says an arrow itself"
    assert "00:00:00,120 --> 00:00:00,800" in said
    assert "00:00:04,000 --> 00:00:05,000" in said


def test_words_change_neither_picture_nor_sound(made: Made, tmp_path: Path) -> None:
    """No segment's key knows of them, no command holds them, and the packets beside them are the same bytes."""
    house, timeline, done = made
    bare = timeline.model_copy(update={"captions": (), "chapters": ()})

    plan, plain_plan = house.plan(timeline), house.plan(bare)

    assert plan == plain_plan
    assert not any(text in word for step in plan.steps for word in step.argv for text in HOSTILE)
    again = house.render(bare, "bare")
    assert again.frames_encoded == 0
    listings = [
        words(["-v", "error", "-i", f"file:{path}", "-map", "0:v", "-map", "0:a", "-c", "copy", "-f", "framemd5", "-"])
        for path in (done.video, again.video)
    ]
    assert listings[0].stdout == listings[1].stdout


def test_the_same_words_are_the_same_bytes(made: Made) -> None:
    """A video with captions and chapters is made again byte for byte."""
    house, timeline, done = made

    assert house.render(timeline, "again").sha256 == done.sha256


def test_a_file_with_words_is_written_once(made: Made) -> None:
    """The index lies in front in the room kept for it, with all four tracks, each beginning with the picture."""
    index = index_of(made[2].video)

    assert index.order == ("ftyp", "moov", "free", "free", "mdat")
    assert [track.handler for track in index.tracks] == ["vide", "soun", "sbtl", "text"]


@pytest.mark.parametrize("fps", [Fraction(30000, 1001), Fraction(60), Fraction(24)], ids=str)
def test_words_are_on_their_frames_at_any_rate(house: House, film: str, fps: Fraction) -> None:
    """At rates whose frames are no whole milliseconds every caption and chapter begins on its own frame."""
    timeline = told(film, None, fps)
    profile = house.profile(timeline.canvas)

    done = house.render(timeline)

    assert text_timescale(profile) >= profile.canvas.sample_rate
    assert Fraction(text_ticks(profile), text_timescale(profile)) == 1 / fps
    captions, chapters = index_of(done.video).tracks[1:]
    assert captions.ticks == 130 * text_ticks(profile)
    assert chapters.ticks == sum(length for length, _ in chapter_packets(Wording.of(timeline), profile))


def test_room_is_kept_for_many_words(tmp_path: Path, house: House, film: str) -> None:
    """With a caption on each frame and a chapter on every second, all of them long, the index still lies in front."""
    captions = tuple(Caption(at=Range(start=n, end=n + 1), text=f"{n}") for n in range(130))
    chapters = tuple(Chapter(start=n, title="\U0001f600" * 63) for n in range(0, 130, 2))
    timeline = told(film).model_copy(update={"captions": captions, "chapters": chapters})

    index = index_of(house.render(timeline).video)

    assert index.order[:2] == ("ftyp", "moov")
    assert "free" in index.order


def on(raw: bytes) -> bytes:
    """Switch the captions on."""
    at = raw.rindex(b"tkhd", 0, raw.index(b"sbtl")) + 7
    return raw[:at] + bytes([raw[at] | 1]) + raw[at + 1 :]


Change = Callable[[bytes], bytes]
CHANGES: dict[str, tuple[Change, str]] = {
    "a letter of a caption": (lambda raw: raw.replace(b"Hello", b"Hullo"), "captions are not the 6"),
    "a letter of a chapter": (lambda raw: raw.replace(b"%{}\0\0", b"%{]\0\0"), "chapters are not the 3"),
    "no track of captions": (lambda raw: raw.replace(b"sbtl", b"clcp"), "its tracks are"),
    "they are on": (on, "'deu' and on"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_other_words_are_seen(tmp_path: Path, made: Made, name: str) -> None:
    """Whatever of the words is not as planned fails the proof."""
    house, timeline, done = made
    change, said = CHANGES[name]
    good = done.video.read_bytes()
    bad = change(good)
    assert bad != good
    (tmp_path / "bad.mp4").write_bytes(bad)

    with pytest.raises(Defect, match=said):
        check(tmp_path / "bad.mp4", house.plan(timeline), [0], wording=Wording.of(timeline))


@pytest.mark.parametrize("name", [None, "a letter of a caption", "a letter of a chapter"])
def test_verify_reads_the_words_again(tmp_path: Path, made: Made, name: str | None) -> None:
    """A published video is as it left, and one whose words were changed is not: by its name, not by its hash alone."""
    house, timeline, done = made
    paper = papers.manifest(papers.task())
    render = paper.task.render.model_copy(update={"resolution": "64x36", "frame_rate": 25})
    told = {"task": paper.task.model_copy(update={"render": render, "timeline": timeline}), "frames": 130}
    told |= {"samples": done.proof.samples, "sha256": done.sha256, "quality": done.quality}
    manifest = paper.model_copy(update={**told, "profile": house.profile(timeline.canvas)})
    good = done.video.read_bytes()
    (tmp_path / "v.mp4").write_bytes(CHANGES[name][0](good) if name else good)

    quality = verify(tmp_path / "v.mp4", Limits(), manifest)

    assert [figure.check for figure in quality.of("bad")] == (["hash", "tracks"] if name else [])


def test_any_player_file_with_captions_is_verified(made: Made) -> None:
    """Without a manifest a file with captions and chapters is a file like any other."""
    assert verify(made[2].video, Limits(), None).of("bad") == ()
