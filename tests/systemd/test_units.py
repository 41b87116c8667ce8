"""The units as installed: systemd reads them without a word, they are walled in, and they write in one place (A2, A3).

Nothing here asks a running service manager; what is asked is systemd's own tools, on a root that the test made.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.systemd.unit import APP, ROOT, SERVICES, Unit, installed, make, needs
from videogen.config.tables import Node
from videogen.daemon.up import CHILD_GRACE_S

EXPOSURE = 2.0
"""Out of ten; a unit without walls has 9.2. systemd's own word for less than two is OK or SAFE."""
FILES = {
    "systemd/system/videogen.target",
    *(f"systemd/system/{name}" for name in SERVICES),
    "sysusers.d/videogen.conf",
    "tmpfiles.d/videogen.conf",
}
TARGETS = ("basic", "multi-user", "network-online", "shutdown", "sysinit")

each_service = pytest.mark.parametrize("name", SERVICES)


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the units, installed below a root of the test's own."""
    return installed(tmp_path_factory.mktemp("root"))


def machine(root: Path) -> Path:
    """Make the least machine that the units can be checked on; give the folder of its units."""
    folder = installed(root)
    for program in (f"{APP}/.venv/bin/videogen", "/bin/kill"):
        path = root / program.lstrip("/")
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    for target in TARGETS:
        (folder / f"{target}.target").write_text(f"[Unit]\nDescription={target}\n")
    return folder


def verified(root: Path) -> subprocess.CompletedProcess[str]:
    """Have systemd read every unit of a root as it would at start."""
    names = ["videogen.target", *(name.replace("@", "@1") for name in SERVICES)]
    argv = ["systemd-analyze", "verify", f"--root={root}", "--recursive-errors=yes", "--man=no", *names]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


# -- what systemd says ---------------------------------------------------------------------------------------------


@needs("systemd-analyze")
def test_systemd_reads_every_unit(tmp_path: Path) -> None:
    """The manager finds nothing to say about any unit, its programs and what it depends on."""
    machine(tmp_path)

    done = verified(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")


@needs("systemd-analyze")
@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("videogen-main.service", "KillMode=", "KilMode="),
        ("videogen-main.service", "WatchdogSec=30", "WatchdogSec=often"),
        ("videogen-crawl.service", "fc00::/7", "fc00::/777"),
        ("videogen-node@.service", "DeviceAllow=char-drm", "DeviceAllow=drm"),
        ("videogen-node@.service", f"{APP}/.venv", "/opt/absent/.venv"),
    ],
    ids=["key", "time", "network", "device", "program"],
)
def test_slip_of_the_pen_is_seen(tmp_path: Path, name: str, before: str, after: str) -> None:
    """The check of the units fails for a wrong key, time, address, device or program, and names the unit."""
    unit = machine(tmp_path) / name
    assert before in unit.read_text()
    unit.write_text(unit.read_text().replace(before, after))

    assert name.removesuffix(".service").removesuffix("@") in verified(tmp_path).stderr


@needs("systemd-analyze")
@each_service
def test_exposure(units: Path, name: str) -> None:
    """systemd's own score of what a taken-over role could reach is at most 2.0 for every unit."""
    argv = ["systemd-analyze", "security", "--offline=true", "--json=short", "--no-pager", str(units / name)]
    rows = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    total = subprocess.run([*argv[:3], "--no-pager", argv[-1]], capture_output=True, text=True, check=True).stdout

    _, is_there, score = total.rpartition("Overall exposure level for")
    assert is_there
    assert len(rows) > 50  # it was looked at, not skipped
    assert float(score.split(":")[1].split()[0]) <= EXPOSURE


# -- what the units promise ----------------------------------------------------------------------------------------


@each_service
def test_one_writable_place(units: Path, name: str) -> None:
    """A role may write below the spool and nowhere else: two entries would be two mounts, and no rename passes them.

    What only reads may write nowhere.
    """
    unit = Unit(units / name)
    others = (
        "StateDirectory",
        "LogsDirectory",
        "CacheDirectory",
        "RuntimeDirectory",
        "BindPaths",
        "TemporaryFileSystem",
    )

    assert unit.all("ReadWritePaths") == ([] if name == "videogen-metrics.service" else [ROOT])
    assert unit.the("ProtectSystem") == "strict"
    assert [key for key in others if unit.lines(key)] == []
    assert [line for line in unit.lines("Environment") if "LOG__DIR" in line] == []


COMMON = {
    "Type": "notify",
    "NotifyAccess": "main",
    "WatchdogSec": "30",
    "ExecReload": "/bin/kill -HUP $MAINPID",
    "Restart": "always",
    "RestartSec": "2",
    "StartLimitIntervalSec": "0",
    "RestartPreventExitStatus": "78",  # errors.SetupError: the next start would fail the same way
    "KillMode": "mixed",
    "TimeoutStopSec": "90",
    "OOMPolicy": "continue",
    "User": "videogen",
    "UMask": "0007",
    "NoNewPrivileges": "yes",
    "RestrictNamespaces": "yes",
    "RequiresMountsFor": ROOT,
    "PartOf": "videogen.target",
    "WantedBy": "videogen.target",
    "CapabilityBoundingSet": "",
}


@each_service
def test_what_all_roles_share(units: Path, name: str) -> None:
    """Every role is watched, started again, stopped gently, and never tried again where its set-up is wrong."""
    unit = Unit(units / name)

    assert {key: unit.the(key) for key in COMMON} == COMMON


@each_service
def test_a_drain_is_over_before_the_manager_loses_patience(units: Path, name: str) -> None:
    """Whoever drains has time left after `node.drain_s` to end its FFmpeg and give its task back (A3, P16)."""
    assert float(Unit(units / name).the("TimeoutStopSec")) >= Node().drain_s + CHILD_GRACE_S


@pytest.mark.parametrize(
    ("name", "key", "values"),
    [
        ("videogen-main.service", "PrivateNetwork", ["yes"]),
        ("videogen-node@.service", "PrivateNetwork", ["yes"]),
        ("videogen-metrics.service", "PrivateNetwork", ["no"]),  # it is asked by others
        ("videogen-metrics.service", "IPAddressAllow", ["localhost"]),
        ("videogen-metrics.service", "Environment", ["VIDEOGEN_METRICS_LISTEN=127.0.0.1:9464"]),
        ("videogen-metrics.service", "PrivateDevices", ["yes"]),
        ("videogen-crawl.service", "PrivateNetwork", []),  # the one role that fetches
        ("videogen-main.service", "PrivateDevices", ["yes"]),
        ("videogen-crawl.service", "PrivateDevices", ["yes"]),
        ("videogen-node@.service", "PrivateDevices", ["no"]),  # the GPU
        ("videogen-node@.service", "DevicePolicy", ["closed"]),
        ("videogen-node@.service", "DeviceAllow", ["char-nvidia*", "rw", "char-drm", "rw"]),
        ("videogen-node@.service", "MemoryDenyWriteExecute", []),  # GPU drivers compile as they run
        ("videogen-node@.service", "EnvironmentFile", ["-/etc/videogen/node-%i.env"]),
        ("videogen-node@.service", "SupplementaryGroups", ["video", "render"]),
        ("videogen.target", "WantedBy", ["multi-user.target"]),
    ],
)
def test_what_sets_a_role_apart(units: Path, name: str, key: str, values: list[str]) -> None:
    """Only the crawler has a network, only a node has devices, and a node's own file may name its device."""
    assert Unit(units / name).all(key) == values


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("videogen-main.service", ["main"]),
        ("videogen-crawl.service", ["crawl"]),
        ("videogen-metrics.service", ["metrics"]),
        ("videogen-node@.service", ["node", "--name", "gpu0"]),
    ],
)
def test_what_is_started(units: Path, name: str, words: list[str]) -> None:
    """A unit starts its role on the spool; a node has the name of its instance."""
    assert Unit(units / name).argv(Path("/p"), Path("/r"), "gpu0") == ["/p", "--root", "/r", *words]


# -- the user and the folders --------------------------------------------------------------------------------------


@pytest.fixture
def furnished(tmp_path: Path) -> Path:
    """A root on which the user was made and nothing else."""
    installed(tmp_path)
    (tmp_path / "etc").mkdir()
    (tmp_path / "srv").mkdir()
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}"], check=True, capture_output=True)
    return tmp_path


@needs("systemd-sysusers")
def test_user_and_groups(furnished: Path) -> None:
    """One user is made, who cannot log in, with the groups that the units name."""
    users = [line.split(":") for line in (furnished / "etc/passwd").read_text().splitlines()]
    groups = {line.split(":")[0] for line in (furnished / "etc/group").read_text().splitlines()}

    assert [(name, shell) for name, *_, shell in users] == [("videogen", "/usr/sbin/nologin")]
    assert groups == {"videogen", "video", "render"}


@needs("systemd-sysusers")
@needs("systemd-tmpfiles")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder to another user")
def test_folders(furnished: Path) -> None:
    """The spool's folder hands its group down, the logs can be read by the group; no room is made before `init`."""
    argv = ["systemd-tmpfiles", f"--root={furnished}", "--create", "videogen.conf"]
    subprocess.run(argv, check=True, capture_output=True)

    spool = furnished / ROOT.lstrip("/")
    (user,) = [line.split(":") for line in (furnished / "etc/passwd").read_text().splitlines()]
    found = {
        path.name: (oct(path.stat().st_mode & 0o7777), str(path.stat().st_uid)) for path in (spool, spool / "logs")
    }
    assert found == {"videogen": ("0o2770", user[2]), "logs": ("0o2750", user[2])}
    assert [path.name for path in spool.iterdir()] == ["logs"]


# -- make ----------------------------------------------------------------------------------------------------------


SHARED = ("share/man/man1/videogen.1", "share/bash-completion/completions/videogen")


def files_below(root: Path) -> set[str]:
    """List every file below a folder."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("prefix", ["/usr", "/usr/local"])
def test_install_and_uninstall(tmp_path: Path, prefix: str) -> None:
    """Everything goes below DESTDIR and PREFIX, readable by all; what else lies there outlives the uninstalling."""
    old_mask = os.umask(0o077)
    try:
        done = make("install-systemd", DESTDIR=str(tmp_path), PREFIX=prefix)
    finally:
        os.umask(old_mask)

    assert done.returncode == 0, done.stderr
    assert files_below(tmp_path) == {f"{prefix[1:]}/{name}" for name in (*(f"lib/{one}" for one in FILES), *SHARED)}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()} == {0o644}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_dir()} == {0o755}

    (tmp_path / f"{prefix[1:]}/lib/systemd/system/other.service").touch()
    assert make("uninstall-systemd", DESTDIR=str(tmp_path), PREFIX=prefix).returncode == 0
    assert files_below(tmp_path) == {f"{prefix[1:]}/lib/systemd/system/other.service"}


def test_other_places(tmp_path: Path) -> None:
    """The places of program and spool are written into every file, also where one has a piece of the other's name."""
    app, root = "/srv/videogen/app", "/opt/videogen/spool"
    folder = installed(tmp_path, APP=app, ROOT=root)

    for name in SERVICES:
        unit = Unit(folder / name)
        assert unit.the("ExecStart").split()[:3] == [f"{app}/.venv/bin/videogen", "--root", root]
        assert set(unit.all("ReadWritePaths")) <= {unit.the("RequiresMountsFor")} == {root}
    folders = (tmp_path / "usr/lib/tmpfiles.d/videogen.conf").read_text().splitlines()
    assert [line.split()[1] for line in folders if not line.startswith("#")] == [root, f"{root}/logs"]


def test_next_commands(tmp_path: Path) -> None:
    """The installing ends with the commands that come next, with the places that were chosen."""
    told = make("install-systemd", DESTDIR=str(tmp_path), APP="/opt/vg", ROOT="/mnt/vg").stdout

    for command in (
        "systemd-sysusers videogen.conf",
        "systemd-tmpfiles --create videogen.conf",
        "/opt/vg/.venv/bin/videogen --root /mnt/vg init",
        "systemctl enable --now videogen.target",
    ):
        assert command in told


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ROOT", "/srv/my videos", "a space or a sign"),
        ("APP", "/opt/a b", "a space or a sign"),
        ("PREFIX", "/us r", "a space or a sign"),
        ("DESTDIR", "{tmp}/a b", "a space or a sign"),
        ("ROOT", "/srv/50%", "a space or a sign"),  # % begins a specifier in a unit
        ("ROOT", "/srv/a|b", "a space or a sign"),  # the sign that sed's own words are parted by
        ("APP", "/opt/x'; touch {tmp}/made; '", "a space or a sign"),
        ("ROOT", "srv/videogen", "no folder's absolute path"),
        ("ROOT", "/", "no folder's absolute path"),
        ("APP", "", "no folder's absolute path"),
        ("ROOT", "/home/me/videogen", "cannot see"),  # ProtectHome= hides it
        ("ROOT", "/tmp/videogen", "cannot see"),  # PrivateTmp= hides it
    ],
)
def test_place_that_no_unit_can_name(tmp_path: Path, variable: str, value: str, said: str) -> None:
    """A place that a unit cannot name, or could not see, is refused with a sentence before anything is written."""
    value = value.format(tmp=tmp_path)
    done = make("install-systemd", **{"DESTDIR": str(tmp_path / "d"), variable: value})

    assert done.returncode != 0
    assert f"{variable}={value}" in done.stderr
    assert said in done.stderr
    assert files_below(tmp_path) == set()
