"""scanned/.segments: encoded pieces of picture, each made once and kept until nobody has used it for longest.

`<look[:2]>/<look>/<key>.mp4` with `<key>.json`, its note, beside it. An entry exists when its note does: the mp4 is
put there first and the note last, and what is taken away goes the other way round. So a kill leaves an mp4 without a
note, which is nothing, and is cleared once it is too old to be somebody's who is between the two.

Several nodes share one store. Who puts an entry there or takes one away holds the key's lock for these few calls;
who reads takes none, and looks at the note again after holding the bytes. Where a filesystem keeps no locks, or a
holder was frozen, the worst is a note beside bytes that are not its own: the sizes tell, or the SHA-256 that the
reader computes as it reads, and then the entry is dropped. A hit is bit for bit what was published, or is a miss.
"""

import errno
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import structlog

from videogen import durable
from videogen.errors import Defect, NoSpace, RoomsApart
from videogen.model.segment import Name, Note

log = structlog.get_logger()

MAX_BYTES = 50 * 10**9
ORPHAN_S = 3600
"""From this age on, what belongs to no entry was left by a process that died: putting one there takes seconds."""
GRACE_S = 60
"""An entry used within this time is not evicted: somebody may be on the way from finding it to pinning it."""
PATIENCE_S = 10
"""How long to wait for a lock that is held for milliseconds; longer, and its holder is frozen."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LOCK = re.compile(r"\.[0-9a-f]{64}\.(making|commit)")


@dataclass(frozen=True)
class Entry:
    """A segment and where its bytes may be read: the pin, or the store's own file where hard links do not work."""

    note: Note
    path: Path


@dataclass(frozen=True)
class Listed:
    """A line about an entry, for people. Units: `used_s` is seconds since 1970, by the filesystem's clock."""

    name: Name
    size_bytes: int
    frames: int
    title: str
    used_s: float


@dataclass(frozen=True)
class _Place:
    """An entry as its folder shows it, without a look into its note."""

    used_ns: int
    size_bytes: int
    name: Name


class Segments:
    """The store. Any number of processes and threads may use it at once."""

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self.max_bytes = max_bytes
        self._counting = Lock()
        self.damaged = 0
        """How many entries this process found damaged and dropped."""

    # -- asking ------------------------------------------------------------------------------------------------------

    def find(self, name: Name) -> Note | None:
        """Give an entry's note; None where there is no entry, or a damaged one, which is dropped.

        Shape: damaged is a note that cannot be read or is another's, an mp4 that is gone or of another size.
        """
        return found if isinstance(found := self._kept(name), Note) else None

    def has_other_profile(self, name: Name) -> bool:
        """Whether the same look is there under another key."""
        return any(other.key != name.key for other in _names(self._look(name)))

    def entries(self) -> Iterator[Listed]:
        """Give a line for each entry, in order of name; those that cannot be read are left out."""
        for place in self._places():
            note = self._judged(place.name)
            if isinstance(note, Note):
                yield Listed(place.name, place.size_bytes, note.frames, note.title, place.used_ns / 1e9)

    def total(self) -> tuple[int, int]:
        """Count the entries and the bytes of their mp4s."""
        return len(sizes := [place.size_bytes for place in self._places()]), sum(sizes)

    def verify(self, *, is_dry: bool = False) -> tuple[int, list[str]]:
        """Hash all, drop the damaged or only name them (`is_dry`); give the count of the sound, and sentences."""
        sound, told = 0, []
        for name in [place.name for place in self._places()]:
            found = self._judged(name) if is_dry else self._kept(name)
            if isinstance(found, Note):
                found = _trouble(self.path_of(name), found.sha256) or found if is_dry else self._hashed(found)
            if isinstance(found, Note):
                sound += 1
            elif found is not None:
                told.append(f"The segment {name.key} {'would be' if is_dry else 'was'} dropped: {found}.")
        return sound, told

    # -- making ------------------------------------------------------------------------------------------------------

    @contextmanager
    def making(self, name: Name) -> Iterator[bool]:
        """Be the only one who makes a segment, until the block ends or the process dies; False: another is making it.

        True also where the filesystem keeps no locks: then it may be made twice, and the first to publish wins.
        """
        with durable.alone(self._lock(name, "making")) as is_ours:
            yield is_ours

    def publish(self, encoded: Path, note: Note) -> Note:
        """Make a finished file the entry; when this returns it survives a power cut, and `encoded` is gone.

        An entry that is there stays as it is: of several writers the first wins, and all get the winner's note.

        Raises: Defect: the file is not the one the note tells of. NoSpace: the store's disk is full.
        """
        winner = self.find(note.name)
        if winner is None:
            brought = self._brought(encoded, note)
            try:
                winner = self._placed(brought, note)
            finally:
                durable.remove(brought)
        durable.remove(encoded)
        return winner

    def _brought(self, encoded: Path, note: Note) -> Path:
        """Bring a file to the store's filesystem under a name nobody sees, synced."""
        if encoded.stat().st_size != note.size_bytes:
            raise Defect(f"{encoded} is not the file its note tells of", remedy="Report this; nothing was published.")
        durable.make_folder(self._folder)
        brought = durable.temporary_in(self._folder)
        try:
            _move_or_copy(encoded, brought)
            durable.sync_file(brought)
            durable.stamp(brought)  # its age in the store begins now
        except BaseException:
            durable.remove(brought)
            raise
        return brought

    def _placed(self, brought: Path, note: Note) -> Note:
        with durable.alone(self._lock(note.name, "commit"), patience_s=PATIENCE_S):
            found = self._judged(note.name)
            if isinstance(found, Note):
                return found
            if found is not None:
                self._forget(note.name, found)
            durable.remove(self.path_of(note.name))  # of a writer who died before the note
            is_first = durable.move_new(brought, self.path_of(note.name))
            if is_first and durable.create(self._side(note.name), note.to_json()):
                return note
            winner = self._judged(note.name)  # without locks, another came between
            return winner if isinstance(winner, Note) else note

    # -- using -------------------------------------------------------------------------------------------------------

    def pin(self, name: Name, pins: Path) -> Entry | None:
        """Hold an entry's bytes as `<key>.mp4` in a folder of one's own, whatever the store does; None: no entry.

        Counts as a use. Where hard links do not work the path is the store's own, which may be evicted.

        Raises: FileNotFoundError: what `pins` should lie in is not there; a claim that was lost is not made again.
        """
        note = self.find(name)
        if note is None:
            return None
        with suppress(OSError):
            durable.stamp(self._side(name))
        durable.make_inner(pins)
        own, pinned = self.path_of(name), pins / self.path_of(name).name
        try:
            path = pinned if durable.link(own, pinned) else own
        except FileNotFoundError:
            return None
        # The note stood before and after, so the bytes held in between are its own.
        return Entry(note, path) if self._judged(name) == note else None

    def amend(self, note: Note) -> None:
        """Write down what was learned of an entry since it was made; one that went, or is another by now, is let be."""
        with self._committing(note.name):
            if isinstance(found := self._judged(note.name), Note) and found.sha256 == note.sha256:
                durable.write(self._side(note.name), note.to_json())

    def drop(self, name: Name, because: str) -> None:
        """Take a damaged entry out: it is counted and told in the log. Pins keep what they hold."""
        with self._committing(name):
            self._forget(name, because)

    def evict(self, max_bytes: int | None = None, *, is_dry: bool = False) -> tuple[int, int]:
        """Take out the least recently used until the rest has at most `max_bytes`, and what dead writers left.

        What was used within the last minute stays, even above the limit: it is about to be pinned.
        Gives the entries taken out and their bytes, `is_dry` those that would be; what dead writers left is in neither.
        """
        return self._reduced(self.max_bytes if max_bytes is None else max_bytes, grace_s=GRACE_S, is_dry=is_dry)

    def clear(self, *, is_dry: bool = False) -> tuple[int, int]:
        """Take out every entry, however new, and what dead writers left; give the entries and their bytes."""
        return self._reduced(-1, grace_s=0, is_dry=is_dry)

    def _reduced(self, limit_bytes: int, *, grace_s: int, is_dry: bool) -> tuple[int, int]:
        if not self._folder.is_dir():
            return 0, 0
        if not is_dry:
            durable.stamp(self._folder)  # asks the filesystem for its clock, which may be another machine's
        now_ns = time.time_ns() if is_dry else self._folder.stat().st_mtime_ns
        places = sorted(self._places(), key=lambda place: place.used_ns)
        left, taken = sum(place.size_bytes for place in places), list[int]()
        for place in places:
            if left <= limit_bytes:
                break
            if abs(now_ns - place.used_ns) / 1e9 < grace_s:
                continue
            if self._side(place.name).exists():  # else another took it out
                if not (is_dry or self._is_taken_out(place)):
                    continue
                taken.append(place.size_bytes)
            left -= place.size_bytes
        if not is_dry:
            self._clear_orphans(now_ns)
        return len(taken), sum(taken)

    def _is_taken_out(self, place: _Place) -> bool:
        with self._committing(place.name), suppress(FileNotFoundError):
            if self._side(place.name).stat().st_mtime_ns == place.used_ns:
                self._remove(place.name)
                return True
        return False

    def _clear_orphans(self, now_ns: int) -> None:
        for folder in (self._folder, *self._looks()):
            for path in _old(folder, now_ns):
                self._clear_orphan(path)
            if folder != self._folder:
                durable.remove_empty(folder)  # a lock file keeps a folder in which something is being done

    def _clear_orphan(self, path: Path) -> None:
        if path.name.startswith(".tmp-"):
            durable.remove(path)
        elif _LOCK.fullmatch(path.name):
            with durable.alone(path):
                pass  # where nobody holds it, it goes with us
        elif path.suffix == ".mp4" and _DIGEST.fullmatch(path.stem):
            name = Name(look=path.parent.name, key=path.stem)
            with self._committing(name):
                if not self._side(name).exists():
                    durable.remove(path)

    # -- one entry ---------------------------------------------------------------------------------------------------

    def _look(self, name: Name) -> Path:
        return self._folder / name.look[:2] / name.look

    def path_of(self, name: Name) -> Path:
        """Say where a segment lies, or would."""
        return self._look(name) / f"{name.key}.mp4"

    def _side(self, name: Name) -> Path:
        return self._look(name) / f"{name.key}.json"

    def _lock(self, name: Name, word: str) -> Path:
        return self._look(name) / f".{name.key}.{word}"

    @contextmanager
    def _committing(self, name: Name) -> Iterator[None]:
        """Keep others from putting this entry there or taking it away; a full disk must not keep us from taking."""
        with ExitStack() as held:
            with suppress(NoSpace):
                held.enter_context(durable.alone(self._lock(name, "commit"), patience_s=PATIENCE_S))
            yield

    def _judged(self, name: Name) -> Note | str | None:
        """Give the note of a sound entry, what is wrong with a damaged one, None where there is none."""
        try:
            note = Note.model_validate_json(durable.read(self._side(name)))
        except FileNotFoundError:
            return None
        except ValueError:
            return "its note cannot be read"
        except OSError as error:
            return _unreadable(error, "note")
        if note.name != name:
            return "its note is that of another segment"
        try:
            size = self.path_of(name).lstat().st_size
        except FileNotFoundError:
            return "its mp4 is not there"
        return note if size == note.size_bytes else f"it has {size} bytes, where {note.size_bytes} were published"

    def _kept(self, name: Name) -> Note | str | None:
        """Judge an entry; what is damaged has been dropped."""
        found = self._judged(name)
        if isinstance(found, str):
            with self._committing(name):
                found = self._judged(name)  # what was just being taken away is not damaged
                if isinstance(found, str):
                    self._forget(name, found)
        return found

    def _hashed(self, note: Note) -> Note | str | None:
        """Judge an entry by its bytes; what is damaged has been dropped. None: it went, or was made anew."""
        trouble = _trouble(self.path_of(note.name), note.sha256)
        if not trouble:
            return note
        with self._committing(note.name):
            if self._judged(note.name) != note:
                return None
            self._forget(note.name, trouble)
        return trouble

    def _forget(self, name: Name, because: str) -> None:
        self._remove(name)
        with self._counting:
            self.damaged += 1
        log.warning(f"Dropped the damaged segment {name.key[:16]}", because=because, look=name.look[:16])

    def _remove(self, name: Name) -> None:
        durable.remove(self._side(name))
        durable.remove(self.path_of(name))

    # -- all of them -------------------------------------------------------------------------------------------------

    def _looks(self) -> Iterator[Path]:
        for fan in _inside(self._folder):
            if len(fan.name) == 2:
                yield from (look for look in _inside(fan) if _DIGEST.fullmatch(look.name))

    def _places(self) -> Iterator[_Place]:
        for look in self._looks():
            for name in _names(look):
                with suppress(FileNotFoundError):
                    used_ns = self._side(name).stat().st_mtime_ns
                    yield _Place(used_ns, _size(self.path_of(name)), name)


def _inside(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError, NotADirectoryError):
        return sorted(folder.iterdir())
    return []


def _names(look: Path) -> Iterator[Name]:
    for side in _inside(look):
        if side.suffix == ".json" and _DIGEST.fullmatch(side.stem):
            yield Name(look=look.name, key=side.stem)


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.lstat().st_size
    return 0  # damaged, and still an entry: it is listed so that it can go


def _old(folder: Path, now_ns: int) -> Iterator[Path]:
    for path in _inside(folder):
        with suppress(FileNotFoundError):
            # A clock that was set back makes what was new lie in the future: far from now is old, on either side.
            if abs(now_ns - path.lstat().st_mtime_ns) / 1e9 >= ORPHAN_S:
                yield path


def _move_or_copy(source: Path, target: Path) -> None:
    # Not linked: a second name in a scratch folder could be opened for writing by a later attempt.
    try:
        durable.move(source, target)
    except RoomsApart:
        durable.copy(source, target)


def _trouble(path: Path, sha256: str) -> str:
    try:
        return "" if durable.digest(path) == sha256 else "its bytes are not those that were published"
    except OSError as error:
        return _unreadable(error, "mp4")


def _unreadable(error: OSError, word: str) -> str:
    # What the disk has lost is damage; no right to read, or no descriptor left, says nothing of the entry.
    if error.errno not in {errno.EIO, errno.ESTALE, errno.ENOENT}:
        raise error
    return f"its {word} cannot be read"
