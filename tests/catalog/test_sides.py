"""Side files where others can write: a path that leads out of the library opens nothing, and no pipe is waited for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import papers
from tests.model.test_task import BAD_PATHS
from videogen.catalog import read_asset, side_path
from videogen.errors import MissingInput

SEA = "scanned/video/a/mp4_w64_h64/1.0_sea.mp4"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library of one clip, in a spool that has files beside it."""
    made = tmp_path / "spool"
    asset = papers.asset("video", SEA, papers.picture())
    for path in (made / SEA, tmp_path / "secret.mp4", made / "raw" / "secret.mp4", made / "scanned/.segments/x.mp4"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        side_path(path).write_text(asset.to_json())
    return made


@pytest.mark.parametrize("path", [*BAD_PATHS, "../secret.mp4", "raw/secret.mp4", "scanned/../raw/secret.mp4"])
def test_path_out_of_the_library_is_no_asset(root: Path, path: str) -> None:
    """Whatever lies at such a path, with a side file that could be read, it is refused and named (J7)."""
    with pytest.raises(MissingInput) as caught:
        read_asset(root, path)

    assert caught.value.message.isprintable()
    assert "is not in the library" in caught.value.message or "control characters" in caught.value.message


def test_whole_path_is_no_asset(root: Path) -> None:
    """A path from the top of the machine is not joined to the root, not even to the very file (J7)."""
    with pytest.raises(MissingInput, match="is not in the library"):
        read_asset(root, str(root / SEA))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/etc/passwd")])
def test_side_file_that_is_no_file_cannot_be_read(root: Path, make: Callable[[Path], object]) -> None:
    """A pipe, a folder or a link in its place is an unreadable side file, at once (J15, J17)."""
    side_path(root / SEA).unlink()
    make(side_path(root / SEA))

    with pytest.raises(MissingInput, match=r"side file of .*sea\.mp4 cannot be read"):
        read_asset(root, SEA)
