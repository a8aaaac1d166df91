"""One session's interest in all the topics of a user at once (rule CHT-6)."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from hubbub.engine.batch import Batch
from hubbub.engine.counters import counters
from hubbub.engine.logs import about
from hubbub.engine.ports import StreamStore
from hubbub.engine.resume import Budget, why_reset
from hubbub.engine.subscription import Subscription, join_groups, subscribe
from hubbub.protocol.close import Close
from hubbub.protocol.dialect import Subscribed
from hubbub.protocol.errors import Busy, HubbubError
from hubbub.protocol.frames import Event, Position

if TYPE_CHECKING:
    from hubbub.engine.session import Session

logger = logging.getLogger("hubbub.control")

RETRY_SECONDS = 1.0
"""After which a topic that was granted is asked for again, where the log does not answer."""


class Followed(msgspec.Struct):
    """What ``follow_all`` found, all read at one moment."""

    snapshot: Any
    positions: dict[str, Position]
    missed: list[Event]
    reset: dict[str, str]
    """What could not be brought back, and why."""


@dataclass(frozen=True, slots=True)
class _AskedOfAll:
    """What ``follow_all`` wants to know of the database."""

    store: StreamStore
    find: Callable[[], list[str]]
    snapshot: Callable[[], Any]
    since: dict[str, Position]
    known: dict[str, list[Event]]
    """What memory has of the events after ``since``, by topic."""
    budget: Budget

    def read(self) -> Followed:
        """All of it, in one read transaction: beside the snapshot three queries, however many topics there are."""
        found = Followed(self.snapshot(), {}, [], {})
        room, ranges = self.budget.events, {}
        topics = self.find()
        states = self.store.states(topics)
        for topic in topics:
            state, since = states[topic], self.since.get(topic)
            found.positions[topic] = Position(state.epoch, state.top)
            if since is None:
                continue
            if reset := why_reset(state, since, room):
                found.reset[topic] = reset
            else:
                room -= state.top - since.offset
                ranges[topic] = since.offset + len(self.known.get(topic, ())), state.top
        self._bring(found, ranges)
        return found

    def _bring(self, found: Followed, ranges: dict[str, tuple[int, int]]) -> None:
        """Add what was missed: of each topic all of it, or a reset."""
        gaps = {topic: (after, upto) for topic, (after, upto) in ranges.items() if after < upto}
        logged = self.store.read_ranges(gaps) if gaps else {}
        for topic in ranges:
            events = [*self.known.get(topic, ()), *logged.get(topic, ())]
            if self.budget.take(events):
                found.missed += events
            else:
                found.reset[topic] = "too_far"


@dataclass(frozen=True, slots=True)
class All:
    """All topics of a kind that a user may follow; those granted later, too."""

    kind: str
    find: Callable[[], list[str]]
    """Names them. May block."""

    def beside(self, topics: Sequence[str]) -> "All":
        """All but these."""
        return All(self.kind, lambda: [topic for topic in self.find() if topic not in topics])


async def follow_from_now(session: "Session", all: All) -> list[tuple[Subscription, Subscribed]]:
    """Follow them as they stand, for a socket that is bound to them. Raises Busy."""
    subscriptions, found = await follow_all(session, all.find, lambda: None, {}, all.kind)
    try:
        await asyncio.gather(*(join_groups(each) for each in subscriptions))
    except BaseException:
        _abandon(session, subscriptions)
        raise
    return [(each, Subscribed(found.positions[each.topic], recovered=False, events=[])) for each in subscriptions]


async def follow_all(
    session: "Session",
    find: Callable[[], list[str]],
    snapshot: Callable[[], Any],
    since: dict[str, Position],
    grants: str,
) -> tuple[list[Subscription], Followed]:
    """Follow all topics that ``find`` names, and those of the kind ``grants`` that are granted later, with a snapshot
    of that moment.

    ``find`` and ``snapshot`` may block. Topics that the session follows already go on as they are; their
    position is that of the last event sent. The caller sends its reply within ``going_live``, in this turn of the
    loop. Raises Busy.
    """
    engine = session.engine
    session.follows_grants |= {grants}
    session.listing = True
    made: dict[str, Subscription] = {}
    try:
        found = await _read(session, made, find, snapshot, since)
    except BaseException:
        for subscription in made.values():
            session.unfollow(subscription)
        raise
    finally:
        session.listing = False
        for topic in session.granted:
            _follow_soon(session, topic)
    session.kept |= found.positions.keys()
    for topic in made.keys() & since.keys():
        counters.resumes[found.reset.get(topic, "log")] += 1
    for topic in made:
        engine.hub.prime(topic, found.positions[topic])
    for topic, missed in groupby(found.missed, key=attrgetter("topic")):
        engine.hub.learn(topic, list(missed))
    for topic in found.positions.keys() - made.keys():
        found.positions[topic] = session.subscriptions[topic].shown_up_to() or found.positions[topic]
    return list(made.values()), found


@contextmanager
def going_live(session: "Session", subscriptions: Sequence[Subscription], found: Followed) -> Iterator[None]:
    """Around the reply to who asked for ``follow_all``: what was missed is shown before it, what comes after it.

    Where that fails none of the topics stays behind half followed.
    """
    try:
        session.show(Batch(found.missed))
        yield
        for each in subscriptions:
            session.go_live(each, found.positions[each.topic])
    except BaseException:
        _abandon(session, subscriptions)
        raise


def _abandon(session: "Session", subscriptions: Sequence[Subscription]) -> None:
    """End those that are not live: whoever asks for one of their topics again would wait for it."""
    for each in subscriptions:
        if each.buffer is not None:
            session.kept -= {each.topic}
            session.unfollow(each)


async def _read(
    session: "Session",
    made: dict[str, Subscription],
    find: Callable[[], list[str]],
    snapshot: Callable[[], Any],
    since: dict[str, Position],
) -> Followed:
    """Read it all at a moment after which everything reaches the session: again, until nothing has changed meanwhile.

    ``made`` is what the session follows for that, and did not before.
    """
    engine = session.engine
    topics = await engine.reader.run(find)
    while True:
        for topic in topics:
            if topic not in made:
                await session.settled(topic)
        made |= {topic: session.follow(topic) for topic in topics if topic not in session.subscriptions}
        unknown = {topic for topic in made if engine.hub.unknown(topic)}
        wanted = {topic: since[topic] for topic in made if topic in since}
        known = {topic: engine.hub.known(topic, at) for topic, at in wanted.items()}
        asked = _AskedOfAll(engine.store, find, snapshot, wanted, known, Budget(engine.settings))
        found = await engine.reader.run(asked.read)
        topics = list(found.positions)
        ended = [topic for topic, each in made.items() if session.subscriptions.get(topic) is not each]
        for topic in {*ended, *made.keys() - topics}:
            session.unfollow(made.pop(topic))
        overtaken = [topic for topic in unknown & made.keys() if engine.hub.is_past(topic, found.positions[topic])]
        if not ended and not overtaken and all(topic in made or _is_live(session, topic) for topic in topics):
            return found


def _is_live(session: "Session", topic: str) -> bool:
    there = session.subscriptions.get(topic)
    return there is not None and there.buffer is None


def grant(session: "Session", topic: str, position: Position) -> None:
    """The user may follow the topic from ``position`` on, and so does the session."""
    session.granted.setdefault(topic, position)
    _follow_soon(session, topic)


def _follow_soon(session: "Session", topic: str) -> None:
    session.engine.tasks.spawn(_follow(session, topic), f"follow {topic}")


async def _follow(session: "Session", topic: str) -> None:
    """Follow a topic that was granted. A client whose session cannot comes back, rather than miss it in silence."""
    try:
        await _follow_granted(session, topic)
    except Exception:
        logger.exception("session %s could not follow %s, which was granted", session.id, topic, extra=about(session))
        session.close(Close.RESTART, "grant")


async def _follow_granted(session: "Session", topic: str) -> None:
    """Follow it, unless whoever is just reading the log follows it as well."""
    while True:
        await session.settled(topic)
        position = session.granted.get(topic)
        if position is None or session.listing:
            return
        session.kept |= {topic}
        if topic in session.subscriptions:
            del session.granted[topic]
            return
        try:
            subscription, outcome = await subscribe(session, topic, since=position, by_server=True)
            break
        except HubbubError as error:
            if topic not in session.subscriptions:
                session.kept -= {topic}
            if not isinstance(error, Busy) or session.closing is not None:
                if session.granted.get(topic) is position:
                    del session.granted[topic]
                logger.info("session %s could not follow %s: %s", session.id, topic, error, extra=about(session))
                return
        await session.engine.clock.sleep(RETRY_SECONDS)
    session.granted.pop(topic, None)
    if outcome.reset:
        session.reset(topic, outcome.position, outcome.reset)
    session.show(Batch(outcome.events))
    session.go_live(subscription, outcome.position)
