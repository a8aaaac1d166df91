"""One session's interest in one topic: buffer first, read the log, merge by offset, go live (rules SUB-1 to SUB-4)."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from hubbub.engine.actor import Actor
from hubbub.engine.batch import Batch
from hubbub.engine.ports import StreamState, StreamStore
from hubbub.engine.settings import EngineSettings
from hubbub.protocol.close import Close
from hubbub.protocol.dialect import Subscribed
from hubbub.protocol.errors import Forbidden, TooManySubscriptions
from hubbub.protocol.frames import Event, Position
from hubbub.protocol.registry import TopicKind, registry
from hubbub.protocol.topics import kind_of

if TYPE_CHECKING:
    from hubbub.engine.session import Session

Authorize = Callable[[Actor, str], Any]
"""Whether an actor may follow a topic, as ``TopicKind.authorize``."""

BUFFER_LIMIT = 2000
"""Events that may arrive while a subscription reads the log; past it the session must come again."""


class Subscription:
    """What the hub calls for one session and one topic."""

    __slots__ = ("_floor", "_memory", "_reset", "authorized", "buffer", "session", "topic")

    def __init__(self, session: "Session", topic: str) -> None:
        self.session = session
        self.topic = topic
        self.buffer: list[Event] | None = []
        """Events held back until the log is read; None once live."""
        self._floor = 0
        """The offset up to which the client has everything by the log; the hub may still be behind that."""
        self._reset: tuple[Position, str] | None = None
        """A reset that came while the log was read."""
        self.authorized: Any = None
        """What the topic's kind returned when it let the session in."""
        self._memory: dict[str, Any] | None = None

    @property
    def memory(self) -> dict[str, Any]:
        """What a feature remembers of this subscription, while it lasts."""
        if self._memory is None:
            self._memory = {}
        return self._memory

    def replace(self, old: "Subscription") -> None:
        """Go on in the place of an earlier one of the same session and topic."""
        self._memory = old._memory

    def deliver(self, batch: Batch) -> None:
        if self.buffer is None:
            if batch.first > self._floor:
                self.session.show(batch)
            else:
                self.session.show(batch.without(self._floor))
        elif len(self.buffer) < BUFFER_LIMIT:
            self.buffer += batch.events
        else:
            self.session.too_slow()

    def reset(self, position: Position, reason: str) -> None:
        if self.buffer is not None:
            self._reset = position, reason
        else:
            self._floor = position.offset
            frame = self.session.dialect.reset(self.topic, position, reason)
            if frame is None:
                # A format that cannot say so: its client comes back and reads afresh, rather than miss something.
                self.session.close(Close.RESTART, "reset")
            self.session.put(frame)

    def shown_up_to(self) -> Position | None:
        """The position up to which the session has been shown everything; None while the log is read."""
        self.session.engine.hub.flush(self.topic)
        live = self.session.engine.hub.topics.get(self.topic)
        if self.buffer is not None or live is None or live.last is None:
            return None
        return Position(live.epoch, max(live.last, self._floor))

    def go_live(self, position: Position) -> None:
        """Pass on what arrived after ``position``, and from now on everything at once."""
        held, self.buffer = self.buffer or [], None
        self._floor = position.offset
        self.deliver(Batch([event for event in held if event.offset is None or event.epoch == position.epoch]))
        if self._reset is not None:
            later, reason = self._reset
            if later.epoch != position.epoch or later.offset > position.offset:
                self.reset(later, reason)


def topic_kind_of(topic: str) -> TopicKind:
    """The kind of a topic. Raises Forbidden where no feature knows it, as if it were another's."""
    kind = registry.topics.get(kind_of(topic))
    if kind is None:
        raise Forbidden
    return kind


class Budget:
    """What one reply may bring back: events, and bytes of them, since all of it has to fit into the outbox."""

    def __init__(self, settings: EngineSettings) -> None:
        self.events = settings.resume_limit
        self.bytes = settings.outbox_bytes // 2

    def take(self, events: list[Event]) -> bool:
        """Whether these fit; if so, they are taken off."""
        size = sum(len(event.raw) for event in events)
        if len(events) > self.events or size > self.bytes:
            return False
        self.events -= len(events)
        self.bytes -= size
        return True


def recover(
    store: StreamStore, state: StreamState, topic: str, since: Position | None, budget: Budget
) -> tuple[list[Event], str | None]:
    """The events after ``since``: all of them, or none and the reason why a reset is needed."""
    if since is None:
        return [], None
    if since.epoch != state.epoch or since.offset > state.top:
        return [], "epoch"
    if since.offset + 1 < state.first:
        return [], "too_old"
    missed = state.top - since.offset
    if missed > budget.events:
        return [], "too_far"
    events = store.read(topic, since.offset, missed) if missed else []
    return (events, None) if budget.take(events) else ([], "too_far")


def _read(
    store: StreamStore,
    actor: Actor,
    topic: str,
    since: Position | None,
    budget: Budget,
    snapshot: bool,
    authorize: Authorize | None,
) -> Subscribed:
    """Everything a subscription needs of the database, in one read transaction."""
    kind = topic_kind_of(topic)
    authorized = (authorize or kind.authorize)(actor, topic)
    state = store.states([topic])[topic]
    events, reset = recover(store, state, topic, since, budget)
    shown = kind.snapshot(actor, topic) if snapshot and kind.snapshot else None
    return Subscribed(
        position=Position(state.epoch, state.top),
        recovered=since is not None and reset is None,
        events=events,
        reset=reset,
        snapshot=shown,
        authorized=authorized,
    )


async def subscribe(
    session: "Session",
    topic: str,
    *,
    since: Position | None = None,
    snapshot: bool = False,
    by_server: bool = False,
    authorize: Authorize | None = None,
) -> tuple[Subscription, Subscribed]:
    """Subscribe the session. The caller sends the outcome, then calls ``go_live(outcome.position)``.

    Raises Forbidden, TooManySubscriptions (not for those that the server makes), and Busy.
    """
    engine = session.engine
    topic_kind_of(topic)
    if not by_server and topic not in session.subscriptions and session.own >= engine.settings.max_subscriptions:
        raise TooManySubscriptions
    subscription = session.follow(topic)
    try:
        outcome = await engine.reader.run(
            partial(_read, engine.store, session.actor, topic, since, Budget(engine.settings), snapshot, authorize)
        )
    except BaseException:
        session.unfollow(subscription)
        raise
    if session.subscriptions.get(topic) is not subscription:
        raise Forbidden  # Access was revoked, or the connection ended, while the log was read.
    subscription.authorized = outcome.authorized
    engine.hub.prime(topic, outcome.position)
    return subscription, outcome


class Followed(msgspec.Struct):
    """What ``follow_all`` found, all read at one moment."""

    snapshot: Any
    positions: dict[str, Position]
    missed: list[Event]
    reset: list[str]


def _read_all(
    store: StreamStore,
    find: Callable[[], list[str]],
    snapshot: Callable[[], Any],
    since: dict[str, Position],
    budget: Budget,
) -> Followed:
    found = Followed(snapshot(), {}, [], [])
    topics = find()
    states = store.states(topics)
    for topic in topics:
        state = states[topic]
        found.positions[topic] = Position(state.epoch, state.top)
        events, reset = recover(store, state, topic, since.get(topic), budget)
        found.missed += events
        if reset:
            found.reset.append(topic)
    return found


async def follow_all(
    session: "Session", find: Callable[[], list[str]], snapshot: Callable[[], Any], since: dict[str, Position]
) -> tuple[list[Subscription], Followed]:
    """Follow all topics that ``find`` names, and those granted later, with a snapshot of that moment.

    ``find`` and ``snapshot`` may block. Topics that the session follows already go on as they are; their
    position is that of the last event sent. The caller shows ``missed``, sends its reply, and calls
    ``session.go_live`` on each subscription. Raises Busy.
    """
    engine = session.engine
    session.follows_grants = True
    topics = await engine.reader.run(find)
    made = {topic: session.follow(topic) for topic in topics if topic not in session.subscriptions}
    try:
        read = partial(_read_all, engine.store, find, snapshot, since, Budget(engine.settings))
        found = await engine.reader.run(read)
    except BaseException:
        for subscription in made.values():
            session.unfollow(subscription)
        raise
    # What was joined between the two reads comes by its grant; what was left is not for us.
    for topic in made.keys() - found.positions.keys():
        session.unfollow(made.pop(topic))
    session.kept |= found.positions.keys()
    # What the client has subscribed to meanwhile goes on from that reply's position.
    made = {topic: each for topic, each in made.items() if session.subscriptions.get(topic) is each}
    for topic in made:
        engine.hub.prime(topic, found.positions[topic])
    found.missed = [event for event in found.missed if event.topic in made]
    found.reset = [topic for topic in found.reset if topic in made]
    found.positions = {topic: at for topic, at in found.positions.items() if topic in made} | _shown(session, topics)
    return list(made.values()), found


def _shown(session: "Session", topics: list[str]) -> dict[str, Position]:
    """Where those of the topics stand that the session has been shown already."""
    following = [each for topic in topics if (each := session.subscriptions.get(topic))]
    return {each.topic: shown for each in following if (shown := each.shown_up_to())}
