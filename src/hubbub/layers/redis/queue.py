"""Channels that several processes may receive on: the messages wait on the server, whoever is free takes the next."""

import asyncio
from contextlib import suppress
from typing import Any

from redis.exceptions import ConnectionError

from hubbub.engine.tasks import TaskGroup
from hubbub.layers.redis.servers import Servers

RETRY_SECONDS = 1.0


class _Bell:
    """Tells those who found nothing that something has come since they looked."""

    def __init__(self) -> None:
        self.rings = 0
        self.listeners = 0
        self.followed = False
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self, data: bytes = b"") -> None:
        self.rings += 1
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def after(self, seen: int) -> None:
        """Wait for a ring after the first ``seen``."""
        if self.rings != seen:
            return
        rung: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(rung)
        try:
            await rung
        finally:
            self._waiting.discard(rung)


class SharedQueues:
    """Takes messages from queues on the servers, as they come: woken by the server, never by the clock.

    Args:
        expiry: seconds that a message may wait.
    """

    def __init__(self, servers: Servers, tasks: TaskGroup, expiry: float) -> None:
        self._servers = servers
        self._tasks = tasks
        self._expiry = int(expiry * 1000)
        self._bells: dict[bytes, _Bell] = {}

    async def take(self, name: bytes) -> bytes:
        """The next message of a queue, waited for as long as it takes, also while the server is away."""
        bell = self._bells.setdefault(name, _Bell())
        bell.listeners += 1
        try:
            return await self._take(name, bell)
        finally:
            bell.listeners -= 1
            if not bell.listeners:
                del self._bells[name]
                self._servers.leave(name)

    async def _take(self, name: bytes, bell: _Bell) -> bytes:
        while True:
            seen = bell.rings
            try:
                if (item := await self._take_one(name)) is not None:
                    return item.partition(b" ")[2]
                if not bell.followed:
                    await self._servers.prepare()
                    bell.followed = True
                    self._servers.follow(name, bell.ring, bell.ring)  # It rings once it is sure that it will.
            except ConnectionError:
                with suppress(TimeoutError):
                    async with asyncio.timeout(RETRY_SECONDS):
                        await bell.after(seen)
                continue
            await bell.after(seen)

    async def _take_one(self, name: bytes) -> bytes | None:
        """One item, or None. Who is cancelled meanwhile takes nothing along."""
        taking = asyncio.get_running_loop().create_task(self._servers.run(self._servers.scripts.take, name, 1))
        try:
            items: list[bytes] = await asyncio.shield(taking)
        except asyncio.CancelledError:
            self._tasks.spawn(self._give_back(name, taking), "layer give back")
            raise
        return items[0] if items else None

    async def _give_back(self, name: bytes, taking: "asyncio.Task[Any]") -> None:
        with suppress(ConnectionError):
            for item in await taking:
                await self._servers.run(self._servers.scripts.give_back, name, item, self._expiry)
