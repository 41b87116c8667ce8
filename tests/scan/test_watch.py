"""Events of raw/ on real filesystems: where they come, where they do not, and a raw/ that goes and comes back."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from videogen.scan import watch
from videogen.scan.hints import Hints
from videogen.scan.watch import Watch


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """An empty raw/."""
    folder = tmp_path / "raw"
    (folder / "video" / "sea").mkdir(parents=True)
    return folder


def soon(done: Callable[[], Any], within_s: float = 5.0) -> Any:
    """Wait until something is so."""
    until = time.monotonic() + within_s
    while not (found := done()) and time.monotonic() < until:
        time.sleep(0.01)
    return found


def heard(hints: Hints) -> dict[str, str]:
    """Wait for the next hint; give all that came, by name."""
    assert hints.wake.wait(5)
    hints.wake.clear()
    time.sleep(0.05)
    return {path.name: hint for path, hint in hints.take().items()}


def test_what_is_closed_and_what_is_renamed_in_is_told(raw: Path, tmp_path: Path) -> None:
    """A close and a rename, also from outside raw/ and into a folder made since, are told as what they are (A20)."""
    hints = Hints(Event())
    with Watch(raw, hints) as ears:
        assert not ears.deaf
        hints.take()
        (raw / "video" / "sea" / "a.mp4").write_bytes(b"one")
        assert heard(hints) == {"a.mp4": "closed"}
        (raw / "video" / "sea" / "a.mp4").rename(raw / "video" / "sea" / "b.mp4")
        assert heard(hints) == {"b.mp4": "moved"}
        (tmp_path / "c.mp4").write_bytes(b"one")
        (tmp_path / "c.mp4").rename(raw / "video" / "sea" / "c.mp4")
        assert heard(hints) == {"c.mp4": "moved"}
        (raw / "music").mkdir()
        time.sleep(0.1)
        (raw / "music" / "d.mp3").write_bytes(b"one")
        assert soon(lambda: "d.mp3" in {path.name for path in hints.take()})


def test_reading_wakes_nobody(raw: Path) -> None:
    """What the scan does itself is no event: it would wake itself for ever."""
    (raw / "a.mp4").write_bytes(b"one")
    hints = Hints(Event())
    with Watch(raw, hints):
        time.sleep(0.1)
        hints.wake.clear()
        (raw / "a.mp4").read_bytes()
        list(raw.iterdir())
        assert not hints.wake.wait(0.3)


def test_raw_that_is_another_one_is_watched_anew(raw: Path, tmp_path: Path) -> None:
    """A raw/ that was taken away and put back, as an unmount does, is listened to again without a restart (A20)."""
    hints = Hints(Event())
    with Watch(raw, hints) as ears:
        raw.rename(tmp_path / "away")
        assert not ears.is_current()
        ears.refresh()
        assert ears.deaf == {raw: "it is not there"}
        shutil.copytree(tmp_path / "away", raw)
        assert not ears.is_current()
        ears.refresh()
        assert (ears.deaf, ears.is_current()) == ({}, True)
        hints.take()
        hints.wake.clear()
        (raw / "video" / "sea" / "a.mp4").write_bytes(b"one")
        assert heard(hints) == {"a.mp4": "closed"}


def test_an_event_that_does_not_come_makes_it_deaf(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the trial's own event does not come, files there are waited for by the clock; it is tried again (A20)."""
    monkeypatch.setattr(watch, "HEARD_S", 0.1)
    ears = Watch(raw, Hints(Event()))
    with ears:
        ears._observer.unschedule_all()  # type: ignore[union-attr]  # as deaf as a mount can be
        ears.refresh()
        assert "in vain" in ears.deaf[raw]
        assert ears.is_deaf(raw / "video" / "a.mp4")
        assert not list(raw.glob(".*")), "the trial leaves nothing behind"


def test_the_limits_of_the_kernel_are_explained(raw: Path) -> None:
    """No watch left is said with the sysctl that raises it, not as "no space left on device" (A20)."""
    limit = Path("/proc/sys/user/max_inotify_watches")
    if (
        sys.platform != "linux"
        or not limit.exists()
        or subprocess.run(["unshare", "-r", "true"], check=False).returncode
    ):
        pytest.skip("needs a user namespace, to lower a limit in it")
    program = (
        "import sys; from pathlib import Path; from threading import Event; from videogen.scan import *\n"
        "with Watch(Path(sys.argv[1]), Hints(Event())) as ears: print(ears.deaf)"
    )
    lower = f'echo 1 > {limit}; exec "$0" "$@"'

    argv = ["unshare", "-r", "sh", "-c", lower, sys.executable, "-c", program, str(raw)]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True)

    assert "sysctl fs.inotify.max_user_watches" in said.stdout


MOUNTINFO = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 22 0:50 / {place} rw,relatime shared:1 - ext4 /dev/vdb rw
41 40 0:51 / {place}/raw/nas\\040one rw - nfs4 box:/export rw
42 40 0:52 / {place}/raw/stick rw - fuseblk /dev/sdb1 rw
43 40 0:53 / {place}/raw/cloud rw - fuse.sshfs box: rw
44 40 0:54 / {place}/rawhide rw - nfs4 box:/other rw
"""


def test_network_filesystems_are_deaf_whatever_the_trial_says(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What other machines write to an NFS or SSHFS mount below raw/ is not told; they alone are polled (A20)."""
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTINFO.format(place=tmp_path))
    monkeypatch.setattr(watch, "MOUNTS", table)
    for name in ("nas one", "stick", "cloud"):
        (raw / name).mkdir()

    with Watch(raw, Hints(Event())) as ears:
        assert {folder.name: why.split()[0] for folder, why in ears.deaf.items()} == {
            "nas one": "nfs4",
            "cloud": "fuse.sshfs",
        }
        assert ears.is_deaf(raw / "nas one" / "video" / "a.mp4")
        assert not ears.is_deaf(raw / "stick" / "a.mp4")
        assert not ears.is_deaf(raw / "a.mp4")
