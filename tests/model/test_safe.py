"""Where words may stand on a canvas (D1)."""

from fractions import Fraction

import pytest

from videogen.model.safe import Area, action_safe, title_safe
from videogen.model.timeline import Canvas


def canvas(width: int, height: int) -> Canvas:
    """Give a canvas of a size."""
    return Canvas(width=width, height=height, fps=Fraction(25))


@pytest.mark.parametrize(
    ("size", "title", "action"),
    [
        ((1920, 1080), Area(192, 108, 1536, 864), Area(96, 54, 1728, 972)),
        ((1080, 1920), Area(108, 192, 864, 1536), Area(54, 96, 972, 1728)),
        ((1280, 720), Area(128, 72, 1024, 576), Area(64, 36, 1152, 648)),
        ((160, 90), Area(16, 10, 128, 70), Area(8, 6, 144, 78)),
        ((2, 2), Area(0, 0, 2, 2), Area(0, 0, 2, 2)),
        ((6, 16384), Area(2, 1640, 2, 13104), Area(2, 820, 2, 14744)),
    ],
)
def test_safe_areas_leave_a_tenth_and_a_twentieth(size: tuple[int, int], title: Area, action: Area) -> None:
    """A tenth of each side is left free of words and a twentieth of all that matters, in even pixels, on any canvas."""
    assert (title_safe(canvas(*size)), action_safe(canvas(*size))) == (title, action)
