"""Every setting, with its unit, its default and the reason for it. Defaults < videogen.toml < VIDEOGEN_*, read once."""

import os
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from videogen.config.recipes import Composition, GoldenFrame, Mix, Story
from videogen.config.tables import (
    Assemble,
    Audio,
    Crawl,
    Ffmpeg,
    Gate,
    Log,
    Node,
    Render,
    Scan,
    SegmentStore,
    TrashRoom,
)
from videogen.errors import ConfigError
from videogen.model.profile import Preset

FILE_NAME = "videogen.toml"


class Settings(BaseSettings):
    """All settings, frozen."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="VIDEOGEN_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    scan: Scan = Scan()
    audio: Audio = Audio()
    assemble: Assemble = Assemble()
    render: Render = Render()
    story: Story = Story()
    segments: SegmentStore = SegmentStore()
    ffmpeg: Ffmpeg = Ffmpeg()
    node: Node = Node()
    crawl: Crawl = Crawl()
    trash: TrashRoom = TrashRoom()
    gate: Gate = Gate()
    log: Log = Log()
    composition: Composition = Composition()
    golden_frame: GoldenFrame = GoldenFrame()
    mix: Mix = Mix()

    @property
    def longest_s(self) -> dict[str, Fraction]:
        """Give the longest video that each recipe may ask for, by the recipe's name."""
        most = {"composition": self.composition.max_s, "golden_frame": self.golden_frame.max_s, "mix": self.mix.max_s}
        return {name: Fraction(str(seconds)) for name, seconds in most.items()}

    @property
    def presets(self) -> dict[str, Preset]:
        """Give the encoder's preset of the recipes that have one of their own, by the recipe's name."""
        return {"composition": self.composition.preset, "golden_frame": self.golden_frame.preset}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file; no .env files and no secret folders."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load(root: Path) -> Settings:
    """Read the settings of a root.

    Raises: ConfigError: a setting is unknown or wrong: which one, and what it may be.
    """
    path = root / FILE_NAME

    for variable in os.environ:
        table, is_nested, _ = variable.upper().removeprefix("VIDEOGEN_").partition("__")
        if variable.upper().startswith("VIDEOGEN_") and is_nested and table.lower() not in Settings.model_fields:
            raise ConfigError(f"{variable} names no table of settings", remedy="`videogen config` lists every setting.")

    class Here(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return Here()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise ConfigError(
            f"the setting {name} is {str(first.get('input'))[:100]!r}: {said}",
            remedy=f"Correct it in {FILE_NAME} or VIDEOGEN_*; `videogen config` lists every setting.",
        ) from error
    except SettingsError as error:
        raise ConfigError(
            f"{error}: lists and tables in the environment are JSON",
            remedy="Write it as in VIDEOGEN_CRAWL__ALLOWED_HOSTS='[\"intranet:8080\"]'.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML ({error})", remedy="Correct the file, or move it away.") from error


def rows(settings: Settings) -> list[dict[str, Any]]:
    """List every setting: name, value, default, and the unit and reason."""
    listed = []
    defaults = Settings.model_construct()
    for table_name in Settings.model_fields:
        table, default = getattr(settings, table_name), getattr(defaults, table_name)
        for name, field in type(table).model_fields.items():
            listed.append(
                {
                    "name": f"{table_name}.{name}",
                    "value": getattr(table, name),
                    "default": getattr(default, name),
                    "about": field.description or "",
                }
            )
    return listed


def changed(old: Settings, new: Settings) -> str:
    """Name the settings that are others in `new`."""
    before = {row["name"]: row["value"] for row in rows(old)}
    return ", ".join(row["name"] for row in rows(new) if row["value"] != before[row["name"]])
