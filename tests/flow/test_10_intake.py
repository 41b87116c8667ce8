"""raw/ → scanned/ or trash/invalid: real files, the real command line.

One spool gets every kind of drop at once and main runs over it once; most tests only look at what became of theirs.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from tests import footage
from tests.flow.house import House, shared, soon

JPEG = b"\xff\xd8\xff\xe0" * 99

SHAPES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "turned": (footage.portrait, "mp4_w120_h160"),
    "odd": (footage.odd_size, "mp4_w63_h65"),
    "wide_pixels": (lambda path: footage.clip(path, sar="2:1"), "mp4_w320_h120"),
}

NAMES = {
    "space": "two words.mp4",
    "quotes": 'it\'s "quoted".mp4',
    "newline": "line\nbreak.mp4",
    "emoji": "sun🌞.mp4",
    "leading dash": "-v.mp4",
    "over 200 bytes": "ü" * 110 + ".mp4",
    "upper case": "UPPER.MP4",
    "not UTF-8": os.fsdecode(b"latin-\xe9.mp4"),
    "protocol": "concat:a|b.mp4",
}

OUTSIDE = "not_dropped.mp4"

COPYING = ("video/tales/a.mp4.part", "video/tales/.hidden.mp4", "video/tales/b.crdownload")


def flac(path: Path) -> Path:
    """Write FLAC, whatever the name says."""
    footage.make("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "flac", "-f", "flac", path)
    return path


def hole(path: Path) -> Path:
    """Write an MP4 of the right size with every box, and zeros where the last half of its bytes was."""
    content = footage.clip(path, seconds=2).read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    return path


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "video/bad/zero.mp4": (footage.empty, "empty"),
    "video/bad/web.mp4": (footage.webm, "kind-mismatch"),
    "video/bad/cut.mp4": (footage.truncated, "truncated"),
    "video/bad/hole.mp4": (hole, "decode-error"),
    "video/bad/list.mp4": (footage.hls_named_mp4, "kind-mismatch"),
    "video/bad/photo.jpg": (lambda path: path.write_bytes(JPEG), "kind-mismatch"),
    "video/bad/nothing": (lambda path: path.write_bytes(b"no extension"), "kind-mismatch"),
    "frame/bad/text.mp4": (lambda path: path.write_text("no picture " * 99), "kind-mismatch"),
    "music/bad/tune.flac": (flac, "kind-mismatch"),
    "music/bad/disguised.mp3": (flac, "kind-mismatch"),
    "music/bad/cover.mp3": (lambda path: path.write_bytes(JPEG), "kind-mismatch"),
    "music/bad/short.mp3": (lambda path: footage.music_mp3(path, 0.3), "too-short"),
    "story/bad/words/link/none.txt": (lambda path: path.write_text("no address here\n"), "no-url"),
    "somewhere.mp4": (lambda path: path.write_bytes(b"at no place"), "misplaced"),
    "video/loose.mp4": (lambda path: path.write_bytes(b"in no category"), "misplaced"),
    "video/bad/folder.mp4/inside.mp4": (lambda path: path.write_bytes(b"too deep"), "misplaced"),
    "music/bad\nname/tune.mp3": (lambda path: path.write_bytes(b"a newline"), "bad-folder-name"),
    "video/bad/link.mp4": (lambda path: path.symlink_to(path.parents[3] / OUTSIDE), "not-a-file"),
    "video/bad/pipe.mp4": (os.mkfifo, "not-a-file"),
}


def drop_everything(house: House) -> dict[str, int]:
    """Drop good, odd and bad files of every kind, and run main once."""
    house.clip("abc.mp4", size=(192, 108), seconds=1)
    shutil.copy(house.clip("twin.mp4", "twins", size=(208, 108), seconds=1), house.place("video/zoo/other.mp4"))
    footage.clip(house.place("frame/gold/rim.mp4"), seconds=2)
    house.music("loud", lufs=-9)
    shutil.copy(house.music("right", lufs=-16), house.root / "right.mp3")
    house.voice(seconds=2)
    for name, (make, _) in SHAPES.items():
        make(house.place(f"video/shapes/{name}.mp4"))
    for index, name in enumerate(NAMES.values()):
        # Made under a plain name, and of a size of its own: the same bytes again would be a duplicate.
        house.clip("made.mp4", size=(64 + 2 * index, 64)).rename(house.place(f"video/names/{name}"))
    footage.clip(house.root / OUTSIDE, rate=10)
    for name in COPYING:
        house.place(name).write_bytes(b"half a file")
    for name, (spoil, _) in REFUSED.items():
        spoil(house.place(name))
    return {"status": house.run("main", "--once").returncode}


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> House:
    """The spool that got everything; only to be looked at."""
    house, told = shared(tmp_path_factory, "decided", drop_everything)
    # Bad clips are reported and are no error; the one voice got its task.
    assert told == {"status": 0}
    return house


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty spool."""
    return House(tmp_path / "spool")


def shelved(house: House, kind: str, category: str) -> list[dict[str, Any]]:
    """Give the side files of one category."""
    return [asset for asset in house.assets(kind) if asset["category"] == category]


def test_every_kind_has_its_shelf(decided: House) -> None:
    """Clips, frames, music and voices land where the hierarchy says, under their own names (A1, A5)."""
    wanted = {
        "frame/gold/mp4_w160_h120/2.0_rim.mp4",
        "music/right/mp3/3.0_chord.mp3",
        "story/tales/fox/voice/chapter_0001.mp3",
        "video/tales/mp4_w192_h108/1.0_abc.mp4",
    }

    found = set(decided.files("scanned"))

    assert wanted <= found
    assert {f"{name}.json" for name in wanted} <= found


@pytest.mark.parametrize("name", SHAPES)
def test_shelf_is_the_displayed_size(decided: House, name: str) -> None:
    """Rotation and SAR are applied before width and height are named (A5)."""
    (asset,) = [asset for asset in shelved(decided, "video", "shapes") if asset["name"] == name]

    assert Path(asset["path"]).parent.name == SHAPES[name][1]


def test_side_file_counts_what_is_there(decided: House) -> None:
    """Frames, rate and hash in the side file are those of the file (A5)."""
    (asset,) = shelved(decided, "video", "tales")

    with av.open(str(decided.root / asset["path"])) as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert (asset["media"]["picture"]["frames"], asset["media"]["picture"]["rate"]) == (frames, "25")
    assert asset["sha256"] == asset["source"]["sha256"]


@pytest.mark.parametrize("dropped", REFUSED)
def test_bad_file_goes_to_trash_with_its_reason(decided: House, dropped: str) -> None:
    """Each bad file lies in trash/invalid beside a reason with its code, its place and a remedy (A10)."""
    name = Path(dropped).name
    if "bad-folder-name" in REFUSED[dropped]:
        name = "tune.mp3"

    reason = decided.reason(name)

    assert os.path.lexists(decided.root / "trash" / "invalid" / name)
    assert (reason["code"], reason["path"]) == (REFUSED[dropped][1], f"raw/{dropped}")
    assert reason["message"]
    assert reason["remedy"].endswith(".")


def test_what_a_link_names_is_left_alone(decided: House) -> None:
    """A refused symbolic link to a good clip and a pipe lie in trash/ as they were: neither was followed (A10)."""
    trash = decided.root / "trash" / "invalid"

    assert (trash / "link.mp4").readlink() == decided.root / OUTSIDE
    assert (trash / "pipe.mp4").is_fifo()
    assert (decided.root / OUTSIDE).stat().st_size > 0


def test_everything_dropped_is_accounted_for(decided: House) -> None:
    """Afterwards raw/ holds only what is still being copied, and nothing is in two places (A1, A10)."""
    kinds = ("video", "frame", "music", "voice", "link")
    taken = [asset["source"]["path"] for kind in kinds for asset in decided.assets(kind)]
    refused = [json.loads(p.read_text())["path"] for p in (decided.root / "trash" / "invalid").glob("*.reason.json")]

    left = [path.relative_to(decided.root / "raw") for path in (decided.root / "raw").rglob("*") if not path.is_dir()]

    assert sorted(map(str, left)) == sorted(COPYING)
    assert len(taken) == len(set(taken)) == 6 + len(SHAPES) + len(NAMES)
    assert len(refused) == len(set(refused)) == len(REFUSED) + 1
    assert len(decided.visible("trash/invalid")) == 2 * len(refused)
    assert list((decided.root / "scanned" / ".incoming").iterdir()) == []


@pytest.mark.parametrize("what", NAMES)
def test_any_name_is_taken(decided: House, what: str) -> None:
    """A name that is not safe becomes a new one on the shelf, and the old one stays in the side file (A1)."""
    readable = os.fsencode(NAMES[what]).decode("utf-8", "backslashreplace")

    (asset,) = [asset for asset in shelved(decided, "video", "names") if asset["original_name"] == readable]

    assert re.fullmatch(r"1\.0_([0-9a-f-]{36}|UPPER)\.mp4", Path(asset["path"]).name)
    assert (decided.root / asset["path"]).is_file()


def test_same_content_twice_is_a_duplicate(decided: House) -> None:
    """One of two that are the same is refused, naming the other; another category makes no difference.

    Which is the first of two dropped together is chance: two hands look at them at once.
    """
    (first,) = [asset for asset in decided.assets("video") if asset["name"] in {"twin", "other"}]
    refused = {"twin": "other.mp4", "other": "twin.mp4"}[first["name"]]

    reason = decided.reason(refused)

    assert reason["code"] == "duplicate"
    assert first["path"] in reason["message"]


def measured_lufs(program: Path, track: Path) -> float:
    """Measure a file's programme loudness with FFmpeg itself."""
    argv: list[str | Path] = [program, "-hide_banner", "-nostdin", "-i", track, "-af", "ebur128", "-f", "null", "-"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stderr
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", said)[-1])


def test_loud_music_is_brought_to_the_house_s_loudness(decided: House, ffmpeg_program: Path) -> None:
    """A loud track comes to -16 LUFS, by its side file and by the file itself (A5)."""
    (asset,) = shelved(decided, "music", "loud")

    assert asset["gain_db"] == pytest.approx(-7, abs=0.7)
    assert asset["media"]["sound"]["loudness"]["integrated_lufs"] == pytest.approx(-16, abs=0.5)
    assert measured_lufs(ffmpeg_program, decided.root / asset["path"]) == pytest.approx(-16, abs=0.5)


def test_music_that_is_right_keeps_its_bytes(decided: House) -> None:
    """A track within half a LU of the target is not encoded a second time (A5)."""
    (asset,) = shelved(decided, "music", "right")

    assert asset["gain_db"] == 0
    assert (decided.root / asset["path"]).read_bytes() == (decided.root / "right.mp3").read_bytes()


def test_log_tells_the_story(decided: House) -> None:
    """Each decision is one line with time, level, component, message and fields, whatever the name (A11)."""
    lines = decided.log().splitlines()

    (moved,) = [line for line in lines if '"Moved raw/video/tales/abc.mp4 → scanned/video/tales/' in line]
    (refused,) = [line for line in lines if '"Refused raw/video/bad/zero.mp4 → trash/invalid/zero.mp4"' in line]
    assert all(re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARN|ERROR) \w+ "', line) for line in lines)
    assert moved.split()[1:3] == ["INFO", "main_worker"]
    assert refused.split()[1:3] == ["WARN", "main_worker"]
    assert " code=empty " in refused
    assert (
        sum('"Moved ' in line or '"Refused ' in line for line in lines)
        == 6 + len(SHAPES) + len(NAMES) + len(REFUSED) + 1
    )


def test_dropping_a_mended_file_again_takes_it(house: House) -> None:
    """A name in trash/ stands in nobody's way: the mended file is taken, and a second bad one became `~2` (A10)."""
    for category in ("tales", "zoo"):
        footage.empty(house.place(f"video/{category}/a.mp4"))
    house.run("main", "--once")
    house.clip("a.mp4")

    house.run("main", "--once")

    assert {"a.mp4", "a~2.mp4", "a.mp4.reason.json", "a~2.mp4.reason.json"} == set(house.visible("trash/invalid"))
    assert [asset["name"] for asset in house.assets("video")] == ["a"]


def test_killed_intake_goes_on(house: House) -> None:
    """A main that is killed in mid-intake loses nothing and takes nothing twice (A1)."""
    for index in range(6):
        house.clip(f"c{index}.mp4", size=(160 + 2 * index, 120))
    main = house.start("main")
    assert soon(lambda: bool(house.assets("video")))
    main.kill()
    main.wait()
    assert house.files("raw") != []

    house.run("main", "--once")

    assert sorted(asset["name"] for asset in house.assets("video")) == [f"c{index}" for index in range(6)]
    assert sum(name.endswith(".mp4") for name in house.files("scanned")) == 6
    assert (house.files("raw"), house.visible("trash/invalid")) == ([], [])
    assert list((house.root / "scanned" / ".incoming").iterdir()) == []


def test_json_log_lines_parse(house: House) -> None:
    """With --log-json every line of the log is an object with the same facts (A11)."""
    footage.empty(house.place('video/tales/it\'s "a".mp4'))

    house.run("--log-json", "main", "--once")

    lines = [json.loads(line) for line in house.log().splitlines()]
    (refused,) = [line for line in lines if line["message"].startswith("Refused")]
    assert (refused["level"], refused["component"], refused["code"]) == ("WARN", "main_worker", "empty")
    assert 'it\'s "a".mp4' in refused["message"]
