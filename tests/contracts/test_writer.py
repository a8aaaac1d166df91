"""The contract of the port ``Writer``."""

import asyncio
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from hubbub.django.transactions import run_inline
from hubbub.django.writer import InlineWriter
from hubbub.protocol.errors import HubbubError, TooLong
from hubbub.testing import DirectWriter
from tests.contracts.databases import ALIAS, Database
from tests.contracts.writers import break_a_deferred_constraint, committed, group_writer, put, rows


class Odd(BaseException):
    """Not an Exception, like SystemExit and KeyboardInterrupt."""


class ReturnsAndRaises:
    """What every implementation does, the fake of the test kit included."""

    async def test_returns_what_the_action_returns(self, writer: Any) -> None:
        assert await writer.run(lambda: [1, 2], topic="a") == [1, 2]

    async def test_raises_what_the_action_raises(self, writer: Any) -> None:
        """ERR-1: the action's own error reaches the caller as it is."""

        def refuse() -> None:
            raise TooLong("by far")

        with pytest.raises(TooLong, match="by far"):
            await writer.run(refuse, topic="a")


class WriterContract(ReturnsAndRaises):
    """What a writer over a database does."""

    async def test_the_result_comes_after_the_commit(self, writer: Any, database: Database) -> None:
        """ACK-1: when the caller has the result, another connection sees the row."""
        for n in range(5):
            name = await writer.run(partial(put, f"m{n}"), topic="a")
            assert name in await asyncio.to_thread(committed, database)

    async def test_what_raises_leaves_nothing(self, writer: Any, database: Database) -> None:
        """EVT-3: an action that fails is rolled back."""

        def fail() -> None:
            put("half")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await writer.run(fail, topic="a")
        assert await asyncio.to_thread(committed, database) == []

    async def test_a_swallowed_error_in_a_savepoint_is_forgiven(self, writer: Any, database: Database) -> None:
        """ACK-1: an action may try, fail and go on, in an ``atomic()`` of its own."""

        def twice() -> str:
            put("one")
            try:
                with transaction.atomic():
                    put("one")
            except IntegrityError:
                put("two")
            return "done"

        assert await writer.run(twice, topic="a") == "done"
        assert await asyncio.to_thread(committed, database) == ["one", "two"]

    async def test_a_swallowed_error_without_a_savepoint_is_no_success(self, writer: Any, database: Database) -> None:
        """ACK-1: Django rolls such a transaction back without a word; nobody may be told that it is saved."""

        def poisoned() -> str:
            put("one")
            try:
                put("one")
            except IntegrityError:
                return "saved"
            return "never"

        with pytest.raises(TransactionManagementError):
            await writer.run(poisoned, topic="a")
        assert await asyncio.to_thread(committed, database) == []
        assert await writer.run(partial(put, "next"), topic="a") == "next"

    async def test_a_closed_connection_is_no_success(self, writer: Any, database: Database) -> None:
        """ACK-1: nor is a transaction whose connection the action has closed."""

        def close() -> str:
            put("lost")
            connection.close()
            return "saved"

        with pytest.raises((TransactionManagementError, HubbubError)):
            await writer.run(close, topic="a")
        assert await asyncio.to_thread(committed, database) == []
        assert await writer.run(partial(put, "next"), topic="a") == "next"
        assert await asyncio.to_thread(committed, database) == ["next"]

    async def test_callbacks_run_after_the_commit(self, writer: Any, database: Database) -> None:
        """EVT-3: what ``on_commit`` runs finds the rows committed; that of a rolled back savepoint is gone."""
        seen: list[str] = []

        def act() -> None:
            put("one")
            transaction.on_commit(lambda: seen.append(f"outer {committed(database)}"))
            try:
                with transaction.atomic():
                    transaction.on_commit(lambda: seen.append("never"))
                    raise ZeroDivisionError
            except ZeroDivisionError:
                pass

        await writer.run(act, topic="a")
        assert seen == ["outer ['one']"]

    async def test_callbacks_of_a_failed_action_do_not_run(self, writer: Any) -> None:
        """EVT-3: nothing is delivered of what was rolled back."""
        seen: list[str] = []

        def fail() -> None:
            transaction.on_commit(lambda: seen.append("never"))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await writer.run(fail, topic="a")
        await writer.run(lambda: transaction.on_commit(lambda: seen.append("next")), topic="a")
        assert seen == ["next"]

    async def test_a_durable_block_inside_an_action_is_refused(self, writer: Any) -> None:
        """ACK-1: ``atomic(durable=True)`` asks for a commit of its own, which an action cannot have."""

        def durable() -> None:
            with transaction.atomic(durable=True):
                put("one")

        with pytest.raises(RuntimeError, match="durable"):
            await writer.run(durable, topic="a")

    @pytest.mark.parametrize("error", [SystemExit, Odd, StopIteration, asyncio.CancelledError])
    async def test_an_odd_exception_ends_nothing_but_its_action(
        self, writer: Any, database: Database, error: type[BaseException]
    ) -> None:
        """ERR-2: neither the writer's thread nor the server ends with an action; its caller is told."""

        def end() -> None:
            put("half")
            raise error

        with pytest.raises(RuntimeError, match=error.__name__):
            await asyncio.wait_for(writer.run(end, topic="a"), 10)
        assert await writer.run(partial(put, "next"), topic="a") == "next"
        assert await asyncio.to_thread(committed, database) == ["next"]

    async def test_a_deferred_constraint_that_breaks_is_no_success(self, writer: Any, database: Database) -> None:
        """ACK-1: a commit that fails, fails its action."""
        with pytest.raises(IntegrityError):
            await writer.run(break_a_deferred_constraint, topic="a")
        assert await writer.run(partial(put, "next"), topic="a") == "next"

    async def test_synchronous_callers(self, writer: Any, database: Database) -> None:
        """ACK-1: the same for views and shells, several at once."""
        begun = [database.begin(partial(writer.run_sync, partial(put, f"m{n}"), topic="a")) for n in range(8)]
        assert [await asyncio.to_thread(future.result, 20) for future in begun] == [f"m{n}" for n in range(8)]
        assert len(await asyncio.to_thread(committed, database)) == 8

    async def test_inside_somebody_s_transaction(self, writer: Any, database: Database) -> None:
        """EVT-3: called inside ``atomic()``, the action is part of it, in the same thread."""

        def caller() -> tuple[bool, list[str]]:
            with transaction.atomic():
                thread = writer.run_sync(threading.current_thread, topic="a")
                writer.run_sync(partial(put, "one"), topic="a")
                inside = rows()
                transaction.set_rollback(True)
            return thread is threading.current_thread(), inside

        assert await asyncio.to_thread(database.elsewhere, caller) == (True, ["one"])
        assert await asyncio.to_thread(committed, database) == []


class TestDirectWriter(ReturnsAndRaises):
    """The fake of the test kit."""

    @pytest.fixture
    def writer(self) -> DirectWriter:
        return DirectWriter()


class TestInlineWriter(WriterContract):
    @pytest.fixture
    def writer(self, database: Database) -> InlineWriter:
        return InlineWriter(ALIAS)

    async def test_a_dead_connection_is_replaced(self, writer: Any, database: Database) -> None:
        """ACK-1: sockets alone, without a request of HTTP in between, recover from a lost connection."""
        await writer.run(partial(put, "one"), topic="a")

        def lose() -> None:
            connection.connection.close()  # As the network would: Django does not know.

        with pytest.raises((HubbubError, DatabaseError)):
            await writer.run(lose, topic="a")
        assert await writer.run(partial(put, "two"), topic="a") == "two"


class TestGroupCommitWriter(WriterContract):
    @pytest.fixture
    def writer(self, database: Database) -> Iterator[Any]:
        with group_writer() as writer:
            yield writer


def test_run_inline_keeps_the_caller_s_savepoint(database: Database) -> None:
    """EVT-3: an action that fails inside a transaction undoes itself, not the transaction."""
    with transaction.atomic():
        put("one")
        with pytest.raises(IntegrityError):
            run_inline(ALIAS, partial(put, "one"))
        put("two")
    assert committed(database) == ["one", "two"]
