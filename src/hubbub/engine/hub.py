"""The hub: one process's map from topic to subscribers (rules EVT-1, EVT-2, EVT-5)."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, Protocol

from hubbub.engine.batch import Batch
from hubbub.engine.clock import Clock
from hubbub.engine.ports import Reader, Relay, StreamState, StreamStore
from hubbub.engine.tasks import TaskGroup
from hubbub.protocol.errors import HubbubError
from hubbub.protocol.frames import Event, Position

logger = logging.getLogger("hubbub.hub")

STRAGGLER_WAIT = 0.03
"""Seconds that a gap may fill by itself before the log is read."""
READ_LIMIT = 500
RETRY_SECONDS = 1.0
SLICE = 500
"""Subscribers that are served in one turn of the loop."""
BATCH_BYTES = 65_536
"""Bytes of events that go out in one write; what is more waits for the next, and for readers to take this one."""
DONE: Final = object()


class Subscriber(Protocol):
    """Who gets a topic's events, for a session."""

    def deliver(self, batch: Batch) -> None: ...

    def reset(self, position: Position, reason: str) -> None: ...


class LiveTopic:
    """A topic that somebody here follows."""

    __slots__ = (
        "behind",
        "epoch",
        "fan_out",
        "filling",
        "followers",
        "last",
        "name",
        "pending",
        "scheduled",
        "subscribers",
        "waiting",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.subscribers: dict[Subscriber, None] = {}
        self.followers: list[Callable[[Event], None]] = []
        """Who is told inside the server, before any subscriber."""
        self.pending: list[Event] = []
        """What the subscribers get with the next turn of the loop."""
        self.fan_out: Iterator[None] | None = None
        """The delivery that is under way, a slice of the subscribers for each step."""
        self.scheduled = False
        """Whether the next turn of the loop serves the subscribers."""
        self.epoch = ""
        self.last: int | None = None
        """The offset delivered last; None until the first subscription has read the log."""
        self.waiting: dict[int, Event] = {}
        """Durable events that came before the one they follow; only so many, the log has them all."""
        self.behind = False
        """Whether the log has more than was delivered, as far as is known here."""
        self.filling = False


class Hub:
    """Hands every event to the sessions that follow its topic, durable ones in the order of the log.

    Everything but ``publish`` and ``post`` belongs to the event loop.
    """

    def __init__(self, store: StreamStore, reader: Reader, relay: Relay, clock: Clock, tasks: TaskGroup) -> None:
        self._store = store
        self._reader = reader
        self.relay = relay
        self._clock = clock
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self.topics: dict[str, LiveTopic] = {}
        self._posted: deque[tuple[Event, bool]] = deque()
        self._posted_lock = threading.Lock()
        self._awake = False

    # From any thread

    def publish(self, events: Iterable[Event]) -> None:
        """Deliver events that were born in this process: here first, then to the other processes."""
        self._post((event, True) for event in events)

    def post(self, events: Iterable[Event]) -> None:
        """Deliver events that came from elsewhere: the relay or the log."""
        self._post((event, False) for event in events)

    def _post(self, events: Iterable[tuple[Event, bool]]) -> None:
        # One wake-up of the loop serves all that wait.
        with self._posted_lock:
            self._posted.extend(events)
            if self._awake or not self._posted:
                return
            self._awake = True
        try:
            self._loop.call_soon_threadsafe(self._drain_posted)
        except RuntimeError:  # The loop has ended: the log still has what is durable.
            logger.info("events were published while the hub was shutting down")

    def _drain_posted(self) -> None:
        with self._posted_lock:
            events, self._posted = self._posted, deque()
            self._awake = False
        for event, born_here in events:
            self.deliver(event)
            if born_here:
                self.relay.send(event)

    # On the loop

    def add(self, topic: str, subscriber: Subscriber) -> LiveTopic:
        """Let ``subscriber`` have the topic's events from now on."""
        live = self._live(topic)
        live.subscribers[subscriber] = None
        return live

    def follow(self, topic: str, handle: Callable[[Event], None]) -> None:
        """Let the server itself have the topic's events, for good, before anybody else is shown what came later."""
        self._live(topic).followers.append(handle)

    def _live(self, topic: str) -> LiveTopic:
        live = self.topics.get(topic)
        if live is None:
            live = self.topics[topic] = LiveTopic(topic)
            self._tasks.spawn(self.relay.join(topic), f"join {topic}")
        return live

    def remove(self, topic: str, subscriber: Subscriber) -> None:
        live = self.topics.get(topic)
        if live is None:
            return
        live.subscribers.pop(subscriber, None)
        if not live.subscribers and not live.followers:
            del self.topics[topic]
            self._tasks.spawn(self.relay.leave(topic), f"leave {topic}")

    def prime(self, topic: str, position: Position) -> None:
        """Tell the hub where the topic's log stood when it was read; catch up from there."""
        live = self.topics.get(topic)
        if live is None:
            return
        if live.last is None:
            live.epoch, live.last = position.epoch, position.offset
            self._advance(live)
        elif live.epoch != position.epoch or position.offset > live.last:
            # The log is ahead of what has reached us, or the position is of before a restore: the log knows.
            self._start_filling(live)

    def deliver(self, event: Event) -> None:
        """Hand an event to the topic's subscribers; hold it back while one before it is missing."""
        live = self.topics.get(event.topic)
        if live is None:
            return
        if event.offset is None:
            self._fan_out(live, event)
        elif live.last is None:
            self._hold(live, event.offset, event)
        elif event.epoch != live.epoch:
            position = Position(event.epoch, event.offset)
            self._restart(live, position, "epoch")
        elif event.offset == live.last + 1:
            self._fan_out(live, event)
            live.last = event.offset
            if live.waiting:
                self._advance(live)
        elif event.offset > live.last:
            self._hold(live, event.offset, event)
            self._start_filling(live)

    def _hold(self, live: LiveTopic, offset: int, event: Event) -> None:
        live.behind = True
        if len(live.waiting) < READ_LIMIT:
            live.waiting[offset] = event

    def _fan_out(self, live: LiveTopic, event: Event) -> None:
        for handle in live.followers:
            try:
                handle(event)
            except Exception:
                logger.exception("an event of %s could not be followed", live.name)
        if live.subscribers:
            live.pending.append(event)
            self._serve_soon(live)

    def _serve_soon(self, live: LiveTopic) -> None:
        # One turn at a time: after a flush a second one would take a slice of its own, and leave no pause.
        if not live.scheduled:
            live.scheduled = True
            self._loop.call_soon(self._serve, live)

    def _serve(self, live: LiveTopic) -> None:
        """Serve one slice of the subscribers; the others wait for the next turn, so that no topic holds up the rest."""
        live.scheduled = False
        if live.fan_out is None:
            if not live.pending:
                return
            live.fan_out = _fan_out_all(live)
        if next(live.fan_out, DONE) is DONE:
            live.fan_out = None
        if live.fan_out is not None or live.pending:
            self._serve_soon(live)

    def flush(self, topic: str) -> None:
        """Deliver at once what waits for its turn."""
        if live := self.topics.get(topic):
            _flush(live)

    def _advance(self, live: LiveTopic) -> None:
        """Deliver what was held back, as far as it now follows."""
        if live.last is None:
            return
        while (event := live.waiting.pop(live.last + 1, None)) and event.offset is not None:
            self._fan_out(live, event)
            live.last = event.offset
        last = live.last
        live.waiting = {offset: event for offset, event in live.waiting.items() if offset > last}
        if live.waiting or live.behind:
            self._start_filling(live)

    def _restart(self, live: LiveTopic, position: Position, reason: str) -> None:
        """The stream is another one now, or cannot be followed: every subscriber starts afresh."""
        _flush(live)
        live.epoch, live.last = position.epoch, position.offset
        live.waiting.clear()
        for subscriber in list(live.subscribers):
            subscriber.reset(position, reason)

    def _start_filling(self, live: LiveTopic) -> None:
        live.behind = True
        if not live.filling:
            live.filling = True
            self._tasks.spawn(self._fill(live), f"fill {live.name}")

    async def _fill(self, live: LiveTopic) -> None:
        """Wait a moment for stragglers, then read what is missing from the log, until nothing is."""
        try:
            await self._clock.sleep(STRAGGLER_WAIT)
            while live.behind and live.last is not None and self.topics.get(live.name) is live:
                live.behind = False
                try:
                    state, events = await self._reader.run(
                        partial(_read_gap, self._store, live.name, live.last, READ_LIMIT)
                    )
                except HubbubError as error:
                    logger.warning("%s is behind, and the log does not answer: %s", live.name, error)
                    live.behind = True
                    await self._clock.sleep(RETRY_SECONDS)
                    continue
                self._fill_with(live, state, events)
        finally:
            live.filling = False

    def _fill_with(self, live: LiveTopic, state: StreamState, events: list[Event]) -> None:
        """Deliver what was read, or start afresh where it cannot follow what was delivered."""
        last = live.last or 0
        if state.epoch != live.epoch:
            self._restart(live, Position(state.epoch, state.top), "epoch")
            return
        if state.first > last + 1 and state.top > last:
            self._restart(live, Position(state.epoch, state.top), "too_old")
            return
        for event in events:
            self.deliver(event)
        if (live.last or 0) < state.top:
            live.behind = True

    def catch_up(self) -> None:
        """Compare every live topic with the log, after the relay was away for a while."""
        for live in self.topics.values():
            if live.last is not None:
                self._start_filling(live)


def _read_gap(store: StreamStore, topic: str, after: int, limit: int) -> tuple[StreamState, list[Event]]:
    return store.states([topic])[topic], store.read(topic, after, limit)


def _fan_out_all(live: LiveTopic) -> Iterator[None]:
    """Deliver a batch of what is pending to all who subscribe now, and pause after every slice of them."""
    batch = Batch(_take(live))
    subscribers = list(live.subscribers)
    for begin in range(0, len(subscribers), SLICE):
        if begin:
            yield
        for subscriber in subscribers[begin : begin + SLICE]:
            if begin and subscriber not in live.subscribers:
                continue  # It has gone during the pause.
            try:
                subscriber.deliver(batch)
            except Exception:
                logger.exception("an event of %s could not be delivered to one subscriber", live.name)


def _take(live: LiveTopic) -> list[Event]:
    """Up to ``BATCH_BYTES`` of what is pending, but one event at least: one write is not bounded by an outbox."""
    count, size = 1, len(live.pending[0].raw)
    while count < len(live.pending) and (size := size + len(live.pending[count].raw)) <= BATCH_BYTES:
        count += 1
    taken, live.pending = live.pending[:count], live.pending[count:]
    return taken


def _flush(live: LiveTopic) -> None:
    while live.fan_out is not None or live.pending:
        for _ in live.fan_out or _fan_out_all(live):
            pass
        live.fan_out = None
