"""The stream store over Django's database (rules EVT-1 and SUB-2)."""

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from django.db import connections, transaction
from django.utils.timezone import make_aware

from hubbub.django import models
from hubbub.django.conf import database_alias
from hubbub.django.models import Stream
from hubbub.django.rows import add_each
from hubbub.engine.clock import SystemClock
from hubbub.engine.control import CONTROL_TOPIC, LogChanged
from hubbub.engine.ports import StreamState
from hubbub.protocol.frames import Event, Position

ROOT = ""
"""The topic whose row carries the epoch of streams that have no row yet."""

_TAKE = """
INSERT INTO hubbub_stream (topic, epoch, first, top)
VALUES {rows}
ON CONFLICT (topic) DO UPDATE SET top = hubbub_stream.top + excluded.top
RETURNING topic, id, epoch, top
"""
_TAKE_ROW = "(%s, (SELECT epoch FROM hubbub_stream WHERE topic = ''), 1, %s)"

# Every subscription asks these: as SQL they cost a fifth.
_STATES = "SELECT topic, epoch, first, top FROM hubbub_stream WHERE topic IN ({topics})"
_EVENTS = 'SELECT s.topic, s.epoch, e."offset", e.type, e.data, e.author, e.created_at FROM'
_READ = f"""
{_EVENTS} hubbub_stream s JOIN hubbub_event e ON e.stream_id = s.id
WHERE s.topic = %s AND e."offset" > %s ORDER BY e."offset" LIMIT %s
"""
_READ_RANGES = f"""
WITH wanted (topic, after, upto) AS (VALUES {{rows}})
{_EVENTS} wanted w JOIN hubbub_stream s ON s.topic = w.topic JOIN {{events}}
ORDER BY s.topic, e."offset"
"""
_IN_RANGE = 'e.stream_id = s.id AND e."offset" > w.after AND e."offset" <= w.upto'
_EVENTS_IN_RANGE = {
    "sqlite": f"hubbub_event e ON {_IN_RANGE}",
    # PostgreSQL would read each stream as a whole and throw away what is not in range, unless it is kept from planning
    # both as one.
    "postgresql": f"LATERAL (SELECT * FROM hubbub_event e WHERE {_IN_RANGE} OFFSET 0) e ON TRUE",
}

TAKE_AT_ONCE = 500
"""Streams that are locked by one statement: databases bound its values."""

NewEvent = tuple[str, str, bytes, str, datetime]
"""Topic, type, data, author and time."""

_clock = SystemClock()


def new_epoch() -> str:
    return secrets.token_hex(4)


def ensure_root(using: str, **kwargs: Any) -> None:
    """Make the row that carries the epoch of new streams, where it is missing."""
    if using == database_alias() and Stream._meta.db_table in connections[using].introspection.table_names():
        Stream.objects.using(using).get_or_create(topic=ROOT, defaults={"epoch": new_epoch()})


class DjangoStreamStore:
    """The port ``StreamStore``. Blocking; wants to be called inside a read transaction."""

    def __init__(self, alias: str = "") -> None:
        self.alias = alias or database_alias()

    def states(self, topics: list[str]) -> dict[str, StreamState]:
        query = _STATES.format(topics=", ".join(["%s"] * (len(topics) + 1)))
        with connections[self.alias].cursor() as cursor:
            cursor.execute(query, [*topics, ROOT])
            rows = {topic: StreamState(*state) for topic, *state in cursor.fetchall()}
        empty = StreamState(rows[ROOT].epoch, 1, 0)
        return {topic: rows.get(topic, empty) for topic in topics}

    def read(self, topic: str, after: int, limit: int) -> list[Event]:
        return self._events(_READ, [topic, after, limit])

    def read_ranges(self, ranges: dict[str, tuple[int, int]]) -> dict[str, list[Event]]:
        events = _EVENTS_IN_RANGE[connections[self.alias].vendor]
        query = _READ_RANGES.format(rows=", ".join(["(%s, %s, %s)"] * len(ranges)), events=events)
        found: dict[str, list[Event]] = {}
        for event in self._events(query, [value for topic, each in ranges.items() for value in (topic, *each)]):
            found.setdefault(event.topic, []).append(event)
        return found

    def _events(self, query: str, values: list[Any]) -> list[Event]:
        zone = connections[self.alias].timezone
        with connections[self.alias].cursor() as cursor:
            cursor.execute(query, values)
            return [
                Event(
                    topic,
                    type,
                    data.encode(),
                    created_at=at if at.tzinfo else make_aware(at, zone),  # SQLite keeps none.
                    epoch=epoch,
                    offset=offset,
                    author=author,
                )
                for topic, epoch, offset, type, data, author, at in cursor.fetchall()
            ]

    def append(self, topic: str, type: str, data: bytes, author: str, at: datetime) -> Event:
        """Add an event to a topic's stream, inside the caller's transaction."""
        return self.append_all([(topic, type, data, author, at)])[0]

    def append_all(self, events: Sequence[NewEvent]) -> list[Event]:
        """Add events to their topics' streams, in order within each, inside the caller's transaction.

        Two queries, however many they are.
        """
        if not events:
            return []
        streams = self._take(Counter(topic for topic, *_ in events))
        rows, made = [], []
        for topic, type, data, author, at in events:
            stream = streams[topic]
            stream.top += 1
            rows.append(
                models.Event(
                    stream=stream, offset=stream.top, type=type, data=data.decode(), author=author, created_at=at
                )
            )
            made.append(Event(topic, type, data, created_at=at, epoch=stream.epoch, offset=stream.top, author=author))
        add_each(rows)
        return made

    def _take(self, counts: Counter[str]) -> dict[str, Stream]:
        """Lock the streams and move their tops. Returns each as it was before."""
        # By name, and what all processes share last: two transactions never wait for each other crosswise.
        topics = sorted(counts, key=lambda topic: (topic == CONTROL_TOPIC, topic))
        taken: dict[str, Stream] = {}
        with connections[self.alias].cursor() as cursor:
            for start in range(0, len(topics), TAKE_AT_ONCE):
                some = topics[start : start + TAKE_AT_ONCE]
                query = _TAKE.format(rows=", ".join([_TAKE_ROW] * len(some)))
                cursor.execute(query, [value for topic in some for value in (topic, counts[topic])])
                for topic, id, epoch, top in cursor.fetchall():
                    taken[topic] = Stream(id=id, topic=topic, epoch=epoch, top=top - counts[topic])
        return taken

    def rewrite(
        self, topics: Sequence[str], types: Sequence[str], told: str, change: Callable[[Any], Any], after: int = 0
    ) -> int:
        """Change what events of these topics and types say that have ``told`` in their JSON. Returns how many.

        For what must not stay in the log; places and order stay as they are. Inside the caller's transaction. With
        ``after``, only of events whose id in the log is higher.
        """
        found = models.Event.objects.using(self.alias).filter(
            stream__topic__in=topics, type__in=types, data__contains=told
        )
        if after:
            found = found.filter(pk__gt=after)
        rows = list(found.select_related("stream").only("data", "offset", "stream__topic"))
        for row in rows:
            row.data = msgspec.json.encode(change(msgspec.json.decode(row.data))).decode()
        models.Event.objects.using(self.alias).bulk_update(rows, ["data"])
        last: dict[str, int] = {}
        for row in rows:
            last[row.stream.topic] = max(row.offset, last.get(row.stream.topic, 0))
        self._changed(last)
        return len(rows)

    def _changed(self, offsets: dict[str, int]) -> None:
        """Let every process forget what the log no longer says of these topics, up to an offset each."""
        if not offsets:
            return
        from hubbub.django import runtime  # It needs this module first.

        changed = msgspec.json.encode(LogChanged(offsets))
        event = self.append(CONTROL_TOPIC, "control.log_changed", changed, "", _clock.now())
        transaction.on_commit(partial(runtime.committed, self.alias, [event]), using=self.alias, robust=True)

    def begin_epoch(self) -> str:
        """Start a new epoch in all streams, after a backup was restored. Returns it."""
        epoch = new_epoch()
        with transaction.atomic(using=self.alias):
            Stream.objects.using(self.alias).update(epoch=epoch)
            # The first event of the new epoch that every process hears of.
            self.append(CONTROL_TOPIC, "control.log_changed", msgspec.json.encode(LogChanged({})), "", _clock.now())
        return epoch

    def prune(self, topic: str, before: int) -> int:
        """Drop a topic's events below the offset ``before``. Returns how many. Never moves the top."""
        return self.prune_all({topic: before})

    def prune_all(self, befores: dict[str, int]) -> int:
        """The same for many topics, each in a short transaction."""
        gone, pruned = 0, {}
        for topic, before in befores.items():
            if count := self._prune(topic, before):
                gone, pruned[topic] = gone + count, before - 1
        # Not of the control topic: nobody resumes there, and there would be ever more of it.
        pruned.pop(CONTROL_TOPIC, None)
        with transaction.atomic(using=self.alias):
            self._changed(pruned)
        return gone

    def _prune(self, topic: str, before: int) -> int:
        with transaction.atomic(using=self.alias):
            stream = Stream.objects.using(self.alias).select_for_update().filter(topic=topic).first()
            if stream is None:
                return 0
            stream.first = max(stream.first, min(before, stream.top + 1))
            stream.save(update_fields=["first"])
            gone, _ = stream.events.filter(offset__lt=stream.first).delete()
        return gone


def position_of(topic: str) -> Position:
    """Where a topic's stream stands; meaningful inside the transaction that also reads the state."""
    state = DjangoStreamStore().states([topic])[topic]
    return Position(state.epoch, state.top)
