"""A server for each module, and people on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.formats.fixtures import ann, bob, crowd, room
from tests.services import LiveServer, live_servers

PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "a key for tests that is long enough not to be complained about 0123456789",
    "ALLOWED_HOSTS": "chat.example,127.0.0.1",
    "SECURE_SSL_REDIRECT": "false",
}

__all__ = ["ann", "bob", "crowd", "room"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on its default settings, which are those of development."""
    with live_servers(tmp_path_factory.mktemp("hubbub")) as start:
        yield start(env={"REDIS_URL": ""})


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server as in production: no guests, and no origin but its own."""
    with live_servers(tmp_path_factory.mktemp("production")) as start:
        yield start(env=PRODUCTION)
