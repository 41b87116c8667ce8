"""Fonts found by name, among files laid out as a machine has them (C2, D7)."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from videogen.raster import fonts
from videogen.raster.fonts import default_font, find_font, font_folders, font_for


def font(path: Path, family: str, style: str = "Regular", weight: int = 400, *, is_italic: bool = False) -> Path:
    """Write what a font says of itself, and nothing to draw."""
    words = [(1, family), (2, style), (4, f"{family} {style}"), (6, f"{family}-{style}".replace(" ", ""))]
    raw = [text.encode("utf-16-be") for _, text in words]
    rows = b"".join(
        struct.pack(">6H", 3, 1, 0x409, words[nth][0], len(raw[nth]), sum(map(len, raw[:nth]))) for nth in range(4)
    )
    name = struct.pack(">3H", 0, 4, 6 + 48) + rows + b"".join(raw)
    os2 = bytearray(96)
    struct.pack_into(">H", os2, 4, weight)
    struct.pack_into(">H", os2, 62, 0x0001 if is_italic else 0x0040)
    start = 12 + 32
    head = b"\0\1\0\0" + struct.pack(">H6x", 2)
    head += struct.pack(">4sIII", b"OS/2", 0, start, len(os2)) + struct.pack(
        ">4sIII", b"name", 0, start + 96, len(name)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + os2 + name)
    return path


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out a folder of fonts, on a machine that has no other."""
    font(tmp_path / "in/inter.ttf", "Inter")
    font(tmp_path / "in/x1.ttf", "Inter", "Bold", 700)
    font(tmp_path / "in/x2.otf", "Inter", "Bold Italic", 700, is_italic=True)
    font(tmp_path / "in/x3.ttf", "Inter", "Light", 300)
    font(tmp_path / "lib/LiberationSans-Regular.ttf", "Liberation Sans")
    font(tmp_path / "lib/LiberationSans-Bold.ttf", "Liberation Sans", "Bold", 700)
    font(tmp_path / "Bold.ttf", "Bold")
    font(tmp_path / "Cafe\u0301.ttf", "Caf\u00e9 Noir")
    (tmp_path / "broken.ttf").write_bytes(b"\0\1\0\0")
    (tmp_path / "notes.txt").write_text("Inter")
    monkeypatch.setattr(fonts, "machine_fonts", lambda: ())
    return tmp_path


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Inter", "inter.ttf"),
        ("inter", "inter.ttf"),
        ("INTER regular", "inter.ttf"),
        ("Inter Bold", "x1.ttf"),
        ("Inter-BoldItalic", "x2.otf"),
        ("Inter Bold Oblique", "x2.otf"),
        ("Inter Light", "x3.ttf"),
        ("Inter Thin", "x3.ttf"),  # the nearest weight
        ("x1.ttf", "x1.ttf"),
        ("Arial", "LiberationSans-Regular.ttf"),
        ("Arial Bold", "LiberationSans-Bold.ttf"),
        ("arial-bold.ttf", "LiberationSans-Bold.ttf"),
        ("sans-serif", "LiberationSans-Regular.ttf"),
        ("Helvetica Neue", "LiberationSans-Regular.ttf"),
        ("Bold", "Bold.ttf"),
        ("Caf\u00e9 Noir", "Cafe\u0301.ttf"),
    ],
)
def test_fonts_are_found_by_any_of_their_names(shelf: Path, name: str, file: str) -> None:
    """Family, full name and file's name all lead to the file; styles choose within a family."""
    found = find_font(name, [shelf])

    assert found is not None
    assert found.name == file


@pytest.mark.parametrize(
    "name", ["", " ", "Comic Neue", "../inter.ttf/x", "/etc/passwd", "notes.txt", "broken", "\0", "*"]
)
def test_what_is_no_name_of_a_font_finds_none(shelf: Path, name: str) -> None:
    """A name is compared and never opened; what is no font is none."""
    assert find_font(name, [shelf]) is None


def test_style_may_be_asked_for_apart(shelf: Path) -> None:
    """Bold and italic may come beside a name."""
    found = find_font("Inter", [shelf], is_bold=True, is_italic=True)

    assert found is not None
    assert found.name == "x2.otf"


def test_stand_ins_are_told(shelf: Path) -> None:
    """A font that is found says nothing, one that stands in says for which, and so does none at all."""
    assert font_for("Inter", [shelf]).warning == ""
    assert font_for("sans-serif", [shelf]).warning == ""
    assert "there is no font Arial here; LiberationSans-Regular stands in for it" in font_for("Arial", [shelf]).warning
    nothing = font_for("Nope", [shelf])
    assert nothing.path is None
    assert "there is no font Nope here" in nothing.warning


def test_fonts_of_a_person_are_found_where_they_keep_them(tmp_path: Path) -> None:
    """Fonts below XDG_DATA_HOME are the machine's too; the plainest of all is that of words that name none."""
    font(tmp_path / "fonts/deep/Own-Bold.ttf", "Own", "Bold", 700)
    font(tmp_path / "fonts/DejaVuSans.ttf", "DejaVu Sans")
    program = (
        "from videogen.raster import default_font, find_font\nprint(find_font('Own Bold'), default_font(), sep='\\n')"
    )
    environment = {"XDG_DATA_HOME": str(tmp_path), "XDG_DATA_DIRS": str(tmp_path / "none"), "HOME": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env=environment,
        timeout=60,
    )

    own, default = ended.stdout.decode().splitlines()
    assert own == str(tmp_path / "fonts/deep/Own-Bold.ttf")
    assert Path(default).name == "DejaVuSans.ttf"


def test_machine_is_read_once_and_in_one_order() -> None:
    """What this machine has is there, is a font by its name, and comes in the same order."""
    found = fonts.machine_fonts()

    assert all(path.suffix.lower() in fonts.SUFFIXES for path in found)
    assert found == tuple(sorted(found, key=fonts._rank))
    assert default_font() == next(iter(found), None)
    assert all(os.path.isdir(folder) for folder in font_folders())
