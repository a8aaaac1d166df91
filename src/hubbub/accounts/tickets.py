"""Tickets: a signed Actor, good for connecting once within half a minute, without a query (rule AUT-5).

A browser cannot set a header on a WebSocket. A ticket in the query string may stand in a proxy's log and is
worth nothing by then. It is single use within one process: another one learns neither of its use nor, while
the ticket lasts, of the end of its sign-in.
"""

import secrets
import threading
from collections import deque
from dataclasses import astuple, fields

from django.core import signing

from hubbub.django.conf import hubbub_settings
from hubbub.engine.actor import Actor
from hubbub.engine.clock import Clock, SystemClock
from hubbub.protocol.errors import NotAuthenticated

MOST_REMEMBERED = 100_000
"""Tickets that may be in use at once; past it none is taken until some have expired."""

_signer = signing.Signer(salt="hubbub.accounts.ticket")


class BadTicket(NotAuthenticated):
    """Token is invalid or expired"""


class Memory:
    """What this process knows of tickets: which were used, and which sign-ins have ended since.

    For any thread. Times are seconds since 1970.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: set[str] = set()
        self._order: deque[tuple[float, str]] = deque()
        self._endings: deque[tuple[float, str, str, str]] = deque()

    def use(self, nonce: str, now: float, lifetime: float) -> bool:
        """Whether the ticket is used for the first time."""
        with self._lock:
            while self._order and self._order[0][0] < now:
                self._used.discard(self._order.popleft()[1])
            if nonce in self._used or len(self._used) >= MOST_REMEMBERED:
                return False
            # Twice the lifetime: a ticket may be dated from the future by as much as it lasts.
            self._used.add(nonce)
            self._order.append((now + 2 * lifetime, nonce))
            return True

    def end(self, actor_key: str, login: str, except_login: str, now: float, lifetime: float) -> None:
        """Note that a user's sign-ins ended: one, all but one, or all."""
        with self._lock:
            while self._endings and self._endings[0][0] < now - 2 * lifetime:
                self._endings.popleft()
            self._endings.append((now, actor_key, login, except_login))

    def ended(self, actor: Actor, since: float) -> bool:
        """Whether the actor's sign-in ended at that time or later."""
        with self._lock:
            return any(
                at >= since
                and key == actor.key
                and login in ("", actor.login)
                and not (except_login and except_login == actor.login)
                for at, key, login, except_login in self._endings
            )


memory = Memory()
_clock = SystemClock()


def issue(actor: Actor, clock: Clock = _clock) -> str:
    """A ticket that lets the actor connect once within ``TICKET_SECONDS``."""
    return _signer.sign_object([secrets.token_hex(8), clock.now().timestamp(), *astuple(actor)])


def redeem(ticket: str, clock: Clock = _clock) -> Actor:
    """The actor of a ticket, which is then used up. Raises NotAuthenticated, the same for every fault."""
    lifetime = hubbub_settings().ticket_seconds
    try:
        nonce, issued, *actor_fields = _signer.unsign_object(ticket)
        if len(actor_fields) != len(fields(Actor)):
            raise ValueError("a ticket of another version")
    except (signing.BadSignature, ValueError, TypeError):
        raise BadTicket from None
    actor = Actor(*actor_fields)
    now = clock.now().timestamp()
    # One from the future was made before the clock was set back, or by a machine that is far ahead.
    if not -lifetime <= now - issued <= lifetime or not memory.use(nonce, now, lifetime):
        raise BadTicket
    if memory.ended(actor, issued):
        raise BadTicket
    return actor


def note_ending(actor_key: str, login: str = "", except_login: str = "") -> None:
    """Refuse tickets of sign-ins that have just ended in this process."""
    memory.end(actor_key, login, except_login, _clock.now().timestamp(), hubbub_settings().ticket_seconds)
