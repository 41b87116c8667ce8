"""Cutting a segment's packets: what is copied decodes by itself and leaves no frame out."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from videogen.model.segment import Cut, Name, Note, Structure, cut
from videogen.model.timebase import Range

B_FRAMES = 3


@some.composite
def structures(draw: some.DrawFn) -> Structure:
    """Give a segment of closed GOPs as x264 makes them: an IDR, then mini-GOPs, each decoded from its last frame on.

    Of three B-frames the middle one may be a reference, decoded before its neighbours, or all follow one another.
    """
    order: list[int] = []
    keys: list[int] = []
    for _ in range(draw(some.integers(1, 4))):
        keys.append(len(order))
        order.append(len(order))
        for _ in range(draw(some.integers(0, 6))):
            order += _mini_gop(len(order), draw(some.integers(0, B_FRAMES)), is_pyramid=draw(some.booleans()))
    return Structure(order=tuple(order), keys=tuple(keys))


def _mini_gop(first: int, between: int, *, is_pyramid: bool) -> list[int]:
    inner = list(range(first, first + between))
    if is_pyramid and between > 1:
        middle = inner.pop(between // 2)
        inner.insert(0, middle)
    return [first + between, *inner]


@some.composite
def uses(draw: some.DrawFn) -> tuple[Structure, Range]:
    """Give a segment and a stretch of it."""
    structure = draw(structures())
    start = draw(some.just(0) | some.integers(0, len(structure.order) - 1))
    return structure, Range(start=start, end=draw(some.integers(start + 1, len(structure.order))))


def parts_of(how: Cut) -> list[Range]:
    """Give what a stretch is made of, in playing order."""
    return [one for one in (how.head, how.copied, how.tail) if one is not None]


@given(uses())
def test_head_copied_and_tail_are_the_stretch(use: tuple[Structure, Range]) -> None:
    """What is encoded before, copied, and encoded after touches, and is the stretch, not a frame more or less."""
    structure, wanted = use

    parts = parts_of(cut(structure, wanted))

    assert (parts[0].start, parts[-1].end) == (wanted.start, wanted.end)
    assert all(before.end == after.start for before, after in pairwise(parts))


@given(uses())
def test_copied_packets_decode_by_themselves(use: tuple[Structure, Range]) -> None:
    """Copying begins at an IDR, and the packets up to either end show exactly the frames before it."""
    structure, wanted = use

    copied = cut(structure, wanted).copied

    if copied is not None:
        assert copied.start in structure.keys
        for end in (copied.start, copied.end):
            assert sorted(structure.order[:end]) == list(range(end))


@given(uses())
def test_as_much_is_copied_as_can_be(use: tuple[Structure, Range]) -> None:
    """No IDR lies in the head but at its start's own frame, and no complete prefix ends in the tail."""
    structure, wanted = use

    how = cut(structure, wanted)

    if how.copied is None:
        keys = [key for key in structure.keys if wanted.start <= key < wanted.end]
        assert keys == []
        return
    assert [key for key in structure.keys if wanted.start <= key < how.copied.start] == []
    longer = range(how.copied.end + 1, wanted.end + 1)
    assert [end for end in longer if sorted(structure.order[:end]) == list(range(end))] == []


@given(uses())
def test_a_prefix_costs_no_more_than_its_b_frames(use: tuple[Structure, Range]) -> None:
    """From its first frame on, a segment is copied but for the last frames, as many as there are B-frames at most."""
    structure, wanted = use

    how = cut(structure, Range(start=0, end=wanted.end))

    assert how.head is None
    assert how.tail is None or how.tail.length <= B_FRAMES


@given(structures())
def test_all_of_a_segment_is_copied(structure: Structure) -> None:
    """A segment that is shown from end to end is copied from end to end."""
    whole = Range(start=0, end=len(structure.order))

    assert cut(structure, whole) == Cut(copied=whole)


@given(structures())
def test_delay_is_what_a_decoder_runs_ahead(structure: Structure) -> None:
    """With that many packets of delay every frame is decoded by the time it is shown, and with one less it is not."""
    place = {frame: at for at, frame in enumerate(structure.order)}

    assert max(place[frame] - frame for frame in place) == structure.delay


I_P = Structure(order=tuple(range(8)), keys=(0, 4))
B_3 = Structure(order=(0, 4, 2, 1, 3, 8, 6, 5, 7, 9, 13, 11, 10, 12), keys=(0, 9))


@pytest.mark.parametrize(
    ("structure", "use", "parts"),
    [
        (I_P, (0, 8), [None, (0, 8), None]),
        (I_P, (0, 3), [None, (0, 3), None]),  # without B-frames any prefix is complete
        (I_P, (1, 8), [(1, 4), (4, 8), None]),
        (I_P, (1, 4), [(1, 4), None, None]),  # no IDR: nothing to copy
        (I_P, (5, 8), [(5, 8), None, None]),
        (B_3, (0, 14), [None, (0, 14), None]),
        (B_3, (0, 5), [None, (0, 5), None]),
        (B_3, (0, 6), [None, (0, 5), (5, 6)]),
        (B_3, (0, 8), [None, (0, 5), (5, 8)]),
        (B_3, (0, 4), [None, (0, 1), (1, 4)]),  # the IDR alone
        (B_3, (0, 10), [None, (0, 10), None]),
        (B_3, (3, 12), [(3, 9), (9, 10), (10, 12)]),
        (B_3, (3, 9), [(3, 9), None, None]),
    ],
)
def test_a_stretch_is_cut_like_this(
    structure: Structure, use: tuple[int, int], parts: list[tuple[int, int] | None]
) -> None:
    """What comes before the first IDR and after the last whole mini-GOP is encoded, all else is copied."""
    how = cut(structure, Range(start=use[0], end=use[1]))

    found = [(one.start, one.end) if one else None for one in (how.head, how.copied, how.tail)]
    assert found == parts


# -- the side file -------------------------------------------------------------------------------------------------


def note(**changed: Any) -> Note:
    """Give the note of a segment of five frames."""
    words: dict[str, Any] = {
        "name": Name(look="a" * 64, key="b" * 64),
        "frames": 5,
        "structure": Structure(order=(0, 4, 2, 1, 3), keys=(0,)),
        "sha256": "c" * 64,
        "size_bytes": 100,
        "offset": 48,
        "sizes": (20, 10, 5, 4, 4),
        "codec": "h264",
        "width": 64,
        "height": 36,
        "pix_fmt": "yuv420p",
        "timescale": 15360,
        "tick": 512,
        "reorder": 2,
        "extradata_sha256": "d" * 64,
    }
    return Note.model_validate(words | changed)


def test_a_note_survives_its_json() -> None:
    """Written and read again a note is the same."""
    assert Note.model_validate_json(note().to_json()) == note()


@pytest.mark.parametrize(
    "changed",
    [
        {"frames": 6},
        {"sizes": (20, 10, 5, 4)},  # a packet without a size
        {"structure": Structure(order=(0, 4, 2, 1, 1), keys=(0,))},  # a frame twice
        {"structure": Structure(order=(1, 2, 3, 4, 5), keys=(0,))},  # does not begin at 0
        {"structure": Structure(order=(0, 4, 2, 1, 3), keys=())},
        {"structure": Structure(order=(0, 4, 2, 1, 3), keys=(1,))},  # does not begin with an IDR
        {"structure": Structure(order=(0, 4, 2, 1, 3), keys=(0, 3, 2))},
        {"structure": Structure(order=(0, 4, 2, 1, 3), keys=(0, 0))},
        {"size_bytes": 90},  # the packets reach past the file's end
        {"sha256": "no hash"},
    ],
)
def test_a_note_that_contradicts_itself_is_none(changed: dict[str, Any]) -> None:
    """Packets that are not the frames, keys that do not rise from 0, and a file too small are refused."""
    with pytest.raises(ValidationError):
        note(**changed)
