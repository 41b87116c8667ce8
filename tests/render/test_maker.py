"""Videos made of a plan: nothing is encoded twice, and neither damage, eviction nor a kill changes a byte of them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests import footage
from tests.render.studio import STORE, House, frames_of, samples_in
from videogen.errors import MediaError, Stopped
from videogen.ffmpeg import FFmpeg
from videogen.model.timeline import Timeline
from videogen.render.survey import survey
from videogen.render.video import Done

ROOT = Path(__file__).parents[2]

UsualOf = Callable[..., tuple[House, Done]]


def mp4s(house: House) -> list[Path]:
    """Give the entries of a store, the largest first."""
    found = (house.folder / STORE).rglob("*.mp4")
    return sorted(found, key=lambda path: path.stat().st_size, reverse=True)


def test_a_warm_video_has_the_bytes_of_the_cold_one(warm_house: House, usual: UsualOf, timeline: Timeline) -> None:
    """The second time not one frame is encoded, and the file is the same, byte for byte."""
    cold = usual()[1]

    warm = warm_house.render(timeline)

    assert warm.sha256 == cold.sha256
    assert (warm.frames_encoded, set(warm.segments.values())) == (0, {"reused"})
    assert (cold.damaged, warm.damaged, cold.fallback, warm.fallback) == (0, 0, "", "")
    assert cold.frames_encoded < timeline.length * 1.3, "no chunk is encoded beyond what the timeline asks for"


def test_a_video_is_what_its_timeline_says(usual: UsualOf, timeline: Timeline) -> None:
    """As many frames and samples as planned, and the decoder says nothing."""
    done = usual()[1]

    assert len(frames_of(done.video)) == timeline.length == done.proof.frames
    assert samples_in(done.video) == timeline.length * 1920 == done.proof.samples


def test_two_stores_give_the_same_bytes(house: House, usual: UsualOf, timeline: Timeline) -> None:
    """What a store held before, and in which order it was filled, is not to be seen in a video."""
    backwards = Timeline(canvas=timeline.canvas, picture=timeline.picture[:1:-1], is_mute=True)
    house.render(backwards, "first")

    done = house.render(timeline)

    assert done.sha256 == usual()[1].sha256
    assert 0 < done.frames_encoded < usual()[1].frames_encoded


# -- damage ------------------------------------------------------------------------------------------------------------


def _flip_in_the_middle(raw: bytes) -> bytes:
    middle = len(raw) // 2
    return raw[:middle] + bytes([raw[middle] ^ 0x10]) + raw[middle + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit": _flip_in_the_middle,
    "cut short": lambda raw: raw[:-100],
    "zeros at its beginning": lambda raw: bytes(400) + raw[400:],
    "zeros at its end": lambda raw: raw[:-400] + bytes(400),
    "empty": lambda _: b"",
}


def damage(path: Path, how: Callable[[bytes], bytes]) -> None:
    """Change a published file as a failing disk does: beside every rule."""
    path.chmod(0o600)
    path.write_bytes(how(path.read_bytes()))


@pytest.mark.parametrize("place", [0, -1], ids=["largest", "smallest"])
@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_segment_is_made_again(
    warm_house: House, usual: UsualOf, timeline: Timeline, name: str, place: int
) -> None:
    """A segment or a bridge that is not what it was is dropped, counted and encoded anew; the video is the same."""
    broken = mp4s(warm_house)[place]
    damage(broken, DAMAGES[name])

    mended = warm_house.render(timeline)

    assert mended.sha256 == usual()[1].sha256
    assert [key for key, how in mended.segments.items() if how == "encoded"] == [broken.stem]
    assert warm_house.store.damaged == 1
    assert warm_house.store.verify() == (len(mended.segments), [])


def test_a_store_damaged_throughout_is_mended(warm_house: House, usual: UsualOf, timeline: Timeline) -> None:
    """Where every segment is damaged each is made again, once, and the video is the same."""
    cold = usual()[1]
    entries = mp4s(warm_house)
    for path in entries:
        damage(path, _flip_in_the_middle)

    mended = warm_house.render(timeline)

    assert mended.sha256 == cold.sha256
    assert (mended.damaged, warm_house.store.damaged) == (len(entries), len(entries))
    assert mended.frames_encoded == cold.frames_encoded


# -- headers -----------------------------------------------------------------------------------------------------------


def publish_foreign(house: House, timeline: Timeline, place: int) -> str:
    """Put a segment of other headers under the key of one that a timeline needs; give the key."""
    plan = house.plan(timeline)
    segment = plan.segments[place]
    path = house.folder / "foreign.mp4"
    argv = [house.shelf.argument(word, f"file:{path}") for word in segment.argv]
    argv[argv.index(house.encoder.preset)] = "medium"
    FFmpeg(footage.program()).run(argv, log=house.folder / "log")
    house.store.publish(path, survey(path, segment, plan.profile))
    return segment.name.key


@pytest.mark.parametrize("place", [0, 2], ids=["first", "in-the-middle"])
def test_a_segment_of_other_headers_is_made_again(house: House, usual: UsualOf, timeline: Timeline, place: int) -> None:
    """Whoever put it there, a segment that cannot be joined to the others is replaced; the video is the usual one."""
    key = publish_foreign(house, timeline, place)

    done = house.render(timeline)

    assert (done.sha256, done.fallback, done.damaged) == (usual()[1].sha256, "", 1)
    assert done.segments[key] == "encoded"


def script(path: Path, body: str) -> Path:
    """Write a program that stands for FFmpeg and does `body` to its `words` first."""
    real = str(footage.program())
    path.write_text(
        f"#!{sys.executable}\nimport os, sys, pathlib\nwords, own = sys.argv[1:], pathlib.Path(__file__)\n"
        f"{body}\nos.execv({real!r}, [{real!r}, *words])\n"
    )
    path.chmod(0o700)
    return path


UNLIKE = """
if any("trim=end_pts=100:start_pts=50" in word for word in words):
    words[words.index("ultrafast")] = "medium"
"""


def test_what_cannot_be_joined_is_encoded_in_one_piece(house: House, timeline: Timeline) -> None:
    """Where an encoder's headers differ though its settings do not, one encode of everything is told and right."""
    program = script(house.folder / "unlike", UNLIKE)

    done = house.maker(program=program).make(house.plan(timeline), house.shop(timeline))

    assert "headers" in done.fallback
    assert len(frames_of(done.video)) == timeline.length
    assert samples_in(done.video) == timeline.length * 1920
    assert len(done.segments) == 1


# -- sound -------------------------------------------------------------------------------------------------------------

FORGETFUL = """
if "aac" in words and not own.with_suffix(".once").exists():
    own.with_suffix(".once").touch()
    sys.exit("Cannot allocate memory")
"""
DEAF = """
if "aac" in words:
    sys.exit("Error while decoding stream #0:0: Invalid data found when processing input")
"""


def test_a_sound_that_failed_in_passing_is_made_again(warm_house: House, usual: UsualOf, timeline: Timeline) -> None:
    """The stitch that waited for it waits for the second try, and the video is the usual one."""
    program = script(warm_house.folder / "forgetful", FORGETFUL)

    done = warm_house.maker(program=program).make(warm_house.plan(timeline), warm_house.shop(timeline))

    assert done.sha256 == usual()[1].sha256


def test_a_sound_that_fails_for_good_ends_the_render(warm_house: House, timeline: Timeline) -> None:
    """The stitch beside it does not wait for ever; what FFmpeg said is the failure, and no video is left."""
    program = script(warm_house.folder / "deaf", DEAF)
    shop = warm_house.shop(timeline)

    with pytest.raises(MediaError, match="could not be decoded"):
        warm_house.maker(program=program).make(warm_house.plan(timeline), shop)

    assert not (shop.scratch / "final.mp4").exists()


# -- eviction, stops and kills -----------------------------------------------------------------------------------------


@contextmanager
def again_and_again(act: Callable[[], object], pause_s: float) -> Iterator[list[int]]:
    """Do something all the time, until the block ends; the list's length is how often it was done."""
    ended, times = Event(), list[int]()

    def work() -> None:
        while not ended.wait(pause_s):
            act()
            times.append(1)

    thread = Thread(target=work)
    thread.start()
    try:
        yield times
    finally:
        ended.set()
        thread.join()


def test_eviction_during_a_render_hurts_nothing(warm_house: House, usual: UsualOf, timeline: Timeline) -> None:
    """Old entries are taken out while a video is made of them: it comes out the same, whatever had to be encoded."""
    for side in (warm_house.folder / STORE).rglob("*.json"):
        os.utime(side, (1, 1))

    with again_and_again(lambda: warm_house.store.evict(0), 0.0) as times:
        done = warm_house.render(timeline)

    assert (done.sha256, done.damaged, warm_house.store.damaged) == (usual()[1].sha256, 0, 0)
    assert times


def test_a_cleared_store_hurts_no_render(house: House, usual: UsualOf, timeline: Timeline) -> None:
    """Even if all is taken out, however new, what is pinned stays readable to the end."""
    with again_and_again(house.store.clear, 0.02) as times:
        done = house.render(timeline)

    assert (done.sha256, done.damaged) == (usual()[1].sha256, 0)
    assert times


def test_a_stopped_render_leaves_what_it_finished(house: House, usual: UsualOf, timeline: Timeline) -> None:
    """A stop ends it soon, with the right word; the next time nothing finished is encoded again."""
    stop = Event()
    plan = house.plan(timeline, 1)

    with again_and_again(lambda: stop.set() if mp4s(house) else None, 0.001), pytest.raises(Stopped):
        house.maker(stop).make(plan, house.shop(timeline))
    finished = {path.stem for path in mp4s(house)}
    done = house.render(timeline, segment_s=1)

    assert finished
    assert done.sha256 == usual(1)[1].sha256
    assert {done.segments[key] for key in finished} == {"reused"}


def live(house: House, timeline: Timeline, name: str) -> "subprocess.Popen[str]":
    """Begin a process that makes the video in a folder of its own, out of the house's store."""
    files = [house.shelf.files[asset] for asset in timeline.assets()]
    own = house.folder / name
    own.mkdir(exist_ok=True)
    argv = [sys.executable, "-m", "tests.render.life", house.folder / STORE, own, *files]
    return subprocess.Popen([str(one) for one in argv], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def told(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """Wait for a life to end well and give what it came to."""
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    return answer


@pytest.mark.parametrize("survivors", [1, 9])
def test_a_killed_render_is_taken_up_where_it_was(
    house: House, usual: UsualOf, timeline: Timeline, survivors: int
) -> None:
    """After kill -9 in the middle, a second life gives the same bytes and encodes nothing that was finished."""

    first = live(house, timeline, "life")
    until = time.monotonic() + 30
    while len(list((house.folder / STORE).rglob("*.json"))) < survivors and time.monotonic() < until:
        time.sleep(0.001)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    finished = {path.stem for path in (house.folder / STORE).rglob("*.json")}
    second = told(live(house, timeline, "life"))

    assert first.returncode == -signal.SIGKILL
    assert second["sha256"] == usual(1)[1].sha256
    assert len(finished) >= survivors
    assert finished.isdisjoint(second["encoded"])
    assert len(finished) + len(second["encoded"]) == len(usual(1)[1].segments)


def test_two_processes_encode_each_segment_once(house: House, usual: UsualOf, timeline: Timeline) -> None:
    """Two videos that share all their clips, made at once by two processes, cost the encodes of one."""

    lives = [live(house, timeline, name) for name in ("one", "two")]
    one, two = (told(life) for life in lives)

    assert one["sha256"] == two["sha256"] == usual(1)[1].sha256
    assert set(one["encoded"]).isdisjoint(two["encoded"])
    assert one["frames"] + two["frames"] == usual(1)[1].frames_encoded
