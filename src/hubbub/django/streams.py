"""The stream store over Django's database (rules EVT-1 and SUB-2)."""

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connections, transaction

from hubbub.django import models
from hubbub.django.conf import database_alias
from hubbub.django.models import Stream
from hubbub.django.rows import add_each
from hubbub.engine.control import CONTROL_TOPIC
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

NewEvent = tuple[str, str, bytes, str, datetime]
"""Topic, type, data, author and time."""

_COLUMNS = ("offset", "type", "data", "author", "created_at")


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
        rows = {
            topic: StreamState(epoch, first, top)
            for topic, epoch, first, top in Stream.objects.using(self.alias)
            .filter(topic__in=[*topics, ROOT])
            .values_list("topic", "epoch", "first", "top")
        }
        empty = StreamState(rows[ROOT].epoch, 1, 0)
        return {topic: rows.get(topic, empty) for topic in topics}

    def read(self, topic: str, after: int, limit: int) -> list[Event]:
        rows = (
            models.Event.objects.using(self.alias)
            .filter(stream__topic=topic, offset__gt=after)
            .order_by("offset")
            .values_list("stream__epoch", *_COLUMNS)[:limit]
        )
        return [_event(topic, *row) for row in rows]

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
        query = _TAKE.format(rows=", ".join([_TAKE_ROW] * len(topics)))
        with connections[self.alias].cursor() as cursor:
            cursor.execute(query, [value for topic in topics for value in (topic, counts[topic])])
            return {
                topic: Stream(id=id, topic=topic, epoch=epoch, top=top - counts[topic])
                for topic, id, epoch, top in cursor.fetchall()
            }

    def rewrite(self, topics: Sequence[str], types: Sequence[str], told: str, change: Callable[[Any], Any]) -> int:
        """Change what events of these topics and types say that have ``told`` in their JSON. Returns how many.

        For what must not stay in the log; places and order stay as they are. Inside the caller's transaction.
        """
        found = models.Event.objects.using(self.alias).filter(
            stream__topic__in=topics, type__in=types, data__contains=told
        )
        rows = list(found.only("data"))
        for row in rows:
            row.data = msgspec.json.encode(change(msgspec.json.decode(row.data))).decode()
        models.Event.objects.using(self.alias).bulk_update(rows, ["data"])
        return len(rows)

    def begin_epoch(self) -> str:
        """Start a new epoch in all streams, after a backup was restored. Returns it."""
        epoch = new_epoch()
        with transaction.atomic(using=self.alias):
            Stream.objects.using(self.alias).update(epoch=epoch)
        return epoch

    def prune(self, topic: str, before: int) -> int:
        """Drop a topic's events below the offset ``before``. Returns how many. Never moves the top."""
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


def _event(topic: str, epoch: str, offset: int, type: str, data: str, author: str, at: Any) -> Event:
    return Event(topic, type, data.encode(), created_at=at, epoch=epoch, offset=offset, author=author)
