"""One server process without threads, network or time of its own: what it does next is decided by a seed."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest import mock

from django.utils import timezone

from hubbub.django import publish, runtime, streams
from hubbub.django.conf import database_alias
from hubbub.django.group_commit import GroupCommitWriter
from hubbub.django.jobs import Job
from hubbub.django.outcomes import settle
from hubbub.django.reader import read_transaction
from hubbub.engine.together import together
from hubbub.protocol.errors import Busy
from hubbub.protocol.frames import Event
from hubbub.testing import FakeClock
from hubbub.testing.project import InlineRuntime

T = TypeVar("T")

MOST_TURNS = 4
"""Turns of the loop by which a read or a write may be late."""


class StandingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a clock's, and which goes on a turn at a time."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._its = clock

    def time(self) -> float:
        return self._its.monotonic()

    @contextmanager
    def running(self) -> Iterator[None]:
        """What happens here happens on the loop, between two turns."""
        asyncio._set_running_loop(self)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)

    def turns(self, count: int) -> None:
        for _ in range(count):
            self.call_soon(self.stop)
            self.run_forever()

    def idle(self) -> None:
        """Let everything happen that can without time passing."""
        self.turns(1)
        for _ in range(10_000):
            if not self._ready:  # type: ignore[attr-defined]
                return
            self.turns(1)
        raise AssertionError("the process never comes to rest")


class DrivenWriter(GroupCommitWriter):
    """Group commit as it is, but a turn of the loop takes the place of its thread."""

    def __init__(self, alias: str, chance: random.Random) -> None:
        super().__init__(alias, queue=1000, batch=200)
        self._chance = chance
        self.dead = False

    async def run(self, action: Callable[[], T], *, topic: str) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(Job(future, action, topic))
        await late(self._chance)
        with off_the_loop():
            self.write()
        return await future

    def run_sync(self, action: Callable[[], T], *, topic: str) -> T:
        future: Future[T] = Future()
        self._put(Job(future, action, topic))
        self.write()
        return future.result(0)

    def _put(self, job: Job) -> None:
        if self.dead:
            raise Busy
        super()._put(job)

    def write(self) -> None:
        """Commit all that waits."""
        with self._changed:
            batch = [job for job in self._jobs if job.begin()]
            self._jobs.clear()
        if batch:
            batch.sort(key=lambda job: (not job.topic, job.topic))
            self._commit(batch)
            settle(batch)

    def die(self) -> None:
        """Nothing that waits is written any more."""
        self.dead = True
        self._jobs.clear()

    def start(self) -> None:
        return None

    stop = start


class DrivenReader:
    """The port ``Reader``: a query sees the database some turns after it was asked for, and answers some later."""

    def __init__(self, alias: str, chance: random.Random) -> None:
        self._alias = alias
        self._chance = chance

    async def run(self, query: Callable[[], T]) -> T:
        await late(self._chance)
        with off_the_loop(), together():
            result = read_transaction(self._alias, query)
        await late(self._chance)
        return result

    def stop(self) -> None:
        return None


class Process(InlineRuntime):
    """An engine on the database as it is. ``crash`` ends it as SIGKILL would."""

    def __init__(self, clock: FakeClock, chance: random.Random, writer: type[DrivenWriter] = DrivenWriter) -> None:
        super().__init__(clock)
        alias = database_alias()
        self.clock = clock
        self.writer: DrivenWriter = writer(alias, chance)
        self.engine.writer = self.writer
        self.engine.reader = self.engine.hub._reader = DrivenReader(alias, chance)

    def committed(self, events: list[Event]) -> None:
        if not self.writer.dead:
            super().committed(events)

    def poll(self) -> None:
        """Look at the end of the log, as the tail does all the time."""
        with off_the_loop():
            self.engine.hub.post(self.log.read())


def start(loop: StandingLoop, clock: FakeClock, chance: random.Random, writer: type[DrivenWriter]) -> Process:
    async def begin() -> Process:
        made = Process(clock, chance, writer)
        await runtime.begin(made)
        return made

    return loop.run_until_complete(begin())


def crash(loop: StandingLoop, process: Process) -> None:
    """The process is gone in this instant: what waits is not written, nobody is told anything."""
    process.writer.die()
    runtime.forget(process)
    loop.run_until_complete(process.engine.tasks.cancel())


async def late(chance: random.Random) -> None:
    for _ in range(chance.randrange(MOST_TURNS)):
        await asyncio.sleep(0)


@contextmanager
def off_the_loop() -> Iterator[None]:
    """Where Django may be called: it keeps another connection for each loop."""
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)


@contextmanager
def elsewhere() -> Iterator[None]:
    """What is done here is done by another process: this one hears of it by the log alone."""
    ours = runtime.current()
    with mock.patch.object(runtime, "_current", None):
        yield
    assert runtime.current() is ours


@contextmanager
def all_by_the_seed(clock: FakeClock, seed: int) -> Iterator[None]:
    """Times of day and random names, as the product takes them, come from the clock and the seed."""
    names = random.Random(seed)
    told = SimpleNamespace(now=lambda: clock.now().astimezone(UTC), monotonic=clock.monotonic)

    def now(tz: Any = None) -> datetime:
        return clock.now()

    with ExitStack() as stack:
        for module in (publish, streams):
            stack.enter_context(mock.patch.object(module, "_clock", told))
        stack.enter_context(mock.patch.object(timezone, "now", now))
        stack.enter_context(mock.patch.object(secrets, "token_hex", lambda n=16: names.randbytes(n).hex()))
        yield
