"""The contract of the port ``Reader``."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection

from hubbub.django.reader import ThreadReader
from hubbub.protocol.errors import Busy, Forbidden
from hubbub.testing import DirectReader
from tests.contracts.databases import ALIAS, Database
from tests.contracts.writers import Hold, committed, group_writer, holding, put, rows


class ReaderContract:
    """What every implementation does, the fake of the test kit included."""

    async def test_returns_what_the_query_returns(self, reader: Any) -> None:
        assert await reader.run(lambda: [1, 2]) == [1, 2]

    async def test_raises_what_the_query_raises(self, reader: Any) -> None:
        """SUB-5: a refusal reaches the caller as it is."""

        def refuse() -> None:
            raise Forbidden

        with pytest.raises(Forbidden):
            await reader.run(refuse)


class TestDirectReader(ReaderContract):
    @pytest.fixture
    def reader(self) -> DirectReader:
        return DirectReader()


class TestThreadReader(ReaderContract):
    @pytest.fixture
    def reader(self, database: Database) -> Iterator[ThreadReader]:
        reader = ThreadReader(ALIAS, 2)
        yield reader
        reader.stop()

    async def test_sees_what_was_committed_before(self, reader: Any, database: Database) -> None:
        """ACK-1: whoever has the reply reads what it is about."""
        with group_writer() as writer:
            for n in range(20):
                await writer.run(partial(put, f"m{n}"), topic="a")
                assert len(await reader.run(rows)) == n + 1

    async def test_all_of_one_moment(self, reader: Any, database: Database) -> None:
        """SUB-1: a snapshot and its position are read at one moment, whatever is committed in between."""
        await asyncio.to_thread(database.elsewhere, partial(put, "one"))

        def query() -> tuple[list[str], list[str]]:
            before = rows()
            database.elsewhere(partial(put, "two"))
            return before, rows()

        assert await reader.run(query) == (["one"], ["one"])
        assert await reader.run(rows) == ["one", "two"]

    async def test_does_not_wait_for_a_writer(self, reader: Any, database: Database) -> None:
        """SUB-1: reading goes on while somebody holds the writers' gate and lock."""

        def read_beside() -> float:
            with holding(database, partial(put, "held")):
                begun = time.monotonic()
                assert asyncio.run(reader.run(rows)) == []
                return time.monotonic() - begun

        assert await asyncio.to_thread(read_beside) < 1.0
        assert await asyncio.to_thread(committed, database) == ["held"]

    async def test_queries_run_side_by_side(self, reader: Any) -> None:
        """ENV-4: one slow query does not hold up the others."""
        hold = Hold()
        slow = asyncio.create_task(reader.run(hold))
        assert await asyncio.to_thread(hold.begun.wait, 10)
        assert await asyncio.wait_for(reader.run(lambda: "quick"), 5) == "quick"
        hold.go_on.set()
        await slow

    async def test_the_connection_outlives_a_query(self, reader: Any) -> None:
        """A query does not begin by opening the database, whatever CONN_MAX_AGE says."""
        seen = {await reader.run(lambda: id(connection.connection)) for _ in range(10)}
        assert len(seen) <= 2, "one for each thread"

    async def test_a_database_that_is_away_is_busy(self, reader: Any) -> None:
        """ERR-1: temporary, and the next query may find it back."""

        def away() -> None:
            raise OperationalError("the server went away")

        with pytest.raises(Busy):
            await reader.run(away)
        assert await reader.run(lambda: "back") == "back"

    async def test_a_lost_connection_is_replaced(self, reader: Any) -> None:
        """ERR-1: each thread has a new connection after it lost its own."""

        def lose() -> None:
            connection.connection.close()
            rows()

        for _ in range(3):
            with pytest.raises((Busy, DatabaseError)):
                await reader.run(lose)
            assert await reader.run(rows) == []


@pytest.mark.postgres
async def test_a_query_cannot_write(postgres_database: Database) -> None:
    """SUB-1: PostgreSQL refuses it."""
    reader = ThreadReader(ALIAS, 1)
    with pytest.raises(DatabaseError, match="read-only"):
        await reader.run(partial(put, "one"))
    reader.stop()
