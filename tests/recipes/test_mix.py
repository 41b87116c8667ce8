"""A mix, from its description to a Timeline: every sample and every frame in its place (E1, E2)."""

from fractions import Fraction
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests import papers
from videogen.edit.mix import mix_timeline, wanted_of
from videogen.edit.tracks import Track
from videogen.errors import InputError, MissingInput, RecipeError
from videogen.model.dealing import dealt
from videogen.model.media import Loudness, Media, Tags
from videogen.model.mix import Mix
from videogen.model.stock import Stock
from videogen.model.timebase import samples_of
from videogen.model.timeline import Clip, TextOverlay, Timeline, Transition

RATE = 48000


def track(
    seconds: Fraction | float, title: str = "", artist: str = "", *, lufs: float = -14, rate: int = 44100
) -> Media:
    """Give the media of a track."""
    media = papers.sound(round(Fraction(seconds) * rate), rate)
    assert media.sound is not None
    loudness = Loudness(integrated_lufs=lufs, true_peak_dbtp=-1, range_lu=5)
    sound = media.sound.model_copy(update={"loudness": loudness})
    return media.model_copy(update={"sound": sound, "tags": Tags(title=title, artist=artist)})


def stock(tracks: dict[str, Media], clips: dict[str, Media], **more: Any) -> Stock:
    """Give a stock of what a folder holds; a content is the hash of its name."""
    both = tracks | clips
    contents = {name: papers.digest(name) for name in both}
    return Stock(contents=contents, media={contents[name]: media for name, media in both.items()}, **more)


THREE = {"a.mp3": track(40, "First", "Ann"), "b_side.mp3": track(Fraction("30.123")), "c.mp3": track(25, "Third")}
FILMS = {f"film{n}.mp4": papers.picture(4 + 3 * n, rate=25) for n in range(4)}


def made(
    words: dict[str, Any], tracks: dict[str, Media] | None = None, films: dict[str, Media] | None = None
) -> Timeline:
    """Compile a description over a folder that holds these."""
    sounds, shown = tracks or THREE, FILMS if films is None else films
    small = {"canvas": {"resolution": "320x180", "fps": 30}}
    mix = Mix.model_validate(small | words).filled(list(sounds), list(shown))
    return mix_timeline(mix, stock(sounds, shown, seed=7)).timeline


def begins(timeline: Timeline) -> list[int]:
    """Give the sample at which each track begins."""
    canvas = timeline.canvas
    return [samples_of(one.at.start, canvas.fps, RATE) + one.lead for one in timeline.sounds if one.at]


@settings(max_examples=40)
@given(
    st.lists(st.integers(2_000, 400_000), min_size=1, max_size=6),
    st.sampled_from(["25", "30", "30000/1001", "24000/1001"]),
    st.sampled_from([44100, 48000, 22050]),
)
def test_tracks_follow_each_other_to_the_sample(lengths: list[int], fps: str, rate: int) -> None:
    """With no crossfade each begins at the sample after the last of the one before, and none is cut (E1)."""
    tracks = {f"{n}.mp3": papers.sound(samples, rate) for n, samples in enumerate(lengths)}

    timeline = made({"canvas": {"fps": fps}, "shuffle": False}, tracks)

    ends = [Fraction(samples * RATE, rate) for samples in lengths]
    at = 0
    for begin, length in zip(begins(timeline), ends, strict=True):
        assert begin == at
        at += int(length)
    frames = samples_of(timeline.length, timeline.canvas.fps, RATE)
    assert 0 <= frames - at < RATE / timeline.canvas.fps + 1
    assert all(one.fade_in == one.fade_out == 0 for one in timeline.sounds)
    assert all(samples_of(1, timeline.canvas.fps, RATE) >= one.lead >= 0 for one in timeline.sounds)


def test_a_folder_of_tracks_alone_is_a_mix() -> None:
    """Nothing said: all tracks once in an order of chance, the library's clips, chapters, a title each (E1, E2)."""
    library = tuple(papers.digest(name) for name in FILMS)
    both = stock(THREE, FILMS, pool=library, seed=3)

    timeline, warnings = mix_timeline(Mix().filled(list(THREE), []), both)

    assert {one.asset for one in timeline.sounds} == {both.contents[name] for name in THREE}
    assert len(timeline.sounds) == len(timeline.chapters) == len(timeline.overlays) == 3
    assert {one.asset for one in timeline.picture if isinstance(one, Clip)} == set(library)
    assert timeline.length == -(-(40 + 25 + Fraction("30.123")) * 30 // 1)
    assert sorted(one.title for one in timeline.chapters) == ["Ann - First", "Third", "b side"]
    assert [one.partition(":")[0] for one in warnings] == ["untagged"]


@pytest.mark.parametrize("seconds", [20, 95, 300])
@pytest.mark.parametrize("crossfade_s", [0, 3])
def test_a_wished_length_is_kept_to_the_frame(seconds: float, crossfade_s: float) -> None:
    """Tracks come again, reshuffled, never twice in a row; the last is cut and fades out (E1)."""
    timeline = made({"duration_s": seconds, "crossfade_s": crossfade_s, "fade_out_s": 2})

    assert timeline.length == round(seconds * 30)
    last = timeline.sounds[-1].at
    assert last is not None
    assert last.end == timeline.length
    assert timeline.sounds[-1].fade_out == 60
    assert all(one.asset != other.asset for one, other in pairwise(timeline.sounds))
    for begin in range(0, len(timeline.sounds) - 2, 3):
        assert len({one.asset for one in timeline.sounds[begin : begin + 3]}) == 3


def test_no_track_begins_only_to_end() -> None:
    """Where less than two seconds are left, the tracks end by themselves and the end is silent."""
    timeline = made({"duration_s": 97, "fade_out_s": 4})

    assert timeline.length == 97 * 30
    assert len(timeline.sounds) == 3
    assert timeline.sounds[-1].fade_out == 0


def test_a_crossfade_overlaps_by_its_length() -> None:
    """Each begins so many frames before the one before ends, both fade by equal power, and the sum is that shorter."""
    timeline = made({"crossfade_s": 2, "shuffle": False})

    first, second, third = timeline.sounds
    assert [one.at.length for one in timeline.sounds if one.at] == [1200, 903, 750]
    assert begins(timeline) == [0, 1140 * 1600, 1983 * 1600]
    assert (first.fade_in, first.fade_out, second.fade_in, third.fade_out) == (0, 60, 60, 0)
    assert {one.curve for one in timeline.sounds} == {"power"}
    assert {one.lead for one in timeline.sounds} == {0}
    assert timeline.length == (40 + 30 + 25) * 30 + 3 - 120


def test_a_short_track_is_not_all_crossfade() -> None:
    """Two fade into each other for half of the shorter one at most."""
    timeline = made({"crossfade_s": 10, "shuffle": False}, {"a.mp3": track(30), "b.mp3": track(4), "c.mp3": track(30)})

    assert [one.fade_in for one in timeline.sounds] == [0, 60, 60]


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 900), min_size=1, max_size=7, unique=True),
    st.sampled_from(["cut", "fade", "crossfade", "wipeleft"]),
    st.sampled_from([0, 0.1, 1, 3]),
    st.sampled_from([None, 1, 5.5]),
    st.integers(1, 4000),
    st.integers(0, 1 << 40),
)
def test_clips_fill_the_length_to_the_frame(
    lengths: list[int], kind: str, seconds: float, clip_s: float | None, frames: int, seed: int
) -> None:
    """Whatever they are: as long as the sound, never one twice in a row, and all before any comes again (E1)."""
    films = {f"{length}.mp4": papers.picture(Fraction(length, 30), rate=30) for length in lengths}
    words = {"transition": {"kind": kind, "seconds": seconds}, "clip_s": clip_s, "seed": seed}

    timeline = made(words, {"t.wav": papers.sound(frames * 1600, RATE)}, films)

    assert timeline.length == frames
    shown = [one for one in timeline.picture if isinstance(one, Clip)]
    assert len(films) == 1 or all(one.asset != other.asset for one, other in pairwise(shown))
    for begin in range(0, len(shown) - len(films), len(films)):
        assert len({one.asset for one in shown[begin : begin + len(films)]}) == len(films)
    assert clip_s is None or max(one.length for one in shown) <= clip_s * 30
    changes = [one for one in timeline.picture if isinstance(one, Transition)]
    assert (
        not changes if kind == "cut" or not seconds else max((one.length for one in changes), default=0) <= seconds * 30
    )


def test_no_clip_flashes_up_at_the_end() -> None:
    """The clip before the last leaves it two seconds, where it can spare them."""
    films = {"a.mp4": papers.picture(10, rate=30), "b.mp4": papers.picture(10, rate=30)}

    timeline = made({"transition": {"kind": "cut"}}, {"t.wav": papers.sound(RATE * 20 + 1600 * 3, RATE)}, films)

    assert [one.length for one in timeline.picture] == [300, 243, 60]


def test_a_clip_shown_in_parts_goes_on_where_it_stopped() -> None:
    """A long one does not show its beginning again and again."""
    films = {"long.mp4": papers.picture(60, rate=30)}

    timeline = made({"clip_s": 10, "transition": {"kind": "cut"}}, {"t.mp3": track(40)}, films)

    assert [one.source.start for one in timeline.picture if isinstance(one, Clip)] == [0, 300, 600, 900]


def test_what_was_drawn_comes_first_and_in_its_order() -> None:
    """Clips drawn from a library, the least used first, are not shuffled again; where they end they are dealt anew."""
    pool = tuple(papers.digest(name) for name in FILMS)
    both = stock(THREE, FILMS, pool=pool, is_drawn=True, seed=3)

    timeline = mix_timeline(Mix(transition={"kind": "cut"}).filled(list(THREE), []), both).timeline

    shown = [one.asset for one in timeline.picture if isinstance(one, Clip)]
    assert tuple(shown[:4]) == pool
    assert all(one != other for one, other in pairwise(shown))


def test_a_seed_repeats_a_mix_and_another_does_not() -> None:
    """The same description and contents give the same edit, in whatever order the folder lists its files (E1)."""
    one, same, other = (made({"seed": seed, "minutes": 4}) for seed in (5, 5, 6))
    turned = made({"seed": 5, "minutes": 4}, dict(reversed(THREE.items())), dict(reversed(FILMS.items())))

    assert one == same == turned
    assert one.picture != other.picture


@given(st.integers(1, 9), st.integers(0, 1 << 62))
def test_a_deal_has_no_seam(things: int, seed: int) -> None:
    """All come before any comes again, and where one round meets the next there are two."""
    names = [str(one) for one in range(things)]

    order = list(islice(dealt(names, str, seed, "x", last="0"), 6 * things))

    assert all(sorted(order[at : at + things]) == names for at in range(0, len(order), things))
    assert things == 1 or all(one != other for one, other in pairwise(["0", *order]))


def test_each_track_is_brought_to_one_loudness() -> None:
    """A gain for each, from what was measured; without a wish all are as they are (E1)."""
    tracks = {"a.mp3": track(9, lufs=-8), "b.mp3": track(9, lufs=-20), "c.mp3": papers.sound(400_000)}

    timeline = made({"loudness_lufs": -14, "shuffle": False}, tracks)

    assert [float(one.gain) for one in timeline.sounds] == [0.501187, 1.995262, 1]
    assert {one.gain for one in made({"loudness_lufs": None}, tracks).sounds} == {1}


# -- titles ----------------------------------------------------------------------------------------------------------


def test_titles_lie_in_the_safe_area_and_in_their_track() -> None:
    """A moment after each track, for a while, with fades, fitted, nowhere beyond nine tenths of the picture (E2)."""
    timeline = made(
        {"shuffle": False, "titles": {"seconds": 5, "delay_s": 1, "fade_s": 0.5, "position": "bottom-right"}}
    )

    first, second, _ = timeline.overlays
    assert isinstance(first, TextOverlay)
    assert (first.at.start, first.at.end, first.fade_in, first.fade_out) == (30, 180, 15, 15)
    assert (second.at.start, second.at.length) == (1230, 150)
    assert (first.x, first.y, first.anchor, first.align) == (288, 162, "bottom-right", "right")
    assert (first.width, first.size) == (256, 9)
    assert first.text == "Ann - First"


def test_a_title_never_lasts_into_the_next_track() -> None:
    """It is shown shorter, or not at all where it could not be read."""
    tracks = {"a.mp3": track(3), "b.mp3": track(1), "c.mp3": track(30)}

    shown = made({"shuffle": False, "titles": {"seconds": 6}}, tracks).overlays

    assert [(one.at.start, one.at.end) for one in shown] == [(15, 90), (135, 315)]


def test_titles_and_tracklist_may_be_left_out() -> None:
    """Each by its own word."""
    assert made({"titles": {"show": False}}).overlays == ()
    assert made({"tracklist": False}).chapters == ()


@pytest.mark.parametrize(
    ("template", "title", "artist", "album", "said"),
    [
        ("{artist} - {title}", "Song", "Ann", "", "Ann - Song"),
        ("{artist} - {title}", "Song", "", "", "Song"),
        ("{artist} - {title}", "", "", "", "my track"),
        ("{title} ({album})", "Song", "", "LP", "Song (LP)"),
        ("{title} ({album})", "Song", "", "", "Song"),
        ("{number}. {title} / {artist}", "Song", "", "", "4. Song"),
        ("{artist} \u2013 {album} \u2013 {title}", "Song", "", "", "Song"),
        ("{artist}: {title}", "{artist} %{pts}", "A{title}", "", "A{title}: {artist} %{pts}"),
        ("{album}", "Song", "Ann", "", "my track"),
    ],
)
def test_what_a_track_lacks_is_left_out_of_its_title(
    template: str, title: str, artist: str, album: str, said: str
) -> None:
    """With what stood beside it; words of a tag are never read as a template (E2)."""
    media = papers.sound(9).model_copy(update={"tags": Tags(title=title, artist=artist, album=album)})

    assert Track("0" * 64, "my track", media).title(template, 4) == said


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ({"minutes": 1, "duration_s": 60}, ()),
        ({"minutes": 0}, ("minutes",)),
        ({"minutes": "sixty"}, ("minutes",)),
        ({"titles": {"template": "{nobody}"}}, ("titles",)),
        ({"titles": {"position": "nowhere"}}, ("titles", "position")),
        ({"transition": {"kind": "swirl"}}, ("transition", "kind")),
        ({"canvas": {"resolution": "7x7"}}, ("canvas", "resolution")),
        ({"canvas": {"fps": 0}}, ("canvas", "fps")),
        ({"crossfade_s": 31}, ("crossfade_s",)),
        ({"tracks": []}, ("tracks",)),
        ({"loudness_lufs": 3}, ("loudness_lufs",)),
        ({"seed": -1}, ("seed",)),
        ({"track": ["a.mp3"]}, ("track",)),
    ],
)
def test_a_wrong_word_is_told_with_its_place(words: dict[str, Any], place: tuple[str, ...]) -> None:
    """Nothing unknown and nothing impossible is taken."""
    with pytest.raises(ValidationError) as refused:
        Mix.model_validate(words)

    assert refused.value.errors()[0]["loc"][: len(place)] == place


@pytest.mark.parametrize(
    ("words", "tracks", "films", "family", "said"),
    [
        ({}, {}, FILMS, RecipeError, "/tracks"),
        ({}, THREE, {}, MissingInput, "no clip"),
        ({"tracks": ["film0.mp4"]}, THREE, FILMS, RecipeError, "/tracks/0 names 'film0.mp4', which has no sound"),
        ({"minutes": 60}, {"a.mp3": track(1)}, FILMS, RecipeError, "/tracks come to more than 2000 tracks"),
        ({"minutes": 1000}, THREE, FILMS, RecipeError, "/minutes makes the mix last 60000 s, and 21600 s are allowed"),
    ],
)
def test_what_cannot_be_a_video_is_told_in_a_sentence(
    words: dict[str, Any], tracks: dict[str, Media], films: dict[str, Media], family: type[InputError], said: str
) -> None:
    """The place and the numbers, and a remedy."""
    mix = Mix.model_validate(words).filled(list(tracks), list(films))

    with pytest.raises(family, match=said) as refused:
        mix_timeline(mix, stock(tracks, films, longest_s=Fraction(21600)))

    assert refused.value.remedy


def test_a_library_is_told_what_is_wanted() -> None:
    """As many frames as the video has, how much of a clip is shown, and what two share."""
    mix = Mix.model_validate({"clip_s": 8, "canvas": {"fps": 25}}).filled(list(THREE), [])

    assert wanted_of(mix, stock(THREE, {})) == (-(-(65 + Fraction("30.123")) * 25 // 1), 200, 25)
