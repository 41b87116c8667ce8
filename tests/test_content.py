"""Bytes that lie where others can write: what is no plain file is neither followed, nor waited for, nor read whole."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from videogen import durable
from videogen.content import PAPER_BYTES

Maker = Callable[[Path], object]


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))  # an address has at most 107 bytes


def _held_pipe(path: Path) -> None:
    """A pipe whose writer never writes, nor closes it before this process ends."""
    os.mkfifo(path)
    os.open(path, os.O_RDWR | os.O_NONBLOCK)


def _long(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(PAPER_BYTES + 1)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "a pipe"),
        (_held_pipe, "a pipe"),
        (Path.mkdir, "a folder"),
        (_socket, "a socket"),
        (lambda path: path.symlink_to("/etc/passwd"), "a link"),
        (lambda path: path.symlink_to("nothing"), "a link"),
        (lambda path: path.symlink_to("/dev/zero"), "a link"),
        (_long, "more than 16 MiB"),
    ],
)
def test_what_is_no_paper_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Maker, said: str) -> None:
    """A link, a pipe, a socket, a folder or a giant in the place of a paper is named, at once (J15-J17)."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "paper.json"
    make(path)

    with pytest.raises(ValueError, match=f"paper.json (is|has) .*{said}"):
        durable.read(path)


def test_device_is_not_read() -> None:
    """A device gives no bytes, however many it has."""
    with pytest.raises(ValueError, match="a device"):
        durable.read(Path("/dev/zero"))


@pytest.mark.parametrize("size", [0, 1, PAPER_BYTES])
def test_paper_is_read_whole(tmp_path: Path, size: int) -> None:
    """A paper of any size up to the limit is given byte for byte."""
    path = tmp_path / "paper.json"
    path.write_bytes(b"x" * size)

    assert durable.read(path) == b"x" * size


def test_paper_that_is_not_there(tmp_path: Path) -> None:
    """A missing paper is no wrong one: the two are told apart."""
    with pytest.raises(FileNotFoundError):
        durable.read(tmp_path / "paper.json")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [os.mkfifo, _held_pipe, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_has_no_hash(tmp_path: Path, make: Maker) -> None:
    """A hash is of a file: no pipe is waited for, and no endless device is read."""
    path = tmp_path / "logo.png"
    make(path)

    with pytest.raises(OSError, match="not a file"):
        durable.digest(path)


def test_refusing_leaves_no_descriptor_open(tmp_path: Path) -> None:
    """A node that looks at a pipe at every listing does not run out of descriptors."""
    os.mkfifo(tmp_path / "paper.json")
    before = len(os.listdir("/proc/self/fd"))

    for _ in range(20):
        with pytest.raises(ValueError, match="a pipe"):
            durable.read(tmp_path / "paper.json")

    assert len(os.listdir("/proc/self/fd")) == before
