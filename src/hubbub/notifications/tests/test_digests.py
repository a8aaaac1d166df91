"""E-mail digests: what is in one, when it comes, and how one has no more of them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.test import Client
from django.utils import timezone

import hubbub
from hubbub.accounts.models import VerifiedAddress
from hubbub.django.auth import actor_of_user
from hubbub.notifications import actions as notifications
from hubbub.notifications.digests import sending, wiring
from hubbub.notifications.digests.checks import check_digests
from hubbub.notifications.digests.models import Digest, DigestItem
from hubbub.notifications.digests.schedule import due_after
from hubbub.notifications.messages import QuietHours
from hubbub.notifications.models import Notification
from hubbub.notifications.tests.working import background

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def public(settings: Any) -> None:
    settings.HUBBUB = {**settings.HUBBUB, "PUBLIC_URL": "https://chat.example.org/talk"}


@pytest.fixture
def ann() -> User:
    return reader("ann")


def reader(name: str) -> User:
    """Somebody who has shown to read a mail, and wants some."""
    user = User.objects.create_user(name, email=f"{name}@example.org")
    VerifiedAddress.objects.create(user=user, address=user.email)
    notifications.set_preference(actor_of_user(user), "general", "email", True)
    return user


def digests() -> list[Any]:
    """Let the time come for those that wait. Returns the mails."""
    background()
    Digest.objects.filter(due__isnull=False).update(due=timezone.now())
    wiring.send_due()
    background()
    sent, mail.outbox = mail.outbox, []
    return sent


def test_it_tells_of_what_is_unread_once(ann: User) -> None:
    """PSH-8"""
    who = actor_of_user(ann)
    hubbub.notify(ann, "Boiler 3 is hot", body="81 °C", link="/c/3")
    hubbub.notify(ann, "Read by then")
    hubbub.notify(ann, "Expired by then", expires=timezone.now() + timedelta(hours=1))
    hubbub.notify(ann, "Elsewhere", link="https://example.com/1")
    hubbub.notify(ann, "Trap")
    Notification.objects.filter(title="Trap").update(link="javascript:alert(1)")
    notifications.mark(who, [Notification.objects.get(title="Read by then").pk])
    Notification.objects.filter(title="Expired by then").update(expires_at=timezone.now())
    (sent,) = digests()
    assert sent.to == ["ann@example.org"] and sent.subject == "3 unread notifications on chat.example.org"
    assert "* Boiler 3 is hot\n  81 °C\n  https://chat.example.org/c/3\n" in sent.body
    assert "https://example.com/1" in sent.body and "javascript" not in sent.body
    assert "by then" not in sent.body
    assert digests() == []
    assert not DigestItem.objects.exists() and Digest.objects.get().due is None


def test_one_alone_is_its_subject(ann: User) -> None:
    hubbub.notify(ann, "Two\nlines\r\nBcc: eve@example.org")
    (sent,) = digests()
    assert "\n" not in sent.subject and sent.subject.startswith("Two lines")
    assert sent.recipients() == ["ann@example.org"]


def test_what_was_read_is_not_mailed(ann: User) -> None:
    """PSH-8: where nothing is left there is no mail."""
    hubbub.notify(ann, "Tea")
    background()
    notifications.mark_all(actor_of_user(ann))
    assert digests() == []
    hubbub.notify(ann, "Cake")
    background()
    notifications.set_preference(actor_of_user(ann), "general", "email", False)
    assert digests() == []
    assert not DigestItem.objects.exists()


def test_what_is_gone_before_anybody_hears_of_it(ann: User) -> None:
    """PSH-8: nothing is kept for it, and the next one is mailed."""
    hubbub.notify(ann, "Tea")
    Notification.objects.all().delete()
    hubbub.notify(ann, "Cake")
    background()
    connection.check_constraints()
    assert [each.subject for each in digests()] == ["Cake"]


def test_what_is_counted_up_is_told_again(ann: User) -> None:
    """PSH-8: once each time, and the latest of what came meanwhile."""
    for name in ("Bob", "Eve"):
        hubbub.notify(ann, f"{name} liked it", group="likes")
    (sent,) = digests()
    assert sent.subject == "Eve liked it"
    hubbub.notify(ann, "Zoe liked it", group="likes")
    assert [each.subject for each in digests()] == ["Zoe liked it"]


def test_nobody_is_mailed_who_did_not_ask_or_may_be_another() -> None:
    """PSH-8"""
    plain = User.objects.create_user("plain", email="plain@example.org")
    VerifiedAddress.objects.create(user=plain, address=plain.email)
    unverified = reader("unverified")
    VerifiedAddress.objects.filter(user=unverified).delete()
    changed = reader("changed")
    User.objects.filter(pk=changed.pk).update(email="victim@example.org")
    gone = reader("gone")
    nowhere = reader("nowhere")
    User.objects.filter(pk=nowhere.pk).update(email="")
    hubbub.notify([plain, unverified, changed, gone, nowhere], "Tea")
    background()
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert digests() == []
    assert not DigestItem.objects.exists()


def test_what_fails_is_tried_again_and_given_up(ann: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """PSH-8: later each time; the same mail has the same id."""
    fails = [True] * 2
    tried: list[str] = []

    def send(backend: Any, messages: Any) -> int:
        tried.extend(each.message()["Message-ID"] for each in messages)
        if fails:
            fails.pop()
            raise SMTPServerDisconnected("no")
        return original(backend, messages)

    original = EmailBackend.send_messages
    monkeypatch.setattr(EmailBackend, "send_messages", send)
    hubbub.notify(ann, "Tea")
    assert digests() == []
    digest = Digest.objects.get()
    assert digest.tries == 1 and digest.due is not None
    assert 590 < (digest.due - timezone.now()).total_seconds() <= 600
    assert digests() == []
    assert [each.subject for each in digests()] == ["Tea"]
    assert len(tried) == 3 and len(set(tried)) == 1
    assert Digest.objects.get().tries == 0

    fails.extend([True] * 99)
    hubbub.notify(ann, "Cake")
    for _ in range(sending.MOST_TRIES):
        assert digests() == []
    assert not DigestItem.objects.exists() and Digest.objects.get().due is None


def test_whatever_fails_counts_and_holds_up_nobody_else(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """PSH-8: a template, or a mail service's own backend, may raise anything."""

    def send(backend: Any, messages: Any) -> int:
        if messages[0].to == ["ann@example.org"]:
            raise KeyError("no such key")
        return original(backend, messages)

    original = EmailBackend.send_messages
    monkeypatch.setattr(EmailBackend, "send_messages", send)
    hubbub.notify([ann, reader("bob")], "Tea")
    assert [each.to for each in digests()] == [["bob@example.org"]]
    for _ in range(sending.MOST_TRIES - 1):
        assert Digest.objects.get(user=ann).tries
        assert digests() == []
    assert not DigestItem.objects.exists() and Digest.objects.get(user=ann).sent_at is None


def test_what_comes_while_one_is_sent_waits_for_the_next(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """PSH-8"""
    original = EmailBackend.send_messages

    def send(backend: Any, messages: Any) -> int:
        monkeypatch.undo()
        hubbub.notify(ann, "Zoe liked it", group="likes")
        background()
        return original(backend, messages)

    hubbub.notify(ann, "Bob liked it", group="likes")
    monkeypatch.setattr(EmailBackend, "send_messages", send)
    assert [each.subject for each in digests()] == ["Bob liked it"]
    assert [each.subject for each in digests()] == ["Zoe liked it"]


def test_quiet_hours_are_waited_for(ann: User) -> None:
    """PSH-8: unless there is danger."""
    now = timezone.now()
    begins, ends = ((now + timedelta(hours=hours)).strftime("%H:%M") for hours in (-1, 1))
    notifications.set_quiet_hours(actor_of_user(ann), QuietHours(begins, ends, "UTC"))
    hubbub.notify(ann, "Tea")
    assert digests() == []
    due = Digest.objects.get().due
    assert due is not None and due > timezone.now()
    hubbub.notify(ann, "Fire", level="danger")
    assert [each.subject for each in digests()] == ["2 unread notifications on chat.example.org"]
    hubbub.notify(ann, "Cake")
    assert digests() == []
    notifications.set_quiet_hours(actor_of_user(ann), QuietHours(None, None))
    assert [each.subject for each in digests()] == ["Cake"]


def test_a_long_one_says_how_many_more(ann: User) -> None:
    for number in range(25):
        hubbub.notify(ann, f"Number {number}", body="x" * 600)
    (sent,) = digests()
    assert "And 5 more" in sent.body and "Number 24" in sent.body and "Number 4\n" not in sent.body
    assert "x" * 501 not in sent.body


AT = datetime(2026, 3, 28, 12, 34, tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "hour", "zone", "due"),
    [
        ("off", 8, "UTC", None),
        ("soon", 8, "UTC", "2026-03-28T12:39:00+00:00"),
        ("hourly", 8, "UTC", "2026-03-28T13:00:00+00:00"),
        ("daily", 8, "UTC", "2026-03-29T08:00:00+00:00"),
        ("daily", 15, "UTC", "2026-03-28T15:00:00+00:00"),
        # The clocks are set in that night.
        ("daily", 8, "Europe/Berlin", "2026-03-29T06:00:00+00:00"),
        ("daily", 8, "America/New_York", "2026-03-29T12:00:00+00:00"),
        ("daily", 22, "Asia/Tokyo", "2026-03-28T13:00:00+00:00"),
    ],
)
def test_when_it_is_due(every: str, hour: int, zone: str, due: str | None) -> None:
    """PSH-8"""
    found = due_after(every, hour, zone, AT)
    assert (found and found.astimezone(UTC).isoformat()) == due


def patch(client: Client, body: Any) -> Any:
    return client.patch("/api/notifications/email/", json.dumps(body), content_type="application/json")


def test_everybody_chooses(ann: User) -> None:
    """PSH-8: what waits is due by the new choice, and forgotten with "off"."""
    client = Client()
    client.force_login(ann)
    expected = {"every": "hourly", "hour": 8, "timezone": "UTC", "address": "ann@example.org"}
    assert client.get("/api/notifications/email/").json() == expected
    hubbub.notify(ann, "Tea")
    background()
    chosen = {"every": "daily", "hour": 7, "timezone": "Europe/Berlin"}
    assert patch(client, chosen).json() == {**expected, **chosen}
    due = Digest.objects.get().due
    assert due is not None and due == due_after("daily", 7, "Europe/Berlin", timezone.now())
    for bad in ({"every": "never"}, {"hour": 24}, {"timezone": "Middle/Earth"}):
        assert patch(client, bad).status_code == 400
    assert patch(client, {"every": "off"}).json()["hour"] == 7
    assert not DigestItem.objects.exists()
    hubbub.notify(ann, "Cake")
    assert digests() == []


def test_the_link_ends_them_without_signing_in(ann: User) -> None:
    """PSH-9: looking asks, posting does it, from a mail program too; a link that was changed does nothing."""
    hubbub.notify(ann, "Tea")
    (sent,) = digests()
    link = re.search(r"<(https://chat\.example\.org(/\S+))>", sent.extra_headers["List-Unsubscribe"])
    assert link and link[1] in sent.body
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    client = Client(enforce_csrf_checks=True)
    page = client.get(link[2])
    assert page.status_code == 200 and "<form" in page.content.decode()
    assert "form-action 'self'" in page["Content-Security-Policy"]
    assert Digest.objects.get().every == "hourly"
    assert client.post(link[2][:-3] + "x/").status_code == 400
    assert Digest.objects.get().every == "hourly"
    assert client.post(link[2], {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Digest.objects.get().every == "off"
    ann.delete()
    assert client.post(link[2]).status_code == 200


def test_without_an_address_of_ours_nobody_is_mailed(ann: User, settings: Any) -> None:
    """PSH-8"""
    settings.HUBBUB = {**settings.HUBBUB, "PUBLIC_URL": ""}
    hubbub.notify(ann, "Tea")
    assert digests() == []
    assert [each.id for each in check_digests()] == ["hubbub.I121"]
    settings.HUBBUB = {**settings.HUBBUB, "PUBLIC_URL": "https://chat.example.org"}
    assert check_digests() == []
    assert len(digests()) == 1
