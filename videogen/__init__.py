"""videogen: a video factory behind a drop folder. ARCHITECTURE.md is the map."""

__version__ = "0.1.0"
