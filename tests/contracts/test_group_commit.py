"""What group commit adds to the contract: actions share a transaction and never a misfortune."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    connection,
    connections,
    transaction,
)

from hubbub.django.group_commit import GroupCommitWriter
from hubbub.protocol.errors import Busy
from tests.contracts.databases import ALIAS, Database
from tests.contracts.writers import (
    break_a_deferred_constraint,
    committed,
    group_writer,
    one_batch,
    put,
)


@pytest.fixture
def writer(database: Database) -> Iterator[GroupCommitWriter]:
    with group_writer() as writer:
        yield writer


def transaction_id() -> str:
    """Which transaction an action runs in."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_current_xact_id()::text")
            return str(cursor.fetchone()[0])
    return ""


def fail() -> None:
    put("half")
    raise ZeroDivisionError


def test_waiting_actions_share_a_commit(writer: GroupCommitWriter, database: Database) -> None:
    """ACK-1: one transaction for all that waits; each result comes after it."""
    with one_batch(writer):
        ids = [writer._submit(transaction_id, "a") for _ in range(5)]
        futures = [writer._submit(partial(put, f"m{n}"), "a") for n in range(5)]
        assert not any(future.done() for future in futures)
    assert [future.result(10) for future in futures] == [f"m{n}" for n in range(5)]
    assert len({future.result(10) for future in ids}) == 1
    assert len(committed(database)) == 5


def test_order_of_a_topic(writer: GroupCommitWriter, database: Database) -> None:
    """ENV-4: actions of one topic run in the order in which they came, over many batches."""
    futures = [writer._submit(partial(put, f"{n % 3}-{n}"), f"topic {n % 3}") for n in range(300)]
    for future in futures:
        future.result(30)
    for topic in "012":
        numbers = [int(name[2:]) for name in committed(database) if name.startswith(topic)]
        assert numbers == sorted(numbers)
        assert len(numbers) == 100


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit, IntegrityError])
def test_one_failing_action_never_harms_its_batch(
    writer: GroupCommitWriter, database: Database, error: type[BaseException]
) -> None:
    """ACK-1, EVT-3: those before and after it are committed; nothing of its own is."""

    def fails() -> None:
        put("half")
        if error is IntegrityError:
            put("half")
        raise error

    with one_batch(writer):
        before = writer._submit(partial(put, "before"), "a")
        failing = writer._submit(fails, "a")
        after = writer._submit(partial(put, "after"), "a")
    assert (before.result(10), after.result(10)) == ("before", "after")
    with pytest.raises((error, RuntimeError)):
        failing.result(10)
    assert committed(database) == ["before", "after"]


def test_a_swallowed_error_harms_nobody_else(writer: GroupCommitWriter, database: Database) -> None:
    """ACK-1: an action that goes on after an IntegrityError fails alone."""

    def poisoned() -> str:
        try:
            put("one")
        except IntegrityError:
            return "saved"
        return "never"

    with one_batch(writer):
        before = writer._submit(partial(put, "one"), "a")
        swallowing = writer._submit(poisoned, "a")
        after = writer._submit(partial(put, "two"), "a")
    assert (before.result(10), after.result(10)) == ("one", "two")
    with pytest.raises(DatabaseError):
        swallowing.result(10)
    assert committed(database) == ["one", "two"]


def test_who_breaks_the_commit_fails_alone(writer: GroupCommitWriter, database: Database) -> None:
    """ACK-1: a deferred constraint fails the commit of all; then each is tried alone, in order."""
    with one_batch(writer):
        before = writer._submit(partial(put, "before"), "a")
        breaking = writer._submit(break_a_deferred_constraint, "a")
        failing = writer._submit(fail, "a")
        after = writer._submit(partial(put, "after"), "a")
    assert (before.result(10), after.result(10)) == ("before", "after")
    with pytest.raises(IntegrityError):
        breaking.result(10)
    with pytest.raises(ZeroDivisionError):
        failing.result(10)
    assert committed(database) == ["before", "after"]


def test_who_fails_only_when_tried_alone_is_told(writer: GroupCommitWriter, database: Database) -> None:
    """ACK-1: the outcome that counts is that of the transaction that was committed."""
    tries: list[int] = []

    def once() -> str:
        tries.append(1)
        if len(tries) > 1:
            raise ZeroDivisionError
        return put("once")

    with one_batch(writer):
        futures = [writer._submit(action, "a") for action in (once, break_a_deferred_constraint)]
    assert [type(future.exception(10)) for future in futures] == [ZeroDivisionError, IntegrityError]
    assert committed(database) == []


def test_a_commit_that_fails_fails_its_actions(writer: GroupCommitWriter, database: Database) -> None:
    """ACK-1: nobody is told of a success that the disk did not take; the next batch is another matter."""
    seen: list[str] = []

    def last() -> None:
        put("last")
        transaction.on_commit(lambda: seen.append("never"))
        wrapper: Any = connections[ALIAS]

        def refuse() -> None:
            del wrapper.commit  # Once.
            raise OperationalError("disk I/O error")

        wrapper.commit = refuse

    with one_batch(writer):
        futures = [writer._submit(action, "a") for action in (partial(put, "first"), last)]
    for future in futures:
        with pytest.raises(Busy):
            future.result(10)
    assert committed(database) == []
    assert writer.run_sync(partial(put, "next"), topic="a") == "next"
    assert (committed(database), seen) == (["next"], [])


def test_a_lost_connection_costs_one_batch(writer: GroupCommitWriter, database: Database) -> None:
    """ACK-1: its actions are told, nothing of them is saved, and the next batch has a new connection."""

    def lose() -> None:
        put("half")
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        else:
            connection.connection.close()
            put("half again")

    with one_batch(writer):
        first, second = (writer._submit(action, "a") for action in (partial(put, "first"), lose))
    assert isinstance(second.exception(10), DatabaseError | Busy)
    if database.vendor == "postgresql":
        assert isinstance(first.exception(10), Busy)
        assert committed(database) == []
    else:  # The database itself was never away: the first is tried again, alone.
        assert first.result(10) == "first"
        assert committed(database) == ["first"]
    assert writer.run_sync(partial(put, "next"), topic="a") == "next"


def test_a_raising_callback_fails_nobody(writer: GroupCommitWriter, database: Database) -> None:
    """EVT-3: a callback after the commit neither fails the actions nor keeps the others' from running."""
    seen: list[str] = []

    def act(name: str, error: BaseException | None = None) -> str:
        def callback() -> None:
            seen.append(name)
            if error is not None:
                raise error

        transaction.on_commit(callback)
        return put(name)

    with one_batch(writer):
        futures = [
            writer._submit(partial(act, f"m{n}", error), "a")
            for n, error in enumerate((None, ZeroDivisionError(), None, SystemExit(), None))
        ]
    names = [f"m{n}" for n in range(5)]
    assert [future.result(10) for future in futures] == names
    assert seen == committed(database) == names
    assert writer.run_sync(partial(put, "next"), topic="a") == "next"


def test_an_action_from_a_callback_runs_inline(writer: GroupCommitWriter, database: Database) -> None:
    """The writer's own thread never waits for itself."""

    def act() -> None:
        transaction.on_commit(lambda: writer.run_sync(partial(put, "second"), topic="a"))
        put("first")

    writer.run_sync(act, topic="a")
    assert committed(database) == ["first", "second"]
