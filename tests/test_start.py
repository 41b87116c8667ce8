"""What a start costs: a verb's module is imported when the verb is asked for, and a part when it is built."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from videogen import cli
from videogen.cli import MODULES, app

BESIDE = {"__init__", "__main__", "app", "frame", "screen", "verbs"}
"""Modules of the command line without a verb."""
SHOWS = "import sys; before = set(sys.modules); {}; print(*set(sys.modules) - before)"


def test_every_verb_is_found_where_the_table_says() -> None:
    """A verb missing from the table would never be imported, and one in it that is nowhere would end in a traceback."""
    modules = {path.stem for path in Path(str(cli.__file__)).parent.glob("*.py")} - BESIDE
    for module in modules:
        importlib.import_module(f"videogen.cli.{module}")

    found = {
        str(info.name or info.callback.__name__): info.callback for info in app.registered_commands if info.callback
    }
    told = {verb: callback.__module__.rpartition(".")[2] for verb, callback in found.items()}
    told |= {"cache": "cache", "trash": "trashing"}
    assert {group.name for group in app.registered_groups} == {"cache", "trash"}
    assert told == MODULES
    assert modules == set(MODULES.values())


@pytest.mark.parametrize(
    ("does", "without"),
    [
        (
            "from videogen import cli",
            {"rich", "structlog", "pydantic_settings", "videogen.wiring"},
        ),
        ("from videogen.cli import repairing", {"av", "watchdog", "videogen.render", "videogen.scan", "videogen.plan"}),
        ("from videogen.cli import looking", {"av", "watchdog", "videogen.render", "videogen.scan", "videogen.plan"}),
        ("import videogen.cli.roles; from videogen.daemon import run_crawl", {"av", "videogen.render"}),
        ("import videogen.cli.roles; from videogen.daemon import run_main", {"av", "videogen.render"}),
        (
            "import videogen.cli.roles; from videogen.daemon import run_node",
            {"videogen.scan", "videogen.assemble"},
        ),
    ],
)
def test_a_start_imports_only_what_it_needs(does: str, without: set[str]) -> None:
    """What a role or a verb has no use for is not in its memory, and not in the second it takes to begin."""
    done = subprocess.run([sys.executable, "-c", SHOWS.format(does)], capture_output=True, text=True, check=True)

    assert set(done.stdout.split()) & without == set()
    assert "videogen.cli.app" in done.stdout
