"""Filter: one link of a filter chain, from a name we know and numbers or plain words; never free text.

Some filters read or write files, or run commands, when one of their options says so (`stats_file` of loudnorm,
`textfile` of drawtext, `sendcmd`). So both are allow-lists: the filters, and the options of each. A value holds no
character that begins another option or filter; ffmpeg-python escapes what it may hold, the = of pan.
"""

import re
from collections.abc import Iterable, Mapping
from math import isfinite

from pydantic import field_validator

from videogen.command.checked import Checked
from videogen.command.work import Stream
from videogen.errors import RecipeError

Option = int | float | str
Table = Mapping[str, str]

# Name, then the options that are numbers or words. Source: `ffmpeg -h filter=NAME` of FFmpeg 9.0.
AUDIO_FILTERS: Table = {
    "acompressor": "level_in mode threshold ratio attack release makeup knee link detection mix",
    "adelay": "delays all",
    "aformat": "sample_fmts sample_rates channel_layouts",
    "afade": "type start_sample nb_samples start_time duration curve",
    "alimiter": "level_in level_out limit attack release asc asc_level level latency",
    "aresample": "sample_rate",
    "atempo": "tempo",
    "bass": "frequency width_type width gain",
    "dynaudnorm": "framelen gausssize peak maxgain targetrms coupling correctdc altboundary compress threshold",
    "equalizer": "frequency width_type width gain",
    "highpass": "frequency poles width_type width",
    "loudnorm": "I LRA TP measured_I measured_LRA measured_TP measured_thresh offset linear dual_mono",
    "lowpass": "frequency poles width_type width",
    "pan": "args",
    "treble": "frequency width_type width gain",
    "volume": "volume precision",
}
VIDEO_FILTERS: Table = {
    "bwdif": "mode parity deint",
    "crop": "out_w out_h x y exact",
    "deband": "range direction blur coupling",
    "eq": "contrast brightness saturation gamma gamma_r gamma_g gamma_b gamma_weight",
    "fade": "type start_frame nb_frames start_time duration color",
    "format": "pix_fmts",
    "gblur": "sigma steps planes sigmaV",
    "hflip": "",
    "hqdn3d": "luma_spatial chroma_spatial luma_tmp chroma_tmp",
    "hue": "h s b",
    "pad": "width height x y color",
    "scale": "width height flags in_range out_range in_color_matrix out_color_matrix force_original_aspect_ratio"
    " force_divisible_by",
    "setdar": "dar",
    "setsar": "sar",
    "transpose": "dir passthrough",
    "unsharp": "luma_msize_x luma_msize_y luma_amount chroma_msize_x chroma_msize_y chroma_amount",
    "vflip": "",
    "yadif": "mode parity deint",
}

_NAME = re.compile(r"[a-z0-9_]+")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_WORD = re.compile(r"[A-Za-z0-9_.+/-]{0,200}")
_PAN = re.compile(r"[a-z0-9.]{1,20}(\|[A-Za-z0-9]{1,5}=[A-Za-z0-9.*+-]{1,100}){1,16}")
"""The one option whose value is a small language: stereo|FL=0.5*FL+0.5*FC|FR=FR."""


class Filter(Checked):
    """A filter and its options, in the order they were given."""

    name: str
    options: tuple[tuple[str, Option], ...] = ()

    @field_validator("options", mode="before")
    @classmethod
    def _paired(cls, options: object) -> object:
        return tuple(options.items()) if isinstance(options, Mapping) else options

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if not _NAME.fullmatch(name) or name not in {*AUDIO_FILTERS, *VIDEO_FILTERS}:
            raise RecipeError(f"{name!r} is no filter that can be used", remedy=_choice(AUDIO_FILTERS, VIDEO_FILTERS))
        return name

    @field_validator("options")
    @classmethod
    def _harmless(cls, options: tuple[tuple[str, Option], ...]) -> tuple[tuple[str, Option], ...]:
        keys = [key for key, _ in options]
        if len(set(keys)) < len(keys) or not all(_KEY.fullmatch(key) for key in keys):
            raise ValueError("an option is a name, and stands there once")
        for key, value in options:
            if not _is_harmless(key, value):
                raise RecipeError(
                    f"the filter option {key} cannot be {value!r}",
                    remedy="Give a number, or a word of letters, digits and _ . + / - only.",
                )
        return options


def admitted(filters: tuple[Filter, ...], table: Table) -> tuple[Filter, ...]:
    """Give the filters as they are. Raises: RecipeError: one, or an option of one, is not in the table."""
    for one in filters:
        if one.name not in table:
            raise RecipeError(f"the filter {one.name} cannot be used here", remedy=_choice(table))
        for key, _ in one.options:
            if key not in table[one.name].split():
                raise RecipeError(
                    f"the filter {one.name} has no option {key} that can be used",
                    remedy=f"Its options are: {table[one.name] or 'none'}.",
                )
    return filters


def filtered(stream: Stream, filters: Iterable[Filter]) -> Stream:
    """Give the stream after the filters, in their order."""
    for one in filters:
        stream = stream.filter(one.name, **dict(one.options))
    return stream


def _is_harmless(key: str, value: Option) -> bool:
    if isinstance(value, str):
        return (_PAN if key == "args" else _WORD).fullmatch(value) is not None
    return isfinite(value)


def _choice(*tables: Iterable[str]) -> str:
    return f"Use one of {', '.join(sorted(name for table in tables for name in table))}."
