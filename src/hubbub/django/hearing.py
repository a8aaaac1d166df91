"""One turn of a listener: it is called with the next events, in a transaction that moves its place (rule LSN-1)."""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connections, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from hubbub.django.conf import database_alias
from hubbub.django.listeners import Happened, Listener, decoded, listeners
from hubbub.django.models import ListenerPlace
from hubbub.django.places import Log, Look, Place, Row, log_of
from hubbub.django.reader import read_transaction
from hubbub.django.transactions import TRY_AGAIN, atomically, guarded, plain, sqlstate
from hubbub.engine.counters import counters

logger = logging.getLogger("hubbub.listeners")

AT_ONCE = 100
"""Events in one transaction."""
TURN_SECONDS = 0.05
"""After this no further event is begun in the same transaction: on SQLite nobody else can write meanwhile."""
FIRST_PAUSE = 1.0
"""Seconds until an event is tried again; each further pause is twice as long."""
LOCK_TIMEOUT_MS = 500
"""How long a turn waits for a lock on PostgreSQL: shorter than it waits to look for a deadlock, which so ends here."""
YIELD_SECONDS = 0.5
"""Until an event is tried again that met others' locks, which is nobody's failure."""
HELD_SECONDS = 1.0
"""When it is looked again at a listener that another process is calling; that may die."""
NO_PLACE = -1.0
"""Instead of seconds: the listener is new."""
FAR = 1000
"""Events of other types that a listener's place stays behind: that it moves on is a transaction."""


def begin(listener: Listener, alias: str) -> None:
    """Give a new listener its place: the end of the log."""
    places = ListenerPlace.objects.using(alias)
    if not places.filter(name=listener.name).exists():
        places.get_or_create(name=listener.name, defaults=_fields(log_of(alias).end()))


def begin_all(using: str, **kwargs: Any) -> None:
    """After ``migrate``: what happens from here on is heard, whoever comes first, a listener or an event."""
    if using == database_alias() and ListenerPlace._meta.db_table in connections[using].introspection.table_names():
        for listener in listeners.values():
            begin(listener, using)


def turn(listener: Listener, alias: str) -> float | None:
    """Call a listener with what comes next, unless another process does.

    Returns in how many seconds it is to be looked again, None for when there is news. Raises the database's errors.
    """
    log = log_of(alias)
    # First without the lock, which on SQLite is that of all who write.
    found, wait = read_transaction(alias, partial(_next, listener, log, alias, 1, lock=False))
    _note_behind(listener, found[1].rows if found else [], wait)
    if found is None and wait == NO_PLACE:
        begin(listener, alias)
        return 0.0
    if found is None:
        return wait
    try:
        wait = _hear_next(listener, log, alias, AT_ONCE)
    except IntegrityError:
        wait = _one_by_one(listener, log, alias)
    _note_behind(listener, [], wait)
    return wait


def _hear_next(listener: Listener, log: Log, alias: str, limit: int) -> float | None:
    """Hear so many events at most, in one transaction. Raises IntegrityError where that could not be committed."""
    with transaction.atomic(using=alias):
        _limit_lock_waits(alias)
        found, wait = _next(listener, log, alias, limit, lock=True)
        if found is not None:
            place, look = found
            wait = _hear_all(listener, place, look, alias)
            place.save(using=alias)
    return wait


def _one_by_one(listener: Listener, log: Log, alias: str) -> float | None:
    """Hear each event in a transaction of its own, so that one which can't be committed is known, and counted.

    Foreign keys are checked by the commit only, and with it all is undone that was noted of failures.
    """
    for _ in range(AT_ONCE):
        try:
            wait = _hear_next(listener, log, alias, 1)
        except IntegrityError as error:
            with transaction.atomic(using=alias):
                found, wait = _next(listener, log, alias, 1, lock=True)
                if found is None or not found[1].rows:
                    return wait
                place, look = found
                wait = _failed(listener, place, look, look.rows[0], error)
                place.save(using=alias)
                return wait
        if wait != 0.0:
            return wait
    return 0.0


def _limit_lock_waits(alias: str) -> None:
    """Somebody else's locks are not waited for with those that the events before have taken."""
    if connections[alias].vendor == "postgresql":
        with connections[alias].cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")


def _note_behind(listener: Listener, rows: Sequence[Row], wait: float | None) -> None:
    """Count since when it is behind: not at all where nothing waits for it."""
    if rows:
        counters.behind[listener.name] = rows[0].created_at.timestamp()
    elif wait is None:
        counters.behind[listener.name] = 0.0


def waits_for(listener: Listener, alias: str) -> Row | None:
    """The first event that a listener has yet to hear; None where it has heard all, or has no place yet."""
    place = ListenerPlace.objects.using(alias).filter(name=listener.name).first()
    if place is None:
        return None
    rows = log_of(alias).look(Place(place.event_id, place.seen, place.upto), listener.types, 1).rows
    return rows[0] if rows else None


def _next(
    listener: Listener, log: Log, alias: str, limit: int, *, lock: bool
) -> tuple[tuple[ListenerPlace, Look] | None, float | None]:
    """A listener's place and what comes after it; where there is nothing, the seconds until one looks again."""
    places = ListenerPlace.objects.using(alias).filter(name=listener.name)
    if lock:
        places = places.select_for_update(skip_locked=connections[alias].features.has_select_for_update_skip_locked)
    place = places.first()
    if place is None:
        return None, HELD_SECONDS if lock else NO_PLACE
    if (wait := _pause_left(place)) > 0:
        return None, wait
    at = Place(place.event_id, place.seen, place.upto)
    if lock:
        log.settle(at)
    look = log.look(at, listener.types, limit)
    if look.rows or look.behind >= FAR or place.upto:
        return (place, look), None
    return None, None


def _pause_left(place: ListenerPlace) -> float:
    """Seconds until the event that has failed is tried again."""
    if place.retry_at is None:
        return 0.0
    left = (place.retry_at - timezone.now()).total_seconds()
    # No pause is as long as this: the clock was set back.
    return left if left <= FIRST_PAUSE * 2.0**place.failures else 0.0


def _hear_all(listener: Listener, place: ListenerPlace, look: Look, alias: str) -> float | None:
    """Hear one event after the other, each in a savepoint, and move the place as far as they were heard."""
    if listener.together and len(look.rows) > 1 and _heard(listener, look.rows, alias) is None:
        _move(place, look.end)
        return 0.0 if look.more else None
    until = time.monotonic() + TURN_SECONDS
    for row in look.rows:
        if time.monotonic() > until:
            return 0.0
        failed = _heard(listener, [row], alias)
        if failed is None:
            _move(place, look.after(row))
            continue
        if sqlstate(failed) in TRY_AGAIN:
            failures = place.failures
            _move(place, look.before(row))
            place.failures = failures
            logger.info("Listener %s waits at event %d, for what others have locked.", listener.name, row.id)
            return YIELD_SECONDS
        return _failed(listener, place, look, row, failed)
    _move(place, look.end)
    return 0.0 if look.more else None


def _failed(listener: Listener, place: ListenerPlace, look: Look, row: Row, error: Exception) -> float:
    """Count a failure at an event: it is tried again, or left out. Returns in how many seconds to go on."""
    failures = place.failures + 1
    if failures >= listener.tries:
        logger.error(
            "Listener %s has failed %d times at event %d (%s on %s, offset %d), which it will not hear.",
            listener.name, failures, row.id, row.type, row.topic, row.offset, exc_info=error,
        )  # fmt: skip
        _move(place, look.after(row))
        return 0.0
    pause = FIRST_PAUSE * 2.0 ** (failures - 1)
    logger.warning(
        "Listener %s failed at event %d (%s on %s, offset %d); it is tried again in %g s.",
        listener.name, row.id, row.type, row.topic, row.offset, pause, exc_info=error,
    )  # fmt: skip
    _move(place, look.before(row))
    place.failures, place.retry_at = failures, timezone.now() + timedelta(seconds=pause)
    return pause


def _move(row: ListenerPlace, place: Place) -> None:
    for name, value in _fields(place).items():
        setattr(row, name, value)


def _fields(place: Place) -> dict[str, Any]:
    return {"event_id": place.event_id, "seen": place.seen, "upto": place.upto, "failures": 0, "retry_at": None}


def _heard(listener: Listener, rows: Sequence[Row], alias: str) -> Exception | None:
    """Call the listener. Returns what it raised; raises where the transaction can't go on."""
    connection = connections[alias]
    hooks_before = len(connection.run_on_commit)
    failed: Exception | None = None
    try:
        atomically(alias, partial(_call, listener, rows))
    except BaseException as error:
        failed = plain(error)
    if isinstance(failed, OperationalError | InterfaceError) and not connection.is_usable():
        raise failed  # The database is away, which is nobody's failure.
    if connection.closed_in_transaction or connection.needs_rollback:
        raise TransactionManagementError("A listener's transaction could not go on.") from failed
    # What the listener has put off until the commit must not keep others' callbacks from running.
    hooks: list[Any] = connection.run_on_commit
    hooks[hooks_before:] = [(ids, partial(guarded, hook), False) for ids, hook, _ in hooks[hooks_before:]]
    return failed


def _call(listener: Listener, rows: Sequence[Row]) -> None:
    events = [
        Happened(row.id, row.topic, row.offset, row.type, decoded(row.type, row.data), row.author, row.created_at)
        for row in rows
    ]
    listener.hear(events if listener.together else events[0])
