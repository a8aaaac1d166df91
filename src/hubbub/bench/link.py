"""One connection of a client, and the ways in which it can be bad."""

import asyncio
import socket
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

GONE_SECONDS = 30.0
"""How long a server hears nothing of a connection that was lost; then somebody else has the address, and resets it."""
OPEN_SECONDS = 10.0


async def open_link(url: str, headers: dict[str, str] | None = None, *, small: bool = False) -> ClientConnection:
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
