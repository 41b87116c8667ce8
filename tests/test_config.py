"""Settings: defaults, then the file, then the environment; what is wrong is named in one sentence."""

import os
from pathlib import Path

import pytest

from videogen.config import FILE_NAME, Settings, load, rows
from videogen.errors import ConfigError


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root without a file, in an environment without settings."""
    for name in os.environ:
        if name.upper().startswith("VIDEOGEN_"):
            monkeypatch.delenv(name)
    return tmp_path


def written(root: Path, text: str) -> Settings:
    """Write the file and read the settings."""
    (root / FILE_NAME).write_text(text, encoding="utf-8")
    return load(root)


def test_defaults_need_no_file(root: Path) -> None:
    """Without a file every setting is its default, and the defaults are those of the hierarchy's users (A7)."""
    listed = rows(load(root))

    assert [row["name"] for row in listed if row["value"] != row["default"]] == []
    values = {row["name"]: row["value"] for row in listed}
    assert values["render.resolution"] == "3840x2160"
    assert values["render.frame_rate"] == "30"
    assert values["render.music_gain"] == 0.25
    assert values["render.voice_gain"] == 1.0
    assert values["crawl.max_words"] == 10_000


@pytest.mark.parametrize("row", rows(Settings.model_construct()), ids=lambda row: str(row["name"]))
def test_every_setting_says_what_it_means(row: dict[str, object]) -> None:
    """Each setting has a sentence, and a number's sentence begins with its unit or says what the number counts."""
    about = str(row["about"])

    assert about.endswith(".")
    assert "|" not in about  # it stands in a table of README
    if isinstance(row["default"], float) and str(row["name"]).endswith("_s"):
        assert about.startswith("s;")
    if isinstance(row["default"], int | float) and not isinstance(row["default"], bool):
        first = about.split(maxsplit=1)[0].strip(";,")
        assert first in {"s", "GB", "LUFS", "dBTP", "LU", "linear", "kbit/s", "words", "days", "frames", "threads"} | {
            "quality",
            "encodes",
            "files",
            "videos",
            "priority",
            "levels",
            "share",
            "dB",
        }


def test_the_file_goes_over_the_default_and_the_environment_over_the_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defaults < videogen.toml < VIDEOGEN_*, setting by setting within one table."""
    monkeypatch.setenv("VIDEOGEN_RENDER__CRF", "31")

    render = written(root, '[render]\ncrf = 20\npreset = "slow"\n').render

    assert (render.crf, render.preset, render.gop) == (31, "slow", 250)


def test_a_list_can_stand_in_file_and_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting of several words is a TOML array in the file and a JSON array in the environment."""
    assert written(root, '[crawl]\nallowed_hosts = ["a", "b:81"]\n').crawl.allowed_hosts == ("a", "b:81")

    monkeypatch.setenv("VIDEOGEN_CRAWL__ALLOWED_HOSTS", '["c"]')

    assert load(root).crawl.allowed_hosts == ("c",)


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("[render]\ncrf = 52\n", "render.crf", "51"),
        ("[render]\ncrf = 2.5\n", "render.crf", "integer"),
        ('[render]\ncrf = "good"\n', "render.crf", "integer"),
        ('[render]\nresolution = "1080p"\n', "render.resolution", "3840x2160"),
        ('[render]\nresolution = "1921x1080"\n', "render.resolution", "even"),
        ('[render]\nframe_rate = "fast"\n', "render.frame_rate", "30000/1001"),
        ('[render]\nframe_rate = "0"\n', "render.frame_rate", "1 to 240"),
        ('[render]\nencoder = "h265"\n', "render.encoder", "h264_nvenc"),
        ('[render]\npreset = "quick"\n', "render.preset", "medium"),
        ("[render]\nmusic_gain = -1\n", "render.music_gain", "0"),
        ("[render]\nmusic_gain = nan\n", "render.music_gain", "finite"),
        ("[scan]\nquiet_s = -0.1\n", "scan.quiet_s", "0"),
        ("[scan]\nrescan_s = 0\n", "scan.rescan_s", "greater than 0"),
        ('[assemble]\ncategory = "any"\n', "assemble.category", "only"),
        ("[audio]\nmusic_lufs = 0\n", "audio.music_lufs", "-5"),
        ("[log]\nkeep_days = 0\n", "log.keep_days", "1"),
        ("[render]\ncrt = 20\n", "render.crt", "not permitted"),  # a slip of the finger is no silent default
        ("[rendering]\ncrf = 20\n", "rendering", "not permitted"),
        ("crf = 20\n", "crf", "not permitted"),
        ("render = 20\n", "render", "dictionary"),
    ],
)
def test_a_wrong_setting_is_named(root: Path, text: str, name: str, said: str) -> None:
    """A value out of range, a word that is no choice and an unknown key are one sentence that names the setting."""
    with pytest.raises(ConfigError) as caught:
        written(root, text)

    assert caught.value.message.startswith(f"the setting {name} is ")
    assert said in caught.value.message
    assert "\n" not in str(caught.value)
    assert FILE_NAME in caught.value.remedy


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [
        ("VIDEOGEN_RENDER__CRF", "52", "render.crf"),
        ("VIDEOGEN_SCAN__QUIET", "1", "scan.quiet"),
        ("VIDEOGEN_CRAWL__ALLOWED_HOSTS", "localhost:8080", "crawl"),  # not JSON
        ("VIDEOGEN_LOG", "debug", "log"),  # a whole table is JSON
    ],
)
def test_a_wrong_variable_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str
) -> None:
    """A setting that is wrong in the environment is a ConfigError that names it, never a traceback."""
    monkeypatch.setenv(variable, value)

    with pytest.raises(ConfigError) as caught:
        load(root)

    assert name in caught.value.message
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"[render\n", b"crf\n", b"[render]\ncrf = 20\ncrf = 21\n", b'[log]\ndir = "caf\xe9"\n']
)
def test_a_file_that_is_no_toml_is_named(root: Path, content: bytes) -> None:
    """A file that cannot be read as TOML is a ConfigError that names the file."""
    (root / FILE_NAME).write_bytes(content)

    with pytest.raises(ConfigError, match=FILE_NAME):
        load(root)


def test_other_variables_do_not_disturb(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that begin like ours and are no settings change nothing and stop nothing."""
    for name in ("VIDEOGEN_TEST_MEDIA", "VIDEOGEN_ROOT", "VIDEOGEN_UPDATE_GOLDEN", "VIDEOGEN_", "VIDEOGENERATOR__X"):
        monkeypatch.setenv(name, "/somewhere/else")

    assert load(root).model_dump() == Settings.model_construct().model_dump()


def test_a_dotenv_file_is_no_source(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A .env file in the working folder, which may be anybody's, is not read."""
    (root / ".env").write_text("VIDEOGEN_RENDER__CRF=11\n")
    monkeypatch.chdir(root)

    assert load(root).render.crf == 23


def test_settings_do_not_leak_between_roots(root: Path) -> None:
    """Each root has its own file: reading one does not change what another gives."""
    other = root / "other"
    other.mkdir()

    assert written(root, "[render]\ncrf = 20\n").render.crf == 20
    assert load(other).render.crf == 23


def test_settings_are_frozen(root: Path) -> None:
    """Settings are read once, at the start: nothing can change them later."""
    settings = load(root)

    with pytest.raises(ValueError, match="frozen"):
        settings.render.crf = 20  # type: ignore[misc]  # that is what is tried
    with pytest.raises(ValueError, match="frozen"):
        settings.render = settings.render  # type: ignore[misc]  # that is what is tried
