"""How the tail is woken on PostgreSQL: notifications are hints, the log is the truth (rule EVT-4)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.test import override_settings

from hubbub.django import runtime, wakeups
from hubbub.django.conf import tail_alias
from hubbub.django.tail import PostgresLog, Tail
from tests.bouncer import Bouncer, going
from tests.contracts.databases import ALIAS, Database, postgres_settings
from tests.contracts.test_tail import FakeHub, append
from tests.waiting import wait_until

pytestmark = pytest.mark.postgres

NEVER = 3600.0


@pytest.fixture(autouse=True)
def only_notifications(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found by looking every so often."""
    monkeypatch.setattr(wakeups, "IDLE_SECONDS", NEVER)


@pytest.fixture
def database(postgres_database: Database) -> Database:
    connection.close()
    return postgres_database


@contextmanager
def following(alias: str = ALIAS, seconds: float = NEVER, telling: bool = True) -> Iterator[tuple[Any, Tail]]:
    """A tail as a process has it, and what it has posted. It listens already."""
    hub: Any = FakeHub("a", "b")
    tail = Tail(alias, hub, seconds, telling=telling)
    tail.start()
    try:
        notifications: Any = tail._wakeups
        wait_until(lambda: notifications._connection is not None and not notifications._heard, "the tail's listening")
        yield hub, tail
    finally:
        tail.stop()


def publish(topic: str = "a") -> None:
    """What a process that serves no sockets does: a shell, a worker, a cron job."""
    with transaction.atomic():
        event = append(topic)
        transaction.on_commit(partial(runtime.committed, ALIAS, [event]))


def arrived(hub: FakeHub, count: int) -> None:
    wait_until(lambda: len(hub.posted) >= count, f"{count} events")


def offsets(hub: FakeHub) -> list[int | None]:
    return [event.offset for event in hub.posted]


@contextmanager
def listening(settings: dict[str, Any]) -> Iterator[psycopg.Connection]:
    """Somebody who hears what hubbub's processes tell each other."""
    options = {**settings.get("OPTIONS", {}), "dbname": settings["NAME"], "user": settings["USER"] or None}
    where = {
        "host": settings["HOST"] or None,
        "password": settings["PASSWORD"] or None,
        "port": settings["PORT"] or None,
    }
    given = {name: value for name, value in {**where, **options}.items() if value is not None}
    with psycopg.connect(**given, autocommit=True) as other:
        other.execute(f"LISTEN {wakeups.CHANNEL}")
        yield other


def notifications(other: psycopg.Connection, seconds: float) -> int:
    return len(list(other.notifies(timeout=seconds)))


def test_a_commit_elsewhere_wakes_the_tail(database: Database) -> None:
    """EVT-4: within milliseconds, by nothing but the notification."""
    with following() as (hub, _):
        took = []
        for n in range(1, 41):
            begun = time.monotonic()
            database.elsewhere(publish)
            arrived(hub, n)
            took.append(time.monotonic() - begun)
        assert offsets(hub) == list(range(1, 41))
    took.sort()
    print(
        f"\npublished elsewhere, connection included, until posted: p50 {took[20] * 1000:.1f} ms, "
        f"most {took[-1] * 1000:.1f} ms"
    )
    assert took[20] < 0.5


def test_a_process_that_serves_wakes_the_others_and_not_itself(database: Database) -> None:
    """EVT-4: what a writer commits here is told on the tail's connection; one's own commits are no news."""
    with following() as (hub, tail), following() as (other, _):
        database.elsewhere(lambda: append("a"))
        tail.committed()
        wait_until(lambda: offsets(other) == [1], "the other's hearing of it")
        assert hub.posted == []
        database.elsewhere(publish)
        wait_until(lambda: len(hub.posted) == 2 and len(other.posted) == 2, "both hearing of the next")


def test_where_a_layer_wakes_the_others_nobody_is_told(database: Database) -> None:
    """EVT-4: a process whose Channels layer reaches the others sends no notifications."""
    with following(telling=False) as (_, tail), listening(database.settings) as other:
        tail.committed()
        assert notifications(other, 0.2) == 0


def test_many_commits_are_few_notifications(database: Database) -> None:
    """EVT-4: however busy the writer, at most one notification in each pause; and one after the last commit."""
    with following() as (_, tail), listening(database.settings) as other:
        begun = time.monotonic()
        for _ in range(20_000):
            tail.committed()
        took = time.monotonic() - begun
        wait_until(lambda: not tail._wakeups._committed, "the last notification")  # type: ignore[attr-defined]
        told = notifications(other, 0.2)
    print(f"\n20,000 commits within {took * 1000:.0f} ms: {told} notifications")
    assert 1 <= told <= took / wakeups.PAUSE + 3


def test_nothing_is_told_of_what_is_rolled_back(database: Database) -> None:
    """EVT-3"""

    def give_up() -> None:
        with transaction.atomic():
            publish()
            transaction.set_rollback(True)

    with listening(database.settings) as other:
        database.elsewhere(give_up)
        assert notifications(other, 0.2) == 0


def test_a_lost_notification_costs_less_than_half_a_second(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """EVT-4: a process that is killed between its commit and the notification."""
    monkeypatch.undo()
    assert wakeups.IDLE_SECONDS < 0.5
    with following() as (hub, _):
        begun = time.monotonic()
        database.elsewhere(lambda: append("a"))
        wait_until(lambda: offsets(hub) == [1], "the event without a notification", 5)
        print(f"\nwithout a notification: {(time.monotonic() - begun) * 1000:.0f} ms")


def test_a_new_connection_listens_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """EVT-4: the tail's connection is killed, and killed again; what was committed meanwhile is read."""
    monkeypatch.setattr("hubbub.django.tail.RETRY_SECONDS", 0.1)

    def kill_others() -> None:
        append("a")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )

    with following() as (hub, _):
        for n in (1, 3, 5):
            database.elsewhere(kill_others)
            arrived(hub, n)
            database.elsewhere(publish)
            arrived(hub, n + 1)
        assert offsets(hub) == [1, 2, 3, 4, 5, 6]


@contextmanager
def also(alias: str, settings: dict[str, Any]) -> Iterator[None]:
    """A second alias, while the test runs."""
    ours = connections.configure_settings({ALIAS: {}, alias: settings})[alias]
    connections.settings[alias] = ours
    try:
        yield
    finally:
        connections[alias].close()
        del connections[alias], connections.settings[alias]


def by_way_of(bouncer: Bouncer) -> dict[str, Any]:
    return postgres_settings(bouncer.url, urlsplit(bouncer.url).path.lstrip("/"))


@pytest.fixture
def bouncer(database: Database, postgres_url: str) -> Iterator[Bouncer]:
    if urlsplit(postgres_url).password:
        pytest.skip("the test's pooler cannot sign in with a password")
    url = urlsplit(postgres_url)._replace(path=f"/{database.settings['NAME']}").geturl()
    with going(Bouncer(url)) as bouncer:
        yield bouncer


def test_behind_a_pooler_the_log_is_looked_at(bouncer: Bouncer, database: Database, caplog: Any) -> None:
    """EVT-4: notifications don't come through; it is said once, and what to do."""
    with also("bounced", by_way_of(bouncer)), following("bounced", 0.05) as (hub, tail):
        for n in range(1, 6):
            database.elsewhere(publish)
            arrived(hub, n)
        assert tail._wakeups._listening is None  # type: ignore[attr-defined]
    assert caplog.text.count("DATABASE_DIRECT_URL") == 1
    assert not [each for each in bouncer.statements if each.startswith("LISTEN")]


def test_by_a_direct_connection_beside_the_pooler(bouncer: Bouncer, database: Database) -> None:
    """EVT-4: the tail goes by TAIL_DATABASE; a notification that is sent through the pooler arrives."""

    def publish_through_pooler() -> None:
        with transaction.atomic(using="bounced"):
            append("a")
        wakeups.notify("bounced")
        connections["bounced"].close()

    with also("bounced", by_way_of(bouncer)), following() as (hub, tail):
        database.elsewhere(publish_through_pooler)
        arrived(hub, 1)
        assert tail._wakeups._listening is not None  # type: ignore[attr-defined]


def test_the_tail_has_an_alias_of_its_own() -> None:
    """EVT-4"""
    assert tail_alias() == ALIAS
    with override_settings(HUBBUB={"TAIL_DATABASE": "direct"}):
        assert tail_alias() == "direct"


def test_a_poll_reads_what_a_notification_does(database: Database) -> None:
    """EVT-4: both ways read the same log; nothing comes twice."""
    log = PostgresLog(ALIAS)
    log.begin()
    with following() as (hub, _):
        for _ in range(10):
            database.elsewhere(publish)
        wait_until(lambda: len(hub.posted) == 10, "ten events")
    assert [row[2] for row in log.read()] == offsets(hub) == list(range(1, 11))
