"""What keeps an idle connection small (decision 0015).

Most connections do nothing most of the time. So what only a handshake or a waiting reader needs is not kept for each:
the attributes stand in slots, an event has no queue of waiters before anybody waits, and a connection that hands its
messages to a session has neither a queue nor an application that waits for the end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

logger = logging.getLogger("hubbub.transports.websocket")


class Gate:
    """``asyncio.Event`` as uvicorn uses it, at a tenth of the memory while nobody waits. Open to begin with."""

    __slots__ = ("_open", "_waiters")

    def __init__(self) -> None:
        self._open = True
        self._waiters: list[asyncio.Future[None]] | None = None

    def is_set(self) -> bool:
        return self._open

    def clear(self) -> None:
        self._open = False

    def set(self) -> None:
        self._open = True
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():  # Not one that was cancelled.
                waiter.set_result(None)

    async def wait(self) -> bool:
        """Returns once it has been opened, at once where it is."""
        if not self._open:
            waiter = asyncio.get_running_loop().create_future()
            if self._waiters is None:
                self._waiters = []
            self._waiters.append(waiter)
            await waiter
        return True


class Listener:
    """Stands in the place of a connection's queue: what comes is handed over, and nothing ever waits here."""

    __slots__ = ("_ended", "_receive")

    def __init__(self, receive: Callable[[str | None], None], ended: Callable[[], None]) -> None:
        self._receive: Callable[[str | None], None] | None = receive
        self._ended: Callable[[], None] | None = ended

    @staticmethod
    def empty() -> bool:
        return True

    def take(self, text: str | None) -> None:
        """Pass on a message, None for a binary one; after the end nobody wants it."""
        if self._receive is not None:
            self._receive(text)

    def put_nowait(self, message: Mapping[str, Any]) -> None:
        """Pass on an ASGI message; the end once, though uvicorn tells of it as often as it comes upon it."""
        if message["type"] == "websocket.receive":
            self.take(message.get("text"))
            return
        ended, self._ended, self._receive = self._ended, None, None
        if ended is not None:
            try:
                ended()
            except Exception:  # The connection's own clean-up goes on.
                logger.exception("the end of a connection could not be told")
