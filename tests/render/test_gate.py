"""The gate refuses what a render broke, by its own code, says what and where, and lets a retry succeed (A17)."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from tests import footage
from tests.render.studio import House, Shelf, canvas, clip, mute
from videogen.cage import Limits as Caged
from videogen.errors import Defect
from videogen.ffmpeg import FFmpeg
from videogen.model.quality import Limits, Look, Quality
from videogen.model.timebase import Range
from videogen.model.timeline import Gap, SoundTrack, Timeline
from videogen.plan import Segment
from videogen.plan.compiler import bridge
from videogen.render.asking import Sources
from videogen.render.check import check
from videogen.render.maker import Maker
from videogen.render.survey import survey

FPS = Fraction(25)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> str:
    """Six seconds that move without noise."""
    path = tmp_path_factory.mktemp("plain") / "plain.mp4"
    return shelf.take(shown(path, "scroll=h=0.02:v=0.03", 6))


@pytest.fixture
def pair(plain: str) -> Timeline:
    """Six seconds of one clip, in two segments."""
    return mute(canvas(), clip(plain, 0, 150))


@pytest.fixture
def ended(film: str) -> Timeline:
    """A segment whole, and 37 frames of the next: what stands behind whole mini-GOPs there is a bridge."""
    return mute(canvas(), clip(film, 0, 87))


def poison(house: House, segment: Segment, chain: str) -> None:
    """Put a segment into the store that was made as planned, and then went through some more filters."""
    path = house.folder / "broken.mp4"
    argv = [house.shelf.argument(word, f"file:{path}") for word in segment.argv]
    graph, out = argv.index("-filter_complex") + 1, argv.index("-map") + 1
    argv[graph] += f";{argv[out]}{chain}[broken]"
    argv[out] = "[broken]"
    ffmpeg = FFmpeg(footage.program())
    ffmpeg.run(argv, log=house.folder / "log")
    note = survey(path, segment, house.profile(segment.timeline.canvas))
    assert note.look is not None
    sources = Sources(ffmpeg, house.shelf.media, house.shelf.files.__getitem__, house.folder)
    look = sources.asked(note.look, segment.timeline, Limits().flash_levels)
    house.store.publish(path, note.model_copy(update={"look": look}))


BLACK = "drawbox=c=black:t=fill:enable='{}'"
BROKEN: dict[str, tuple[str, str]] = {
    "black": ("quality-black", BLACK.format("between(n,10,40)")),
    "frozen": ("quality-freeze", "loop=loop=67:size=1:start=4"),
    "first frame black": ("quality-flash", BLACK.format("eq(n,0)")),
    "last frame black": ("quality-flash", BLACK.format("eq(n,74)")),
    "first frame white": ("quality-flash", "drawbox=c=white:t=fill:enable='eq(n,0)'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_segment_is_not_published(house: House, pair: Timeline, name: str) -> None:
    """What its source is not is seen, shown as pictures and dropped from the store, so that the retry is good."""
    code, chain = BROKEN[name]
    plan = house.plan(pair, 3)
    poison(house, plan.segments[1], chain)

    with pytest.raises(Defect) as told:
        house.render(pair, segment_s=3)

    assert told.value.word == code
    assert told.value.facts["dropped"] == plan.segments[1].name.key
    pictures = sorted(path.name for path in (house.folder / "task").glob("frame-*.png"))
    assert ", ".join(pictures) == told.value.facts["pictures"]
    assert pictures
    again = house.render(pair, "again", segment_s=3)
    assert verdicts(again.quality) == {"good"}


def verdicts(quality: Quality | None) -> set[str]:
    """Give the verdicts of a video."""
    assert quality is not None
    return {figure.verdict for figure in quality.figures}


def test_a_bridge_is_held_against_its_segment(house: House, ended: Timeline) -> None:
    """Frames that a bridge shows are in the segment beside it too: where they differ the bridge is wrong."""
    house.render(ended)
    plan = house.plan(ended)
    piece = next(piece for piece in plan.pieces if piece.use.length < plan.by_key[piece.segment].frames)
    keys = set(house.render(ended, "known").segments) - {segment.name.key for segment in plan.segments}
    whole = plan.by_key[piece.segment]
    ends = [Range(start=start, end=piece.use.end) for start in range(piece.use.end - 4, piece.use.end)]
    bridges = [bridge(whole, end, house.shelf.media, plan.profile) for end in ends]
    tail = next(one for one in bridges if one.name.key in keys)
    house.store.drop(tail.name, "another takes its place")
    poison(house, tail, "negate")

    with pytest.raises(Defect) as told:
        house.render(ended, "third")

    assert told.value.word == "quality-flash"
    assert tail.name.key in str(told.value.facts["dropped"])
    assert verdicts(house.render(ended, "fourth").quality) == {"good"}


def test_pieces_in_another_order_are_seen(house: House, film: str) -> None:
    """Every packet is proven to be the one its segment has at that place."""
    one, other = clip(film, 0, 50), clip(film, 50, 100)
    plan = house.plan(mute(canvas(), one, other))
    right = house.render(mute(canvas(), one, other))
    wrong = house.render(mute(canvas(), other, one), "other")
    notes = [note for segment in plan.segments if (note := house.store.find(segment.name))]

    sizes = [size for note in notes for size in note.sizes]

    check(right.video, plan, [0, 50], sizes)
    with pytest.raises(Defect, match="in their order") as told:
        check(wrong.video, plan, [0, 50], sizes)
    assert told.value.word == "quality-pieces"


def test_an_older_side_file_is_looked_at_once(house: House, pair: Timeline) -> None:
    """A segment from before the gate is decoded when it is used again, and its side file has the look from then on."""
    first = house.render(pair)
    names = [segment.name for segment in house.plan(pair).segments]
    for name in names:
        note = house.store.find(name)
        assert note is not None
        assert note.look is not None
        house.store.amend(note.model_copy(update={"look": None}))

    again = house.render(pair, "again")

    assert (again.frames_encoded, again.sha256) == (0, first.sha256)
    assert all(note is not None and note.look is not None for note in map(house.store.find, names))


def test_what_a_source_is_itself_is_no_defect(house: House, tmp_path: Path) -> None:
    """A clip that is black for two seconds, stands still for three and flashes at its ends is shown as it is."""
    black, still = "drawbox=c=black:t=fill:enable='between(n,10,59)'", "loop=loop=80:size=1:start=70"
    odd = "drawbox=c=white:t=fill:enable='eq(n,0)+eq(n,50)+eq(n,199)'"
    clips = [house.shelf.take(shown(tmp_path / f"{n}.mp4", one)) for n, one in enumerate((black, still, odd))]
    timeline = mute(canvas(), *(clip(one, 0, 200) for one in clips), Gap(length=60))

    done = house.render(timeline)

    assert verdicts(done.quality) == {"good"}
    assert done.quality is not None
    black_figure, still_figure = done.quality.figure("black"), done.quality.figure("freeze")
    assert black_figure is not None
    assert still_figure is not None
    assert float(black_figure.value or 0) >= 2
    assert float(still_figure.value or 0) >= 3


def shown(path: Path, chain: str, seconds: int = 8) -> Path:
    """Write some seconds of a moving picture through some filters."""
    source = f"testsrc2=size=64x36:rate=25:duration={seconds},{chain}"
    footage.make("-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", path)
    return path


@pytest.mark.parametrize(("setting", "verdict"), [("warn", "warn"), ("off", "off")])
def test_a_check_can_be_made_a_warning_or_none(house: House, pair: Timeline, setting: str, verdict: str) -> None:
    """What gate.warn and gate.off name refuses nothing, and the number is kept all the same."""
    poison(house, house.plan(pair, 3).segments[1], BLACK.format("between(n,10,40)"))
    limits = Limits.model_validate({setting: ("black",)})
    usual = house.maker()
    maker = Maker(FFmpeg(footage.program(), Caged()), house.store, usual._executor, limits=limits)

    done = maker.make(house.plan(pair, 3), house.shop(pair))

    assert done.quality is not None
    figure = done.quality.figure("black")
    assert figure is not None
    assert (figure.verdict, figure.value) == (verdict, 1.24)


# -- the sound ---------------------------------------------------------------------------------------------------------

Lost = Callable[[list[str]], list[str]]


def _muted(argv: list[str]) -> list[str]:
    at = argv.index("-map")
    graph = argv.index("-filter_complex") + 1
    return [
        *argv[:graph],
        f"{argv[graph]};{argv[at + 1]}volume=0:enable='between(t,1.5,3.5)'[lost]",
        *argv[graph + 1 : at + 1],
        "[lost]",
        *argv[at + 2 :],
    ]


def _louder(argv: list[str]) -> list[str]:
    return [word.replace("apad", "volume=8dB,apad") if "apad" in word else word for word in argv]


def _quieter(argv: list[str]) -> list[str]:
    return [word.replace("apad", "volume=-13dB,apad") if "apad" in word else word for word in argv]


SOUNDS: dict[str, tuple[str, Lost]] = {
    "lost for a while": ("quality-silence", _muted),
    "louder": ("quality-loudness", _louder),
    "quieter": ("quality-loudness", _quieter),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_a_broken_sound_is_not_published(house: House, film: str, tmp_path: Path, name: str) -> None:
    """A mix that is silent where its voice speaks, or not as loud as its gains say, does not leave."""
    code, change = SOUNDS[name]
    speech = tmp_path / "speech.mp3"
    words = "aevalsrc='0.1*sin(2*PI*180*t)':sample_rate=44100:duration=5"
    footage.make("-f", "lavfi", "-i", words, "-c:a", "libmp3lame", "-b:a", "96k", speech)
    sound = SoundTrack(asset=house.shelf.take(speech, "voice"))
    timeline = Timeline(canvas=canvas(), picture=(clip(film, 0, 125),), sounds=(sound,))
    plan = house.plan(timeline)
    steps = tuple(
        step.model_copy(update={"argv": tuple(change(list(step.argv)))}) if step.kind == "sound" else step
        for step in plan.steps
    )

    assert verdicts(house.render(timeline, "good").quality) == {"good"}
    with pytest.raises(Defect) as told:
        house.maker().make(plan.model_copy(update={"steps": steps}), house.shop(timeline))
    assert told.value.word == code


def test_a_look_holds_what_was_put_into_it() -> None:
    """A trace is packed and unpacked without loss, for one frame and for many."""
    for frames in (1, 7, 250):
        pictures = bytes(nth * 37 % 256 for nth in range(48 * frames))
        look = Look.of(bytes(range(frames)), bytes(frames), pictures)

        kept = Look.model_validate_json(look.model_dump_json())

        assert (kept.changes, kept.lights) == (bytes(range(frames)), bytes(frames))
        assert b"".join(map(kept.picture, range(frames))) == pictures
