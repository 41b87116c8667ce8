"""What scan learned of a file: its side file holds exactly this, and it is the catalogue's truth."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import StringConstraints

from videogen.model.gops import Gops
from videogen.model.value import Digest, Value

Kind = Literal["video", "frame", "music", "voice", "text", "link", "source"]
"""What a file is asked to be. A text is the words of a voice. A source is any picture or sound that a person gives to
encode; it is never an asset."""

TEXTS = (".srt", ".vtt", ".txt")
"""What may lie beside a voice, under its name: captions, or the words that it reads out."""


class Colour(Value):
    """The four parts of colour by FFmpeg's names (bt709, smpte2084, ...); an empty word is unknown."""

    primaries: str = ""
    transfer: str = ""
    matrix: str = ""
    range: str = ""

    @property
    def is_hdr(self) -> bool:
        """Whether the transfer is PQ or HLG, which a plain screen cannot show."""
        return self.transfer in {"smpte2084", "arib-std-b67"}


class View(Value):
    """What the decoded pictures look like: where they are black for BLACK_S or longer, where still for FROZEN_S.

    Shape: stretches are half-open and rise; the longest ones are listed, all of them are counted.
    Units: frame numbers at source rate; of `frames`, how many were looked at.
    """

    frames: int
    black: tuple[tuple[int, int], ...] = ()
    black_frames: int = 0
    frozen: tuple[tuple[int, int], ...] = ()
    frozen_frames: int = 0


class Picture(Value):
    """One video stream, as counted and decoded, never as its header says.

    Units: pixels; seconds as an exact fraction; rotation in degrees clockwise that a player applies: 0, 90, 180, 270.
    What older side files do not hold was not measured: None, an empty word, or the plain case.
    """

    codec: str
    width: int
    height: int
    sar: Fraction = Fraction(1)
    rotation: Literal[0, 90, 180, 270] = 0
    frames: int
    rate: Fraction
    is_cfr: bool
    duration_s: Fraction
    pix_fmt: str
    colour: Colour = Colour()
    is_interlaced: bool = False
    start_s: Fraction | None = None
    """PTS of the first picture shown, in seconds, edit lists applied; None where it was not measured."""
    longest_gap_s: Fraction | None = None
    """The longest time one picture is shown, until the next or to the end; None: not measured."""
    is_sampled: bool = False
    """True: too long to decode whole. `view` is of the stretches decoded, the fingerprint of pictures in them."""
    field_order: Literal["", "tff", "bff"] = ""
    """Which field of an interlaced picture is shown first, as the file says; empty where it does not."""
    angle_deg: int | None = None
    """The turn as the file says it, clockwise; `rotation` is the nearest quarter. None: not measured."""
    is_mirrored: bool = False
    """Whether a player mirrors the picture as well."""
    has_alpha: bool = False
    """Whether pixels may be transparent; a render shows none of it."""
    gops: Gops | None = None
    view: View | None = None
    fingerprint: str = ""
    """How its pictures look, to find the same clip in another encode: `videogen.model.fingerprint`."""

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height as a player shows them: SAR and rotation applied, rounded to whole pixels."""
        width = max(1, round(self.width * self.sar))
        return (self.height, width) if self.rotation in {90, 270} else (width, self.height)


class Loudness(Value):
    """EBU R128 of a whole stream. Units: LUFS, dBTP, LU. A silent stream has no loudness: None where this stands."""

    integrated_lufs: float
    true_peak_dbtp: float
    range_lu: float


class Level(Value):
    """How a sound was recorded.

    Units: seconds of silence, under -50 dBFS in every channel, at either end; shares of 0 to 1.
    """

    silence_before_s: Fraction
    silence_after_s: Fraction
    clipped: float
    """Share of the samples, of all channels, at full scale."""
    silent_channels: int = 0
    """Channels that stay under -38 dBFS throughout."""
    speech: float | None = None
    """Share of the time that sounds like speech; of voices only."""


class Sound(Value):
    """One audio stream, decoded to its end, encoder delay and padding removed."""

    codec: str
    sample_rate: int
    channels: int
    samples: int
    loudness: Loudness | None = None
    start_s: Fraction | None = None
    """PTS of the first sample heard; None where it was not measured: it is taken for the picture's."""
    layout: str = ""
    """Its channels by FFmpeg's name (mono, stereo, 5.1, ...); empty: not measured."""
    level: Level | None = None

    @property
    def duration_s(self) -> Fraction:
        """Seconds of sound, exactly: decoded samples by sample rate."""
        return Fraction(self.samples, self.sample_rate)


Label = Annotated[str, StringConstraints(max_length=200)]
"""Words that strangers wrote into a file: one line, nothing in it that could hide a line (`videogen.model.label`)."""


class Tags(Value):
    """What a sound says of itself; an empty word where it says nothing."""

    title: Label = ""
    artist: Label = ""
    album: Label = ""


class Media(Value):
    """What a file holds: a picture, a sound, or both.

    Shape: `chapters` are the seconds at which the chapters begin, rising.
    """

    picture: Picture | None = None
    sound: Sound | None = None
    container: str = ""
    """FFmpeg's demuxer to force whenever the file is opened again; empty in side files that do not know it yet."""
    chapters: tuple[Fraction, ...] = ()
    warnings: tuple[str, ...] = ()
    """What a person should know of a file that was taken, by the words of `videogen.model.warning`."""
    tags: Tags = Tags()
    """Of sounds only; side files from before these words have none."""

    @property
    def duration_s(self) -> Fraction:
        """Length in seconds: the picture's where there is one, else the sound's, else 0."""
        leading = self.picture or self.sound
        return leading.duration_s if leading else Fraction(0)


class Source(Value):
    """Where an asset came from: enough to tell the very file that was dropped from another with the same name.

    Units: nanoseconds of the file's modification time. `path` is relative to the root.
    """

    path: str
    sha256: Digest
    size_bytes: int
    mtime_ns: int
    inode: int


class Asset(Value):
    """One promoted file and its side file. `path` is relative to the root and is the asset's name in every list.

    `sha256` is of the bytes under `path`; `source.sha256` of the bytes that were dropped (music may be normalised).
    """

    version: Literal[1] = 1
    kind: Kind
    path: str
    category: str
    story: str = ""
    name: str
    original_name: str
    sha256: Digest
    size_bytes: int
    source: Source
    media: Media = Media()
    gain_db: float = 0.0
    """Linear gain applied at intake, in dB; 0 where the bytes were kept."""
    task_id: str = ""
    """Voices only: the id of the video this voice becomes, given once at intake."""
    is_assembled: bool = False
    """Voices only: the task was published; from then on the rooms know where it is."""
