"""`videogen rebuild`: the same bytes from the manifest alone, or a plain word on why not (A16)."""

import json
import shutil
from pathlib import Path

import pytest

from tests.provenance.conftest import VOICES_S, Archive
from tests.provenance.test_manifest import version_1
from videogen import durable
from videogen.catalog import logo_of


def video(archive: Archive, story: str) -> Path:
    """Name the published file of a story."""
    return archive.root / "output" / archive.manifests()[story].task.task_id / "final.mp4"


def state(folder: Path) -> dict[str, str]:
    """Give what lies below a folder, byte for byte."""
    return {str(path.relative_to(folder)): durable.digest(path) for path in folder.rglob("*") if path.is_file()}


def test_ten_videos_are_made_again_byte_by_byte(own: Archive) -> None:
    """With an empty store, without side files, index or the operator's logo, each of ten comes out as it was."""
    own.empty_store()
    for side in (own.root / "scanned").rglob("*.json"):
        side.unlink()
    (own.root / "scanned/.index.sqlite").unlink(missing_ok=True)
    before = state(own.root / "output")

    told = [own.told("rebuild", one.task.task_id, "--compare") for one in own.manifests().values()]

    assert len(told) == len(VOICES_S)
    assert [one["is_byte_equal"] for one in told] == [True] * len(VOICES_S)
    assert [(one["differences"], one["expected_differences"]) for one in told] == [([], [])] * len(VOICES_S)
    assert told[0]["frames_encoded"] > 0
    assert any(one["frames_encoded"] < one["frames"] for one in told), "what one had encoded, another copied"
    assert state(own.root / "output") == before
    assert not (own.root / "processing/.rebuild").exists()


def test_fresh_encodes_all_of_it_and_leaves_the_store(own: Archive) -> None:
    """--fresh takes nothing from the store and puts nothing there; the bytes are the same."""
    task_id = own.manifests()["s6"].task.task_id
    before = state(own.root / "scanned/.segments")
    out = own.root / "again.mp4"

    told = own.told("rebuild", task_id[:8], "--fresh", "-o", str(out))

    assert told["is_byte_equal"]
    assert told["frames_encoded"] >= own.manifests()["s6"].frames
    assert out.read_bytes() == video(own, "s6").read_bytes()
    assert state(own.root / "scanned/.segments") == before
    assert own.say("rebuild", task_id, "-o", str(out)).status == 65, "a file is there already"


def test_todays_settings_do_not_matter(own: Archive) -> None:
    """The settings of then are in the manifest: other ones of today change no byte."""
    own.house.set_up(resolution="64x36", preset="veryfast")

    told = own.told("rebuild", own.manifests()["s1"].task.task_id, "--fresh")

    assert (told["is_byte_equal"], told["expected_differences"]) == (True, [])


def test_damaged_video_is_mended_with_its_own_bytes(own: Archive) -> None:
    """What lies in output/ and was damaged is told, and replaced on request by the very bytes that were published."""
    damaged = video(own, "s2")
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-5000] + bytes(5000))

    page = own.say("provenance", damaged.parent.name, "--verify")
    seen = own.say("rebuild", damaged.parent.name, "--compare")
    mended = own.say("rebuild", str(damaged), "-o", str(damaged), "--force")

    assert (page.status, seen.status, mended.status) == (65, 65, 0), seen.err + mended.err
    assert f"videogen rebuild output/{damaged.parent.name} -o {damaged} --force" in page.out
    assert "byte-equal" in seen.out
    assert "is not what was published any more" in seen.out
    assert damaged.read_bytes() == whole


def changed(archive: Archive, story: str, **change: object) -> Path:
    """Change a manifest, as if the video had been made otherwise."""
    paper = video(archive, story).with_name("manifest.json")
    paper.write_text(json.dumps(json.loads(paper.read_text()) | change))
    return paper


def test_another_toolchain_is_said_before_work_begins(own: Archive) -> None:
    """Where FFmpeg or what planned it is another, that is said plainly, and the verdict is what came of it."""
    paper = changed(own, "s1", toolchain="n0.1")
    own.say("rebuild", paper.parent.name)
    changed(own, "s3", sound_key="0" * 64)

    said = own.say("rebuild", paper.parent.name)
    sound = own.say("rebuild", video(own, "s3").parent.name)

    assert "it was made by FFmpeg n0.1, here is " in said.err
    assert "the same bytes cannot be promised" in said.err
    assert "mixed its sound by another command" in sound.err
    assert (said.status, sound.status) == (0, 0), "the bytes came out the same all the same"


def test_other_bytes_are_said_with_their_place(own: Archive) -> None:
    """A video that comes out otherwise is 65 and says from which second on, and never gets into output/."""
    paper = video(own, "s5").with_name("manifest.json")
    told = json.loads(paper.read_text())
    told["profile"]["encoder"]["quality"] = 40
    told["task"]["voice_gain"] = "1/2"
    paper.write_text(json.dumps(told))
    before = state(own.root / "output")

    said = own.say("rebuild", paper.parent.name, "--compare")
    into = own.say("rebuild", paper.parent.name, "-o", str(paper.with_name("final.mp4")), "--force")

    assert (said.status, into.status) == (65, 65)
    assert "NOT the same bytes" in said.out
    assert "planned other segments for it" in said.err
    assert "the picture is another from 0.000 s on" in said.out
    assert "the sound is another from " in said.out
    assert "what was made again is not what was published" in into.err
    assert state(own.root / "output") == before


def test_each_missing_and_changed_file_is_named(own: Archive) -> None:
    """One sentence names every file that is gone and every one that has other bytes; nothing is left behind."""
    manifest = own.manifests()["s8"]
    red, green = own.library("red.mp4"), own.library("green.mp4")
    used = {clip.path for clip in manifest.task.inputs.clips}
    assert {str(red.relative_to(own.root)), str(green.relative_to(own.root))} <= used
    red.unlink()
    green.write_bytes(green.read_bytes() + b"x")
    logo_of(own.root, str(manifest.task.inputs.logo and manifest.task.inputs.logo.sha256)).unlink()

    said = own.say("rebuild", manifest.task.task_id, "--fresh")

    assert said.status == 65
    last = said.err.strip().splitlines()[-1]
    assert last.startswith("videogen: the video cannot be made again: ")
    for words in (f"{red.name} cannot be read", f"{green.name} is not the file", "logo.png cannot be read"):
        assert words in last
    assert f"{red.relative_to(own.root)} (dropped as raw/video/tales/red.mp4) is gone" in said.err
    assert not (own.root / "processing/.rebuild").exists()


def test_version_1_is_made_again(own: Archive) -> None:
    """A manifest of the first version is enough where the settings are as they were, and says it where they are not."""
    manifest = own.manifests()["s1"]
    paper = video(own, "s1").with_name("manifest.json")
    paper.write_text(version_1(manifest))

    same = own.told("rebuild", paper.parent.name)
    own.house.set_up(resolution="96x54", preset="veryfast")
    other = own.say("rebuild", paper.parent.name)

    assert same["is_byte_equal"]
    assert other.status == 65
    assert "its manifest is of version 1, which does not tell the settings" in other.err


def test_what_a_killed_rebuild_left_goes(own: Archive) -> None:
    """Its folder is emptied by the next one, which is the only one at a time."""
    left = own.root / "processing/.rebuild/old"
    left.mkdir(parents=True)
    shutil.copy(video(own, "s0"), left)

    assert own.told("rebuild", own.manifests()["s0"].task.task_id)["is_byte_equal"]
    assert not left.exists()


@pytest.mark.parametrize("wanted", ["", "nobody", "output/nobody/final.mp4"])
def test_unknown_video_is_65(archive: Archive, wanted: str) -> None:
    """A word that names no video is the caller's mistake, in one sentence."""
    for verb in ("rebuild", "provenance"):
        told = archive.say(verb, wanted)
        assert (told.status, told.out) == (65, "")
        assert told.err.startswith(f"videogen: no video begins with {wanted!r}. ")


def test_beginning_of_two_videos_is_65(own: Archive) -> None:
    """A beginning that two ids have names neither; the whole id of one does."""
    whole = own.manifests()["s0"].task.task_id
    shutil.copytree(own.root / "output" / whole, own.root / "output" / f"{whole[:-1]}~")

    assert "2 videos begin with" in own.say("provenance", whole[:-1]).err
    assert own.say("provenance", whole).status == 0
