"""What can go wrong, whose fault it is, and what happens next.

Five families. The family decides the room a task ends in and the exit status; the message names the thing and
the remedy says what a person can do. Exit numbers are those of BSD's sysexits.
"""

from typing import ClassVar


class VideogenError(Exception):
    """The root: one clear sentence, and a remedy."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str, code: str | None = None, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.facts = facts
        self._code = code

    @property
    def word(self) -> str:
        """The stable code of this very error, as it stands in reason files and logs."""
        return self._code or self.code

    def __str__(self) -> str:
        return f"{self.message}. {self.remedy}"


class InputError(VideogenError):
    """Theirs: the same bytes will fail again. The thing goes to trash/ with its reason."""

    code = "input"
    exit_code = 65


class RecipeError(InputError):
    """A description is wrong: where, and what was expected."""

    code = "recipe"


class MediaError(InputError):
    """A file is not what its place asks for: which file, and what is wrong."""

    code = "media"


class MissingInput(InputError):
    """A task names a file that is not there, or is not the file that was promised."""

    code = "missing-input"


class TemporaryError(VideogenError):
    """The world's: later it may work. The task goes back to tasks/, at most three times."""

    code = "temporary"
    exit_code = 75


class NoSpace(TemporaryError):
    """The disk, its inodes or a quota is full."""

    code = "no-space"


class EncoderBusy(TemporaryError):
    """The device has no session or no memory left for one more encode."""

    code = "encoder-busy"


class Stalled(TemporaryError):
    """A child made no progress, or ran past its time."""

    code = "stalled"


class Stopped(TemporaryError):
    """The operator stopped the work; the task goes back unharmed and the attempt does not count."""

    code = "stopped"


class LeaseLost(VideogenError):
    """Nobody's: another node owns the task now. Touch nothing."""

    code = "lease-lost"


class SetupError(VideogenError):
    """The operator's: stop before anything is claimed."""

    code = "setup"
    exit_code = 78


class ConfigError(SetupError):
    """A setting is wrong: which one, and what it may be."""

    code = "config"


class ToolchainError(SetupError):
    """FFmpeg is missing, or cannot do what every video needs."""

    code = "toolchain"


class RoomsApart(SetupError):
    """The rooms are not one filesystem: a rename between them is not atomic."""

    code = "rooms-apart"


class Defect(VideogenError):
    """Ours: an invariant is broken. To trash/, and loudly."""

    code = "defect"
    exit_code = 70


class FFmpegRefused(Defect):
    """FFmpeg rejected a command that we built."""

    code = "ffmpeg-refused"
