"""Recipe + media -> Timeline. Pure: the same recipe and the same media give the same edit, today and in a year.

Reads: values only. Writes: nothing. Promises: no clock, no chance, no disk.
Fails with: RecipeError: the recipe cannot be an edit; MissingInput: an asset has no media.
"""

from videogen.edit.mix import mix_timeline
from videogen.edit.story import LOGO_XY, story_timeline

__all__ = ["LOGO_XY", "mix_timeline", "story_timeline"]
