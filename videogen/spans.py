"""Which task a thread works on: every line of the log says so, and so does every span, where spans are asked for.

Spans (OpenTelemetry) are off unless OTEL_EXPORTER_OTLP_ENDPOINT is set. Then each step of a task's way is one: claim,
fetch, render with each step of its plan, upload, publish; and one over all of them, `task`, at the publish. The trace's
id is the task's own id, so whoever has the one has the other, and two nodes that worked on a task are one trace.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

import structlog
from structlog.contextvars import bound_contextvars, get_contextvars

if TYPE_CHECKING:
    from videogen.tracing import Tracing

log = structlog.get_logger()

ENDPOINT = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Either asks for spans. Source: OpenTelemetry's specification of the OTLP exporter."""
_NOTHING: AbstractContextManager[None] = nullcontext()
_tracing: "Tracing | None" = None


class OfTask(Protocol):
    """Whatever knows its task."""

    @property
    def task_id(self) -> str:
        """Whose it is."""


S = TypeVar("S")
J = TypeVar("J", bound=OfTask)
P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def story(task_id: str) -> Iterator[None]:
    """Have every line and span of the block be about a task, in this thread and in those that are started for it."""
    with bound_contextvars(task=task_id):
        yield


def span(name: str, **facts: str | int) -> AbstractContextManager[None]:
    """Time the block as one span of the task it is about; nothing happens where spans are off."""
    if _tracing is None:
        return _NOTHING
    return _tracing.span(name, str(get_contextvars().get("task", "")), facts)


def stage(name: str) -> Callable[[Callable[Concatenate[S, J, P], R]], Callable[Concatenate[S, J, P], R]]:
    """Make a method whose first argument is a task's job one stage of the task's way: a story and a span."""

    def staged(method: Callable[Concatenate[S, J, P], R]) -> Callable[Concatenate[S, J, P], R]:
        @wraps(method)
        def told(self: S, job: J, /, *args: P.args, **kwargs: P.kwargs) -> R:
            with story(job.task_id), span(name):
                return method(self, job, *args, **kwargs)

        return told

    return staged


def whole(task_id: str, seconds: float) -> None:
    """Tell the span over all of a task's way, which ends now and took so long."""
    if _tracing is not None:
        _tracing.whole(task_id, seconds)


def start(role: str, node: str = "") -> None:
    """Begin to tell spans where someone asked for them; where the packages are missing, the log says so once."""
    global _tracing  # noqa: PLW0603 -- one process tells its spans to one place, as it has one log
    if _tracing is not None or not any(os.environ.get(name) for name in ENDPOINT):
        return
    try:
        from videogen.tracing import Tracing  # noqa: PLC0415 -- an optional dependency
    except ImportError as error:
        log.warning("Tells no spans", because=str(error), remedy="Install them: pip install 'videogen[otel]'.")
        return
    _tracing = Tracing(role, node)
    log.info("Tells spans", to=next(value for name in ENDPOINT if (value := os.environ.get(name))))


def end() -> None:
    """Send what was not sent yet, for a few seconds at most, and tell no more."""
    global _tracing
    ended, _tracing = _tracing, None
    if ended is not None:
        ended.end()
