"""What stories have in common, and the stories of one category otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from videogen.assemble.drawing import Rule
from videogen.assemble.dressing import Dress
from videogen.errors import ConfigError
from videogen.model.timebase import parse_rate, parse_resolution
from videogen.model.timeline import Canvas

PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class StoryRule:
    """What every story has in common. `frame_rate` is the word for metadata.json; `settle_s` in seconds."""

    canvas: Canvas
    frame_rate: int | str
    logo: Path
    voice_gain: Fraction = Fraction(1)
    music_gain: Fraction = Fraction(1, 4)
    category: Literal["prefer", "only"] = "prefer"
    settle_s: float = 60.0
    priority: int = 5
    tags: tuple[str, ...] = ()
    draw: Rule = field(default_factory=Rule)
    dress: Dress = field(default_factory=Dress)


def story_rules(
    root: Path, words: Mapping[str, Any], own: Mapping[str, BaseModel]
) -> tuple[StoryRule, dict[str, StoryRule]]:
    """Make the rule of all stories, and that of each category which has some settings of its own.

    Raises: ConfigError: a logo is no PNG.
    """
    said = {category: table.model_dump(exclude_none=True) for category, table in own.items()}
    return story_rule(root, words), {category: story_rule(root, {**words, **one}) for category, one in said.items()}


def story_rule(root: Path, words: Mapping[str, Any]) -> StoryRule:
    """Make the rule of settings by their names, as they stand in their tables.

    Raises: ConfigError: the logo is no PNG.
    """
    logo = root / words["logo"]
    if logo.is_file():
        check_logo(logo)
    width, height = parse_resolution(words["resolution"])
    fps = parse_rate(words["frame_rate"])
    return StoryRule(
        canvas=Canvas(width=width, height=height, fps=fps),
        frame_rate=fps.numerator if fps.denominator == 1 else str(fps),
        logo=logo,
        voice_gain=Fraction(str(words["voice_gain"])),
        music_gain=Fraction(str(words["music_gain"])),
        category=words["category"],
        settle_s=words["settle_s"],
        priority=words["priority"],
        tags=words["tags"],
        draw=Rule(words["cooldown"], words["cooldown_of"]),
        dress=Dress(
            intro=words["intro"],
            outro=words["outro"],
            has_frame=words["frame"],
            frame_mode=words["frame_mode"],
            crossfade_s=Fraction(str(words["crossfade_s"])),
            title_s=Fraction(str(words["title_s"])),
            captions=words["captions"],
        ),
    )


def check_logo(path: Path) -> None:
    """Prove that a file is a PNG that can be drawn. Raises: ConfigError: it is not."""
    import av  # noqa: PLC0415 -- whoever draws no logo starts in less time without

    try:
        with path.open("rb") as file:
            is_png = file.read(len(PNG)) == PNG
        if is_png:
            with av.open(f"file:{path}", format="png_pipe", options={"protocol_whitelist": "file"}) as picture:
                is_png = next(picture.decode(video=0), None) is not None
    except (OSError, av.FFmpegError):
        is_png = False
    if not is_png:
        raise ConfigError(f"the logo {path} is not a PNG", remedy="Save it as PNG, or set render.logo to another file.")
