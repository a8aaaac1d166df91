"""Tickets: a signed Actor, good for connecting once within half a minute, without a query (rule AUT-5).

A browser cannot set a header on a WebSocket. A ticket in the query string may stand in a proxy's log and is
worth nothing by then. It is single use within one process: another one does not learn of its use. Nor does
redeeming it ask whether its sign-in has ended since: the engine does, which hears of that from every process
and knows by ``Actor.checked_at`` how long ago the credentials were checked.
"""

import secrets
import threading
from collections import deque
from dataclasses import astuple, fields, replace

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
    """Which tickets were used in this process. For any thread; times are seconds since 1970."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: set[str] = set()
        self._order: deque[tuple[float, str]] = deque()

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


memory = Memory()
_clock = SystemClock()


def issue(actor: Actor, clock: Clock = _clock, checked_at: float | None = None) -> str:
    """A ticket that lets the actor connect once within ``TICKET_SECONDS`` of ``checked_at``, now by default.

    ``checked_at``: a time, in seconds since 1970, before the check of the credentials that the ticket stands for.
    """
    at = clock.now().timestamp() if checked_at is None else checked_at
    return _signer.sign_object([secrets.token_hex(8), *astuple(replace(actor, checked_at=at))])


def redeem(ticket: str, clock: Clock = _clock) -> Actor:
    """The actor of a ticket, which is then used up. Raises NotAuthenticated, the same for every fault.

    Without a query, so that whoever opens a session has to heed ``checked_at``: the sign-in may have ended since.
    """
    lifetime = hubbub_settings().ticket_seconds
    try:
        nonce, *actor_fields = _signer.unsign_object(ticket)
        if len(actor_fields) != len(fields(Actor)):
            raise ValueError("a ticket of another version")
    except (signing.BadSignature, ValueError, TypeError):
        raise BadTicket(why="the ticket's signature or form is bad") from None
    actor = Actor(*actor_fields)
    now = clock.now().timestamp()
    age = now - (actor.checked_at or 0.0)
    # One from the future was made before the clock was set back, or by a machine that is far ahead.
    if not -lifetime <= age <= lifetime:
        raise BadTicket(why=f"the ticket is {age:.0f} s old, and good for {lifetime:g} s")
    if not memory.use(nonce, now, lifetime):
        raise BadTicket(why="the ticket was used before")
    return actor
