"""How events get from any thread to the event loop, where the hub is (rule EVT-1)."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from hubbub.engine.counters import counters
from hubbub.protocol.frames import Event

logger = logging.getLogger("hubbub.hub")


class Handover:
    """Events in the order in which they were put, and whether each was born in this process.

    One wake-up of the loop serves all that wait.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, take: Callable[[Event, bool], None]) -> None:
        self._loop = loop
        self._take = take
        self._waiting: deque[tuple[Event, bool]] = deque()
        self._since = 0.0
        """When the oldest of them came."""
        self._lock = threading.Lock()
        self._awake = False

    def put(self, events: Iterable[tuple[Event, bool]]) -> None:
        """Let the loop take them. From any thread."""
        with self._lock:
            self._waiting.extend(events)
            if self._awake or not self._waiting:
                return
            self._awake = True
            self._since = time.monotonic()
        try:
            self._loop.call_soon_threadsafe(self._drain)
        except RuntimeError:  # The loop has ended: the log still has what is durable.
            logger.info("events were published while the hub was shutting down")

    def _drain(self) -> None:
        with self._lock:
            events, self._waiting = self._waiting, deque()
            self._awake, since = False, self._since
        for event, born_here in events:
            self._take(event, born_here)
        # After the topics' turns, which were asked for before it.
        self._loop.call_soon(_note_delivery, since)


def _note_delivery(since: float) -> None:
    counters.delivery.observe(time.monotonic() - since)
