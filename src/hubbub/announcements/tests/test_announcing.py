"""What an announcement costs, when it begins, and what it may say."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import hubbub
from hubbub import Audience
from hubbub.announcements import actions, queries
from hubbub.announcements.models import Announcement
from hubbub.django import notifying
from hubbub.django.auth import actor_of_user
from hubbub.django.models import Event, RecurringJob
from hubbub.engine.actor import SYSTEM
from hubbub.notifications import withdraw
from hubbub.notifications.models import Notification
from hubbub.protocol.errors import BadData, Forbidden
from hubbub.testing import SyncEngine

pytestmark = pytest.mark.django_db


def rows() -> dict[str, int]:
    """The rows of every table that there is."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        counted = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            counted[table] = cursor.fetchone()[0]
    return counted


def users(number: int) -> None:
    there = User.objects.count()
    User.objects.bulk_create([User(username=f"u{each}") for each in range(there, number)], batch_size=5_000)


def cost(hub: SyncEngine, capture: Any) -> tuple[dict[str, int], int, list[str]]:
    """The rows that an announcement to everyone adds, its queries, and what goes to the other processes."""
    hub.advance(0.1)
    relay = hub._hub.engine.hub.relay
    sent: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(relay), "send", lambda self, event: sent.append(event.type))
        before = rows()
        with CaptureQueriesContext(connection) as captured, capture(execute=True):
            hubbub.announce(Audience.everyone(), "To you all")
        hub.advance(0.1)
    added = {table: count - before[table] for table, count in rows().items() if count != before[table]}
    return added, len(captured), sent


@pytest.mark.parametrize("many", [1_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_as_much_for_many_as_for_few(
    hubbub_sync: SyncEngine, django_capture_on_commit_callbacks: Any, many: int
) -> None:
    """ANN-1: rows, queries and messages between processes are as many for an audience of any size."""
    (alice, _) = hubbub_sync.pair()
    alice.send("announcements.subscribe")
    hubbub.announce(Audience.everyone(), "The first makes the stream")
    users(10)
    few = cost(hubbub_sync, django_capture_on_commit_callbacks)
    users(many)
    assert cost(hubbub_sync, django_capture_on_commit_callbacks) == few
    assert few[0] == {"hubbub_announcements_announcement": 1, "hubbub_event": 1}
    assert few[2] == ["announcements.announced"]
    print({"rows": few[0], "queries": few[1], "messages": len(few[2]), "users": User.objects.count()})


def test_at_its_time_and_once(
    hubbub_sync: SyncEngine, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """ANN-3"""
    alice, _ = hubbub_sync.pair()
    alice.send("announcements.subscribe")
    RecurringJob.objects.create(name="scheduled announcements", due=timezone.now() + timedelta(seconds=60))
    now, at = timezone.now(), timezone.now() + timedelta(seconds=20)
    with django_capture_on_commit_callbacks(execute=True):
        later = hubbub.announce(Audience.everyone(), "Much later", at=at + timedelta(seconds=9))
        first = hubbub.announce(Audience.everyone(), "Later", at=at)
    assert (first.number, RecurringJob.objects.get().due) == (None, at)
    assert actions.begin_due(SYSTEM) == 0
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(seconds=21))
    RecurringJob.objects.update(due=now + timedelta(seconds=80))
    with django_capture_on_commit_callbacks(execute=True):
        assert actions.begin_due(SYSTEM) == 1
    assert RecurringJob.objects.get().due == later.begins_at, "the next is asked for"
    assert actions.begin_due(SYSTEM) == 0
    said = alice.event("announcements.announced")["data"]["announcement"]
    assert said["title"] == "Later"
    assert Event.objects.filter(type="announcements.announced").count() == 1
    actions.withdraw(SYSTEM, later.pk)
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(seconds=40))
    assert actions.begin_due(SYSTEM) == 0


def test_order_is_that_of_beginning() -> None:
    """ANN-4: what was written before and begins after is not seen already."""
    ann = actor_of_user(User.objects.create(username="ann"))
    late = hubbub.announce(Audience.everyone(), "Late", at=timezone.now() + timedelta(seconds=5))
    hubbub.announce(Audience.everyone(), "Now")
    actions.see(ann, 2**53)
    actions.change(SYSTEM, late.pk, {}, at=timezone.now() - timedelta(seconds=1))
    feed = queries.feed(ann)
    assert [(each.title, each.seen) for each in feed.announcements] == [("Late", False), ("Now", True)]
    assert feed.unread == 1


def test_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    """ANN-2"""
    ann = actor_of_user(User.objects.create(username="ann"))
    now = timezone.now()
    hubbub.announce(Audience.everyone(), "Short", expires=now + timedelta(minutes=1))
    hubbub.announce(Audience.everyone(), "Missed", at=now + timedelta(minutes=1), expires=now + timedelta(minutes=2))
    assert queries.feed(ann).unread == 1
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(minutes=3))
    assert queries.feed(ann) == ([], 0)
    actions.begin_due(SYSTEM)
    assert not queries.feed(ann).announcements, "nobody is told what is over"
    assert [each.title for each in queries.past(ann, None, 10)[0]] == ["Short"]
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=400))
    assert actions.prune_past(SYSTEM) == 2
    assert not Announcement.objects.exists()


def test_without_a_banner_it_does_not_stay_for_ever(settings: Any) -> None:
    """ANN-2: nobody withdraws what was told to an audience."""
    settings.HUBBUB = {**settings.HUBBUB, "NOTIFICATION_DAYS": 3}
    at = timezone.now() + timedelta(hours=1)
    hubbub.notify(Audience.everyone(), "The menu is out", at=at)
    assert Announcement.objects.get().expires_at == at + timedelta(days=3)
    assert hubbub.announce(Audience.everyone(), "A banner is withdrawn").expires_at is None
    settings.HUBBUB = {**settings.HUBBUB, "NOTIFICATION_DAYS": 0}
    assert hubbub.announce(Audience.everyone(), "For ever", banner=False).expires_at is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": " "},
        {"title": "x" * 201},
        {"body": "x" * 10_001},
        {"level": "loud"},
        {"link": "javascript:alert(1)"},
        {"link": "//elsewhere.example"},
        {"link": "https://"},
        {"at": datetime(2100, 1, 1)},
        {"expires": datetime(2100, 1, 1)},
        {"expires": timezone.now() - timedelta(seconds=1)},
        {"audience": Audience("team.1")},
        {"audience": Audience("nothing")},
    ],
)
def test_what_does_not_fit(wrong: dict[str, Any]) -> None:
    """ANN-2"""
    given: dict[str, Any] = {"audience": Audience.everyone(), "title": "Hello", **wrong}
    with pytest.raises(BadData):
        hubbub.announce(**given)
    assert not Announcement.objects.exists()


@pytest.mark.parametrize("audience", ["everyone", User(username="bob"), None])
def test_what_is_no_audience(audience: Any) -> None:
    """ANN-2: it is said in words, and what there is for users."""
    with pytest.raises(TypeError, match=r"is no audience: give one, .*; for users there is notify"):
        hubbub.announce(audience, "Hello")


def test_only_staff_with_the_permission() -> None:
    """ANN-7"""
    ann = actor_of_user(User.objects.create(username="ann", is_staff=True))
    with pytest.raises(Forbidden):
        actions.announce(ann, Audience.everyone(), {"title": "Hello"})


def test_an_audience_has_no_ids_to_take_back() -> None:
    """NTF-2: ``withdraw(ids=)`` takes back what users have; an announcement is not one of those."""
    ann = User.objects.create(username="ann")
    [own] = hubbub.notify(ann, "For Ann alone")
    ids = hubbub.notify(Audience.everyone(), "To all")
    assert ids == [] and Announcement.objects.get().number is not None
    with pytest.raises(ValueError, match="Say what"):
        withdraw(ids=ids)
    assert Notification.objects.get().pk == own


@pytest.mark.parametrize(
    "wrong",
    [{"actor": 1}, {"target": Group(pk=1)}, {"data": {"n": 1}}, {"group": "g"}, {"many": "{count}"}, {"kind": "chat"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_only_users_are_told(wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """NTF-2: nothing is dropped without a word, also where it is told later."""
    monkeypatch.setitem(notifying.kinds, "chat", notifying.Kind("chat", "Chat", frozenset()))
    for at in (None, timezone.now() + timedelta(hours=1)):
        with pytest.raises(ValueError, match=f"An audience .*'{next(iter(wrong))}'"):
            hubbub.notify(Audience.everyone(), "Hello", at=at, **wrong)
    assert not Announcement.objects.exists()


def test_an_audience_that_is_not_there() -> None:
    """NTF-2: it is the error that the other arguments of ``notify`` make."""
    with pytest.raises(ValueError, match=r"There is no audience 'team\.1'"):
        hubbub.notify(Audience("team.1"), "Hello")
    with pytest.raises(ValueError, match="expired before it begins"):
        hubbub.notify(Audience.everyone(), "Hello", expires=timezone.now() - timedelta(hours=1))
