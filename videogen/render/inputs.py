"""The files of a task: found, proven to be the promised bytes, and their media read from their side files."""

from pathlib import Path
from threading import Lock

from videogen import durable
from videogen.catalog import picture_of, read_asset
from videogen.errors import MissingInput
from videogen.model.media import Asset
from videogen.model.task import Input, Task


def assets_of_task(root: Path, task: Task) -> dict[str, Asset]:
    """Give what is known of each content of a task. Raises: MissingInput: a file is not in the library."""
    assets: dict[str, Asset] = {}
    for given in task.inputs.files:
        if given.sha256 in assets and assets[given.sha256].path == given.path:
            continue
        asset = read_asset(root, given.path)
        if asset.sha256 != given.sha256:
            raise changed(given)
        assets[given.sha256] = asset
    return assets


class TaskFiles:
    """The files of a task by their content; the bytes of each are proven by their hash before they are first read."""

    def __init__(self, root: Path, folder: Path, task: Task) -> None:
        inputs = task.inputs
        self._wanted = {given.sha256: (given, root / given.path) for given in inputs.files}
        for sha256 in inputs.pictures:
            path = picture_of(root, sha256)
            self._wanted[sha256] = Input(path=str(path.relative_to(root)), sha256=sha256), path
        if inputs.logo:
            self._wanted[inputs.logo.sha256] = inputs.logo, folder / "logo.png"
        self._proven: set[str] = set()
        self._lock = Lock()

    def where(self, content: str) -> tuple[Input, Path]:
        """Give what the task says of a content, and where it lies; nothing is proven yet."""
        return self._wanted[content]

    def path(self, content: str) -> Path:
        """Give the file with that content. Raises: MissingInput: it is gone, or is not what the task was made of."""
        given, path = self._wanted[content]
        with self._lock:
            if content not in self._proven:
                self.prove(given, path)
                self._proven.add(content)
        return path

    @staticmethod
    def prove(given: Input, path: Path) -> None:
        """Have read all of a file. Raises: MissingInput: its bytes are not those the task was made of."""
        try:
            if durable.digest(path) != given.sha256:
                raise changed(given)
        except OSError as error:
            raise MissingInput(
                f"{given.path} cannot be read ({error.strerror})",
                remedy="Drop the file into raw/ again, and the voice too.",
            ) from error


def changed(given: Input) -> MissingInput:
    """Give the error of a file whose bytes are others than the task was made of."""
    return MissingInput(
        f"{given.path} is not the file this task was made of",
        remedy="Something changed it in scanned/; drop the file into raw/ again, and the voice too.",
        code="input-changed",
    )
