"""All sessions and topics of a process at one moment, with their rates since the last look."""

import asyncio
import heapq
from collections.abc import Callable
from typing import NamedTuple

from hubbub.engine.census import present
from hubbub.engine.counters import counters
from hubbub.engine.engine import Engine
from hubbub.engine.session import Session
from hubbub.inspector import messages as wire

SLICE = 500
"""Sessions or topics that are looked at in one turn of the loop."""
MOST = 20
"""Rows of each list that everybody who looks is sent."""


class Row(NamedTuple):
    session: Session
    received: float
    sent: float


class TopicRow(NamedTuple):
    events: float
    subscribers: int
    name: str


SORTS: dict[str, Callable[[Row], float]] = {
    "waiting": lambda row: row.session.outbox.size,
    "received": lambda row: row.received,
    "sent": lambda row: row.sent,
    "topics": lambda row: len(row.session.subscriptions),
    "age": lambda row: -row.session.began,
    "silent": lambda row: -row.session.last_seen,
}


class Census:
    """What ``take`` has found; rates are zero without one before."""

    def __init__(self, engine: Engine, before: "Census | None") -> None:
        self._engine = engine
        self._before = before
        self.at = engine.clock.monotonic()
        self._seconds = self.at - before.at if before else 0.0
        self.rows: list[Row] = []
        self.topics: list[TopicRow] = []
        self._received: dict[str, int] = {}
        """By session what it had sent in all."""
        self._events: dict[str, int] = {}
        """By topic what had happened in all."""
        self._sums = counters.received, counters.events, counters.deliveries

    async def _look(self) -> None:
        """A slice a turn: whoever is served in between waits no longer for this."""
        topics = list(self._engine.hub.topics.values())
        rates: dict[str, float] = {}
        known = self._before._events if self._before else {}
        for begin in range(0, len(topics), SLICE):
            for live in topics[begin : begin + SLICE]:
                self._events[live.name] = live.events
                rates[live.name] = rate = self._rate(live.events, known.get(live.name))
                self.topics.append(TopicRow(rate, len(live.subscribers), live.name))
            await asyncio.sleep(0)
        sessions = self._engine.sessions.all()
        had = self._before._received if self._before else {}
        for begin in range(0, len(sessions), SLICE):
            for session in sessions[begin : begin + SLICE]:
                self._received[session.id] = session.received
                sent = sum([rates.get(topic, 0.0) for topic in session.subscriptions])
                self.rows.append(Row(session, self._rate(session.received, had.get(session.id)), sent))
            await asyncio.sleep(0)
        self._before = None  # Or each would keep all that were before it.

    def _rate(self, count: int, before: int | None) -> float:
        return (count - (before or 0)) / self._seconds if self._seconds > 0 else 0.0

    def totals(self, before: "Census | None") -> wire.Totals:
        """Sums of the process, with rates since another census."""
        there = present(self._engine)
        old = before._sums if before else self._sums
        received, events, deliveries = (
            self._rate(new, at_that_time) for new, at_that_time in zip(self._sums, old, strict=True)
        )
        return wire.Totals(
            sessions=there.sessions,
            topics=there.topics,
            subscriptions=there.subscriptions,
            waiting=there.waiting_bytes,
            slow=there.slow_sessions,
            received=round(received, 1),
            events=round(events, 1),
            deliveries=round(deliveries, 1),
            lag=round(counters.worst_lag, 4),
        )

    def slow(self) -> list[wire.SessionFigures]:
        waiting = [row for row in self.rows if row.session.outbox.size]
        return self._figures(heapq.nlargest(MOST, waiting, key=SORTS["waiting"]))

    def busy(self) -> list[wire.SessionFigures]:
        return self._figures(heapq.nlargest(MOST, self.rows, key=lambda row: row.received + row.sent))

    def busy_topics(self) -> list[wire.TopicFigures]:
        return [
            wire.TopicFigures(name, subscribers, round(events, 1))
            for events, subscribers, name in heapq.nlargest(MOST, self.topics)
        ]

    def page(self, wanted: wire.ListSessions) -> tuple[list[wire.SessionFigures], int]:
        """The rows of one page, and how many match in all."""
        rows = self.rows
        if search := wanted.search.casefold().strip():
            rows = [row for row in rows if search in row.session.actor.username.casefold()]
        end = wanted.skip + wanted.limit
        found = heapq.nlargest(end, rows, key=SORTS[wanted.sort])[wanted.skip :]
        return self._figures(found), len(rows)

    def _figures(self, rows: list[Row]) -> list[wire.SessionFigures]:
        now = self._engine.clock.monotonic()
        return [
            wire.SessionFigures(
                id=session.id,
                actor=session.actor.key,
                username=session.actor.username,
                age=round(now - session.began, 1),
                silent=round(now - session.last_seen, 1),
                topics=len(session.subscriptions),
                waiting=session.outbox.size,
                received=round(received, 1),
                sent=round(sent, 1),
            )
            for session, received, sent in rows
        ]


async def take(engine: Engine, before: Census | None = None) -> Census:
    """Look at everything, in slices. Rates are those since the census ``before``."""
    census = Census(engine, before)
    await census._look()
    return census
