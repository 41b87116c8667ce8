"""Films and pictures that come with videogen: glitter, rain, a golden frame. All were made by tests/assets/make.py.

Reads: nothing. Writes: nothing. Promises: a file that is named here is there and never changes within a version.
"""

from pathlib import Path

GLITTER, RAIN, FRAME, BORDER = "glitter.mp4", "rain.mp4", "golden_frame.png", "golden_border.png"
NAMES = (GLITTER, RAIN, FRAME, BORDER)


def shipped(name: str) -> Path | None:
    """Give the file of a name; None: nothing of that name is shipped."""
    return Path(__file__).with_name(name) if name in NAMES else None
