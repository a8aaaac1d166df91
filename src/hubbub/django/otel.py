"""hubbub's spans by OpenTelemetry: ``pip install hubbub[otel]`` and ``TRACING`` (decision 0031)."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.core.exceptions import ImproperlyConfigured

import hubbub
from hubbub.engine import tracing
from hubbub.engine.logs import quiet_logger
from hubbub.engine.tracing import Span
from hubbub.protocol.frames import Event

try:
    from opentelemetry import context, trace
    from opentelemetry.trace import Link, SpanContext, Status, StatusCode
except ImportError:
    context = None  # type: ignore[assignment]

logger = quiet_logger("hubbub.tracing")

REMEMBERED = 10_000
"""Events of which is known by what they were published."""
LINKS = 32
"""Links of one span at most."""
FLUSH_SECONDS = 2.0
"""How long stopping waits for the last spans to be taken."""
FAILURES = frozenset({"internal", "failed"})
"""Outcomes that are somebody's bug; others are what clients do."""


class Nothing:
    """In place of a span that could not begin."""

    def end(self, outcome: str = "", **attributes: int | str) -> None:
        return None


NOTHING: Span = Nothing()

P = ParamSpec("P")
T = TypeVar("T")


def harmless(instead: T) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """What is only looked at must not keep anything from working: log what fails, and return something instead."""

    def guard(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return function(*args, **kwargs)
            except Exception:
                logger.exception("A span could not be traced.")
                return instead

        return guarded

    return guard


class OpenTelemetry:
    """The engine's port ``Tracer``, over a provider of OpenTelemetry's; its global one by default."""

    def __init__(self, provider: Any = None) -> None:
        self._provider = provider or trace.get_tracer_provider()
        self._tracer = self._provider.get_tracer("hubbub", hubbub.__version__)
        self._births: OrderedDict[tuple[str, int | None], SpanContext] = OrderedDict()
        self._lock = threading.Lock()

    @harmless(NOTHING)
    def begin(
        self,
        name: str,
        *,
        current: bool = False,
        ago: float = 0.0,
        origins: Iterable[Any] = (),
        events: Sequence[Event] = (),
        **attributes: int | str,
    ) -> Span:
        with self._lock:
            births = [self._births.get((event.topic, event.offset)) for event in events]
        found = {each.span_id: each for each in (*origins, *births) if each is not None}
        span = self._tracer.start_span(
            name,
            links=[Link(each) for each in list(found.values())[:LINKS]],
            attributes={f"hubbub.{key}": value for key, value in attributes.items() if value != ""},
            start_time=time.time_ns() - int(ago * 1e9) if ago else None,
        )
        return _Span(span, context.attach(trace.set_span_in_context(span)) if current else None)

    @harmless(None)
    def here(self) -> Any:
        found = trace.get_current_span().get_span_context()
        return found if found.is_valid else None

    @harmless(None)
    def published(self, events: Sequence[Event]) -> None:
        if (here := self.here()) is None:
            return
        with self._lock:
            for event in events:
                if event.offset is not None:
                    self._births[event.topic, event.offset] = here
            while len(self._births) > REMEMBERED:
                self._births.popitem(last=False)

    @harmless(None)
    def flush(self) -> None:
        if hasattr(self._provider, "force_flush"):
            # The SDK waits for a collector that is away as long as it likes, whatever it is told.
            flushing = threading.Thread(target=self._provider.force_flush, name="hubbub flush of spans", daemon=True)
            flushing.start()
            flushing.join(FLUSH_SECONDS)


class _Span:
    """The port ``Span``."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Any, token: Any) -> None:
        self._span = span
        self._token = token

    @harmless(None)
    def end(self, outcome: str = "", **attributes: int | str) -> None:
        for key, value in attributes.items():
            self._span.set_attribute(f"hubbub.{key}", value)
        if outcome:
            self._span.set_attribute("hubbub.outcome", outcome)
        if outcome in FAILURES:
            self._span.set_status(Status(StatusCode.ERROR))
        if self._token is not None:
            context.detach(self._token)
        self._span.end()


def install() -> None:
    """Set the engine's tracer. Where nothing else has set OpenTelemetry up, it exports by OTLP over HTTP.

    What the standard variables say counts: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME and so
    on. Raises ImproperlyConfigured where the packages are missing.
    """
    if tracing.tracer is not None:
        return
    if context is None:
        raise ImproperlyConfigured("TRACING is on, but OpenTelemetry is missing. Run: pip install 'hubbub[otel]'")
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        _set_up()
    tracing.tracer = OpenTelemetry()


def _set_up() -> None:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ImproperlyConfigured(f"TRACING is on: {error}. Run: pip install 'hubbub[otel]'") from error
    told: dict[str, Any] = {"service.version": hubbub.__version__, "process.pid": os.getpid()}
    if "OTEL_SERVICE_NAME" not in os.environ:
        told["service.name"] = "hubbub"
    # The runtime flushes when it stops, which takes no longer than that.
    provider = TracerProvider(resource=Resource.create(told), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
