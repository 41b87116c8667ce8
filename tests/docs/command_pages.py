"""Write docs/commands.md, and the manual and the shell script of docs/man/: `python -m tests.docs.command_pages`."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videogen import __version__
from videogen.cli import program
from videogen.cli.completing import script
from videogen.cli.verbs import EXITS, GROUPS, OF

DOCS = Path(__file__).parents[2] / "docs"
PAGE, MAN, BASH = DOCS / "commands.md", DOCS / "man" / "videogen.1", DOCS / "man" / "videogen.bash"
WIDTH = 90
HEAD = """\
# Commands

What `videogen VERB --help` says, of every verb. stdout is data, stderr is progress and log; whatever moves or deletes
has `--dry-run`, whatever prints a table has `--json`. `--root DIR` (or `VIDEOGEN_ROOT`) stands before the verb.

This page is made from the code: `python -m tests.docs.command_pages`. `man videogen` tells the same.
"""
CLOSING = """\
.SH FILES
.TP
.I ROOT/videogen.toml
The settings; `videogen config` lists them.
.TP
.I /etc/videogen/node-NAME.env
What one node of this machine has set for itself, as VIDEOGEN_TABLE__NAME=value.
.TP
.I ROOT/logs/*.log
One event, one line; for tail \\-f.
.SH ENVIRONMENT
.TP
.B VIDEOGEN_ROOT
The root, where \\-\\-root does not name it.
.TP
.B VIDEOGEN_TABLE__NAME
A setting, with two lines between its table and its name.
.SH SEE ALSO
.BR ffmpeg (1),
.BR systemd.service (5)
"""


@dataclass(frozen=True)
class Told:
    """A verb with the context it is asked for help in."""

    name: str
    command: Any
    context: Any

    @property
    def help(self) -> str:
        """Give what --help prints."""
        return str(self.command.get_help(self.context)).rstrip()

    @property
    def sentences(self) -> str:
        """Give what it does, in one paragraph."""
        return " ".join(inspect.cleandoc(self.command.help or "").split())

    def parameters(self, kind: str) -> Iterator[tuple[str, str]]:
        """Give the names and the help of its arguments, or of its options."""
        for param in self.command.get_params(self.context):
            record = param.get_help_record(self.context)
            if record is not None and param.param_type_name == kind:
                yield record


def verbs() -> Iterator[Told]:
    """Give every verb in the order of its group, each followed by those below it."""
    there = program()
    top = there.make_context("videogen", [], resilient_parsing=True, terminal_width=WIDTH)
    for group in GROUPS:
        for name, _ in group.verbs:
            if name in there.commands:
                yield from _told(name, there.commands[name], top)


def _told(name: str, command: Any, parent: Any) -> Iterator[Told]:
    context = command.make_context(
        name.rsplit(maxsplit=1)[-1], [], parent=parent, resilient_parsing=True, terminal_width=WIDTH
    )
    yield Told(name, command, context)
    for word, one in getattr(command, "commands", {}).items():
        yield from _told(f"{name} {word}", one, context)


# -- the page ----------------------------------------------------------------------------------------------------------


def page() -> str:
    """Give docs/commands.md."""
    told = {one.name: one for one in verbs()}
    lines = [HEAD]
    for group in GROUPS:
        lines += [f"## {group.name}: {group.title}", ""]
        names = [name for verb, _ in group.verbs for name in told if name == verb or name.startswith(f"{verb} ")]
        for name in names:
            lines += [f"### {name}", "", "```text", told[name].help, "```", ""]
    lines += ["## What they end with", "", "| exit | means |", "|---|---|"]
    lines += [f"| {number} | {meaning} |" for number, meaning in EXITS]
    return "\n".join(lines) + "\n"


# -- the manual --------------------------------------------------------------------------------------------------------


def man() -> str:
    """Give docs/man/videogen.1."""
    lines = [
        f'.TH VIDEOGEN 1 "" "videogen {__version__}" "User Commands"',
        ".SH NAME",
        "videogen \\- a video factory behind a drop folder",
        ".SH SYNOPSIS",
        ".B videogen\n[\\-\\-root DIR] [\\-\\-log\\-json] VERB [OPTION]... [ARGUMENT]...",
        ".SH DESCRIPTION",
        "Copy a voice track, clips and music into raw/; the finished video appears in output/.",
        "Every file ends as part of a video, in the library, or in trash/ with a sentence that says why.",
    ]
    told = list(verbs())
    for group in GROUPS:
        lines.append(f".SH {group.name.upper()}: {_escaped(group.title).upper()}")
        for verb, _ in group.verbs:
            for one in told:
                if one.name == verb or one.name.startswith(f"{verb} "):
                    lines += _entry(one)
    lines.append(".SH EXIT STATUS")
    for number, meaning in EXITS:
        lines += [".TP", f".B {number}", _escaped(meaning)]
    return "\n".join(lines) + "\n" + CLOSING


def _entry(one: Told) -> Iterator[str]:
    usage = " ".join(one.command.collect_usage_pieces(one.context))
    yield from (f".SS {_escaped(one.name)} {_escaped(usage)}", _escaped(one.sentences))
    for kind in ("argument", "option"):
        for names, said in one.parameters(kind):
            if "--help" not in names:
                yield from (".TP", f".B {_escaped(names)}", _escaped(re.sub(r"\s+", " ", said)))
    if examples := OF.get(one.name):
        yield from (".PP", ".nf", ".RS")
        for example in examples:
            yield _escaped(f"{example.line}   # {example.note}" if example.note else example.line)
        yield from (".RE", ".fi")


def _escaped(words: str) -> str:
    """Write words so that troff reads none of them as its own."""
    safe = words.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe


def main() -> None:
    """Write all three."""
    MAN.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    MAN.write_text(man(), encoding="utf-8")
    BASH.write_text(script(), encoding="utf-8")


if __name__ == "__main__":
    main()
