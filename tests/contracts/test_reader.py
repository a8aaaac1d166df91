"""The contract of the port ``Reader``."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection

from hubbub.django.reader import ThreadReader
from hubbub.engine.together import once
from hubbub.protocol.errors import Busy, Forbidden
from hubbub.protocol.registry import TopicKind, topic_kind
from hubbub.testing import DirectReader, MemoryEngine, settle
from tests.contracts.databases import ALIAS, Database
from tests.contracts.test_store import Counted
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


class TestTogether:
    """What waits together shares a transaction: one thread, which is held while more is asked for."""

    @pytest.fixture
    def reader(self, database: Database) -> Iterator[ThreadReader]:
        reader = ThreadReader(ALIAS, 1)
        yield reader
        reader.stop()

    async def test_what_waits_is_read_at_one_moment_and_asked_once(self, reader: Any, database: Database) -> None:
        """SUB-1: a thousand who come back at once cost one look at the log."""
        asked = []

        def query() -> list[str]:
            asked.append("query")
            return once("rows", look)

        def look() -> list[str]:
            asked.append("rows")
            return rows()

        def write_between() -> list[str]:
            database.elsewhere(partial(put, "later"))
            return query()

        async with held(reader):
            await asyncio.to_thread(database.elsewhere, partial(put, "one"))
            waiting = [asyncio.create_task(reader.run(each)) for each in (query, write_between, *[query] * 20)]
            await asyncio.sleep(0)
        assert [await each for each in waiting] == [["one"]] * 22
        assert asked.count("query") == 22 and asked.count("rows") == 1
        assert await reader.run(query) == ["one", "later"]

    async def test_what_is_asked_for_during_a_transaction_is_read_after_it(
        self, reader: Any, database: Database
    ) -> None:
        """SUB-1: a caller registers with the hub, then asks: before that there would be a gap."""
        hold = Hold()

        def read_then_wait() -> list[str]:
            found = once("rows", rows)
            hold()
            return found

        first = asyncio.create_task(reader.run(read_then_wait))
        assert await asyncio.to_thread(hold.begun.wait, 10)
        await asyncio.to_thread(database.elsewhere, partial(put, "one"))
        second = asyncio.create_task(reader.run(lambda: once("rows", rows)))
        await asyncio.sleep(0)
        hold.go_on.set()
        assert (await first, await second) == ([], ["one"])

    async def test_one_who_fails_harms_nobody(self, reader: Any, database: Database) -> None:
        """ERR-1: refused, broken or bad SQL: the others of the transaction have their answers, before and behind it."""

        def refuse() -> None:
            raise Forbidden

        def fail() -> None:
            once("bad", lambda: connection.cursor().execute("SELECT id FROM nowhere"))

        def swallow() -> str:
            with suppress(DatabaseError):
                fail()
            return "swallowed"

        async with held(reader):
            queries = (rows, refuse, rows, fail, rows, fail, swallow, rows)
            waiting = [asyncio.create_task(reader.run(each)) for each in queries]
            await asyncio.sleep(0)
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert [each for each in answers if each != []] == [*answers[1:2], *answers[3:4], *answers[5:7]]
        assert isinstance(answers[1], Forbidden) and answers[6] == "swallowed"
        for each in (answers[3], answers[5]):
            assert isinstance(each, DatabaseError | Busy) and "nowhere" in str(each.__cause__ or each)

    async def test_one_who_gives_up_harms_nobody(self, reader: Any, database: Database) -> None:
        """ENV-3: a caller that is cancelled while it waits, and one whose query is being answered."""
        begun, go_on = Hold(), Hold()
        async with held(reader):
            waiting = [asyncio.create_task(reader.run(each)) for each in (rows, begun, rows, go_on, rows)]
            await asyncio.sleep(0)
            waiting[2].cancel()
        assert await asyncio.to_thread(begun.begun.wait, 10)
        waiting[1].cancel()
        begun.go_on.set()
        go_on.go_on.set()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert [isinstance(each, asyncio.CancelledError) for each in answers] == [False, True, True, False, False]
        assert await reader.run(rows) == []

    async def test_all_who_resume_at_once_read_the_log_once(self, reader: Any, database: Database) -> None:
        """SUB-2: each is asked whether one may, the log is read for all."""
        async with MemoryEngine() as engine:
            engine.engine.reader = reader
            for n in range(1, 4):
                engine.store.append("contract.a", Counted(n))
            reads: Counter[str] = Counter()
            for name in ("states", "read"):
                setattr(engine.store, name, counted(reads, name, getattr(engine.store, name)))
            crowd = [await engine.connect(f"user-{n}") for n in range(50)]
            allowed.clear()
            async with held(reader):
                for each in crowd:
                    each.send_text(
                        '{"id": 1, "type": "subscribe", "topic": "contract.a", "since": {"epoch": "e1", "offset": 1}}'
                    )
                await settle()
            for each in crowd:
                (reply,) = await each.seen("reply")
                assert [event["offset"] for event in reply["ok"]["events"]] == [2, 3]
            assert reads == {"states": 1, "read": 1}
            assert sorted(allowed) == sorted(each.name for each in crowd)


async def test_a_slow_query_holds_up_none_that_waits_behind_it(database: Database) -> None:
    """ENV-4: another thread takes what is behind it, although it was asked for before the transaction began."""
    reader = ThreadReader(ALIAS, 2)
    holds = [Hold(), Hold(), Hold()]
    try:
        first = [asyncio.create_task(reader.run(each)) for each in holds[:2]]
        for hold in holds[:2]:
            assert await asyncio.to_thread(hold.begun.wait, 10)
        slow = asyncio.create_task(reader.run(holds[2]))
        quick = [asyncio.create_task(reader.run(lambda: "quick")) for _ in range(5)]
        await asyncio.sleep(0)
        holds[0].go_on.set()
        assert await asyncio.to_thread(holds[2].begun.wait, 10)
        holds[1].go_on.set()
        assert await asyncio.wait_for(asyncio.gather(*quick), 5) == ["quick"] * 5
        assert not slow.done()
        holds[2].go_on.set()
        await asyncio.gather(slow, *first)
    finally:
        reader.stop()


async def test_what_waits_when_the_server_stops_is_cancelled(database: Database) -> None:
    """ERR-1"""
    reader = ThreadReader(ALIAS, 1)
    async with held(reader):
        waiting = asyncio.create_task(reader.run(rows))
        await asyncio.sleep(0)
        reader.stop()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(Busy):
            await reader.run(rows)


@asynccontextmanager
async def held(reader: ThreadReader) -> AsyncIterator[None]:
    """The reader's one thread is held inside: what is asked for waits."""
    hold = Hold()
    done = asyncio.create_task(reader.run(hold))
    assert await asyncio.to_thread(hold.begun.wait, 10)
    try:
        yield
    finally:
        hold.go_on.set()
        await done


def counted(counts: "Counter[str]", name: str, function: Any) -> Any:
    def call(*args: Any) -> Any:
        counts[name] += 1
        return function(*args)

    return call


allowed: list[str] = []
topic_kind(TopicKind("contract", lambda actor, topic: allowed.append(actor.username)))


@pytest.mark.postgres
async def test_a_query_cannot_write(postgres_database: Database) -> None:
    """SUB-1: PostgreSQL refuses it."""
    reader = ThreadReader(ALIAS, 1)
    with pytest.raises(DatabaseError, match="read-only"):
        await reader.run(partial(put, "one"))
    reader.stop()
