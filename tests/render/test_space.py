"""Room on the disk: what will not fit is not taken, and what is kept is kept (A21, P9)."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from videogen.render.space import BITS_PER_PIXEL, KEEP_MOST, KEEP_SHARE, SAFETY, Space, Wanted

PIXELS_4K = 3840 * 2160


@pytest.mark.parametrize(
    ("frames", "pixels", "size_bytes"),
    [
        (0, PIXELS_4K, 0),
        (30, 0, 0),  # a resolution that is none
        (1, 8000, 150),  # 0.15 bit each
        (30 * 60, PIXELS_4K, 279_936_000),  # a minute of 4K
    ],
)
def test_a_video_s_size_is_its_pixels(frames: int, pixels: int, size_bytes: int) -> None:
    """The size reckoned with is frames times pixels times a fixed share of a bit, in bytes."""
    assert Wanted(frames, pixels).size_bytes == size_bytes


def test_a_task_larger_than_the_disk_is_refused(tmp_path: Path) -> None:
    """On a real disk a task that needs twice what is free has no room, and one of a thousandth of it has."""
    free = shutil.disk_usage(tmp_path).free
    per_frame = PIXELS_4K * BITS_PER_PIXEL / 8
    space = Space(tmp_path)
    if space.trouble():
        pytest.skip("this very disk is nearly full")

    assert "the task may take" in space.trouble(Wanted(int(2 * free / SAFETY / per_frame), PIXELS_4K))
    assert space.trouble(Wanted(int(free / 1000 / SAFETY / per_frame), PIXELS_4K)) == ""


def test_a_folder_that_is_not_made_yet_has_the_room_of_its_disk(tmp_path: Path) -> None:
    """A scratch folder that the first task will make is no trouble before that."""
    there, later = Space(tmp_path), Space(tmp_path / "scratch" / "deeper")

    assert bool(later.trouble()) is bool(there.trouble())
    huge = Wanted(10**9, PIXELS_4K)
    assert later.trouble(huge).startswith(f"{tmp_path}/scratch/deeper has ")


SCRIPT = """\
import os, sys
from pathlib import Path
from videogen.render import space
from videogen.render.space import Space, Wanted

folder, other = Path(sys.argv[1]), Path(sys.argv[2])
size = 4 << 20

def fill(left):
    filler = folder / "filler"
    filler.write_bytes(b"")
    filler.write_bytes(b"x" * (size - left))

def wanting(size_bytes):
    return Wanted(1, size_bytes * 8 * 100 // 15)

def say(*found):
    print(*(one.partition(" has ")[2].partition(" and ")[2].split()[-1] if one else "room" for one in found))

one = Space(folder)
say(one.trouble())
fill(2 << 20)
say(one.trouble(), one.trouble(wanting(900_000)), one.trouble(wanting(1_100_000)))
fill(224 << 10)  # a twentieth is 209,715 bytes
say(one.trouble())
fill(200 << 10)
say(one.trouble(), one.trouble(wanting(1)))
say(Space(other).trouble(), Space(other, folder).trouble(), Space(folder, other).trouble())
space.KEEP_MOST = 100_000
say(one.trouble())
fill(96 << 10)
say(one.trouble())
(folder / "filler").unlink()
say(one.trouble())
"""


def test_thresholds_on_a_small_disk(tmp_path: Path) -> None:
    """On a disk of 4 MiB a task has room up to half of what is free, and a twentieth, or the most, is kept for all."""
    folder, other = tmp_path / "small", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    around = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=4m small "$4" && exec "$@"', "sh"]
    if subprocess.run([*around, sys.executable, "-c", "", str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("a filesystem cannot be mounted here")
    if Space(other).trouble():
        pytest.skip("this very disk is nearly full")

    argv = [*around, sys.executable, "-c", SCRIPT, str(folder), str(other)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)

    assert done.stdout.splitlines() == [
        "room",
        "room room GB",  # two are needed side by side: 1.8 MB fit into 2 MiB, 2.2 MB do not
        "room",
        "kept kept",
        "room kept kept",  # each folder counts
        "room",  # a large disk keeps no more than the most
        "kept",
        "room",  # and comes back by itself
    ], done.stderr


def test_a_large_disk_keeps_ten_gigabytes() -> None:
    """From 200 GB on what is kept does not grow."""
    assert KEEP_MOST == KEEP_SHARE * 200_000_000_000
