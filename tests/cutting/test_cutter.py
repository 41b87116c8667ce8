"""A description comes to its material: what it names is found, looked into, compiled and drawn; by hand or dropped."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cutting.conftest import CANVAS, Room
from videogen.errors import InputError, MediaError, MissingInput, RecipeError, TemporaryError
from videogen.model.timeline import ImageOverlay


def digest(path: Path) -> str:
    """Hash a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_description_comes_to_its_material(room: Room) -> None:
    """It holds the timeline without words, its media, its files, the pictures drawn, the quality and the warnings."""
    words = {"films": ["red.mp4", "mute.mp4", "red.mp4"], "sound": "calm.mp3", "badge": "badge.png", "quality": 30}

    made = room.read(words, seed=7)

    red, mute, calm = (digest(room.folder / name) for name in ("red.mp4", "mute.mp4", "calm.mp3"))
    assert (made.recipe, made.quality, made.description) == ("reel", 30, room.folder / "reel.json")
    assert made.timeline.length == 75
    assert set(made.media) == {red, mute, calm}
    assert made.file_of(red) == room.folder / "red.mp4"
    assert made.warnings == ("seed: 7",)
    stills = [one for one in made.timeline.overlays if isinstance(one, ImageOverlay)]
    assert len(stills) == 2
    assert made.file_of(stills[0].asset).parent == room.pictures
    assert digest(made.file_of(stills[0].asset)) == stills[0].asset


def test_mentions_open_nothing(room: Room) -> None:
    """What a description names is told before any of it is there: a folder waits for it."""
    path = room.write({"films": ["later.mp4"], "badge": "x.png"})

    found = room.cutting.mentions(path, recipe="reel")

    assert [(one.pointer, one.name, one.use, one.is_optional) for one in found] == [
        ("/films/0", "later.mp4", "clip", False),
        ("/badge", "x.png", "overlay", True),
    ]


def test_a_folder_alone_may_be_enough(room: Room) -> None:
    """Where a recipe is filled from its folder, all films and sounds are taken in order of name; the rest is left."""
    made = room.cutting.read(room.folder, room.pictures, recipe="reel")

    assert made.description is None
    assert made.timeline.length == 50
    assert [made.files[one].name for one in made.timeline.assets()[:2]] == ["mute.mp4", "red.mp4"]


@pytest.mark.parametrize(
    ("change", "warned"),
    [
        ({"badge": "gone.png"}, 'missing: /badge names "gone.png", which is not there'),
        ({"badge": "notes.txt"}, "unusable: /badge: "),
        ({"badge": "calm.mp3"}, 'unusable: /badge names "calm.mp3", which has no picture'),
        ({"title": {"font": "No Such Font"}}, "font: /title/font: "),
    ],
)
def test_what_is_optional_is_a_warning(room: Room, change: dict[str, Any], warned: str) -> None:
    """What the video can be without is left out, and said."""
    made = room.read({"films": ["red.mp4"], **change})

    assert len(made.timeline.overlays) == 1
    assert any(one.startswith(warned) for one in made.warnings), made.warnings


BAD: list[tuple[dict[str, Any], str, str, str]] = [
    ({"films": ["gone.mp4"]}, "/films/0", "missing-file", 'names "gone.mp4", which is not there'),
    ({"films": ["Red.mp4"]}, "/films/0", "missing-file", 'Did you mean "red.mp4"?'),
    ({"films": ["calm.mp3"]}, "/films/0", "kind-mismatch", 'names "calm.mp3", which has no picture'),
    ({"films": ["red.mp4"], "sound": "mute.mp4"}, "/sound", "kind-mismatch", 'names "mute.mp4", which has no sound'),
    ({"films": ["notes.txt"]}, "/films/0", "kind-mismatch", "/films/0: notes.txt is a text"),
    ({"films": ["0" * 64]}, "/films/0", "missing-file", "the library holds nothing with the hash 000000000000"),
    ({"films": ["library:story/x.mp4"]}, "/films/0", "missing-file", "is not in the library"),
    ({"films": ["library:../x.mp4"]}, "/films/0", "bad-description", "which is no path of the library"),
    ({"films": ["s3://bucket/clip1.mp4"]}, "/films/0", "bad-description", "which is an address and no file"),
    ({"films": ["../mine/red.mp4"]}, "/films/0", "bad-description", "which leads out of the folder"),
    ({"films": ["/etc/passwd"]}, "/films/0", "bad-description", "which leads out of the folder"),
    ({"films": ["a\nb"]}, "/films/0", "bad-description", "which has control characters in it"),
    ({"films": [""]}, "/films/0", "bad-description", "which is no name of a file"),
    ({"films": ["x" * 300]}, "/films/0", "missing-file", "which cannot be read (File name too long)"),
    ({"films": [3]}, "/films/0", "bad-description", "expected text, found 3"),
    ({"films": "red.mp4"}, "/films", "bad-description", 'expected a list, found "red.mp4"'),
    ({"films": [], "filmz": []}, "/filmz", "bad-description", 'there is no such key as "filmz". Known there: '),
    ({"fims": []}, "/fims", "bad-description", 'Did you mean "films"?'),
    ({"films": [], "title": {"aling": "left"}}, "/title/aling", "bad-description", 'Did you mean "align"?'),
    ({"films": [], "title": {"align": "top"}}, "/title/align", "bad-description", 'expected "left" or "right", found'),
    ({"films": [], "title": {"align": "rigth"}}, "/title/align", "bad-description", 'Did you mean "right"?'),
    ({"films": [], "seconds": "x"}, "/seconds", "bad-description", "expected a number, or a fraction"),
    ({"films": [], "a/b~c": 1}, "/a~1b~0c", "bad-description", "there is no such key"),
    ({"recipe": "rel", "films": []}, "/recipe", "bad-description", 'Did you mean "reel"?'),
]


@pytest.mark.parametrize(("words", "pointer", "code", "said"), BAD, ids=[row[3][:50] for row in BAD])
def test_what_is_wrong_is_one_sentence(room: Room, words: object, pointer: str, code: str, said: str) -> None:
    """It has the file, the pointer, what was expected and what was found, and a remedy; nothing is drawn (C11)."""
    with pytest.raises(InputError) as caught:
        room.read(words)

    error = caught.value
    assert (error.facts.get("pointer"), error.word) == (pointer, code), error
    assert pointer in error.message
    assert "reel.json" in error.message
    assert said in str(error)
    assert "\n" not in str(error)
    assert not list(room.pictures.iterdir())


def test_names_may_lead_out_by_hand(room: Room, tmp_path: Path) -> None:
    """A person names what they can read: by an absolute path, by `..`, through a link."""
    shutil.move(room.folder / "red.mp4", tmp_path / "red.mp4")
    (room.folder / "link.mp4").symlink_to(tmp_path / "red.mp4")

    made = room.read({"films": ["../red.mp4", str(tmp_path / "red.mp4"), "link.mp4"]}, is_by_hand=True)

    assert len({made.file_of(one) for one in made.timeline.assets()[:1]}) == 1
    assert len([one for one in made.media.values() if one.picture and one.sound]) == 1
    assert made.timeline.length == 75


def test_a_timeline_is_read_alike(room: Room) -> None:
    """A timeline names files where it has assets; a font by its family, a sound by where it stands."""
    clip = {"type": "clip", "asset": "red.mp4", "source": {"start": 0, "end": 10}}
    text = {"type": "text", "text": "x", "x": 0, "y": 0, "size": 20, "at": {"start": 0, "end": 10}}
    words = {
        "recipe": "timeline",
        "canvas": CANVAS,
        "picture": [clip],
        "overlays": [text],
        "sounds": [{"asset": "calm.mp3"}],
    }

    made = room.cutting.read(room.write(words, "any.json"), room.pictures)

    assert (made.recipe, made.timeline.length, made.warnings) == ("timeline", 10, ())
    assert {one.use for one in room.cutting.mentions(room.folder / "any.json")} == {"clip", "sound"}


@pytest.mark.parametrize("swap", ["change", "replace", "remove"])
def test_what_was_hashed_is_what_is_used(room: Room, swap: str) -> None:
    """A file that changes after it was hashed is not given out under the hash of what it was (C11)."""
    shutil.copy(room.folder / "red.mp4", room.folder / "own.mp4")
    made = room.read({"films": ["own.mp4"]})
    path, content = room.folder / "own.mp4", made.timeline.assets()[0]
    assert made.file_of(content) == path

    if swap == "change":
        with path.open("ab") as file:
            file.write(b"x")
    else:
        path.unlink()
    if swap == "replace":
        shutil.copy(room.folder / "mute.mp4", path)

    with pytest.raises(TemporaryError, match="changed while it was read"):
        made.file_of(content)


def test_known_hashes_are_believed(room: Room) -> None:
    """What was hashed when it was copied is not hashed again."""
    made = room.read({"films": ["red.mp4"]}, hashed={"red.mp4": "a" * 64})

    assert made.timeline.assets()[0] == "a" * 64


@pytest.mark.parametrize(
    ("names", "said"), [(("reel.json", "reel.toml"), "holds reel.json and reel.toml"), ((), "holds no description")]
)
def test_a_folder_has_one_description(room: Room, names: tuple[str, ...], said: str) -> None:
    """Of two it is not known which; a recipe that cannot be without one is not begun."""
    for name in names:
        room.write("{}", name)

    with pytest.raises((RecipeError, MissingInput, MediaError), match=said):
        room.cutting.read(room.folder, room.pictures, recipe=None if names else "timeline")
