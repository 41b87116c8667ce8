"""Every bad input ends where its row says, with a reason a person can act on (P8, P25, A10)."""

import os

import pytest

from tests.corpus.item import Item
from tests.corpus.table import GROUPS, ITEMS
from tests.corpus.trial import Trial, dropped_as, tried

LONGEST_S, USUALLY_S = 60.0, 10.0
CHILD_BYTES, MAIN_BYTES = 1 << 30, 200 << 20


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trial]:
    """The groups tried so far."""
    return Trials(tmp_path_factory)


class Trials(dict[str, Trial]):
    """The trials by group; each is made when it is asked for."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        super().__init__()
        self._factory = factory

    def __missing__(self, group: str) -> Trial:
        self[group] = tried(self._factory, group, GROUPS[group])
        return self[group]


@pytest.mark.parametrize("item_id", ITEMS)
def test_bad_input_ends_where_its_row_says(trials: dict[str, Trial], item_id: str) -> None:
    """A row is scanned, refused with its code, or left in raw/; and it is in one place only (P8, P25)."""
    group, item = ITEMS[item_id]
    trial = trials[group]

    reason, asset = trial.reason_of(item), trial.asset_of(item)

    said = f"{reason['code']}: {reason['message']}" if reason else ""
    assert verdict_on(trial, item) == (item.verdict, item.code if item.verdict == "I" else ""), said
    assert (asset is not None, reason is not None) == (item.verdict == "S", item.verdict == "I")
    if asset:
        expect_shelved(trial, item, asset)
    if reason:
        expect_reason(trial, item, reason)
    if item.verdict == "W":
        assert f"code={item.code}" in trial.house.log()


def verdict_on(trial: Trial, item: Item) -> tuple[str, str]:
    """Give what became of a row, and the code where it was refused."""
    reason = trial.reason_of(item)
    if trial.is_in_raw(item):
        said = trial.house.log()
        return ("W" if item.verdict == "W" and item.path.rpartition("/")[2] in said else "-"), ""
    if reason:
        return "I", str(reason["code"])
    return ("S", "") if trial.asset_of(item) else ("lost", "")


def expect_shelved(trial: Trial, item: Item, asset: dict[str, object]) -> None:
    """Fail unless the file is there under its original name, and shows what the row says."""
    assert (trial.house.root / str(asset["path"])).is_file()
    assert asset["original_name"] == dropped_as(item).rpartition("/")[2]
    media = asset["media"]
    assert isinstance(media, dict)
    if item.size:
        assert f"mp4_w{item.size[0]}_h{item.size[1]}" in str(asset["path"])
    if item.frames:
        assert media["picture"]["frames"] == item.frames


def expect_reason(trial: Trial, item: Item, reason: dict[str, str]) -> None:
    """Fail unless the reason is one sentence and a remedy, names the file, and lies beside it."""
    assert reason["message"]
    assert reason["message"].isprintable()
    assert reason["remedy"].endswith(".")
    assert reason["original_name"] == dropped_as(item).rpartition("/")[2]
    assert os.path.lexists(trial.house.root / "trash" / "invalid" / reason["kept_as"])


@pytest.mark.parametrize("group", GROUPS)
def test_main_lives_and_leaves_nothing_behind(trials: dict[str, Trial], group: str) -> None:
    """Main ends by itself; raw/ holds only what waits or is not looked at, the entrance nothing (P8)."""
    trial = trials[group]
    left = {item.path for item in GROUPS[group] if item.verdict in "W-"}

    in_raw = {path.relative_to(trial.house.root / "raw") for path in (trial.house.root / "raw").rglob("*")}

    assert trial.status in {0, 65, 75}
    assert {str(path) for path in in_raw if not (trial.house.root / "raw" / path).is_dir()} <= left
    assert list((trial.house.root / "scanned" / ".incoming").iterdir()) == []
    assert "internal-error" not in trial.house.log()


@pytest.mark.parametrize("group", GROUPS)
def test_time_and_memory_are_bounded(trials: dict[str, Trial], group: str) -> None:
    """No file takes a minute, no inspector 1 GB, and main never 200 MB (P8)."""
    measures = trials[group].measures

    assert len(measures.seconds) > len(GROUPS[group]) / 6  # the look was quick enough to see them
    assert measures.children > 0
    assert max(measures.seconds.values()) < LONGEST_S
    assert 10 << 20 < measures.child_bytes < CHILD_BYTES
    assert 10 << 20 < measures.main_bytes < MAIN_BYTES


def test_nearly_all_are_decided_in_seconds(trials: dict[str, Trial]) -> None:
    """Of all rows together, 99 of 100 are decided within 10 s of work (P8)."""
    seconds = sorted(took for group in GROUPS for took in trials[group].measures.seconds.values())

    assert len(seconds) > 150
    assert seconds[len(seconds) * 99 // 100] <= USUALLY_S


def test_no_two_rows_have_one_place() -> None:
    """Each row is dropped at a place of its own, and there are at least 150 of them."""
    places = [item.path for _, item in ITEMS.values()]

    assert len(set(places)) == len(places) == sum(map(len, GROUPS.values()))
    assert len(places) >= 150


def test_rows_say_what_they_expect() -> None:
    """A refused or waiting row has a code, a scanned or unseen one has none."""
    assert [item for _, item in ITEMS.values() if bool(item.code) != (item.verdict in "IW")] == []
