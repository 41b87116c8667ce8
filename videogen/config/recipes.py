"""The tables of settings of the recipes that are dropped as folders."""

from typing import Annotated

from pydantic import Field

from videogen.config.tables import Table


class Composition(Table):
    """What a composition may be."""

    max_s: Annotated[
        float,
        Field(gt=0, le=86400, description="s; a composition that would last longer is refused: it fills the queue."),
    ] = 180.0


class GoldenFrame(Table):
    """What a golden frame may be."""

    max_s: Annotated[
        float,
        Field(gt=0, le=86400, description="s; one told to last longer is refused, one of longer music ends there."),
    ] = 180.0


class Mix(Table):
    """What a mix may be."""

    max_s: Annotated[
        float,
        Field(gt=0, le=86400, description="s; a mix that would last longer is refused: it fills queue and disk."),
    ] = 21600.0
