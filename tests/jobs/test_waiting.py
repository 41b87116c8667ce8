"""When a dropped folder is complete, by a clock that the test turns (C2, A2)."""

import os
from dataclasses import replace

import pytest

from tests.jobs.yard import QUIET_S, WAIT_S, Yard, described, still
from videogen.jobs.folder import Folder
from videogen.jobs.names import names_to_take
from videogen.scan.admit import StillChanging

FIRST = "raw/composition/first"


def test_the_description_completes_a_folder(yard: Yard) -> None:
    """A folder is taken once its description and all it names are still, and then there is one task (A1, C2)."""
    yard.composition()

    found = yard.settled()

    assert [verdict.error for verdict in found.decided] == [None]
    assert [task["story_name"] for task in yard.tasks()] == ["first"]
    assert yard.files("raw") == []


def test_without_its_description_a_folder_waits_without_end(yard: Yard) -> None:
    """Clips may come days before the description: nothing is refused, and no look is asked for meanwhile."""
    yard.drop("composition/first", {"a.png": ""})

    found = yard.settled(after_s=10 * WAIT_S)

    assert (found.decided, found.is_moving, found.due_s) == ([], False, None)
    assert "composition.json" in found.waits[FIRST]


def test_a_name_that_is_nearly_right_is_told(yard: Yard) -> None:
    """Who wrote Composition.JSON is told that this is not the name."""
    yard.drop("composition/first", {"Composition.JSON": described()})

    assert "Composition.JSON is not called so" in yard.settled().waits[FIRST]


def test_files_may_come_after_the_description(yard: Yard) -> None:
    """A file that is named and not there is waited for, by name and pointer; when it is still, the folder goes on."""
    folder = yard.drop("composition/first", {"composition.json": described("clips/a.png")})

    waits = yard.settled().waits[FIRST]
    still(folder / "clips" / "a.png")
    found = yard.settled()

    assert "clips/a.png" in waits
    assert "(/" in waits
    assert len(found.decided) == len(yard.tasks()) == 1


def test_a_file_that_grows_holds_the_folder_up(yard: Yard) -> None:
    """While a file that is named still changes the folder is not taken, however long its description lay there (A2)."""
    folder = yard.composition()
    yard.look()
    for _ in range(4):
        yard.clock.now += QUIET_S / 2
        with (folder / "a.png").open("ab") as file:
            file.write(b"more")
        assert yard.look().waits[FIRST].endswith(("is still changing", "is being read"))

    assert yard.tasks() == []
    assert len(yard.settled().decided) == 1


def test_what_does_not_come_refuses_the_folder(yard: Yard) -> None:
    """After folder_wait_s without a change the folder is refused whole, with the pointer of the name (C10)."""
    yard.drop("composition/first", {"composition.json": described("gone.png"), "a.png": ""})
    yard.settled()

    assert yard.settled(after_s=WAIT_S / 2).decided == []
    found = yard.settled(after_s=WAIT_S)

    assert [verdict.error and verdict.error.word for verdict in found.decided] == ["missing-file"]
    reason = yard.reason("composition-first")
    assert reason["facts"]["pointer"].startswith("/")
    assert "gone.png" in reason["message"]
    assert reason["path"] == FIRST
    assert yard.files("trash/invalid/composition-first") == ["a.png", "composition.json"]
    assert not (yard.root / FIRST).exists()


def test_a_copy_under_way_is_waited_for(yard: Yard) -> None:
    """A copier's own name for what is not whole yet stretches the wait as long as it grows."""
    folder = yard.drop("composition/first", {"composition.json": described("a.png"), "a.png.part": "half"})
    yard.settled()
    for _ in range(3):
        with (folder / "a.png.part").open("ab") as file:
            file.write(b"more")
        assert yard.settled(after_s=WAIT_S).decided == []

    assert [verdict.error and verdict.error.word for verdict in yard.settled(after_s=WAIT_S).decided] == [
        "missing-file"
    ]


def test_a_folder_of_tracks_is_known_by_quiet_alone(yard: Yard) -> None:
    """A mix without a description waits thrice as long as a file, anew with each change; without a track for ever."""
    folder = yard.drop("mix/tape", {"cover.png": ""})
    assert "tracks" in yard.settled(after_s=100.0).waits["raw/mix/tape"]

    (folder / "one.mp3").write_bytes(b"one")
    yard.look()
    assert yard.look(after_s=2 * QUIET_S).is_moving
    (folder / "two.mp3").write_bytes(b"two")
    yard.look()

    assert "quiet" in yard.look(after_s=2 * QUIET_S).waits["raw/mix/tape"]
    assert yard.look(after_s=QUIET_S).waits["raw/mix/tape"] == "it is being taken"


def test_what_is_not_followed_yet_is_waited_for(yard: Yard) -> None:
    """While raw/ holds more than is followed at a time, a folder waits for its files to be looked at (A2)."""
    yard.composition()
    folder, _ = yard.folder("composition/first")
    seen = Folder(folder.path, folder.recipe, {"composition.json": folder.files["composition.json"]})
    yard.jobs._waiting.judge(seen)
    yard.jobs._hand.submit(lambda: None).result()

    assert "a.png is looked at when" in str(yard.jobs._waiting.judge(seen))
    with pytest.raises(StillChanging):
        names_to_take(replace(seen, recipe="mix"), ())


def test_two_descriptions_are_one_too_many(yard: Yard) -> None:
    """A mix with both mix.toml and mix.json says so; neither is chosen in silence."""
    yard.drop("mix/tape", {"mix.toml": "", "mix.json": "{}", "one.mp3": "x"})

    yard.settled()

    assert yard.reason("mix-tape")["code"] == "bad-description"


@pytest.mark.parametrize("content", ["{", "[" * 100_000, "\x00", '{"picture": 1}'])
def test_what_is_no_description_refuses_the_folder(yard: Yard, content: str) -> None:
    """A description that cannot be read becomes one sentence and a remedy, and the folder is in trash/ whole (A10)."""
    yard.drop("composition/first", {"composition.json": content, "a.png": ""})

    found = yard.settled()

    assert [bool(verdict.error) for verdict in found.decided] == [True]
    assert yard.reason("composition-first")["remedy"]
    assert yard.files("trash/invalid/composition-first") == ["a.png", "composition.json"]


def test_a_folder_beyond_reach_holds_up_no_other(yard: Yard) -> None:
    """One that waits, one that is bad and one that is good: the good one becomes a task all the same."""
    yard.drop("composition/a", {"composition.json": described("never.png")})
    yard.drop("composition/b", {"composition.json": "{"})
    yard.composition("c")

    found = yard.settled()

    assert list(found.waits) == ["raw/composition/a"]
    assert [task["story_name"] for task in yard.tasks()] == ["c"]
    assert os.listdir(yard.root / "trash" / "invalid/composition-b") == ["composition.json"]


@pytest.mark.parametrize("name", ["x" * 300 + ".png", "y" * 300 + "/a.png", "a/" * 100_000 + "b.png", "ü" * 999])
def test_a_name_that_no_file_can_have(yard: Yard, name: str) -> None:
    """It refuses its folder, by its pointer, and nothing else: main goes on looking (A10, P8)."""
    yard.drop("composition/a", {"composition.json": described(name)})
    yard.composition("b")

    yard.settled()
    yard.settled(after_s=WAIT_S)

    assert yard.reason("composition-a")["message"].count("/overlays/0/asset") == 1
    assert [task["story_name"] for task in yard.tasks()] == ["b"]


def test_a_name_that_comes_often_is_looked_for_once(yard: Yard) -> None:
    """Every look at a folder looks for what it names: for each name once, and for no more than a folder may hold."""
    yard.drop("composition/a", {"composition.json": described(*["a.png"] * 100)})
    yard.drop("composition/b", {"composition.json": described(*[f"{nth}.png" for nth in range(2001)])})

    yard.settled()

    assert len(yard.jobs._waiting.wants(yard.folder("composition/a")[0])) == 1
    assert yard.reason("composition-b")["code"] == "too-many-files"
