"""The real engine in a test: Django's database, writer and readers on the test's own event loop."""

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, Self, TypeVar

from django.db import connections

from hubbub.django import runtime
from hubbub.engine.engine import Engine
from hubbub.engine.session import Session
from hubbub.protocol.dialect import V1_DIALECT, Dialect
from hubbub.testing.connection import FakeConnection
from hubbub.testing.people import actor_for

P = ParamSpec("P")
T = TypeVar("T")


class LiveEngine:
    """``async with LiveEngine() as live: alice = await live.connect(user)``.

    With all its threads, as a server has it: for tests with ``django_db(transaction=True)`` and a database that
    is a file or a server. ``ProjectEngine`` needs neither, and is faster.
    """

    engine: Engine

    async def __aenter__(self) -> Self:
        self.engine = await runtime.get_engine()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await runtime.stop()

    async def connect(
        self, user: Any = None, dialect: Dialect = V1_DIALECT, topics: list[str] | None = None
    ) -> FakeConnection:
        """Open a session for a Django user, an Actor, or None for a guest."""
        actor = actor_for(user)
        connection = FakeConnection(actor.username)
        connection.session = Session(self.engine, connection.sink, actor, dialect)
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
