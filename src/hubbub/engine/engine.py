"""The engine: what one process shares between its sessions."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import msgspec

from hubbub.engine import commands as commands  # registers the commands that every session knows
from hubbub.engine.actor import Actor
from hubbub.engine.clock import Clock
from hubbub.engine.control import CONTROL_TOPIC, obey, read_since, remember
from hubbub.engine.heartbeat import heartbeat
from hubbub.engine.hub import Hub
from hubbub.engine.limits import Limiter
from hubbub.engine.ports import Reader, Relay, StreamStore, Writer
from hubbub.engine.sessions import REMEMBER_SECONDS, Sessions
from hubbub.engine.settings import EngineSettings
from hubbub.engine.tasks import TaskGroup
from hubbub.protocol.close import Close
from hubbub.protocol.frames import Event, Position
from hubbub.protocol.registry import registry

logger = logging.getLogger("hubbub.engine")

on_start: "list[Callable[[Engine], None]]" = []
"""What features do when an engine starts, on its loop."""

STOP_SECONDS = 5.0
"""How long closing sessions may take before they are cut off."""


class Engine:
    """One for each event loop. Make it on the loop, ``start`` it, ``stop`` it there."""

    def __init__(
        self,
        *,
        store: StreamStore,
        writer: Writer,
        reader: Reader,
        relay: Relay,
        clock: Clock,
        settings: EngineSettings,
        limiter: Limiter,
        authenticate_token: Callable[[str], Awaitable[Actor]],
    ) -> None:
        self.store = store
        self.writer = writer
        self.reader = reader
        self.clock = clock
        self.settings = settings
        self.authenticate_token = authenticate_token
        """Raises NotAuthenticated for a token that is not good."""
        self.tasks = TaskGroup()
        self.hub = Hub(store, reader, relay, clock, self.tasks, settings)
        self.limiter = limiter
        self.sessions = Sessions(clock)

    async def start(self) -> None:
        """Follow the control topic, endings of the last minute included, and begin to look after the sessions."""
        self.hub.follow(CONTROL_TOPIC, partial(obey, self))
        since = self.clock.now() - timedelta(seconds=REMEMBER_SECONDS)
        state, recent = await self.reader.run(partial(read_since, self.store, since))
        remember(self, recent)
        self.hub.prime(CONTROL_TOPIC, Position(state.epoch, state.top))
        self.tasks.spawn(heartbeat(self), "heartbeat")
        for begin in on_start:
            begin(self)

    async def stop(self) -> None:
        """Close every session with 1012, so that clients come back, and end all tasks."""
        closing = [session.close(Close.RESTART, "restart") for session in self.sessions.all()]
        if under_way := [task for task in closing if task is not None]:
            await asyncio.wait(under_way, timeout=STOP_SECONDS)
        await self.tasks.cancel()

    def publish_ephemeral(
        self, topic: str, event: msgspec.Struct, *, author: str = "", skip: str = "", key: str = ""
    ) -> None:
        """Show an event to whoever follows the topic now; it is in no stream. On the loop only."""
        made = make_ephemeral(self.clock, topic, event, author=author, skip=skip, key=key)
        self.hub.deliver(made)
        self.hub.relay.send(made)


def make_ephemeral(
    clock: Clock, topic: str, event: msgspec.Struct, *, author: str = "", skip: str = "", key: str = ""
) -> Event:
    """An ephemeral event, ready to be published. Raises TypeError for a struct that is no event."""
    return Event(
        topic,
        registry.event_type(event).name,
        msgspec.json.encode(event),
        created_at=clock.now(),
        author=author,
        skip=skip,
        key=key,
    )
