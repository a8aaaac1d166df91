"""Deliberate bugs of one process, for tests only: the machine has to find each. Those of servers: ``tests/faulty``."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from unittest import mock

from django.db import transaction

from hubbub.django.group_commit import LOCK_TIMEOUT_MS
from hubbub.django.jobs import Job
from hubbub.django.outcomes import settle
from hubbub.engine.parted import Parted
from hubbub.engine.session import Session
from hubbub.protocol.frames import Event
from tests.model.process import DrivenWriter, Process, off_the_loop

T = TypeVar("T")

HELD_OPEN_SECONDS = 0.05
EVERY = 5


class ReplyBeforeCommit(DrivenWriter):
    """Answers what it is going to save."""

    def __init__(self, alias: str, chance: random.Random) -> None:
        super().__init__(alias, chance)
        self._loop = asyncio.get_running_loop()
        self._owed: list[Job] = []

    def run_sync(self, action: Callable[[], T], *, topic: str) -> T:
        self._pay()
        future: Future[T] = Future()
        self._put(Job(future, action, topic))
        super().write()
        return future.result(0)

    def write(self) -> None:
        self._pay()
        with self._changed:
            batch = [job for job in self._jobs if job.begin()]
            self._jobs.clear()
        batch.sort(key=lambda job: (not job.topic, job.topic))
        with transaction.atomic(using=self._alias):
            self._run_all(batch, LOCK_TIMEOUT_MS)
            transaction.set_rollback(True, using=self._alias)
        settle([replace(job) for job in batch])
        self._owed = [replace(job, future=Future(), result=None, error=None) for job in batch]
        self._loop.call_later(HELD_OPEN_SECONDS, self._pay)

    def _pay(self) -> None:
        owed, self._owed = self._owed, []
        if owed:
            with off_the_loop():
                self._commit(owed)

    def die(self) -> None:
        super().die()
        self._owed = []


def _finds_nothing(calls: Sequence[Any]) -> dict[Any, Any]:
    return {}


def _leaves_nothing(done: Any) -> dict[Any, Any]:
    list(done)
    return {}


@contextmanager
def skip_dedupe() -> Iterator[None]:
    """A repeat is carried out again."""
    with (
        mock.patch("hubbub.django.calls.find", _finds_nothing),
        mock.patch("hubbub.django.calls.leave", _leaves_nothing),
    ):
        yield


@contextmanager
def stale_membership() -> Iterator[None]:
    """Who is let in stays in."""
    with mock.patch.object(Session, "revoke", _ignore), mock.patch.object(Parted, "revoke", _ignore):
        yield


@contextmanager
def dropped_wakeups() -> Iterator[None]:
    """Now and then nobody is told, and nobody looks."""
    commits = 0
    tell = Process.committed

    def committed(self: Process, events: list[Event]) -> None:
        nonlocal commits
        commits += 1
        if commits % EVERY:
            tell(self, events)

    with mock.patch.object(Process, "committed", committed), mock.patch.object(Process, "poll", _ignore):
        yield


@contextmanager
def none() -> Iterator[None]:
    yield


def _ignore(*args: Any) -> None:
    return None


@dataclass(frozen=True)
class Fault:
    name: str
    found_as: str
    """What the Violation says, as a pattern."""
    writer: type[DrivenWriter] = DrivenWriter
    patched: Any = none


FAULTS = [
    Fault("reply before commit", "is lost", writer=ReplyBeforeCommit),
    Fault("skip dedupe", "stands . times|was answered|was refused", patched=skip_dedupe),
    Fault("stale membership", "still follows|which ended", patched=stale_membership),
    Fault("dropped wake-ups", "stands at", patched=dropped_wakeups),
]
