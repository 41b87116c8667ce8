"""Every verb in its group, with one line and its examples: what help, completion, the man page and docs are made of.

A new verb gets a line in TABLE and examples in EXAMPLES, and a test says so where one is missing.
"""

import re
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

TABLE = """
Day: what goes on
up          main, crawler and one node in one process tree
status      rooms, nodes, and what waits for what
top         the same, live, on the whole screen
why         of anything: where it is, why, and what to do
logs        one task's story, or everything, line by line
history     what was made and what failed, day by day

Make: a video by hand
render      the video of a description: a mix, a composition, a timeline
mix         a long video of music, of folders
encode      a file encoded anew
preview     a small draft of a video, within seconds
plan        what would be copied, what encoded, and why
swap        a video once more, with another clip
rebuild     a video again from its manifest, to the same bytes
warm        encode the library's clips ahead

Repair: put something right
retry       bring failed tasks back
cancel      take a task out of the queue, or from its node
requeue     give a task another priority or other tags
trash       what was refused: list, restore, empty
fsck        check every promise about what lies where
verify      measure a finished video from end to end
tidy        take away what is too old or too much

Run: on a server
init        lay out the rooms
main        take files in, make tasks
node        render tasks; start as many as you like
crawl       fetch the pages that link files name
drain       have a node finish its video and take no more
resume      have it take tasks again
metrics     figures for Prometheus

Look: at how things are
doctor      what breaks such systems, looked for on this machine
config      every setting, with its unit and its reason
cache       the store of encoded pieces
provenance  what a video is made of, told for a person
uses        which videos show a file
replay      choose a video's clips once more, and say why
schema      the form of a description, a manifest, a task or a reason
completion  have the shell complete verbs, ids and nodes
"""

EXAMPLES = """
up
  videogen --root ~/videos up           until Ctrl-C
  videogen --root ~/videos up --once    until nothing is left to do
status
  videogen status
  videogen status --json | jq .waiting
top
  videogen top
  videogen top --once
why
  videogen why raw/video/sea/clip.mp4
  videogen why chapter_0001.mp3
  videogen why 3f2a                     by the beginning of an id
logs
  videogen logs 3f2a                    one task from the drop to the video
  videogen logs -f --since 1h
history
  videogen history --days 7
render
  videogen render trip.json -o trip.mp4
mix
  videogen mix night/ -o night.mp4    all of it in one folder
  videogen mix --music m --clips c    each in its own
  videogen mix                        of MUSIC_DIR and CLIP_DIR
encode
  videogen encode talk.mov talk.mp4 --crf 20
  videogen encode talk.mov talk.m4a     the sound alone
preview
  videogen preview 3f2a -o draft.mp4
plan
  videogen plan 3f2a
  videogen plan trip.json --commands    with FFmpeg's own arguments
swap
  videogen swap 3f2a --clip beach.mp4 --with street.mp4 --dry-run
rebuild
  videogen rebuild 3f2a --compare
warm
  videogen warm
retry
  videogen retry 3f2a
  videogen retry --failed --dry-run     what would be done for all of them
cancel
  videogen cancel 3f2a
requeue
  videogen requeue 3f2a --priority 9
trash ls
  videogen trash ls
trash restore
  videogen trash restore clip.mp4
trash empty
  videogen trash empty --older-than 30d --dry-run
fsck
  videogen fsck
  videogen fsck --repair
verify
  videogen verify 3f2a
  videogen verify some.mp4 --json
tidy
  videogen tidy --dry-run
init
  videogen --root ~/videos init
main
  videogen --root /srv/videogen main
  videogen --root /srv/videogen main --once
node
  videogen --root /srv/videogen node --name gpu0
crawl
  videogen --root /srv/videogen crawl
drain
  videogen drain gpu0 --wait
resume
  videogen resume gpu0
metrics
  videogen metrics
doctor
  videogen doctor
  videogen doctor --tune --name gpu0    measure how many encodes to run at once
config
  videogen config --changed
cache ls
  videogen cache ls
cache verify
  videogen cache verify
cache gc
  videogen cache gc --max-gb 10
cache clear
  videogen cache clear
provenance
  videogen provenance 3f2a
uses
  videogen uses beach.mp4
replay
  videogen replay 3f2a
schema
  videogen schema manifest
  videogen schema composition > composition.schema.json
completion
  videogen completion bash >> ~/.bashrc
"""
EXITS = (
    (0, "done"),
    (2, "wrong usage"),
    (65, "the input is bad; its reason is in trash/"),
    (66, "nothing is called so"),
    (70, "a defect of videogen's"),
    (75, "something still waits; try again later"),
    (78, "the set-up is wrong; nothing was started"),
)
"""Every number that a verb ends with. Source: BSD's sysexits, from 64 on."""
COLUMN = 13
"""Where the line of a verb begins."""


@dataclass(frozen=True)
class Group:
    """Verbs that one looks for together."""

    name: str
    title: str
    verbs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Example:
    """A line to type, and what it is for where that needs a word."""

    line: str
    note: str = ""


def _groups() -> tuple[Group, ...]:
    found = []
    for block in TABLE.strip().split("\n\n"):
        head, *lines = block.splitlines()
        name, _, title = head.partition(": ")
        found.append(Group(name, title, tuple((line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines)))
    return tuple(found)


def _examples() -> dict[str, tuple[Example, ...]]:
    found: dict[str, tuple[Example, ...]] = {}
    verb = ""
    for line in EXAMPLES.strip().splitlines():
        if not line.startswith("  "):
            verb = line
            continue
        words, _, note = (part.strip() for part in re.sub(r"   +", "\t", line.strip()).partition("\t"))
        found[verb] = (*found.get(verb, ()), Example(words, note))
    return found


GROUPS = _groups()
OF = _examples()
"""The examples of each verb, by its name; of a verb with verbs of its own by both."""


def dress(app: typer.Typer) -> None:
    """Give every verb there is by now, and every group of verbs, this module's help."""
    for command in app.registered_commands:
        command.cls = Verb
    for group in app.registered_groups:
        group.cls = Verbs
        if group.typer_instance is not None:
            dress(group.typer_instance)


def _name(ctx: Any) -> str:
    """Give the verb as it is typed, without the program."""
    return f"{_name(ctx.parent)} {ctx.info_name}".strip() if ctx.parent else ""


def _write_examples(ctx: Any, formatter: Any) -> None:
    examples = OF.get(_name(ctx), ())
    if examples:
        with formatter.section("Examples"):
            width = max(len(example.line) for example in examples) + 2
            for example in examples:
                line = f"{example.line:{width}}# {example.note}" if example.note else example.line
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def first_clause(help_text: str | None) -> str:
    """Give what stands before the first stop of any kind."""
    return re.split(r"[,;.:](?= |$)", help_text or "", maxsplit=1)[0]


class Verb(TyperCommand):
    """A verb whose help tells its examples first, in plain text."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage, what it does, examples, arguments, options."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        _write_examples(ctx, formatter)
        self.format_options(ctx, formatter)


class Verbs(TyperGroup):
    """A program of verbs, whose help shows them in their groups."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage, what it is, the verbs by group, options, exits."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        if ctx.parent is None:
            self._write_groups(formatter)
        else:
            with formatter.section("Verbs"):
                formatter.write_dl([(name, first_clause(one.help)) for name, one in self.commands.items()])
        options = [one for one in (param.get_help_record(ctx) for param in self.get_params(ctx)) if one]
        with formatter.section("Options"):
            formatter.write_dl(options)
        if ctx.parent is None:
            with formatter.section("It ends with"):
                formatter.write_dl([(str(number), meaning) for number, meaning in EXITS])

    def _write_groups(self, formatter: Any) -> None:
        for group in GROUPS:
            rows = [(verb, line) for verb, line in group.verbs if verb in self.commands]
            with formatter.section(f"{group.name}: {group.title}"):
                for verb, line in rows:
                    formatter.write(f"{'':{formatter.current_indent}}{verb:{COLUMN}}{line}\n")
