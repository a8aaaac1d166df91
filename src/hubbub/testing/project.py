"""The project's own handlers, topics and database, with a connection in memory and a clock of the test's own."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, ParamSpec, Self, TypeVar

from channels.layers import get_channel_layer

from hubbub.django import runtime
from hubbub.django.auth import actor_of_token
from hubbub.django.conf import database_alias, engine_settings, hubbub_settings, rates
from hubbub.django.groups import groups_over
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.actor import Actor
from hubbub.engine.engine import Engine
from hubbub.engine.limits import Limiter
from hubbub.engine.ports import NoRelay
from hubbub.engine.session import Session
from hubbub.engine.sockets import SocketRoute, routes
from hubbub.protocol.errors import HubbubError
from hubbub.protocol.frames import Event
from hubbub.testing.clock import FakeClock
from hubbub.testing.connection import FakeConnection, settle
from hubbub.testing.inline import TestChecks, TestReader, TestTail, TestWriter, in_test_thread
from hubbub.testing.people import actor_for, make_user
from hubbub.transports.websocket import code_for

P = ParamSpec("P")
T = TypeVar("T")

ONE_ENGINE = "Another engine runs in this test: use a live server or connections in memory, not both."


class InlineRuntime(runtime.Runtime):
    """A process's engine without threads: nothing happens unless the test's loop runs."""

    call = staticmethod(in_test_thread)

    def __init__(self, clock: FakeClock) -> None:
        alias = database_alias()
        self.loop = asyncio.get_running_loop()
        self.store = DjangoStreamStore(alias)
        self.writer = TestWriter(alias)
        self.reader = TestReader(alias)  # type: ignore[assignment]
        self.checks = TestChecks()  # type: ignore[assignment]
        self.relay = NoRelay()
        self.log = TestTail(alias)
        self.engine = Engine(
            store=self.store,
            writer=self.writer,
            reader=self.reader,
            relay=self.relay,
            clock=clock,
            settings=engine_settings(),
            limiter=Limiter(rates(), clock),
            authenticate_token=self._actor_of_token,
            groups=groups_over(get_channel_layer(hubbub_settings().channel_layer)),
        )

    def committed(self, events: list[Event]) -> None:
        self.engine.hub.publish(events)

    async def start(self) -> None:
        await in_test_thread(self.log.begin)
        await self.engine.start()
        self.engine.groups.start(self.engine)

    async def stop(self) -> None:
        await self.engine.stop()


class ProjectEngine:
    """``async with ProjectEngine() as hub: alice = await hub.connect(user)``.

    Runs in the test's thread and in its transaction, so it works in Django's ``TestCase`` and with pytest-django's
    ``db`` as well as with real transactions. What an action puts off with ``on_commit`` runs when the action is
    done, events of views and of code beside it arrive when the test next waits for something.
    ``clock`` stands still until ``await hub.clock.advance(seconds)``.
    """

    def __init__(self) -> None:
        self.clock = FakeClock(datetime.now(UTC))
        self.clock.catch_up = self.catch_up
        self._runtime: InlineRuntime | None = None

    @property
    def engine(self) -> Engine:
        assert self._runtime is not None, "connect somebody first"
        return self._runtime.engine

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def _start(self) -> InlineRuntime:
        if self._runtime is None:
            if runtime.current() is not None:
                raise RuntimeError(ONE_ENGINE)
            made = InlineRuntime(self.clock)
            await runtime.begin(made)
            self._runtime = made
        return self._runtime

    async def stop(self) -> None:
        """Close all connections."""
        if self._runtime is not None and runtime.current() is self._runtime:
            await runtime.stop()
        self._runtime = None

    def abandon(self) -> None:
        """Stop, from outside the loop, which may have ended."""
        made, self._runtime = self._runtime, None
        if made is None:
            return
        runtime.forget(made)
        if not made.loop.is_closed() and not made.loop.is_running():
            made.loop.run_until_complete(made.stop())

    async def connect(self, user: Any = None, path: str = "", *, token: str = "") -> FakeConnection:
        """Connect a Django user, an Actor, the owner of an access token, or None for a guest.

        ``path`` is the socket's URL below ``SOCKET_PREFIX``. A connection that is refused comes back closed, with
        the code that a client would see. Raises LookupError where no socket has that path.
        """
        await self._start()
        route, params = _route_of(path)
        connection = FakeConnection("the client", self.catch_up)
        connection.user = user
        try:
            actor = await in_test_thread(partial(actor_of_token, token) if token else partial(actor_for, user))
            connection.name = actor.username
            await self._open(connection, actor, route, params)
        except HubbubError as error:
            session = getattr(connection, "session", None)
            connection.closed = int((session and session.closing) or code_for(error))
            if session is not None:
                session.ended()
        await self.catch_up()
        return connection

    async def _open(self, connection: FakeConnection, actor: Actor, route: SocketRoute, params: dict[str, str]) -> None:
        engine = self.engine
        binding = await route.bind(engine, actor, params)
        session = connection.session = Session(engine, connection.sink, actor, binding.dialect)
        await session.open(
            binding.topics,
            engine.clock.monotonic(),
            snapshot=binding.snapshot,
            authorize=binding.authorize,
            all=binding.all,
        )

    async def pair(self, first: Any = "alice", second: Any = "bob", path: str = "") -> tuple[FakeConnection, ...]:
        """Two connected users. A name makes a user of that name, to be found as ``connection.user``."""
        users = [await self.run(make_user, each) if isinstance(each, str) else each for each in (first, second)]
        return await self.connect(users[0], path), await self.connect(users[1], path)

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what may block, the ORM for example, in the test's thread and transaction."""
        result = await in_test_thread(partial(function, *args, **kwargs))
        await self.catch_up()
        return result

    async def catch_up(self) -> None:
        """Let everything happen and arrive that is under way."""
        if self._runtime is None:
            await settle()
            return
        await settle()
        self.engine.hub.post(await in_test_thread(self._runtime.log.read))
        await settle()


def _route_of(path: str) -> tuple[SocketRoute, dict[str, str]]:
    """The route of a socket below the prefix, and the path's named groups. Raises LookupError."""
    for route in routes:
        if found := re.fullmatch(route.pattern, path):
            return route, {key: value for key, value in found.groupdict().items() if value is not None}
    raise LookupError(f"No socket has the path {path!r}; there are {', '.join(repr(each.pattern) for each in routes)}.")
