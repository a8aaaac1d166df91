"""What the tests run on: SQLite and memory, or PostgreSQL and Valkey.

``python -m tests.stores pytest tests/kit`` starts both for a command and lets it use them: the database of the test
run, and that of every server that a test starts. A test that is about one store, or about both, says so itself:
`sqlite_only`, ``env=SQLITE``, a ``DATABASE_URL`` of its own.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

ON_POSTGRES = os.environ.get("TEST_STORE") == "postgres"

SQLITE = {"DATABASE_URL": "", "REDIS_URL": ""}
"""The environment of a server that is on SQLite, whatever the tests run on."""

sqlite_only = pytest.mark.skipif(ON_POSTGRES, reason="about SQLite, or a store in memory, itself")


_of_servers: dict[Path, Mapping[str, str]] = {}
"""What servers have been given, by their data folder."""


@contextmanager
def new_database(url: str) -> Iterator[str]:
    """The URL of a database of one's own, on the server that a URL leads to."""
    made = _create(url)
    try:
        yield made
    finally:
        _drop(made, url)


def of_server(data: Path) -> Mapping[str, str]:
    """The environment that gives the servers on a data folder the store of this run.

    On SQLite it is empty, and the folder, where it is new, has the tables already: making them is half of a start.
    """
    if not ON_POSTGRES:
        if not data.exists():
            data.mkdir(parents=True)
            shutil.copyfile(_with_tables(), data / "hubbub.sqlite3")
        return {}
    if data not in _of_servers:
        database = _create(os.environ["TEST_DATABASE_URL"])
        prefix = urlsplit(database).path.strip("/")
        redis = os.environ["TEST_REDIS_URL"]
        _of_servers[data] = {"DATABASE_URL": database, "REDIS_URL": redis, "HUBBUB_REDIS_PREFIX": prefix}
    return _of_servers[data]


def forget(data: Path) -> None:
    """Drop what `of_server` has made, if it has; the servers must have ended."""
    if made := _of_servers.pop(data, None):
        _drop(made["DATABASE_URL"], os.environ["TEST_DATABASE_URL"])


@cache
def _with_tables() -> Path:
    """A database of SQLite as `hubbub migrate` makes it, but that its streams have no epoch: each server's is new."""
    folder = Path(tempfile.mkdtemp(prefix="hubbub-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ours = ("HUBBUB_", "DJANGO_", "DATABASE_URL", "REDIS_URL")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    command = [sys.executable, "-m", "hubbub", "migrate", "-v0"]
    subprocess.run(command, env=environment | {"HUBBUB_DATA_DIR": str(folder)}, check=True, timeout=60)
    path = folder / "hubbub.sqlite3"
    with closing(sqlite3.connect(path)) as made:
        made.execute("DELETE FROM hubbub_stream")
        made.commit()
    return path


def _create(url: str) -> str:
    name = f"hubbub_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _drop(made: str, url: str) -> None:
    name = urlsplit(made).path.strip("/")
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def main(command: list[str]) -> int:
    """Run a command with both servers up; its exit code."""
    from tests.services import postgres_server, valkey_server

    with postgres_server() as database, valkey_server() as redis:
        with psycopg.connect(database, autocommit=True) as admin:
            # What is killed here is a process, never the machine: nothing need wait for the disk.
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("SELECT pg_reload_conf()")
        given = {"TEST_STORE": "postgres", "TEST_DATABASE_URL": database, "TEST_REDIS_URL": redis}
        with subprocess.Popen(command, env=os.environ | given) as process:
            while True:
                with suppress(KeyboardInterrupt):  # pytest has had it too, and comes to its own end.
                    return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
