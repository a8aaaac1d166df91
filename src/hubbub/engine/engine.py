"""The engine: what one process shares between its sessions."""

import asyncio
import logging
import math
import random
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
from hubbub.engine.parts import Parts
from hubbub.engine.ports import Groups, NoGroups, Reader, Relay, StreamStore, Writer
from hubbub.engine.sessions import REMEMBER_SECONDS, Sessions
from hubbub.engine.settings import EngineSettings
from hubbub.engine.tasks import TaskGroup
from hubbub.protocol.frames import Event, Position
from hubbub.protocol.registry import registry

logger = logging.getLogger("hubbub.engine")

STOP_SECONDS = 5.0
"""How long closing sessions may take before they are cut off."""
DRAIN_STEP = 0.1
"""Seconds between two batches of sessions that are closed, more or less."""


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
        groups: Groups | None = None,
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
        self.groups = groups or NoGroups()
        self.limiter = limiter
        self.sessions = Sessions(clock)
        self.draining = False
        """Whether the process is about to stop: who asks should go elsewhere."""
        self.parts = Parts(self)

    async def start(self) -> None:
        """Follow the control topic, endings of the last minute included, and begin to look after the sessions."""
        self.hub.follow(CONTROL_TOPIC, partial(obey, self))
        since = self.clock.now() - timedelta(seconds=REMEMBER_SECONDS)
        state, recent = await self.reader.run(partial(read_since, self.store, since))
        remember(self, recent)
        self.hub.prime(CONTROL_TOPIC, Position(state.epoch, state.top))
        self.parts.start()
        self.tasks.spawn(heartbeat(self), "heartbeat")

    async def drain(self) -> None:
        """Close every session with 1012 while the rest of the process works as before (rule CLO-2).

        A few at a time and at random, so that clients don't come back in one instant; those that are opened
        meanwhile, too. Returns once all are closed, or have had their time.
        """
        self.draining = True
        until = self.clock.monotonic() + self.settings.drain_seconds
        closing: list[asyncio.Task[None]] = []
        while staying := [session for session in self.sessions.all() if not session.leaving]:
            left = max(DRAIN_STEP, until - self.clock.monotonic())
            count = math.ceil(DRAIN_STEP * max(self.settings.drain_rate, len(staying) / left))
            closing += [session.leave() for session in random.sample(staying, min(count, len(staying)))]
            if len(staying) > count:
                await self.clock.sleep(DRAIN_STEP * random.uniform(0.5, 1.5))
        if closing:
            await asyncio.wait(closing, timeout=STOP_SECONDS)

    async def stop(self) -> None:
        """Close the sessions that are left, all at once, and end all tasks."""
        self.draining = True
        if closing := [session.leave() for session in self.sessions.all() if not session.leaving]:
            await asyncio.wait(closing, timeout=STOP_SECONDS)
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
