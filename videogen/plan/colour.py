"""Colours in a graph: what a clip was made with becomes BT.709, limited range; presets, tables and keys act on that."""

from collections.abc import Mapping
from typing import NamedTuple

from videogen.model.media import Picture
from videogen.model.style import ChromaKey, ColourPreset
from videogen.plan.inputs import Stream, beside, image_input

# PQ and HLG to what a plain screen shows. Source: looked right on a phone's HLG and on a PQ clip.
_TONEMAP = (
    ("zscale", {"t": "linear", "npl": 100}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"p": "bt709"}),
    ("tonemap", {"tonemap": "mobius", "desat": 0}),
    ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
)

# What a colour preset does, in words of FFmpeg's eq filter, which works on YUV: no turn through RGB and back.
_PRESETS: Mapping[ColourPreset, Mapping[str, float]] = {
    "none": {},
    "warm": {"gamma_r": 1.12, "gamma_b": 0.88},
    "cool": {"gamma_r": 0.9, "gamma_b": 1.12},
    "vivid": {"saturation": 1.35, "contrast": 1.06},
    "mono": {"saturation": 0},
    "film": {"contrast": 0.92, "saturation": 0.82, "brightness": 0.02, "gamma_r": 1.04, "gamma_b": 0.96},
}

EXACT = "bicubic+accurate_rnd+bitexact"
"""How pixels are scaled and turned into others: the same on every processor."""
_PALE = 24
"""A colour nearer to grey than so many levels has no chroma to be told by."""


class Yuv(NamedTuple):
    """A colour by BT.709, limited range. Units: levels of 8 bits."""

    y: int
    u: int
    v: int

    @property
    def hex(self) -> str:
        """Give it as FFmpeg reads a colour."""
        return f"0x{self.y:02x}{self.u:02x}{self.v:02x}"


def yuv_of(colour: str) -> Yuv:
    """Give the levels of a colour that is written as #rrggbb. Source: ITU-R BT.709, part 3."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return Yuv(round(16 + 219 * luma), _chroma((blue - luma) / 1.8556), _chroma((red - luma) / 1.5748))


def _chroma(share: float) -> int:
    return round(128 + 224 * share)


def matrix_of(picture: Picture) -> str:
    """Name the matrix a clip's colours were made with, for swscale.

    Source: an unlabelled clip of standard definition is BT.601 and a larger one BT.709, as players assume.
    """
    known = {"bt709": "bt709", "smpte170m": "bt601", "bt470bg": "bt601", "bt2020nc": "bt2020", "bt2020c": "bt2020"}
    guess = "bt709" if min(picture.width, picture.height) > 576 else "bt601"
    return known.get(picture.colour.matrix, guess)


def scaled(stream: Stream, picture: Picture, size: tuple[int, int]) -> Stream:
    """Bring the pictures of an asset to a size and to the colours of the canvas."""
    source_matrix = matrix_of(picture)
    if picture.colour.is_hdr:
        for name, options in _TONEMAP:
            stream = stream.filter(name, **options)
        source_matrix = "bt709"
    scaling: Mapping[str, object] = {
        "flags": EXACT,
        "in_color_matrix": source_matrix,
        "out_color_matrix": "bt709",
        "out_range": "tv",
    }
    return stream.filter("scale", *size, **scaling).filter("setsar", 1)


def graded(stream: Stream, preset: ColourPreset) -> Stream:
    """Give a stream the look of a preset."""
    return stream if preset == "none" else stream.filter("eq", **_PRESETS[preset])


def mapped(stream: Stream, table: str, pix_fmt: str, role: str) -> Stream:
    """Look each colour up in a table, a Hald CLUT, between whose entries colours are found within a tetrahedron.

    Source: on planar RGB the filter takes red for blue, in FFmpeg 5.1 and 9.0 (tests/plan/test_overlays.py).
    """
    both = [stream.filter("format", "rgb24"), image_input(table, role).filter("format", "rgb24")]
    return from_rgb(beside(both, "haldclut", interp="tetrahedral"), pix_fmt)


def to_rgb(stream: Stream, pix_fmt: str = "gbrp") -> Stream:
    """Turn frames of the canvas into RGB, where light can be reckoned with."""
    return stream.filter("scale", in_color_matrix="bt709", in_range="tv", flags=EXACT).filter("format", pix_fmt)


def from_rgb(stream: Stream, pix_fmt: str, size: tuple[int | None, int | None] = (None, None)) -> Stream:
    """Turn RGB into frames of the canvas, brought to a size on the way where one is given.

    Without these words an older FFmpeg takes BT.601.
    """
    words: dict[str, object] = {"out_color_matrix": "bt709", "out_range": "tv", "flags": EXACT}
    if size[0] and size[1]:
        words |= {"w": size[0], "h": size[1], "flags": EXACT.replace("bicubic", "lanczos")}
    return stream.filter("scale", **words).filter("format", pix_fmt)


def painted(stream: Stream, colour: str) -> Stream:
    """Paint every pixel of a YUV stream with one colour, to the level."""
    levels = yuv_of(colour)
    return stream.filter("lutyuv", y=levels.y, u=levels.u, v=levels.v)


def keyed(film: Stream, key: ChromaKey) -> Stream:
    """Make a colour of a film clear: told by its chroma, or as a whole where it is nearly grey.

    An alpha of its own is lost.
    """
    levels = yuv_of(key.colour)
    if max(abs(levels.u - 128), abs(levels.v - 128)) < _PALE:
        return from_rgb(keyed_rgb(to_rgb(film), key), "yuva420p")
    return film.filter("format", "yuva420p").filter("chromakey", color=levels.hex, yuv=1, **_likeness(key))


def keyed_rgb(image: Stream, key: ChromaKey | None) -> Stream:
    """Make a colour of a still picture clear; None leaves it as it is. Its own alpha is lost."""
    if key is None:
        return image
    return image.filter("format", "rgba").filter("colorkey", color=f"0x{key.colour[1:]}", **_likeness(key))


def _likeness(key: ChromaKey) -> dict[str, object]:
    # Both filters refuse a similarity below this; so small a one means "this very colour".
    return {"similarity": f"{max(float(key.similarity), 0.00001):.6g}", "blend": f"{float(key.softness):.6g}"}


def labelled(stream: Stream) -> Stream:
    """Say of every frame whose colours it has: a gap alone does not say, and blending forgets."""
    return stream.filter("setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709")
