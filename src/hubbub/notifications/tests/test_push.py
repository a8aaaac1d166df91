"""Web Push, from ``hubbub.notify`` to what a browser reads, by the listeners and the task worker."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

import hubbub
from hubbub.accounts.models import Login
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import SYSTEM
from hubbub.notifications import actions as notifications
from hubbub.notifications.messages import QuietHours
from hubbub.notifications.models import Notification
from hubbub.notifications.push import actions, tasks, vapid
from hubbub.notifications.push.models import PushSubscription
from hubbub.notifications.push.payload import push_of
from hubbub.notifications.tests.push_service import Browser, PushService, push_service
from hubbub.notifications.tests.working import background

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keys(settings: Any) -> None:
    keys = {"VAPID_PRIVATE_KEY": vapid.new_key(), "VAPID_SUBJECT": "mailto:admin@example.org"}
    settings.HUBBUB = {**settings.HUBBUB, **keys, "PUSH_LOOPBACK": True}


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service() as found:
        yield found


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann", password="long and winding")


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(f"/api/notifications/push/{path}", json.dumps(body), content_type="application/json")


def signed_in(user: User) -> Client:
    client = Client()
    assert client.login(username=user.username, password="long and winding")
    return client


def subscribed(service: PushService, user: User, label: str = "Firefox on Linux") -> Browser:
    browser = service.browser(vapid.own_public_key())
    assert post(signed_in(user), "", browser.subscription(label)).status_code == 201
    return browser


def test_a_notification_reaches_every_browser_of_its_user(service: PushService, ann: User) -> None:
    """PSH-1 PSH-3 PSH-4: signed, encrypted, some seconds after it was committed."""
    browsers = [subscribed(service, ann), subscribed(service, ann, "Chrome on Android")]
    other = subscribed(service, User.objects.create_user("bob", password="long and winding"))
    hubbub.notify(ann, "Boiler 3 is hot", body="81 °C", level="warning", link="/c/3")
    background(until=timezone.now() + timedelta(seconds=4))
    assert not browsers[0].asked
    background()
    row = Notification.objects.get()
    for browser in browsers:
        (received,) = browser.received
        assert received.payload == {
            "id": row.pk,
            "title": "Boiler 3 is hot",
            "body": "81 °C",
            "level": "warning",
            "link": "/c/3",
            "created_at": row.created_at.isoformat(),
            "unread": [row.pk],
        }
        assert received.headers["urgency"] == "high"
        assert received.headers["topic"] == f"notification-{row.pk}"
        assert 86_000 < int(received.headers["ttl"]) <= 86_400
    assert not other.asked
    assert PushSubscription.objects.filter(user=ann, last_success_at__isnull=False).count() == 2


def test_what_was_seen_is_not_pushed(service: PushService, ann: User) -> None:
    """PSH-3: read, shown in front of the user, withdrawn from the list, expired, or not wanted by the time."""
    browser, who = subscribed(service, ann), actor_of_user(ann)

    def notified(**more: Any) -> Notification:
        hubbub.notify(ann, "Tea", **more)
        background(tasks=0)
        return Notification.objects.latest("number")

    notifications.mark(who, [notified().pk])
    actions.shown(who, notified().number)
    notified().delete()
    Notification.objects.filter(pk=notified().pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    notified()
    notifications.set_preference(who, "general", "push", False)
    background()
    assert not browser.asked
    notifications.set_preference(who, "general", "push", True)
    hubbub.notify(ann, "Cake")
    background()
    assert [each["title"] for each in browser.payloads] == ["Cake"]


def test_quiet_hours_and_what_passes_them(service: PushService, ann: User) -> None:
    """PSH-3"""
    browser, now = subscribed(service, ann), timezone.now()
    begins, ends = ((now + timedelta(hours=hours)).strftime("%H:%M") for hours in (-1, 1))
    notifications.set_quiet_hours(actor_of_user(ann), QuietHours(begins, ends, "UTC"))
    hubbub.notify(ann, "Tea")
    hubbub.notify(ann, "Fire", level="danger")
    background()
    assert [each["title"] for each in browser.payloads] == ["Fire"]


def test_one_that_is_counted_up_is_pushed_once_in_the_place_of_the_former(service: PushService, ann: User) -> None:
    """PSH-3 PSH-4"""
    browser = subscribed(service, ann)
    for name in ("Bob", "Eve", "Zoe"):
        hubbub.notify(ann, f"{name} liked it", group="likes")
    background()
    hubbub.notify(ann, "Kim liked it", group="likes")
    background()
    assert [each["title"] for each in browser.payloads] == ["Zoe liked it", "Kim liked it"]
    assert len({each.headers["topic"] for each in browser.received}) == 1


def test_a_browser_that_is_gone_is_forgotten(service: PushService, ann: User) -> None:
    """PSH-7"""
    gone, there = subscribed(service, ann), subscribed(service, ann)
    gone.answers = [(410, {})]
    hubbub.notify(ann, "Tea")
    background()
    assert PushSubscription.objects.get().endpoint == there.endpoint
    assert len(there.received) == 1


def test_what_fails_is_tried_again_by_itself_and_given_up(service: PushService, ann: User) -> None:
    """PSH-7: only where it failed, later each time, while the notification is unread."""
    slow, there = subscribed(service, ann), subscribed(service, ann)
    slow.answers = [(503, {}), (429, {"Retry-After": "700"})]
    hubbub.notify(ann, "Tea")
    background()
    assert (slow.asked, len(slow.received), len(there.received)) == (3, 1, 1)
    waits = [each.run_after - each.enqueued_at for each in DBTaskResult.objects.order_by("enqueued_at")]
    assert [round(each.total_seconds()) for each in waits] == [5, 30, 700]

    slow.answers = [(500, {})] * 99
    hubbub.notify(ann, "Cake")
    background()
    assert slow.asked == 3 + 5
    assert PushSubscription.objects.get(endpoint=slow.endpoint).failures == 1

    hubbub.notify(ann, "Bread")
    background(tasks=1)
    notifications.mark_all(actor_of_user(ann))
    asked = slow.asked
    background()
    assert slow.asked == asked


def test_a_service_that_does_not_answer_is_left_out_for_a_while(
    service: PushService, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PSH-7: it has failed at once, and holds up the pushes of others once, not at each of their notifications."""
    silent, there = subscribed(service, ann), subscribed(service, ann)
    asked, over = [], threading.Event()

    def behave(request: Any) -> bool:
        if request.path == silent.path:
            asked.append(request.path)
            over.wait(10)
            request.close_connection = True
        return bool(request.path == silent.path)

    service.behave = behave
    monkeypatch.setattr(tasks, "WHOLE_SECONDS", 0.3)
    for title in ("Tea", "Cake"):
        hubbub.notify(ann, title)
    background(tasks=2)
    monkeypatch.undo()
    assert len(asked) == 1 and [each["title"] for each in there.payloads] == ["Tea", "Cake"]
    row = PushSubscription.objects.get(endpoint=silent.endpoint)
    assert row.failures == 1 and row.away_until is not None
    assert 290 < (row.away_until - timezone.now()).total_seconds() <= 300
    assert actions.away_after(1) == timedelta(minutes=10) and actions.away_after(99) == timedelta(days=1)

    # Then it is tried again, there alone.
    over.set()
    service.behave = None
    PushSubscription.objects.update(away_until=timezone.now())
    background()
    assert [each["title"] for each in silent.payloads] == ["Tea"] and len(there.received) == 2
    row.refresh_from_db()
    assert row.failures == 0 and row.away_until is None


def test_nothing_that_is_rolled_back(service: PushService, ann: User) -> None:
    browser = subscribed(service, ann)
    with transaction.atomic():
        hubbub.notify(ann, "Tea")
        transaction.set_rollback(True)
    background()
    assert not browser.asked


def test_signing_out_ends_it_there_alone(service: PushService, ann: User) -> None:
    """PSH-6"""
    browsers = [service.browser(vapid.own_public_key()) for _ in range(3)]
    clients = [signed_in(ann) for _ in browsers]
    for client, browser in zip(clients, browsers, strict=True):
        assert post(client, "", browser.subscription()).status_code == 201
    assert set(PushSubscription.objects.values_list("login", flat=True)) == set(
        Login.objects.values_list("pk", flat=True)
    )
    clients[0].delete("/api/auth/session/")
    background()
    assert set(PushSubscription.objects.values_list("endpoint", flat=True)) == {each.endpoint for each in browsers[1:]}
    clients[1].delete("/api/auth/logins/")
    background()
    assert PushSubscription.objects.get().endpoint == browsers[1].endpoint
    ann.is_active = False
    ann.save()
    background()
    assert not PushSubscription.objects.exists()


def test_a_browser_is_the_last_ones_who_subscribed_in_it(service: PushService, ann: User) -> None:
    """PSH-1"""
    browser = subscribed(service, ann)
    bob = User.objects.create_user("bob", password="long and winding")
    assert post(signed_in(bob), "", browser.subscription()).status_code == 201
    hubbub.notify([ann, bob], "Tea")
    background()
    assert len(browser.received) == 1
    assert PushSubscription.objects.get().user == bob


def test_ones_browsers_are_listed_and_turned_off(service: PushService, ann: User) -> None:
    """PSH-1: another's is as absent, and no answer names an endpoint."""
    browser, client = subscribed(service, ann), signed_in(ann)
    listed = client.get("/api/notifications/push/").json()
    assert listed["public_key"] == vapid.own_public_key()
    (device,) = listed["devices"]
    assert set(device) == {"id", "label", "created_at", "last_success_at"} and device["label"] == "Firefox on Linux"
    eve = signed_in(User.objects.create_user("eve", password="long and winding"))
    assert eve.delete(f"/api/notifications/push/{device['id']}/").status_code == 404
    assert post(eve, "forget/", {"endpoint": browser.endpoint}).status_code == 204
    assert PushSubscription.objects.count() == 1
    assert post(client, "forget/", {"endpoint": browser.endpoint}).status_code == 204
    assert not PushSubscription.objects.exists()
    assert post(client, "", browser.subscription()).status_code == 201
    assert client.delete(f"/api/notifications/push/{PushSubscription.objects.get().pk}/").status_code == 204
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "http://10.0.0.1/"},
        {"endpoint": "https://169.254.169.254/latest/meta-data"},
        {"endpoint": "ftp://push.example.org/1"},
        {"p256dh": "x" * 15},
        {"p256dh": "not base64 at all!"},
        {"auth": ""},
        {"auth": "x" * 41},
        {"auth": "x" * 22 + "\n"},
        {"p256dh": "x" * 87 + "\n"},
        {"label": "Fire\x00fox"},
        {"label": "x" * 101},
    ],
)
def test_what_is_no_subscription(service: PushService, ann: User, change: dict[str, str]) -> None:
    """PSH-2"""
    browser = service.browser(vapid.own_public_key())
    assert post(signed_in(ann), "", {**browser.subscription(), **change}).status_code == 400
    assert not PushSubscription.objects.exists()


def test_turning_them_off_again_and_again_is_limited(ann: User, settings: Any) -> None:
    settings.HUBBUB = {**settings.HUBBUB, "LIMITS": {"writes": "1/10s"}}
    client = signed_in(ann)
    assert post(client, "forget/", {"endpoint": "https://push.example.org/1"}).status_code == 204
    assert post(client, "forget/", {"endpoint": "https://push.example.org/1"}).status_code == 429
    assert client.delete("/api/notifications/push/1/").status_code == 429
    assert client.patch("/api/notifications/email/", {}, content_type="application/json").status_code == 429


def test_a_user_has_so_many_browsers(service: PushService, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """PSH-1: the one that was renewed longest ago goes."""
    monkeypatch.setattr(actions, "MOST_DEVICES", 2)
    browsers = [subscribed(service, ann) for _ in range(2)]
    post(signed_in(ann), "", browsers[0].subscription())
    newest = subscribed(service, ann)
    assert set(PushSubscription.objects.values_list("endpoint", flat=True)) == {browsers[0].endpoint, newest.endpoint}


def test_browsers_that_fail_or_stay_away_are_forgotten(service: PushService, ann: User) -> None:
    """PSH-7"""
    subscribed(service, ann), subscribed(service, ann)
    failing, old = PushSubscription.objects.order_by("pk")
    PushSubscription.objects.filter(pk=failing.pk).update(failures=actions.MOST_FAILURES - 1)
    PushSubscription.objects.filter(pk=old.pk).update(renewed_at=timezone.now() - timedelta(days=91))
    actions.note(SYSTEM, sent=[], failed=[failing.pk], gone=[])
    assert PushSubscription.objects.get() == old
    assert actions.prune(SYSTEM) == 1 and actions.prune(SYSTEM) == 0


def test_a_long_text_is_cut_to_what_push_services_take(ann: User) -> None:
    """PSH-4"""
    row = Notification(pk=1, user=ann, number=1, kind="general", title="T" * 200, created_at=timezone.now())
    row.body, row.link = "ä" * 9000, "/" + "l" * 499
    row.expires_at = timezone.now() + timedelta(seconds=60)
    push = push_of(row, list(range(2**40, 2**40 + 30)))
    assert len(push.data) <= 3500 and json.loads(push.data)["body"].endswith("ä…")
    assert 55 <= push.ttl <= 60


def test_shown_by_a_socket(hubbub_sync: Any, ann: User) -> None:
    """PSH-3: a cursor that goes up to the latest, and never back."""
    hubbub.notify(ann, "Tea")
    PushSubscription.objects.create(user=ann, endpoint="https://push.example.org/1")
    socket = hubbub_sync.connect(ann)
    for number, expected in ((1, 1), (0, 1), (2**40, 1)):
        socket.send("notifications.shown", None, {"number": number})
        assert Notification.objects.get().user.hubbub_notification_box.shown_number == expected


def test_staff_look_and_forget_but_see_no_endpoint(service: PushService, ann: User, admin_client: Client) -> None:
    browser, page = subscribed(service, ann), "/admin/hubbub_notifications/pushsubscription/"
    row = PushSubscription.objects.get()
    for shown in (admin_client.get(page), admin_client.get(f"{page}{row.pk}/change/")):
        assert shown.status_code == 200
        assert "Firefox on Linux" in shown.content.decode() and browser.endpoint not in shown.content.decode()
    admin_client.post(page, {"action": "forget", "_selected_action": row.pk})
    assert not PushSubscription.objects.exists()
    assert admin_client.get("/admin/hubbub_notifications/digest/").status_code == 200
