"""The texts beside a video: those that say something, under their names (D9, E1)."""

from fractions import Fraction

from videogen.model.beside import texts_of
from videogen.model.captions import captions_of
from videogen.model.timebase import Range
from videogen.model.timeline import Canvas, Caption, Chapter, Gap, Timeline

BARE = Timeline(canvas=Canvas(width=64, height=36, fps=Fraction(25)), picture=(Gap(length=100),))


def test_a_video_of_no_words_has_no_texts() -> None:
    """Without captions and chapters nothing lies there, whatever the recipe."""
    assert texts_of(BARE, "name", "mix") == {}
    assert texts_of(BARE, "name", "story") == {}


def test_texts_are_those_of_the_timeline() -> None:
    """Captions come in two forms, chapters in one; only a mix has a tracklist."""
    captions = (Caption(at=Range(start=0, end=50), text="a"), Caption(at=Range(start=50, end=99), text="b\n<c>"))
    told = BARE.model_copy(update={"captions": captions, "chapters": (Chapter(start=25, title="One"),)})

    texts = texts_of(told, "My mix", "mix")

    assert list(texts) == ["captions.srt", "captions.vtt", "chapters.txt", "tracklist.txt"]
    assert captions_of(texts["captions.vtt"], "captions.vtt", Fraction(25), 100).captions == captions
    assert texts["chapters.txt"] == "0:00 Start\n0:01 One\n"
    assert list(texts_of(told, "My mix", "composition")) == ["captions.srt", "captions.vtt", "chapters.txt"]
