"""A Redis Cluster: names have slots, slots have nodes, and both may move while the layer runs."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,
    MovedError,
    ResponseError,
    TryAgainError,
)

from hubbub.engine.logs import quiet_logger
from hubbub.layers.redis.hosts import Host
from hubbub.layers.redis.scripts import Script, Scripts
from hubbub.layers.redis.servers import Server
from hubbub.layers.redis.subscriber import Ended, Listener, Receive
from hubbub.layers.redis.wire import Argument, Wire, pause

logger = quiet_logger("hubbub.layer")

TRIES = 5
ELSEWHERE = (MovedError, AskError, TryAgainError, ClusterDownError)
SLOTS = 16_384


class Cluster:
    """The nodes that are responsible for something, each with its connections. What moves is followed where it goes."""

    def __init__(self, host: Host, listener: Listener) -> None:
        self.scripts = Scripts("SPUBLISH")
        self._host = host
        self._listener = listener
        self._nodes: dict[str, Server] = {}
        self._slots: list[str] = [""] * SLOTS
        """The node of each slot, by name; empty where the cluster has not been asked."""
        self._followed: dict[bytes, tuple[Receive, Callable[[], None] | None, Server]] = {}
        self._moved = False
        """Whether something is followed elsewhere than before, and nobody has been told."""
        self._looking: asyncio.Task[None] | None = None
        self._wanted = False
        """Whether something was lost or ended since the cluster was last asked."""
        self._closing: set[asyncio.Task[None]] = set()

    async def run(self, script: Script, name: bytes, *args: Argument) -> Any:
        for attempt in range(TRIES):
            await self.prepare()
            try:
                return await self._home(name).wire.run(script, name, *args)
            except ConnectionError:
                self._look_soon()
                raise
            except ResponseError as error:
                # It was not carried out there; a slot on its way is with neither for a moment.
                if not isinstance(error, ELSEWHERE) or attempt + 1 == TRIES:
                    raise
            await asyncio.sleep(pause(attempt))
            await self._look()
        raise AssertionError

    async def prepare(self) -> None:
        if not self._slots[0]:
            await self._look()

    def follow(self, name: bytes, receive: Receive, ready: Callable[[], None] | None = None) -> None:
        server = self._home(name)
        self._followed[name] = (receive, ready, server)
        server.subscriber.follow(name, receive, ready)

    async def confirmed(self, name: bytes) -> None:
        attempts = itertools.count(1)
        while (followed := self._followed.get(name)) is not None:
            try:
                await followed[2].subscriber.confirmed(name)
            except ConnectionError as error:
                # A node that has not got the slot any more has refused it; and another follows what that one has lost.
                moved = isinstance(error, Ended) or isinstance(error.__cause__, ELSEWHERE)
                if not moved or next(attempts) == TRIES:
                    raise
                await asyncio.sleep(pause(0))
                await self._look()
            else:
                if self._followed.get(name) is followed:
                    return  # And not let go because it is followed elsewhere now.

    def leave(self, name: bytes) -> None:
        if (followed := self._followed.pop(name, None)) is not None:
            followed[2].subscriber.leave(name)

    async def everywhere(self) -> list[Wire]:
        await self._look()
        return [self._nodes[name].wire for name in sorted(set(self._slots))]

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await asyncio.gather(*self._closing, *(server.close() for server in self._nodes.values()))

    # As the listener of its nodes

    def lost(self) -> None:
        self._listener.lost()
        self._look_soon()

    def regained(self) -> None:
        self._listener.regained()

    def moved(self, name: bytes) -> None:
        self._look_soon()

    # Where things are

    def _home(self, name: bytes) -> Server:
        return self._nodes[self._slots[key_slot(name)]]

    def _look_soon(self) -> None:
        """Ask the cluster, in the background, until all that is followed has been found again."""
        self._wanted = True
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look_around(), name="layer cluster")

    async def _look_around(self) -> None:
        attempts = itertools.count()
        while self._wanted:
            await asyncio.sleep(pause(next(attempts)))
            self._wanted = False
            try:
                await self._look()
                for name in list(self._followed):
                    await self.confirmed(name)
            except ConnectionError as error:
                logger.warning("The channel layer cannot see its cluster: %s.", error)
                self._wanted = True
            else:
                if self._moved:
                    self._moved = False
                    self._listener.regained()

    async def _look(self) -> None:
        """Ask any node which node has which slots. Raises ConnectionError where none answers."""
        error: Exception = ConnectionError("no node was asked")
        for host in [server.host for server in self._nodes.values()] + [self._host]:
            try:
                ranges = await self._node(host).wire.call("CLUSTER", "SLOTS")
            except (ConnectionError, ResponseError) as failed:
                error = failed
                continue
            slots = [""] * SLOTS
            for first, last, (address, port, *_), *_ in ranges:
                at = (address or b"").decode() or str(host.options["host"])
                slots[first : last + 1] = [self._node(self._host.at(at, port)).host.name] * (last - first + 1)
            if all(slots):
                self._slots = slots
                self._follow_where_it_is()
                return
            error = ConnectionError("not all slots have a node")
        raise ConnectionError(f"the cluster of {self._host.name} does not answer: {error}") from error

    def _node(self, host: Host) -> Server:
        found = self._nodes.get(host.name)
        if found is None:
            found = self._nodes[host.name] = Server(host, self)
        return found

    def _follow_where_it_is(self) -> None:
        for name, (receive, ready, old) in list(self._followed.items()):
            new = self._home(name)
            if new is not old or not new.subscriber.follows(name):
                old.subscriber.leave(name)
                new.subscriber.follow(name, receive, ready)
                self._followed[name] = (receive, ready, new)
                self._moved = True
        if self._moved:
            self._look_soon()
        for node in self._nodes.keys() - {*self._slots, self._host.name}:
            closing = asyncio.get_running_loop().create_task(self._nodes.pop(node).close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
