"""Who may begin a handshake: a bounded number at once, so that a storm of reconnects does no harm to who is connected.

A handshake costs as much as hundreds of messages: a request to be parsed, credentials to be checked, topics to be
followed. When a thousand clients come in one instant, those past the bound wait for their turn, which costs nothing;
whoever would wait for long is answered 503 with ``Retry-After``, and so is everybody once the server is stopping.
503 and not a close code: it is said before anything is known of the client, proxies pass such a handshake on to
another backend, and clients come back from it after a jitter like from any lost connection (decision 0022).
"""

from __future__ import annotations

import asyncio
import random
from typing import Protocol

from hubbub.engine.logs import quiet_logger

logger = quiet_logger("hubbub.transports.admission")

PATIENCE = 5.0
"""Seconds that a client waits for its turn at most: half of what clients wait for a connection."""
MOST_WAITING = 10_000
"""Clients that may wait; each costs a connection and a timer's worth of memory."""
PER_TURN = 8
"""Handshakes that begin in one turn of the event loop: who is connected has its turn in between."""


class Visitor(Protocol):
    """A connection that asks for a WebSocket."""

    def admitted(self) -> None:
        """Begin the handshake; ``leave`` says that it is over. Where this raises, it has not begun."""
        ...

    def turned_away(self, retry_after: int) -> None:
        """Answer 503, with the seconds to wait."""
        ...


class Admission:
    """The door of one process. On the event loop only.

    Args:
        most: handshakes under way at once.
        patience: seconds that a visitor may wait for its turn.
    """

    def __init__(self, most: int, patience: float = PATIENCE) -> None:
        self.closed = False
        """Whether nobody is admitted any more: the server is stopping."""
        self.under_way = 0
        self._most = most
        self._patience = patience
        self._waiting: dict[Visitor, float] = {}
        """Until when each waits, in the order in which they came."""
        self._next: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    def enter(self, visitor: Visitor) -> None:
        """Admit a visitor, now or when it is its turn, or turn it away."""
        if self.closed or len(self._waiting) >= MOST_WAITING:
            self._turn_away(visitor)
        elif self.under_way < self._most and not self._waiting:
            self._admit(visitor)
        else:
            loop = asyncio.get_running_loop()
            self._waiting[visitor] = loop.time() + self._patience
            if self._timer is None:
                self._timer = loop.call_later(self._patience, self._turn_away_late)

    def leave(self) -> None:
        """A handshake is over, however it ended."""
        self.under_way -= 1
        self._admit_soon()

    def forget(self, visitor: Visitor) -> None:
        """A visitor has gone; nothing where it did not wait."""
        self._waiting.pop(visitor, None)

    def close(self) -> None:
        """Admit nobody any more, and turn away who waits. Handshakes under way go on."""
        self.closed = True
        waiting, self._waiting = self._waiting, {}
        for visitor in waiting:
            self._turn_away(visitor)

    def _admit(self, visitor: Visitor) -> None:
        self.under_way += 1
        try:
            visitor.admitted()
        except Exception:
            logger.exception("A handshake could not begin.")
            self.leave()
            visitor.turned_away(random.randint(1, 5))

    def _admit_soon(self) -> None:
        if self._waiting and self._next is None and self.under_way < self._most:
            self._next = asyncio.get_running_loop().call_soon(self._admit_next)

    def _admit_next(self) -> None:
        self._next = None
        for visitor in list(self._waiting)[: min(PER_TURN, self._most - self.under_way)]:
            del self._waiting[visitor]
            self._admit(visitor)
        self._admit_soon()

    def _turn_away_late(self) -> None:
        """Turn away who has waited too long, and look again when the next one has."""
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._waiting:
            visitor, until = next(iter(self._waiting.items()))
            if until > loop.time():
                self._timer = loop.call_at(until, self._turn_away_late)
                return
            del self._waiting[visitor]
            self._turn_away(visitor)

    def _turn_away(self, visitor: Visitor) -> None:
        if not self.closed:
            logger.warning(
                "%d handshakes are under way and %d wait: one was answered 503. If this lasts, the server needs more "
                "processes; HUBBUB['HANDSHAKES'] bounds how many are under way at once.",
                self.under_way,
                self.waiting,
            )
        visitor.turned_away(random.randint(1, 5))
