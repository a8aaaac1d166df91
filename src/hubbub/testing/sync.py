"""The same for tests that are no coroutines: each call runs the event loop until it has its answer."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from hubbub.protocol.frames import Position
from hubbub.testing.connection import TIMEOUT, FakeConnection
from hubbub.testing.faults import Way
from hubbub.testing.project import ProjectEngine

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]


class SyncEngine:
    """``with SyncEngine() as hub: alice = hub.connect(user)``. A ``ProjectEngine`` with a loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._hub = ProjectEngine()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close all connections."""
        if not self._loop.is_closed():
            self._run(self._hub.stop())
            self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def connect(self, user: Any = None, path: str = "", *, token: str = "") -> "SyncConnection":
        """Connect a Django user, an Actor, the owner of an access token, or None for a guest."""
        return SyncConnection(self._run(self._hub.connect(user, path, token=token)), self._run)

    def pair(self, first: Any = "alice", second: Any = "bob", path: str = "") -> "tuple[SyncConnection, ...]":
        """Two connected users. A name makes a user of that name, to be found as ``connection.user``."""
        return tuple(SyncConnection(each, self._run) for each in self._run(self._hub.pair(first, second, path)))

    def advance(self, seconds: float) -> None:
        """Let time pass on the engine's clock."""
        self._run(self._hub.clock.advance(seconds))


class SyncConnection:
    """A ``FakeConnection`` whose methods need no ``await``; ``connection`` is that one."""

    def __init__(self, connection: FakeConnection, run: "Run[Any]") -> None:
        self.connection = connection
        self._run = run

    # What was seen

    @property
    def user(self) -> Any:
        return self.connection.user

    @property
    def frames(self) -> list[dict[str, Any]]:
        return self.connection.frames

    @property
    def closed(self) -> int | None:
        return self.connection.closed

    @property
    def positions(self) -> dict[str, Position]:
        return self.connection.positions

    @property
    def to_client(self) -> Way[bytes]:
        return self.connection.to_client

    @property
    def to_server(self) -> Way[str | bytes | None]:
        return self.connection.to_server

    def events(self, topic: str | None = None) -> list[dict[str, Any]]:
        return self.connection.events(topic)

    def report(self) -> str:
        return self.connection.report()

    # What is done

    def command(self, type: str, topic: str | None = None, data: Any = None, **more: Any) -> dict[str, Any]:
        reply: dict[str, Any] = self._run(self.connection.command(type, topic, data, **more))
        return reply

    def send(self, type: str, topic: str | None = None, data: Any = None, **more: Any) -> dict[str, Any]:
        ok: dict[str, Any] = self._run(self.connection.send(type, topic, data, **more))
        return ok

    def error(self, type: str, topic: str | None = None, data: Any = None, **more: Any) -> str:
        code: str = self._run(self.connection.error(type, topic, data, **more))
        return code

    def subscribe(self, topic: str, *, since: Position | None = None, snapshot: bool = False) -> dict[str, Any]:
        ok: dict[str, Any] = self._run(self.connection.subscribe(topic, since=since, snapshot=snapshot))
        return ok

    def wait_for(self, condition: Callable[[], T], what: str = "", timeout: float = TIMEOUT) -> T:
        found: T = self._run(self.connection.wait_for(condition, what, timeout))
        return found

    def event(self, type: str = "", topic: str = "", timeout: float = TIMEOUT) -> dict[str, Any]:
        event: dict[str, Any] = self._run(self.connection.event(type, topic, timeout))
        return event

    def no_event(self, type: str = "", topic: str = "") -> None:
        self._run(self.connection.no_event(type, topic))

    def wait_closed(self) -> int:
        code: int = self._run(self.connection.wait_closed())
        return code

    def cut(self) -> None:
        self._run(_call(self.connection.cut))

    def resume(self) -> None:
        self._run(_call(self.connection.resume))

    def stall(self) -> None:
        self.connection.stall()


async def _call(function: Callable[[], None]) -> None:
    function()  # On the loop: it may start tasks.
