"""A whole engine in memory, on a clock of one's own."""

import dataclasses
from typing import Any, Self

import msgspec

from hubbub.engine.actor import Actor, guest, user_key
from hubbub.engine.engine import Engine
from hubbub.engine.limits import Limiter, Rate
from hubbub.engine.ports import NoRelay, Relay
from hubbub.engine.session import Session
from hubbub.engine.settings import EngineSettings
from hubbub.protocol.dialect import V1_DIALECT, Dialect
from hubbub.protocol.errors import NotAuthenticated
from hubbub.protocol.frames import Event
from hubbub.testing.clock import FakeClock
from hubbub.testing.connection import FakeConnection, settle
from hubbub.testing.store import DirectReader, DirectWriter, MemoryStore


class MemoryEngine:
    """``async with MemoryEngine() as engine: alice = await engine.connect("alice")``.

    ``rates`` are the named limits; other keyword arguments those of ``EngineSettings``.
    ``engine.tokens`` maps access tokens to actors.
    """

    def __init__(self, rates: dict[str, Rate] | None = None, **settings: Any) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore()
        self.reader = DirectReader()
        self.writer = DirectWriter()
        self.relay: Relay = NoRelay()
        self.tokens: dict[str, Actor] = {}
        self._guests = 0
        self._rates = rates or {}
        self._settings = dataclasses.replace(EngineSettings(guests=True), **settings)
        self.engine: Engine

    async def __aenter__(self) -> Self:
        self.engine = Engine(
            store=self.store,
            writer=self.writer,
            reader=self.reader,
            relay=self.relay,
            clock=self.clock,
            settings=self._settings,
            limiter=Limiter(self._rates, self.clock),
            authenticate_token=self._authenticate,
        )
        await self.engine.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.engine.stop()

    async def _authenticate(self, token: str) -> Actor:
        if token not in self.tokens:
            raise NotAuthenticated
        return self.tokens[token]

    async def connect(
        self, user: str | Actor | None = None, dialect: Dialect = V1_DIALECT, topics: list[str] | None = None
    ) -> FakeConnection:
        """Open a session for a user's name, an actor, or None for a guest."""
        if isinstance(user, Actor):
            actor = user
        elif user is None:
            self._guests += 1
            actor = guest(f"guest-{self._guests}")
        else:
            actor = Actor(key=user_key(user), user_id=user, username=user)
        connection = FakeConnection(actor.username)
        connection.session = Session(self.engine, connection.sink, actor, dialect)
        await connection.session.open(topics or [], self.clock.monotonic())
        await settle()
        return connection

    async def publish(self, topic: str, event: msgspec.Struct) -> Event:
        """Commit a durable event and let it be delivered."""
        logged = self.store.append(topic, event)
        self.engine.hub.publish([logged])
        await settle()
        return logged
