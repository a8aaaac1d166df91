"""The pytest plugin: fixtures for whoever has installed hubbub. ``-p no:hubbub`` leaves them out.

It is loaded by every pytest run, so it imports nothing: a fixture brings what it needs when it is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hubbub.testing.clock import FakeClock
    from hubbub.testing.connection import FakeConnection
    from hubbub.testing.project import ProjectEngine
    from hubbub.testing.server import LiveServer
    from hubbub.testing.sync import SyncEngine


@pytest.fixture(autouse=True)
def hubbub_limits() -> Iterator[None]:
    """What one test has used up of a rate, of sign-ins for example, doesn't count for the next."""
    yield
    if module := sys.modules.get("hubbub.django.limits"):
        module.limiter.cache_clear()


@pytest.fixture
def hubbub_engine(db: None) -> Iterator[ProjectEngine]:
    """The project's handlers, topics and database, in memory and in the test's transaction, for async tests."""
    from hubbub.testing.project import ProjectEngine

    engine = ProjectEngine()
    yield engine
    engine.abandon()


@pytest.fixture
def hubbub_connect(hubbub_engine: ProjectEngine) -> Callable[..., Awaitable[FakeConnection]]:
    """``alice = await hubbub_connect(user)``: a connection in memory."""
    return hubbub_engine.connect


@pytest.fixture
def hubbub_pair(hubbub_engine: ProjectEngine) -> Callable[..., Awaitable[tuple[FakeConnection, ...]]]:
    """``alice, bob = await hubbub_pair()``: two users, made and connected."""
    return hubbub_engine.pair


@pytest.fixture
def hubbub_clock(hubbub_engine: ProjectEngine) -> FakeClock:
    """The engine's clock: it stands still until ``await hubbub_clock.advance(seconds)``."""
    return hubbub_engine.clock


@pytest.fixture
def hubbub_sync(db: None) -> Iterator[SyncEngine]:
    """The same for tests that are no coroutines: ``alice = hubbub_sync.connect(user)``."""
    from hubbub.testing.sync import SyncEngine

    with SyncEngine() as engine:
        yield engine


@pytest.fixture
def hubbub_live_server(transactional_db: None) -> Iterator[LiveServer]:
    """A real server on a free port, with the test's database: ``url``, ``ws_url``, ``cookie(user)``."""
    from hubbub.testing.server import LiveServer

    with LiveServer() as server:
        yield server


@pytest.fixture
def hubbub_proxy(hubbub_live_server: LiveServer) -> Iterator[Any]:
    """A wire in front of the live server: ``cut``, ``mend``, ``stall``, ``resume``, ``deafen``, ``cut_after``."""
    from hubbub.testing.proxy import Proxy

    prefix = hubbub_live_server.ws_url.partition(f":{hubbub_live_server.port}")[2]
    with Proxy(hubbub_live_server.port, prefix) as proxy:
        yield proxy
