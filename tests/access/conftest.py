"""A world for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.db import connection, transaction

from hubbub.testing import LiveEngine
from tests.access.world import World, make_world


@pytest.fixture(scope="module")
def module_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Made once: to make it takes longer than to ask. It is rolled back after the last test."""
    with django_db_blocker.unblock():
        around = transaction.atomic()
        around._from_testcase = True  # type: ignore[attr-defined]  # Durable blocks may stand within it, as in TestCase.
        around.__enter__()
        try:
            yield make_world()
        finally:
            transaction.set_rollback(True)
            around.__exit__(None, None, None)


@pytest.fixture
def world(module_world: World, db: None) -> World:
    """As it was made: each test's changes are rolled back, and these objects are its own."""
    return deepcopy(module_world)


@pytest.fixture
def committed_world(transactional_db: None) -> World:
    """A world that other threads see."""
    assert not connection.in_atomic_block, "`world` holds a transaction open until its module ends: take this one there"
    return make_world()


@pytest.fixture
async def live(committed_world: World) -> AsyncIterator[LiveEngine]:
    async with LiveEngine() as engine:
        yield engine
