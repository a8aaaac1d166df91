"""Spans: what each says, what led to what, and that nobody's words or name are among it."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hubbub.django.otel import FLUSH_SECONDS, OpenTelemetry
from hubbub.django.relay import LayerRelay
from hubbub.engine import tracing
from hubbub.engine.dispatch import run_at_once
from hubbub.protocol.frames import Event, Inbound
from tests.formats.client import ask, full, talk
from tests.formats.people import make_people
from tests.hostile.wire import Client
from tests.seeing.conftest import ENVIRONMENT
from tests.services import HOST, live_servers
from tests.waiting import wait_until_async

SECRET = "what-nobody-else-should-read"


class Receiver:
    """Takes OTLP over HTTP, as a collector does."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        spans = self.spans
        self.resources: list[dict[str, str]] = []
        resources = self.resources

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = ExportTraceServiceRequest()
                request.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
                for each in request.resource_spans:
                    resources.append({a.key: a.value.string_value for a in each.resource.attributes})
                    spans.extend(span for scope in each.scope_spans for span in scope.spans)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                return None

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self.url = f"http://{HOST}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def named(self, name: str) -> list[Any]:
        return [span for span in list(self.spans) if span.name == name]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def said(span: Any) -> dict[str, Any]:
    return {a.key: a.value.string_value or a.value.int_value for a in span.attributes}


async def test_what_a_server_exports(receiver: Receiver, tmp_path: Any) -> None:
    """OPS-8: by the standard variables, from the handshake to the last delivery, each linked with what led to it."""
    otel = {"HUBBUB_TRACING": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    with live_servers(tmp_path) as start:
        server = start(env=ENVIRONMENT | otel)
        ann, bob = make_people(server, ["ann", "bob"])
        topic = f"chat.{await talk(server, ann, bob)}"
        async with full(server, ann) as hers, full(server, bob) as his:
            await ask(his, "subscribe", topic)
            await ask(hers, "chat.send", topic, content=SECRET)
            await his.frames(1)
            await hers.send(id=9, type="made-up", topic="made.up")
            await hers.frame()
            with pytest.raises(AssertionError):
                await ask(hers, "chat.send", "chat.98765", content=SECRET)
        headers = {"Authorization": f"Bearer {ann.token}"}
        path = f"{server.url}/api/conversations/{topic.partition('.')[2]}/messages/"
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(path, json={"content": SECRET}, headers=headers)
        assert answer.status_code == 201, answer.text
        await wait_until_async(lambda: len(receiver.named("session")) >= 2, "the sessions' spans", 20)
        server.stop()
    names = {span.name for span in receiver.spans}
    print(f"{len(receiver.spans)} spans: {sorted(names)}")
    assert {"handshake", "session", "command subscribe", "command chat.send", "command unknown", "commit"} <= names
    good, bad = sorted(receiver.named("command chat.send"), key=lambda span: span.start_time_unix_nano)
    assert said(good)["hubbub.topic_kind"] == "chat" and "hubbub.outcome" not in said(good)
    assert said(bad)["hubbub.outcome"] == "forbidden"
    [commit] = [span for span in receiver.named("commit") if good.span_id in {link.span_id for link in span.links}]
    assert said(commit)["hubbub.actions"] == 1
    [fan_out] = [span for span in receiver.named("fan out") if commit.span_id in {link.span_id for link in span.links}]
    assert said(fan_out) == {"hubbub.topic_kind": "chat", "hubbub.count": 1, "hubbub.subscribers": 1}
    assert all(span.end_time_unix_nano >= span.start_time_unix_nano for span in receiver.spans)
    assert receiver.resources[0]["service.name"] == "hubbub"
    told = str(receiver.spans) + str(receiver.resources)
    for secret in (SECRET, ann.token, ann.cookie, "made-up", topic, '"ann"'):
        assert secret not in told, secret


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Where the spans of this process go."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", OpenTelemetry(provider))
    return exporter


def test_from_a_request_to_its_events(exporter: InMemorySpanExporter) -> None:
    """OPS-8: what was published under somebody's span is linked to it when it goes out."""
    assert isinstance(tracing.tracer, OpenTelemetry)
    at = datetime.now(UTC)
    event, other = (Event("chat.1", "chat.message_sent", b"{}", created_at=at, offset=n, epoch="e") for n in (3, 4))
    request = TracerProvider().get_tracer("django").start_span("POST /messages")
    with trace.use_span(request):
        tracing.tracer.published([event])
        origin = tracing.here()
    tracing.tracer.begin("fan out", events=[event, other]).end()
    tracing.tracer.begin("commit", origins=[origin, origin, None]).end("failed")
    fan_out, commit = exporter.get_finished_spans()
    for span in (fan_out, commit):
        assert [link.context for link in span.links] == [request.get_span_context()]
    assert not commit.status.is_ok
    assert tracing.here() is None


class FullLayer:
    """A channel layer that takes nothing after the first."""

    took = 0

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.took += 1
        if self.took > 1:
            raise OSError("away")


async def test_publishing_on_the_layer(exporter: InMemorySpanExporter) -> None:
    """OPS-8"""
    at = datetime.now(UTC)
    await LayerRelay(FullLayer())._send([Event("chat.1", "x", b"{}", created_at=at) for _ in range(2)])
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == ["layer publish"] * 2
    assert [dict(span.attributes or {}).get("hubbub.outcome") for span in spans] == [None, "failed"]


def test_a_tracer_that_fails_harms_nobody(exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture) -> None:
    """OPS-8"""
    assert isinstance(tracing.tracer, OpenTelemetry)
    tracing.tracer._tracer = None
    tracing.tracer.begin("commit", current=True).end("failed")
    assert "A span could not be traced" in caplog.text
    assert not exporter.get_finished_spans()


def test_how_long_ago(exporter: InMemorySpanExporter) -> None:
    """OPS-8"""
    assert tracing.tracer
    tracing.tracer.begin("session", ago=60.0).end("1012", frames_received=3)
    [span] = exporter.get_finished_spans()
    assert span.start_time and span.end_time and 59 < (span.end_time - span.start_time) / 1e9 < 65
    assert dict(span.attributes or {}) == {"hubbub.outcome": "1012", "hubbub.frames_received": 3}


def test_a_collector_that_is_away_holds_no_stop_up(tmp_path: Any) -> None:
    """OPS-8, CLO-2: one that takes connections, and never answers."""
    with socket.create_server((HOST, 0)) as collector, live_servers(tmp_path) as start:
        endpoint = f"http://{HOST}:{collector.getsockname()[1]}"
        server = start(env=ENVIRONMENT | {"HUBBUB_TRACING": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})
        Client.open(server.port).close()
        began = time.monotonic()
        assert server.stop() in (0, -signal.SIGTERM)
        took = time.monotonic() - began
        print(f"stopped in {took:.1f} s")
        assert FLUSH_SECONDS <= took < 8


class Silent:
    """As much of a session as a command needs that is answered at once."""

    id = "s"
    actor = SimpleNamespace(username="ann")
    dialect = SimpleNamespace(error=lambda inbound, error: b"", reply=lambda inbound, ok: b"")
    kept: frozenset[str] = frozenset()
    subscriptions: dict[str, Any] = {}

    def put(self, frame: bytes) -> None:
        return None


def test_what_it_costs(exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-8: printed only; a command without a tracer has two looks at a name more."""
    session, inbound = cast(Any, Silent()), Inbound("unknown-command")

    def each(count: int) -> float:
        best = 1.0
        for _ in range(5):
            began = time.perf_counter()
            for _ in range(count):
                run_at_once(session, inbound)
            best = min(best, (time.perf_counter() - began) / count)
        return best * 1e6

    traced = each(200)
    monkeypatch.setattr(tracing, "tracer", None)
    without = each(2000)
    began = time.perf_counter()
    for _ in range(200_000):
        tracing.tracer  # noqa: B018
    look = (time.perf_counter() - began) / 200_000 * 1e9
    print(f"a refused command: {without:.1f} us without a tracer, {traced:.1f} us with one; a look: {look:.0f} ns")
    assert exporter.get_finished_spans()
