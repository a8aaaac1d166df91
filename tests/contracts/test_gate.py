"""The gate of SQLite's writers, and the backend that uses it."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

from hubbub.django.sqlite.gate import Gate, gate_of
from tests.contracts.databases import ALIAS, Database
from tests.contracts.writers import Hold, committed, holding, put, rows
from tests.waiting import wait_until


def start(target: Any) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def test_first_come_first_served() -> None:
    """ACK-1: writers have their turn in the order in which they came."""
    gate, order, threads = Gate(), list[int](), list[threading.Thread]()
    assert gate.acquire(1)

    def enter(number: int) -> None:
        assert gate.acquire(10)
        order.append(number)
        gate.release()

    def waits(count: int) -> bool:
        return len(gate._waiting) == count

    for number in range(20):
        threads.append(start(partial(enter, number)))
        wait_until(partial(waits, number + 1), "the next in the queue")
    gate.release()
    for thread in threads:
        thread.join(10)
    assert order == list(range(20))
    assert gate.acquire(0)


def test_nobody_overtakes_those_who_wait() -> None:
    """A thread that comes back at once goes to the end: the busy writer does not starve the others."""
    gate, turns = Gate(), list[str]()
    assert gate.acquire(1)

    def other() -> None:
        assert gate.acquire(10)
        turns.append("other")
        gate.release()

    thread = start(other)
    wait_until(lambda: gate._waiting, "the other in the queue")
    gate.release()
    assert gate.acquire(10)
    turns.append("again")
    thread.join(10)
    assert turns == ["other", "again"]


def test_only_one_at_a_time() -> None:
    """Many threads, many turns, never two inside."""
    gate, inside, most, turns = Gate(), 0, 0, 0

    def work() -> None:
        nonlocal inside, most, turns
        for _ in range(200):
            assert gate.acquire(20)
            inside += 1
            most, turns = max(most, inside), turns + 1
            inside -= 1
            gate.release()

    for thread in [start(work) for _ in range(8)]:
        thread.join(30)
    assert (most, turns) == (1, 1600)


def test_who_gives_up_leaves_the_queue() -> None:
    """A time-out is a time-out, and the turn goes to the next."""
    gate, got = Gate(), list[str]()
    assert gate.acquire(1)
    assert not gate.acquire(0.01)
    assert not gate._waiting
    patient = start(lambda: got.append("patient") if gate.acquire(10) else None)
    wait_until(lambda: gate._waiting, "the patient one in the queue")
    assert not gate.acquire(0.01)
    gate.release()
    patient.join(10)
    assert got == ["patient"]


@pytest.mark.parametrize("its_turn_came", [False, True])
def test_who_is_interrupted_leaves_the_queue(monkeypatch: pytest.MonkeyPatch, its_turn_came: bool) -> None:
    """Control-C while waiting: the turn must not go to somebody who has left for ever."""
    gate = Gate()
    assert gate.acquire(1)

    def interrupted(self: threading.Event, timeout: float | None = None) -> bool:
        if its_turn_came:
            gate.release()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Event, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            gate.acquire(10)
    if not its_turn_came:
        gate.release()
    assert gate.acquire(0)


def test_one_gate_for_each_database() -> None:
    assert gate_of("/a") is gate_of("/a")
    assert gate_of("/a") is not gate_of("/b")


# The backend


@pytest.fixture
def gate(sqlite_database: Database) -> Iterator[Gate]:
    connection.ensure_connection()
    gate: Gate = connections[ALIAS].gate  # type: ignore[attr-defined]
    yield gate
    assert gate.acquire(0), "somebody still holds the gate"
    gate.release()


def test_a_transaction_holds_the_gate_until_it_ends(gate: Gate) -> None:
    """EVT-3: from BEGIN to commit or rollback, whichever way it ends."""
    with transaction.atomic():
        assert gate._held
        put("one")
        with transaction.atomic():
            put("two")
        assert gate._held
    assert not gate._held

    def fail(error: type[BaseException]) -> None:
        with transaction.atomic():
            put("three")
            raise error

    for error in (ZeroDivisionError, SystemExit):
        with pytest.raises(error):
            fail(error)
        assert not gate._held
    with transaction.atomic():
        transaction.set_rollback(True)
    assert not gate._held
    assert rows() == ["one", "two"]


def test_a_connection_that_closes_frees_the_gate(gate: Gate, sqlite_database: Database) -> None:
    """ACK-1: a thread that closes its connection inside a transaction locks nobody out."""

    def close() -> None:
        with transaction.atomic():
            put("lost")
            connection.close()
            assert not gate._held
            sqlite_database.elsewhere(lambda: put("other"))
            put("more")

    with pytest.raises(Exception, match="closed"):
        close()
    assert rows() == ["other"]


def test_a_begin_that_fails_frees_the_gate(gate: Gate, tmp_path: Any) -> None:
    """ERR-1: another process holds SQLite's lock for longer than we wait: the gate is not held for it."""
    connection.settings_dict["OPTIONS"] = {"timeout": 0.05}
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"), transaction.atomic():
        pass
    assert not gate._held
    other.execute("ROLLBACK")
    other.close()
    put("one")


@pytest.mark.parametrize("in_transaction", [True, False])
def test_another_process_is_waited_for_and_not_long(
    gate: Gate, sqlite_database: Database, in_transaction: bool
) -> None:
    """ERR-1: beside the lock of another process, which knows no gate, one's turn comes within milliseconds."""
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False, timeout=10)
    other.execute("BEGIN IMMEDIATE")

    def write() -> None:
        if in_transaction:
            with transaction.atomic():
                put("one")
        else:
            put("one")

    waiting = sqlite_database.begin(write)
    wait_until(lambda: gate._held, "the writer waiting for SQLite's lock")
    with pytest.raises(TimeoutError):
        waiting.result(0.5)  # By now SQLite itself would ask every 100 ms.
    other.execute("ROLLBACK")
    begun = time.monotonic()
    waiting.result(5)
    assert time.monotonic() - begun < 0.05
    other.close()


def test_a_single_statement_takes_its_turn(gate: Gate, sqlite_database: Database) -> None:
    """EVT-3: outside a transaction each write is one of its own, and waits like one; reading does not."""
    hold = Hold()

    def slow() -> None:
        with transaction.atomic():
            put("slow")
            hold()

    slow_one = sqlite_database.begin(slow)
    assert hold.begun.wait(10)
    single = sqlite_database.begin(lambda: put("single"))
    wait_until(lambda: len(gate._waiting) == 1, "the statement in the queue")
    assert rows() == []
    hold.go_on.set()
    slow_one.result(10)
    single.result(10)
    assert committed(sqlite_database) == ["slow", "single"]


def test_reading_does_not_take_the_gate(gate: Gate, sqlite_database: Database) -> None:
    """SUB-1: a transaction that is marked as reading neither waits nor makes others wait."""
    with (
        holding(sqlite_database, lambda: put("one")),
        connections[ALIAS].reading(),  # type: ignore[attr-defined]
        transaction.atomic(),
    ):
        assert rows() == []
    with connections[ALIAS].reading(), transaction.atomic():  # type: ignore[attr-defined]
        assert not gate._held
        assert rows() == ["one"]
        sqlite_database.elsewhere(lambda: put("two"))
        assert rows() == ["one"]
    with transaction.atomic():
        assert gate._held, "the mark ends with the block"


def test_waiting_too_long_is_the_usual_error(gate: Gate, sqlite_database: Database) -> None:
    """ERR-1: what Django raises for SQLite's own lock."""
    connection.settings_dict["OPTIONS"] = {"timeout": 0.05}
    with (
        holding(sqlite_database, lambda: put("one")),
        pytest.raises(OperationalError, match="locked"),
        transaction.atomic(),
    ):
        pass


def test_many_threads_open_a_new_database_at_once(sqlite_database: Database, tmp_path: Any) -> None:
    """ACK-1: the change to WAL, which every connection asks for, fails none of them."""
    for attempt in range(5):
        ready = threading.Barrier(8)
        connection.settings_dict["NAME"] = str(tmp_path / f"new-{attempt}.sqlite3")

        def open_it(ready: threading.Barrier = ready) -> str:
            ready.wait(10)
            with connection.cursor() as cursor:
                cursor.execute("CREATE TABLE IF NOT EXISTS t (x)")
                cursor.execute("INSERT INTO t VALUES (1)")
                return str(cursor.execute("PRAGMA journal_mode").fetchone()[0])

        opened = [sqlite_database.begin(open_it) for _ in range(8)]
        assert {future.result(30) for future in opened} == {"wal"}
