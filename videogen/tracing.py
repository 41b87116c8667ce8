"""Spans as OpenTelemetry sends them, over HTTP to OTEL_EXPORTER_OTLP_ENDPOINT. Only spans.py uses it, where asked for.

A collector that is away costs nothing but its spans: they are sent by a thread of their own, from a queue that is
bounded, and a role that ends waits a few seconds for them at most.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from uuid import UUID

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags

from videogen import __version__

log = structlog.get_logger()

SEND_S = 2.0
"""One sending may take this long, and so may the last one, which a role waits for."""
_given: ContextVar[tuple[int, int] | None] = ContextVar("given", default=None)


class _Ids(RandomIdGenerator):
    """Random ids, but for the span over all of a task's way."""

    def generate_trace_id(self) -> int:
        given = _given.get()
        return given[0] if given else super().generate_trace_id()

    def generate_span_id(self) -> int:
        given = _given.get()
        return given[1] if given else super().generate_span_id()


class _Sender(SpanExporter):
    """Sends; what is not taken is said in the log, once and then in sums, as all lines are."""

    def __init__(self) -> None:
        self._inner = OTLPSpanExporter(timeout=SEND_S)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        if result is not SpanExportResult.SUCCESS:
            log.warning("Spans were not taken", remedy="See whether the collector runs, or unset its address.")
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()  # type: ignore[no-untyped-call]  # the package leaves it without types


class Tracing:
    """One process's spans."""

    def __init__(self, role: str, node: str) -> None:
        about = {"service.name": f"videogen-{role}", "service.version": __version__}
        if node:
            about["service.instance.id"] = node
        self._provider = TracerProvider(resource=Resource.create(about), id_generator=_Ids(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(_Sender(), schedule_delay_millis=1000))
        self._tracer = self._provider.get_tracer("videogen", __version__)

    @contextmanager
    def span(self, name: str, task_id: str, facts: Mapping[str, str | int]) -> Iterator[None]:
        """Time the block; an error in it is the span's status, by its class alone: its words are the log's."""
        context = None
        if task_id and not trace.get_current_span().get_span_context().is_valid:
            above = SpanContext(trace_of(task_id), root_of(task_id), True, TraceFlags(TraceFlags.SAMPLED))
            context = trace.set_span_in_context(NonRecordingSpan(above))
        known = {**facts, **({"videogen.task": task_id} if task_id else {})}
        with self._tracer.start_as_current_span(
            name, context, attributes=known, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def whole(self, task_id: str, seconds: float) -> None:
        """Tell the span over all of a task's way."""
        now = time.time_ns()
        token = _given.set((trace_of(task_id), root_of(task_id)))
        try:
            span = self._tracer.start_span(
                "task",
                context=trace.set_span_in_context(trace.INVALID_SPAN),
                attributes={"videogen.task": task_id},
                start_time=now - int(seconds * 1e9),
            )
        finally:
            _given.reset(token)
        span.end(now)

    def end(self) -> None:
        """Send what is left, for a few seconds at most."""
        self._provider.force_flush(int(SEND_S * 1000))
        self._provider.shutdown()


def trace_of(task_id: str) -> int:
    """Give the id of a task's trace: the task's own where it is a UUID, else a hash of it; never 0."""
    try:
        number = UUID(task_id).int
    except ValueError:
        number = int.from_bytes(sha256(task_id.encode()).digest()[:16], "big")
    return number or 1


def root_of(task_id: str) -> int:
    """Give the id of the span over all of a task's way, which all nodes know before it is told; never 0."""
    return int.from_bytes(sha256(task_id.encode()).digest()[:8], "big") or 1
