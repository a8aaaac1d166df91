"""One topic that somebody here follows, and how what is pending reaches its subscribers (rules EVT-1 and EVT-2)."""

import logging
from collections.abc import Callable, Iterator
from typing import Protocol

from hubbub.engine import tracing
from hubbub.engine.batch import Batch
from hubbub.protocol.frames import Event, Position

logger = logging.getLogger("hubbub.hub")

SLICE = 500
"""Subscribers that are served in one turn of the loop."""
BATCH_BYTES = 65_536
"""Bytes of events that go out in one write; what is more waits for the next, and for readers to take this one."""


class Subscriber(Protocol):
    """Who gets a topic's events, for a session."""

    def deliver(self, batch: Batch) -> None: ...

    def reset(self, position: Position, reason: str) -> None: ...


class LiveTopic:
    """A topic that somebody here follows."""

    __slots__ = (
        "behind",
        "changed",
        "departed",
        "epoch",
        "events",
        "fan_out",
        "filling",
        "followers",
        "last",
        "name",
        "pending",
        "recent",
        "scheduled",
        "subscribers",
        "waiting",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.subscribers: dict[Subscriber, None] = {}
        self.departed = 0
        """How many subscribers have gone so far."""
        self.followers: list[Callable[[Event], None]] = []
        """Who is told inside the server, before any subscriber."""
        self.pending: list[Event] = []
        """What the subscribers get with the next turn of the loop."""
        self.fan_out: Iterator[None] | None = None
        """The delivery that is under way, a slice of the subscribers for each step."""
        self.scheduled = False
        """Whether the next turn of the loop serves the subscribers."""
        self.events = 0
        """How many its subscribers were shown since somebody here follows it."""
        self.epoch = ""
        self.last: int | None = None
        """The offset delivered last; None until the first subscription has read the log."""
        self.waiting: dict[int, Event] = {}
        """Durable events that came before the one they follow; only so many, the log has them all."""
        self.behind = False
        """Whether the log has more than was delivered, as far as is known here."""
        self.filling = False
        self.recent: list[Event] = []
        """The events that were delivered last; see ``Recent``."""
        self.changed = 0
        """The offset up to which the log may say something else by now than what was, or is still to be, delivered."""


def fan_out_all(live: LiveTopic) -> Iterator[None]:
    """Deliver a batch of what is pending to all who subscribe now, and pause after every slice of them."""
    batch = Batch(_take(live))
    subscribers, departed = list(live.subscribers), live.departed
    span = None
    if tracing.tracer is not None:
        kind, count = tracing.topic_kind(live.name), len(batch.events)
        span = tracing.tracer.begin(
            "fan out", events=batch.events, topic_kind=kind, count=count, subscribers=len(subscribers)
        )
    for begin in range(0, len(subscribers), SLICE):
        if begin:
            yield
        part = subscribers[begin : begin + SLICE]
        if live.departed != departed:  # Some have gone during a pause.
            part = [subscriber for subscriber in part if subscriber in live.subscribers]
        for subscriber in part:
            try:
                subscriber.deliver(batch)
            except Exception:
                logger.exception("an event of %s could not be delivered to one subscriber", live.name)
    if span is not None:
        span.end()


def _take(live: LiveTopic) -> list[Event]:
    """Up to ``BATCH_BYTES`` of what is pending, but one event at least: one write is not bounded by an outbox."""
    count, size = 1, len(live.pending[0].raw)
    while count < len(live.pending) and (size := size + len(live.pending[count].raw)) <= BATCH_BYTES:
        count += 1
    taken, live.pending = live.pending[:count], live.pending[count:]
    return taken


def flush(live: LiveTopic) -> None:
    while live.fan_out is not None or live.pending:
        for _ in live.fan_out or fan_out_all(live):
            pass
        live.fan_out = None
