"""Proof of a finished video: a stitch that raised nothing is not believed.

Every packet's place is proven from the file's index: how many there are, that they are those of the segments in their
order, that they show each frame once, that all last as long, that every join is an IDR, that both tracks are as long
as planned, that the index lies in front. What the packets hold was proven when their segment was made, and hashed
again as it was copied.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from videogen.model.profile import Profile
from videogen.model.quality import Check, Figure
from videogen.plan import Plan, frame_ticks, track_timescale
from videogen.render.boxes import Index, Track, index_of
from videogen.render.refusing import refusal
from videogen.render.sounding import PRIMING
from videogen.render.stitch import WORDLESS
from videogen.render.wording import NOTHING, Wording, chapter_packets, text_ticks, text_timescale

BT709 = (1, 1, 1, False)
"""Primaries, transfer, matrix and limited range by their numbers. Source: H.273."""
WORDS_BYTES_MOST = 1 << 27
Wrong = tuple[Check, str]


@dataclass(frozen=True)
class Proof:
    """What was counted. Units: frames, samples of the sound track as its container cuts it."""

    frames: int
    samples: int


def check(
    video: Path,
    plan: Plan,
    joins: Sequence[int],
    sizes: Sequence[int] | None = None,
    wording: Wording = WORDLESS,
) -> Proof:
    """Prove that a video is what the plan said; `joins` are the frames at which another segment begins.

    `wording`: the captions and chapters it is to have.

    Units: `sizes` are the bytes of each picture packet as its segment has it; None: they are not known.
    Raises: Defect: what was found and what was expected, by the code of the check.
    """
    index = index_of(video)
    wrong = list(_wrong(index, plan, joins, sizes, wording))
    wrong += worded(video, index, wording, plan.profile) if not wrong else ()
    if wrong:
        raise refusal([Figure(check=check, verdict="bad", said=said) for check, said in wrong])
    return Proof(plan.frames, plan.samples)


def proven(plan: Plan, joins: Sequence[int]) -> list[Figure]:
    """Give the figures of a video that was proven."""
    canvas = plan.profile.canvas
    tracks = "picture and sound" if plan.samples else "picture"
    found: list[tuple[Check, float | str, str]] = [
        ("tracks", tracks, ""),
        ("size", f"{canvas.width}x{canvas.height}", "px"),
        ("rate", str(canvas.fps), "frames/s"),
        ("frames", plan.frames, "frames"),
        ("pieces", len(joins), ""),
        ("lengths", 0.0, "s apart"),
        ("index", "in front", ""),
        ("edits", "all of both tracks", ""),
        ("colour", "bt709 limited", ""),
    ]
    return [Figure(check=check, verdict="good", value=value, limit=value, unit=unit) for check, value, unit in found]


def _wrong(
    index: Index, plan: Plan, joins: Sequence[int], sizes: Sequence[int] | None, wording: Wording
) -> Iterator[Wrong]:
    handlers = [track.handler for track in index.tracks]
    there = {"vide": True, "soun": plan.samples, "sbtl": wording.captions, "text": wording.chapters}
    if handlers != [handler for handler, is_there in there.items() if is_there]:
        yield "tracks", f"its tracks are {handlers}"
        return
    picture = index.tracks[0]
    yield from _wrong_picture(picture, index, plan, joins)
    if sizes is not None and picture.sizes != tuple(sizes):
        yield "pieces", "its packets are not those of its segments, in their order"
    if plan.samples:
        yield from _wrong_sound(index.tracks[1], index, plan)
    yield from misplaced(index)


def worded(video: Path, index: Index, wording: Wording, profile: Profile) -> Iterator[Wrong]:
    """Give what is wrong with the words beside the picture: every caption and every chapter is read from the file."""
    tracks = {track.handler: track for track in index.tracks}
    if wording.captions:
        tick, track = text_ticks(profile), tracks.get("sbtl")
        # The muxer ends the last one by an empty one of no length.
        lines = [(frames * tick, words) for frames, words in wording.lines] + [(0, NOTHING)]
        if track is None or held_by(video, track) != lines or track.timescale != text_timescale(profile):
            yield "tracks", f"its captions are not the {len(wording.captions)} planned"
        elif track.is_on or track.language != wording.language:
            yield "tracks", f"its captions are in {track.language!r} and {'on' if track.is_on else 'off'}"
        elif not starts_at(track, index, 0, wording.frames * tick):
            yield "edits", f"the edit list {track.edits} of its captions does not begin with the picture"
    if wording.chapters:
        chapters = tracks.get("text")
        if chapters is None or held_by(video, chapters) != chapter_packets(wording, profile):
            yield "tracks", f"its chapters are not the {len(wording.chapters)} planned"


def held_by(video: Path, track: Track) -> list[tuple[int, bytes]]:
    """Read the packets of a track of words, each with how long it lasts in ticks; nothing where that cannot be."""
    if track.size_bytes > WORDS_BYTES_MOST:
        return []
    found = []
    try:
        with video.open("rb") as file:
            for length, (at, size) in zip(track.lengths, track.places(), strict=True):
                file.seek(at)
                found.append((length, file.read(size)))
    except (IndexError, ValueError):  # the tables of a file that is not ours need not fit each other
        return []
    return found


def misplaced(index: Index) -> Iterator[Wrong]:
    """Give what is wrong with where an index lies and where it points."""
    order = index.order
    if "mdat" not in order or order.index("moov") > order.index("mdat"):
        yield "index", "its index lies behind the packets"
    start, end = index.media
    held = sum(track.size_bytes for track in index.tracks)
    if held != end - start:
        yield "index", f"its packets are {held} bytes and its media {end - start}"
    if not all(start <= at < end for track in index.tracks for at in track.chunks):
        yield "index", "its index points outside its media"


def _wrong_picture(track: Track, index: Index, plan: Plan, joins: Sequence[int]) -> Iterator[Wrong]:
    tick, scale, canvas = frame_ticks(plan.profile), track_timescale(plan.profile), plan.profile.canvas
    if (track.width, track.height) != (canvas.width, canvas.height):
        yield "size", f"it is {track.width}x{track.height}, not {canvas.width}x{canvas.height}"
    if track.colour != BT709:
        yield "colour", f"its colour is {track.colour or 'not told'}, not {BT709}"
    if track.timescale != scale or track.runs != ((plan.frames, tick),):
        is_count = track.timescale == scale and len(track.runs) == 1 and track.runs[0][1] == tick
        said = f"its frames last {track.runs[:3]} in 1/{track.timescale} s, not {plan.frames} of {tick} in 1/{scale} s"
        yield "frames" if is_count else "rate", said
        return
    shown = track.shown()
    first = min(shown)
    frames = {(pts - first) // tick for pts in shown if (pts - first) % tick == 0}
    if frames != set(range(plan.frames)):
        yield "frames", "its packets do not show every frame once"
    if track.keys is not None and not set(joins) <= track.keys:
        yield "pieces", f"the joins at {sorted(set(joins) - track.keys)[:5]} are no IDR"
    if not starts_at(track, index, first, plan.frames * tick):
        yield "edits", f"its edit list {track.edits} does not show all of the picture from {first}"


def _wrong_sound(track: Track, index: Index, plan: Plan) -> Iterator[Wrong]:
    samples = track.ticks - PRIMING
    if (track.timescale, samples) != (plan.profile.canvas.sample_rate, plan.samples):
        yield "lengths", f"its sound has {samples} samples at {track.timescale} Hz, not {plan.samples}"
    if not starts_at(track, index, PRIMING, plan.samples):
        yield "edits", f"its edit list {track.edits} does not leave out the {PRIMING} samples before the sound"


def starts_at(track: Track, index: Index, start: int, ticks: int) -> bool:
    """Whether one edit shows `ticks` ticks from `start` on; its length is in the movie's own, coarser ticks."""
    if not track.edits:
        return start == 0
    (length, begin), *others = track.edits
    exact = ticks * index.timescale / track.timescale
    return not others and begin == start and abs(length - exact) <= 1
