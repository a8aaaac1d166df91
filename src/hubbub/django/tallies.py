"""What the processes of one service have counted, together (rule OPS-1, decision 0029).

Each worker tells its supervisor every few seconds, and whenever it is asked for the sum; the supervisor adds up.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Protocol

import msgspec
from prometheus_client import REGISTRY
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

Sample = tuple[str, dict[str, str], float]
"""Name, labels and value."""

ADDED = frozenset({"counter", "histogram", "summary"})
"""Kinds that never go down: what a process has counted stays when it has ended."""
LARGEST = frozenset({
    "hubbub_event_loop_worst_lag_seconds", "hubbub_events_per_second", "hubbub_listener_lag_seconds", "process_max_fds",
    "process_start_time_seconds", "python_info",
})  # fmt: skip
"""Of these the sum means nothing. An event is the same one in every process that delivers it."""
SILENCE = "hubbub_silence_seconds"
ANSWER_SECONDS = 2.0
"""How long the supervisor may take to add up."""


class Family(msgspec.Struct, array_like=True):
    """One metric with all its samples, as prometheus-client collects it."""

    name: str
    kind: str
    help: str
    samples: list[Sample]


def taken(collector: Collector | None = None) -> list[Family]:
    """What this process has counted: all that stands in prometheus-client's registry, or what one collector says."""
    return [
        Family(
            each.name, each.type, each.documentation, [(s.name, dict(s.labels), float(s.value)) for s in each.samples]
        )
        for each in (collector or REGISTRY).collect()
    ]


def add_up(tallies: Iterable[list[Family]]) -> list[Family]:
    """Sum several processes' tallies: counters and histograms, and gauges but for the ``LARGEST``."""
    found: dict[str, Family] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for family in (family for tally in tallies for family in tally):
        found.setdefault(family.name, family)
        sums = values.setdefault(family.name, {})
        for name, labels, value in family.samples:
            key = name, tuple(labels.items())
            if family.name in LARGEST or name.endswith("_created"):
                sums[key] = max(value, sums.get(key, value))
            else:
                sums[key] = value + sums.get(key, 0.0)
    return [
        Family(
            name, each.kind, each.help, [(key, dict(labels), value) for (key, labels), value in values[name].items()]
        )
        for name, each in found.items()
    ]


def exposition(families: Iterable[Family]) -> bytes:
    """In Prometheus' text format."""
    metrics = []
    for family in families:
        metric = Metric(family.name, family.help, family.kind)
        for sample in family.samples:
            metric.add_sample(*sample)
        metrics.append(metric)

    class Given(Collector):
        def collect(self) -> Iterable[Metric]:
            return metrics

    return generate_latest(Given())


class Tallies:
    """The supervisor's: the last tally of each process that runs, and the sum of those that have ended."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[float, list[Family]]] = {}
        self._ended: list[Family] = []

    def counted(self, pid: int, tally: list[Family]) -> None:
        """A process has told what it has counted by now."""
        self._of[pid] = time.monotonic(), tally

    def ended(self, pid: int) -> None:
        """It runs no more: what it had counted stays, what there was in it is gone."""
        _, tally = self._of.pop(pid, (0.0, []))
        self._ended = add_up([self._ended, [family for family in tally if family.kind in ADDED]])

    def together(self) -> list[Family]:
        """The sum of all processes, and how long nothing was heard of the one that was heard of last."""
        families = add_up([*(tally for _, tally in self._of.values()), self._ended])
        oldest = min((at for at, _ in self._of.values()), default=time.monotonic())
        for family in families:
            if family.name == SILENCE:
                family.samples = [(SILENCE, {}, round(time.monotonic() - oldest, 3))]
        return families


class Service(Protocol):
    """A process that knows of others beside it."""

    loop: asyncio.AbstractEventLoop

    async def together(self) -> list[Family]:
        """The sum of all; on the loop. Raises OSError where the supervisor does not answer: TimeoutError is one."""


_service: Service | None = None


def belong_to(service: Service | None) -> None:
    """This process is one of several from now on."""
    global _service
    _service = service


async def together(alone: Collector | None = None) -> list[Family]:
    """The sum over this service's processes; where there is only this one, what it or a single collector says.

    Raises OSError where the supervisor does not answer.
    """
    return taken(alone) if _service is None else await _service.together()


def together_in_thread() -> list[Family]:
    """The same, from any thread but the loop's."""
    service = _service
    if service is None:
        return taken()
    return asyncio.run_coroutine_threadsafe(service.together(), service.loop).result(2 * ANSWER_SECONDS)
