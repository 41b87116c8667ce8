"""A mix of one hour, videogen alone, held to what it may take: `python -m bench.hour`.

Picture under 45 minutes, memory under 4 GB, temporary space under 20 GB.
"""

import sys
from pathlib import Path

from bench import mix, row
from bench.media import Media

FORMS = {
    "full": mix.Form((1920, 1080), 3600),
    "short": mix.Form((1280, 720), 300),
    "tiny": mix.Form((160, 90), 5),
}


def measure(table: row.Row, form: mix.Form, media: Media, folder: Path) -> None:
    """Make it cold, and once more."""
    mix.made(table, form, media, folder)


if __name__ == "__main__":
    sys.exit(row.program("hour", FORMS, measure))
