"""An asset as the index knows it: what choosing and assembling go by, without its side file."""

from fractions import Fraction
from typing import NamedTuple

from videogen.model.media import Asset, Kind


class Entry(NamedTuple):
    """A slim row. Units: `length_s` in seconds, exact."""

    path: str
    kind: Kind
    category: str
    story: str
    sha256: str
    source_sha256: str
    length_s: Fraction
    task_id: str
    is_assembled: bool
    uses: int
    weight: float
    twin: str
    """The same word for those that look alike; empty where nobody looks like it, or nobody knows."""


def fingerprint_of(asset: Asset) -> str:
    """Give the word for how a clip looks; empty where it is unknown."""
    return asset.media.picture.fingerprint if asset.media.picture else ""
