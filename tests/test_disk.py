"""False errors of a file server are seen through, true ones are believed (A3: many hosts share the tree; A10)."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from videogen import durable
from videogen.errors import ConfigError
from videogen.kernel import Kernel, Liar, kernel_of, type_of

Told = dict[str, list[float]]
ALWAYS = 1.0


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What durable.py tells of itself."""
    figures: Told = {}
    monkeypatch.setattr(durable, "observer", lambda figure, amount: figures.setdefault(figure, []).append(amount))
    return figures


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, float]]:
    """How often the disk lies, from now on: the test says so."""
    rates: dict[str, float] = {}
    monkeypatch.setattr(durable.DISK, "kernel", Liar(rates))
    yield rates
    rates.clear()


def names(folder: Path) -> list[str]:
    """List a folder, dot names and all."""
    return sorted(os.listdir(folder))


def folder_with(path: Path) -> Path:
    """Make a folder that holds a file of its own name."""
    path.mkdir()
    (path / path.name).touch()
    return path


# -- done, and answered with an error ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_move_that_was_done_is_done(tmp_path: Path, lying: dict[str, float], told: Told, kind: str) -> None:
    """A rename that the server did, and answers by ENOENT, is a success and is counted (P3)."""
    source = tmp_path / "source"
    source.touch() if kind == "file" else folder_with(source)
    lying["rename"] = ALWAYS

    durable.move(source, tmp_path / "target")

    assert names(tmp_path) == ["target"]
    assert told["rename_repaired"] == [1]


def test_a_move_to_what_is_anothers_has_failed(tmp_path: Path, lying: dict[str, float], told: Told) -> None:
    """Of two folders on their way to one name the second is told so, though the name is there and the server lies."""
    first, second = folder_with(tmp_path / "first"), folder_with(tmp_path / "second")
    lying["rename"] = ALWAYS
    durable.move(first, tmp_path / "target")

    with pytest.raises(OSError, match=r"not empty|exists"):
        durable.move(second, tmp_path / "target")

    assert names(tmp_path / "target") == ["first"]
    assert names(second) == ["second"]
    assert told["rename_repaired"] == [1]


def test_a_move_that_another_made_has_failed(tmp_path: Path, lying: dict[str, float]) -> None:
    """What another took to a name of its own is not ours, whatever the server answers (P3)."""
    source = folder_with(tmp_path / "source")

    class Quicker(Liar):
        """Another host renames in the moment between our look and our rename."""

        def rename(self, source: Path, target: Path) -> None:
            os.rename(source, tmp_path / "theirs")
            super().rename(source, target)

    durable.DISK.kernel = Quicker(lying)

    with pytest.raises(FileNotFoundError):
        durable.move(source, tmp_path / "mine")

    assert names(tmp_path) == ["theirs"]


def test_an_error_of_a_local_disk_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    """Where no call is repeated, who loses a race to one and the same name is told that he lost (P4)."""
    source = folder_with(tmp_path / "source")

    class Quicker(Kernel):
        """Another process makes the very same rename in the moment between our look and our own."""

        def rename(self, source: Path, target: Path) -> None:
            os.rename(source, target)
            super().rename(source, target)

    monkeypatch.setattr(durable.DISK, "kernel", Quicker())

    with pytest.raises(FileNotFoundError):
        durable.move(source, tmp_path / "target")

    assert names(tmp_path) == ["target"]
    assert "rename_repaired" not in told


def test_a_local_disk_is_told_from_a_server(tmp_path: Path) -> None:
    """A mount is known by its device: this one is no server, one that says nfs4 is, an unknown one is not."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 254:0 / / rw - ext4 /dev/vda rw\n"
        "91 22 0:52 / /mnt/spool rw,relatime shared:7 master:1 - nfs4 host:/spool rw,vers=4.2\n"
    )

    assert [type_of(os.makedev(*one), mounts) for one in ((254, 0), (0, 52), (9, 9))] == ["ext4", "nfs4", ""]
    assert not Kernel().may_repeat(tmp_path.stat().st_dev)
    assert type_of(Path("/proc").stat().st_dev) == "proc"


@pytest.mark.parametrize("lie", ["rename", "link", "symlink", "mkdir", "unlink"])
def test_all_that_was_done_is_done(tmp_path: Path, lying: dict[str, float], lie: str) -> None:
    """With one kind of call always lied about, each promise of the disk gives what it gives otherwise (P3)."""
    lying[lie] = ALWAYS

    durable.make_folder(tmp_path / "a" / "b")
    durable.make_inner(tmp_path / "inner")
    durable.write(tmp_path / "paper", b"content")
    assert durable.create(tmp_path / "note", "words")
    assert not durable.create(tmp_path / "note", "other words")
    assert durable.move_new(tmp_path / "paper", tmp_path / "moved")
    assert durable.link(tmp_path / "moved", tmp_path / "pin")
    durable.point_at(tmp_path / "arrow", "moved")
    durable.remove(tmp_path / "pin")
    durable.write(tmp_path / "a" / "b" / "file", b"")
    durable.remove_tree(tmp_path / "a")
    durable.empty(tmp_path / "inner")

    assert names(tmp_path) == ["arrow", "inner", "moved", "note"]
    assert ((tmp_path / "arrow").read_bytes(), (tmp_path / "note").read_text()) == (b"content", "words")
    assert isinstance(durable.DISK.kernel, Liar)
    assert durable.DISK.kernel.lies[lie] > 0


def test_a_death_between_link_and_unlink_is_finished(tmp_path: Path) -> None:
    """A file that has its new name already, and its old one still, has only the new one when the move is done again."""
    (tmp_path / "source").write_bytes(b"content")
    os.link(tmp_path / "source", tmp_path / "target")

    assert durable.move_new(tmp_path / "source", tmp_path / "target")

    assert names(tmp_path) == ["target"]


def test_another_link_in_place_is_an_error(tmp_path: Path) -> None:
    """A symbolic link is never taken for the one that was asked for when it points elsewhere."""
    durable.point_at(tmp_path / "arrow", "here")
    durable.point_at(tmp_path / "arrow", "here")

    with pytest.raises(FileExistsError):
        durable.point_at(tmp_path / "arrow", "there")


# -- handles that went stale -------------------------------------------------------------------------------------------


def test_a_stale_handle_is_renewed(tmp_path: Path, lying: dict[str, float], told: Told) -> None:
    """Looks and opens that are refused by ESTALE three times in ten succeed in the end, and each refusal is counted."""
    lying["estale"] = 0.3

    for number in range(20):
        durable.write(tmp_path / "paper", str(number))
        durable.move(tmp_path / "paper", tmp_path / "moved")
        durable.move(tmp_path / "moved", tmp_path / "paper")
        assert durable.read(tmp_path / "paper") == str(number).encode()
        assert durable.listing(tmp_path) == ["paper"]

    assert isinstance(durable.DISK.kernel, Liar)
    assert len(told["stale"]) == durable.DISK.kernel.lies["estale"] > 0


def test_a_handle_that_stays_stale_is_an_error(tmp_path: Path, lying: dict[str, float], told: Told) -> None:
    """A server that forgot for good is told, after four new looks, and does not hold the process for ever."""
    (tmp_path / "paper").touch()
    lying["estale"] = ALWAYS

    with pytest.raises(OSError, match="tale") as caught:
        durable.read(tmp_path / "paper")

    assert caught.value.errno == errno.ESTALE
    assert told["stale"] == [1, 1, 1, 1]


# -- bytes -------------------------------------------------------------------------------------------------------------


def test_an_error_at_the_close_is_an_error_of_the_write(tmp_path: Path, lying: dict[str, float]) -> None:
    """Where a server tells at the close that it lost the bytes, the old ones stay and no copy is left (P11)."""
    (tmp_path / "paper").write_bytes(b"before")
    lying["close"] = ALWAYS

    for act in (
        lambda: durable.write(tmp_path / "paper", b"after"),
        lambda: durable.create(tmp_path / "note", "words"),
        lambda: durable.copy(tmp_path / "paper", tmp_path / "copy"),
    ):
        with pytest.raises(OSError, match="Input/output"):
            act()

    assert names(tmp_path) == ["paper"]
    assert (tmp_path / "paper").read_bytes() == b"before"


def test_a_failed_sync_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    """After one failed fsync the new file is gone, the old one stands, and nobody asked a second time (P10)."""
    asked: list[int] = []

    class Failing(Kernel):
        """A disk that cannot keep what it was given."""

        def fsync(self, descriptor: int) -> None:
            asked.append(descriptor)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    durable.write(tmp_path / "paper", b"before")
    monkeypatch.setattr(durable.DISK, "kernel", Failing())
    told.clear()

    with pytest.raises(OSError, match="Input/output"):
        durable.write(tmp_path / "paper", b"after")

    assert (names(tmp_path), (tmp_path / "paper").read_bytes()) == (["paper"], b"before")
    assert (len(asked), told["fsync_error"], "fsync_s" in told) == (1, [1], False)


def test_every_sync_is_timed(tmp_path: Path, told: Told) -> None:
    """A whole write tells of two syncs, the file's and its folder's, and of a file made and renamed (E5)."""
    durable.write(tmp_path / "paper", b"content")

    assert told["file_operations"] == [1, 1]
    assert [0 < seconds < 60 for seconds in told["fsync_s"]] == [True, True]


# -- the liar ----------------------------------------------------------------------------------------------------------


def test_liar_shows_an_old_listing(tmp_path: Path) -> None:
    """What is listed again may be what was there at the look before, and is the truth at the rate of nought."""
    old, true = Liar({"stale_listing": ALWAYS}), Liar({"stale_listing": 0})
    for liar in (old, true):
        assert liar.names(tmp_path) == []
    (tmp_path / "new").touch()

    assert (old.names(tmp_path), true.names(tmp_path)) == ([], ["new"])


def test_liar_is_asked_for_by_name() -> None:
    """Without the variable all answers are true; with it, its rates and its seed say when they are not."""
    liar = kernel_of({"VIDEOGEN_LIAR": "rename=0.05, link=1,seed=7"})

    assert isinstance(liar, Liar)
    assert type(kernel_of({})) is Kernel


@pytest.mark.parametrize("spec", ["rename", "rename=often", "renam=0.05", "=1"])
def test_a_liar_that_would_not_lie_is_refused(spec: str) -> None:
    """A description that cannot be read is an error and not an honest disk."""
    with pytest.raises(ConfigError):
        kernel_of({"VIDEOGEN_LIAR": spec})
