"""The small shelf as real files: a folder from which each of its descriptions by chance can be rendered."""

from pathlib import Path

from PIL import Image

from tests import footage
from tests.recipes.descriptions import SMALL

CUBE = "LUT_3D_SIZE 2\n" + "\n".join(f"{r} {g} {0.9 * b}" for b in (0, 1) for g in (0, 1) for r in (0, 1)) + "\n"


def stills(folder: Path) -> dict[str, Path]:
    """Write the images and the table; give each by its name."""
    files = {name: folder / name for name in (*SMALL.images, *SMALL.tables)}
    Image.new("RGB", (300, 200), "#c08040").save(files["j.jpg"])
    Image.new("RGBA", (64, 64), (20, 200, 20, 128)).save(files["i.png"])
    files["warm.cube"].write_text(CUBE)
    return files


def fill(folder: Path) -> None:
    """Write every file of the shelf: three films of 160x90, music, a voice, images and a table."""
    for name, lasts in SMALL.films.items():
        footage.clip(folder / name, size=(160, 90), seconds=lasts)
    footage.music_mp3(folder / "m.mp3", SMALL.sounds["m.mp3"])
    footage.voice_mp3(folder / "v.mp3", SMALL.sounds["v.mp3"])
    stills(folder)
