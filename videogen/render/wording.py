"""The words of a video that touch no pixel: captions as a track of text, chapters as players list them.

Words are data here: bytes of a packet. They are in no filter, no option and no name of a file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import cast

from av.container import OutputContainer
from av.packet import Packet
from av.subtitles.stream import SubtitleStream

from videogen.model.captions import plain
from videogen.model.chapters import OPENING, one_line
from videogen.model.profile import Profile
from videogen.model.timebase import rounded
from videogen.model.timeline import Caption, Chapter, Timeline
from videogen.plan import frame_ticks, track_timescale

TITLE_BYTES = 255
"""Of a chapter's title, in UTF-8: its list in the file has one byte for the length. Source: Nero's `chpl` box."""
NOTHING = b"\0\0"
"""A caption without words: what is shown between two. Source: 3GPP TS 26.245, 5.17: each is its length, then UTF-8."""

# How captions look where a player has no opinion: white with a black edge, below, an eighteenth of the picture high.
# It is FFmpeg's own style, so that what it converts to SubRip has no words about fonts round each caption.
_STYLE = """[Script Info]
ScriptType: v4.00+
PlayResX: 384
PlayResY: 288

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True)
class Wording:
    """Captions and chapters of a video of `frames` frames; either may be missing. Units: frames of the canvas."""

    captions: tuple[Caption, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    language: str = "und"
    frames: int = 0

    @classmethod
    def of(cls, timeline: Timeline) -> "Wording":
        """Give the words of a timeline."""
        return cls(timeline.captions, timeline.chapters, timeline.language, timeline.length)

    @property
    def lines(self) -> tuple[tuple[int, bytes], ...]:
        """Give what the track of captions holds: frames and packet, from the first frame to the last without a hole."""
        rows: list[tuple[int, bytes]] = []
        at = 0
        for caption in self.captions:
            words = plain(caption.text).encode()
            if caption.at.start > at:
                rows.append((caption.at.start - at, NOTHING))
            rows.append((caption.at.length, len(words).to_bytes(2, "big") + words))
            at = caption.at.end
        return (*rows, (self.frames - at, NOTHING)) if self.frames > at else tuple(rows)

    @property
    def titles(self) -> tuple[tuple[int, int, str], ...]:
        """Give the chapters from the first frame to the last: start, end, title as the file holds it.

        What lies before the first is a chapter too: players list chapters from the beginning on.
        """
        starts = [(chapter.start, one_line(chapter.title)) for chapter in self.chapters]
        if starts and starts[0][0] > 0:
            starts.insert(0, (0, OPENING))
        ends = [start for start, _ in starts[1:]] + [self.frames]
        return tuple((start, end, _cut(title)) for (start, title), end in zip(starts, ends, strict=True))

    @property
    def index_bytes(self) -> int:
        """Reckon what both take of the index at most.

        Source: ISO 14496-12: 4 bytes a sample in stsz, 8 in stts, 8 in co64, 12 in stsc; 9 and its title a chapter in
        chpl. Headers of a track are under 1 kB.
        """
        lines = 1024 + 32 * (len(self.lines) + 1) if self.captions else 0
        return lines + (1024 + (32 + 9 + TITLE_BYTES) * (len(self.chapters) + 1) if self.chapters else 0)

    def open(self, container: OutputContainer, profile: Profile) -> SubtitleStream | None:
        """Give the output its chapters and its track of captions; None: there are no captions."""
        if self.chapters:
            frame = 1 / profile.canvas.fps
            container.set_chapters([
                {"id": nth, "start": start, "end": end, "time_base": frame, "metadata": {"title": title}}
                for nth, (start, end, title) in enumerate(self.titles, start=1)
            ])  # fmt: skip
        if not self.captions:
            return None
        track = container.add_stream("mov_text")
        track.codec_context.subtitle_header = _STYLE.encode()
        track.time_base = track.codec_context.time_base = Fraction(1, text_timescale(profile))
        track.metadata["language"] = self.language
        return track

    def packets(self, track: SubtitleStream, profile: Profile) -> "Iterator[Packet[SubtitleStream]]":
        """Give the captions, and nothing between them, as packets that follow one another without a hole."""
        tick = text_ticks(profile)
        at = 0
        for frames, words in self.lines:
            packet = cast("Packet[SubtitleStream]", Packet(words))
            packet.stream = track
            packet.time_base = Fraction(1, text_timescale(profile))
            packet.pts = packet.dts = at * tick
            packet.duration = frames * tick
            packet.is_keyframe = True
            at += frames
            yield packet


def text_timescale(profile: Profile) -> int:
    """Give the ticks per second of the captions' track: frames are whole ticks, and no other track has more.

    Source: movenc.c ends a caption by an empty one as soon as another track's time stamp is larger, whatever the two
    count in; with the most ticks of all, ours are never overtaken, and every one of them is where we put it.
    """
    scale = track_timescale(profile)
    return scale * -(-max(scale, profile.canvas.sample_rate) // scale)


def text_ticks(profile: Profile) -> int:
    """Give the length of a frame in those ticks."""
    return frame_ticks(profile) * text_timescale(profile) // track_timescale(profile)


def chapter_packets(wording: Wording, profile: Profile) -> list[tuple[int, bytes]]:
    """Give what the track of chapters holds: ticks of the movie, and the packet.

    Source: movenc.c writes the length, the title in UTF-8, and a box `encd` that says it is UTF-8.
    """
    encoding = b"\0\0\0\x0cencd\0\0\x01\0"
    rate, fps = profile.canvas.sample_rate, profile.canvas.fps
    edges = [rounded(start * rate / fps) for start, *_ in wording.titles] + [rounded(wording.frames * rate / fps)]
    titles = [title.encode() for *_, title in wording.titles]
    return [
        (end - start, len(title).to_bytes(2, "big") + title + encoding)
        for (start, end), title in zip(pairwise(edges), titles, strict=True)
    ]


def _cut(title: str) -> str:
    return title.encode()[:TITLE_BYTES].decode(errors="ignore")
