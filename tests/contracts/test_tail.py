"""The log's end, followed for what other processes commit (rule EVT-4)."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from hubbub.django import tail as tail_module
from hubbub.django.streams import DjangoStreamStore
from hubbub.django.tail import PostgresLog, SqliteLog, Tail
from hubbub.engine.live import LiveTopic
from hubbub.protocol.frames import Event
from tests.contracts.databases import ALIAS, Database
from tests.contracts.writers import holding, put, rows
from tests.waiting import wait_until, wait_until_async

NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.fixture
def log(database: Database) -> SqliteLog | PostgresLog:
    return PostgresLog(ALIAS) if database.vendor == "postgresql" else SqliteLog(ALIAS)


@pytest.fixture(autouse=True)
def small_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "BATCH", 4)


def append(topic: str, n: int = 0) -> Event:
    with transaction.atomic():
        return DjangoStreamStore(ALIAS).append(topic, "contract.counted", b'{"n":%d}' % n, "user.1", NOW)


def names(rows: list[Any]) -> list[tuple[str, int]]:
    """Topic and offset of a log's rows."""
    return [(row[0], row[2]) for row in rows]


def test_only_what_comes_after_the_beginning(log: Any, database: Database) -> None:
    """EVT-4: the log is followed from its end."""
    database.elsewhere(lambda: append("a"))
    log.begin()
    assert log.read() == []
    database.elsewhere(lambda: [append("a"), append("b")])
    assert names(log.read()) == [("a", 2), ("b", 1)]
    assert log.read() == []


def test_more_than_a_batch(log: Any, database: Database) -> None:
    """EVT-4: what does not fit into one read comes with the next, and nothing twice."""
    log.begin()
    database.elsewhere(lambda: [append("a") for _ in range(10)])
    assert [len(log.read()) for _ in range(4)] == [4, 4, 2, 0]


def test_a_new_connection_misses_nothing(log: Any, database: Database) -> None:
    """EVT-4: SQLite's data_version is the connection's own; that of the next one may be the same number."""
    log.begin()
    for n in range(1, 4):
        database.elsewhere(lambda: append("a"))
        connection.close()
        assert names(log.read()) == [("a", n)]


@pytest.mark.faults
def test_a_late_commit_is_not_skipped(log: Any, database: Database) -> None:
    """EVT-3, EVT-4: two transactions that commit in reverse order; the one that began first comes too."""
    began, go_on = threading.Event(), threading.Event()
    log.begin()

    def late() -> None:
        with transaction.atomic():
            append("late")
            began.set()
            assert go_on.wait(20)

    slow = database.begin(late)
    assert began.wait(10)
    if database.vendor == "sqlite":
        # One writer at a time: the second waits for the first, whatever it wants.
        quick = database.begin(lambda: append("quick"))
        assert log.read() == []
        go_on.set()
        slow.result(10)
        quick.result(10)
        assert names(log.read()) == [("late", 1), ("quick", 1)]
        return
    database.elsewhere(lambda: append("quick"))
    before = names(log.read())
    go_on.set()
    slow.result(10)
    assert sorted(before + names(log.read())) == [("late", 1), ("quick", 1)]


@pytest.mark.postgres
def test_a_long_transaction_elsewhere_holds_up_nothing(postgres_database: Database) -> None:
    """EVT-4: somebody's import that runs for minutes, with a late commit beside it."""
    log = PostgresLog(ALIAS)
    log.begin()
    with holding(postgres_database, lambda: put("long")):
        with holding(postgres_database, lambda: append("late")):
            postgres_database.elsewhere(lambda: append("quick"))
            assert names(log.read()) == [("quick", 1)]
        assert names(log.read()) == [("late", 1)]
        assert log.read() == []
        postgres_database.elsewhere(lambda: append("quick"))
        assert names(log.read()) == [("quick", 2)]
    assert log.read() == []


@pytest.mark.faults
def test_commits_in_any_order_are_read_once(log: Any, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """EVT-3, EVT-4: many writers, each event exactly once however their commits fall, by topic in order."""
    monkeypatch.setattr(tail_module, "BATCH", 1000)
    writers, each = 8, 30

    def write(number: int) -> None:
        for n in range(each):
            with transaction.atomic():
                DjangoStreamStore(ALIAS).append(f"t{number}", "contract.counted", b"{}", "", NOW)
                rows()  # A moment more between taking the id and the commit.
                if n % 7 == 6:
                    transaction.set_rollback(True)

    log.begin()
    done = [database.begin(partial(write, number)) for number in range(writers)]
    found: list[tuple[str, int]] = []

    def all_done() -> bool:
        found.extend(names(log.read()))
        return all(future.done() for future in done)

    wait_until(all_done, "the writers", 60)
    found += names(log.read())
    for future in done:
        future.result(0)
    kept = sum(n % 7 != 6 for n in range(each))
    assert len(found) == len(set(found)) == writers * kept
    for number in range(writers):
        assert [n for topic, n in found if topic == f"t{number}"] == list(range(1, kept + 1))


@pytest.mark.postgres
def test_rows_of_a_restored_dump_are_not_news(postgres_database: Database) -> None:
    """EVT-4: they carry the transaction ids of the server that they came from."""
    log = PostgresLog(ALIAS)
    append("a")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE hubbub_event SET xid = '99999999'::xid8")
    log.begin()
    postgres_database.elsewhere(lambda: append("a"))
    assert names(log.read()) == [("a", 2)]
    assert log.read() == []


@pytest.mark.postgres
def test_a_commit_between_two_pages_is_not_skipped(postgres_database: Database) -> None:
    """EVT-4: a page ends behind the place where a late commit then appears."""
    log = PostgresLog(ALIAS)
    log.begin()
    with holding(postgres_database, lambda: append("late")):
        postgres_database.elsewhere(lambda: [append("quick") for _ in range(6)])
        first = names(log.read())
    found = first + [name for _ in range(4) for name in names(log.read())]
    assert first == [("quick", n) for n in (1, 2, 3, 4)]
    assert set(found) == {("late", 1), *(("quick", n) for n in range(1, 7))}
    assert log.read() == []


def test_what_is_rolled_back_is_not_there(log: Any, database: Database) -> None:
    """EVT-3: never an event of a transaction that was rolled back."""
    log.begin()

    def give_up() -> None:
        with transaction.atomic():
            append("a")
            transaction.set_rollback(True)

    database.elsewhere(give_up)
    assert log.read() == []
    database.elsewhere(lambda: append("a", 2))
    ((topic, _, offset, type, data, author, _),) = log.read()
    assert (topic, offset, type, data, author) == ("a", 1, "contract.counted", '{"n":2}', "user.1")


class FakeHub:
    """A hub that notes what is posted."""

    def __init__(self, *topics: str) -> None:
        self.topics = {topic: LiveTopic(topic) for topic in topics}
        self.posted: list[Event] = []

    def post(self, events: list[Event]) -> None:
        self.posted += events


@pytest.fixture
def hub(database: Database) -> Iterator[Any]:
    hub = FakeHub("a", "b")
    tail = Tail(ALIAS, hub, 0.01)  # type: ignore[arg-type]
    tail.start()
    yield hub
    tail.stop()


def test_the_tail_posts_what_somebody_follows(hub: FakeHub, database: Database) -> None:
    """EVT-4: events of the topics that are live here, each as the log has it."""
    database.elsewhere(lambda: [append(topic, n) for n, topic in enumerate(["a", "nobody", "b", "a"] * 3)])
    # A page that was read while more was committed may come again: the hub knows events by their offsets.
    wait_until(lambda: len({(e.topic, e.offset) for e in hub.posted}) == 9, "nine events")
    assert [(e.topic, e.offset) for e in hub.posted[:3]] == [("a", 1), ("b", 1), ("a", 2)]
    first = hub.posted[0]
    stored = DjangoStreamStore(ALIAS).read("a", 0, 1)[0]
    for name in ("topic", "type", "raw", "epoch", "offset", "author", "created_at"):
        assert getattr(first, name) == getattr(stored, name), name
    assert first.created_at == NOW


@pytest.mark.postgres
def test_the_tail_outlives_a_killed_connection(postgres_database: Database) -> None:
    """EVT-4: the database goes away and comes back; the tail goes on where it was."""
    hub = FakeHub("a")
    tail = Tail(ALIAS, hub, 0.01)  # type: ignore[arg-type]
    tail.start()

    def kill_others() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )

    try:
        connection.close()
        postgres_database.elsewhere(kill_others)
        postgres_database.elsewhere(lambda: append("a"))
        wait_until(lambda: hub.posted, "the event after the connection was killed")
    finally:
        tail.stop()
    assert [e.offset for e in hub.posted] == [1]


async def test_the_tail_ends_with_its_process(database: Database) -> None:
    """Stopping is quick, also for a tail that has just begun."""
    tail = Tail(ALIAS, FakeHub(), 0.01)  # type: ignore[arg-type]
    await asyncio.to_thread(tail.start)
    await asyncio.wait_for(asyncio.to_thread(tail.stop), 5)
    await wait_until_async(lambda: not tail._thread.is_alive(), "the thread's end")
