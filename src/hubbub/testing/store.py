"""The ports ``StreamStore``, ``Writer`` and ``Reader`` in memory."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from hubbub.engine.ports import StreamState
from hubbub.protocol.frames import Event
from hubbub.protocol.registry import registry

T = TypeVar("T")


class MemoryStore:
    """A durable log that lasts as long as the object."""

    def __init__(self, epoch: str = "e1") -> None:
        self.epoch = epoch
        self._events: dict[str, list[Event]] = {}
        self._first: dict[str, int] = {}

    def states(self, topics: list[str]) -> dict[str, StreamState]:
        return {
            topic: StreamState(self.epoch, self._first.get(topic, 1), len(self._events.get(topic, ())))
            for topic in topics
        }

    def read(self, topic: str, after: int, limit: int) -> list[Event]:
        first = self._first.get(topic, 1)
        kept = [event for event in self._events.get(topic, ()) if (event.offset or 0) >= first]
        return [event for event in kept if (event.offset or 0) > after][:limit]

    def read_ranges(self, ranges: dict[str, tuple[int, int]]) -> dict[str, list[Event]]:
        return {topic: self.read(topic, after, upto - after) for topic, (after, upto) in ranges.items()}

    def append(self, topic: str, event: msgspec.Struct, author: str = "") -> Event:
        """Add an event; give the result to ``hub.publish`` to deliver it."""
        stream = self._events.setdefault(topic, [])
        logged = Event(
            topic,
            registry.event_type(event).name,
            msgspec.json.encode(event),
            created_at=datetime.now(UTC),
            epoch=self.epoch,
            offset=len(stream) + 1,
            author=author,
        )
        stream.append(logged)
        return logged

    def prune(self, topic: str, before: int) -> None:
        self._first[topic] = before

    def begin_epoch(self, epoch: str) -> None:
        """Start a new epoch, as after a restored backup."""
        self.epoch = epoch
        for stream in self._events.values():
            for event in stream:
                event.epoch = epoch


class DirectWriter:
    """Runs each action at once."""

    async def run(self, action: Callable[[], T], *, topic: str) -> T:
        return action()


class DirectReader:
    """Runs each query at once, unless a test holds it: ``gate`` is awaited before."""

    def __init__(self) -> None:
        self.gate: Callable[[], object] | None = None

    async def run(self, query: Callable[[], T]) -> T:
        if self.gate is not None:
            waiting = self.gate()
            if hasattr(waiting, "__await__"):
                await waiting
        return query()
