"""Ephemeral events of a process that serves no sockets, a worker or a shell, to those that do (rule EVT-7).

A layer belongs to the event loops that use it, and whoever publishes may have none, or one that ends at once: so one
thread of the process has a loop for it, which stays, and with it the layer's connection.
"""

import asyncio
import atexit
import os
import threading
from contextlib import suppress
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from hubbub.django.conf import hubbub_settings
from hubbub.django.relay import to_message
from hubbub.engine.logs import quiet_logger
from hubbub.layers.memory import InMemoryLayer
from hubbub.protocol.frames import Event

logger = quiet_logger("hubbub.publish")

MOST_WAITING = 1000
"""Events that may wait for the layer; more are dropped."""
EXIT_SECONDS = 1.0
"""How long the end of the process may wait for what was published just before."""


class Teller:
    """A thread that hands events to the layer, in order."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="hubbub telling", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def tell(self, events: list[Event]) -> None:
        """From any thread; waits for nothing."""
        if self._events.qsize() > MOST_WAITING:
            logger.warning("the channel layer is behind: ephemeral events are dropped")
            return
        with suppress(RuntimeError):  # The process ends, and its loop has.
            for event in events:
                self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    def stop(self) -> None:
        """Wait for what was told, for ``EXIT_SECONDS`` at most."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._events.put_nowait, None)
            self._thread.join(EXIT_SECONDS)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._tell_all())

    async def _tell_all(self) -> None:
        while (event := await self._events.get()) is not None:
            try:
                await self.layer.group_send(event.topic, to_message(event, ""))
            except Exception as error:  # It may be lost.
                logger.warning("an ephemeral event of %s was not passed on: %s", event.topic, error)


_teller: Teller | None = None
_lock = threading.Lock()


def tell(events: list[Event]) -> bool:
    """Hand ephemeral events to the processes that serve. False where the layer does not leave this one."""
    layer = get_channel_layer(hubbub_settings().channel_layer)
    if layer is None or isinstance(layer, InMemoryLayer | InMemoryChannelLayer):
        return False
    _the_teller(layer).tell(events)
    return True


def _the_teller(layer: Any) -> Teller:
    global _teller
    with _lock:
        if _teller is None or _teller.layer is not layer:
            _teller = Teller(layer)
        return _teller


def _forget() -> None:
    """After a fork the thread is the parent's, and so may be the lock."""
    global _teller, _lock
    _teller, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
