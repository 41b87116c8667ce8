"""Unit files as `make install-systemd` leaves them, read as the service manager reads them."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
APP, ROOT = "/opt/videogen", "/srv/videogen"
SERVICES = ("videogen-main.service", "videogen-crawl.service", "videogen-node@.service", "videogen-metrics.service")


def needs(program: str) -> pytest.MarkDecorator:
    """Skip a test by name where a program of systemd's is missing: the units are for machines that have it."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed (apt: systemd)")


def make(target: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a target of the Makefile as a child of no other make."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    words = [f"{name}={value}" for name, value in variables.items()]
    argv = ["make", "-C", str(CHECKOUT), "--no-print-directory", target, *words]
    return subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)


def installed(destination: Path, **variables: str) -> Path:
    """Install below a folder; give the folder of the units."""
    done = make("install-systemd", DESTDIR=str(destination), **variables)
    assert done.returncode == 0, done.stderr
    return destination / "usr/lib/systemd/system"


class Unit:
    """One unit file: every value of every key, in order; an empty value forgets those before it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._values: dict[str, list[str]] = {}
        for line in path.read_text().splitlines():
            key, is_entry, value = line.partition("=")
            if is_entry and not line.startswith(("#", ";")):
                self._values.setdefault(key, []).append(value)

    def all(self, key: str) -> list[str]:
        """Give every word of every line of a key."""
        return [word for value in self._values.get(key, []) for word in value.split()]

    def lines(self, key: str) -> list[str]:
        """Give the values of a key, one for each of its lines."""
        return self._values.get(key, [])

    def the(self, key: str) -> str:
        """Give the one value of a key that stands there once."""
        (value,) = self._values.get(key, ["is not there"])
        return value

    def argv(self, program: Path, root: Path, instance: str) -> list[str]:
        """Give the ExecStart line as words, with the program and the spool of a test in place of the machine's."""
        words = shlex.split(self.the("ExecStart").replace("%i", instance))
        places = {f"{APP}/.venv/bin/videogen": str(program), ROOT: str(root)}
        assert set(places) <= set(words)
        return [places.get(word, word) for word in words]
