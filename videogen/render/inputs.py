"""The files of a task: found, proven to be the promised bytes, and their media read from their side files."""

from pathlib import Path, PurePosixPath

from videogen import durable
from videogen.catalog import read_asset
from videogen.errors import MissingInput
from videogen.model.media import Media
from videogen.model.task import Input, Task


def media_of_task(root: Path, task: Task) -> dict[str, Media]:
    """Give what is known of each content of a task. Raises: MissingInput: a file is not in the library."""
    inputs = task.inputs
    media = {}
    for given in (inputs.voice, inputs.music, *inputs.clips):
        _inside(given)
        asset = read_asset(root, given.path)
        if asset.sha256 != given.sha256:
            raise _changed(given)
        media[given.sha256] = asset.media
    return media


def files_of_task(root: Path, folder: Path, task: Task) -> dict[str, Path]:
    """Give the file of each content of a task, its bytes proven by their hash.

    Raises: MissingInput: a file is gone or is not what the task was made of.
    """
    inputs = task.inputs
    wanted = {given.sha256: (given, root / given.path) for given in (inputs.voice, inputs.music, *inputs.clips)}
    if inputs.logo:
        wanted[inputs.logo.sha256] = inputs.logo, folder / "logo.png"
    for sha256, (given, path) in wanted.items():
        try:
            if durable.digest(path) != sha256:
                raise _changed(given)
        except OSError as error:
            raise MissingInput(
                f"{given.path} cannot be read ({error.strerror})",
                remedy="Drop the file into raw/ again, and the voice too.",
            ) from error
    return {sha256: path for sha256, (_, path) in wanted.items()}


def _inside(given: Input) -> None:
    # A task's paper names files; it must not name one outside the library.
    parts = PurePosixPath(given.path).parts
    if parts[:1] != ("scanned",) or ".." in parts:
        raise MissingInput(f"{given.path} is not in the library", remedy="Drop the voice into raw/ again.")


def _changed(given: Input) -> MissingInput:
    return MissingInput(
        f"{given.path} is not the file this task was made of",
        remedy="Something changed it in scanned/; drop the file into raw/ again, and the voice too.",
        code="input-changed",
    )
