"""Command: one FFmpeg run as a value, with the same face whatever it makes."""

from abc import abstractmethod
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from threading import Event
from typing import Annotated, Literal, Protocol

from pydantic import Field, model_validator

from videogen import durable
from videogen.command.checked import Checked, FilePath
from videogen.command.container import muxer_of
from videogen.command.shell import line
from videogen.command.work import Work
from videogen.errors import MediaError, MissingInput, RecipeError
from videogen.ffmpeg import FFmpeg, Progress

CommandType = Literal["audio", "video", "mixing", "subtitle"]


class Priority(IntEnum):
    """Who goes first when more is ready than can run: the higher number."""

    HIGH = 10
    NORMAL = 5
    LOW = 0


class Command(Protocol):
    """What a queue needs to know of a piece of work, and all it may ask of it."""

    @property
    def id(self) -> str:
        """The name of this piece of work."""

    @property
    def type(self) -> CommandType:
        """What kind of work it is."""

    @property
    def priority(self) -> Priority:
        """Whether it goes before others."""

    @property
    def input(self) -> Path:
        """The file it reads first."""

    @property
    def output(self) -> Path:
        """The file it makes."""

    def args(self) -> list[str]:
        """Give FFmpeg's arguments, without the program."""

    def dry_run(self, program: str = "ffmpeg") -> str:
        """Give one line to paste into bash that makes the same file."""

    def run(
        self,
        ffmpeg: FFmpeg,
        *,
        log: Path,
        stop: Event | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        total: int = 0,
    ) -> None:
        """Make the output: whole under its name, or not at all."""


class BuiltCommand(Checked):
    """What all commands share; a kind of command adds what FFmpeg is to do between the input and the output."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    output: FilePath
    priority: Priority = Priority.NORMAL

    @property
    @abstractmethod
    def reads(self) -> tuple[Path, ...]:
        """Every file it reads, in FFmpeg's numbering."""

    @property
    @abstractmethod
    def suffixes(self) -> tuple[str, ...]:
        """What an output of this kind may be called."""

    @property
    def frames(self) -> int | None:
        """Frames of picture the output has by construction; None where only the source knows."""
        return None

    @property
    def muxer(self) -> str:
        """What FFmpeg calls the kind of file the output's suffix promises."""
        return muxer_of(self.output, *self.suffixes)

    @abstractmethod
    def work(self) -> Work:
        """Give what FFmpeg is to do, all but where it writes."""

    @model_validator(mode="after")
    def _apart(self) -> "BuiltCommand":
        muxer_of(self.output, *self.suffixes)  # refuses a suffix that is none of ours
        if self.output in self.reads:
            raise RecipeError(f"{self.output} is read and written at once", remedy="Give the output another name.")
        return self

    def args(self) -> list[str]:
        """Give FFmpeg's arguments, without the program; they replace an output that is there."""
        return self._writing(self.output)

    def dry_run(self, program: str = "ffmpeg") -> str:
        """Give one printable line to paste into bash that makes the same file, in the folder paths are relative to.

        Unlike `run`, FFmpeg writes to the output itself: what it leaves when it fails lies there under its name.
        """
        return line([program, "-hide_banner", "-nostdin", *self.args()])

    def run(
        self,
        ffmpeg: FFmpeg,
        *,
        log: Path,
        stop: Event | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        total: int = 0,
    ) -> None:
        """Make the output: whole under its name, or not at all; one that was there is replaced.

        Units: `total` is the number of frames for the progress, where the command does not know it itself.
        Raises: MissingInput: an input is no file. RecipeError: the output's folder is not there, or the output is an
            input under another name. MediaError: fewer frames came than were asked for. Else what FFmpeg.run raises.
        """
        self.expect_inputs()
        last = 0

        def tell(progress: Progress) -> None:
            nonlocal last
            last = progress.frame
            if on_progress is not None:
                on_progress(progress)

        unfinished = durable.temporary_in(self.output.parent)
        try:
            arguments = self._writing(unfinished)
            ffmpeg.run(arguments, log=log, total=total or self.frames or 0, on_progress=tell, stop=stop)
            self._expect_frames(last)
            durable.sync_file(unfinished)
            durable.move(unfinished, self.output)
        except BaseException:
            durable.remove(unfinished)
            raise

    def expect_inputs(self) -> None:
        """Look whether all is there before FFmpeg is started. Raises: as `run`."""
        for path in self.reads:
            if not path.is_file():
                raise MissingInput(f"{path} is not there, or is no file", remedy="Give the path of a file.")
            if self.output.exists() and self.output.samefile(path):
                raise RecipeError(f"{self.output} and {path} are one file", remedy="Give the output another name.")
        if not self.output.parent.is_dir():
            raise RecipeError(f"the folder {self.output.parent} is not there", remedy="Make the folder first.")

    def _writing(self, path: Path) -> list[str]:
        return self.work().to_args(self.muxer, path)

    def _expect_frames(self, made: int) -> None:
        if self.frames is not None and made != self.frames:
            raise MediaError(
                f"{self.reads[0]} gave {made} frames where {self.frames} were asked for",
                remedy="Count its frames again, and say when its first one is shown.",
            )
