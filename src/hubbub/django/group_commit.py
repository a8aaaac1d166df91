"""The writer that commits together what waits (rule ACK-1)."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connections, transaction
from django.db.transaction import TransactionManagementError

from hubbub.django.calls import Call, carry_out
from hubbub.django.jobs import Job, in_rounds
from hubbub.django.outcomes import settle
from hubbub.django.transactions import atomically, give_back, guarded, may_keep, plain, renew_connections, run_inline
from hubbub.engine import tracing
from hubbub.engine.counters import counters
from hubbub.protocol.errors import Busy, HubbubError

logger = logging.getLogger("hubbub.writer")

T = TypeVar("T")

LOCK_TIMEOUT_MS = 100
"""How long a batch waits for a row that somebody else holds (PostgreSQL)."""
NEXT_LOCK_TIMEOUT_MS = 1
"""The same, once a batch has waited for one in vain."""
SIDE_LOCK_TIMEOUT_MS = 250
"""How long the side thread waits for a row before it looks after the next topic."""
MANY = 8
"""Actions of a batch after which the next one waits a moment, to be as large."""
GATHER = 0.25
"""How long at most, as a part of what the last batch took."""
GATHER_SECONDS = 0.02
"""How long at most, whatever it took: it may have waited for somebody else's transaction."""
SIDE_SECONDS = 10.0
"""How old an action on the side may grow before its caller is told ``busy``."""


class _BatchLost(TransactionManagementError):
    """The connection is lost, or a savepoint could not be rolled back."""


class GroupCommitWriter:
    """One thread commits everything that waits as one transaction, each action in a savepoint of it.

    An action that fails is rolled back alone. A commit that fails, fails all its actions. What waits for a
    row that somebody else holds goes to a side thread, and the later actions of its topic follow it there.

    After a commit many callers send again at once. The first of them alone would make a batch that costs nearly as much
    as one of all, and keeps the others waiting; so after a large batch the next one gathers for a moment.
    """

    def __init__(self, alias: str, queue: int, batch: int) -> None:
        self._alias = alias
        self._most_waiting = queue
        self._batch = batch
        self._jobs: deque[Job] = deque()
        self._wanted = 1
        """How many jobs the writer waits for."""
        self._side: dict[Hashable, deque[Job]] = {}
        self._side_count = 0
        lock = threading.Lock()
        self._changed = threading.Condition(lock)
        self._side_changed = threading.Condition(lock)
        self._stopping = False
        self._side_stopping = False
        self._main_thread = threading.Thread(target=self._work, name="hubbub-write", daemon=True)
        self._side_thread = threading.Thread(target=self._work_aside, name="hubbub-write-side", daemon=True)

    def start(self) -> None:
        self._main_thread.start()
        self._side_thread.start()

    def stop(self) -> None:
        """Finish what waits, then end the threads."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._main_thread.is_alive():
            self._main_thread.join()
        with self._side_changed:  # Only now: the last batch may have put something aside.
            self._side_stopping = True
            self._side_changed.notify_all()
        if self._side_thread.is_alive():
            self._side_thread.join()

    async def run(self, action: Callable[[], T], *, topic: str) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(Job(future, action, topic))
        return await future

    def run_sync(self, action: Callable[[], T], *, topic: str) -> T:
        ours = threading.current_thread() in (self._main_thread, self._side_thread)
        if ours or connections[self._alias].in_atomic_block:
            return run_inline(self._alias, action)
        give_back(self._alias)  # Or as many callers as the pool has connections would wait for a writer without one.
        return self._submit(action, topic).result()

    @property
    def waiting(self) -> int:
        """Actions that wait, from any thread."""
        return len(self._jobs) + self._side_count

    def _submit(self, action: Callable[[], T], topic: str) -> "Future[T]":
        future: Future[T] = Future()
        self._put(Job(future, action, topic))
        return future

    def _put(self, job: Job) -> None:
        """Raises Busy where too many wait."""
        with self._changed:
            if self._stopping or self.waiting >= self._most_waiting:
                raise Busy
            self._jobs.append(job)
            if len(self._jobs) >= self._wanted:
                self._changed.notify_all()

    # The writer's thread

    def _work(self) -> None:
        last, took = 0, 0.0
        while (batch := self._take(last, min(took * GATHER, GATHER_SECONDS))) is not None:
            begun = time.monotonic()
            # Sorted, so that two processes take the locks of topics in the same order; those without a topic
            # last, since they lock what others need too. The sort is stable: actions of one topic keep theirs.
            batch.sort(key=lambda job: (not job.topic, job.topic))
            self._commit(batch)
            again = [job for job in batch if job.try_again()]
            last, took = len(batch) - len(again), time.monotonic() - begun
            with self._changed:
                for job in again:
                    self._put_aside(job)
            settle(job for job in batch if job not in again)
            give_back(self._alias, if_wanted=True)
        connections.close_all()

    def _take(self, last: int, patience: float) -> list[Job] | None:
        """Wait for jobs, and for as many as the ``last`` batch answered where it was large; None: the writer stops.

        ``patience``: seconds for which it waits for more than one.
        """
        with self._changed:
            if last >= MANY and not self._stopping:
                self._wanted = last
                self._changed.wait_for(lambda: len(self._jobs) >= last or self._stopping, patience)
                self._wanted = 1
            while not self._jobs:
                if self._stopping:
                    return None
                if not self._changed.wait(may_keep(self._alias)):
                    give_back(self._alias)
            batch = []
            for _ in range(min(self._batch, len(self._jobs))):
                job = self._jobs.popleft()
                if not job.begin():
                    continue
                if job.line in self._side:
                    self._put_aside(job)
                else:
                    batch.append(job)
        now = time.monotonic()
        for job in batch:
            counters.writer_waits.observe(now - job.begun)
        return batch

    def _commit(self, batch: list[Job]) -> None:
        """Run a batch as one transaction and note the outcome of each job. Never raises."""
        error = self._transact(batch, LOCK_TIMEOUT_MS)
        if error is None:
            return
        # A deferred constraint fails at the commit, and does not say whose it was.
        alone = len(batch) > 1 and isinstance(error, DatabaseError) and not isinstance(error, OperationalError)
        held: dict[Hashable, BaseException | None] = {}
        for job in batch:
            if job.error is not None:
                continue
            if not alone or job.line in held:
                job.error = held.get(job.line, error)
                continue
            failed = self._transact([job], LOCK_TIMEOUT_MS)
            job.error = job.error or failed
            if job.try_again():
                held[job.line] = job.error

    def _transact(self, batch: list[Job], lock_timeout: int) -> Exception | None:
        """Run jobs as one transaction. Returns why it was not committed, if so. Never raises."""
        if not batch:
            return None
        committed = False
        began = time.monotonic()
        span = None
        if tracing.tracer is not None:
            origins = [job.origin for job in batch]
            span = tracing.tracer.begin("commit", current=True, origins=origins, actions=len(batch))

        def note_commit() -> None:
            nonlocal committed
            committed = True

        try:
            renew_connections(self._alias)
            with transaction.atomic(using=self._alias, durable=True):
                # The first callback after commit: what raises later is a callback, not the commit.
                transaction.on_commit(note_commit, using=self._alias)
                self._run_all(batch, lock_timeout)
                ran = time.monotonic()
            if not committed:  # Django leaves a transaction without a word where its connection was closed.
                raise TransactionManagementError("The connection was closed before the commit.")
        except BaseException as error:
            if committed:
                logger.exception("a callback after commit failed; its transaction stands")
                return None
            if isinstance(error, _BatchLost) and isinstance(error.__cause__, OperationalError | InterfaceError):
                error = error.__cause__
            counters.commits_failed += 1
            logger.warning("a batch of %d actions was not committed: %s", len(batch), error)
            return plain(error)
        finally:
            if span is not None:
                span.end("" if committed else "failed")
        counters.batches.observe(len(batch))
        counters.transactions.observe(ran - began)
        counters.commits.observe(time.monotonic() - ran)
        return None

    def _run_all(self, batch: list[Job], lock_timeout: int) -> None:
        self._limit_lock_waits(lock_timeout)
        held: dict[Hashable, BaseException | None] = {}
        for jobs in in_rounds(batch):
            # Left out is what failed before, in a batch that was not committed.
            todo = [job for job in jobs if job.error is None]
            if len(todo) > 1 and not held and self._run_together(todo):
                continue
            for job in todo:
                if job.line in held:  # In order: it waits for the same row, or comes after what does.
                    job.error = held[job.line]
                    continue
                self._run(job)
                if job.try_again():
                    if not held and len(batch) > 1:
                        self._limit_lock_waits(NEXT_LOCK_TIMEOUT_MS)
                    held[job.line] = job.error

    def _run_together(self, jobs: list[Job]) -> bool:
        """Carry out jobs of one kind at once. False where nothing of it was done: then each is tried alone."""
        calls = [job.action for job in jobs if isinstance(job.action, Call)]
        try:
            outcomes = self._in_savepoint(partial(carry_out, calls))
        except _BatchLost:
            raise
        except BaseException as error:
            logger.info("%d actions could not be carried out together: %s", len(jobs), error)
            return False
        for job, outcome in zip(jobs, outcomes, strict=True):
            if isinstance(outcome, HubbubError):
                job.error = outcome
            else:
                job.result = outcome
        return True

    def _run(self, job: Job) -> None:
        try:
            job.result = self._in_savepoint(job.action)
        except _BatchLost:
            raise
        except BaseException as error:
            job.error = plain(error)

    def _in_savepoint(self, action: Callable[[], T]) -> T:
        """Raises what the action raises, and _BatchLost where that cannot be rolled back alone."""
        connection = connections[self._alias]
        hooks_before = len(connection.run_on_commit)
        failed: BaseException | None = None
        try:
            result = atomically(self._alias, action)
        except BaseException as error:
            failed = error
        if connection.closed_in_transaction or connection.needs_rollback:
            raise _BatchLost from failed
        if failed is not None:
            raise failed
        # One action's failing callback must not keep the callbacks of the others from running.
        hooks: list[Any] = connection.run_on_commit
        hooks[hooks_before:] = [(ids, partial(guarded, hook), False) for ids, hook, _ in hooks[hooks_before:]]
        return result

    def _limit_lock_waits(self, milliseconds: int) -> None:
        connection = connections[self._alias]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = {milliseconds}")

    # The side thread

    def _put_aside(self, job: Job) -> None:
        """Called with the lock held."""
        job.error = None
        self._side.setdefault(job.line, deque()).append(job)
        self._side_count += 1
        self._side_changed.notify_all()

    def _work_aside(self) -> None:
        while (job := self._next_aside()) is not None:
            late = time.monotonic() > job.begun + SIDE_SECONDS
            error = self._transact([job], NEXT_LOCK_TIMEOUT_MS if late else SIDE_LOCK_TIMEOUT_MS)
            job.error = job.error or error
            again = job.try_again() and not late
            with self._changed:
                line = self._side.pop(job.line)
                if again:
                    job.error = None
                else:
                    line.popleft()
                    self._side_count -= 1
                if line:  # At the end: who waits for another row comes first.
                    self._side[job.line] = line
            if not again:
                job.settle()
            give_back(self._alias)
        connections.close_all()

    def _next_aside(self) -> Job | None:
        """Wait for a job that was put aside; None means that the writer stops. It stays first in its line."""
        with self._side_changed:
            while not self._side:
                if self._side_stopping:
                    return None
                self._side_changed.wait()
            return next(iter(self._side.values()))[0]
