"""A plain client, as somebody who has never heard of hubbub would write it, and the people who use it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websocket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.services import HOST, LiveServer

TIMEOUT = 20.0
"""Seconds after which what ought to come has not come; nothing waits for this where all is well."""


@dataclass(frozen=True)
class Person:
    """Somebody with an account, signed in by cookie and by token."""

    id: int
    username: str
    cookie: str
    token: str
    refresh: str
    expired: str

    @property
    def sender(self) -> dict[str, Any]:
        """The person as a message's ``sender``."""
        return {"id": self.id, "username": self.username, "first_name": "First", "last_name": "Last"}


class Socket:
    """One connection: JSON text frames in and out."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    @property
    def subprotocol(self) -> str | None:
        return self.connection.subprotocol

    async def send(self, **frame: Any) -> None:
        """Send the keywords as an object."""
        await self.send_text(json.dumps(frame))

    async def send_text(self, text: str | bytes) -> None:
        await self.connection.send(text)

    async def send_raw_text(self, text: bytes) -> None:
        """Send bytes as a text frame, UTF-8 or not."""
        await self.connection.send(text, text=True)

    async def frame(self) -> dict[str, Any]:
        """The next frame."""
        text = await asyncio.wait_for(self.connection.recv(), TIMEOUT)
        assert isinstance(text, str), "only text frames are ever sent"
        found = json.loads(text)
        assert isinstance(found, dict)
        return found

    async def frames(self, count: int) -> list[dict[str, Any]]:
        return [await self.frame() for _ in range(count)]

    async def error(self) -> str:
        """The text of the next frame, which must be an error of the one shape."""
        frame = await self.frame()
        assert_error(frame)
        return cast("str", frame["error"])

    async def closed(self) -> int:
        """The code of the close that must come next, before any frame."""
        with pytest.raises(ConnectionClosed) as caught:
            pytest.fail(f"a frame instead of a close: {await asyncio.wait_for(self.connection.recv(), TIMEOUT)!r}")
        assert caught.value.rcvd is not None, "the connection broke off without a close frame"
        return int(caught.value.rcvd.code)

    async def close(self, code: int = 1000, reason: str = "") -> int:
        """Close and return the code that the server's close frame carries."""
        await self.connection.close(code, reason)
        protocol = self.connection.protocol
        assert protocol.close_rcvd is not None
        return int(protocol.close_rcvd.code)


def assert_error(frame: dict[str, Any]) -> None:
    """The shape of every error, on every URL of these formats."""
    assert frame["type"] == "error", frame
    assert isinstance(frame["code"], str)
    assert frame["code"]
    assert isinstance(frame["error"], str)
    assert frame["error"] == frame["message"]
    assert frame["error"]
    assert frame["username"] == "System"


@asynccontextmanager
async def connect(
    server: LiveServer,
    path: str,
    *,
    by: Person | None = None,
    cookie: str | None = None,
    token: str | None = None,
    origin: str | None = None,
    host: str = HOST,
    headers: dict[str, str] | None = None,
    subprotocols: Sequence[str] = (),
) -> AsyncIterator[Socket]:
    """A socket on ``/ws/<path>``; ``by`` somebody's cookie, ``host`` the name that the server is called by.

    Raises InvalidStatus where the handshake fails.
    """
    url = f"ws://{host}:{server.port}/ws/{quote(path)}" + (f"?token={quote(token)}" if token is not None else "")
    sent = dict(headers or {})
    if by is not None or cookie is not None:
        sent["Cookie"] = f"sessionid={by.cookie if by is not None else cookie}"
    async with websocket(
        url,
        proxy=None,
        host=HOST,
        port=server.port,
        origin=cast("Origin | None", origin),
        additional_headers=sent,
        subprotocols=cast("Sequence[Subprotocol] | None", list(subprotocols) or None),
        open_timeout=TIMEOUT,
        max_size=2**24,
        max_queue=None,  # A client that leaves frames unread still sees the close.
    ) as connection:
        yield Socket(connection)


async def refused(server: LiveServer, path: str, **options: Any) -> int:
    """The code with which a socket is closed before any frame, or the HTTP status of its handshake."""
    try:
        async with connect(server, path, **options) as socket:
            return await socket.closed()
    except InvalidStatus as error:
        return error.response.status_code


@asynccontextmanager
async def conversation(server: LiveServer, person: Person, id: int) -> AsyncIterator[Socket]:
    """A socket of format 1, past its greeting."""
    async with connect(server, f"chat/{id}/", by=person) as socket:
        assert await socket.frame() == {"type": "connection_established", "message": "Connected to chat"}
        yield socket


@asynccontextmanager
async def full(server: LiveServer, person: Person | None) -> AsyncIterator[Socket]:
    """A socket of the full protocol, past its ``ready``."""
    async with connect(server, "", by=person) as socket:
        assert (await socket.frame())["type"] == "ready"
        yield socket


async def ask(socket: Socket, type: str, topic: str | None = None, **data: Any) -> dict[str, Any]:
    """A command of the full protocol and what it is replied to; events that come before are thrown away."""
    await socket.send(id=1, type=type, topic=topic, data=data)
    while (frame := await socket.frame()).get("id") != 1:
        if frame["type"] == "ping":
            await socket.send(type="pong")
    assert "ok" in frame, frame
    return cast("dict[str, Any]", frame["ok"])


async def talk(server: LiveServer, first: Person, *others: Person, title: str = "") -> int:
    """The id of a new conversation."""
    async with full(server, first) as socket:
        names = [other.username for other in others]
        made = await ask(socket, "chat.create", participants=names, title=title)
        return int(made["conversation"]["id"])


@asynccontextmanager
async def rest(server: LiveServer, person: Person) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client signed in by token."""
    headers = {"Authorization": f"Bearer {person.token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=TIMEOUT, trust_env=False) as http:
        yield http
