"""What is forgotten in time, and what is done beside the messages. Features add theirs in ``retention.py``."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from itertools import groupby
from operator import itemgetter

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import F, Min
from django.utils import timezone

from hubbub.django.conf import database_alias, hubbub_settings
from hubbub.django.hearing import waits_for
from hubbub.django.listeners import listeners
from hubbub.django.models import Event, RecurringJob, Stream
from hubbub.django.receipts import drop_expired_receipts
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.control import CONTROL_TOPIC
from hubbub.engine.engine import Engine

logger = logging.getLogger("hubbub.listeners")

Pruner = Callable[[int], int]
"""Deletes a number of rows at most, in a short transaction, and returns how many it did; 0 when none is left."""

HouseJob = Callable[[Engine], Callable[[], object] | None]
"""Called every minute on the engine's loop; returns what the writer shall do, a short transaction, or None."""

CONTROL_EVENTS = 10_000
"""What is kept of the control topic in any case: a process that was stalled learns there whose access has ended."""

RecurringDo = Callable[[], object]
"""Does a part of a job, in short transactions, and returns what it did; something false when nothing is left."""

HOUR, DAY = 3600.0, 86_400.0

pruners: dict[str, Pruner] = {}
recurring_jobs: dict[str, tuple[float, RecurringDo]] = {}
"""By name the seconds between two times, and the job."""
house_jobs: dict[str, HouseJob] = {}


def register_pruner(name: str, prune: Pruner) -> None:
    """Let it be called every hour, and by ``hubbub prune``, until nothing is left.

    ``name`` says what it deletes, in the plural.
    """
    pruners[name] = prune
    recur(name, HOUR, lambda: prune(1000))


def recur(name: str, seconds: float, job: RecurringDo) -> None:
    """Let one process do a job every so many seconds, whichever of those that do background work (rule JOB-1).

    It is called again and again until it returns something false, each time in turn with the other jobs that are due;
    what it returns is logged. If its process dies, or it raises, the rest is left to the next time.
    """
    recurring_jobs[name] = seconds, job


def do_by(name: str, at: datetime) -> None:
    """Let a recurring job be done at that time, or within a second of it, if it isn't due before.

    After the caller's commit: before it, nothing of what is to be done is there for others, and the row would be
    locked for all of them. For a job that does what has a time of its own: it is asked for when that is noted, and by
    the job itself for what is left. Where a process dies in between, it is done the next time it recurs.
    """
    jobs = RecurringJob.objects.using(database_alias()).filter(name=name, due__gt=at)
    transaction.on_commit(lambda: jobs.update(due=at), using=database_alias(), robust=True)


def keep_house(name: str, job: HouseJob) -> None:
    """Let every serving process do a job once a minute."""
    house_jobs[name] = job


def prune_old_events(limit: int = 1000) -> int:
    """Drop events older than ``EVENT_DAYS`` from their streams. Returns how many."""
    days = hubbub_settings().event_days
    if not days:
        return 0
    before = timezone.now() - timedelta(days=days)
    # The lowest ids are the oldest, so this reads no more than it takes.
    rows = Event.objects.using(database_alias()).order_by("id").values_list("stream__topic", "offset", "created_at")
    if (unheard := first_unheard()) is not None:
        rows = rows.filter(pk__lt=unheard)
    old = sorted((topic, offset) for topic, offset, at in rows[:limit] if at < before)
    befores = {topic: max(offset for _, offset in each) + 1 for topic, each in groupby(old, key=itemgetter(0))}
    return DjangoStreamStore().prune_all(befores)


def prune_long_streams(limit: int = 1000) -> int:
    """Drop what is more than ``EVENTS_PER_TOPIC`` from the longest streams. Returns how many."""
    most = hubbub_settings().events_per_topic
    if not most:
        return 0
    long = Stream.objects.using(database_alias()).filter(top__gte=F("first") + most)
    befores, room, unheard = {}, limit, first_unheard()
    for topic, first, top in long.order_by("id").values_list("topic", "first", "top")[:limit]:
        kept = max(most, CONTROL_EVENTS) if topic == CONTROL_TOPIC else most
        befores[topic] = max(first, min(top - kept + 1, first + room))
        if unheard is not None:
            befores[topic] = _up_to(topic, befores[topic], unheard)
        room -= befores[topic] - first
        if not room:
            break
    return DjangoStreamStore().prune_all(befores)


def first_unheard() -> int | None:
    """The id of the first event that a listener has yet to hear: from there on nothing is pruned (rule LSN-5).

    Who has not heard an event of the day before is not waited for. Logs a warning then: it will miss some.
    """
    alias, kept = database_alias(), timezone.now() - timedelta(seconds=DAY)
    found: list[int] = []
    for listener in listeners.values():
        if (row := waits_for(listener, alias)) is None:
            continue
        if row.created_at > kept:
            found.append(row.id)
        else:
            logger.warning(
                "Listener %s has not heard event %d of %s, and will miss what is pruned meanwhile. Is `hubbub worker` "
                "running, or `serve` with its background work?",
                listener.name, row.id, row.created_at,
            )  # fmt: skip
    return min(found, default=None)


def _up_to(topic: str, before: int, unheard: int) -> int:
    """``before``, or the offset of the topic's first event with such an id or a higher one."""
    events = Event.objects.using(database_alias()).filter(stream__topic=topic, offset__lt=before, pk__gte=unheard)
    return min(before, events.aggregate(first=Min("offset"))["first"] or before)


def forget_sessions(limit: int = 1000) -> int:
    """What Django's ``clearsessions`` does, up to ``limit`` where they are in the database. Returns how many."""
    if not apps.is_installed("django.contrib.sessions"):
        return 0
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if not hasattr(store, "get_model_class"):
        store.clear_expired()
        return 0
    sessions = store.get_model_class().objects
    old = sessions.filter(expire_date__lt=timezone.now()).values_list("pk", flat=True)[:limit]
    gone, _ = sessions.filter(pk__in=list(old)).delete()
    return int(gone)


register_pruner("old events", prune_old_events)
register_pruner("events of long streams", prune_long_streams)
register_pruner("receipts", drop_expired_receipts)
keep_house("receipts", lambda engine: drop_expired_receipts)
recur("sessions", DAY, forget_sessions)
