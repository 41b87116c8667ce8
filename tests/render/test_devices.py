"""Renders on a device (A8): one that is taken is waited for, one that is gone is done without, and files never mix."""

from fractions import Fraction
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from tests import fake_ffmpeg, footage
from tests.render.studio import PLENTY, QUICK, House, canvas, clip, mute
from videogen import durable
from videogen.cage import Limits, Walls
from videogen.complaints import ENCODER_ABSENT, verdict
from videogen.errors import (
    ConfigError,
    Defect,
    EncoderBusy,
    MediaError,
    NoSpace,
    Stalled,
    Stopped,
    TemporaryError,
    ToolchainError,
    VideogenError,
)
from videogen.ffmpeg import FFmpeg
from videogen.model.profile import EncoderName
from videogen.model.timeline import Timeline
from videogen.plan import compile_plan
from videogen.render.bench import Bench, is_device_trouble
from videogen.render.executor import Executor
from videogen.render.sessions import Device, Sessions
from videogen.render.video import Done, Tools, Video


class Floor:
    """A house whose FFmpeg is a fake one, and the bench of a machine with a device."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house = house
        self.program = fake_ffmpeg.install(house.folder / "bin", footage.program())
        self.log = house.folder / "runs"
        self.walls = Walls(read=(fake_ffmpeg.__file__,), write=(str(house.folder),))
        self._monkeypatch = monkeypatch
        monkeypatch.setenv(fake_ffmpeg.RUNS_VARIABLE, str(self.log))

    def plays(self, rules: str) -> None:
        """Have encoders do from now on what these rules say."""
        self._monkeypatch.setenv(fake_ffmpeg.VARIABLE, rules)

    def bench(self, encoder: EncoderName, device: str = "") -> Bench:
        """Give the bench of a node on this machine, whose device has one session."""
        settings = QUICK.model_copy(update={"name": encoder})
        sessions = Sessions.of(self.house.folder / "sessions", settings, device, 1)
        return Bench(self.program, "the wheel's", settings, device=Device(device, sessions), walls=self.walls)

    def render(self, timeline: Timeline, bench: Bench, retries: int = 0) -> Done:
        """Make the video of a timeline as a node with that bench does."""
        on = timeline.canvas
        plan = compile_plan(timeline, self.house.shelf.media, bench.profile(on), segment_s=Fraction(2))
        shop = self.house.shop(timeline, f"task-{bench.encoder.name}")
        for folder in (shop.scratch, shop.pins):
            durable.make_folder(folder)
        tools = Tools(FFmpeg(bench.program, Limits(walls=self.walls)), self.house.store, device=bench.device)
        video = Video(tools, plan, shop, lambda _: None)
        return video.done(Executor(PLENTY, Event(), retries=retries).run(plan.steps, video.do))

    def encoders(self) -> list[str]:
        """Give the encoder of each encode so far."""
        return [fake_ffmpeg.after(argv, "-c:v") for argv in fake_ffmpeg.runs(self.log)]


@pytest.fixture
def floor(house: House, monkeypatch: pytest.MonkeyPatch) -> Floor:
    """Give a machine whose encoders are all absent."""
    made = Floor(house, monkeypatch)
    made.plays("")
    return made


@pytest.fixture
def second(film: str) -> Timeline:
    """A second of film, without a sound: one segment, and the bridge at its end."""
    return mute(canvas(), clip(film, 0, 25))


@pytest.mark.parametrize(
    ("encoder", "device", "words"),
    [
        ("h264_vaapi", "/dev/dri/renderD133", ["-vaapi_device", "/dev/dri/renderD133"]),
        ("h264_qsv", "/dev/dri/renderD133", ["-qsv_device", "/dev/dri/renderD133"]),
        ("h264_nvenc", "1", ["-gpu", "1"]),
        ("h264_amf", "", []),
        ("h264_videotoolbox", "", []),
    ],
)
def test_a_device_makes_the_video(
    floor: Floor, second: Timeline, encoder: EncoderName, device: str, words: list[str]
) -> None:
    """The commands of a plan are taken by each vendor's encoder, and run on the device that was chosen."""
    floor.plays(f"{encoder}=works")

    done = floor.render(second, floor.bench(encoder, device))

    assert done.proof.frames == 25
    for argv in fake_ffmpeg.runs(floor.log):
        assert set(words) <= set(argv)
    assert set(floor.encoders()) == {encoder}


def test_segments_are_of_no_device(floor: Floor, second: Timeline) -> None:
    """What one render node encoded is found by a render on another one: nothing is encoded twice (A13)."""
    floor.plays("h264_vaapi=works")
    floor.render(second, floor.bench("h264_vaapi", "/dev/dri/renderD128"))
    before = len(floor.encoders())

    done = floor.render(second, floor.bench("h264_vaapi", "/dev/dri/renderD129"))

    assert len(floor.encoders()) == before
    assert done.frames_encoded == 0


def test_a_session_is_waited_for(floor: Floor, second: Timeline) -> None:
    """While another process holds the device's last session no FFmpeg starts; then the same render comes to its end."""
    floor.plays("h264_nvenc=works")
    bench, made = floor.bench("h264_nvenc"), list[Done]()
    assert bench.device.sessions is not None
    thread = Thread(target=lambda: made.append(floor.render(second, bench)))

    with bench.device.sessions.one() as is_ours:
        assert is_ours
        thread.start()
        sleep(0.5)
        assert (floor.encoders(), made) == ([], [])
    thread.join(20)

    assert [done.proof.frames for done in made] == [25]


def test_software_waits_for_no_session(floor: Floor, second: Timeline) -> None:
    """A render without a device is done while every session is taken."""
    bench = floor.bench("h264_nvenc")
    assert bench.device.sessions is not None

    with bench.device.sessions.one():
        assert floor.render(second, bench.in_software()).proof.frames == 25


def test_a_busy_device_is_tried_again(floor: Floor, second: Timeline) -> None:
    """A session that other programs hold for a moment costs a second, not the task."""
    floor.plays("h264_nvenc=busy*1")
    began = monotonic()

    assert floor.render(second, floor.bench("h264_nvenc"), retries=1).proof.frames == 25
    assert monotonic() - began > 1


TROUBLES: dict[str, tuple[str, type[VideogenError], str]] = {
    "busy in all its tries": ("h264_vaapi=busy", EncoderBusy, "encoder-busy"),
    "gone since it was proven": ("", ToolchainError, ENCODER_ABSENT),
    "loses a frame": ("h264_vaapi=short", Defect, "segment-wrong"),
}


@pytest.mark.parametrize("case", TROUBLES)
def test_a_video_is_made_without_its_device(floor: Floor, second: Timeline, case: str) -> None:
    """Where the device fails for good, the same bench in software makes the video, of software's segments alone."""
    rules, family, word = TROUBLES[case]
    bench = floor.bench("h264_vaapi")
    floor.plays(rules)

    with pytest.raises(VideogenError) as caught:
        floor.render(second, bench)
    assert (type(caught.value), caught.value.word) == (family, word)
    assert is_device_trouble(caught.value, bench.profile(second.canvas))
    done = floor.render(second, bench.in_software())

    assert done.proof.frames == 25
    assert floor.encoders()[-1] == "libx264"


def test_files_of_two_encoders_share_no_segment(floor: Floor, second: Timeline) -> None:
    """A store full of a device's segments has none for the same video in software: one file never mixes them."""
    floor.plays("h264_amf=works")
    bench = floor.bench("h264_amf")
    on_device = floor.render(second, bench)

    in_software = floor.render(second, bench.in_software())

    assert set(on_device.segments).isdisjoint(in_software.segments)
    assert set(in_software.segments.values()) == {"encoded"}


def test_software_is_the_same_bench(tmp_path: Path) -> None:
    """Without its device a bench keeps every other setting, so its segments are those of any node without one."""
    bench = Bench(tmp_path, "9.0", QUICK.model_copy(update={"name": "h264_qsv"}), audio_kbps=96, stall_s=7)
    bench = Bench(**(vars(bench) | {"device": Device("x", Sessions(tmp_path))}))

    software = bench.in_software()

    assert software == Bench(tmp_path, "9.0", QUICK, audio_kbps=96, stall_s=7)
    assert software.profile(canvas()).encoder == QUICK


def refused(family: type[VideogenError], **more: object) -> VideogenError:
    """Give an error of a family."""
    return family("it failed", remedy="Wait.", **more)  # type: ignore[arg-type]


ERRORS: dict[str, tuple[VideogenError, bool]] = {
    "no session": (refused(EncoderBusy), True),
    "hung": (refused(Stalled), True),
    "no device": (refused(ToolchainError, code=ENCODER_ABSENT), True),
    "an option the driver does not take": (verdict(234, "Invalid argument", ["ffmpeg"]), True),
    "words nobody knows": (verdict(1, "the moon is in the wrong house", ["ffmpeg"]), True),
    "a segment that is wrong": (refused(Defect, code="segment-wrong"), True),
    "no FFmpeg": (refused(ToolchainError), False),  # software has the same one
    "another setting": (refused(ConfigError), False),
    "a clip that cannot be decoded": (verdict(1, "Invalid data found when processing input", ["ffmpeg"]), False),
    "a clip that is gone": (refused(MediaError), False),
    "a full disk": (refused(NoSpace), False),
    "memory": (verdict(244, "Cannot allocate memory", ["ffmpeg"]), False),
    "killed": (verdict(-9, "", ["ffmpeg"]), False),
    "stopped": (refused(Stopped), False),
    "a store that breaks": (refused(Defect, code="store-broken"), False),
    "another passing failure": (refused(TemporaryError), False),
}


@pytest.mark.parametrize("case", ERRORS)
def test_only_the_device_is_done_without(tmp_path: Path, case: str) -> None:
    """What software would not mend is no trouble of the device, and without a device nothing is."""
    error, is_trouble = ERRORS[case]
    bench = Bench(tmp_path, "9.0", QUICK.model_copy(update={"name": "h264_nvenc"}))

    assert is_device_trouble(error, bench.profile(canvas())) is is_trouble
    assert not is_device_trouble(error, bench.in_software().profile(canvas()))
