"""What is done beside the serving: Django tasks, jobs that recur, listeners (rules JOB-1, JOB-2, LSN-1; decision 0030).

``hubbub worker`` is a process for it; ``serve`` does it in threads beside its own, unless it is told not to.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connections, router, transaction
from django.db.models import QuerySet
from django.utils import timezone

from hubbub.django.conf import database_alias, hubbub_settings
from hubbub.django.listening import Listening
from hubbub.django.models import RecurringJob
from hubbub.django.retention import recur, recurring_jobs, register_pruner
from hubbub.django.transactions import give_back, renew_connections

logger = logging.getLogger("hubbub.background")

LOOK_SECONDS = 1.0
"""How often is looked for tasks, and for jobs, which may be wanted sooner than they were (``retention.do_by``)."""
SHORTEST_WAIT = 0.1
AWAY_SECONDS = 10.0
"""How long the database is left alone after it has failed."""
MARK_SECONDS = 1.0
"""How long at most it may take to mark a task failed at the end. Else that is done after ``TASK_SECONDS``."""
CUT_OFF = "A task that is cut off is marked failed only after TASK_SECONDS: %s"
TASKS = "django_tasks_db"


class TaskLost(Exception):
    """The process that ran a task has gone, or the task took too long."""


class Background:
    """Looks for what is due and does it, until it is stopped: one task after the other, what recurs, and listeners.

    Each kind in a thread of its own, so that a task that hangs holds up other tasks, and nothing else.
    """

    def __init__(self) -> None:
        self.id = f"{socket.gethostname()}:{os.getpid()}"[-64:]
        """Who it is, in what the queue says of its tasks."""
        self.stopping = threading.Event()
        looks = {"recurring jobs": self._do_jobs} | ({"tasks": self._run_tasks} if apps.is_installed(TASKS) else {})
        self._threads = [
            threading.Thread(target=self._repeat, args=(what, look), name=f"hubbub {what}", daemon=True)
            for what, look in looks.items()
        ]
        self._listening = Listening()
        self._queue: Any = None
        """The worker of the task queue, while it has tasks."""

    def start(self) -> None:
        """Do it in threads."""
        self._listening.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing more. From any thread, or a signal's handler."""
        self.stopping.set()
        self._listening.stop()
        if (queue := self._queue) is not None:
            queue.running = False

    def wait(self) -> None:
        """After ``start``, until ``stop``, and until what runs then has ended."""
        for thread in self._threads:
            thread.join()
        self._listening.end()

    def end(self, seconds: float) -> None:
        """After ``stop``: wait for the threads, so long at most. A task that goes on is marked failed."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))
        self._listening.end(max(0.0, until - time.monotonic()))
        if self._queue is not None:
            # In a thread: on SQLite a task in a transaction keeps all others from writing.
            marking = threading.Thread(target=self._give_up, args=(seconds,), daemon=True)
            marking.start()
            marking.join(MARK_SECONDS)
            if marking.is_alive():
                logger.warning(CUT_OFF, "the database is held by another.")

    def _give_up(self, seconds: float) -> None:
        try:
            fail_running(f"Its process was stopped, and waited {seconds:g} s for it.", self.id)
        except DatabaseError as error:
            logger.warning(CUT_OFF, str(error).strip())
        finally:
            connections.close_all()

    def _repeat(self, what: str, look: Callable[[], float]) -> None:
        """Look for what is due, again whenever ``look`` says, until ``stop``."""
        away, alias = False, database_alias()
        while not self.stopping.is_set():
            seconds = AWAY_SECONDS
            try:
                renew_connections(alias)
                seconds = look()
                away = False
            except DatabaseError as error:
                if not away:
                    logger.warning("The %s wait for the database: %s", what, str(error).strip())
                away = True
            except Exception:
                logger.exception("Looking for %s failed.", what)
            finally:
                give_back(alias)
            self.stopping.wait(seconds)
        connections.close_all()

    def _do_jobs(self) -> float:
        """Do the jobs that are due now. Returns the seconds until the next one is. Raises the database's errors."""
        due, now = dict(_jobs().values_list("name", "due")), timezone.now()
        following = [now + timedelta(seconds=LOOK_SECONDS)]
        for name, (seconds, job) in recurring_jobs.items():
            if (at := due.get(name, now)) > now:
                following.append(at)
                continue
            following.append(now + timedelta(seconds=seconds))
            if not self.stopping.is_set() and claim(name, seconds) and self._do(name, job):
                # The others that are due are not kept waiting until nothing is left.
                _jobs().filter(name=name).update(due=now)
                following.append(now)
        return max(SHORTEST_WAIT, (min(following) - timezone.now()).total_seconds())

    def _do(self, name: str, job: Any) -> bool:
        """Do a part of a job. Returns whether there may be more of it."""
        try:
            if done := job():
                logger.info("%s: %s", name, done)
            return bool(done)
        except Exception:
            logger.exception("The recurring job %r failed. It is tried again next time.", name)
            return False

    def _run_tasks(self) -> float:
        """Run the tasks that are ready. Returns the seconds until the next look. Raises the database's errors."""
        from django_tasks_db.management.commands.db_worker import Worker
        from django_tasks_db.models import DBTaskResult

        for backend in settings.TASKS:
            # Looked at before: taking one locks the whole of an SQLite database.
            ready = DBTaskResult.objects.ready().filter(backend_name=backend)
            if self.stopping.is_set() or not ready.exists():
                continue
            self._queue = queue = Worker(
                queue_names=["*"],
                excluded_queue_names=[],
                interval=0,
                batch=True,
                backend_name=backend,
                startup_delay=False,
                max_tasks=None,
                worker_id=self.id,
            )
            if self.stopping.is_set():  # A stop until now has not seen it.
                queue.running = False
            try:
                queue.run()
            finally:
                self._queue = None
        return LOOK_SECONDS


def claim(name: str, seconds: float) -> bool:
    """Whether a job is due, and this process is the one to do it. For so many seconds nobody else is."""
    now = timezone.now()
    # Those who come first at the same moment find the one row, and one of them moves it.
    _jobs().get_or_create(name=name, defaults={"due": now})
    alias = database_alias()
    with transaction.atomic(using=alias):
        due = _jobs().filter(name=name, due__lte=now)
        job = due.select_for_update(skip_locked=connections[alias].features.has_select_for_update_skip_locked).first()
        if job is not None:
            job.due = now + timedelta(seconds=seconds)
            job.save(using=alias, update_fields=["due"])
        return job is not None


def _jobs() -> "QuerySet[RecurringJob]":
    return RecurringJob.objects.using(database_alias())


def fail_running(reason: str, worker: str = "", before: datetime | None = None) -> int:
    """Mark tasks failed that were begun before a time, or by one worker. Returns how many.

    They are not run again: nobody knows what they have done already.
    """
    from django_tasks_db.models import DBTaskResult

    running = DBTaskResult.objects.running()
    if before:
        running = running.filter(started_at__lt=before)
    lost = [each for each in running[:1000] if not worker or each.worker_ids[-1:] == [worker]]
    for each in lost:
        each.set_failed(TaskLost(reason))
        logger.error("Task %s (%s) is given up: %s", each.id, each.task_path, reason)
    return len(lost)


def give_up_lost_tasks() -> int:
    """Mark tasks failed that have run for longer than ``TASK_SECONDS``: their process was killed. Returns how many."""
    if not apps.is_installed(TASKS):
        return 0
    seconds = hubbub_settings().task_seconds
    return fail_running(f"It has not ended in {seconds:g} s.", before=timezone.now() - timedelta(seconds=seconds))


def give_up_restored_tasks(alias: str) -> int:
    """Mark tasks failed that a restored database says are running or due: they may have run since. Returns how many."""
    if not apps.is_installed(TASKS):
        return 0
    from django_tasks_db.models import DBTaskResult

    if router.db_for_write(DBTaskResult) != alias:
        return 0
    lost = [*DBTaskResult.objects.running(), *DBTaskResult.objects.ready()]
    for each in lost:
        each.set_failed(TaskLost("It was restored from a backup, and may have run since that was made."))
    return len(lost)


def prune_finished_tasks(limit: int = 1000) -> int:
    """Delete tasks that ended more than ``TASK_DAYS`` ago, up to ``limit``. Returns how many."""
    if not apps.is_installed(TASKS):
        return 0
    from django_tasks_db.models import DBTaskResult

    before = timezone.now() - timedelta(days=hubbub_settings().task_days)
    old = DBTaskResult.objects.finished().filter(finished_at__lt=before).values_list("pk", flat=True)[:limit]
    gone, _ = DBTaskResult.objects.filter(pk__in=list(old)).delete()
    return gone


recur("lost tasks", 60.0, give_up_lost_tasks)
register_pruner("finished tasks", prune_finished_tasks)
