"""One server process for each module, and people on it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.formats.fixtures import ann, bob, crowd, cyd, room
from tests.services import LiveServer, live_servers

__all__ = ["ann", "bob", "crowd", "cyd", "room"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on its default settings, which are those of development."""
    with live_servers(tmp_path_factory.mktemp("hubbub")) as start:
        yield start()


@contextmanager
def new_database(postgres_url: str) -> Iterator[str]:
    """The URL of a PostgreSQL database of one's own."""
    name = f"hubbub_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def server_on_either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on SQLite, and one on PostgreSQL."""
    with live_servers(tmp_path_factory.mktemp("hubbub")) as start:
        if request.param == "sqlite":
            yield start()
        else:
            with new_database(request.getfixturevalue("postgres_url")) as url:
                server = start(env={"DATABASE_URL": url})
                yield server
                server.kill()
