"""What listeners may count on, on both databases (rules LSN-1 to LSN-4)."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone

from hubbub.django import hearing, publish, retention
from hubbub.django import listening as listening_module
from hubbub.django.listeners import Happened, listeners, on_event
from hubbub.django.listening import Listening
from hubbub.django.metrics import HUBBUB
from hubbub.django.models import Event, ListenerPlace
from hubbub.django.tallies import taken
from hubbub.engine.counters import counters
from tests.contracts.databases import ALIAS, Database
from tests.contracts.listeners import Heard, Unheard, add, say, turns
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def only_ours() -> Iterator[None]:
    """No other listeners than those of a test."""
    others = dict(listeners)
    listeners.clear()
    yield
    listeners.clear()
    listeners.update(others)


@pytest.fixture
def listening(database: Database) -> Iterator[Callable[[], Listening]]:
    """Starts what a process starts that listens."""
    made: list[Listening] = []

    def start() -> Listening:
        made.append(Listening())
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.stop()
        each.end(10)


def test_in_the_order_of_the_log(database: Database) -> None:
    """LSN-1: what comes after it was registered, of the types that it hears, with all that an event says."""
    say(0)
    heard: list[Happened] = []
    listener = add(heard.append)
    for n in range(250):
        say(n, f"contract.{n % 3}")
        publish.publish("contract.1", Unheard(n))
    turns(listener)
    assert [each.data.n for each in heard] == list(range(250))
    first = heard[0]
    assert (first.topic, first.type, first.author, first.data) == ("contract.0", "contract.heard", "user.7", Heard(0))
    assert first.offset == 1 and first.created_at.tzinfo is not None
    assert [each.id for each in heard] == sorted({each.id for each in heard})


def test_what_it_writes_is_there_once(database: Database) -> None:
    """LSN-1: its place moves in the same transaction."""

    def write(event: Happened) -> None:
        Group.objects.create(name=f"g{event.data.n}")

    listener = add(write)
    for n in range(5):
        say(n)
    with pytest.raises(RuntimeError, match="dies"), transaction.atomic():  # noqa: PT012 - both belong to it
        hearing.turn(listener, ALIAS)
        raise RuntimeError("The process dies before the commit.")
    assert not Group.objects.exists()
    turns(listener)
    turns(listener)
    assert Group.objects.count() == 5


def test_a_failing_one_is_tried_again_and_then_skips(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LSN-3: what it wrote at that event is undone, what it heard before stays; the tries are counted for all."""
    monkeypatch.setattr(hearing, "FIRST_PAUSE", 0.0)
    heard, other = [], []

    def fail_at_two(event: Happened) -> None:
        heard.append(event.data.n)
        Group.objects.create(name=f"g{len(heard)}")
        if event.data.n == 2:
            raise ValueError("no twos")

    listener, sound = add(fail_at_two, tries=3), add(lambda event: other.append(event.data.n))
    for n in range(1, 4):
        say(n)
    hearing.turn(listener, ALIAS)
    assert (heard, ListenerPlace.objects.get(name=listener.name).failures) == ([1, 2], 1)
    turns(sound)
    assert other == [1, 2, 3]
    with caplog.at_level(logging.WARNING, "hubbub.listeners"):
        for _ in range(5):
            database.elsewhere(partial(hearing.turn, listener, ALIAS))
    assert heard == [1, 2, 2, 2, 3]
    assert Group.objects.count() == 2
    [said] = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert listener.name in said and "contract.heard on contract.1, offset 2" in said
    assert ListenerPlace.objects.get(name=listener.name).failures == 0


def test_the_pauses_grow(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """LSN-3: until then it is left alone, whoever looks."""
    first = 60.0  # None must be over before somebody looks.
    monkeypatch.setattr(hearing, "FIRST_PAUSE", first)

    def fail(event: Happened) -> None:
        raise ValueError

    listener, pauses = add(fail), []
    say(1)
    for _ in range(3):
        pauses.append(hearing.turn(listener, ALIAS))
        left = database.elsewhere(partial(hearing.turn, listener, ALIAS))
        assert left is not None and pauses[-1] is not None and 0 < left <= pauses[-1]
        ListenerPlace.objects.update(retry_at=None)
    assert pauses == [first, 2 * first, 4 * first]


@pytest.mark.parametrize("together", [False, True])
def test_what_the_commit_refuses_counts_as_a_failure(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, together: bool
) -> None:
    """LSN-3: of the event at which it was written, although foreign keys are checked for all that was heard at once."""
    monkeypatch.setattr(hearing, "FIRST_PAUSE", 0.0)

    def dangle(event: Happened) -> None:
        Group.objects.create(name=f"g{event.data.n}")
        if event.data.n == 2:
            Permission.objects.create(name="dangles", codename="dangles", content_type_id=2**30)

    def hear(what: Any) -> None:
        for each in what if together else [what]:
            dangle(each)

    listener = add(hear, tries=3, together=together)
    for n in range(1, 5):
        say(n)
    hearing.turn(listener, ALIAS)
    assert ListenerPlace.objects.get(name=listener.name).failures == 1
    assert list(Group.objects.values_list("name", flat=True)) == ["g1"]
    turns(listener)
    assert sorted(Group.objects.values_list("name", flat=True)) == ["g1", "g3", "g4"]
    [said] = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert "has failed 3 times" in said and "offset 2" in said


def test_a_late_commit(postgres_database: Database) -> None:
    """LSN-2: an event that is committed after others with higher ids is heard, and none twice."""
    heard: list[int] = []
    listener = add(lambda event: heard.append(event.data.n))
    say(1)
    with transaction.atomic():
        say(2, "contract.late")
        database = postgres_database
        database.elsewhere(partial(say, 3))
        database.elsewhere(partial(turns, listener))
        assert heard == [1, 3]
    database.elsewhere(partial(say, 4))
    turns(listener)
    turns(listener)
    assert heard == [1, 3, 2, 4]


def test_late_commits_between_two_pages(postgres_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """LSN-2: none is heard twice, and none is left out."""
    monkeypatch.setattr(hearing, "AT_ONCE", 2)
    heard: list[int] = []
    listener = add(lambda event: heard.append(event.data.n))
    say(0)
    with transaction.atomic():
        say(1, "contract.late")
        for n in range(2, 7):
            postgres_database.elsewhere(partial(say, n))
        postgres_database.elsewhere(partial(hearing.turn, listener, ALIAS))
    postgres_database.elsewhere(partial(say, 7))
    turns(listener)
    assert sorted(heard) == list(range(8))
    assert len(heard) == 8


def test_another_server(postgres_database: Database) -> None:
    """LSN-2: nothing is heard twice, and nothing left out, of what was restored from a dump of one that was older."""
    heard: list[int] = []
    listener = add(lambda event: heard.append(event.data.n))
    say(1)
    turns(listener)
    say(2)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE hubbub_event SET xid = (xid::text::bigint + 2000)::text::xid8")
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        ahead = cursor.fetchone()[0] + 2000
        ListenerPlace.objects.update(seen=f"{ahead}:{ahead}:")
        turns(listener)
        assert heard == [1, 2]
        for _ in range(2100):
            cursor.execute("SELECT pg_current_xact_id()")
    say(3)
    turns(listener)
    assert heard == [1, 2, 3]


def test_it_yields_to_who_holds_a_lock(postgres_database: Database) -> None:
    """LSN-3: that is no failure, and what it has heard before holds up nobody meanwhile."""
    group = Group.objects.create(name="g0")
    listener = add(lambda event: Group.objects.filter(pk=group.pk).update(name=f"g{event.data.n}"), tries=1)
    say(1)
    with transaction.atomic():
        Group.objects.select_for_update().get(pk=group.pk)
        wait = postgres_database.elsewhere(partial(hearing.turn, listener, ALIAS))
    assert wait == hearing.YIELD_SECONDS
    turns(listener)
    assert Group.objects.get(pk=group.pk).name == "g1"


def test_a_connection_that_is_lost(postgres_database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """LSN-3: that is no failure of who was hearing, and it hears the event once the database is back."""
    heard: list[int] = []

    def lose(event: Happened) -> None:
        heard.append(event.data.n)
        if len(heard) == 1:
            connections[ALIAS].connection.close()
        Group.objects.create(name=f"g{event.data.n}")

    def turn() -> None:
        with pytest.raises(OperationalError):
            hearing.turn(listener, ALIAS)

    listener = add(lose, tries=1)
    say(1)
    postgres_database.elsewhere(turn)
    assert not caplog.records
    turns(listener)
    assert heard == [1, 1]
    assert Group.objects.count() == 1


def test_a_clock_that_is_set_back(database: Database) -> None:
    """LSN-3: no pause is longer than it was to be."""
    heard: list[int] = []
    listener = add(lambda event: heard.append(event.data.n))
    say(1)
    ListenerPlace.objects.update(failures=2, retry_at=timezone.now() + timedelta(hours=2))
    turns(listener)
    assert heard == [1]


def test_a_slow_one_holds_up_no_other(postgres_database: Database) -> None:
    """LSN-4: also where both wait for the same event."""
    heard: list[int] = []
    go_on = threading.Event()
    add(lambda event: go_on.wait(30))
    add(lambda event: heard.append(event.data.n))
    ours = Listening()
    ours.start()
    try:
        say(1)
        wait_until(lambda: heard == [1], "the first event")
        go_on.set()
        wait_until(lambda: ours._waiting == 2, "both threads")
        go_on.clear()
        say(2)
        wait_until(lambda: heard == [1, 2], "the second event", 5)
    finally:
        go_on.set()
        ours.stop()
        ours.end(10)


def test_nobody_looks_while_nothing_happens(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """LSN-4: the thread that is left waits for what is due next."""
    monkeypatch.setattr(listening_module, "IDLE_SECONDS", 0.0)
    ours, waits = Listening(), []

    class Stopping(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            ours._stopping = True
            return True

    ours._changed, ours._due = Stopping(), {"a listener": time.monotonic() + 30}
    assert ours._take() is None
    assert waits == [pytest.approx(30, abs=5)]


def test_it_hears_what_it_publishes_itself(database: Database) -> None:
    """LSN-1: in its next turn, whatever other transactions end beside it."""
    heard = []

    def count_down(event: Happened) -> None:
        heard.append(event.data.n)
        if event.data.n:
            say(event.data.n - 1)
            if connection.vendor == "postgresql":
                database.elsewhere(lambda: Group.objects.create(name=f"beside {event.data.n}"))

    listener = add(count_down)
    say(3)
    for _ in range(5):
        turns(listener)
    assert heard == [3, 2, 1, 0]


def test_pruning_waits_for_a_day(database: Database, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    """LSN-5: what is not heard stays; who is away for longer goes on with what there is."""
    settings.HUBBUB = {"EVENT_DAYS": 0.5, "EVENTS_PER_TOPIC": 4}
    say(0)
    heard: list[int] = []
    listener = add(lambda event: heard.append(event.data.n))
    for n in range(1, 9):
        say(n)
    retention.prune_long_streams()
    hours_ago = timezone.now() - timedelta(hours=20)
    Event.objects.filter(type="contract.heard").update(created_at=hours_ago)
    retention.prune_old_events()
    assert Event.objects.filter(type="contract.heard").count() == 8
    assert not caplog.records
    Event.objects.filter(type="contract.heard").update(created_at=hours_ago - timedelta(hours=10))
    with caplog.at_level(logging.WARNING, "hubbub.listeners"):
        retention.prune_long_streams()
    assert listener.name in caplog.text
    turns(listener)
    assert heard == [5, 6, 7, 8]
    assert counters.behind[listener.name] == 0.0


def test_how_far_it_is_behind(database: Database) -> None:
    """OPS-1: since when the first event waits that it has yet to hear."""

    def fail(event: Happened) -> None:
        raise ValueError

    listener = add(fail)
    say(1)
    hearing.turn(listener, ALIAS)
    hearing.turn(listener, ALIAS)
    born = Event.objects.get(type="contract.heard").created_at
    assert counters.behind[listener.name] == pytest.approx(born.timestamp())
    [lag] = [each for each in taken(HUBBUB) if each.name == "hubbub_listener_lag_seconds"]
    assert next(value for _, labels, value in lag.samples if labels == {"listener": listener.name}) > 0


def test_two_processes(database: Database, listening: Callable[[], Listening]) -> None:
    """LSN-4: each event is heard by one of them; a slow listener does not hold up another."""
    heard: list[int] = []
    add(lambda event: heard.append(event.data.n))
    listening()
    listening()
    for n in range(50):
        say(n)
    wait_until(lambda: len(heard) >= 50, "the events")
    assert heard == list(range(50))


def test_it_has_a_name_of_its_own() -> None:
    """LSN-1: places are kept by name; what can't be heard is refused at once."""
    add_ = on_event(Heard, name="taken")
    add_(print)
    with pytest.raises(ValueError, match="registered already"):
        on_event(Heard, name="taken")(repr)
    with pytest.raises(TypeError, match="no listener"):
        on_event("chat.typing")
    with pytest.raises(ValueError, match="which events"):
        on_event()
