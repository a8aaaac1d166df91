"""One session's interest in all the topics of a user at once (rule CHT-6)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from hubbub.engine.counters import counters
from hubbub.engine.ports import StreamStore
from hubbub.engine.resume import Budget, why_reset
from hubbub.engine.subscription import Subscription, join_groups, subscribe
from hubbub.protocol.dialect import Subscribed
from hubbub.protocol.errors import Forbidden
from hubbub.protocol.frames import Event, Position

if TYPE_CHECKING:
    from hubbub.engine.session import Session


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


async def follow_from_now(session: "Session", all: All) -> list[tuple[Subscription, Subscribed]]:
    """Follow them as they stand, for a socket that is bound to them. Raises Busy."""
    subscriptions, found = await follow_all(session, all.find, lambda: None, {}, all.kind)
    await asyncio.gather(*(join_groups(each) for each in subscriptions))
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
    position is that of the last event sent. The caller shows ``missed``, sends its reply, and calls
    ``session.go_live`` on each subscription. Raises Busy.
    """
    engine = session.engine
    session.follows_grants |= {grants}
    before = dict(session.subscriptions)
    topics = await engine.reader.run(find)
    made = {topic: session.follow(topic) for topic in topics if topic not in session.subscriptions}
    known = {topic: engine.hub.known(topic, since[topic]) for topic in made if topic in since}
    asked = _AskedOfAll(engine.store, find, snapshot, since, known, Budget(engine.settings))
    try:
        found = await engine.reader.run(asked.read)
    except BaseException:
        for subscription in made.values():
            session.unfollow(subscription)
        raise
    # What was left between the two reads is not for us.
    for topic in made.keys() - found.positions.keys():
        session.unfollow(made.pop(topic))
    # What the client has subscribed to meanwhile goes on from that reply's position.
    made = _current(session, made)
    granted = {each for each in session.kept if session.subscriptions.get(each) is not before.get(each)}
    session.kept |= found.positions.keys()
    for topic in found.positions.keys() - made.keys():
        there = session.subscriptions.get(topic)
        if there is None or (topic in granted and there.buffer is not None):
            made |= await _follow_late(session, topic, found)
    made = _current(session, made)
    found.missed = [event for event in found.missed if event.topic in made]
    found.reset = {topic: why for topic, why in found.reset.items() if topic in made}
    for topic in made.keys() & since.keys():
        counters.resumes[found.reset.get(topic, "log")] += 1
    for topic in made:
        engine.hub.prime(topic, found.positions[topic])
    for topic, missed in groupby(found.missed, key=attrgetter("topic")):
        engine.hub.learn(topic, list(missed))
    # All that a grant brought after the snapshot is with the client, who has waited for this to know from where on.
    granted &= session.subscriptions.keys()
    stands = {topic: at for topic, at in found.positions.items() if topic in made or topic in granted}
    found.positions = stands | _shown(session, [topic for topic in topics if topic not in granted])
    return list(made.values()), found


def _current(session: "Session", made: dict[str, Subscription]) -> dict[str, Subscription]:
    """Those that were neither ended nor replaced meanwhile."""
    return {topic: each for topic, each in made.items() if session.subscriptions.get(topic) is each}


async def _follow_late(session: "Session", topic: str, found: Followed) -> dict[str, Subscription]:
    """Follow a topic that was joined between the two reads from where the snapshot was read; none if it is left again.

    Its grant would begin there as well, but tells the client nothing: the event that names the topic's position is
    older than the snapshot.
    """
    try:
        subscription, outcome = await subscribe(session, topic, since=found.positions[topic], by_server=True)
    except Forbidden:
        return {}
    if outcome.reset:
        found.positions[topic], found.reset[topic] = outcome.position, outcome.reset
    else:
        held = subscription.buffer or []
        later = [event for event in held if event.offset is None or event.offset > outcome.position.offset]
        subscription.buffer = [*outcome.events, *later]
    return {topic: subscription}


def _shown(session: "Session", topics: list[str]) -> dict[str, Position]:
    """Where those of the topics stand that the session has been shown already."""
    following = [each for topic in topics if (each := session.subscriptions.get(topic))]
    return {each.topic: shown for each in following if (shown := each.shown_up_to())}
