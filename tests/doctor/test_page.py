"""Doctor as an operator meets it: one page, by subject, an exit, and JSON (A14, A19)."""

import json
import os
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from tests.verbs import said_by
from videogen.cli.checking import page
from videogen.doctor import Finding, Group, Patient, examine
from videogen.spool import Spool


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty spool whose settings name an encoder, so that no device is tried for the choice."""
    Spool(tmp_path / "spool").lay_out()
    (tmp_path / "spool" / "videogen.toml").write_text('[render]\nencoder = "libx264"\n')
    return tmp_path / "spool"


def test_groups_come_once_and_in_order(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every subject has its group, each group comes once, what is bad or to do has a remedy, and nothing stays."""
    (root / "processing" / ".nodes").mkdir(exist_ok=True)
    before = {path for path in root.rglob("*") if not path.name.startswith(".proofs")}

    said = said_by(root, capsys, "doctor", "--json")

    found = json.loads(said.out)
    assert list(dict.fromkeys(row["group"] for row in found)) == list(get_args(Group))
    assert [row for row in found if row["state"] == "bad" and not row["remedy"]] == []
    assert said.status == (78 if any(row["state"] == "bad" for row in found) else 0)
    assert {path for path in root.rglob("*") if not path.name.startswith(".proofs")} == before


def test_settings_that_are_wrong_do_not_end_the_page(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With settings that cannot be read all else is still looked at, and the exit is 78."""
    (root / "videogen.toml").write_text("[render]\nresolutoin = 1\n")

    said = said_by(root, capsys, "doctor", "--json")

    bad = [row for row in json.loads(said.out) if row["state"] == "bad"]
    assert [row["subject"] for row in bad] == ["settings"]
    assert "render.resolutoin" in bad[0]["found"]
    assert said.status == 78


def test_a_look_that_breaks_off_is_a_finding(tmp_path: Path) -> None:
    """Where the disk refuses a look, the page says so and goes on with the next subject."""

    def broken() -> None:
        raise PermissionError(13, os.strerror(13), "/opt/ffmpeg")

    found = examine(Patient(Spool(tmp_path), broken))  # type: ignore[arg-type]  # it never gives one

    assert found[0].group == "FFmpeg"
    assert found[0].found == "broke off at /opt/ffmpeg: Permission denied"
    assert {one.group for one in found} == set(get_args(Group))


def test_the_page_is_read_at_80_columns() -> None:
    """On a narrow terminal every word of a finding is there, the remedy on a line of its own, the rest counted."""
    out = StringIO()
    found = [
        Finding("ffmpeg", "good", "9.0 at /usr/bin/ffmpeg", group="FFmpeg"),
        Finding("encoder h264_amf", "note", "does not encode", group="FFmpeg"),
        Finding("mount", "bad", "/srv (nfs4) has soft: a write that times out is lost", "Mount it with hard.", "Disk"),
        Finding("clock", "note", "nothing keeps it right", "`timedatectl set-ntp true`"),
    ]

    page(Console(file=out, width=80), found)

    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "FFmpeg",
        "Disk",
        "Machine",
        "1 bad, 1 to look at",
    ]
    assert any(line.strip() == "do: Mount it with hard." for line in lines)
    assert all(str(value).split()[0] in out.getvalue() for one in found for value in asdict(one).values() if value)
