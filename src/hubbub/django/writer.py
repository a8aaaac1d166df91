"""Writers: actions as transactions, one at a time or committed together (rule ACK-1)."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, close_old_connections, connections, transaction

from hubbub.django.conf import HubbubSettings
from hubbub.protocol.errors import Busy, HubbubError

logger = logging.getLogger("hubbub.writer")

T = TypeVar("T")

LOCK_TIMEOUT_MS = 100
"""How long a batch waits for a row that somebody else holds (PostgreSQL)."""
_TRY_ALONE = {"55P03", "40P01", "40001"}
"""SQLSTATE of lock not available, deadlock and serialisation failure: worth another try, on the side."""


class DjangoWriter(Protocol):
    """The port ``Writer``, for synchronous callers too."""

    async def run(self, action: Callable[[], T], *, topic: str) -> T: ...

    def run_sync(self, action: Callable[[], T], *, topic: str) -> T: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


def make_writer(settings: HubbubSettings) -> DjangoWriter:
    if settings.writer == "inline":
        return InlineWriter(settings.database)
    return GroupCommitWriter(settings.database, settings.writer_queue, settings.writer_batch)


def run_inline(alias: str, action: Callable[[], T]) -> T:
    """Run an action in a transaction of its own, or in a savepoint of the caller's."""
    try:
        with transaction.atomic(using=alias):
            return action()
    except (OperationalError, InterfaceError) as error:
        raise _as_busy(error) from error


class InlineWriter:
    """Each action by itself, in the caller's thread, or in a worker thread for the event loop."""

    def __init__(self, alias: str) -> None:
        self._alias = alias

    async def run(self, action: Callable[[], T], *, topic: str) -> T:
        return await sync_to_async(run_inline)(self._alias, action)

    def run_sync(self, action: Callable[[], T], *, topic: str) -> T:
        return run_inline(self._alias, action)

    def start(self) -> None:
        return None

    def stop(self) -> None:
        return None


@dataclass(slots=True, eq=False)
class _Job:
    """An action that waits, and where its outcome goes."""

    action: Callable[[], Any]
    topic: str
    future: "Future[Any]" = field(default_factory=Future)
    result: Any = None
    error: BaseException | None = None


class GroupCommitWriter:
    """One thread commits everything that waits as one transaction, each action in a savepoint of it.

    An action that fails is rolled back alone. A commit that fails, fails all its actions. What waits for a
    row that somebody else holds goes to a side thread, where it may wait longer without holding up others.
    """

    def __init__(self, alias: str, queue: int, batch: int) -> None:
        self._alias = alias
        self._most_waiting = queue
        self._batch = batch
        self._jobs: deque[_Job] = deque()
        self._side: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for name, work in (("hubbub-write", self._work), ("hubbub-write-side", self._work_aside)):
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Finish what waits, then end the threads."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    async def run(self, action: Callable[[], T], *, topic: str) -> T:
        return await asyncio.wrap_future(self._submit(action, topic))

    def run_sync(self, action: Callable[[], T], *, topic: str) -> T:
        if connections[self._alias].in_atomic_block or threading.current_thread() in self._threads:
            return run_inline(self._alias, action)
        return self._submit(action, topic).result()

    def _submit(self, action: Callable[[], T], topic: str) -> "Future[T]":
        job = _Job(action, topic)
        with self._changed:
            if self._stopping or len(self._jobs) >= self._most_waiting:
                raise Busy
            self._jobs.append(job)
            self._changed.notify_all()
        return job.future

    # The writer's thread

    def _work(self) -> None:
        while batch := self._take(self._jobs, self._batch):
            # Sorted, so that two processes take the locks of topics in the same order. The sort is
            # stable: actions of one topic keep theirs.
            batch.sort(key=lambda job: job.topic)
            self._commit(batch)
        connections[self._alias].close()

    def _work_aside(self) -> None:
        while batch := self._take(self._side, 1):
            self._commit(batch, aside=True)
        connections[self._alias].close()

    def _take(self, queue: deque[_Job], most: int) -> list[_Job]:
        """Wait for jobs; an empty list means that the writer stops."""
        with self._changed:
            while not queue:
                if self._stopping:
                    return []
                self._changed.wait()
            return [queue.popleft() for _ in range(min(most, len(queue)))]

    def _commit(self, batch: list[_Job], *, aside: bool = False) -> None:
        """Run a batch as one transaction and settle its jobs. Never raises."""
        committed = False

        def note_commit() -> None:
            nonlocal committed
            committed = True

        try:
            close_old_connections()
            with transaction.atomic(using=self._alias, durable=True):
                # The first callback after commit: what raises later is a callback, not the commit.
                transaction.on_commit(note_commit, using=self._alias)
                if not aside:
                    self._limit_lock_waits()
                for job in batch:
                    self._run(job)
        except Exception as error:
            if committed:
                logger.exception("a callback after commit failed; its transaction stands")
            else:
                logger.warning("a batch of %d actions was not committed: %s", len(batch), error)
                connections[self._alias].close_if_unusable_or_obsolete()
                for job in batch:
                    job.error = job.error or error
        self._settle(batch, aside=aside)

    def _run(self, job: _Job) -> None:
        connection = connections[self._alias]
        hooks_before = len(connection.run_on_commit)
        try:
            with transaction.atomic(using=self._alias):
                job.result = job.action()
        except Exception as error:
            job.error = error
            if connection.closed_in_transaction or connection.needs_rollback:
                raise  # The connection is lost, or its savepoint could not be rolled back: so is the batch.
        # One action's failing callback must not keep the callbacks of the others from running.
        hooks: list[Any] = connection.run_on_commit
        hooks[hooks_before:] = [(ids, hook, True) for ids, hook, _ in hooks[hooks_before:]]

    def _limit_lock_waits(self) -> None:
        connection = connections[self._alias]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")

    def _settle(self, batch: list[_Job], *, aside: bool) -> None:
        for job in batch:
            error = job.error
            if error is None:
                if not job.future.cancelled():
                    job.future.set_result(job.result)
            elif not aside and _sqlstate(error) in _TRY_ALONE:
                self._put_aside(job)
            elif not job.future.cancelled():
                job.future.set_exception(_as_busy(error))

    def _put_aside(self, job: _Job) -> None:
        job.error = None
        with self._changed:
            self._side.append(job)
            self._changed.notify_all()


def _sqlstate(error: BaseException) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def _as_busy(error: BaseException) -> BaseException:
    """A database that is away, locked or full is ``busy`` for the client, and may be back soon."""
    if isinstance(error, HubbubError) or not isinstance(error, OperationalError | InterfaceError):
        return error
    logger.warning("the database did not take a write: %s", error)
    busy = Busy("The database does not answer. Nothing was saved; try again in a moment.")
    busy.__cause__ = error
    return busy
