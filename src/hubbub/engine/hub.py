"""The hub: one process's map from topic to subscribers (rules EVT-1, EVT-2, EVT-5)."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from hubbub.engine import tracing
from hubbub.engine.clock import Clock
from hubbub.engine.counters import counters
from hubbub.engine.handover import Handover
from hubbub.engine.lingering import Lingering
from hubbub.engine.live import LiveTopic, Subscriber, fan_out_all, flush
from hubbub.engine.parted import Parted
from hubbub.engine.ports import Reader, Relay, StreamState, StreamStore
from hubbub.engine.recent import Recent
from hubbub.engine.settings import EngineSettings
from hubbub.engine.tasks import TaskGroup
from hubbub.protocol.errors import HubbubError
from hubbub.protocol.frames import Event, Position

logger = logging.getLogger("hubbub.hub")

STRAGGLER_WAIT = 0.03
"""Seconds that a gap may fill by itself before the log is read."""
READ_LIMIT = 500
RETRY_SECONDS = 1.0
DONE: Final = object()


class Hub:
    """Hands every event to the sessions that follow its topic, durable ones in the order of the log.

    Everything but ``publish`` and ``post`` belongs to the event loop.
    """

    def __init__(
        self,
        store: StreamStore,
        reader: Reader,
        relay: Relay,
        clock: Clock,
        tasks: TaskGroup,
        settings: EngineSettings,
    ) -> None:
        self._store = store
        self._reader = reader
        self.relay = relay
        self._clock = clock
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self.topics: dict[str, LiveTopic] = {}
        self.recent = Recent(settings)
        self.parted = Parted(clock)
        self._followed: list[LiveTopic] = []
        """The topics that the server itself follows."""
        self._lingering = Lingering(clock)
        self._handover = Handover(self._loop, self._take)

    # From any thread

    def publish(self, events: Sequence[Event]) -> None:
        """Deliver events that were born in this process: here first, then to the other processes."""
        if tracing.tracer is not None:
            tracing.tracer.published(events)
        self._handover.put((event, True) for event in events)

    def post(self, events: Iterable[Event]) -> None:
        """Deliver events that came from elsewhere: the relay or the log."""
        self._handover.put((event, False) for event in events)

    def _take(self, event: Event, born_here: bool) -> None:
        self.deliver(event)
        if born_here:
            self.relay.send(event)
        else:
            age = (self._clock.now() - event.created_at).total_seconds()
            counters.arrivals.observe(max(0.0, age))

    # On the loop

    def add(self, topic: str, subscriber: Subscriber) -> LiveTopic:
        """Let ``subscriber`` have the topic's events from now on."""
        live = self._live(topic)
        live.subscribers[subscriber] = None
        return live

    def follow(self, topic: str, handle: Callable[[Event], None]) -> None:
        """Let the server itself have the topic's events, for good, before anybody else is shown what came later."""
        live = self._live(topic)
        live.followers.append(handle)
        self._followed.append(live)

    def _live(self, topic: str) -> LiveTopic:
        live = self.topics.get(topic)
        if live is None:
            live = self.topics[topic] = LiveTopic(topic)
            self._tasks.spawn(self.relay.join(topic), f"join {topic}")
        return live

    def remove(self, topic: str, subscriber: Subscriber, *, may_return: bool = False) -> None:
        """End it. Where the subscriber ``may_return``, the topic's recent events are kept for a while."""
        live = self.topics.get(topic)
        if live is None:
            return
        live.subscribers.pop(subscriber, None)
        live.departed += 1
        if live.subscribers or live.followers:
            return
        if may_return and live.last is not None and self.recent.most_bytes:
            self._lingering.keep(topic)
        elif topic not in self._lingering:
            self._drop(live)

    def _drop(self, live: LiveTopic) -> None:
        self.recent.forget(live)
        del self.topics[live.name]
        self._tasks.spawn(self.relay.leave(live.name), f"leave {live.name}")

    def expire(self) -> None:
        """Drop what nobody has come back to."""
        for topic in self._lingering.expired():
            if not self.topics[topic].subscribers:
                self._drop(self.topics[topic])
        self.parted.expire()

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

    def unknown(self, topic: str) -> bool:
        """Whether nobody has said yet where the topic's log stands: what comes now need not reach its subscribers."""
        live = self.topics.get(topic)
        return live is None or live.last is None

    def is_past(self, topic: str, position: Position) -> bool:
        """Whether the hub goes on from elsewhere than ``position``, or from a place before it."""
        live = self.topics.get(topic)
        if live is None or live.last is None:
            return False
        return live.epoch != position.epoch or live.last > position.offset

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
            self._restart(live, Position(event.epoch, event.offset), "epoch")
            if live.followers:
                self.deliver(event)  # The server itself is told of no reset, and acts at once on what it can.
        elif event.offset == live.last + 1:
            self._pass(live, event.offset, event)
            if live.waiting:
                self._advance(live)
        elif event.offset > live.last:
            self._hold(live, event.offset, event)
            self._start_filling(live)

    def _hold(self, live: LiveTopic, offset: int, event: Event) -> None:
        live.behind = True
        if len(live.waiting) < READ_LIMIT:
            live.waiting[offset] = event

    def _pass(self, live: LiveTopic, offset: int, event: Event) -> None:
        """Deliver the durable event that follows what was delivered."""
        self._fan_out(live, event)
        live.last = offset
        self.recent.keep(live, event)

    def _fan_out(self, live: LiveTopic, event: Event) -> None:
        for handle in live.followers:
            try:
                handle(event)
            except Exception:
                logger.exception("an event of %s could not be followed", live.name)
        if live.subscribers:
            live.events += 1
            counters.events += 1
            counters.deliveries += len(live.subscribers)
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
            live.fan_out = fan_out_all(live)
        if next(live.fan_out, DONE) is DONE:
            live.fan_out = None
        if live.fan_out is not None or live.pending:
            self._serve_soon(live)

    def flush(self, topic: str) -> None:
        """Deliver at once what waits for its turn."""
        if live := self.topics.get(topic):
            flush(live)

    def _advance(self, live: LiveTopic) -> None:
        """Deliver what was held back, as far as it now follows."""
        if live.last is None:
            return
        while (event := live.waiting.pop(live.last + 1, None)) and event.offset is not None:
            self._pass(live, event.offset, event)
        last = live.last
        live.waiting = {offset: event for offset, event in live.waiting.items() if offset > last}
        if live.waiting or live.behind:
            self._start_filling(live)

    def _restart(self, live: LiveTopic, position: Position, reason: str) -> None:
        """The stream is another one now, or cannot be followed: every subscriber starts afresh."""
        flush(live)
        self.recent.forget(live)
        last = position.offset
        if live.followers and live.last is not None and reason == "epoch":
            # The server is told of no reset: what it has not acted on yet, the event that says so included, is read.
            last = max(0, min(live.last, position.offset - 1))
        live.epoch, live.last, live.changed = position.epoch, last, 0
        live.waiting.clear()
        # Before a restore, others may have had access; and what the server itself follows may tell who has.
        self.parted.doubt()
        if live.followers:
            for each in self.topics.values():
                self.recent.forget(each)
            self.catch_up()
        counters.resets[reason] += len(live.subscribers)
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

    # What is remembered

    def recall(self, topic: str, since: Position | None) -> tuple[Position, list[Event]] | None:
        """Where the topic stands, and all events after ``since``, from memory; None where the log must be asked.

        The log must be asked where something is known to be missing here, and wherever ``since`` is not between
        the oldest event that is kept and the last: it may be ahead of what has reached this process. What the
        answer leaves out because it has yet to come will be delivered to who subscribes in this turn of the loop:
        events that wait for their turn are up to ``live.last``, and so is the answer.
        """
        live = self.topics.get(topic)
        if live is None or live.last is None or live.behind:
            return None
        position = Position(live.epoch, live.last)
        if since is None:
            return position, []
        events = self.recent.since(live, since.offset) if since.epoch == live.epoch else None
        return None if events is None else (position, events)

    def known(self, topic: str, since: Position | None) -> list[Event]:
        """The events after ``since`` as far as memory has them: all up to some offset, or none."""
        live = self.topics.get(topic)
        if live is None or since is None or since.epoch != live.epoch:
            return []
        return self.recent.since(live, since.offset) or []

    def learn(self, topic: str, events: list[Event]) -> None:
        """Remember what was read from the log."""
        live = self.topics.get(topic)
        if live is not None and live.last is not None:
            self.recent.keep_before(live, events)

    def changed(self, offsets: dict[str, int]) -> None:
        """Forget these topics' events up to an offset: the log says something else by now, or nothing."""
        for topic, offset in offsets.items():
            if live := self.topics.get(topic):
                self.recent.changed(live, offset)
                if live.last is not None and live.last < offset:
                    self._start_filling(live)  # Of what was pruned unseen, no event tells that it is missing.

    @property
    def up_to_date(self) -> bool:
        """Whether the server itself has acted on all that it is known to have to, revocations above all."""
        return all(live.last is not None and not live.behind for live in self._followed)

    def catch_up(self) -> None:
        """Compare every live topic with the log, after the relay was away for a while."""
        for live in self.topics.values():
            if live.last is not None:
                self._start_filling(live)


def _read_gap(store: StreamStore, topic: str, after: int, limit: int) -> tuple[StreamState, list[Event]]:
    return store.states([topic])[topic], store.read(topic, after, limit)
