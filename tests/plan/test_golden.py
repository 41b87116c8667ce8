"""Described videos and their plans as text: a change of what is cut, encoded or said is a diff to read.

`VIDEOGEN_UPDATE_GOLDEN=1` writes the texts anew.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests import papers
from tests.papers import HALF_MINUTE
from videogen.edit import story_timeline
from videogen.model.media import Media
from videogen.model.profile import Encoder, Profile
from videogen.model.recipe import Story
from videogen.model.timeline import Canvas, Timeline
from videogen.plan import Plan, compile_plan, listing, placed
from videogen.plan.slices import stretches

GOLDEN = Path(__file__).parent.parent / "golden"
STORIES = ("one_clip", "every_kind")
TIMELINES = ("trims", "crossfade", "fades", "overlays", "colours", "sounds", "gaps")
STILLS = ("logo", "sign")

Described = tuple[Timeline, dict[str, Media], Profile]


def described(name: str) -> Described:
    """Read what is to be made of what: a story, or a timeline, with its media in TOML beside it."""
    timeline, media = story(name) if name in STORIES else laid(name)
    return timeline, media, Profile(canvas=timeline.canvas, encoder=Encoder(), toolchain="9.0")


def story(name: str) -> tuple[Timeline, dict[str, Media]]:
    """Read a story from a few lines of TOML."""
    words = tomllib.loads((GOLDEN / f"{name}.toml").read_text())
    media = {papers.digest("voice"): papers.sound(words["voice_samples"]), papers.digest("music"): papers.sound(44100)}
    media |= {papers.digest(clip.pop("name")): media_of(clip) for clip in words["clips"]}
    told = Story(
        voice=papers.digest("voice"),
        music=papers.digest("music"),
        clips=tuple(papers.digest(clip) for clip in words["order"]),
        logo=papers.digest("logo") if words["logo"] else None,
    )
    width, height = words["size"]
    canvas = Canvas(width=width, height=height, fps=Fraction(str(words["rate"])))
    return story_timeline(told, media, canvas), media


def laid(name: str) -> tuple[Timeline, dict[str, Media]]:
    """Read a timeline from JSON whose assets have the names of their media."""
    media = {
        papers.digest(word): media_of(facts)
        for word, facts in tomllib.loads((GOLDEN / f"{name}.toml").read_text()).items()
    }
    raw = json.loads((GOLDEN / f"{name}.json").read_text(), object_hook=_with_contents)
    return Timeline.model_validate_json(json.dumps(raw)), media


def _with_contents(found: dict[str, Any]) -> dict[str, Any]:
    return found | ({"asset": papers.digest(found["asset"])} if "asset" in found else {})


def media_of(facts: dict[str, Any]) -> Media:
    """Give the media that a few facts describe."""
    if "samples" in facts:
        return papers.sound(**facts)
    more = {word: fact for word, fact in facts.items() if word not in {"seconds", "size", "rate"}}
    seconds, rate = (Fraction(str(facts[word])) for word in ("seconds", "rate"))
    return papers.picture(seconds, size=tuple(facts["size"]), rate=rate, **more)


def readable(text: str, media: dict[str, Media], name: str) -> str:
    """Put the names of contents where their hashes stand."""
    words = {*re.findall(r"[a-z]+", (GOLDEN / f"{name}.toml").read_text()), *STILLS, "voice", "music"}
    for word in sorted(words):
        digest = papers.digest(word)
        if digest in media or word in STILLS:
            text = text.replace(digest, word).replace(digest[:12], word)
    return text


def shown(plan: Plan) -> Iterator[str]:
    """Give what each segment and the sound are made of: the inputs, and a line for each run of filters."""
    commands = [(f"segment {one.title}", one.argv) for one in plan.segments]
    commands += [("sound", step.argv) for step in plan.steps if step.argv]
    for title, argv in commands:
        yield f"\n{title}"
        yield from (f"  {word}" for word in inputs_of(argv))
        graph = argv[argv.index("-filter_complex") + 1]
        # A label that is made and taken once, by the very next filter, says nothing.
        yield from (f"  {run}" for run in re.sub(r"\[(s\d+)\];\[\1\](?![;[])", ",", graph).split(";"))


def inputs_of(argv: Sequence[str]) -> Iterator[str]:
    """Give each input with what is peculiar to it."""
    said = ""
    for word, value in pairwise(argv):
        said += f" {word} {value}" if word in {"-ss", "-stream_loop"} else ""
        if word == "-i":
            yield f"{value}{said}"
            said = ""


@pytest.mark.parametrize("name", [*STORIES, *TIMELINES])
def test_what_is_described_becomes_this_plan(name: str) -> None:
    """The timeline, its stretches, what is copied and encoded for each, and every filter are the text beside it."""
    timeline, media, profile = described(name)
    plan = compile_plan(timeline, media, profile, segment_s=HALF_MINUTE)
    spans = "".join(f"stretch {span}\n" for span in stretches(timeline))
    said = "\n".join([timeline.listing(), spans, listing(plan, with_commands=name in STORIES), *shown(plan)]) + "\n"
    text = readable(said, media, name)
    golden = GOLDEN / f"{name}.txt"

    if os.environ.get("VIDEOGEN_UPDATE_GOLDEN"):
        golden.write_text(text)

    assert text == golden.read_text()


def test_every_described_timeline_is_looked_at() -> None:
    """No description lies in the folder that no test reads."""
    assert {path.stem for path in GOLDEN.iterdir()} == {*STORIES, *TIMELINES}


@pytest.mark.parametrize("name", [*STORIES, *TIMELINES])
def test_nothing_but_placeholders_stands_where_a_path_will(name: str) -> None:
    """Every input is a placeholder or made of numbers, and so is the output: no file is named, each can be put in."""
    timeline, media, profile = described(name)
    plan = compile_plan(timeline, media, profile, segment_s=HALF_MINUTE)

    seen: set[str] = set()
    for argv in commands(plan):
        inputs = [argv[at + 1] for at, word in enumerate(argv) if word == "-i"]
        assets = [word for word in inputs if not word.startswith(("color=c=black", "anullsrc="))]
        files = {word[6:70]: f"file:/somewhere/{word[6:70]}" for word in assets}
        ready = [placed(word, files, {"out": "file:/somewhere/out"}) for word in argv]

        assert all(word.startswith("asset:") for word in assets)
        assert len(set(inputs)) == len(inputs)
        assert argv.count("step:out") == 1
        assert sum("/somewhere/" in word for word in ready) == len(assets) + 1
        seen |= set(files)
    assert seen == set(timeline.assets())
    assert {content for step in plan.steps for content in step.inputs} == seen


FILTERS = {
    *("setpts", "bwdif", "fps", "scale", "setsar", "format", "pad", "setparams", "tpad", "trim", "concat", "overlay"),
    *(
        "zscale",
        "tonemap",
        "eq",
        "fade",
        "xfade",
        "settb",
        "loop",
        "lutyuv",
        "lutrgb",
        "blend",
        "haldclut",
        "perspective",
    ),
    *("crop", "split", "alphaextract", "alphamerge", "chromakey", "colorkey"),
    *("aresample", "aformat", "volume", "apad", "atrim", "asetpts", "amix", "adelay", "afade", "alimiter"),
    *("asplit", "sidechaincompress"),
}


@pytest.mark.parametrize("name", [*STORIES, *TIMELINES])
def test_the_graph_holds_numbers_and_our_words_only(name: str) -> None:
    """No sign that could begin text, a file, an expression of a user's or another filter stands in a graph (C11)."""
    for argv in commands(compile_plan(*described(name), segment_s=HALF_MINUTE)):
        graph = argv[argv.index("-filter_complex") + 1]

        used = {re.sub(r"^(\[[^]]*\])+", "", chain).split("=")[0].split("[")[0] for chain in graph.split(";")}
        assert used <= FILTERS
        formats = ("yuv420p|yuva420p",)
        assert not set(graph.replace(*formats, "yuv420p")) & set("'\"{}%$`<>|")


def commands(plan: Plan) -> list[tuple[str, ...]]:
    """Give every command of a plan."""
    return [*(one.argv for one in plan.segments), *(step.argv for step in plan.steps if step.argv)]
