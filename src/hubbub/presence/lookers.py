"""Who looks at whom, and how what changes reaches those who look (rules PRS-2 and PRS-3).

A look costs an entry in a set, no subscription. A change is noted for each session that looks, and once in a while all
that has changed goes out as one frame, as it is then: nobody is sent a change that is over, and for a slow reader the
changes wait as names in a set, not as frames.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import msgspec

from hubbub.engine.actor import user_key
from hubbub.engine.batch import Batch
from hubbub.engine.engine import Engine
from hubbub.engine.outbox import SLOW
from hubbub.engine.session import Session
from hubbub.presence import messages as wire
from hubbub.presence.messages import UserId
from hubbub.presence.people import People
from hubbub.presence.policy import visible
from hubbub.presence.soon import Soon
from hubbub.presence.topics import TOPIC
from hubbub.protocol.errors import HubbubError
from hubbub.protocol.frames import Event

TELL_SECONDS = 0.2
"""How long a change waits for others, to be told with them."""
IN_ONE_FRAME = 100
"""Users whose changes one frame tells."""
SLICE = 1000
"""Looks that are served in one turn of the event loop."""
RETRY_SECONDS = 1.0


class Looker:
    """A session that looks at users."""

    __slots__ = ("changed", "gone", "session", "watched")

    def __init__(self, session: Session, watched: dict[str, UserId]) -> None:
        self.session = session
        self.watched = watched
        """The users by their keys."""
        self.changed: set[str] = set()
        """Those of whom it has yet to be told something."""
        self.gone: dict[str, UserId] = {}
        """Those whom it may see no longer, and has yet to be told so."""

    @property
    def key(self) -> str:
        return self.session.actor.key

    @property
    def slow(self) -> bool:
        return self.session.outbox.size > self.session.outbox.limit * SLOW


@dataclass
class _Doubt:
    """A user who may have fewer contacts now, and the looks from and at that user."""

    id: UserId
    looks: list[tuple[Looker, str, UserId]] = field(default_factory=list)
    """Who looks, and at whom."""


class _Words:
    """What is told at one moment: everybody encoded once, and what is the same for several made once for all."""

    def __init__(self, people: People, now: datetime) -> None:
        self._people = people
        self._now = now
        self._encoded: dict[tuple[str, bool], msgspec.Raw] = {}
        self._batches: dict[object, Batch] = {}

    def for_(self, looker: Looker) -> Batch:
        """All that the looker has yet to be told. Of oneself one is told more than others are."""
        keys = frozenset(looker.changed & looker.watched.keys())
        same = keys, frozenset(looker.gone), looker.key if looker.key in keys else ""
        if same not in self._batches:
            users = [self._presence(key, looker.watched[key], key == looker.key) for key in sorted(keys)]
            self._batches[same] = Batch(list(self._events(users, list(looker.gone.values()))))
        return self._batches[same]

    def _presence(self, key: str, id: UserId, to_self: bool) -> msgspec.Raw:
        if (key, to_self) not in self._encoded:
            told = self._people.as_told(key, id, to_self)
            self._encoded[key, to_self] = msgspec.Raw(msgspec.json.encode(told))
        return self._encoded[key, to_self]

    def _events(self, users: list[msgspec.Raw], gone: list[UserId]) -> Iterator[Event]:
        """As ``wire.PresenceChanged``."""
        while users or gone:
            raw = msgspec.json.encode({"users": users[:IN_ONE_FRAME], "gone": gone})
            yield Event(TOPIC, "presence.changed", raw, created_at=self._now)
            users, gone = users[IN_ONE_FRAME:], []


class Lookers:
    """The looks of one engine's sessions. On its loop only."""

    def __init__(self, engine: Engine, people: People) -> None:
        self._engine = engine
        self._people = people
        self._by_session: dict[Session, Looker] = {}
        self._at: dict[str, dict[Looker, None]] = {}
        """Who looks at somebody, by that one's key."""
        self._outward: dict[str, wire.Presence] = {}
        """How those are whom somebody looks at, as others than themselves were last told."""
        self._changed: dict[str, None] = {}
        self._untold: dict[Looker, None] = {}
        """Those who have yet to be told something."""
        self._tell_soon = Soon(engine, TELL_SECONDS, self._tell, "presence")
        self._doubts: dict[str, _Doubt] = {}
        self._looking_again = False
        self.doubted = 0
        """Counts the times when somebody's contacts may have become fewer."""

    def __len__(self) -> int:
        """How many looks there are."""
        return sum(len(lookers) for lookers in self._at.values())

    # Looking

    def watch(self, session: Session, users: Iterable[UserId]) -> list[wire.Presence]:
        """Let the session look at these users, and at nobody else. Returns how they are now; what changes follows."""
        self.drop(session)
        looker = Looker(session, {user_key(id): id for id in users})
        if looker.watched and session.closing is None:
            self._by_session[session] = looker
            for key, id in looker.watched.items():
                self._at.setdefault(key, {})[looker] = None
                # Not what it is now where somebody has yet to be told: that is still news to the others.
                self._outward.setdefault(key, self._people.as_told(key, id, False))
        return [self._people.as_told(key, id, key == looker.key) for key, id in looker.watched.items()]

    def drop(self, session: Session) -> None:
        """The session looks at nobody any longer."""
        if looker := self._by_session.pop(session, None):
            for key in looker.watched:
                self._look_away(looker, key)
            self._untold.pop(looker, None)

    def _look_away(self, looker: Looker, key: str) -> None:
        lookers = self._at[key]
        del lookers[looker]
        if not lookers:
            del self._at[key], self._outward[key]

    # Telling

    def changed(self, key: str) -> None:
        """Something about a user is not as it was."""
        if key in self._at:
            self._changed[key] = None
            self._tell_soon()

    async def _tell(self) -> None:
        """Tell everybody what has changed since the last time, a slice of them in each turn of the loop."""
        changed, self._changed = self._changed, {}
        done = 0
        for key in changed:
            lookers = list(self._at.get(key, ()))
            # A frame that says nothing new would still say that somebody invisible has done something.
            to_all = bool(lookers) and self._is_news(key, lookers[0].watched[key])
            for looker in lookers:
                if not (to_all or looker.key == key):
                    continue
                looker.changed.add(key)
                self._untold[looker] = None
                if (done := done + 1) >= SLICE:
                    done = 0
                    await asyncio.sleep(0)
        words = _Words(self._people, self._engine.clock.now())
        for looker in list(self._untold):
            if self._by_session.get(looker.session) is not looker:
                self._untold.pop(looker, None)
                continue  # It has gone during a pause, or asked anew.
            if looker.slow:
                self._tell_soon()  # What it is told then is how things are then.
                continue
            del self._untold[looker]
            done += 1 + len(looker.changed)
            looker.session.show(words.for_(looker))
            looker.changed, looker.gone = set(), {}
            if done >= SLICE:
                done = 0
                await asyncio.sleep(0)
                words = _Words(self._people, self._engine.clock.now())

    def _is_news(self, key: str, id: UserId) -> bool:
        """Whether others see a user otherwise than they were last told."""
        before, now = self._outward[key], self._people.as_told(key, id, False)
        self._outward[key] = now
        return now != before

    # Who may see whom

    def doubt(self, key: str) -> None:
        """A user may have fewer contacts now: nobody of whom that isn't certain is shown to, or sees, the user."""
        self.doubted += 1
        looks = [(looker, key, looker.watched[key]) for looker in self._at.get(key, ()) if looker.key != key]
        id = looks[0][2] if looks else None
        for session in self._engine.sessions.of(key):
            if looker := self._by_session.get(session):
                looks += [(looker, other, each) for other, each in looker.watched.items() if other != key]
                id = session.actor.user_id
        if id is None:
            return
        for looker, other, _ in looks:
            del looker.watched[other]
            self._look_away(looker, other)
        self._doubts.setdefault(key, _Doubt(id)).looks += looks
        if not self._looking_again:
            self._looking_again = True
            self._engine.tasks.spawn(self._look_again(), "presence of contacts")

    def doubt_all(self) -> None:
        """Contacts may have changed in ways that nobody was told of."""
        for key in {looker.key for looker in self._by_session.values()}:
            self.doubt(key)

    async def _look_again(self) -> None:
        try:
            while self._doubts:
                key, doubt = next(iter(self._doubts.items()))
                before = self.doubted
                others = {id if other != key else looker.session.actor.user_id for looker, other, id in doubt.looks}
                try:
                    query = partial(visible, doubt.id, [id for id in others if id is not None])
                    seen = await self._engine.reader.run(query)
                except HubbubError:
                    await self._engine.clock.sleep(RETRY_SECONDS)
                    continue
                if before == self.doubted:  # Else it may have been read too early.
                    del self._doubts[key]
                    self._settle(key, doubt, {user_key(id) for id in seen})
        finally:
            self._looking_again = False

    def _settle(self, key: str, doubt: _Doubt, seen: set[str]) -> None:
        for looker, other, id in doubt.looks:
            if self._by_session.get(looker.session) is not looker or other in looker.watched:
                continue  # It has gone, or has asked anew.
            if (other if looker.key == key else looker.key) in seen:
                looker.watched[other] = id
                self._at.setdefault(other, {})[looker] = None
                self._outward.setdefault(other, self._people.as_told(other, id, False))
                looker.changed.add(other)
            else:
                looker.gone[other] = id
            self._untold[looker] = None
        self._tell_soon()
