"""Frozen values: what the rooms talk about. No input or output here, so every rule can be read and tested alone.

Reads: nothing. Writes: nothing. Promises: a value never changes; to change one, make a new one.
Fails with: RecipeError for a word that does not parse. Known limits: none.
"""
