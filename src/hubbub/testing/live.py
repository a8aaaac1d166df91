"""The real engine in a test: Django's database, writer and readers on the test's own event loop."""

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, Self, TypeVar

import msgspec
from django.db import connections

from hubbub.django import runtime
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import Actor, guest
from hubbub.engine.engine import Engine
from hubbub.engine.session import Session
from hubbub.protocol.dialect import V1_DIALECT, Dialect
from hubbub.testing.connection import FakeConnection

P = ParamSpec("P")
T = TypeVar("T")

TIMEOUT = 10.0


class LiveConnection(FakeConnection):
    """A client's end of a session of ``LiveEngine``. Nothing sleeps: every wait ends with what it is for."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = asyncio.Event()

    async def send(self, frame: bytes) -> None:
        await super().send(frame)
        self._changed.set()

    async def close(self, code: int, reason: str) -> None:
        await super().close(code, reason)
        self._changed.set()

    async def until(self, condition: Callable[[], T]) -> T:
        """Wait until ``condition()`` is true of the frames, and return it. Raises AssertionError."""
        try:
            async with asyncio.timeout(TIMEOUT):
                while not (found := condition()):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited in vain; closed: {self.closed}, frames: {self.frames}") from None
        return found

    async def command(self, type: str, topic: str | None = None, **more: Any) -> dict[str, Any]:
        self._next_id += 1
        id = self._next_id
        frame: dict[str, Any] = {"id": id, "type": type, **more}
        if topic is not None:
            frame["topic"] = topic
        self.send_text(msgspec.json.encode(frame).decode())
        return (await self.until(lambda: [each for each in self.frames if each.get("id") == id]))[0]

    async def ok(self, type: str, topic: str | None = None, **more: Any) -> dict[str, Any]:
        """Send a command that must succeed; returns what is in its reply."""
        reply = await self.command(type, topic, **more)
        assert "ok" in reply, reply
        found: dict[str, Any] = reply["ok"]
        return found

    async def error(self, type: str, topic: str | None = None, **more: Any) -> str:
        """Send a command that must fail; returns the error's code."""
        reply = await self.command(type, topic, **more)
        assert "error" in reply, reply
        code: str = reply["error"]["code"]
        return code

    async def seen(self, type: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until ``count`` frames of a type have come; returns all of that type."""
        await self.until(lambda: len(self.of(type)) >= count)
        return self.of(type)

    def of(self, type: str) -> list[dict[str, Any]]:
        """The frames of a type so far."""
        return [frame for frame in self.frames if frame["type"] == type]


class LiveEngine:
    """``async with LiveEngine() as live: alice = await live.connect(user)``.

    For tests with ``django_db(transaction=True)`` and a database that is a file or a server.
    """

    engine: Engine

    async def __aenter__(self) -> Self:
        self.engine = await runtime.get_engine()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await runtime.stop()

    async def connect(
        self, user: Any = None, dialect: Dialect = V1_DIALECT, topics: list[str] | None = None
    ) -> LiveConnection:
        """Open a session for a Django user, an Actor, or None for a guest."""
        connection = LiveConnection()
        if user is None:
            actor = guest(f"guest-{id(connection)}")
        else:
            actor = user if isinstance(user, Actor) else actor_of_user(user)
        connection.session = Session(self.engine, connection, actor, dialect)
        await connection.session.open(topics or [], self.engine.clock.monotonic())
        return connection

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what may block, an action or a query, as another thread of the process would."""

        def call() -> T:
            try:
                return function(*args, **kwargs)
            finally:
                connections.close_all()

        return await asyncio.to_thread(call)
