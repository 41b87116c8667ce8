"""scanned/: what is in the library. The side file beside each file is the truth; the index is made of them.

Reads: scanned/ but its dot names. Writes: assets with their side files; `scanned/.uses.jsonl`, a line for each video;
`scanned/.index.sqlite` and its journal, by main alone.
Promises: a visible file is never without its measurements; whatever becomes of the index, at whatever line a process
dies, the next start has the same library and the same history.
Fails with: MissingInput: an asset is gone, or its side file cannot be read.
Known limits: what others put into scanned/ while main runs is seen at its next start. Which clips are twins is decided
as they come, so it may fall out otherwise when an index is made anew.
"""

from videogen.catalog.catalog import INDEX, USES, Catalog
from videogen.catalog.entry import Entry
from videogen.catalog.logos import keep_logo, logo_of
from videogen.catalog.looks import Looks
from videogen.catalog.pictures import keep_picture, picture_of
from videogen.catalog.sides import SIDE, read_asset, side_path
from videogen.catalog.uses import Mentions, Use, mentions, shown_in

__all__ = [
    "INDEX",
    "SIDE",
    "USES",
    "Catalog",
    "Entry",
    "Looks",
    "Mentions",
    "Use",
    "keep_logo",
    "keep_picture",
    "logo_of",
    "mentions",
    "picture_of",
    "read_asset",
    "shown_in",
    "side_path",
]
