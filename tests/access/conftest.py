"""A fresh world for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hubbub.testing import LiveEngine
from tests.access.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def committed_world(transactional_db: None) -> World:
    """A world that other threads see."""
    return make_world()


@pytest.fixture
async def live(committed_world: World) -> AsyncIterator[LiveEngine]:
    async with LiveEngine() as engine:
        yield engine
