"""raw/ → scanned/ or trash/invalid: real files, the real command line."""

import json
import os
import shutil
from pathlib import Path

import av
import pytest

from tests import footage
from tests.flow.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty spool."""
    return House(tmp_path / "spool")


def test_every_kind_has_its_shelf(house: House) -> None:
    """Clips, frames, music and voices land where the hierarchy says, under their own names (A1, A5)."""
    house.clip("abc.mp4", size=(192, 108), seconds=1)
    footage.clip(house.place("frame/gold/rim.mp4"), size=(160, 120), seconds=2)
    house.music(seconds=3)
    house.voice(seconds=2)

    assert house.run("main", "--once").returncode == 0

    assert [name for name in house.files("scanned") if not name.endswith(".json")] == [
        "frame/gold/mp4_w160_h120/2.0_rim.mp4",
        "music/tales/mp3/3.0_chord.mp3",
        "story/tales/fox/voice/chapter_0001.mp3",
        "video/tales/mp4_w192_h108/1.0_abc.mp4",
    ]
    assert house.files("raw") == []


@pytest.mark.parametrize(
    ("make", "shelf"),
    [
        (footage.portrait, "mp4_w120_h160"),
        (footage.odd_size, "mp4_w63_h65"),
        (lambda path: footage.clip(path, sar="2:1"), "mp4_w320_h120"),
    ],
)
def test_shelf_is_the_displayed_size(house: House, make: object, shelf: str) -> None:
    """Rotation and SAR are applied before width and height are named (A5)."""
    assert callable(make)
    make(house.place("video/tales/a.mp4"))

    house.run("main", "--once")

    assert [Path(name).parts[2] for name in house.files("scanned") if name.endswith(".mp4")] == [shelf]


REFUSED = [
    ("zero.mp4", footage.empty, "empty"),
    ("web.mp4", footage.webm, "kind-mismatch"),
    ("cut.mp4", footage.truncated, "truncated"),
    ("list.mp4", footage.hls_named_mp4, "kind-mismatch"),
    ("photo.jpg", lambda path: path.write_bytes(b"\xff\xd8\xff\xe0" * 99), "kind-mismatch"),
]


def test_bad_clips_go_to_trash_and_stop_nothing(house: House) -> None:
    """Each bad file lies in trash/invalid with code and remedy, and the good one beside them is in (A10)."""
    for name, make, _ in REFUSED:
        make(house.place(f"video/tales/{name}"))
    house.clip("good.mp4")

    assert house.run("main", "--once").returncode == 0

    reasons = {name: house.reason(name) for name, _, _ in REFUSED}
    assert {name: reason["code"] for name, reason in reasons.items()} == {name: code for name, _, code in REFUSED}
    assert all(reason["remedy"] and name.rpartition(".")[0] in str(reason) for name, reason in reasons.items())
    assert [asset["name"] for asset in house.assets("video")] == ["good"]


def test_what_is_no_plain_file_is_set_aside(house: House, tmp_path: Path) -> None:
    """A symbolic link, a pipe and a file at no place are refused without being opened or waited for (T5, T6)."""
    secret = tmp_path / "secret.mp4"
    footage.clip(secret)
    house.place("video/tales/link.mp4").symlink_to(secret)
    os.mkfifo(house.place("video/tales/pipe.mp4"))
    footage.clip(house.place("somewhere.mp4"))

    assert house.run("main", "--once", timeout=30).returncode == 0

    codes = {name: house.reason(name)["code"] for name in ("link.mp4", "pipe.mp4", "somewhere.mp4")}
    assert codes == {"link.mp4": "not-a-file", "pipe.mp4": "not-a-file", "somewhere.mp4": "misplaced"}
    assert house.files("raw") == []
    assert secret.exists()


@pytest.mark.parametrize(
    "name",
    [
        "two words.mp4",
        'it\'s "quoted".mp4',
        "line\nbreak.mp4",
        "sun🌞.mp4",
        "-v.mp4",
        "ü" * 110 + ".mp4",
        "UPPER.MP4",
        os.fsdecode(b"latin-\xe9.mp4"),
    ],
)
def test_any_name_is_taken(house: House, name: str) -> None:
    """A name that is not safe becomes a new one on the shelf, and the old one stays in the side file (A1)."""
    house.clip("made.mp4").rename(house.place(f"video/tales/{name}"))

    assert house.run("main", "--once").returncode == 0

    (asset,) = house.assets("video")
    readable = os.fsencode(name).decode("utf-8", "backslashreplace")
    assert asset["original_name"] == readable
    assert (house.root / asset["path"]).is_file()
    assert Path(asset["path"]).name.isascii()
    assert house.files("raw") == []


def test_folder_with_a_newline_is_refused(house: House) -> None:
    """A category that video_list.txt could not hold is refused with its reason."""
    house.clip("a.mp4", category="bad\nname")

    house.run("main", "--once")

    assert house.reason("a.mp4")["code"] == "bad-folder-name"


def test_same_content_twice_is_a_duplicate(house: House) -> None:
    """The second copy is refused, naming the first; another category makes no difference."""
    first = house.clip("a.mp4")
    shutil.copy(first, house.place("video/zoo/b.mp4"))

    house.run("main", "--once")

    assert house.reason("b.mp4")["code"] == "duplicate"
    assert house.assets("video")[0]["path"] in house.reason("b.mp4")["message"]


def test_dropping_a_mended_file_again_takes_it(house: House) -> None:
    """A name in trash/ stands in nobody's way: the mended file is taken, a second bad one becomes `~2`."""
    for _ in range(2):
        footage.empty(house.place("video/tales/a.mp4"))
        house.run("main", "--once")
    house.clip("a.mp4")
    house.run("main", "--once")

    assert {"a.mp4", "a~2.mp4", "a.mp4.reason.json", "a~2.mp4.reason.json"} == set(house.visible("trash/invalid"))
    assert [asset["name"] for asset in house.assets("video")] == ["a"]


def test_music_is_brought_to_one_loudness(house: House) -> None:
    """A loud track comes to -16 LUFS by one gain; one that is there keeps its bytes (A5)."""
    loud = house.music("loud", lufs=-9)
    house.music("right", lufs=-16)
    kept = house.place("music/right/chord.mp3").read_bytes()
    assert loud.stat().st_size

    house.run("main", "--once")

    by_category = {asset["category"]: asset for asset in house.assets("music")}
    assert abs(by_category["loud"]["media"]["sound"]["loudness"]["integrated_lufs"] + 16) <= 0.5
    assert by_category["loud"]["gain_db"] < -6
    assert by_category["right"]["gain_db"] == 0
    assert (house.root / by_category["right"]["path"]).read_bytes() == kept


def test_side_file_counts_what_is_there(house: House) -> None:
    """Frames, rate and hash in the side file are those of the file (A5)."""
    house.clip("a.mp4", rate=25, seconds=2)

    house.run("main", "--once")

    (asset,) = house.assets("video")
    with av.open(str(house.root / asset["path"])) as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert (asset["media"]["picture"]["frames"], asset["media"]["picture"]["rate"]) == (frames, "25")
    assert asset["sha256"] == asset["source"]["sha256"]


def test_second_chapter_of_a_name_is_kept(house: House) -> None:
    """A different chapter_0001.mp3 of the same story becomes chapter_0001~2.mp3, with a video of its own."""
    house.voice(seconds=1)
    house.run("main", "--once")
    house.voice(seconds=2)
    house.run("main", "--once")

    voices = house.assets("voice")
    assert [Path(voice["path"]).name for voice in voices] == ["chapter_0001.mp3", "chapter_0001~2.mp3"]
    assert len({voice["task_id"] for voice in voices}) == 2


def test_names_of_copiers_are_left_alone(house: House) -> None:
    """A half-copied .part file and dot files stay where they are."""
    for name in ("a.mp4.part", ".hidden.mp4", "b.crdownload"):
        house.place(f"video/tales/{name}").write_bytes(b"x")

    house.run("main", "--once")

    assert len(list((house.root / "raw" / "video" / "tales").iterdir())) == 3
    assert house.visible("trash/invalid") == []


def test_killed_intake_goes_on(house: House) -> None:
    """A main that is killed in mid-intake loses nothing and takes nothing twice (A1)."""
    for index in range(6):
        house.clip(f"c{index}.mp4", size=(160 + 2 * index, 120))
    main = house.start("main")
    while not house.assets("video"):
        assert main.poll() is None
    main.kill()
    main.wait()

    house.run("main", "--once")

    assert sorted(asset["name"] for asset in house.assets("video")) == [f"c{index}" for index in range(6)]
    assert house.visible("trash/invalid") == []
    assert [name for name in house.files("scanned") if ".incoming" in name] == []


def test_log_tells_the_story(house: House) -> None:
    """Each decision is one line with time, level, component, message and fields (A11)."""
    house.clip("a.mp4")
    footage.empty(house.place("video/tales/z.mp4"))

    house.run("main", "--once")

    lines = house.log().splitlines()
    moved = [line for line in lines if '"Moved raw/video/tales/a.mp4 → scanned/video/tales/' in line]
    refused = [line for line in lines if '"Refused raw/video/tales/z.mp4 → trash/invalid/z.mp4"' in line]
    assert len(moved) == len(refused) == 1
    assert moved[0].split()[1:3] == ["INFO", "main_worker"]
    assert " code=empty " in refused[0]


def test_json_log_lines_parse(house: House) -> None:
    """With --log-json every line is an object."""
    house.clip("a.mp4")

    house.run("--log-json", "main", "--once")

    lines = [json.loads(line) for line in house.log().splitlines()]
    assert any(line["message"].startswith("Moved") and line["component"] == "main_worker" for line in lines)
