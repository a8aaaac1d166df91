"""Notifications on both databases: many threads at once, to overlapping users; what is due, by many workers."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import hubbub
from hubbub.django.models import Event, Stream
from hubbub.notifications import queries
from hubbub.notifications.actions import send_due
from hubbub.notifications.models import Box, Notification, Scheduled
from tests.contracts.databases import Database

THREADS, EACH = 4, 10


@pytest.fixture
def people(database: Database) -> list[User]:
    found = User.objects.bulk_create(User(username=f"user{n}") for n in range(12))
    connection.close()
    return found


def at_once(work: Callable[[int], object]) -> None:
    """Run it in threads, each with its number. Raises what one of them raised."""
    failed: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def test_overlapping_users_at_once(people: list[User]) -> None:
    """NTF-2, NTF-3: no deadlock, none lost, none doubled; also for users who had nothing before, and in groups."""

    def work(number: int) -> None:
        chance = random.Random(number)
        for _ in range(EACH):
            hubbub.notify(chance.sample(people, 8), "Hi", group=chance.choice(["", "g"]))

    at_once(work)
    told = {each.topic: each.top for each in Stream.objects.filter(topic__startswith="notifications.")}
    assert sum(told.values()) == THREADS * EACH * 8
    for box in Box.objects.all():
        rows = Notification.objects.filter(user_id=box.user_id)
        assert told[f"notifications.{box.user_id}"] == box.top == sum(row.count for row in rows)
        assert box.unread == len(rows) == rows.filter(queries.unread()).count()
        assert len([row for row in rows if row.group]) <= 1
    assert Event.objects.filter(type="notifications.notified").count() == sum(told.values())


def test_what_is_due_by_several_workers(people: list[User]) -> None:
    """NTF-7: each once, whoever is first."""
    for n in range(20):
        hubbub.notify(people[n % 3], f"{n}", at=timezone.now() + timedelta(hours=1))
    Scheduled.objects.update(due_at=timezone.now())
    connection.close()
    at_once(lambda number: send_due())
    assert sorted(Notification.objects.values_list("title", flat=True)) == sorted(f"{n}" for n in range(20))
    assert not Scheduled.objects.exists()


@pytest.mark.parametrize("count", [1, 900])
def test_the_number_of_queries(database: Database, count: int) -> None:
    """NTF-2: hardly more for nine hundred users than for one, first added and then counted up."""
    people = User.objects.bulk_create(User(username=f"user{n}") for n in range(count))
    seen = []
    for _ in range(2):
        with transaction.atomic(), CaptureQueriesContext(connection) as captured:
            hubbub.notify(people, "Hi", actor=people[0], target=people[0], group="g")
        seen.append(len([each for each in captured if "SAVEPOINT" not in each["sql"]]))
    print(f"\nqueries for {count} users, first and counted up: {seen}")
    # The log takes the places of 500 topics by one query.
    assert seen[0] <= 12 and seen[1] <= 10
