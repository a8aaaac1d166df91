"""Queries in threads, in read transactions that those which wait together share."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import DatabaseError, connections, transaction

from hubbub.django.outcomes import Asked, settle
from hubbub.django.transactions import give_back, may_keep, plain, renew_connections
from hubbub.engine.together import together
from hubbub.protocol.errors import Busy

logger = logging.getLogger("hubbub.reader")

T = TypeVar("T")

MOST_TOGETHER = 100
"""Queries in one transaction."""
ANSWER_SECONDS = 0.002
"""How long an answer may wait for those of the queries after it."""
LOCK_TIMEOUT_MS = 5000
"""How long a query waits for a table that somebody else has locked (PostgreSQL)."""
MOST_SECONDS = 10.0
"""How old a query may grow before it is begun; its caller is told ``busy`` then."""


def read_transaction(alias: str, query: Callable[[], T]) -> T:
    """Run ``query`` so that all it sees is of one moment, and without waiting for a writer."""
    if connections[alias].in_atomic_block:  # Somebody's own transaction, a TestCase for example.
        return query()
    with begin_reading(alias):
        return query()


@contextmanager
def begin_reading(alias: str) -> Iterator[None]:
    """A transaction in which all that is read is of one moment, and nothing can be written."""
    connection = connections[alias]
    # Our SQLite backend takes the writers' lock at BEGIN, unless it is told that this only reads.
    reading = getattr(connection, "reading", nullcontext)
    with reading(), transaction.atomic(using=alias):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # One round trip. LOCAL, so that nothing of it stays with the connection.
                cursor.execute(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; "
                    f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"
                )
        yield


@dataclass(slots=True, eq=False)
class _Query(Asked):
    """A query that waits."""

    ask: Callable[[], Any]
    number: int
    """Counts what was asked for, from 1."""
    asked: float = field(default_factory=time.monotonic)

    @property
    def late(self) -> bool:
        return time.monotonic() > self.asked + MOST_SECONDS

    def run(self) -> None:
        """Raises DatabaseError, which may have made the transaction void; other errors are kept as the answer."""
        try:
            self.result = self.ask()
        except DatabaseError:
            raise
        except BaseException as error:
            self.error = plain(error)


class ThreadReader:
    """The port ``Reader`` over a few threads, each with its own connection.

    A thread takes one query after the other into its transaction, as long as they were asked for before it began.
    So what waits in a rush shares transactions, and a slow query holds up none that another thread can take.
    """

    def __init__(self, alias: str, threads: int) -> None:
        self._alias = alias
        self._most_threads = threads
        self._threads: list[threading.Thread] = []
        self._waiting = 0
        """Threads that wait for a query. Each that is in line has woken one of them, or waits for one that works."""
        self._jobs: deque[_Query] = deque()
        self._asked = 0
        self._changed = threading.Condition()
        self._stopping = False

    async def run(self, query: Callable[[], T]) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._changed:
            if self._stopping:
                raise Busy("The server is stopping.")
            self._asked += 1
            self._jobs.append(_Query(future, query, self._asked))
            if self._waiting >= len(self._jobs):
                self._changed.notify()
            elif len(self._threads) < self._most_threads:
                name = f"hubbub-read-{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()
        return await future

    def stop(self) -> None:
        """End the threads once they have answered what they have begun. What waits is cancelled."""
        with self._changed:
            self._stopping = True
            waiting, self._jobs = self._jobs, deque()
            self._changed.notify_all()
        for job in waiting:
            job.cancel()

    def _work(self) -> None:
        while (job := self._wait_for_job()) is not None:
            self._serve(job)
            give_back(self._alias, if_wanted=True)
            self._refuse_late()
        connections[self._alias].close()

    def _wait_for_job(self) -> _Query | None:
        with self._changed:
            while not self._jobs and not self._stopping:
                self._waiting += 1
                in_time = self._changed.wait(may_keep(self._alias))
                self._waiting -= 1
                if not in_time:
                    give_back(self._alias)
            return self._jobs.popleft() if self._jobs else None

    def _refuse_late(self) -> None:
        """Answer ``busy`` to who has waited too long: with a slow database, all would wait longer and longer."""
        late = []
        with self._changed:
            while self._jobs and self._jobs[0].late:
                late.append(self._jobs.popleft())
        for job in late:
            job.error = Busy("The database is slow, and much is waiting. Try again in a moment.")
        settle(late)

    def _next_job(self, newest: int) -> _Query | None:
        """The next one that was asked for before, if nobody else takes it, and it is not late."""
        with self._changed:
            if self._jobs and self._jobs[0].number <= newest and not self._jobs[0].late:
                return self._jobs.popleft()
            return None

    def _serve(self, first: _Query) -> None:
        """Answer a query, and what waits behind it."""
        current: _Query | None = first
        done: list[_Query] = []

        def run_all() -> None:
            nonlocal current
            newest, count, answered = self._asked, 1, time.monotonic()
            while current is not None:
                current.run()
                done.append(current)
                if (now := time.monotonic()) > answered + ANSWER_SECONDS:
                    answered = now
                    _answer(done)
                current = self._next_job(newest) if count < MOST_TOGETHER else None
                count += 1

        try:
            self._read(run_all)
        except Exception as error:
            if current is None:
                logger.info("a read transaction could not be ended: %s", error)
            elif current is first:
                current.error = error
                done.append(current)
            else:
                self._serve_alone(current)
                done.append(current)
        _answer(done)

    def _serve_alone(self, job: _Query) -> None:
        """Answer a query that failed in a transaction which others had begun: it is not to suffer from them."""
        try:
            self._read(job.run)
        except Exception as error:
            job.error = error

    def _read(self, run: Callable[[], None]) -> None:
        renew_connections(self._alias)
        with together():
            read_transaction(self._alias, run)


def _answer(jobs: list[_Query]) -> None:
    """Hand over what is done, and take it off the list."""
    settle(jobs)
    jobs.clear()
