"""Doctor on the spool and on what it lies on: mounts, renames, names, owners, room, versions (A14, A19)."""

import os
from pathlib import Path

import pytest

from videogen import __version__, durable
from videogen.doctor import Finding, Machine, Patient, mounts, rooms
from videogen.model.node import NodePaper
from videogen.spool import Spool, paper_of
from videogen.toolchain import find

DISK = "29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    made = Spool(tmp_path / "spool")
    made.lay_out()
    return made


def told(spool: Spool, table: str) -> list[Finding]:
    """Have doctor look at the mounts of a spool, by a table as the kernel writes it."""
    proc = spool.root.parent / "proc"
    (proc / "self").mkdir(parents=True, exist_ok=True)
    (proc / "self" / "mountinfo").write_text(table)
    patient = Patient(spool, lambda: find(""), machine=Machine(proc=proc))
    return list(mounts.look(patient))


def nfs(root: Path, options: str) -> str:
    """Write a table in which the root is a mount of a server's."""
    return DISK + f"31 29 0:44 / {root} rw,relatime shared:2 - nfs4 nas:/videos rw,{options}\n"


# -- mounts ------------------------------------------------------------------------------------------------------------


def test_a_disk_of_ones_own_is_good(spool: Spool) -> None:
    """A spool on a local filesystem is told with its kind and device, and nothing is to do."""
    (found,) = told(spool, DISK)

    assert (found.state, found.remedy) == ("good", "")
    assert "ext4" in found.found
    assert "/dev/sda1" in found.found


@pytest.mark.parametrize(
    ("options", "state", "words"),
    [
        ("vers=4.2,hard,proto=tcp", "good", "nfs4"),
        ("vers=4.2,soft", "bad", "lost without a word"),
        ("vers=4.2,hard,noac", "note", "asks the server"),
        ("vers=3,hard", "note", "handles go stale"),
        ("vers=4.2,hard,local_lock=all", "note", "this machine alone"),
        ("vers=4.2,hard,acdirmax=600", "note", "seen that late"),
    ],
)
def test_options_of_nfs_are_judged(spool: Spool, options: str, state: str, words: str) -> None:
    """Options under which NFS loses writes are bad; those that make it slow or lonely are noted, with a better one."""
    (found,) = told(spool, nfs(spool.root, options))

    assert found.state == state
    assert words in found.found
    assert bool(found.remedy) == (state != "good")


@pytest.mark.parametrize(
    ("kind", "options", "state"), [("ext4", "ro", "bad"), ("vfat", "rw", "bad"), ("tmpfs", "rw", "note")]
)
def test_filesystems_that_cannot_hold_a_spool(spool: Spool, kind: str, options: str, state: str) -> None:
    """What is read-only, keeps no links, or is gone at the next start is said."""
    (found,) = told(spool, DISK + f"31 29 0:44 / {spool.root} {options},relatime - {kind} there {options}\n")

    assert found.state == state
    assert found.remedy


def test_a_room_that_is_a_mount_is_named(spool: Spool) -> None:
    """Two mounts of one disk refuse a rename: the room is named, and what to mount; a folder in raw/ may be one."""
    mounted = f"32 29 8:1 /a {spool.root}/tasks rw - ext4 /dev/sda1 rw\n"
    cards = f"33 29 0:50 / {spool.root}/raw/video/my\\040cards rw - cifs //nas/cards rw\n"

    found = told(spool, DISK + mounted + cards)

    assert [(one.state, one.found.split(" ")[0]) for one in found] == [
        ("good", "ext4,"),
        ("bad", "tasks/"),
        ("good", "raw/video/my"),
    ]
    assert f"umount {spool.root}/tasks" in found[1].remedy


# -- the rooms ---------------------------------------------------------------------------------------------------------


def looked(spool: Spool, uid: int = os.geteuid()) -> dict[str, Finding]:
    """Have doctor look at the rooms, as a user."""
    patient = Patient(spool, lambda: find(""), machine=Machine(uid=uid))
    return {one.subject: one for one in (*rooms.look(patient), *rooms.space(patient))}


def test_a_sound_spool_is_good_and_stays_as_it_was(spool: Spool) -> None:
    """On a sound spool nothing is bad, and a look leaves nothing behind but the folder of the nodes."""
    spool.nodes.mkdir(exist_ok=True)
    before = sorted(spool.root.rglob("*"))

    found = looked(spool)

    assert {one.state for one in found.values() if one.group == "Spool"} == {"good"}
    assert {"spool", "file names", "user", "owners", "umask", "versions", "disk", "inodes"} <= set(found)
    assert sorted(spool.root.rglob("*")) == before


def test_files_of_another_are_counted_with_one_named(spool: Spool) -> None:
    """A file in a room that is another user's is bad, with the command that hands it over; in raw/ it is usual."""
    if os.geteuid():
        pytest.skip("only root can give a file to another user")
    for place in ("tasks/strange", "raw/video/dropped.mp4"):
        (spool.root / place).write_text("")
        os.chown(spool.root / place, 4242, 4242)

    found = looked(spool)

    assert found["owners"].state == "bad"
    assert found["owners"].found == "1 files in the rooms are #4242's, as tasks/strange"
    assert found["owners"].remedy == f"`chown -R {rooms.user(0)}: {spool.root}`"


def test_another_user_is_told_whose_spool_it_is(spool: Spool) -> None:
    """Who looks at another's spool is told the command that looks as its owner."""
    found = looked(spool, uid=4242)["user"]

    assert found.state == "note"
    assert found.remedy == f"`sudo -u {rooms.user(os.geteuid())} videogen --root {spool.root} doctor`"


def test_a_mask_that_shuts_the_group_out_is_noted(spool: Spool) -> None:
    """Where the root hands its group down, files that the group cannot read are not what was meant."""
    spool.root.chmod(0o2770)
    before = os.umask(0o077)
    try:
        found = looked(spool)["umask"]
    finally:
        os.umask(before)

    assert (found.state, found.remedy) == ("note", "`umask 007`, as the units have it.")


def test_a_node_of_another_version_is_named(spool: Spool) -> None:
    """A node that runs another version is named with its host; one that has ended is no matter."""
    spool.nodes.mkdir(exist_ok=True)
    for name, version, state in (("old", "0.0.1", "idle"), ("gone", "0.0.1", "stopping"), ("new", __version__, "idle")):
        paper = NodePaper.model_validate({"node": name, "host": "attic", "version": version, "state": state})
        durable.write(paper_of(spool.nodes, name), paper.model_dump_json())

    found = looked(spool)["versions"]

    assert found.state == "note"
    assert found.found == f"old on attic runs 0.0.1, this is {__version__}"


def test_a_folder_that_is_no_spool_has_one_remedy(tmp_path: Path) -> None:
    """Where there are no rooms, the only thing said of the spool is how to make them."""
    patient = Patient(Spool(tmp_path), lambda: find(""))

    (found,) = rooms.look(patient)

    assert found.state == "bad"
    assert found.remedy == f"Run `videogen --root {tmp_path} init`."
    assert list(tmp_path.iterdir()) == []


def test_a_scratch_folder_that_is_not_there_is_bad(spool: Spool) -> None:
    """A setting that names a folder that is missing is found before a node starts."""
    patient = Patient(spool, lambda: find(""), scratch=spool.root / "fast")

    found = {one.subject: one for one in rooms.space(patient)}["node.scratch"]

    assert (found.state, found.remedy) == ("bad", f"`mkdir -p {spool.root}/fast`")
