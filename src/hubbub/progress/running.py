"""``job_progress``: a job says how far it is (rules PRG-1 to PRG-3)."""

import logging
import os
import threading
import time
from functools import cache
from types import TracebackType
from typing import Any, Self

from django.db import connections

from hubbub.django.auth import primary_key
from hubbub.django.conf import database_alias
from hubbub.django.twins import in_thread, refuse_in_loop
from hubbub.engine.actor import SYSTEM
from hubbub.progress import actions
from hubbub.progress.models import TEXT_LENGTH

logger = logging.getLogger("hubbub.progress")

PAUSE = 0.1
"""Seconds between two updates of a job that are shown."""


@cache
def _warn() -> None:
    """Once for a process: it is the same for every update of every job."""
    logger.warning(
        "How far the jobs of this process are is not shown while they run, only their beginning and their end: "
        "it serves no sockets, and without REDIS_URL such news doesn't leave it."
    )


class JobProgress:
    """A job of a user: ``with job_progress(user, "Import") as job: job.update(0.4, "1200 of 3000 rows")``.

    In async code ``async with``. It is told as done at the end of the block, and as failed where that ends by an
    exception, which goes on its way.
    """

    def __init__(self, user: Any, title: str) -> None:
        self._user_id = primary_key(user)
        self._title = title
        self._message = self._link = ""
        self.id = 0
        """Of the job, within the block."""
        self.fraction = 0.0
        self.message = ""
        """What it does now."""
        self.told_at = float("-inf")
        self.noted_at = time.monotonic()
        self.untold = False
        """Whether there is news that was not shown yet."""

    def update(self, fraction: float, message: str = "") -> None:
        """So much is done, from 0 to 1. It may be called as often as one likes, and waits for nothing.

        What is shown is at most ten updates a second, the last one always.
        """
        self.fraction, self.message = min(1.0, max(0.0, fraction)), message[:TEXT_LENGTH]
        self.untold = True
        if time.monotonic() >= self.told_at + PAUSE:
            self.tell()
        else:
            _keeper.look()

    def result(self, message: str = "", link: str = "") -> None:
        """What the end will say: what came of it, and a path of the site where that can be seen."""
        self._message, self._link = message, link

    def due(self) -> float:
        """When it has something to say next, of the monotonic clock."""
        noted = self.noted_at + actions.ALIVE_SECONDS
        return min(noted, self.told_at + PAUSE) if self.untold else noted

    def tell(self) -> None:
        """Show how far it is."""
        self.told_at, self.untold = time.monotonic(), False
        if not actions.tell(self._user_id, self.id, self.fraction, self.message):
            _warn()

    def note(self) -> None:
        """Keep how far it is for those who look only now, and that it runs."""
        self.noted_at = time.monotonic()
        actions.note(SYSTEM, self.id, self.fraction, self.message)

    def __enter__(self) -> Self:
        refuse_in_loop("job_progress", "`async with job_progress(...)`")
        self._begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end(error)

    async def __aenter__(self) -> Self:
        await in_thread(self._begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await in_thread(self._end, error)

    def _begin(self) -> None:
        self.id = actions.begin(SYSTEM, self._user_id, self._title)
        self.noted_at = time.monotonic()
        _keeper.add(self)

    def _end(self, error: BaseException | None) -> None:
        _keeper.discard(self)
        if error is None:
            actions.end(SYSTEM, self.id, "done", self._message, self._link)
            return
        try:
            actions.end(SYSTEM, self.id, "failed", self._message or "It has failed.", self._link)
        except Exception:  # The job's own error is the one to see; the job is given up in time.
            logger.exception("job %d has failed, and that could not be saved", self.id)


class _Keeper:
    """A thread, while this process has jobs: it shows the last updates, and says that the jobs run."""

    def __init__(self) -> None:
        self._jobs: set[JobProgress] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, job: JobProgress) -> None:
        with self._changed:
            self._jobs.add(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hubbub progress", daemon=True)
                self._thread.start()
            self._changed.notify()

    def discard(self, job: JobProgress) -> None:
        with self._changed:
            self._jobs.discard(job)
            self._changed.notify()

    def look(self) -> None:
        """A job has news."""
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        while jobs := self._due():
            for job in jobs:
                try:
                    if job.untold:
                        job.tell()
                    if time.monotonic() >= job.noted_at + actions.ALIVE_SECONDS:
                        job.note()
                except Exception as error:
                    logger.warning("how far job %d is could not be told: %s", job.id, error)
            connections[database_alias()].close()

    def _due(self) -> list[JobProgress]:
        """Wait for jobs that have something to say, and return them; none where no job runs any more."""
        with self._changed:
            while self._jobs:
                now = time.monotonic()
                when = {job: job.due() for job in self._jobs}
                if due := [job for job, at in when.items() if at <= now]:
                    return due
                self._changed.wait(min(when.values()) - now)
            self._thread = None
            return []


_keeper = _Keeper()


def _forget() -> None:
    """After a fork the jobs and the thread are the parent's."""
    global _keeper
    _keeper = _Keeper()


os.register_at_fork(after_in_child=_forget)


def job_progress(user: Any, title: str) -> JobProgress:
    """A job for a user, or the primary key of one: a context manager, see ``JobProgress``.

    Outside of ``atomic()``: what is in a transaction is seen by nobody before it has ended.
    Raises TypeError for what is no user, SynchronousOnlyOperation for a plain ``with`` in async code.
    """
    return JobProgress(user, title)
