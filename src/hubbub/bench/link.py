"""A client's way to the server, and the ways in which it can be bad."""

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from hubbub.bench.stopwatch import Stopwatch
from hubbub.protocol.close import Close

RECONNECT_SECONDS = 0.05
FOR_GOOD = (Close.NOT_AUTHENTICATED, Close.NOT_ALLOWED)

GONE_SECONDS = 30.0
"""How long a server hears nothing of a connection that was lost; then somebody else has the address, and resets it."""
OPEN_SECONDS = 10.0


class Refused(Exception):
    """The server will not do what it was asked, however often it is asked."""


class NoEnd(Exception):
    """A client was never told to end."""


def soon(attempt: int) -> float:
    """Seconds to wait before the repeat number ``attempt``, for who can't wait."""
    return RECONNECT_SECONDS


async def open_link(url: str, headers: Mapping[str, str] | None = None, *, small: bool = False) -> ClientConnection:
    """A WebSocket, read by nobody yet. ``small``: its system takes little of what it doesn't read.

    Raises OSError, TimeoutError and what websockets raises.
    """
    options: dict[str, Any] = {"sock": _small_socket(url), "max_queue": 1} if small else {}
    return await connect(
        url, proxy=None, additional_headers=headers, open_timeout=OPEN_SECONDS, close_timeout=1, ping_interval=None,
        max_size=2**24, **options,
    )  # fmt: skip


def _small_socket(url: str) -> socket.socket:
    where = urlsplit(url)
    port = where.port or (443 if where.scheme == "wss" else 80)
    family, _, _, _, address = socket.getaddrinfo(where.hostname, port, type=socket.SOCK_STREAM)[0]
    small = socket.socket(family)
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.connect(address)
    small.setblocking(False)
    return small


class Abandoned:
    """Connections whose client has lost the network: open as far as the server knows, and silent both ways.

    The system still acknowledges what fits into its buffer for them, which a lost network would not.
    """

    def __init__(self) -> None:
        self._links: set[ClientConnection] = set()

    def add(self, link: ClientConnection) -> None:
        link.transport.pause_reading()
        self._links.add(link)
        asyncio.get_running_loop().call_later(GONE_SECONDS, self._reset, link)

    def _reset(self, link: ClientConnection) -> None:
        self._links.discard(link)
        link.transport.abort()

    def end(self) -> None:
        for link in list(self._links):
            self._reset(link)


class Line:
    """Connects, and again, until it is cancelled.

    ``wait`` gives the seconds before each attempt to connect again. The ``watch`` is told when that could begin, and
    when it has come to ``serves``.
    """

    def __init__(
        self, name: str, url: str, headers: Mapping[str, str] | None, watch: Stopwatch,
        wait: Callable[[int], float], *, small: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        self.refusals: Counter[str] = Counter()
        """How often it was turned away, or closed, by what the server said."""
        self._url, self._headers, self._small = url, headers, small
        self._watch, self._wait = watch, wait
        self._repeat = -1
        """Which attempt in a row is next; the first one of all waits for nothing."""
        self._network = asyncio.Event()
        self._network.set()
        self._link: ClientConnection | None = None
        self._attempt: asyncio.Task[None] | None = None
        self._abandoned = Abandoned()

    def lose(self) -> None:
        """Nothing passes any more, neither way, and nobody says goodbye: the server isn't told."""
        self._network.clear()
        self._watch.gone(self.name)
        if self._attempt is not None:
            self._attempt.cancel()

    def regain(self) -> None:
        """Connections can be made again, and the system tells the client so."""
        self._network.set()

    def cut(self) -> None:
        """Reset the connection, as a crashed proxy does."""
        if self._link is not None:
            self._link.transport.abort()

    def serves(self) -> None:
        """The client has got what it connected for."""
        self._repeat = -1
        self._watch.back(self.name)

    async def run(self, converse: Callable[[ClientConnection], Awaitable[None]], seconds: float) -> None:
        """Call ``converse`` with each connection, in bounded time. Raises Refused, NoEnd."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        try:
            await self._once(converse)
            while loop.time() < deadline:
                await self._network.wait()
                self._watch.away(self.name)
                self._repeat += 1
                await asyncio.sleep(self._wait(self._repeat))
                if self._network.is_set():
                    await self._once(converse)
            raise NoEnd(f"{self.name} did not come to an end within {seconds:.0f} s.")
        finally:
            self._abandoned.end()

    async def _once(self, converse: Callable[[ClientConnection], Awaitable[None]]) -> None:
        """One connection, to its end, however that comes. Raises Refused."""
        self._attempt = asyncio.create_task(self._connection(converse))
        try:
            await self._attempt
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
        except (OSError, EOFError, WebSocketException, TimeoutError) as error:
            self._note(error)

    async def _connection(self, converse: Callable[[ClientConnection], Awaitable[None]]) -> None:
        link = self._link = await open_link(self._url, self._headers, small=self._small)
        try:
            await converse(link)
        finally:
            self._link = None
            if self._network.is_set():
                await link.close()
            else:
                self._abandoned.add(link)

    def _note(self, error: Exception) -> None:
        """Raises Refused for what will be the same the next time."""
        if isinstance(error, ConnectionClosed) and error.rcvd is not None:
            self.refusals[f"{error.rcvd.code} {error.rcvd.reason}".strip()] += 1
            if error.rcvd.code in FOR_GOOD:
                raise Refused(f"{self.name} was closed {error.rcvd.code}: {Close(error.rcvd.code).meaning}")
        elif isinstance(error, InvalidStatus):
            self.refusals[f"HTTP {error.response.status_code}"] += 1
        elif isinstance(error, OSError) and not isinstance(error, TimeoutError):
            self.refusals[error.strerror or str(error)] += 1
