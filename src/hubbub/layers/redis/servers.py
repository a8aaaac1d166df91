"""Which server is responsible for a name: one of several, or a node of a cluster."""

import asyncio
import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

from hubbub.layers.redis.hosts import Host
from hubbub.layers.redis.scripts import Script, Scripts
from hubbub.layers.redis.subscriber import Listener, Receive, Subscriber
from hubbub.layers.redis.wire import Argument, Wire


class Server:
    """One server as one event loop sees it: a connection for commands and one for what it follows."""

    def __init__(self, host: Host, listener: Listener) -> None:
        self.host = host
        self._listener = listener
        self._source = host.source()
        self.wire = Wire(host, self._source)
        self.subscriber = Subscriber(host, self._source, self, sharded=host.cluster)

    def lost(self) -> None:
        self._listener.lost()

    def regained(self) -> None:
        self.wire.try_again()
        self._listener.regained()

    def moved(self, name: bytes) -> None:
        self._listener.moved(name)

    async def close(self) -> None:
        await asyncio.gather(self.wire.close(), self.subscriber.close())
        await self._source.close()


class Servers(Protocol):
    """All servers of a layer, on one event loop."""

    scripts: Scripts

    async def run(self, script: Script, name: bytes, *args: Argument) -> Any:
        """Run a script where ``name``, its key, is at home. Raises redis-py's ConnectionError and ResponseError."""
        ...

    async def prepare(self) -> None:
        """Learn where names are at home; before the first ``follow``. Raises ConnectionError."""
        ...

    def follow(self, name: bytes, receive: Receive, ready: Callable[[], None] | None = None) -> None:
        """As ``Subscriber.follow``, where the name is at home, wherever that may be later."""
        ...

    async def confirmed(self, name: bytes) -> None:
        """As ``Subscriber.confirmed``."""
        ...

    def leave(self, name: bytes) -> None:
        """As ``Subscriber.leave``."""
        ...

    async def everywhere(self) -> list[Wire]:
        """The wires to every server. Raises ConnectionError."""
        ...

    async def close(self) -> None: ...


class Ring:
    """Several servers that do not know of each other: a name's home is the one that scores highest for it.

    Another server more or less moves only the names that are at home there.
    """

    def __init__(self, hosts: list[Host], listener: Listener) -> None:
        self.scripts = Scripts("PUBLISH")
        self._servers = [Server(host, listener) for host in hosts]
        self._names = tuple(host.name for host in hosts)

    def _home(self, name: bytes) -> Server:
        return self._servers[home_of(name, self._names)]

    async def run(self, script: Script, name: bytes, *args: Argument) -> Any:
        return await self._home(name).wire.run(script, name, *args)

    async def prepare(self) -> None:
        return None

    def follow(self, name: bytes, receive: Receive, ready: Callable[[], None] | None = None) -> None:
        self._home(name).subscriber.follow(name, receive, ready)

    async def confirmed(self, name: bytes) -> None:
        await self._home(name).subscriber.confirmed(name)

    def leave(self, name: bytes) -> None:
        self._home(name).subscriber.leave(name)

    async def everywhere(self) -> list[Wire]:
        return [server.wire for server in self._servers]

    async def close(self) -> None:
        await asyncio.gather(*(server.close() for server in self._servers))


def home_of(name: bytes, servers: tuple[str, ...]) -> int:
    """The place of the server that a name belongs to: by rendezvous hashing, the same in every process."""
    return 0 if len(servers) == 1 else _highest(name, servers)


@lru_cache(maxsize=10_000)
def _highest(name: bytes, servers: tuple[str, ...]) -> int:
    scores = [hashlib.blake2b(name, key=_short(server), digest_size=8).digest() for server in servers]
    return scores.index(max(scores))


def _short(server: str) -> bytes:
    return hashlib.blake2b(server.encode(), digest_size=16).digest()
