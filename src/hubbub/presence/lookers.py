"""Who looks at whom, and how what changes reaches those who look (rules PRS-2 and PRS-3).

A look costs an entry in a set, no subscription. A change is noted for each session that looks, and once in a while all
that has changed goes out as one frame, as it is then: nobody is sent a change that is over, and for a slow reader the
changes wait as names in a set, not as frames.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

import msgspec

from hubbub.engine.actor import user_key
from hubbub.engine.batch import Batch
from hubbub.engine.engine import Engine
from hubbub.engine.session import Session
from hubbub.presence import messages as wire
from hubbub.presence.doubts import Doubts, Look, Looker
from hubbub.presence.messages import UserId
from hubbub.presence.people import People
from hubbub.presence.soon import Soon
from hubbub.presence.topics import TOPIC
from hubbub.protocol.frames import Event

TELL_SECONDS = 0.2
"""How long a change waits for others, to be told with them."""
IN_ONE_FRAME = 100
"""Users whose changes one frame tells."""
SLICE = 1000
"""Looks that are served in one turn of the event loop."""


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
        self.doubts = Doubts(engine, self._settle)

    def __len__(self) -> int:
        """How many looks there are."""
        return sum(len(lookers) for lookers in self._at.values())

    # Looking

    def watch(self, session: Session, users: Iterable[UserId], doubted: Collection[str] = ()) -> list[wire.Presence]:
        """Let the session look at these users, and at nobody else. Returns how they are now; what changes follows.

        Of those who came into doubt while it was asked whom it may see (``doubted``), that is told when it is certain.
        """
        self.drop(session)
        looker = Looker(session, {user_key(id): id for id in users})
        if looker.watched and session.closing is None:
            self._by_session[session] = looker
            for key, id in looker.watched.items():
                self._at.setdefault(key, {})[looker] = None
                # Not what it is now where somebody has yet to be told: that is still news to the others.
                self._outward.setdefault(key, self._people.as_told(key, id, False))
            for key in doubted:
                self._hide(looker, key)
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
        self.doubts.came(key)
        for looker in list(self._at.get(key, ())):
            self._hide(looker, key)
        for session in list(self._engine.sessions.of(key)):
            if looker_here := self._by_session.get(session):
                self._hide(looker_here, key)

    def doubt_all(self) -> None:
        """Contacts may have changed in ways that nobody was told of."""
        self.doubts.came_to_all()
        for key in {looker.key for looker in self._by_session.values()}:
            self.doubt(key)

    def _hide(self, looker: Looker, key: str) -> None:
        """Let the looker not see the contacts of this user, or not see this user, until it is certain that it may."""
        own = looker.key == key
        id = looker.session.actor.user_id if own else looker.watched.get(key)
        if id is None:
            return
        for other in [each for each in looker.watched if each != key] if own else [key]:
            self.doubts.add(key, id, Look(looker, other, looker.watched.pop(other)))
            self._look_away(looker, other)

    def _settle(self, look: Look, seen: bool) -> None:
        """It is certain whether somebody may be seen."""
        looker, at, id = look
        if self._by_session.get(looker.session) is not looker or at in looker.watched:
            return  # It has gone, or has asked anew.
        if seen:
            looker.watched[at] = id
            self._at.setdefault(at, {})[looker] = None
            self._outward.setdefault(at, self._people.as_told(at, id, False))
            looker.changed.add(at)
        else:
            looker.gone[at] = id
        self._untold[looker] = None
        self._tell_soon()
