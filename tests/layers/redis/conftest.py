"""Layers on a real Valkey, each with a prefix of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from uuid import uuid4

import pytest
from redis.exceptions import ConnectionError

from hubbub.layers.redis import RedisLayer
from tests.durability.conftest import own_postgres
from tests.layers.redis.valkey import Valkey

__all__ = ["own_postgres"]

Make = Callable[..., RedisLayer]


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid4().hex[:8]}"


@pytest.fixture
async def make(valkey_url: str, prefix: str) -> AsyncIterator[Make]:
    """Makes layers that share a server and a prefix, as processes do, and cleans up."""
    made: list[RedisLayer] = []

    def make(**config: object) -> RedisLayer:
        layer = RedisLayer(**{"hosts": [valkey_url], "prefix": prefix} | config)  # type: ignore[arg-type]
        made.append(layer)
        return layer

    yield make
    for layer in made:
        with suppress(ConnectionError):  # A test's own server may be gone by now.
            await layer.flush()
        await layer.close()


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """A server of the test's own."""
    with Valkey() as server:
        yield server
