"""The stream store over Django's database (rules EVT-1 and SUB-2)."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connections, transaction

from hubbub.django.conf import hubbub_settings
from hubbub.django.models import Event, Stream
from hubbub.engine.ports import StreamState
from hubbub.protocol.frames import Happening, Position

ROOT = ""
"""The topic whose row carries the epoch of streams that have no row yet."""

_TAKE = """
INSERT INTO hubbub_stream (topic, epoch, first, top)
VALUES (%s, (SELECT epoch FROM hubbub_stream WHERE topic = ''), 1, %s)
ON CONFLICT (topic) DO UPDATE SET top = hubbub_stream.top + %s
RETURNING id, epoch, top
"""

_COLUMNS = ("offset", "type", "data", "author", "created_at")


def new_epoch() -> str:
    return secrets.token_hex(4)


def ensure_root(using: str, **kwargs: Any) -> None:
    """Make the row that carries the epoch of new streams, where it is missing."""
    if using == hubbub_settings().database and Stream._meta.db_table in connections[using].introspection.table_names():
        Stream.objects.using(using).get_or_create(topic=ROOT, defaults={"epoch": new_epoch()})


class DjangoStreamStore:
    """The port ``StreamStore``. Blocking; wants to be called inside a read transaction."""

    def __init__(self, alias: str = "") -> None:
        self.alias = alias or hubbub_settings().database

    def states(self, topics: list[str]) -> dict[str, StreamState]:
        rows = {
            topic: StreamState(epoch, first, top)
            for topic, epoch, first, top in Stream.objects.using(self.alias)
            .filter(topic__in=[*topics, ROOT])
            .values_list("topic", "epoch", "first", "top")
        }
        empty = StreamState(rows[ROOT].epoch, 1, 0)
        return {topic: rows.get(topic, empty) for topic in topics}

    def read(self, topic: str, after: int, limit: int) -> list[Happening]:
        rows = (
            Event.objects.using(self.alias)
            .filter(stream__topic=topic, offset__gt=after)
            .order_by("offset")
            .values_list("stream__epoch", *_COLUMNS)[:limit]
        )
        return [_happening(topic, *row) for row in rows]

    def append(self, topic: str, type: str, data: bytes, author: str, at: datetime) -> Happening:
        """Add an event to a topic's stream, inside the caller's transaction."""
        return self.append_many(topic, [(type, data, author, at)])[0]

    def append_many(self, topic: str, events: Sequence[tuple[str, bytes, str, datetime]]) -> list[Happening]:
        """Add several events to one stream, in order, inside the caller's transaction."""
        with connections[self.alias].cursor() as cursor:
            cursor.execute(_TAKE, [topic, len(events), len(events)])
            stream_id, epoch, top = cursor.fetchone()
        first = top - len(events) + 1
        rows = [
            Event(
                stream_id=stream_id,
                offset=offset,
                type=type,
                data=data.decode(),
                author=author,
                created_at=at,
            )
            for offset, (type, data, author, at) in enumerate(events, first)
        ]
        Event.objects.using(self.alias).bulk_create(rows)
        return [
            Happening(topic, type, data, created_at=at, epoch=epoch, offset=offset, author=author)
            for offset, (type, data, author, at) in enumerate(events, first)
        ]

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


def _happening(topic: str, epoch: str, offset: int, type: str, data: str, author: str, at: Any) -> Happening:
    return Happening(topic, type, data.encode(), created_at=at, epoch=epoch, offset=offset, author=author)
