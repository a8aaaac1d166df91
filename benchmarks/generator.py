"""The load generator from here: start it, follow its steps, read what it found (``load/load.c``)."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import msgspec

from benchmarks import home
from benchmarks.plans import Plan
from benchmarks.processes import Failed, Process


class Times(msgspec.Struct):
    p50_ms: float
    p99_ms: float
    max_ms: float


class Ready(msgspec.Struct):
    """All clients are set up."""

    clients: int
    connects: int
    seconds: float
    """For all connects."""
    setup: Times
    """From connecting to being ready, of each."""


class Traffic(msgspec.Struct):
    """What became of one group's messages: ``missing`` and what follows of the whole run, the rest as measured."""

    published: int
    deliveries: int
    per_second: float
    acks: int
    acks_per_second: float
    delivery: Times
    ack: Times
    missing: int
    doubled: int
    disordered: int
    """Messages that came to a member in another order than to the first of its room."""
    unanswered: int
    """Messages that were refused, or not acknowledged in time."""

    @property
    def lost(self) -> int:
        return self.missing + self.doubled + self.disordered + self.unanswered


class Measured(msgspec.Struct):
    seconds: float
    busy: float
    """The share of its core that the generator used: near 1 it was the limit itself."""
    server_cpu: float
    """Seconds of processor that the server used meanwhile."""
    groups: dict[str, Traffic]
    closed: int
    """Clients whose connection the server closed."""

    @property
    def lost(self) -> int:
        """Deliveries that were missing, doubled or out of order, and clients that were closed."""
        return self.closed + sum(group.lost for group in self.groups.values())


class Resumed(msgspec.Struct):
    """All who were cut are back, have got what they missed, and get what is new."""

    sessions: int
    seconds: float
    """From the first that connects again to the last that is complete."""
    each: Times
    """From the same moment to its own being complete."""
    closed: int
    groups: dict[str, Traffic]

    @property
    def lost(self) -> int:
        return self.closed + sum(group.lost for group in self.groups.values())


class Generator:
    """A run of the generator, step by step. A context manager: its end ends the clients."""

    def __init__(
        self, server: Process, plan: Plan, folder: Path, *, at_once: int = 48, connects: int = 0, hold: bool = False,
        missed: int = 0, watch: bool = False, warmup: float = 1.0, seconds: float = 4.0,
    ) -> None:  # fmt: skip
        """``missed``: how many messages a room those miss who are cut and resume, instead of measuring traffic.

        ``watch``: keep the core while measuring, so that the server doesn't pay for waking the generator.

        ``hold``: wait for ``go_on()`` once all clients are ready. ``connects``: in all, where clients reconnect.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "plan"
        path.write_text("".join(f"{line}\n" for line in plan.lines()))
        options = {"port": server.port, "plan": path, "at-once": at_once, "connects": connects}
        options |= {"missed": missed, "warmup": warmup, "seconds": seconds}
        command = [str(home.generator()), *(f"--{name}={value}" for name, value in options.items())]
        self._server = server
        self._child = subprocess.Popen(
            [*command, *(["--hold"] if hold else []), *(["--watch"] if watch else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Generator":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.kill()
        self._child.communicate()

    def ready(self) -> Ready:
        """Waits until all clients are set up. Raises Failed where one is refused."""
        return msgspec.convert(self._step("ready"), Ready)

    def go_on(self) -> None:
        """After ``ready()`` with ``hold``."""
        _input(self._child).write("\n")
        _input(self._child).flush()

    def measured(self) -> Measured:
        """Waits until the measurement is done and what was under way has arrived, or can't any more."""
        self._step("measuring")
        before = self._server.cpu_seconds()
        measured = self._step("measured")
        used = self._server.cpu_seconds() - before
        return msgspec.convert(self._step("done") | {"busy": measured["busy"], "server_cpu": used}, Measured)

    def resumed(self) -> Resumed:
        """Waits until all who were cut are back. Raises Failed where one can't resume."""
        return msgspec.convert(self._step("resumed"), Resumed)

    def _step(self, name: str) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line else {}
        if found.get("step") != name:
            self._child.kill()
            raise Failed(f"{self._child.communicate()[1]}\nThe server logged:\n{self._server.log_end()}")
        return found


def _input(child: "subprocess.Popen[str]") -> IO[str]:
    assert child.stdin is not None
    return child.stdin


@contextmanager
def clients(server: Process, plan: Plan, folder: Path, at_once: int = 48) -> Iterator[Ready]:
    """Connected clients for as long as the block lasts."""
    with Generator(server, plan, folder, at_once=at_once, hold=True, seconds=0) as generator:
        yield generator.ready()


def run(
    server: Process, plan: Plan, folder: Path, *, seconds: float, warmup: float = 1.0, watch: bool = False
) -> Measured:
    """Connect, publish, measure. Raises Failed where a client can't be set up."""
    with Generator(server, plan, folder, watch=watch, seconds=seconds, warmup=warmup) as generator:
        generator.ready()
        return generator.measured()
