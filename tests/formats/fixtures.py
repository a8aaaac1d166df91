"""People and rooms on whatever server a module has: a folder's conftest imports these and says what ``server`` is."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.formats.client import Person
from tests.formats.people import make_people
from tests.services import LiveServer

AT_ONCE = 30
"""Accounts that are made at once."""


@pytest.fixture(scope="module")
def crowd(server: LiveServer) -> Iterator[Person]:
    """People nobody has met yet."""

    def arrive() -> Iterator[Person]:
        while True:
            yield from make_people(server, [f"user-{secrets.token_hex(4)}" for _ in range(AT_ONCE)])

    return arrive()


@pytest.fixture
def ann(crowd: Iterator[Person]) -> Person:
    return next(crowd)


@pytest.fixture
def bob(crowd: Iterator[Person]) -> Person:
    return next(crowd)


@pytest.fixture
def cyd(crowd: Iterator[Person]) -> Person:
    return next(crowd)


@pytest.fixture
def room() -> str:
    """The name of a room that nobody has entered yet."""
    return f"room-{secrets.token_hex(4)}"
