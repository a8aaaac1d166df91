"""Connections from Django's pool: given back while nobody needs them, and never waited for crosswise."""

import asyncio
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.checks import CheckMessage
from django.db import connection, connections
from django.test import override_settings

from hubbub.django.database_checks import check_connections, check_pool, check_tail
from hubbub.django.group_commit import GroupCommitWriter
from hubbub.django.reader import ThreadReader
from hubbub.django.transactions import pool_size
from hubbub.protocol.errors import Busy
from tests.contracts.databases import ALIAS, Database, postgres_settings, sqlite_settings, standing_in
from tests.contracts.test_wakeups import following, publish
from tests.contracts.writers import committed, group_writer, holding, put, rows, touch
from tests.waiting import wait_until

MOST = 4
SECONDS = 2.0
"""How long somebody waits for a connection of the pool."""


@pytest.fixture
def pooled(postgres_url: str, postgres_template: str, django_db_blocker) -> Iterator[Database]:
    name = f"copy_{uuid4().hex}"
    settings = postgres_settings(postgres_url, name)
    pool = {"min_size": 1, "max_size": MOST, "timeout": SECONDS}
    settings["OPTIONS"] = {**settings.get("OPTIONS", {}), "pool": pool}
    with django_db_blocker.unblock(), psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
        try:
            with override_settings(HUBBUB={}), standing_in(settings):
                yield Database("postgresql", settings)
                connection.close()
                closed: Any = connection
                closed.close_pool()
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def free() -> int:
    """Connections that anybody may take; those that the pool has yet to open count too."""
    wrapper: Any = connections[ALIAS]
    stats: dict[str, int] = wrapper.pool.get_stats()
    return MOST - (stats["pool_size"] - stats["pool_available"])


def all_free() -> None:
    connection.close()
    wait_until(lambda: free() == MOST, "all connections given back")


def touch_and_put() -> str:
    touch("")
    return put("aside")


@pytest.mark.postgres
def test_the_writer_gives_back(pooled: Database) -> None:
    """ACK-1: after its last batch, on the side too."""
    with group_writer() as writer:
        for n in range(5):
            writer.run_sync(partial(put, f"m{n}"), topic="a")
        all_free()
        with holding(pooled, partial(touch, "")):
            aside = writer._submit(touch_and_put, "b")
            wait_until(lambda: writer._side_count == 1, "put aside")
        assert aside.result(5) == "aside"
        all_free()


@pytest.mark.postgres
async def test_the_readers_give_back(pooled: Database) -> None:
    reader = ThreadReader(ALIAS, MOST)
    try:
        assert await asyncio.gather(*(reader.run(rows) for _ in range(40))) == [[]] * 40
        await asyncio.to_thread(all_free)
    finally:
        reader.stop()


@pytest.mark.postgres
def test_who_waits_for_the_writer_holds_no_connection(pooled: Database) -> None:
    """ACK-1: more callers at once than the pool has connections, each with one in hand: the writer still gets one."""
    ready = threading.Barrier(MOST)

    def ask_and_write(writer: GroupCommitWriter, n: int) -> str:
        rows()
        ready.wait(10)
        return writer.run_sync(partial(put, f"m{n}"), topic=f"t{n}")

    with group_writer() as writer:
        connection.close()
        done = [pooled.begin(partial(ask_and_write, writer, n)) for n in range(MOST)]
        assert sorted(each.result(SECONDS * 3) for each in done) == [f"m{n}" for n in range(MOST)]
    assert len(committed(pooled)) == MOST


@pytest.mark.postgres
def test_a_pool_that_is_used_up_is_busy(pooled: Database) -> None:
    """ERR-1, ERR-4: nobody waits for ever; and once a connection is free, it goes on."""
    go_on = threading.Event()

    def keep() -> None:
        rows()
        assert go_on.wait(20)

    connection.close()
    kept = [pooled.begin(keep) for _ in range(MOST)]
    wait_until(lambda: free() == 0, "the pool to be used up")
    with group_writer() as writer:
        with pytest.raises(Busy):
            writer.run_sync(partial(put, "never"), topic="a")
        go_on.set()
        for each in kept:
            each.result(10)
        assert writer.run_sync(partial(put, "later"), topic="a") == "later"
    assert committed(pooled) == ["later"]


@pytest.mark.postgres
def test_the_tail_keeps_one_and_hands_on_none_that_listens(pooled: Database) -> None:
    """EVT-4"""
    with following() as (hub, _):
        connection.close()
        wait_until(lambda: free() == MOST - 1, "one in use")
        pooled.elsewhere(publish)
        wait_until(lambda: len(hub.posted) == 1, "the event")
    listening = []
    for _ in range(MOST + 1):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_listening_channels()")
            listening += cursor.fetchall()
        connection.close()
    assert listening == []


# The checks


def ids(found: list[CheckMessage]) -> list[str | None]:
    return [each.id for each in found]


def with_pool(pool: Any, **more: Any) -> dict[str, Any]:
    return {"ENGINE": "django.db.backends.postgresql", "NAME": "x", "OPTIONS": {"pool": pool} if pool else {}, **more}


@pytest.mark.parametrize(
    ("pool", "size", "warned"),
    [
        ({}, 0, False),
        (True, 4, False),
        ({"min_size": 1, "max_size": 2}, 2, True),
        ({"min_size": 2}, 2, True),
        ({"min_size": 1, "max_size": 20}, 20, False),
    ],
)
def test_a_check_says_that_a_pool_is_small(pool: Any, size: int, warned: bool) -> None:
    with standing_in(with_pool(pool)):
        assert pool_size(ALIAS) == size
        found = check_pool()
    assert ids(found) == (["hubbub.W022"] if warned else [])
    assert not warned or "max_size" in str(found[0].hint)


def test_a_check_says_that_there_is_no_pool(tmp_path: Path) -> None:
    """For production: how many connections there will be, and what to set."""
    with standing_in(with_pool(None)):
        (found,) = check_connections()
        assert found.id == "hubbub.W023" and "11 of each process" in found.msg
        with override_settings(HUBBUB={"READER_THREADS": 8}):
            assert "15 of each process" in check_connections()[0].msg
    with standing_in(with_pool(True)):
        assert check_connections() == []
    with standing_in(sqlite_settings(tmp_path / "none")):
        assert check_connections() == [], "SQLite has none"


def test_a_check_says_what_is_wrong_with_the_direct_connection() -> None:
    with override_settings(HUBBUB={"TAIL_DATABASE": "nowhere"}):
        assert ids(check_tail()) == ["hubbub.E021"]
    with standing_in(with_pool(None)), override_settings(HUBBUB={"TAIL_DATABASE": ALIAS}):
        assert check_tail() == []
