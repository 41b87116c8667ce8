"""A complete folder is taken: copied, compiled, promoted by one rename, made a task, and cleared from raw/.

The order is what survives a death: before the rename nothing was done, and what is half copied is dropped at the next
start; from the rename on the job has its id and its task beside its paper, so the next start publishes that very task.
raw/ is cleared last, the description after all else: what is left of it tells whose it is by its stamps.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from uuid import uuid4

import structlog

from videogen import durable, spans
from videogen.assemble import NoClips, fill
from videogen.catalog import Catalog, keep_picture, side_path
from videogen.cutting import Cutting, Material
from videogen.errors import Defect, InputError, MediaError, MissingInput, NoSpace, Stopped, VideogenError
from videogen.jobs.borrowing import Borrowing, is_borrower
from videogen.jobs.clearing import clear
from videogen.jobs.folder import Folder
from videogen.jobs.names import BROUGHT, check_names, free_paths, names_to_take
from videogen.jobs.ordering import Orders, Places, seed_of, task_of
from videogen.jobs.papers import Papers, is_same
from videogen.jobs.reading import material_of, mentions_in, pictures_of
from videogen.model.job import PAPER, WAITING_TASK, Job, JobFile, fingerprint_of
from videogen.model.media import Asset, Media, Source
from videogen.model.stock import Mention
from videogen.model.task import Task
from videogen.model.value import readable
from videogen.points import point
from videogen.scan.admit import RESERVE_BYTES, StillChanging, Verdict
from videogen.scan.arrival import signature_of
from videogen.scan.place import check_folder, shown
from videogen.spool import Spool
from videogen.trash import Trash

log = structlog.get_logger()


class Taker:
    """The hand that takes folders, one at a time."""

    def __init__(self, spool: Spool, catalog: Catalog, cutting: Cutting, orders: Orders, stop: Event) -> None:
        self.root = self._root = spool.root
        self._spool = spool
        self._catalog = catalog
        self._cutting = cutting
        self._papers = Papers(spool.root)
        self._orders = orders
        self._stop = stop
        self._trash = Trash(spool.root)

    # -- at a start --------------------------------------------------------------------------------------------------

    def finish(self, tick: Callable[[], None]) -> None:
        """Read the papers, and publish what an earlier life promoted and did not come to publish."""
        for job in self._papers.load():
            tick()
            try:
                self._publish(job)
            except (VideogenError, OSError, ValueError) as error:
                log.error(f"Cannot make the task of {job.path}", task=job.task_id, because=str(error))

    def mentions(self, folder: Folder) -> tuple[Mention, ...]:
        """Give the files that a folder's description names. Raises: InputError: it is no description."""
        return mentions_in(self._cutting, folder)

    def borrowing(self, settle_s: float, clock: Callable[[], float]) -> Borrowing:
        """Give what knows which folders show clips of the library."""
        return Borrowing(self._catalog, settle_s, clock)

    # -- one folder --------------------------------------------------------------------------------------------------

    def take(
        self, folder: Folder, wants: tuple[Mention, ...], *, is_final: bool = True, lacks_clips: bool = False
    ) -> Verdict:
        """Decide one complete folder; afterwards what was taken of it lies in raw/ no more.

        `lacks_clips`: the library is not ready to lend any.
        Raises: StillChanging: it is not complete after all. NoSpace: it stays, and is tried again.
            InputError: it would be refused and that is not final: it stays. NoClips: it shows the library's, and there
            are none: it stays.
        """
        relative = readable(str(folder.path.relative_to(self._root)))
        began = time.monotonic()
        if job := self.left_behind(folder):
            self._publish(job)
            self._clear(folder, job)
            return Verdict(relative, None)
        entrance = self._catalog.entrance()
        try:
            self._check(folder, wants, lacks_clips=lacks_clips)
            job = self._taken(folder, wants, relative, entrance)
        except NoClips:
            raise
        except InputError as error:
            if not is_final:
                raise
            return self.refuse(folder, error)
        finally:
            for left in (entrance, pictures_of(entrance)):
                if left.exists():
                    durable.remove_tree(left)
        self._publish(job)
        self._clear(folder, job)
        size_bytes = sum(file.size_bytes for file in job.files)
        log.info(
            f"Moved {relative} → {job.path}",
            task=job.task_id,
            files=len(job.files),
            seconds=time.monotonic() - began,
            size_bytes=size_bytes,
        )
        return Verdict(relative, None)

    def left_behind(self, folder: Folder) -> Job | None:
        """Give the job whose originals still lie in this folder, as a death kept them from going; None: it is new."""
        job = self._papers.left_behind(folder, readable(str(folder.path.relative_to(self._root))))
        return None if job is None or self._is_wanted_again(job) else job

    def refuse(self, folder: Folder, error: VideogenError) -> Verdict:
        """Move a folder aside as it is, with the reason beside it."""
        relative = readable(str(folder.path.relative_to(self._root)))
        target = self._trash.refuse(folder.path, error, name=f"{folder.recipe}-{folder.name}")
        where = readable(str(target.relative_to(self._root)))
        log.warning(f"Refused {relative} → {where}", code=error.word, because=error.message, remedy=error.remedy)
        return Verdict(relative, None, error=error)

    def _check(self, folder: Folder, wants: tuple[Mention, ...], *, lacks_clips: bool) -> None:
        """Find out what can be known before anything is copied. Raises: InputError; NoClips."""
        check_folder(folder.name)
        check_names(names_to_take(folder, wants))
        if lacks_clips and is_borrower(self._cutting, folder):
            raise NoClips("the library lends no clip yet", remedy="Drop clips into raw/video/<category>/.")

    def _taken(self, folder: Folder, wants: tuple[Mention, ...], relative: str, entrance: Path) -> Job:
        """Copy, compile and promote a folder; give its job, whose task waits beside its paper."""
        names = names_to_take(folder, wants)
        files = tuple(self._copied(folder, names, entrance))
        fingerprint = fingerprint_of(folder.recipe, files)
        before = self._papers.of_print(fingerprint)
        if before is not None and not self._is_wanted_again(before):
            raise _duplicate(before)
        durable.make_folder(pictures_of(entrance))
        description = folder.descriptions[0] if folder.descriptions else ""
        task_id = str(uuid4())
        with spans.story(task_id):
            hashed = {file.name: file.sha256 for file in files}
            material = material_of(self._cutting, entrance, folder.recipe, description, hashed, seed_of(task_id))
        drawn = tuple(self._drawn(material, pictures_of(entrance)))
        brought = tuple(self._brought(material, {file.sha256 for file in files} | set(drawn), entrance))
        for path in free_paths(folder):
            job = Job(
                recipe=folder.recipe,
                name=folder.name,
                path=path,
                dropped_as=relative,
                task_id=task_id,
                description=description,
                fingerprint=fingerprint,
                files=files,
                brought=brought,
            )
            if self._promoted(job, material, drawn, entrance):
                return job
        raise AssertionError("unreachable: names do not end")

    # -- its steps ---------------------------------------------------------------------------------------------------

    def _copied(self, folder: Folder, names: list[str], entrance: Path) -> Iterator[JobFile]:
        self._expect_room(folder, names)
        durable.make_folder(entrance)
        for name in names:
            self._go_on()
            source, target = folder.path / name, entrance / name
            if len(target.relative_to(entrance).parts) > 1:
                durable.make_folder(target.parent)
            try:
                if durable.writers(source) == "some":
                    raise StillChanging
                copied = durable.copy(source, target, self._go_on)
            except FileNotFoundError as error:
                raise StillChanging from error
            except MissingInput as error:
                if error.word == "still-changing":
                    raise StillChanging from error
                raise
            except NotADirectoryError as error:
                raise StillChanging from error
            except OSError as error:
                raise _unreadable(source, name, error) from error
            file = JobFile(
                name=name,
                sha256=copied.sha256,
                size_bytes=copied.size_bytes,
                mtime_ns=copied.mtime_ns,
                inode=copied.inode,
            )
            arrival = folder.files.get(name)
            if arrival is not None and not is_same(file, arrival.signature):
                raise StillChanging
            yield file

    def _expect_room(self, folder: Folder, names: list[str]) -> None:
        wanted = sum(found[0] for name in names if (found := signature_of(folder.path / name)))
        free = os.statvfs(self._root)
        if wanted + RESERVE_BYTES > free.f_bavail * free.f_frsize:
            raise NoSpace(
                f"{shown(folder.name)} is larger than the space that is left", remedy="Free space on this disk."
            )

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise Stopped("the intake was stopped", remedy="The folder is taken in at the next start.")

    def _drawn(self, material: Material, pictures: Path) -> Iterator[str]:
        """Keep the pictures that were drawn for a timeline in the library; give their hashes."""
        for content in material.timeline.assets():
            path = material.file_of(content)
            if path.is_relative_to(pictures):
                keep_picture(self._root, content, path.read_bytes())
                yield content

    def _brought(self, material: Material, known: set[str], entrance: Path) -> Iterator[JobFile]:
        """Copy what a timeline shows or plays that lies neither in the folder nor in the library."""
        for content in material.timeline.assets():
            path = material.file_of(content)
            if content in known or path.is_relative_to(self._root / "scanned"):
                continue
            name = f"{BROUGHT}/{content[:12]}{path.suffix}"
            durable.make_folder(entrance / BROUGHT)
            copied = durable.copy(path.resolve(), entrance / name, self._go_on)
            if copied.sha256 != content:
                raise StillChanging
            yield JobFile(
                name=name,
                sha256=content,
                size_bytes=copied.size_bytes,
                mtime_ns=copied.mtime_ns,
                inode=copied.inode,
            )

    def _promoted(self, job: Job, material: Material, drawn: tuple[str, ...], entrance: Path) -> bool:
        """Put the papers beside the copies and give the whole its name; False where the name is taken by now."""
        task = task_of(job, material, Places(self._root, job, material).input_of, drawn, self._orders)
        for file in (*job.files, *job.brought):
            asset = _asset(job, file, material.media.get(file.sha256, Media()))
            durable.write(side_path(entrance / file.name), asset.to_json())
        durable.write(entrance / WAITING_TASK, task.to_json())
        durable.write(entrance / PAPER, job.to_json())
        target = self._root / job.path
        durable.make_folder(target.parent)
        if os.path.lexists(target):
            return False
        # Known before it is there: whatever fails from here on, the next look finishes this job and makes no other.
        self._papers.note(job)
        durable.move(entrance, target)
        point("jobs.promoted")
        for said in task.warnings:
            log.warning(f"{job.path}: {said}", task=job.task_id)
        return True

    def _publish(self, job: Job) -> None:
        """Bring the task of a job into being, once."""
        waiting = self._root / job.path / WAITING_TASK
        if not job.is_published:
            if waiting.exists():
                task = Task.model_validate_json(durable.read(waiting))
                if self._spool.publish(task, lambda folder: fill(folder, task, Path())):
                    log.info(f"Made tasks/{task.task_id} of {job.path}", task=task.task_id, frames=task.frames)
            point("jobs.published")
            self._papers.keep(job.model_copy(update={"is_published": True}))
            point("jobs.marked")
        if waiting.exists():
            durable.remove(waiting)

    def _clear(self, folder: Folder, job: Job) -> None:
        left = clear(folder, job)
        if left:
            some = ", ".join(shown(name) for name in left[:3])
            log.warning(
                f"Left {len(left)} files of {shown(folder.name)} in raw/",
                because=f"nothing names them, or they changed meanwhile: {some}",
                remedy="Remove them, or put a new description beside them.",
            )
        point("jobs.cleared")

    def _is_wanted_again(self, job: Job) -> bool:
        """Whether the same may be asked for again: its video failed, or what was taken of it is gone."""
        return self._spool.room_of(job.task_id) == "trash" or not (self._root / job.path).is_dir()


def _asset(job: Job, file: JobFile, media: Media) -> Asset:
    name = file.name.rpartition("/")[2]
    return Asset(
        kind="source",
        path=f"{job.path}/{file.name}",
        category=job.recipe,
        story=job.name,
        name=name.rpartition(".")[0] or name,
        original_name=name,
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        source=Source(
            path=f"{job.dropped_as}/{file.name}",
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            mtime_ns=file.mtime_ns,
            inode=file.inode,
        ),
        media=media,
        task_id=job.task_id,
    )


def _duplicate(before: Job) -> MediaError:
    return MediaError(
        f"the same folder was taken already, as {before.path}",
        remedy=f"Nothing to do; `videogen why {before.task_id}` tells where its video is.",
        code="duplicate",
    )


def _unreadable(path: Path, name: str, error: OSError) -> MediaError:
    code = "not-a-file" if path.is_symlink() or not path.is_file() else "unreadable"
    return MediaError(
        f"{shown(name)} cannot be read ({error.strerror})",
        remedy="Put the file itself there, readable for the videogen user.",
        code=code,
    )


def defect_of(error: Exception) -> Defect:
    """Give the reason of a folder that we could not judge: our fault, but nothing may stop the rest."""
    return Defect(
        f"videogen failed on this folder ({type(error).__name__}: {error})",
        remedy="Report it with the folder; dropping it again tries again.",
        code="internal-error",
    )
