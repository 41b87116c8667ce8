"""The verb that teaches a shell: completion.

The script holds every verb and option, and looks up ids and names of nodes by itself: no Python starts at a key press.
"""

import re
from collections.abc import Iterator
from enum import Enum, StrEnum
from typing import Annotated, Any

import typer

from videogen.cli.app import app

Words = dict[str, str]
"""What a verb offers: `options`, those of them with a value `valued`, its arguments' `kind`, `verbs` below it."""


class Shell(StrEnum):
    """Shells that can be taught."""

    bash = "bash"
    zsh = "zsh"


KINDS = (("nodes", r"NODE"), ("ids", r"\bID|TASK|OUTPUT"), ("files", r"FILE|SRC|OUT|PATH"))
"""What an argument takes, by the words of its metavar; the first that fits."""

# A glob per room, not a list of it: with a letter typed, a hundred thousand tasks cost a hundredth of a second.
SCRIPT = r"""# videogen: completion for bash{note}
_videogen_ids() {{
    local room path
    for room in processing tasks output trash/failed; do
        for path in "$1/$room/$2"*/; do
            path=${{path%/}}
            [ -d "$path" ] && printf '%s\n' "${{path##*/}}"
        done
    done
}}
_videogen_nodes() {{
    local path
    for path in "$1/processing/.nodes/$2"*.json; do
        path=${{path##*/}} path=${{path%.json}}
        case $path in *.tune | '*') ;; *) printf '%s\n' "$path" ;; esac
    done
}}
_videogen() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} root=${{VIDEOGEN_ROOT:-.}} verb='' i
    local options valued kind verbs
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${{COMP_WORDS[i]}} in
            --root) i=$((i + 1)); [ "${{COMP_WORDS[i]}}" = = ] && i=$((i + 1)); root=${{COMP_WORDS[i]}} ;;
            -* | =) ;;
            *) case $verb in '') verb=${{COMP_WORDS[i]}} ;; {above}) verb="$verb ${{COMP_WORDS[i]}}" ;; esac ;;
        esac
    done
    case $root in '~'*) root=$HOME${{root#\~}} ;; esac
    case $verb in
{cases}
    esac
    COMPREPLY=()
    case " $valued " in *" $prev "*) compopt -o default 2>/dev/null; return ;; esac
    case $cur in -*) COMPREPLY=($(compgen -W "$options" -- "$cur")); return ;; esac
    [ -n "$verbs" ] && {{ COMPREPLY=($(compgen -W "$verbs" -- "$cur")); return; }}
    case $kind in
        *nodes*) COMPREPLY=($(compgen -W "$(_videogen_nodes "$root" "$cur")" -- "$cur")) ;;
        *ids*) [ -n "$cur" ] && COMPREPLY=($(compgen -W "$(_videogen_ids "$root" "$cur")" -- "$cur")) ;;
    esac
    case $kind in *files*) compopt -o default 2>/dev/null ;; esac
}}
complete -F _videogen videogen
"""
BEFORE_ZSH = "autoload -U +X bashcompinit && bashcompinit\ncompopt() { :; }\n"


@app.command()
def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash or zsh.")] = Shell.bash,
) -> None:
    """Print a script that has the shell complete verbs, options, ids of tasks and names of nodes."""
    typer.echo(script(shell), nl=False)


def script(shell: Shell = Shell.bash) -> str:
    """Give the script for a shell: what every verb takes stands in it."""
    verbs = dict(sorted(_walk(typer.main.get_command(app), "")))
    cases = "\n".join(
        f"        '{verb}') options='{words['options']}' valued='{words['valued']}' kind='{words['kind']}'"
        f" verbs='{words['verbs']}' ;;"
        for verb, words in verbs.items()
    )
    above = " | ".join(verb for verb, words in verbs.items() if verb and words["verbs"]) or "-"
    text = SCRIPT.format(note="" if shell is Shell.bash else " and zsh", cases=cases, above=above)
    return (BEFORE_ZSH if shell is Shell.zsh else "") + text


def _walk(command: Any, name: str) -> Iterator[tuple[str, Words]]:
    """Give each verb with what it takes, the program itself first, under no name."""
    below = getattr(command, "commands", {})
    options = [param for param in command.params if param.param_type_name == "option"]
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    valued = [word for option in options if not option.is_flag for word in option.opts]
    yield (
        name,
        {
            "options": " ".join([*(word for one in options for word in one.opts if word.startswith("--")), "--help"]),
            "valued": " ".join(valued),
            "kind": " ".join(dict.fromkeys(kind for argument in arguments for kind in _kinds(argument))),
            "verbs": " ".join(sorted(below) or (word for one in arguments for word in _choices(one))),
        },
    )
    for word, one in below.items():
        yield from _walk(one, f"{name} {word}".strip())


def _choices(argument: Any) -> Iterator[str]:
    kind = argument.type_descriptor.annotation
    yield from (one.value for one in kind) if isinstance(kind, type) and issubclass(kind, Enum) else ()


def _kinds(argument: Any) -> Iterator[str]:
    metavar = str(argument.metavar or argument.name.upper())
    yield from (kind for kind, pattern in KINDS if re.search(pattern, metavar))
