"""All sessions of this process, and how they end with their login (rules AUT-4 and CHT-9)."""

from collections import defaultdict, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hubbub.engine.clock import Clock
from hubbub.protocol.close import Close

if TYPE_CHECKING:
    from hubbub.engine.session import Session


REMEMBER_SECONDS = 60.0
"""How long an ending is held against sessions whose credentials were checked before it.

At least twice as long as what stands for checked credentials, a ticket, is good for (``hubbub.E102``).
"""


@dataclass(frozen=True, slots=True)
class Ending:
    """A user's sessions end: those of one ``login``, or all but those of ``except_login``."""

    at: float
    actor: str
    reason: str
    login: str
    except_login: str

    def concerns(self, session: "Session") -> bool:
        login = session.actor.login
        if session.actor.key != self.actor or (self.login and login != self.login):
            return False
        return not (self.except_login and login == self.except_login)


class Sessions:
    """Sessions by the key of their actor."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_actor: defaultdict[str, dict[Session, None]] = defaultdict(dict)
        self._count = 0
        self._endings: deque[Ending] = deque()
        self._demoted: deque[tuple[float, str]] = deque()
        """When whose rights of staff ended, if there were any."""

    def __len__(self) -> int:
        return self._count

    def add(self, session: "Session", authenticated_at: float) -> None:
        """Register a session whose credentials were checked at that monotonic time.

        A login that ended between the check and now ends this session too; rights of staff that did are gone.
        """
        actor = session.actor
        if actor.is_staff and any(at >= authenticated_at and key == actor.key for at, key in self._demoted):
            session.actor = replace(actor, is_staff=False)
        of_actor = self._by_actor[session.actor.key]
        self._count += session not in of_actor
        of_actor[session] = None
        for ending in self._endings:
            if ending.at >= authenticated_at and ending.concerns(session):
                session.close(Close.NOT_AUTHENTICATED, ending.reason)

    def discard(self, session: "Session") -> None:
        of_actor = self._by_actor.get(session.actor.key, {})
        if session in of_actor:
            self._count -= 1
            del of_actor[session]
        if not of_actor:
            self._by_actor.pop(session.actor.key, None)

    def of(self, actor_key: str) -> "list[Session]":
        return list(self._by_actor.get(actor_key, ()))

    def all(self) -> "list[Session]":
        """All of them, from any thread: each list is copied at once."""
        return [session for of_actor in list(self._by_actor.values()) for session in list(of_actor)]

    def find(self, id: str) -> "Session | None":
        """The session of that id, if it is here."""
        return next((session for session in self.all() if session.id == id), None)

    def demote(self, actor_key: str, *, at: float | None = None) -> None:
        """Let no session begin with rights of staff that were checked before ``at``, now by default (rule OPS-3)."""
        now = self._clock.monotonic()
        while self._demoted and self._demoted[0][0] < now - REMEMBER_SECONDS:
            self._demoted.popleft()
        self._demoted.append((now if at is None else at, actor_key))

    def end(
        self, actor_key: str, reason: str, *, login: str = "", except_login: str = "", at: float | None = None
    ) -> None:
        """Close an actor's sessions 4001: those of one ``login``, or all but those of another.

        ``at``: the monotonic time at which they ended, now by default.
        """
        now = self._clock.monotonic()
        at = now if at is None else at
        ending = Ending(at, actor_key, reason, login, except_login)
        while self._endings and self._endings[0].at < now - REMEMBER_SECONDS:
            self._endings.popleft()
        self._endings.append(ending)
        for session in self.of(actor_key):
            if ending.concerns(session):
                session.close(Close.NOT_AUTHENTICATED, reason)
