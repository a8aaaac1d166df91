"""One session's interest in one topic: buffer first, read the log, merge by offset, go live (rules SUB-1 to SUB-4).

Where memory knows who may follow and what was missed, the log is not read.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hubbub.engine.actor import Actor
from hubbub.engine.batch import Batch
from hubbub.engine.counters import counters
from hubbub.engine.parted import Admitted
from hubbub.engine.ports import StreamState, StreamStore
from hubbub.engine.resume import Budget, why_reset
from hubbub.engine.together import once
from hubbub.protocol.dialect import Subscribed
from hubbub.protocol.errors import Forbidden, TooManySubscriptions
from hubbub.protocol.frames import Event, Position
from hubbub.protocol.registry import TopicKind, registry
from hubbub.protocol.topics import kind_of

if TYPE_CHECKING:
    from hubbub.engine.session import Session

Authorize = Callable[[Actor, str], Any]
"""Whether an actor may follow a topic, as ``TopicKind.authorize``."""

NOWHERE = Position("", 0)
BUFFER_LIMIT = 2000
"""Events that may arrive while a subscription reads the log; past it the session must come again."""


class Subscription:
    """What the hub calls for one session and one topic."""

    __slots__ = (
        "_floor", "_memory", "_reset", "_told", "_waiting", "admitted", "authorized", "buffer", "names", "session",
        "topic",
    )  # fmt: skip

    def __init__(self, session: "Session", topic: str) -> None:
        self.session = session
        self.topic = topic
        self.buffer: list[Event] | None = []
        """Events held back until the log is read; None once live."""
        self._told = NOWHERE
        """Up to where the client has everything by the log; the hub may still be behind that."""
        self._floor: float = 0
        """The offset in the hub's epoch up to which nothing is shown; infinite where the client is in another one."""
        self._reset: tuple[Position, str] | None = None
        """A reset that came while the log was read, before all that is held back."""
        self._waiting: list[asyncio.Future[None]] | None = None
        """Who wants the topic too, and lets this one read the log first."""
        self.authorized: Any = None
        """What the topic's kind returned when it let the session in."""
        self.admitted = 0
        """The age (``Parted.age``) in which the kind's own rule let the session in; 0 where another one did."""
        self.names: tuple[str, ...] = ()
        """What the topic goes by where groups of the layer are joined for it; empty where none are."""
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
        self.names, old.names = old.names, ()

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
            self.buffer = []
            self._reset = position, reason
            return
        told = self._told
        if position.epoch == told.epoch and position.offset <= told.offset:
            self._stand(told)  # What the hub has just heard of, the log has told the client already.
            return
        self._stand(position)
        self.session.reset(self.topic, position, reason)

    def _stand(self, position: Position) -> None:
        """The client has everything up to ``position``."""
        self._told = position
        live = self.session.engine.hub.topics.get(self.topic)
        self._floor = position.offset if live is None or live.epoch == position.epoch else math.inf

    def shown_up_to(self) -> Position | None:
        """The position up to which the session has been shown everything; None while the log is read."""
        self.session.engine.hub.flush(self.topic)
        live = self.session.engine.hub.topics.get(self.topic)
        if self.buffer is not None:
            return None
        if live is None or live.last is None or live.last <= self._floor:
            return self._told
        return Position(live.epoch, live.last)

    def go_live(self, position: Position) -> None:
        """Pass on what arrived after ``position``, and from now on everything at once."""
        held, self.buffer = self.buffer or [], None
        try:
            self._stand(position)
            if self._reset is not None:
                self.reset(*self._reset)
            if held:
                self.deliver(Batch(held))
        finally:
            self.let_go()

    async def settled(self) -> None:
        """Wait until the subscription is live or has ended."""
        future = asyncio.get_running_loop().create_future()
        self._waiting = [*(self._waiting or ()), future]
        await future

    def let_go(self) -> None:
        """Nobody has to wait for this one any more."""
        waiting, self._waiting = self._waiting or (), None
        for each in waiting:
            if not each.done():
                each.set_result(None)


def topic_kind_of(topic: str) -> TopicKind:
    """The kind of a topic. Raises Forbidden where no feature knows it, as if it were another's."""
    kind = registry.topics.get(kind_of(topic))
    if kind is None:
        raise Forbidden
    return kind


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a subscription wants to know of the database."""

    store: StreamStore
    actor: Actor
    topic: str
    since: Position | None
    known: list[Event]
    budget: Budget
    snapshot: bool
    authorize: Authorize | None

    def read(self) -> Subscribed:
        """All of it, in one read transaction."""
        actor, topic, since = self.actor, self.topic, self.since
        kind = topic_kind_of(topic)
        authorized = (self.authorize or kind.authorize)(actor, topic)
        state = once(("state", topic), lambda: self.store.states([topic])[topic])
        events, reset = self._missed(state, since) if since is not None else ([], None)
        shown = None
        if self.snapshot and kind.snapshot:
            snapshot, seen_by = kind.snapshot, kind.audience(actor) if kind.audience else actor.key
            shown = once(("snapshot", topic, seen_by), lambda: snapshot(actor, topic))
        return Subscribed(
            position=Position(state.epoch, state.top),
            recovered=since is not None and reset is None,
            events=events,
            reset=reset,
            snapshot=shown,
            authorized=authorized,
        )

    def _missed(self, state: StreamState, since: Position) -> tuple[list[Event], str | None]:
        """The events after ``since``: all of them, or none and the reason why a reset is needed."""
        if reset := why_reset(state, since, self.budget.events):
            return [], reset
        topic, events = self.topic, list(self.known)
        after, upto = since.offset + len(events), state.top
        if after < upto:
            events += once(("log", topic, after, upto), lambda: self.store.read(topic, after, upto - after))
        return (events, None) if self.budget.take(events) else ([], "too_far")


def _admission(session: "Session", kind: TopicKind, topic: str) -> Admitted | None:
    """What lets the session in without a look into the database; None where that has to be asked.

    Raises Forbidden where the kind needs no database to refuse.
    """
    actor, engine = session.actor, session.engine
    if not kind.reads:
        return Admitted(kind.authorize(actor, topic))
    if not kind.revokes or not engine.hub.up_to_date:
        return None
    for each in engine.sessions.of(actor.key):
        there = each.subscriptions.get(topic)
        if there is not None and there.admitted == engine.hub.parted.age:
            return Admitted(there.authorized)
    return engine.hub.parted.find(actor.key, topic)


def _remembered(
    session: "Session", kind: TopicKind, topic: str, since: Position | None
) -> tuple[Admitted, Subscribed] | None:
    """The outcome of a subscription as memory knows it; None where the database has to be asked. Raises Forbidden.

    Nothing is waited for between this and registering with the hub: what is delivered or revoked before is in the
    answer, and what is after finds the subscription.
    """
    recalled = session.engine.hub.recall(topic, since)
    if recalled is None or (admitted := _admission(session, kind, topic)) is None:
        return None
    position, events = recalled
    reset = None
    if not Budget(session.engine.settings).take(events):
        events, reset = [], "too_far"
    recovered = since is not None and reset is None
    return admitted, Subscribed(position, recovered, events, reset, authorized=admitted.authorized)


async def _read(
    subscription: Subscription, since: Position | None, snapshot: bool, authorize: Authorize | None
) -> Subscribed:
    """What the log says, of a moment after which everything reaches the subscription. Raises Forbidden, and Busy."""
    session, topic, engine = subscription.session, subscription.topic, subscription.session.engine
    while True:
        unknown = engine.hub.unknown(topic)
        known = engine.hub.known(topic, since)
        budget = Budget(engine.settings)
        asked = _Asked(engine.store, session.actor, topic, since, known, budget, snapshot, authorize)
        outcome = await engine.reader.run(asked.read)
        if session.subscriptions.get(topic) is not subscription:
            raise Forbidden  # Access was revoked, or the connection ended, while the log was read.
        if not unknown or not engine.hub.is_past(topic, outcome.position):
            return outcome


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
    kind = topic_kind_of(topic)
    await session.settled(topic)
    if not by_server and topic not in session.subscriptions and session.own >= engine.settings.max_subscriptions:
        raise TooManySubscriptions
    age = engine.hub.parted.age
    found = None if snapshot or authorize is not None else _remembered(session, kind, topic, since)
    subscription = session.follow(topic)
    try:
        if found is not None:
            outcome, source = found[1], "memory"
        else:
            outcome, source = await _read(subscription, since, snapshot, authorize), "log"
            engine.hub.prime(topic, outcome.position)
            engine.hub.learn(topic, outcome.events)
        if since is not None:
            counters.resumes[outcome.reset or source] += 1
        subscription.authorized = outcome.authorized
        subscription.admitted = age if authorize is None else 0
        await join_groups(subscription)
    except BaseException:
        session.unfollow(subscription)
        raise
    if session.subscriptions.get(topic) is not subscription:
        raise Forbidden  # As above: it has ended meanwhile.
    return subscription, outcome


async def join_groups(subscription: Subscription) -> None:
    """Have the topic's groups of the layer joined, where the session's format shows what they are sent."""
    session, topic = subscription.session, subscription.topic
    if session.dialect.groups and not subscription.names and session.subscriptions.get(topic) is subscription:
        subscription.names = topic_kind_of(topic).names(topic, subscription.authorized)
        await session.engine.groups.join(topic, subscription.names)
