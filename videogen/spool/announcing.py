"""Events of tasks/: hints that bring the index up to date at once. Listings find the same things, later."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import structlog
from watchdog.events import DirCreatedEvent, DirDeletedEvent, DirMovedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from videogen.spool.queue import Queue

log = structlog.get_logger()

# Only these: each look into a task's folder would be an event as well, told to every node.
KINDS: list[type[FileSystemEvent]] = [DirCreatedEvent, DirMovedEvent, DirDeletedEvent]


class _Herald(FileSystemEventHandler):
    def __init__(self, queue: Queue, wake: Event) -> None:
        self._queue = queue
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        for path in (event.src_path, event.dest_path):
            folder, name = os.path.split(os.fsdecode(path))
            if folder == str(self._queue.tasks) and not name.startswith("."):
                self._queue.announce(name)
                if event.event_type != "deleted":
                    self._wake.set()


@contextmanager
def announced(queue: Queue, wake: Event) -> Iterator[bool]:
    """Tell the queue what comes and goes in tasks/, and set `wake` for what comes; give whether events do arrive."""
    observer = None
    try:
        observer = Observer()
        observer.start()
        observer.schedule(_Herald(queue, wake), str(queue.tasks), event_filter=KINDS)
        hears = True
    except (OSError, RuntimeError) as error:  # no folder, no watches left, no thread left
        hears = False
        log.warning(
            f"Events of {queue.tasks} do not arrive; it is looked at by the clock alone",
            because=str(error),
            remedy="Raise it with: sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=1024",
        )
    try:
        yield hears
    finally:
        if observer is not None and observer.is_alive():
            observer.stop()
            observer.join(5)
