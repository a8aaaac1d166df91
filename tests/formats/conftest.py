"""One server process for each module, and people on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.formats.fixtures import ann, bob, crowd, cyd, room
from tests.services import LiveServer, live_servers
from tests.stores import SQLITE, new_database

__all__ = ["ann", "bob", "crowd", "cyd", "room"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on its default settings, which are those of development."""
    with live_servers(tmp_path_factory.mktemp("hubbub")) as start:
        yield start()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def server_on_either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on SQLite, and one on PostgreSQL."""
    with live_servers(tmp_path_factory.mktemp("hubbub")) as start:
        if request.param == "sqlite":
            yield start(env=SQLITE)
        else:
            with new_database(request.getfixturevalue("postgres_url")) as url:
                server = start(env={"DATABASE_URL": url})
                yield server
                server.kill()
