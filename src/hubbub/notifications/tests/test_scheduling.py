"""What is told later, and again and again."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

import hubbub
from hubbub.django import notifying
from hubbub.django.audiences import Audience
from hubbub.django.models import RecurringJob
from hubbub.engine.actor import SYSTEM
from hubbub.notifications import queries, schedule, unschedule, withdraw
from hubbub.notifications.actions import DUE_JOB, forget_given_up, scheduling, send_due
from hubbub.notifications.models import Notification, Schedule, Scheduled

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Moves the time on that schedules go by."""
    real, ahead = timezone.now, [timedelta()]
    monkeypatch.setattr(timezone, "now", lambda: real() + ahead[0])

    def move(by: timedelta) -> None:
        ahead[0] += by

    return move


Clock = Callable[[timedelta], None]
HOUR = timedelta(hours=1)


def test_later(ann: User, bob: User, clock: Clock, django_capture_on_commit_callbacks: Any) -> None:
    """NTF-7: not before its time, and then once; also where its time is over when it is asked for."""
    RecurringJob.objects.create(name=DUE_JOB, due=timezone.now() + 100 * HOUR)
    at = timezone.now() + HOUR
    expires = timedelta(hours=1)
    with django_capture_on_commit_callbacks(execute=True):
        assert hubbub.notify([ann, bob], "Later", at=at, actor=bob, target=bob, data={"n": 1}, expires=expires) == []
    # Whoever does it is waked then.
    assert RecurringJob.objects.get().due == at
    assert send_due() == 0 and not Notification.objects.exists()
    clock(HOUR)
    assert send_due() == 1 and send_due() == 0
    rows = Notification.objects.all()
    assert [(row.title, row.actor, row.target, row.data) for row in rows] == [("Later", bob, bob, {"n": 1})] * 2
    assert rows[0].expires_at and rows[0].expires_at > timezone.now() + HOUR / 2
    assert len(hubbub.notify(ann, "At once", at=at)) == 1 and not Scheduled.objects.exists()


def test_what_went_meanwhile(ann: User, bob: User, clock: Clock) -> None:
    """NTF-7: users and targets that are gone by then; what is withdrawn before its time."""
    at = timezone.now() + HOUR
    hubbub.notify([ann, bob], "Later", at=at, actor=bob)
    hubbub.notify(ann, "About Bob", at=at, target=bob)
    assert withdraw(target=bob) == 0
    bob.delete()
    clock(HOUR)
    assert send_due() == 1
    assert [(row.title, row.actor) for row in queries.latest(ann.pk).notifications] == [("Later", None)]


def test_what_fails_does_not_hold_up_others(ann: User, clock: Clock) -> None:
    """NTF-7: it is tried again, later each time, and then given up with its reason."""

    hubbub.notify(ann, "Bad", at=timezone.now() + HOUR)
    hubbub.notify(ann, "Good", at=timezone.now() + HOUR)
    bad = Scheduled.objects.earliest("pk")
    Scheduled.objects.filter(pk=bad.pk).update(notice='{"title":1}')
    clock(HOUR)
    assert send_due() == 2
    assert Notification.objects.get().title == "Good"
    for _ in range(scheduling.MOST_ATTEMPTS):
        clock(24 * HOUR)
        send_due()
    bad.refresh_from_db()
    assert bad.given_up and "ValidationError" in bad.error and send_due() == 0


def test_a_row_that_nobody_can_read(ann: User, clock: Clock) -> None:
    """NTF-7: a zone that is unknown here, a notice of another version: the others are told all the same."""
    for name in ("bad", "good"):
        schedule(name, ann, name, every=HOUR)
        hubbub.notify(ann, f"{name} later", at=timezone.now() + HOUR)
    Schedule.objects.filter(name="bad").update(timezone="Mars/North")
    Scheduled.objects.filter(pk=Scheduled.objects.earliest("pk").pk).update(notice="{")
    clock(HOUR)
    while send_due():
        pass
    assert {"good", "good later"} <= set(Notification.objects.values_list("title", flat=True))
    bad = Schedule.objects.get(name="bad")
    assert bad.active and bad.next_at is None and "no time zone 'Mars/North'" in bad.error
    assert "Error" in Scheduled.objects.get().error
    # Whoever calls it with a rule that there is has mended it.
    schedule("bad", ann, "bad", every=HOUR)
    bad.refresh_from_db()
    assert bad.next_at and bad.error == ""
    Scheduled.objects.update(given_up=True)
    assert forget_given_up(SYSTEM, 10) == 0
    clock(timedelta(days=1000))
    assert forget_given_up(SYSTEM, 10) == 1 and not Scheduled.objects.exists()


def test_a_schedule_that_staff_have_paused(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """NTF-7: it stays so when the project starts again, and two processes may start at once."""
    schedule("standup", ann, "Stand up", every=HOUR)
    Schedule.objects.update(active=False)
    schedule("standup", ann, "Get up", every=HOUR)
    row = Schedule.objects.get()
    assert (row.active, row.title) == (False, "Get up")
    row.delete()
    real = QuerySet.get

    def too_late(rows: Any, **wanted: Any) -> Any:
        monkeypatch.setattr(QuerySet, "get", real)
        rows.create(**wanted, next_at=timezone.now())
        raise Schedule.DoesNotExist

    monkeypatch.setattr(QuerySet, "get", too_late)
    schedule("standup", ann, "Stand up", every=HOUR)
    assert Schedule.objects.get().title == "Stand up"


def test_schedules(ann: User, clock: Clock) -> None:
    """NTF-7: again and again; what was missed is made up for once; called again it is the same one."""
    for _ in range(2):
        schedule("standup", ann, "Stand up", every=HOUR, link="/today", group="standup")
    row = Schedule.objects.get()
    assert send_due() == 0
    clock(HOUR)
    assert (send_due(), send_due()) == (1, 0)
    clock(5 * HOUR)
    assert (send_due(), send_due()) == (1, 0)
    assert queries.latest(ann.pk).notifications[0].count == 2
    row.refresh_from_db()
    assert row.next_at and timezone.now() < row.next_at <= timezone.now() + HOUR
    schedule("standup", [ann], "Stand up", at="09:00", days="mon", timezone="Europe/Berlin")
    row.refresh_from_db()
    assert row.next_at and row.next_at.astimezone(UTC).weekday() == 0 and row.every is None
    assert unschedule("standup") and not unschedule("standup")


def test_a_schedule_for_an_audience(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """NTF-7: goes the way of all notices to an audience."""
    told: list[Any] = []

    def way(to: Audience, notice: notifying.Notice, at: datetime | None) -> list[int]:
        told.append((to, notice.title))
        return []

    monkeypatch.setitem(notifying._ways, "audience", way)
    schedule("backup", Audience.staff(), "Check the backup", every=HOUR)
    clock(HOUR)
    send_due()
    assert told == [(Audience.staff(), "Check the backup")]


def test_a_schedule_that_fails_says_why(clock: Clock) -> None:
    """NTF-7: until it is told again; it goes on, and pausing it stays the staff's word."""
    cooks = Group.objects.create(name="Cooks")
    schedule("soup", Audience.group(cooks), "Soup", every=HOUR)
    audience = Schedule.objects.get().audience
    cooks.delete()
    for _ in range(2):
        clock(HOUR)
        assert send_due() == 1
        row = Schedule.objects.get()
        assert row.active and row.next_at and row.next_at > timezone.now()
        assert f"no audience '{audience}'" in row.error
    Schedule.objects.update(active=False)
    schedule("soup", Audience.everyone(), "Soup", every=HOUR)
    row = Schedule.objects.get()
    assert not row.active and row.error
    Schedule.objects.update(active=True)
    clock(HOUR)
    assert send_due() == 1 and Schedule.objects.get().error == ""


def test_schedules_that_an_audience_cannot_have() -> None:
    """NTF-7: said when it is made, not when it is due."""
    for to, options, said in (
        (Audience("group.12345"), {}, "no audience 'group.12345'"),
        (Audience.everyone(), {"group": "g"}, "An audience .*'group'"),
    ):
        with pytest.raises(ValueError, match=said):
            schedule("soup", to, "Soup", every=HOUR, **options)  # type: ignore[arg-type]
    assert not Schedule.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_several_workers(ann: User, clock: Clock) -> None:
    """NTF-7: four at once, each thing once."""
    for n in range(12):
        hubbub.notify(ann, f"{n}", at=timezone.now() + HOUR)
    clock(HOUR)
    done: list[int] = []

    def work() -> None:
        try:
            done.append(send_due())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 12
    assert sorted(Notification.objects.values_list("title", flat=True)) == sorted(f"{n}" for n in range(12))


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies(ann: User, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """NTF-7: before its commit nothing is sent, and the next one sends it."""
    hubbub.notify(ann, "Once", at=timezone.now() + HOUR)
    clock(HOUR)
    with monkeypatch.context() as patch:
        patch.setattr(Scheduled, "delete", lambda row: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            send_due()
    assert not Notification.objects.exists()
    assert send_due() == 1 and send_due() == 0
    assert Notification.objects.count() == 1


def test_admin(admin_client: Client, ann: User) -> None:
    """Staff make and change schedules, cancel what waits, and withdraw what was told."""
    hubbub.notify(ann, "Told")
    hubbub.notify(ann, "Later", at=timezone.now() + HOUR)
    admin, row = "/admin/hubbub_notifications", Notification.objects.get()
    fields = {
        "name": "standup", "title": "Stand up", "kind": "general", "level": "info", "at": "09:00", "days": "mon tue",
        "timezone": "Europe/Berlin", "users": ann.pk, "active": "on",
    }  # fmt: skip
    for name, wrong in (
        ("days", "someday"), ("timezone", "x"), ("at", ""), ("users", ""), ("kind", "no"), ("audience", "a b"),
    ):  # fmt: skip
        assert admin_client.post(f"{admin}/schedule/add/", {**fields, name: wrong}).status_code == 200
    assert admin_client.post(f"{admin}/schedule/add/", fields).status_code == 302
    made = Schedule.objects.get()
    assert made.next_at and made.next_at > timezone.now() and list(made.users.all()) == [ann]
    for page in (
        "notification",
        "scheduled",
        "schedule",
        f"notification/{row.pk}/change",
        f"schedule/{made.pk}/change",
    ):
        assert admin_client.get(f"{admin}/{page}/").status_code == 200, page
    chosen = {"action": "withdraw", "_selected_action": [row.pk]}
    assert admin_client.post(f"{admin}/notification/", chosen).status_code == 302
    waiting = Scheduled.objects.get()
    assert admin_client.post(f"{admin}/scheduled/{waiting.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Notification.objects.exists() and not Scheduled.objects.exists()
