"""Doctor on the machine: its kernel's papers are folders of a test, its programs are small scripts (A8, A14, A20)."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from videogen.doctor import Finding, Machine, Patient, encoding, limits, machine, service, settings
from videogen.errors import ConfigError
from videogen.spool import Spool
from videogen.toolchain import find

MANAGER = """\
#!/bin/sh
cat <<'END'
{answer}
END
"""
MAIN = "Id=videogen-main.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNRestarts=0"
NODE = "Id=videogen-node@1.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNRestarts=3"


def paper(path: Path, text: str) -> Path:
    """Write one of the kernel's papers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """The kernel's papers of a machine with 8 GiB, a hundred watches, and two watchers of this user's."""
    folder = tmp_path / "proc"
    paper(folder / "meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n")
    paper(folder / "self" / "cgroup", "0::/user.slice/videogen\n")
    paper(folder / "sys/fs/inotify/max_user_watches", "100000\n")
    paper(folder / "sys/fs/inotify/max_user_instances", "128\n")
    for process in ("12", "13"):
        (folder / process / "fd").mkdir(parents=True)
        (folder / process / "fd" / "3").symlink_to("anon_inode:inotify")
        (folder / process / "fd" / "4").symlink_to("/dev/null")
        paper(folder / process / "fdinfo" / "3", "pos:\t0\ninotify wd:1 ino:2\ninotify wd:2 ino:3\n")
    return folder


@pytest.fixture
def patient(tmp_path: Path, proc: Path) -> Patient:
    """A factory on that machine."""
    there = Machine(proc=proc, sys=tmp_path / "sys", dev=tmp_path / "dev", environ={"PATH": str(tmp_path / "bin")})
    return Patient(Spool(tmp_path / "spool"), lambda: find(""), machine=there)


def by_subject(*findings: Finding) -> dict[str, Finding]:
    """Give findings by what they are of."""
    return {one.subject: one for one in findings}


# -- the kernel --------------------------------------------------------------------------------------------------------


def test_watches_are_counted_in_use(patient: Patient, proc: Path, tmp_path: Path) -> None:
    """What this user's processes watch is counted from the kernel's papers; a limit that is near has its sysctl."""
    (tmp_path / "raw" / "video").mkdir(parents=True)
    enough = by_subject(*limits.inotify(patient.machine, tmp_path / "raw"))
    paper(proc / "sys/fs/inotify/max_user_watches", "6\n")
    paper(proc / "sys/fs/inotify/max_user_instances", "2\n")
    short = by_subject(*limits.inotify(patient.machine, tmp_path / "raw"))

    assert enough["inotify"].found == "100000 watches, 4 in use; raw/ needs 2"
    assert (enough["inotify"].state, enough["inotify instances"].state) == ("good", "good")
    assert enough["inotify instances"].found == "128 watchers, 2 in use"
    assert "sysctl fs.inotify.max_user_watches=" in short["inotify"].remedy
    assert "sysctl fs.inotify.max_user_instances=" in short["inotify instances"].remedy


def test_a_system_without_inotify_is_no_fault(patient: Patient, tmp_path: Path) -> None:
    """Where the kernel has no watches, raw/ is looked at by the clock, and doctor says that alone."""
    (found,) = limits.inotify(replace(patient.machine, proc=tmp_path / "nothing"), tmp_path)

    assert (found.state, found.found) == ("note", "not on this system")


@pytest.mark.parametrize(("encodes", "state"), [(4, "good"), (6, "note")])
def test_memory_is_held_against_the_encodes(patient: Patient, encodes: int, state: str) -> None:
    """Encodes that do not fit into the machine's memory are noted, with a number that does."""
    (found,) = limits.memory(replace(patient, encodes=encodes))

    assert found.state == state
    assert ("node.encodes = " in found.remedy) == (state == "note")


@pytest.mark.parametrize(
    ("group", "file"),
    [
        ("0::/user.slice/videogen\n", "user.slice/memory.max"),
        ("4:memory:/docker/7\n", "memory/docker/7/memory.limit_in_bytes"),
    ],
)
def test_a_limit_of_a_group_counts(patient: Patient, tmp_path: Path, group: str, file: str) -> None:
    """Not the machine's memory counts but what the group may have, or one above it, in both versions of cgroups."""
    paper(patient.machine.proc / "self/cgroup", group)
    paper(tmp_path / "sys/fs/cgroup" / file, f"{1 << 30}\n")

    (found,) = limits.memory(replace(patient, encodes=4))

    assert found.found.startswith("1.0 GiB;")
    assert found.state == "note"


def test_a_quota_of_processors_counts(patient: Patient, tmp_path: Path) -> None:
    """A container that may use half a processor is told so, whatever the machine has."""
    paper(tmp_path / "sys/fs/cgroup/user.slice/videogen/cpu.max", "50000 100000\n")

    (found,) = limits.processors(replace(patient, encodes=2))

    assert (found.state, found.found) == ("note", "0.5 for us; 2 encodes at once")
    assert "doctor --tune" in found.remedy


# -- clock and language ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("is_kept", "ahead_s", "state", "words"),
    [
        (True, 0.0, "good", "kept right"),
        (False, 0.0, "note", "nothing keeps it right"),
        (None, 0.0, "note", "does not say"),
        (True, -90.0, "note", "90 s behind ours"),
        (True, 3700.0, "note", "3700 s ahead of ours"),
    ],
)
def test_the_clock_is_judged(is_kept: bool | None, ahead_s: float, state: str, words: str) -> None:
    """A clock that nothing keeps right, and a file server whose clock is another, are noted."""
    found = machine.clock(is_kept, ahead_s)

    assert found.state == state
    assert words in found.found


def test_the_clock_of_this_machine_agrees_with_its_disk(tmp_path: Path) -> None:
    """The disk here goes by the clock here, and the look leaves no file."""
    assert abs(machine.apart_s(tmp_path)) < 0.5
    assert list(tmp_path.iterdir()) == []
    assert machine.is_synced() in {True, False, None}


@pytest.mark.parametrize(
    ("environ", "state"),
    [({"LANG": "de_DE.UTF-8"}, "good"), ({"LANG": "C.utf8"}, "good"), ({"LC_ALL": "POSIX"}, "note"), ({}, "note")],
)
def test_a_language_without_utf8_is_noted(environ: dict[str, str], state: str) -> None:
    """A terminal that cannot show every name is told how to."""
    assert machine.locale(Machine(environ=environ)).state == state


@pytest.mark.parametrize(
    ("freetype", "raqm", "state"), [(True, True, "good"), (True, False, "note"), (False, False, "note")]
)
def test_letters_need_two_libraries(*, freetype: bool, raqm: bool, state: str) -> None:
    """Without FreeType no words can be drawn, without Raqm not all scripts: both have a remedy."""
    (found,) = machine.letters(freetype=freetype, raqm=raqm)

    assert (found.state, bool(found.remedy)) == (state, state != "good")


# -- FFmpeg ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "built", "states"),
    [
        ("4.4.2-0ubuntu0.22.04.1", "--enable-libx264", ["bad"]),
        ("7.0.1", "--enable-libx264 --enable-vaapi", ["note"]),
        ("7.0.1", "--enable-libx264", ["good"]),
        ("n7.1.1", "--enable-libx264 --enable-libx265", ["note"]),
        ("9.0.2-static", "--enable-libx264 --enable-libx265 --enable-vaapi", ["good"]),
        ("N-118000-g1234567", "--enable-libx264", ["good"]),
    ],
)
def test_known_faults_of_a_version_are_told(version: str, built: str, states: list[str]) -> None:
    """A version that others met trouble with is named where this build has the part, and an unknown one is no fault."""
    found = list(encoding.build(version, f"configuration: {built}"))

    assert [one.state for one in found if one.subject == "ffmpeg version"] == states
    assert "libx264" in by_subject(*found)["ffmpeg build"].found


def test_devices_are_counted(tmp_path: Path) -> None:
    """A machine without a device says so; one with a device that may be opened names it."""
    (none,) = encoding.devices(tmp_path)
    device = paper(tmp_path / "dri" / "renderD128", "")
    (one,) = encoding.devices(tmp_path)

    assert (none.state, one.state) == ("good", "good")
    assert one.found == str(device)


# -- systemd -----------------------------------------------------------------------------------------------------------


def manager(patient: Patient, answer: str) -> dict[str, Finding]:
    """Have doctor ask a service manager that gives this answer."""
    program = paper(Path(patient.machine.environ["PATH"]) / "systemctl", MANAGER.format(answer=answer))
    program.chmod(0o755)
    there = replace(patient.machine, environ={"PATH": f"{program.parent}:{os.defpath}"})
    return by_subject(*service.look(replace(patient, machine=there)))


def test_units_that_run_are_good(patient: Patient) -> None:
    """Units that run and are enabled are good, and a node that was started again tells how often."""
    found = manager(patient, f"{MAIN}\n\n{NODE}\nTimeoutStopUSec=1min 30s")

    assert {one.state for name, one in found.items() if name != "python"} == {"good"}
    assert found["videogen-node@1.service"].found == "active, started again 3 times"


@pytest.mark.parametrize(
    ("change", "state", "remedy"),
    [
        (("LoadState=loaded", "LoadState=not-found"), "note", "sudo make install-systemd"),
        (("ActiveState=active", "ActiveState=failed\nResult=watchdog"), "bad", "journalctl -u videogen-main.service"),
        (("ActiveState=active", "ActiveState=inactive"), "note", "systemctl enable --now videogen-main.service"),
        (("UnitFileState=enabled", "UnitFileState=disabled"), "note", "systemctl enable videogen-main.service"),
    ],
)
def test_a_unit_that_does_not_run_has_its_command(
    patient: Patient, change: tuple[str, str], state: str, remedy: str
) -> None:
    """What is wrong with a unit is told with the command that mends it."""
    found = manager(patient, f"{MAIN.replace(*change)}\n\n{NODE}")["videogen-main.service"]

    assert found.state == state
    assert remedy in found.remedy


def test_a_stop_that_is_shorter_than_a_drain_is_bad(patient: Patient) -> None:
    """A node that is killed before it may finish its video loses the work: the line to write is named."""
    found = manager(replace(patient, drain_s=600), f"{MAIN}\n\n{NODE}\nTimeoutStopUSec=1min 30s")

    assert found["videogen-node@1.service"].state == "bad"
    assert "TimeoutStopSec=630" in found["videogen-node@1.service"].remedy


def test_a_manager_that_hangs_hangs_nobody(patient: Patient) -> None:
    """Without a manager, and with one that fails, doctor says what runs without it."""
    (alone,) = service.look(patient)
    program = paper(
        Path(patient.machine.environ["PATH"]) / "systemctl",
        "#!/bin/sh\necho 'System has not been booted' >&2\nexit 1\n",
    )
    program.chmod(0o755)
    (offline,) = service.look(patient)

    assert alone == offline
    assert (alone.state, "videogen up" in alone.found) == ("good", True)


def test_a_manager_without_our_units_names_the_target(patient: Patient) -> None:
    """Where systemd runs and knows no unit of ours, the one remedy is to install them."""
    found = manager(patient, MAIN.replace("LoadState=loaded", "LoadState=not-found"))

    assert found["systemd"].remedy == "`sudo make install-systemd`"


@pytest.mark.parametrize(
    ("told", "length_s"), [("1min 30s", 90.0), ("2h", 7200.0), ("500ms", 0.5), ("infinity", None), ("", None)]
)
def test_lengths_are_read_as_systemd_writes_them(told: str, length_s: float | None) -> None:
    """A length of time is summed from its parts; one without end is none."""
    assert service.seconds(told) == length_s


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "state", "remedy"),
    [
        ("VIDEOGEN_RENDER_CRF", "note", "VIDEOGEN_RENDER__CRF"),
        ("VIDEOGEN_LIAR", "bad", "unset VIDEOGEN_LIAR"),
        ("VIDEOGEN_FAILPOINTS", "bad", "unset VIDEOGEN_FAILPOINTS"),
    ],
)
def test_a_variable_that_nobody_reads_is_named(name: str, state: str, remedy: str) -> None:
    """A setting written with one line is read by nobody: doctor says how it is written; hands of tests are bad."""
    (found,) = settings.environment({name: "1", "PATH": "/bin", "VIDEOGEN_ROOT": "/srv", "VIDEOGEN_NODE__NAME": "a"})

    assert (found.subject, found.state) == (name, state)
    assert remedy in found.remedy


def test_a_nodes_own_lines_are_read(tmp_path: Path) -> None:
    """A line of /etc/videogen/node-N.env that names no setting is found before the node refuses to start."""
    good = paper(
        tmp_path / "node-a.env", "# a comment=1\nCUDA_VISIBLE_DEVICES=0\nVIDEOGEN_RENDER__ENCODER=h264_nvenc\n"
    )
    bad = paper(tmp_path / "node-b.env", "VIDEOGEN_RENDER__ENCODR=h264_nvenc\nVIDEOGEN_NODE_TAGS=[]\n")

    assert [one.state for one in settings.lines(good)] == ["good"]
    assert [one.found for one in settings.lines(bad)] == [
        "VIDEOGEN_RENDER__ENCODR names no setting",
        "nobody reads VIDEOGEN_NODE_TAGS",
    ]


@pytest.mark.parametrize(
    ("program", "prefix", "count"),
    [
        ("/root/python/bin/python3", "/opt/videogen/.venv", 1),
        ("/usr/bin/python3", "/opt/videogen/.venv", 0),
        ("/home/ann/python/bin/python3", "/home/ann/videogen/.venv", 0),
    ],
)
def test_a_python_in_a_home_is_noted(program: str, prefix: str, count: int) -> None:
    """An environment that units shall use must not stand on a Python in somebody's home."""
    found = list(service.interpreter(Path(program), Path(prefix)))

    assert len(found) == count
    assert all("PYTHON=" in one.remedy for one in found)


def test_packages_are_held_against_the_constraints(tmp_path: Path) -> None:
    """A package of another version than all was tested with is named; where nothing says which, it is said."""
    other = paper(tmp_path / "constraints.txt", "Rich==0.1\n")

    assert [one.state for one in settings.packages(Machine())] == ["good"]
    assert [one.state for one in settings.packages(Machine(constraints=tmp_path / "none"))] == ["good"]
    (found,) = settings.packages(Machine(constraints=other))
    assert found.state == "note"
    assert "(not 0.1)" in found.found


def test_settings_that_cannot_be_read_are_a_finding(patient: Patient) -> None:
    """A wrong setting is one bad finding with its remedy, not the end of the page."""
    trouble = ConfigError("the setting render.crf is 99", remedy="Correct it.")

    found = next(settings.look(replace(patient, trouble=trouble)))

    assert (found.state, found.remedy) == ("bad", "Correct it.")
