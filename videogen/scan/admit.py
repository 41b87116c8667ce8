"""Intake of one file: copy and hash, inspect, bring to the house's loudness, give it its place in the library."""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Event
from urllib.parse import urlsplit
from uuid import uuid4

import structlog

from videogen import durable
from videogen.catalog import Catalog
from videogen.errors import (
    Defect,
    InputError,
    MediaError,
    MissingInput,
    NoSpace,
    Stopped,
    TemporaryError,
    VideogenError,
)
from videogen.ffmpeg import FFmpeg
from videogen.model.media import Asset, Kind, Media, Source
from videogen.model.value import readable
from videogen.probe import Prober
from videogen.scan.loudness import apply_gain, gain_for
from videogen.scan.place import Place, place_of, shown
from videogen.scan.words import check_words, expect_short
from videogen.trash import Trash

log = structlog.get_logger()

LINK_BYTES = 1 << 20
RESERVE_BYTES = 64 << 20
"""Space an intake leaves free, so that reasons and tasks can still be written."""


class StillChanging(Exception):  # noqa: N818 -- not an error: the file is looked at again
    """The file changed while it was taken in."""


@dataclass(frozen=True)
class LoudnessRule:
    """Where music is brought. Units: LUFS, dBTP, LU."""

    target_lufs: float = -16.0
    ceiling_dbtp: float = -1.0
    tolerance_lu: float = 0.5


@dataclass(frozen=True)
class Verdict:
    """What became of a file: an asset, or the error that refused it."""

    path: str
    place: Place | None
    asset: Asset | None = None
    error: VideogenError | None = None


class Intake:
    """The hand that takes files out of raw/, one at a time; each ends in the library or in trash/invalid."""

    def __init__(  # noqa: PLR0913 -- the parts of an intake, built once in wiring
        self,
        root: Path,
        catalog: Catalog,
        prober: Prober,
        ffmpeg: FFmpeg,
        rule: LoudnessRule,
        *,
        room_of: Callable[[str], str | None] = lambda _: None,
        stop: Event | None = None,
    ) -> None:
        self._root = root
        self._catalog = catalog
        self._prober = prober
        self._ffmpeg = ffmpeg
        self._rule = rule
        self._room_of = room_of
        self._stop = stop
        self._trash = Trash(root)

    def warm(self) -> None:
        """Have this thread ready for its first file; where that fails the file will say so."""
        with suppress(TemporaryError):
            self._prober.warm()

    def admit(self, path: Path, *, is_final: bool = True) -> Verdict:
        """Decide one settled file of raw/; afterwards it lies there no more. Several threads may do so at once.

        Raises: StillChanging: it is not settled after all. NoSpace: it stays, and is tried again.
            FileNotFoundError: someone took it back. InputError: it would be refused and that is not final: it stays.
        """
        relative = str(path.relative_to(self._root))
        place: Place | None = None
        source: Source | None = None
        began = time.monotonic()
        content = self._catalog.entrance()
        try:
            place = place_of(PurePosixPath(path.relative_to(self._root / "raw").as_posix()))
            if place.kind in {"link", "text"}:  # before it is copied
                (_expect_short if place.kind == "link" else expect_short)(os.lstat(path).st_size)
            source = self._taken(path, content)
            asset = self._promote(path, place, content, source)
        except InputError as error:
            if not is_final:
                raise
            # Its bytes were hashed while they were copied: they are not read once more for the reason.
            return self._refuse(path, relative, place, error, sha256=source.sha256 if source else "")
        finally:
            for left in (content, content.with_name(content.name + ".mp3"), content.with_name(content.name + ".log")):
                if os.path.lexists(left):  # a removal is synced, which costs more than a look
                    durable.remove(left)
        log.info(
            f"Moved {relative} → {asset.path}",
            **({"task": asset.task_id} if asset.task_id else {}),
            seconds=time.monotonic() - began,
            size_bytes=asset.size_bytes,
            **({"gain_db": asset.gain_db} if asset.kind == "music" else {}),
            **({"warnings": ", ".join(asset.media.warnings)} if asset.media.warnings else {}),
        )
        return Verdict(relative, place, asset=asset)

    def refuse(self, path: Path, error: VideogenError) -> Verdict:
        """Move a file aside unjudged."""
        return self._refuse(path, str(path.relative_to(self._root)), None, error)

    def refuse_defect(self, path: Path, error: Exception) -> Verdict:
        """Move a file aside that we could not judge: our fault, but nothing may stop the rest."""
        relative = str(path.relative_to(self._root))
        defect = Defect(
            f"videogen failed on this file ({type(error).__name__}: {error})",
            remedy="Report it with the file; dropping the file again tries again.",
            code="internal-error",
        )
        return self._refuse(path, relative, None, defect)

    def _refuse(
        self, path: Path, relative: str, place: Place | None, error: VideogenError, *, sha256: str = ""
    ) -> Verdict:
        target = self._trash.refuse(path, error, sha256=sha256)
        log.warning(
            f"Refused {relative} → {target.relative_to(self._root)}",
            code=error.word,
            because=error.message,
            remedy=error.remedy,
        )
        return Verdict(relative, place, error=error)

    def _promote(self, path: Path, place: Place, content: Path, source: Source) -> Asset:
        first = self._first(place, source)
        if first is not None and self._is_wanted_again(first):
            log.info(f"Taking {first.path} in again", because="its video failed, or its bytes were changed")
        elif first is not None:
            _expect_same(first, source)
            # A crash came between the promotion and this: finish it.
            self._clear(path, source)
            return first
        if source.size_bytes == 0:
            raise MediaError("the file is empty", remedy="Copy it again; the copy did not happen.", code="empty")
        media = self._measured(place.kind, content, shown(path.name))
        gain_db = 0.0
        if place.kind == "music":
            content, media, gain_db = self._levelled(content, media)
        asset = Asset(
            kind=place.kind,
            path=first.path if first is not None else self._free_path(place, media, path.name),
            category=place.category,
            story=place.story,
            name=readable(place.stem),
            original_name=readable(path.name),
            sha256=durable.digest(content) if gain_db else source.sha256,
            size_bytes=content.stat().st_size,
            source=source,
            media=media,
            gain_db=gain_db,
            task_id=str(uuid4()) if place.kind == "voice" else "",
        )
        asset = self._catalog.add(asset, content)
        _expect_same(asset, source)  # another file of the same content may have come in a moment before
        self._clear(path, source)
        return asset

    def _first(self, place: Place, source: Source) -> Asset | None:
        """Give what is in the library of the same content; of words, only those of the same voice."""
        first = self._catalog.of_source(place.kind, source.sha256)
        if first is None or place.kind != "text":
            return first
        mine = place.category, place.story, readable(place.stem)
        return first if (first.category, first.story, first.name) == mine else None

    def _free_path(self, place: Place, media: Media, name: str) -> str:
        ending = PurePosixPath(name).suffix.lower() if place.kind == "text" else ""
        return self._catalog.free_path(
            place.kind, place.stem, media, category=place.category, story=place.story, ending=ending
        )

    def _is_wanted_again(self, first: Asset) -> bool:
        """Whether a content that is in the library may come again: its video failed, or its copy there is damaged."""
        if first.kind == "voice" and first.is_assembled and self._room_of(first.task_id) == "trash":
            return True
        return durable.digest(self._root / first.path) != first.sha256

    def _go_on(self) -> None:
        """Be the sign of life of a long copy. Raises: Stopped."""
        if self._stop is not None and self._stop.is_set():
            raise Stopped("the intake was stopped", remedy="The file is taken in at the next start.")

    def _taken(self, path: Path, content: Path) -> Source:
        try:
            self._expect_room(path)
            if durable.writers(path) == "some":
                raise StillChanging
            copied = durable.copy(path, content, self._go_on)
            if durable.writers(path) == "some":
                raise StillChanging
        except MissingInput as error:
            if error.word == "still-changing":
                raise StillChanging from error
            raise
        except FileNotFoundError:
            raise
        except OSError as error:
            code = "not-a-file" if path.is_symlink() or not path.is_file() else "unreadable"
            raise MediaError(
                f"the file cannot be read ({error.strerror})",
                remedy="Copy the file itself, readable for the videogen user.",
                code=code,
            ) from error
        return Source(
            path=readable(str(path.relative_to(self._root))),
            sha256=copied.sha256,
            size_bytes=copied.size_bytes,
            mtime_ns=copied.mtime_ns,
            inode=copied.inode,
        )

    def _expect_room(self, path: Path) -> None:
        # A copy that cannot fit would fill the disk for everyone before it failed.
        if os.lstat(path).st_size + RESERVE_BYTES > shutil.disk_usage(self._root).free:
            raise NoSpace(
                f"{shown(path.name)} is larger than the space that is left", remedy="Free space on this disk."
            )

    def _measured(self, kind: Kind, content: Path, name: str) -> Media:
        if kind == "link":
            check_link(content)
            return Media()
        if kind == "text":
            check_words(content, name)
            return Media()
        return self._prober.probe(content, kind, name=name)

    def _levelled(self, content: Path, media: Media) -> tuple[Path, Media, float]:
        """Bring music to its loudness by one linear gain; give what to keep, its media and the gain."""
        rule = self._rule
        if media.sound is None or media.sound.loudness is None:
            raise MediaError("the track is silent", remedy="Export it again with its sound.", code="silent")
        gain_db = gain_for(media.sound.loudness, rule.target_lufs, rule.ceiling_dbtp, rule.tolerance_lu)
        if gain_db == 0.0:
            return content, media, 0.0
        levelled = content.with_name(content.name + ".mp3")
        apply_gain(self._ffmpeg, content, levelled, gain_db, content.with_name(content.name + ".log"), self._stop)
        durable.sync_file(levelled)
        return levelled, self._prober.probe(levelled, "music"), gain_db

    def _clear(self, path: Path, source: Source) -> None:
        """Take the dropped file away, unless it is not the one that was copied any more."""
        with suppress(FileNotFoundError):
            is_now = os.lstat(path)
            if (is_now.st_ino, is_now.st_mtime_ns, is_now.st_size) == (
                source.inode,
                source.mtime_ns,
                source.size_bytes,
            ):
                durable.remove(path)


def _expect_same(first: Asset, source: Source) -> None:
    if first.source != source:
        raise MediaError(
            f"the same content is in the library already, as {first.path}",
            remedy="Nothing to do; remove this copy.",
            code="duplicate",
        )


def check_link(content: Path) -> None:
    """Prove that a file is a list of URLs.

    Raises: MediaError: `too-large`, `not-text` or `no-url`.
    """
    _expect_short(content.stat().st_size)
    raw = content.read_bytes()
    try:
        text = raw.decode("utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise MediaError("the list of links is not UTF-8 text", remedy="Save it as UTF-8.", code="not-text") from error
    if "\0" in text:
        raise MediaError("the list of links holds zero bytes", remedy="Save it as UTF-8 text.", code="not-text")
    lines = text.splitlines()
    if not any(_is_url(line.strip()) for line in lines):
        raise MediaError(
            "no line of the file is a link", remedy="Write one http:// or https:// URL per line.", code="no-url"
        )


def _expect_short(size_bytes: int) -> None:
    if size_bytes > LINK_BYTES:
        raise MediaError("the list of links is over 1 MiB", remedy="Split it into several files.", code="too-large")


def _is_url(line: str) -> bool:
    try:
        parts = urlsplit(line)
    except ValueError:
        return False
    return parts.scheme.lower() in {"http", "https"} and bool(parts.netloc)
