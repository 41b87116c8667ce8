"""scanned/ -> tasks/. A voice, music and clips become a task that any node can take.

Reads: scanned/ (through the catalogue), the logo; papers of videos that were not counted. Writes: tasks/,
`is_assembled` in a voice's side file, and through the catalogue a line for each video.
Promises after a crash: a voice has one task, ever: its id was given at intake; a video is counted once.
Fails with: ConfigError: the logo is no PNG. Known limits: what a video that failed would have shown stays counted.
"""

from videogen.assemble.assembler import Assembler, Waiting, fill
from videogen.assemble.choose import NoClips
from videogen.assemble.drawing import Rule
from videogen.assemble.lending import lent_clips
from videogen.assemble.replay import Replay, Row, replayed
from videogen.assemble.rules import StoryRule, check_logo, story_rules

__all__ = [
    "Assembler",
    "NoClips",
    "Replay",
    "Row",
    "Rule",
    "StoryRule",
    "Waiting",
    "check_logo",
    "fill",
    "lent_clips",
    "replayed",
    "story_rules",
]
