"""Events of raw/: hints that wake the scan. The scan itself is the truth, so a lost event costs only time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import structlog
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

log = structlog.get_logger()

# Opening and reading are what we do ourselves; waking for them would never let the scan sleep.
WAKING = {"closed", "moved", "created", "deleted"}


class _Waker(FileSystemEventHandler):
    def __init__(self, wake: Event) -> None:
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in WAKING:
            self._wake.set()


@contextmanager
def watching(raw: Path, wake: Event) -> Iterator[bool]:
    """Set `wake` whenever something was closed, moved or made in raw/; give whether events arrive at all."""
    observer = Observer()
    try:
        observer.schedule(_Waker(wake), str(raw), recursive=True)
        observer.start()
    except (OSError, RecursionError) as error:
        log.warning(
            f"Events of {raw} do not arrive; it is looked at by the clock alone",
            because=str(error),
            remedy="Raise it with: sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=1024",
        )
        yield False
        return
    try:
        yield True
    finally:
        observer.stop()
        observer.join(5)
