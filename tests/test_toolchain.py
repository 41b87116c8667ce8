"""Which FFmpeg, which encoder: proven by encoding (A8). The doubles are small programs that say what they are told.

Where only the choice of a program matters a shell script is enough; what an encoder does on a device is played by
`fake_ffmpeg.py`, with the words of each vendor.
"""

import grp
import json
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests import fake_ffmpeg, footage
from videogen.cage import Walls
from videogen.doctor import Finding, Patient, encoding
from videogen.errors import ToolchainError
from videogen.model.profile import Encoder, EncoderName
from videogen.spool import Spool
from videogen.toolchain import (
    HARDWARE,
    PROOF_TTL_S,
    Conditions,
    Proofs,
    State,
    Toolchain,
    candidates,
    devices_of,
    find,
)

FAKE = """\
#!/bin/sh
for word in "$@"; do
    case "$word" in
        -version) echo "ffmpeg version {version} Copyright"; exit 0;;
        {works})
            for frame in 0 1 2 3 4 5 6 7 8 9; do echo "0, $frame, $frame, 1, 99, 0x00000000"; done
            exit 0;;
    esac
done
echo "no such encoder here" >&2
exit 1
"""


def program(path: Path, version: str, *works: str) -> Path:
    """Write a program that says it is an FFmpeg, with which only these encoders work."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FAKE.format(version=version, works="|".join(works) or "none"))
    path.chmod(0o755)
    return path


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the program that stands where the wheel's is looked for; nothing else is on the path but the shell."""
    path = tmp_path / "wheel" / "ffmpeg"
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'system'}")
    return path


def test_the_real_one_encodes_with_x264(ffmpeg_program: Path) -> None:
    """The FFmpeg that comes with the packages says its version and really encodes H.264 (A8)."""
    toolchain = Toolchain(ffmpeg_program)

    assert any(digit in toolchain.version for digit in "789")
    assert toolchain.trial("libx264").works
    assert toolchain.encoder("libx264") == "libx264"


def test_an_encoder_is_proven_not_listed(ffmpeg_program: Path) -> None:
    """An encoder that opens no device is found out with FFmpeg's own words, though it is compiled in (A8)."""
    listed = Toolchain(ffmpeg_program)._ffmpeg.ask(["-encoders"]).stdout
    trial = Toolchain(ffmpeg_program).trial("h264_vaapi", "/dev/dri/of-nobody")

    assert b" h264_vaapi " in listed
    assert trial.state == "absent"
    assert "of-nobody" in trial.said


def test_auto_takes_hardware_only_where_it_works(ffmpeg_program: Path) -> None:
    """On this machine `auto` is the first encoder whose trial worked, and each that did not says why (A8)."""
    toolchain = Toolchain(ffmpeg_program)

    works = [trial.encoder for trial in toolchain.trials if trial.works]

    assert list(dict.fromkeys(trial.encoder for trial in toolchain.trials)) == [*HARDWARE, "libx264"]
    assert toolchain.encoder("auto") == works[0]
    assert all(trial.said for trial in toolchain.trials if not trial.works)


@pytest.mark.parametrize(
    ("works", "chosen"),
    [
        (("libx264",), "libx264"),
        (("libx264", "h264_qsv"), "h264_qsv"),
        (("libx264", "h264_qsv", "h264_nvenc"), "h264_nvenc"),
        (("h264_amf", "h264_videotoolbox"), "h264_videotoolbox"),
    ],
)
def test_auto_prefers_in_order(tmp_path: Path, works: tuple[str, ...], chosen: str) -> None:
    """Of several encoders that work the first hardware one is taken, and libx264 where none is (A8)."""
    assert Toolchain(program(tmp_path / "ffmpeg", "9.1", *works)).encoder("auto") == chosen


def test_no_encoder_is_said_and_not_guessed(tmp_path: Path) -> None:
    """Where none works `auto` is refused, and one that was asked for by name is refused with what was said."""
    toolchain = Toolchain(program(tmp_path / "ffmpeg", "9.1"))

    with pytest.raises(ToolchainError, match=r"no H\.264 encoder that works"):
        toolchain.encoder("auto")
    with pytest.raises(ToolchainError, match=r"h264_qsv does not work here \(no such encoder here\)"):
        toolchain.encoder("h264_qsv")


def test_an_encoder_we_cannot_set_is_refused(ffmpeg_program: Path) -> None:
    """An encoder that works and whose settings we do not know is not taken, and is not even tried."""
    with pytest.raises(ToolchainError, match="mpeg4 is no encoder we know"):
        Toolchain(ffmpeg_program).encoder("mpeg4")


@pytest.mark.parametrize(
    "content",
    [
        None,  # not there
        "#!/bin/sh\nexit 3\n",
        "#!/bin/sh\necho a shell, no FFmpeg\n",
        "\x7fELF not for this machine",
    ],
)
def test_what_is_no_ffmpeg_is_refused(tmp_path: Path, content: str | None) -> None:
    """A program that is missing, fails, or is something else is refused by name with the setting to change."""
    path = tmp_path / "ffmpeg"
    if content is not None:
        path.write_text(content)
        path.chmod(0o755)

    with pytest.raises(ToolchainError) as caught:
        find(str(path))

    assert str(path) in caught.value.message
    assert "ffmpeg.path" in caught.value.remedy


def test_the_configured_one_wins(tmp_path: Path, wheel: Path) -> None:
    """A configured program is taken, by path or by name, though others would prove more."""
    program(wheel, "9.0", "libx264", "h264_nvenc")
    mine = program(tmp_path / "mine" / "ffmpeg", "4.4", "libx264")
    system = program(tmp_path / "system" / "ffmpeg-old", "3.0", "libx264")

    assert find(str(mine)).program == mine
    assert find("ffmpeg-old").program == system


@pytest.mark.parametrize(
    ("wheels", "systems", "chosen"),
    [
        (("libx264",), ("libx264",), "wheel"),
        (("libx264",), ("libx264", "h264_qsv"), "system"),
        (("libx264", "h264_nvenc"), ("libx264", "h264_qsv"), "wheel"),
        (("libx264", "h264_nvenc"), ("libx264",), "wheel"),
    ],
)
def test_a_system_ffmpeg_must_prove_more(
    tmp_path: Path, wheel: Path, wheels: tuple[str, ...], systems: tuple[str, ...], chosen: str
) -> None:
    """The wheel's FFmpeg is the rule; a system one is taken only where it proves hardware that the wheel's does not."""
    program(wheel, "9.0", *wheels)
    program(tmp_path / "system" / "ffmpeg", "5.1", *systems)

    assert find("").program.parent.name == chosen


def test_a_broken_one_is_passed_over(tmp_path: Path, wheel: Path) -> None:
    """A program of the wheel's that does not run here is no candidate; the system's is then the one."""
    wheel.parent.mkdir()
    wheel.write_text("#!/bin/sh\nexit 1\n")
    wheel.chmod(0o755)
    system = program(tmp_path / "system" / "ffmpeg", "5.1", "libx264")

    assert [one.program for one in candidates()] == [system]
    assert find("").version == "5.1"


def test_none_at_all_says_what_to_install(wheel: Path) -> None:
    """Without any FFmpeg the error says how to get one."""
    assert not wheel.exists()
    with pytest.raises(ToolchainError, match="imageio-ffmpeg"):
        find("")


def test_the_same_program_is_one_candidate(tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the wheel has no program of its own and finds the system's, that one is tried once."""
    system = program(tmp_path / "system" / "ffmpeg", "5.1", "libx264")
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(system))

    assert not wheel.exists()
    assert [one.program for one in candidates()] == [system]


# -- what an encoder does on a device ----------------------------------------------------------------------------------

VENDORS: tuple[EncoderName, ...] = HARDWARE


class Stage:
    """A fake FFmpeg in a folder, what its encoders do, and a list of the encodes it was asked for."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program = fake_ffmpeg.install(folder / "bin", footage.program())
        self.devices = folder / "dev"
        self.file = folder / "processing" / ".nodes" / ".proofs.here.json"
        self.file.parent.parent.mkdir()
        self._log = folder / "runs"
        self.walls = Walls(read=(fake_ffmpeg.__file__,), write=(str(folder),))
        self._monkeypatch = monkeypatch
        monkeypatch.setenv(fake_ffmpeg.RUNS_VARIABLE, str(self._log))

    def plays(self, rules: str) -> None:
        """Have encoders do from now on what these rules say."""
        self._monkeypatch.setenv(fake_ffmpeg.VARIABLE, rules)

    def device(self, name: str) -> str:
        """Put a device into the folder of devices."""
        path = self.devices / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return str(path)

    def toolchain(self, settings: Encoder | None = None, **proofs: Any) -> Toolchain:
        """Give the program as a process that starts now has it, with the proofs that were kept."""
        kept = Proofs(self.file, **{"boot": "this one"} | proofs)
        conditions = Conditions(settings or Encoder(), kept, self.devices, self.walls)
        return Toolchain(self.program, conditions)

    @property
    def encodes(self) -> list[list[str]]:
        """What was encoded, or tried to be, since this was asked the last time."""
        found = fake_ffmpeg.runs(self._log)
        self._log.unlink(missing_ok=True)
        return found


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Give an FFmpeg whose encoders are all absent, on a machine without devices."""
    made = Stage(tmp_path, monkeypatch)
    made.plays("")
    return made


@pytest.mark.parametrize("state", ["works", "busy", "absent"])
@pytest.mark.parametrize("encoder", VENDORS)
def test_each_encoder_has_three_ends(stage: Stage, encoder: EncoderName, state: State) -> None:
    """For each vendor an encoder that is taken is told from one that is not there, with FFmpeg's own words (A8)."""
    stage.plays(f"{encoder}={state}")

    trial = stage.toolchain().trial(encoder)

    assert (trial.encoder, trial.state) == (encoder, state)
    words = fake_ffmpeg.WORDS.get((encoder, state), (0, "", ""))[1]
    assert trial.said == words.partition("\n")[0]


@pytest.mark.parametrize("encoder", [*VENDORS, "libx264"])
def test_a_trial_asks_what_a_render_asks(stage: Stage, encoder: EncoderName) -> None:
    """A trial has every option that a render gives the encoder, set alike: drivers refuse by option."""
    stage.plays(f"{encoder}=works")
    settings = Encoder(name=encoder, quality=31, gop=77)

    assert stage.toolchain(settings).trial(encoder).works

    (argv,) = stage.encodes
    wanted = {(f"-{name}", str(value)) for name, value in settings.options().items()}
    assert wanted <= set(pairwise(argv))
    assert ("-g", "77") in wanted


def test_frames_that_do_not_come_out_are_no_proof(stage: Stage) -> None:
    """An encoder that ends well and loses a frame does not work."""
    stage.plays("h264_amf=short")

    trial = stage.toolchain().trial("h264_amf")

    assert (trial.state, trial.said) == ("absent", "of 10 frames 9 came out")


@pytest.mark.parametrize(
    ("encoder", "names", "found"),
    [
        ("h264_vaapi", ["dri/renderD129", "dri/renderD128", "dri/card0"], ["dri/renderD128", "dri/renderD129"]),
        ("h264_qsv", ["dri/renderD130"], ["dri/renderD130"]),  # its number is whatever the kernel gave it
        ("h264_nvenc", ["nvidia3", "nvidia7", "nvidiactl", "nvidia-uvm"], ["0", "1"]),  # CUDA counts what it may see
        ("h264_nvenc", ["nvidiactl"], [""]),  # the driver without a device: FFmpeg says what is wrong
        ("h264_vaapi", [], [""]),
        ("h264_amf", ["dri/renderD128"], [""]),  # FFmpeg has no word for AMF's devices
    ],
)
def test_devices_are_those_of_the_vendor(
    stage: Stage, encoder: EncoderName, names: list[str], found: list[str]
) -> None:
    """Each device an encoder may run on is found under the name FFmpeg has for it."""
    for name in names:
        stage.device(name)

    wanted = [str(stage.devices / one) if "/" in one else one for one in found]
    assert list(devices_of(encoder, stage.devices)) == wanted


def test_every_device_is_tried(stage: Stage) -> None:
    """Of two render nodes the one that works is chosen, with its path, and both are told."""
    broken, good = stage.device("dri/renderD128"), stage.device("dri/renderD129")
    stage.plays("h264_vaapi@renderD129=works")

    toolchain = stage.toolchain()

    assert toolchain.choose("auto") == toolchain.trial("h264_vaapi", good)
    assert toolchain.choose("h264_vaapi").device == good
    assert [(one.device, one.state) for one in toolchain.trials if one.encoder == "h264_vaapi"] == [
        (broken, "absent"),
        (good, "works"),
    ]


CHOICES: dict[str, tuple[str, str, str]] = {
    "the first that works": ("h264_qsv=works,h264_amf=works", "auto", "h264_qsv"),
    "one that works before one that is busy": ("h264_nvenc=busy,h264_vaapi=works", "auto", "h264_vaapi"),
    "busy before software": ("h264_nvenc=busy,h264_qsv=busy", "auto", "h264_nvenc"),
    "software where nothing is there": ("", "auto", "libx264"),
    "what was asked for": ("h264_nvenc=works,h264_vaapi=works", "h264_vaapi", "h264_vaapi"),
    "what was asked for, though busy": ("h264_nvenc=works,h264_vaapi=busy", "h264_vaapi", "h264_vaapi"),
    "software, asked for": ("h264_nvenc=works", "libx264", "libx264"),
}


@pytest.mark.parametrize("case", CHOICES)
def test_a_busy_device_counts_as_there(stage: Stage, case: str) -> None:
    """Hardware that works comes first, then what is busy, then software; what was asked for has to be there."""
    rules, wanted, chosen = CHOICES[case]
    stage.plays(rules)

    assert stage.toolchain().choose(wanted).title == chosen


def test_what_is_absent_is_refused_by_name(stage: Stage) -> None:
    """An encoder that was asked for and is not there is refused with FFmpeg's words, though another works."""
    stage.plays("h264_nvenc=works")

    with pytest.raises(ToolchainError, match=r"h264_amf does not work here \(.*libamfrt64\.so\.1 failed to open"):
        stage.toolchain().choose("h264_amf")


def test_the_system_ffmpeg_is_taken_for_its_device(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An FFmpeg on the path is taken where a device works with it and with the wheel's none does, and only then."""
    monkeypatch.setenv("PATH", str(stage.program.parent))
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(footage.program()))
    stage.plays("h264_vaapi=works")

    assert find("", "auto", Conditions(devices=stage.devices, walls=stage.walls)).program == stage.program
    assert find("", "h264_vaapi", Conditions(devices=stage.devices, walls=stage.walls)).program == stage.program
    assert find("", "h264_qsv", Conditions(devices=stage.devices, walls=stage.walls)).program == footage.program()


# -- proofs that are kept ----------------------------------------------------------------------------------------------


def test_a_start_with_proofs_tries_nothing(stage: Stage) -> None:
    """The second start on a host chooses the same, knows every encoder, and encodes nothing."""
    stage.plays("h264_qsv=works")
    first = stage.toolchain()
    chosen, trials = first.choose("auto"), first.trials
    assert len(stage.encodes) == len(HARDWARE) + 1  # each once, libx264 too

    again = stage.toolchain()

    assert (again.choose("auto"), again.trials) == (chosen, trials)
    assert stage.encodes == []


def test_a_choice_tries_no_more_than_it_needs(stage: Stage) -> None:
    """Where the first encoder works, the others are not tried for `auto`."""
    stage.plays(f"{HARDWARE[0]}=works")

    stage.toolchain().choose("auto")

    assert len(stage.encodes) == 1


def changed_program(stage: Stage) -> Toolchain:
    """Replace the program by one that says the same version."""
    with stage.program.open("a") as script:
        script.write("# as new\n")
    return stage.toolchain()


STALE: dict[str, Callable[[Stage], Toolchain]] = {
    "a day later": lambda stage: stage.toolchain(now_s=lambda: 1000.0 + PROOF_TTL_S),
    "another boot": lambda stage: stage.toolchain(boot="another"),
    "a clock that went back": lambda stage: stage.toolchain(now_s=lambda: 999.0),
    "another program": changed_program,
    "another quality": lambda stage: stage.toolchain(Encoder(quality=40), now_s=lambda: 1001.0),
    "a shorter life": lambda stage: stage.toolchain(now_s=lambda: 1061.0, ttl_s=60),
}


@pytest.mark.parametrize("why", STALE)
def test_a_stale_proof_is_made_again(stage: Stage, why: str) -> None:
    """What was proven on another boot, too long ago, by another program or with other options proves nothing now."""
    stage.plays("h264_qsv=works")
    assert stage.toolchain(now_s=lambda: 1000.0).trial("h264_qsv").works
    stage.plays("")
    assert stage.toolchain(now_s=lambda: 1001.0).trial("h264_qsv").works  # as it was proven

    assert STALE[why](stage).trial("h264_qsv").state == "absent"


def test_busy_is_asked_again(stage: Stage) -> None:
    """That a device is taken is not kept, in no process and in no file: the next to ask finds it free."""
    stage.plays("h264_nvenc=busy*2")
    toolchain = stage.toolchain()

    assert [toolchain.trial("h264_nvenc").state for _ in range(2)] == ["busy", "busy"]
    assert not stage.file.exists()
    assert toolchain.trial("h264_nvenc").works


def test_without_a_boot_nothing_is_written(stage: Stage) -> None:
    """Where the kernel does not say which boot it is, a process keeps what it proved to itself."""
    stage.plays("h264_qsv=works")
    toolchain = stage.toolchain(boot="")

    assert toolchain.trial("h264_qsv") == toolchain.trial("h264_qsv")

    assert len(stage.encodes) == 1
    assert not stage.file.exists()


BROKEN = {
    "nothing": b"",
    "half of it": b'{"boot": "this one", "proofs": {"a": {"enc',
    "no object": b"[]",
    "no proofs": b'{"boot": "this one"}',
    "proofs of another kind": b'{"boot": "this one", "proofs": {"a": 1}}',
    "an unknown end": b'{"boot": "this one", "proofs": {"a": {"encoder": "h264_qsv", "state": "perhaps", "said": "",'
    b' "device": "", "at_s": 1}}}',
    "no time": b'{"boot": "this one", "proofs": {"a": {"encoder": "h264_qsv", "state": "works", "said": "",'
    b' "device": "", "at_s": "soon"}}}',
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_of_proofs_is_written_anew(stage: Stage, what: str) -> None:
    """A file that is not what we wrote costs a trial, and is whole afterwards."""
    stage.file.parent.mkdir()
    stage.file.write_bytes(BROKEN[what])

    assert stage.toolchain().trial("h264_qsv").state == "absent"

    (row,) = json.loads(stage.file.read_bytes())["proofs"].values()
    assert (row["encoder"], row["state"]) == ("h264_qsv", "absent")


def test_proofs_that_cannot_be_kept_stop_nothing(stage: Stage) -> None:
    """Outside a spool, where no file can lie, an encoder is proven all the same, and no folder is made."""
    stage.plays("h264_qsv=works")
    stage.file.parent.parent.rmdir()

    assert stage.toolchain().choose("auto").encoder == "h264_qsv"
    assert not stage.file.parent.parent.exists()


# -- doctor ------------------------------------------------------------------------------------------------------------


def findings(stage: Stage, wanted: str = "auto") -> dict[str, Finding]:
    """Ask the doctor about encoders, in a folder that is no spool."""
    found = encoding.look(Patient(Spool(stage.file.parent.parent.parent), stage.toolchain, wanted))
    return {one.subject: one for one in found if one.subject.startswith("encoder")}


def test_doctor_tells_each_device(stage: Stage) -> None:
    """Doctor has a row for each encoder on each device, as it works, is taken or absent, and for the choice."""
    path = stage.device("dri/renderD128")
    stage.plays("h264_nvenc=busy,h264_vaapi=works")

    rows = findings(stage)

    assert list(rows) == [
        "encoder h264_nvenc",
        f"encoder h264_qsv on {path}",
        "encoder h264_videotoolbox",
        "encoder h264_amf",
        f"encoder h264_vaapi on {path}",
        "encoder libx264",
        "encoder chosen",
    ]
    busy, works, absent = (rows[f"encoder {one}"] for one in ("h264_nvenc", f"h264_vaapi on {path}", "h264_amf"))
    assert (busy.state, works.state, absent.state) == ("note", "good", "note")
    assert "no session free" in busy.found
    assert "out of memory (10)" in busy.found
    assert busy.remedy
    assert "libamfrt64.so.1 failed to open" in absent.found
    assert rows["encoder chosen"] == Finding("encoder chosen", "good", f"h264_vaapi on {path}", group="FFmpeg")


def test_doctor_tries_anew_and_keeps_it(stage: Stage) -> None:
    """Doctor believes no proof; what it finds is what the next start goes by."""
    stage.toolchain().choose("auto")
    stage.plays("h264_amf=works")
    assert stage.toolchain().choose("auto").encoder == "libx264"

    assert findings(stage)["encoder chosen"].found == "h264_amf"

    assert len(stage.encodes) > len(HARDWARE) + 1
    assert stage.toolchain().choose("auto").encoder == "h264_amf"
    assert stage.encodes == []


def test_doctor_refuses_what_is_not_there(stage: Stage) -> None:
    """An encoder that the settings ask for and that is absent is the one finding that is bad."""
    rows = findings(stage, "h264_nvenc")

    assert [one.subject for one in rows.values() if one.state == "bad"] == ["encoder chosen"]
    assert "libcuda.so.1" in rows["encoder chosen"].found


def test_doctor_names_the_group_of_a_device(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a device cannot be opened by this user, the remedy is the group it belongs to."""
    path = stage.device("dri/renderD128")
    access = os.access
    # Root, who runs tests too, may open everything.
    monkeypatch.setattr("os.access", lambda one, mode: str(one) != path and access(one, mode))

    rows = findings(stage)

    group = grp.getgrgid(Path(path).stat().st_gid).gr_name
    remedy = rows[f"encoder h264_vaapi on {path}"].remedy
    assert remedy.startswith(f"`usermod -aG {group} videogen`")
    assert path in remedy
    assert rows["encoder h264_amf"].remedy == ""
