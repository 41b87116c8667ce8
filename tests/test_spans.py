"""Spans: off they cost nothing, on a real node tells a real collector each step of a task's way (A12)."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.flow.house import tasked
from videogen import spans
from videogen.tracing import root_of, trace_of


@dataclass
class Collector:
    """An OTLP/HTTP receiver: what it was sent, and how it answers."""

    address: str
    status: int = 200
    spans: list[Span] = field(default_factory=list)
    services: set[str] = field(default_factory=set)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Receive spans."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
            for resource in request.resource_spans:
                about = {row.key: row.value.string_value for row in resource.resource.attributes}
                collector.services.add(about["service.name"])
                collector.spans += [span for scope in resource.scope_spans for span in scope.spans]
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def test_a_node_tells_each_step(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One trace a task, its id the task's own: claim, fetch, render with every plan step, upload, publish, and all."""
    house = tasked(tmp_path_factory, tmp_path / "spool")
    (task_id,) = house.visible("tasks")

    with collecting() as collector:
        done = house.run("node", "--once", env={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address})

    assert done.returncode == 0, done.stderr
    named = {span.name: span for span in collector.spans}
    assert {"task", "claim", "fetch", "render", "publish", "upload", "encode", "sound", "stitch", "check"} <= set(named)
    assert {span.trace_id.hex() for span in collector.spans} == {UUID(task_id).hex}
    assert collector.services == {"videogen-render_worker"}
    whole = named["task"]
    assert (whole.parent_span_id, whole.span_id.hex()) == (b"", f"{root_of(task_id):016x}")
    for name in ("claim", "fetch", "render", "publish"):
        assert named[name].parent_span_id == whole.span_id
    for name in ("encode", "sound", "stitch", "check"):
        assert named[name].parent_span_id == named["render"].span_id
        assert named["render"].start_time_unix_nano <= named[name].start_time_unix_nano
    assert named["upload"].parent_span_id == named["publish"].span_id
    assert whole.end_time_unix_nano - whole.start_time_unix_nano > 0
    assert all(
        {row.key: row.value.string_value for row in span.attributes}["videogen.task"] == task_id
        for span in named.values()
    )


def test_a_collector_that_is_away_holds_nothing_up(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where nobody takes spans the video is published all the same, and the log says it once."""
    house = tasked(tmp_path_factory, tmp_path / "spool")

    done = house.run("node", "--once", env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, timeout=60)

    assert done.returncode == 0, done.stderr
    assert len(house.visible("output")) == 1
    assert house.log("node").count('"Spans were not taken"') == 1


@pytest.mark.parametrize("task_id", ["0a1b2c3d-0000-4000-8000-000000000001", "chapter-1", UUID(int=0).hex, ""])
def test_ids_are_ids(task_id: str) -> None:
    """Any id of a task gives a trace and a span that OpenTelemetry takes: neither is 0, both fit."""
    assert 0 < trace_of(task_id) < 1 << 128
    assert 0 < root_of(task_id) < 1 << 64


def test_off_it_costs_nothing() -> None:
    """Without an address nothing of OpenTelemetry is loaded, and a span is one and the same empty block."""
    script = "import sys, videogen.cli; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
    assert spans.span("fetch") is spans.span("render", step="x")
