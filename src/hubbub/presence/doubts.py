"""Looks that may not be allowed any more: whoever has lost access to a conversation may have lost contacts by it.

Whom that may concern sees nothing until the database has said who may see whom, and what it read before somebody came
into doubt does not count, for that one: many revocations at a time hold up nobody else.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from hubbub.engine.actor import user_key
from hubbub.engine.engine import Engine
from hubbub.engine.logs import quiet_logger
from hubbub.engine.outbox import SLOW
from hubbub.engine.session import Session
from hubbub.presence.messages import UserId
from hubbub.presence.policy import visible
from hubbub.protocol.errors import HubbubError

logger = quiet_logger("hubbub.presence")

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


class Look(NamedTuple):
    """Who looks at whom."""

    looker: Looker
    at: str
    id: UserId

    def other_than(self, key: str) -> tuple[str, UserId | None]:
        """The key and id of the one of the two who is not the user with that key."""
        return (self.at, self.id) if self.at != key else (self.looker.key, self.looker.session.actor.user_id)


@dataclass
class _Doubt:
    """A user who may have fewer contacts now, and the looks from and at that user."""

    id: UserId
    looks: list[Look] = field(default_factory=list)


@dataclass
class _Question:
    """What the database is being asked."""

    about: frozenset[str]
    doubted: set[str] = field(default_factory=set)


class Doubts:
    """The looks that are in doubt. ``settle`` is told of each in the end whether it is allowed."""

    def __init__(self, engine: Engine, settle: Callable[[Look, bool], None]) -> None:
        self._engine = engine
        self._settle = settle
        self._doubts: dict[str, _Doubt] = {}
        self._questions: list[_Question] = []
        self._asking = False

    @contextmanager
    def asking(self, keys: Iterable[str]) -> Iterator[Collection[str]]:
        """While the database is asked who of these users may see whom.

        Yields those of them who have come into doubt since: what was read of them may be too old.
        """
        question = _Question(frozenset(keys))
        self._questions.append(question)
        try:
            yield question.doubted
        finally:
            self._questions.remove(question)

    def came(self, key: str) -> None:
        """A user may have fewer contacts from now on."""
        for question in self._questions:
            if key in question.about:
                question.doubted.add(key)

    def came_to_all(self) -> None:
        """Anybody may have fewer contacts from now on."""
        for question in self._questions:
            question.doubted |= question.about

    def add(self, key: str, id: UserId, look: Look) -> None:
        """Have it found out whether a look from or at this user is allowed."""
        self._doubts.setdefault(key, _Doubt(id)).looks.append(look)
        if not self._asking:
            self._asking = True
            self._engine.tasks.spawn(self._ask(), "presence of contacts")

    async def _ask(self) -> None:
        try:
            while self._doubts:
                key, doubt = next(iter(self._doubts.items()))
                try:
                    await self._ask_about(key, doubt)
                except Exception as error:
                    if not isinstance(error, HubbubError):
                        logger.exception("Whom a user may see could not be asked. It is tried again.")
                    self._doubts[key] = self._doubts.pop(key)  # The others first.
                    await self._engine.clock.sleep(RETRY_SECONDS)
        finally:
            self._asking = False

    async def _ask_about(self, key: str, doubt: _Doubt) -> None:
        asked = list(doubt.looks)
        others = dict(look.other_than(key) for look in asked)
        with self.asking([key, *others]) as doubted:
            query = partial(visible, doubt.id, [id for id in others.values() if id is not None])
            seen = {user_key(id) for id in await self._engine.reader.run(query)}
        if key in doubted:
            return
        doubt.looks[: len(asked)] = [look for look in asked if look.other_than(key)[0] in doubted]
        if not doubt.looks:
            del self._doubts[key]
        for look in asked:
            if (other := look.other_than(key)[0]) not in doubted:
                self._settle(look, other in seen)
