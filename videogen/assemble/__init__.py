"""scanned/ -> tasks/. A voice, music and clips become a task that any node can take.

Reads: scanned/ (through the catalogue), the logo. Writes: tasks/, and `is_assembled` in a voice's side file.
Promises after a crash: a voice has one task, ever: its id was given at intake.
Fails with: ConfigError: the logo is no PNG. Known limits: a choice knows nothing of earlier videos.
"""

from videogen.assemble.assembler import Assembler, StoryRule, Waiting, check_logo

__all__ = ["Assembler", "StoryRule", "Waiting", "check_logo"]
