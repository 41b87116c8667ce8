"""The papers of all jobs that were taken, by what they were dropped as and by what they ask for."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import structlog

from videogen import durable
from videogen.errors import MissingInput
from videogen.jobs.folder import RECIPES, Folder
from videogen.model.job import PAPER, Job, JobFile
from videogen.model.value import readable
from videogen.scan.arrival import Signature

log = structlog.get_logger()


class Papers:
    """scanned/<recipe>/<name>/.job.json of every job, read once and kept up to date by the one who takes jobs."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._by_print: dict[str, Job] = {}
        self._by_place: dict[str, Job] = {}

    def load(self) -> list[Job]:
        """Read every paper; give the jobs whose task was not published."""
        self._by_print, self._by_place, unfinished = {}, {}, []
        for job in self._all():
            self.note(job)
            if not job.is_published:
                unfinished.append(job)
        return unfinished

    def _all(self) -> Iterator[Job]:
        found = []
        for recipe in RECIPES:
            folder = self._root / "scanned" / recipe
            with suppress(FileNotFoundError):
                found += [folder / name for name in durable.listing(folder) if not name.startswith(".")]
        stamped = []
        for path in found:
            try:
                job = Job.model_validate_json(durable.read(path / PAPER))
                stamped.append(((path / PAPER).stat().st_mtime_ns, job))
            except (OSError, ValueError) as error:
                log.warning(f"Cannot read {readable(str(path.relative_to(self._root)))}/{PAPER}", because=str(error))
        yield from (job for _, job in sorted(stamped, key=lambda row: (row[0], row[1].path)))

    def note(self, job: Job) -> None:
        """Know a job whose paper lies in its folder."""
        self._by_print[job.fingerprint] = job
        self._by_place[job.dropped_as] = job

    def keep(self, job: Job) -> None:
        """Write a job's paper anew; when this returns it survives a power cut. Raises: NoSpace."""
        durable.write(self._root / job.path / PAPER, job.to_json())
        self.note(job)

    def of_print(self, fingerprint: str) -> Job | None:
        """Give the last job that asked for the same."""
        return self._by_print.get(fingerprint)

    def left_behind(self, folder: Folder, dropped_as: str) -> Job | None:
        """Give the job that was taken of this very folder, whose removal from raw/ a crash cut short."""
        job = self._by_place.get(dropped_as)
        if job is None:
            return None
        taken = {file.name: file for file in job.files}
        there = [is_same(taken.get(name), arrival.signature) for name, arrival in folder.files.items()]
        if job.description:
            arrival = folder.files.get(job.description)
            return job if arrival and is_same(taken.get(job.description), arrival.signature) else None
        return job if all(there) else None


def is_same(file: JobFile | None, signature: Signature) -> bool:
    """Whether a file in raw/ is the one that was copied."""
    size, mtime_ns, _, inode = signature
    return file is not None and (file.size_bytes, file.mtime_ns, file.inode) == (size, mtime_ns, inode)


def reread(root: Path, path: str) -> Job:
    """Read one paper. Raises: MissingInput: it is not there, or is none."""
    try:
        return Job.model_validate_json(durable.read(root / path / PAPER))
    except (OSError, ValueError) as error:
        raise MissingInput(f"{path} has no paper that can be read", remedy="Drop the folder again.") from error
