"""The tables of settings: each with its unit, its default and the reason for it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from videogen.errors import RecipeError
from videogen.model.profile import Preset
from videogen.model.quality import Check
from videogen.model.timebase import parse_rate, parse_resolution


class Table(BaseModel):
    """A group of settings, frozen; it knows no others."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, coerce_numbers_to_str=True)


class Scan(Table):
    """How files are taken in."""

    quiet_s: Annotated[
        float,
        Field(ge=0, description="s; a file unchanged this long has arrived. A copy over a network pauses for 1-3 s."),
    ] = 5.0
    rescan_s: Annotated[
        float, Field(gt=0, description="s; all of raw/ is looked at this often, whatever events said.")
    ] = 30.0
    poll_s: Annotated[
        float, Field(gt=0, description="s; raw/ is looked at this often where no events come: NFS, SMB, NAS mounts.")
    ] = 5.0
    hands: Annotated[
        int, Field(ge=0, le=64, description="files taken in side by side; 0 is one for each processor.")
    ] = 0
    folder_wait_s: Annotated[
        float,
        Field(
            ge=0, description="s; a folder may lack files it names this long after its last change, then is refused."
        ),
    ] = 60.0
    probe_s: Annotated[
        float, Field(gt=0, description="s; least time an inspection may take before the file is refused.")
    ] = 120.0
    probe_memory_gb: Annotated[
        float, Field(gt=0, description="GB of address space for an inspection; a hostile file gets no more.")
    ] = 4.0


class Audio(Table):
    """How music is brought to one loudness."""

    music_lufs: Annotated[
        float, Field(ge=-40, le=-5, description="LUFS; every track is brought here by one linear gain (EBU R128).")
    ] = -16.0
    peak_dbtp: Annotated[
        float, Field(ge=-20, le=0, description="dBTP; no gain lifts a track's true peak above this.")
    ] = -1.0
    tolerance_lu: Annotated[
        float, Field(ge=0, le=6, description="LU; a track this close keeps its bytes: no second MP3 generation.")
    ] = 0.5


class Assemble(Table):
    """How a voice becomes a task."""

    category: Annotated[
        Literal["prefer", "only"],
        Field(description="prefer: clips and music of the voice's category, else of any; only: wait for its own."),
    ] = "prefer"
    priority: Annotated[int, Field(ge=0, le=100, description="priority of new tasks; higher goes first.")] = 5
    tags: Annotated[
        tuple[str, ...], Field(description="what new tasks ask of a node, as gpu or 4k; only such nodes take them.")
    ] = ()
    settle_s: Annotated[
        float, Field(ge=0, description="s; a voice waits at most this long for music and clips still arriving.")
    ] = 60.0
    cooldown: Annotated[
        int,
        Field(ge=0, le=1000, description="videos; what the last ones showed comes only when nothing else is left."),
    ] = 3
    cooldown_of: Annotated[
        Literal["category", "all"], Field(description="whose videos the cool-down counts: its own category's, or all.")
    ] = "category"
    weights: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=1000)]],
        Field(description='`{ "video/nature/*" = 2 }`: by path below scanned/; 2 comes twice as often, 0 never.'),
    ] = {}


class Render(Table):
    """What a video looks and sounds like, and what its encode may use."""

    resolution: Annotated[str, Field(description="pixels, WIDTHxHEIGHT, even; every clip is letterboxed into it.")] = (
        "3840x2160"
    )
    frame_rate: Annotated[str, Field(description="frames per second, a number or a fraction such as 30000/1001.")] = (
        "30"
    )
    logo: Annotated[
        str, Field(description="PNG, relative to the root, drawn at 20:20; a file that is not there is no logo.")
    ] = "logo.png"
    voice_gain: Annotated[float, Field(ge=0, le=4, description="linear; 1.0 leaves the voice as it is.")] = 1.0
    music_gain: Annotated[float, Field(ge=0, le=4, description="linear; a quarter keeps music under speech.")] = 0.25
    encoder: Annotated[
        Literal["auto", "libx264", "h264_nvenc", "h264_qsv", "h264_videotoolbox", "h264_vaapi", "h264_amf"],
        Field(description="auto: the first hardware encoder that really encodes here, else libx264."),
    ] = "auto"
    preset: Annotated[
        Preset,
        Field(description="libx264's; medium is its own default, slower gains little at four times the cost."),
    ] = "medium"
    crf: Annotated[int, Field(ge=0, le=51, description="quality, lower is better; 23 is libx264's own default.")] = 23
    gop: Annotated[int, Field(gt=0, description="frames between keyframes at most; 60 costs 7 % in size.")] = 250
    threads: Annotated[
        int,
        Field(ge=1, le=64, description="threads of one encode, the same on every node: other counts give other bytes."),
    ] = 1
    audio_kbps: Annotated[int, Field(ge=32, le=512, description="kbit/s of AAC; 192 is clean for stereo.")] = 192
    pictures: Annotated[
        bool, Field(description="beside each video a poster, a contact sheet and a waveform; a second of a core at 4K.")
    ] = True
    stall_s: Annotated[
        float,
        Field(gt=0, description="s; an encode that counts no frame and uses no processor this long is ended."),
    ] = 60.0
    wall_s: Annotated[
        float,
        Field(ge=0, description="s; an encode is ended after this long whatever it does; 0 is 50 x its estimate."),
    ] = 0.0
    memory_gb: Annotated[
        float, Field(ge=0, description="GB of address space for one encode; 0 is no limit, as GPU drivers need.")
    ] = 0.0

    @field_validator("resolution", "frame_rate")
    @classmethod
    def _parsable(cls, text: str, info: ValidationInfo) -> str:
        try:
            (parse_resolution if info.field_name == "resolution" else parse_rate)(text)
        except RecipeError as error:
            raise ValueError(str(error)) from error
        return text


class SegmentStore(Table):
    """What is kept of encoded clips, under scanned/.segments."""

    seconds: Annotated[
        float, Field(ge=0, le=600, description="s; clips are encoded in pieces of this length; 0 is render.gop frames.")
    ] = 0.0
    max_gb: Annotated[
        float, Field(gt=0, description="GB; beyond it the least recently used go. An hour of 4K is about 4 GB.")
    ] = 50.0


class Ffmpeg(Table):
    """Which FFmpeg."""

    proof_s: Annotated[
        float, Field(ge=0, description="s; an encoder that was proven is not tried again this long; 0 is always.")
    ] = 86400.0

    path: Annotated[
        str, Field(description="program; empty is the pinned wheel's, or a system one that proves a GPU encoder.")
    ] = ""

    reads: Annotated[
        tuple[str, ...],
        Field(description="files or folders that FFmpeg may read besides its inputs, as libraries of its own build."),
    ] = ()

    writes: Annotated[
        tuple[str, ...],
        Field(description="files or folders that FFmpeg may write besides its outputs, as the cache of a driver."),
    ] = ()


class Node(Table):
    """How a render node works."""

    name: Annotated[str, Field(description="[A-Za-z0-9_-], at most 40; empty is the host's name.")] = ""
    tags: Annotated[
        tuple[str, ...], Field(description="what this node offers, as gpu or 4k; a task that asks for more is left.")
    ] = ()
    prefetch: Annotated[bool, Field(description="the next task's files are fetched while one renders.")] = True
    fetch: Annotated[
        Literal["auto", "link", "copy"],
        Field(description="link: hard links; copy: verified copies; auto: link where the tree is local."),
    ] = "auto"
    scratch: Annotated[
        str, Field(description="folder for unfinished work, on a fast disk; empty is within processing/.")
    ] = ""
    lease_s: Annotated[
        float, Field(ge=1, description="s; a node that gave no sign of life this long has lost its tasks.")
    ] = 60.0
    heartbeat_s: Annotated[
        float, Field(gt=0, description="s; a node says that it lives this often; at most a third of the lease.")
    ] = 10.0
    drain_s: Annotated[
        float, Field(ge=0, description="s; a node told to end may finish its video in this time, else gives it back.")
    ] = 60.0
    sessions: Annotated[
        int, Field(ge=1, le=64, description="encodes at once on one device that is hardware, over all nodes of a host.")
    ] = 2
    poll_s: Annotated[float, Field(gt=0, description="s; an idle node looks into tasks/ this often.")] = 1.0
    encodes: Annotated[
        int, Field(ge=0, le=256, description="encodes side by side; 0 is what `doctor --tune` found, else one per CPU.")
    ] = 0
    warm: Annotated[bool, Field(description="an idle node encodes clips ahead, until a task arrives.")] = True
    retry_s: Annotated[
        float, Field(ge=0, description="s; a task that failed for a passing cause waits this long, then twice.")
    ] = 30.0

    @model_validator(mode="after")
    def _beats_in_time(self) -> "Node":
        if 3 * self.heartbeat_s > self.lease_s:
            raise ValueError(f"heartbeat_s is {self.heartbeat_s:g}: it is at most a third of lease_s, {self.lease_s:g}")
        return self


class Crawl(Table):
    """How links become text."""

    allowed_hosts: Annotated[
        tuple[str, ...],
        Field(description="host or host:port that may be private; all others must have a public address."),
    ] = ()
    robots: Annotated[
        bool, Field(description="what a site's robots.txt forbids is not asked for; false where the pages are yours.")
    ] = True
    ca_file: Annotated[
        str, Field(description="PEM file, relative to the root, of authorities to trust; empty is the usual ones.")
    ] = ""
    max_words: Annotated[int, Field(gt=0, le=100_000, description="words in one chunk at most.")] = 10_000
    wall_s: Annotated[float, Field(gt=0, description="s; one page may take this long in all.")] = 15.0
    poll_s: Annotated[float, Field(gt=0, description="s; the crawler looks for new link files this often.")] = 2.0


class TrashRoom(Table):
    """How long what failed is kept, and how much of it. A dropped file stays a week, whatever these say."""

    days: Annotated[
        float,
        Field(
            ge=1, description="days; what lies longer in trash/invalid or trash/failed goes, files after 7 at least."
        ),
    ] = 30.0
    max_gb: Annotated[
        float, Field(gt=0, description="GB in trash/invalid, and in trash/failed; beyond it the oldest go.")
    ] = 50.0
    attempts_days: Annotated[
        float, Field(ge=1, description="days; what is left of an attempt is of use while its task is being looked at.")
    ] = 7.0
    attempts_gb: Annotated[float, Field(gt=0, description="GB in trash/attempts; beyond it the oldest go.")] = 10.0


class Gate(Table):
    """What a video is held to before it is published. What its sources already are is no defect."""

    black_s: Annotated[
        float, Field(gt=0, description="s; black for this long where its source is not. Shorter fades are common.")
    ] = 1.0
    freeze_s: Annotated[
        float, Field(gt=0, description="s; standing still for this long where its source moves; an eye sees it then.")
    ] = 2.5
    flash_levels: Annotated[
        float,
        Field(gt=0, le=255, description="levels of 256; so far a frame at a join may be from what belongs there."),
    ] = 20.0
    silence_s: Annotated[
        float,
        Field(gt=0, description="s; under -60 dB for this long where its sources are heard; words pause shorter."),
    ] = 1.0
    louder_lu: Annotated[
        float, Field(gt=0, description="LU; louder than all its sources together by more is a gain gone wrong.")
    ] = 4.0
    quieter_lu: Annotated[
        float, Field(gt=0, description="LU; quieter than its loudest source by more; long pauses cost up to 10.")
    ] = 12.0
    peak_dbtp: Annotated[
        float, Field(ge=-20, le=6, description="dBTP; a true peak over it is cut off by players; mixes aim at -1.")
    ] = 0.0
    clipped: Annotated[
        float, Field(ge=0, le=1, description="share of the samples at full scale; one in a thousand is heard.")
    ] = 0.001
    click_db: Annotated[
        float, Field(gt=0, description="dB; a jump at a join over all jumps around it, where no source jumps.")
    ] = 18.0
    warn: Annotated[
        tuple[Check, ...], Field(description="checks that refuse nothing, as black or loudness: they are only told.")
    ] = ()
    off: Annotated[tuple[Check, ...], Field(description="checks that are not judged; their numbers are kept.")] = ()


class Log(Table):
    """Where lines go."""

    dir: Annotated[str, Field(description="folder, relative to the root; one file per process, rotated daily.")] = (
        "logs"
    )
    low_disk_gb: Annotated[
        float, Field(ge=0, description="GB; below this much free space main and nodes warn once a minute.")
    ] = 5.0
    keep_days: Annotated[int, Field(ge=1, description="days; older files are removed at rotation.")] = 14
    max_gb: Annotated[
        float, Field(gt=0, description="GB of logs in all; beyond it the oldest go, but those being written.")
    ] = 1.0
    metrics_s: Annotated[
        float, Field(gt=0, description="s; a node logs its figures this often, where something happened.")
    ] = 60.0
