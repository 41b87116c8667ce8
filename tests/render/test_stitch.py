"""A stitched file holds its segments' frames bit for bit, and nothing a player could stumble over."""

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import pytest

from tests.papers import digest
from tests.render.studio import QUICK, Bakery, Shelf, canvas, clip, frames_of, mute, samples_in, stamps
from videogen.model.profile import Encoder, Profile
from videogen.model.segment import Name
from videogen.model.timebase import Range, samples_of
from videogen.model.timeline import Gap, SoundTrack, Timeline, Transition
from videogen.plan import frame_ticks
from videogen.render.boxes import index_of
from videogen.render.sounding import PRIMING
from videogen.render.stitch import Damaged, Incompatible, Part, expect_compatible, stitch

BakeryOf = Callable[..., Bakery]


@pytest.fixture(scope="module")
def bakery_of(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> BakeryOf:
    """Give the bakery of a rate and an encoder, the same one to all who ask."""
    made = dict[tuple[Fraction, Encoder], Bakery]()

    def of(fps: Fraction | int = 25, encoder: Encoder = QUICK) -> Bakery:
        key = (Fraction(fps), encoder)
        if key not in made:
            profile = Profile(canvas=canvas(fps), encoder=encoder)
            made[key] = Bakery(tmp_path_factory.mktemp("bakery"), shelf, profile)
        return made[key]

    return of


def decoded(parts: Sequence[Part]) -> list[str]:
    """Give the frames that parts promise: each segment decoded by itself, and cut."""
    whole = {part.path: frames_of(part.path) for part in parts}
    return [frame for part in parts for frame in whole[part.path][part.frames.start : part.frames.end]]


def expect_sound_file(video: Path, parts: Sequence[Part], profile: Profile) -> None:
    """Prove what holds of every stitched file: frames, time stamps, keyframes, and where the index lies."""
    length = sum(part.frames.length for part in parts)
    index, tick = index_of(video), frame_ticks(profile)
    picture = index.tracks[0]
    times = stamps(video)
    assert frames_of(video) == decoded(parts)
    assert sorted(pts for pts, _ in times) == [frame * tick for frame in range(length)]
    assert all(before < after for (_, before), (_, after) in pairwise(times))
    assert all(dts <= pts for pts, dts in times)
    assert picture.runs == ((length, tick),)
    assert index.order[:2] == ("ftyp", "moov")
    assert set(accumulate([part.frames.length for part in parts][:-1], initial=0)) <= (
        picture.keys or set(range(length))
    )


def random_uses(dice: random.Random, lengths: Sequence[int]) -> list[tuple[int, int]]:
    """Choose a stretch of each segment."""
    edges = [sorted(dice.sample(range(length + 1), 2)) for length in lengths]
    return [(start, end) for start, end in edges]


@pytest.mark.parametrize("seed", range(17))  # three stretches each: more than 50 random lengths
def test_frames_are_the_segments_own_at_any_length(
    tmp_path: Path, bakery_of: BakeryOf, film: str, other_film: str, seed: int
) -> None:
    """Three segments cut anywhere: every frame is bit-identical, and no decoder says a word."""
    bakery, dice = bakery_of(), random.Random(seed)  # noqa: S311 -- no secret
    on = bakery.profile.canvas
    looks = [mute(on, clip(film, 0, 60)), mute(on, clip(other_film, 5, 55)), mute(on, clip(film, 60, 140))]
    uses = random_uses(dice, [look.length for look in looks])
    parts = [part for look, (start, end) in zip(looks, uses, strict=True) for part in bakery.parts(look, start, end)]

    stitch(parts, None, tmp_path / "v.mp4", bakery.profile)

    assert sum(part.frames.length for part in parts) == sum(end - start for start, end in uses)
    expect_sound_file(tmp_path / "v.mp4", parts, bakery.profile)


HEVC = Encoder(name="libx265", preset="ultrafast", gop=25)
PROFILES = [
    (Fraction(30000, 1001), QUICK),
    (Fraction(60000, 1001), QUICK),
    (Fraction(24), Encoder(preset="medium", gop=12)),
    (Fraction(25), HEVC),
]


@pytest.mark.parametrize(("fps", "encoder"), PROFILES, ids=["29.97", "59.94", "short-gops", "hevc"])
def test_frames_are_the_segments_own_in_any_profile(
    tmp_path: Path, bakery_of: BakeryOf, film: str, voice: str, fps: Fraction, encoder: Encoder
) -> None:
    """At odd rates, with other GOPs and in HEVC, picture and sound are exactly as long as planned."""
    bakery = bakery_of(fps, encoder)
    on = bakery.profile.canvas
    parts = bakery.parts(mute(on, clip(film, 0, 50)), 0, 47) + bakery.parts(mute(on, clip(film, 50, 100)), 3, 41)
    length = sum(part.frames.length for part in parts)
    heard = Timeline(canvas=on, picture=(Gap(length=length),), sounds=(SoundTrack(asset=voice),))

    stitch(parts, bakery.sound(heard), tmp_path / "v.mp4", bakery.profile)

    expect_sound_file(tmp_path / "v.mp4", parts, bakery.profile)
    assert samples_in(tmp_path / "v.mp4") == samples_of(length, fps, 48000)


@pytest.mark.parametrize("short", range(1, 6))
def test_a_short_piece_between_long_ones_decodes(tmp_path: Path, bakery_of: BakeryOf, film: str, short: int) -> None:
    """A piece of a few frames, which x264 delays by less than the long ones, shows no other frame and no word."""
    bakery = bakery_of()
    on = bakery.profile.canvas
    long = bakery.parts(mute(on, clip(film, 0, 60)), 0, 60)
    parts = long + bakery.parts(mute(on, clip(film, 100, 100 + short)), 0, short) + long

    stitch(parts, None, tmp_path / "v.mp4", bakery.profile)

    expect_sound_file(tmp_path / "v.mp4", parts, bakery.profile)


def test_a_crossfade_lies_between_copied_sides(tmp_path: Path, bakery_of: BakeryOf, film: str, other_film: str) -> None:
    """A bridge of 15 frames between two copied sides: all three are bit for bit what was encoded."""
    bakery = bakery_of()
    on = bakery.profile.canvas
    fade = mute(on, clip(film, 60, 75), Transition(kind="crossfade", length=15), clip(other_film, 0, 15))
    parts = bakery.parts(mute(on, clip(film, 0, 60)), 0, 60)
    parts += bakery.parts(fade, 0, 15)
    parts += bakery.parts(mute(on, clip(other_film, 0, 75)), 25, 75)

    stitch(parts, None, tmp_path / "v.mp4", bakery.profile)

    assert [part.frames for part in parts][-1].start == 25, "the right side begins at its IDR, copied"
    expect_sound_file(tmp_path / "v.mp4", parts, bakery.profile)


def test_the_index_has_room_at_its_worst(tmp_path: Path, bakery_of: BakeryOf, film: str) -> None:
    """Where each frame is a piece and a chunk of its own, the room kept in front is still enough."""
    bakery = bakery_of()
    on = bakery.profile.canvas
    singles = [bakery.parts(mute(on, clip(film, frame, frame + 1)), 0, 1)[0] for frame in (3, 50)]
    parts = singles * 400
    silent = Timeline(canvas=on, picture=(Gap(length=len(parts)),))

    stitch(parts, bakery.sound(silent), tmp_path / "v.mp4", bakery.profile)

    index = index_of(tmp_path / "v.mp4")
    assert [box for box in index.order if box != "free"] == ["ftyp", "moov", "mdat"]
    assert index.tracks[0].keys is None or len(index.tracks[0].keys) == len(parts)
    assert frames_of(tmp_path / "v.mp4") == decoded(singles) * 400


def test_a_file_is_written_once(tmp_path: Path, bakery_of: BakeryOf, film: str) -> None:
    """The index lies in front with room behind it, which shows that nothing was moved to make place for it.

    The second `free` is what the muxer keeps for a 64-bit length of `mdat`.
    """
    bakery = bakery_of()
    parts = bakery.parts(mute(bakery.profile.canvas, clip(film, 0, 60)), 0, 60)

    stitch(parts, None, tmp_path / "v.mp4", bakery.profile)

    assert index_of(tmp_path / "v.mp4").order == ("ftyp", "moov", "free", "free", "mdat")


def test_a_mute_video_has_no_sound_track(tmp_path: Path, bakery_of: BakeryOf, film: str) -> None:
    """Without a sound there is one track; with one there are two, and both begin at 0."""
    bakery = bakery_of()
    on = bakery.profile.canvas
    parts = bakery.parts(mute(on, clip(film, 0, 60)), 0, 60)
    silent = Timeline(canvas=on, picture=(Gap(length=60),))

    stitch(parts, None, tmp_path / "mute.mp4", bakery.profile)
    stitch(parts, bakery.sound(silent), tmp_path / "heard.mp4", bakery.profile)

    assert [track.handler for track in index_of(tmp_path / "mute.mp4").tracks] == ["vide"]
    picture, sound = index_of(tmp_path / "heard.mp4").tracks
    assert (picture.handler, sound.handler) == ("vide", "soun")
    assert (picture.edits[0][1], sound.edits[0][1]) == (min(picture.shown()), PRIMING)
    assert samples_in(tmp_path / "heard.mp4") == 60 * 1920


# -- what cannot be joined ---------------------------------------------------------------------------------------------

CHANGES: dict[str, dict[str, object]] = {
    "codec": {"codec": "hevc"},
    "width": {"width": 66},
    "height": {"height": 38},
    "pixels": {"pix_fmt": "yuvj420p"},
    "timescale": {"timescale": 25},
    "tick": {"tick": 1},
    "reorder": {"reorder": 5},
    "headers": {"extradata_sha256": digest("other headers")},
}


@pytest.mark.parametrize("word", CHANGES)
def test_what_differs_is_told_before_a_byte_is_written(
    tmp_path: Path, bakery_of: BakeryOf, film: str, word: str
) -> None:
    """One segment unlike the two others is named with what differs, and no file was begun."""
    bakery = bakery_of()
    (part,) = bakery.parts(mute(bakery.profile.canvas, clip(film, 0, 60)), 0, 60)
    odd = Name(look=digest("odd"), key=digest("odd"))
    other = Part(part.note.model_copy(update={"name": odd, **CHANGES[word]}), part.path, part.frames)

    with pytest.raises(Incompatible, match=word) as told:
        stitch([part, other, part], None, tmp_path / "v.mp4", bakery.profile)

    assert told.value.names == (odd,)
    assert not (tmp_path / "v.mp4").exists()


def test_really_other_headers_are_told(bakery_of: BakeryOf, film: str) -> None:
    """A segment of another preset has other headers; the fewer are named, whichever come first."""
    quick, slow = bakery_of(), bakery_of(25, Encoder(preset="medium", gop=25))
    looks = [mute(canvas(), clip(film, start, start + 20)) for start in (0, 20, 40)]
    few = slow.parts(looks[0], 0, 20)
    many = [part for look in looks for part in quick.parts(look, 0, 20)]

    with pytest.raises(Incompatible) as told:
        expect_compatible(few + many)

    assert told.value.names == (few[0].note.name,)


# -- what is damaged ---------------------------------------------------------------------------------------------------


def _flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def _headers_at(content: bytes) -> int:
    return content.index(b"avcC") + 14


DAMAGES: dict[str, Callable[[bytes, Part], bytes]] = {
    "first packet": lambda raw, part: _flip(raw, part.note.offset + 5),
    "last packet": lambda raw, part: _flip(raw, part.note.offset + sum(part.note.sizes) - 1),
    "first byte": lambda raw, _: _flip(raw, 0),
    "last byte": lambda raw, _: _flip(raw, len(raw) - 1),
    "headers": lambda raw, _: _flip(raw, _headers_at(raw)),
    "cut in a packet": lambda raw, part: raw[: part.note.offset + 40],
    "cut in its index": lambda raw, _: raw[:-40],
    "a block of zeros at its end": lambda raw, _: raw[:-600] + bytes(600),
    "a block of zeros at its beginning": lambda raw, _: bytes(512) + raw[512:],
    "empty": lambda *_: b"",
    "longer": lambda raw, _: raw + b"\0",
}


@pytest.mark.parametrize("place", [0, 1], ids=["first", "second"])
@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_seen_and_its_segment_named(
    tmp_path: Path, bakery_of: BakeryOf, film: str, name: str, place: int
) -> None:
    """Whatever of a segment is not what it was, wherever it comes in the video, ends the stitch with its name."""
    bakery = bakery_of()
    on = bakery.profile.canvas
    parts = [part for at in (0, 40) for part in bakery.parts(mute(on, clip(film, at, at + 40)), 0, 40)]
    sound = parts[place]
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(DAMAGES[name](sound.path.read_bytes(), sound))
    parts[place] = Part(sound.note, broken, sound.frames)

    with pytest.raises(Damaged) as told:
        stitch(parts, None, tmp_path / "v.mp4", bakery.profile)

    assert told.value.name == sound.note.name


def test_damage_outside_what_is_used_is_seen_too(tmp_path: Path, bakery_of: BakeryOf, film: str) -> None:
    """A segment whose damage lies in frames that are not shown is not used either: others would show them."""
    bakery = bakery_of()
    (part,) = bakery.parts(mute(bakery.profile.canvas, clip(film, 0, 60)), 0, 60)
    shown = Range(start=0, end=part.note.structure.complete()[1])
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(_flip(part.path.read_bytes(), part.note.offset + sum(part.note.sizes) - 1))

    with pytest.raises(Damaged):
        stitch([Part(part.note, broken, shown)], None, tmp_path / "v.mp4", bakery.profile)
