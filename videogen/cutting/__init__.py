"""Descriptions written by people, read, checked, and made into timelines: the same by hand and for dropped folders.

Reads: a description, the files that it names, the library's side files. Writes: PNGs of what stands still, into the
folder that it is given.
Promises: one content is hashed and looked into once; a dropped description reaches nothing outside of its folder; what
was hashed is what was looked into and drawn.
Fails with: RecipeError, MissingInput, MediaError: one sentence with the file, the JSON pointer, what was expected and
what was found, and a remedy; TemporaryError: a file changed meanwhile.
"""

from videogen.cutting.cutter import Cutting, Rules
from videogen.cutting.material import Material
from videogen.cutting.recipes import RECIPES, Recipe

__all__ = ["RECIPES", "Cutting", "Material", "Recipe", "Rules"]
