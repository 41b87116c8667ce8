"""Twenty stories over twenty clips, from an empty store, against one FFmpeg command each: `python -m bench.stories`.

The first story encodes clips, the last ones encode nothing. The template needs the same time for every story, so it is
run for three of the twenty, and its time for twenty is reckoned from these.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from bench import film, meter, row
from bench.media import Media
from bench.root import NODE_ONCE, Root
from bench.template import Template

SOURCES = {"v01": 3, "v03": 4, "v05": 3, "v06": 3, "v10": 3, "v12": 4}
"""How many clips each real film gives: twenty in all, no two alike."""
TEMPLATES = 3


@dataclass(frozen=True)
class Form:
    """Size of the picture, how many stories, seconds of a story and of a clip."""

    size: str
    stories: int
    story_s: float
    clip_s: float


FORMS = {"full": Form("1920x1080", 20, 180, 10), "tiny": Form("320x180", 4, 18, 1)}


def clips(form: Form, media: Media, folder: Path) -> list[Path]:
    """Cut the twenty clips."""
    return [
        film.excerpt(
            media.path(name), folder / f"{name}_{nth}.mp4", start=nth * form.clip_s, seconds=form.clip_s, size=form.size
        )
        for name, count in SOURCES.items()
        for nth in range(count)
    ]


def measure(table: row.Row, form: Form, media: Media, folder: Path) -> None:
    """Run the template for a few, and videogen for all."""
    table.describe(f"{form.size}, {form.stories} stories of {form.story_s:g} s over 20 clips of {form.clip_s:g} s")
    speech = media.paths("s01", "s02")
    voices = [
        film.voice(speech, folder / f"voice_{nth:02}.mp3", seconds=form.story_s, offset=nth * 1.7)
        for nth in range(form.stories)
    ]
    root = Root(folder / "root")
    root.lay_out(form.size, clips(form, media, folder), media.path("m04"), voices, film.logo(folder / "logo.png"))
    made = folder / "template.mp4"
    few = [meter.timed(Template.of(task, root.folder).argv(made)) for task in root.tasks()[:TEMPLATES]]
    template_s = sum(few) / len(few) * form.stories
    table.figure(f"one FFmpeg command, mean of {len(few)}", sum(few) / len(few), "s")
    table.figure(f"reckoned from these: {form.stories} commands", template_s, "s")
    node_s = root.run(*NODE_ONCE)
    published = root.published()
    table.figure(f"videogen, {len(published)} stories from empty", node_s, "s")
    table.figure("the first of them", published[0].seconds, "s")
    table.figure("the last of them", published[-1].seconds, "s")
    table.figure("frames encoded", sum(one.frames_encoded for one in published), "frames")
    table.figure("frames shown", sum(one.frames for one in published), "frames")
    table.bar(f"{form.stories} FFmpeg commands / videogen", template_s / node_s, "x", "at least", 10)


if __name__ == "__main__":
    sys.exit(row.program("stories", FORMS, measure))
