"""Tickets: a signed Actor, good for connecting once within half a minute, without a query (rule AUT-5).

A browser cannot set a header on a WebSocket. A ticket in the query string may stand in a proxy's log and is
worth nothing by then. It is single use over all processes where there is a Redis that answers, and within one process
where there is none. Redeeming it does not ask whether its sign-in has ended since: the engine does, which hears of that
from every process and knows by ``Actor.checked_at`` how long ago the credentials were checked.
"""

import secrets
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import astuple, fields, replace

from django.core import signing

from hubbub.django.conf import hubbub_settings
from hubbub.django.shared import shared
from hubbub.engine.actor import Actor
from hubbub.engine.clock import Clock, SystemClock
from hubbub.protocol.errors import NotAuthenticated

MOST_REMEMBERED = 100_000
"""Tickets that may be in use at once; past it none is taken until some have expired."""

USED = "the ticket was used before"

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
    (outcome,) = redeem_all([ticket], clock)
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def redeem_all(tickets: Sequence[str], clock: Clock = _clock) -> list[Actor | BadTicket]:
    """The same for many, in their order, with what ``redeem`` would raise among what is returned."""
    now, lifetime = clock.now().timestamp(), hubbub_settings().ticket_seconds
    found = [_read(ticket, now, lifetime) for ticket in tickets]
    good = [each for each in found if not isinstance(each, BadTicket)]
    # In this process whatever Redis says: should it be away a moment later, what it knew counts here all the same.
    first = {id(each): memory.use(each[0], now, lifetime) for each in good}
    if (everywhere := shared()) is not None:
        new = [each for each in good if first[id(each)]]
        # Twice the lifetime, as in ``Memory``.
        for each, is_first in zip(new, everywhere.first([each[0] for each in new], 2 * lifetime) or (), strict=False):
            first[id(each)] = is_first
    return [
        each if isinstance(each, BadTicket) else each[1] if first[id(each)] else BadTicket(why=USED) for each in found
    ]


def _read(ticket: str, now: float, lifetime: float) -> tuple[str, Actor] | BadTicket:
    """What a ticket says, and its number."""
    try:
        nonce, *actor_fields = _signer.unsign_object(ticket)
        if len(actor_fields) != len(fields(Actor)):
            raise ValueError("a ticket of another version")
    except (signing.BadSignature, ValueError, TypeError):
        return BadTicket(why="the ticket's signature or form is bad")
    actor = Actor(*actor_fields)
    age = now - (actor.checked_at or 0.0)
    # One from the future was made before the clock was set back, or by a machine that is far ahead.
    if not -lifetime <= age <= lifetime:
        return BadTicket(why=f"the ticket is {age:.0f} s old, and good for {lifetime:g} s")
    return str(nonce), actor
