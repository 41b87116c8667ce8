"""The template: the video as one FFmpeg command, as a person who knows FFmpeg would write it.

Rate, scale and padding per clip and the concat filter, since the concat demuxer freezes on clips that are not alike;
the logo at 20:20; music over and over at a quarter under the voice. Its encoder settings are videogen's own, but for
the threads, which are FFmpeg's default: as many as there are processors.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import film
from videogen.model.task import Task
from videogen.model.timebase import parse_rate

PICTURE = ("-c:v", "libx264", "-preset", "medium", "-crf", "23", "-g", "250")
LOSSLESS = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0")
EXACT = "bicubic+accurate_rnd+bitexact"
"""How videogen scales: other roundings are other pixels, and a reference made with them would favour their side."""
SOUND = ("-c:a", "aac", "-b:a", "192k")


@dataclass(frozen=True)
class Shown:
    """A clip. `frames` pins how many are shown, `matrix` names its colours and rounds; a person writes neither."""

    path: Path
    frames: int | None = None
    matrix: str | None = None


@dataclass(frozen=True)
class Template:
    """Everything the command says. Units: pixels as WIDTHxHEIGHT, frames per second, seconds."""

    program: Path
    clips: tuple[Shown, ...]
    music: Path
    voice: Path
    seconds: float
    size: str
    logo: Path | None = None
    rate: str = "30"

    @classmethod
    def of(cls, task: Task, root: Path) -> "Template":
        """Give the command for the very task a node will take, on the very same files."""
        logo = root / task.inputs.logo.path if task.inputs.logo else None
        return cls(
            program=film.program(),
            clips=tuple(Shown(root / clip.path) for clip in task.inputs.clips),
            music=root / task.inputs.played.path,
            voice=root / task.inputs.spoken.path,
            seconds=task.voice_duration,
            size=task.render.resolution,
            logo=logo,
            rate=str(task.render.frame_rate),
        )

    def pinned(self, task: Task, matrices: Sequence[str]) -> "Template":
        """Give the command that shows the same frames of the same colours as the task asks for, place by place."""
        clips = [
            Shown(shown.path, use.out_frame - use.in_frame, matrix)
            for shown, use, matrix in zip(self.clips, task.inputs.clips, matrices, strict=True)
        ]
        seconds = float(task.frames / parse_rate(self.rate))
        return replace(self, clips=tuple(clips), seconds=seconds)

    def argv(self, target: Path) -> list[str]:
        """Write the whole command."""
        graph = f"{self._picture_graph()};{self._sound_graph()}"
        streams = ["-map", "[v]", "-map", "[a]", *PICTURE, "-r", self.rate, *SOUND]
        return [*self._start(), "-filter_complex", graph, *streams, *self._end(target)]

    def reference(self, target: Path) -> list[str]:
        """Write the command whose frames are what the encoder is given, without loss and without sound."""
        streams = ["-map", "[v]", *LOSSLESS, "-r", self.rate, "-an"]
        return [*self._start(), "-filter_complex", self._picture_graph(), *streams, *self._end(target)]

    def sound(self, target: Path) -> list[str]:
        """Write the command for the sound alone: what no rendering can be faster than."""
        streams = ["-map", "[a]", "-vn", *SOUND]
        return [*self._start(), "-filter_complex", self._sound_graph(), *streams, *self._end(target)]

    def _start(self) -> list[str]:
        words = [str(self.program), "-y", "-hide_banner", "-nostdin", "-v", "error"]
        for shown in self.clips:
            words += ["-i", str(shown.path)]
        words += ["-stream_loop", "-1", "-i", str(self.music), "-i", str(self.voice)]
        return [*words, "-i", str(self.logo)] if self.logo else words

    def _end(self, target: Path) -> list[str]:
        return ["-t", f"{self.seconds:.6f}", "-movflags", "+faststart", str(target)]

    def _picture_graph(self) -> str:
        chains = [self._chain(nth, shown) for nth, shown in enumerate(self.clips)]
        joined = "".join(f"[c{nth}]" for nth in range(len(self.clips)))
        chains.append(f"{joined}concat=n={len(self.clips)}:v=1:a=0[{'base' if self.logo else 'v'}]")
        if self.logo:
            chains.append(f"[base][{len(self.clips) + 2}:v]overlay=20:20,format=yuv420p[v]")
        return ";".join(chains)

    def _chain(self, nth: int, shown: Shown) -> str:
        width, height = self.size.split("x")
        flags = EXACT if shown.matrix else "bicubic"
        scale = f"scale={width}:{height}:flags={flags}:force_original_aspect_ratio=decrease"
        if shown.matrix:
            scale += f":in_color_matrix={shown.matrix}:out_color_matrix=bt709:out_range=tv"
        words = [f"fps={self.rate}", scale, f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2", "setsar=1", "format=yuv420p"]
        if shown.frames is not None:
            words += ["tpad=stop=-1:stop_mode=clone", f"trim=end_frame={shown.frames}"]
        return f"[{nth}:v]{','.join(words)}[c{nth}]"

    def _sound_graph(self) -> str:
        music, voice = len(self.clips), len(self.clips) + 1
        mix = "[music][voice]amix=inputs=2:duration=longest:normalize=0[a]"
        return f"[{music}:a]volume=0.25[music];[{voice}:a]volume=1.0[voice];{mix}"
