"""Which FFmpeg, which encoder: proven by encoding. The doubles are small programs that say what they are told."""

from pathlib import Path

import pytest

from videogen.errors import ToolchainError
from videogen.toolchain import HARDWARE, Toolchain, candidates, find

FAKE = """\
#!/bin/sh
for word in "$@"; do
    case "$word" in
        -version) echo "ffmpeg version {version} Copyright"; exit 0;;
        {works}) exit 0;;
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
    """An encoder that cannot encode is found out with FFmpeg's own words, however it is called (A8)."""
    trial = Toolchain(ffmpeg_program).trial("h264_nothing")

    assert not trial.works
    assert "h264_nothing" in trial.said


def test_auto_takes_hardware_only_where_it_works(ffmpeg_program: Path) -> None:
    """On this machine `auto` is the first encoder whose trial worked, and each that did not says why (A8)."""
    toolchain = Toolchain(ffmpeg_program)

    works = [trial.encoder for trial in toolchain.trials if trial.works]

    assert [trial.encoder for trial in toolchain.trials] == [*HARDWARE, "libx264"]
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
    """An encoder that works and whose settings we do not know is not taken."""
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
