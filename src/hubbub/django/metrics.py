"""What an operator's Prometheus reads: the numbers of ``engine.counters``, and what is there now."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from channels.layers import channel_layers
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from hubbub.django import runtime
from hubbub.django.conf import hubbub_settings
from hubbub.django.tallies import SILENCE
from hubbub.engine.census import Present, present
from hubbub.engine.counters import Histogram, counters

__all__ = ["CONTENT_TYPE", "HUBBUB", "METRICS"]

Value = float | Histogram


@dataclass(frozen=True, slots=True)
class Now:
    """What the metrics are read from."""

    there: Present
    writer_waiting: int


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric: its name, what it means, and where it is read."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    help: str
    read: Callable[[Now], Value | Mapping[str, Value]]
    """With a ``label``, by its values."""
    label: str = ""
    values: str = ""
    """What the label's values are, for the reference."""


def _dropped_by_layer() -> float:
    """What the layer in use says that it has dropped in this process; hubbub's own do."""
    layer = channel_layers.backends.get(hubbub_settings().channel_layer)
    return float(getattr(layer, "dropped", 0))


def _lags() -> dict[str, Value]:
    now = time.time()
    return {name: max(0.0, now - since) if since else 0.0 for name, since in list(counters.behind.items())}


def _gauge(name: str, help: str, read: Callable[[Now], float]) -> Measure:
    return Measure(f"hubbub_{name}", "gauge", help, read)


def _counter(
    name: str, help: str, read: Callable[[Now], Value | Mapping[str, Value]], label: str = "", values: str = ""
) -> Measure:
    return Measure(f"hubbub_{name}_total", "counter", help, read, label, values)


METRICS: tuple[Measure, ...] = (
    _gauge("processes", "Processes that these numbers are of.", lambda now: 1),
    _gauge(SILENCE.removeprefix("hubbub_"), "Since when the quietest of them has not said its own; it does every 2 s.",
           lambda now: 0),
    _gauge("sessions", "Open connections.", lambda now: now.there.sessions),
    _gauge("topics", "Topics that somebody follows, in each process for itself.", lambda now: now.there.topics),
    _gauge("subscriptions", "Topics of all connections together.", lambda now: now.there.subscriptions),
    _gauge("outbox_bytes", "Bytes that wait for readers who do not keep up.", lambda now: now.there.waiting_bytes),
    _gauge(
        "slow_sessions",
        "Connections for which more than a sixteenth of OUTBOX_BYTES waits.",
        lambda now: now.there.slow_sessions,
    ),
    _gauge("writer_waiting", "Actions that wait for the writer; at WRITER_QUEUE the answer is busy.",
           lambda now: now.writer_waiting),
    _gauge("events_per_second", "The same as `hubbub_events_total`, in the last second.", lambda now: counters.pace),
    _gauge("event_loop_worst_lag_seconds", "By how much the event loop was late, at most in the last second.",
           lambda now: counters.worst_lag),
    Measure("hubbub_listener_lag_seconds", "gauge",
            "Age of the first event that a listener has yet to hear, where a process of these calls listeners.",
            lambda now: _lags(), "listener", "its name"),
    _counter("frames_received", "Frames that clients have sent.", lambda now: counters.received),
    _counter("events", "Events of topics that somebody follows, in each process for itself.",
             lambda now: counters.events),
    _counter("deliveries", "Events handed to connections: each event once for each subscriber.",
             lambda now: counters.deliveries),
    _counter("dropped", "Events that were not delivered. Ephemeral ones may be; a durable one is in the log.",
             lambda now: {**counters.dropped, "layer": _dropped_by_layer()}, "cause",
             "`replaced` by a newer one of its kind, `outbox_full` of a slow reader, `relay_full`: too many for the "
             "channel layer, `layer`: its channel was full"),
    _counter("handshakes", "Sockets that were asked for.", lambda now: dict(counters.handshakes), "outcome",
             "`accepted`, `origin` and `path` (answered 403), or the code that it was closed with at once"),
    _counter("closes", "Connections that ended.", lambda now: dict(counters.closes), "code",
             "a [close code](close-codes.md), or `client`: it left, or the connection broke"),
    _counter("command_errors", "Commands answered with an error.", lambda now: dict(counters.errors), "code",
             "an [error](errors.md)'s code"),
    _counter("resumes", "Subscriptions from a known position.", lambda now: dict(counters.resumes), "outcome",
             "recovered from `memory` or the `log`; or reset: `epoch`, `too_old`, `too_far`"),
    _counter("resets", "Subscriptions that were reset while they were live.", lambda now: dict(counters.resets),
             "reason", "`epoch`, `too_old`"),
    _counter("commits_failed", "Batches of the writer that were rolled back.", lambda now: counters.commits_failed),
    Measure("hubbub_handshake_seconds", "histogram",
            "From a socket's arrival, its credentials checked, until it is let in.", lambda now: counters.opening),
    Measure(
        "hubbub_stage_seconds", "histogram", "How long a command and its event take, by stage.",
        lambda now: {
            "lane": counters.lanes,
            "writer": counters.writer_waits,
            "transaction": counters.transactions,
            "commit": counters.commits,
            "delivery": counters.delivery,
        },
        "stage",
        "`lane`: waiting for earlier commands of the topic; `writer`: for the writer; `transaction`: the batch's "
        "queries; `commit`: to disk; `delivery`: from there to the connections, the first 500 of each topic",
    ),
    Measure("hubbub_commit_actions", "histogram", "Actions committed together.", lambda now: counters.batches),
    Measure("hubbub_event_lag_seconds", "histogram",
            "Age of other processes' events when they came, by the channel layer or the log.",
            lambda now: counters.arrivals),
    Measure("hubbub_event_loop_lag_seconds", "histogram", "By how much the event loop was late, ten times a second.",
            lambda now: counters.loop_lag),
)  # fmt: skip


class _Hubbub(Collector):
    """Stands in prometheus-client's own registry, so that a project which exposes that has these as well."""

    def describe(self) -> list[Metric]:
        return []  # Nothing is read before somebody asks.

    def collect(self) -> Iterator[Metric]:
        current = runtime.current()
        now = Now(present(current.engine), current.writer.waiting) if current else Now(Present(), 0)
        for measure in METRICS:
            yield _family(measure, measure.read(now))


def _family(measure: Measure, found: Value | Mapping[str, Value]) -> Metric:
    labels = [measure.label] if measure.label else []
    values = found if isinstance(found, Mapping) else {"": found}
    if measure.kind == "histogram":
        histogram = HistogramMetricFamily(measure.name, measure.help, labels=labels)
        for value, each in values.items():
            assert isinstance(each, Histogram)
            histogram.add_metric([value] if labels else [], _buckets(each), each.total)
        return histogram
    kind = GaugeMetricFamily if measure.kind == "gauge" else CounterMetricFamily
    family = kind(measure.name, measure.help, labels=labels)
    for value, number in values.items():
        assert not isinstance(number, Histogram)
        family.add_metric([value] if labels else [], number)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    bounds = [*(str(float(bound)) for bound in histogram.bounds), "+Inf"]
    return list(zip(bounds, accumulate(histogram.counts), strict=True))


HUBBUB = _Hubbub()
"""What hubbub itself counts in this process."""

REGISTRY.register(HUBBUB)
