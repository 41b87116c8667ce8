"""A piece of picture to encode by itself, by the very command that videogen would run for it."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from bench import film
from videogen import durable
from videogen.model.profile import Encoder, Profile
from videogen.model.segment import Note
from videogen.model.timebase import Range, parse_resolution
from videogen.model.timeline import Canvas, Clip, Timeline
from videogen.plan import Segment, placed
from videogen.plan.keys import segment_of
from videogen.render.survey import survey
from videogen.toolchain import find


@dataclass(frozen=True)
class Piece:
    """A segment, its profile and the clip it shows."""

    segment: Segment
    profile: Profile
    clip: Path
    content: str

    @property
    def pixels(self) -> int:
        """Pixels of all its frames."""
        canvas = self.profile.canvas
        return canvas.width * canvas.height * self.segment.frames

    def argv(self, target: Path) -> list[str]:
        """Write the command that encodes it."""
        files, steps = {self.content: f"file:{self.clip}"}, {"out": f"file:{target}"}
        words = [placed(word, files, steps) for word in self.segment.argv]
        return [str(film.program()), "-y", "-hide_banner", "-nostdin", "-v", "error", *words]

    def note(self, encoded: Path) -> Note:
        """Count what was encoded, as videogen does before it believes it."""
        return survey(encoded, self.segment, self.profile)


def piece(clip: Path, size: str, frames: Range, *, threads: int = 1) -> Piece:
    """Take a stretch of a clip at 30 frames a second as a segment."""
    width, height = parse_resolution(size)
    canvas = Canvas(width=width, height=height, fps=Fraction(30))
    profile = Profile(canvas=canvas, encoder=Encoder(threads=threads), toolchain=find("").version)
    content = durable.digest(clip)
    timeline = Timeline(canvas=canvas, picture=(Clip(asset=content, source=frames),), is_mute=True)
    return Piece(segment_of(timeline, {content: film.probed(clip)}, profile), profile, clip, content)
