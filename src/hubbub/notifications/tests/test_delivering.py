"""What channels are called with, and how much that asks of the database."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

import hubbub
from hubbub.chat import actions as chat
from hubbub.django.auth import actor_of_user
from hubbub.django.listeners import Happened, decoded
from hubbub.django.models import Event
from hubbub.engine.actor import Actor
from hubbub.notifications import channels, queries
from hubbub.notifications.actions import set_preference, set_quiet_hours
from hubbub.notifications.delivering import deliver
from hubbub.notifications.digests.models import Digest, DigestItem
from hubbub.notifications.messages import QuietHours
from hubbub.notifications.models import Preference
from hubbub.notifications.push import vapid
from hubbub.notifications.push.models import PushSubscription
from hubbub.testing import hear_events

pytestmark = pytest.mark.django_db

STAFF = Actor("u.0", 0, "root", is_staff=True)


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles that a channel of the project's own is called with."""
    monkeypatch.setattr(channels, "channels", dict(channels.channels))
    monkeypatch.setattr("hubbub.notifications.delivering.channels", channels.channels)
    found: list[str] = []

    @channels.channel("sms")
    def by_sms(delivery: channels.Delivery) -> None:
        found.append(delivery.notification.title)

    return found


def test_what_is_deleted_is_not_brought_again(ann: User, bob: User, texts: list[str]) -> None:
    """LSN-6: the notification stands for one less where it is; no channel is called, and no push is due anew."""
    set_preference(actor_of_user(bob), "chat.message", "sms", True)
    topic = chat.create_conversation(actor_of_user(ann), ["bob"]).conversation.topic
    sent = [chat.send_message(actor_of_user(ann), topic, text).message for text in ("one", "two")]
    hear_events()
    [before] = queries.latest(bob.pk).notifications
    called = list(texts)
    assert called[-1] == "2 messages from Ann"
    chat.delete_message(STAFF, sent[-1].id)
    hear_events()
    [after] = queries.latest(bob.pk).notifications
    assert (after.title, after.body, after.count, after.number) == ("1 message from Ann", "", 1, before.number)
    assert texts == called


def test_quiet_hours_hold_for_every_channel(ann: User, bob: User, texts: list[str]) -> None:
    """NTF-5: but for danger, and for a channel that sees to them itself."""
    called: list[str] = []

    @channels.channel("pager", together=True, in_quiet_hours=True)
    def by_pager(deliveries: list[channels.Delivery]) -> None:
        called.extend(each.notification.title for each in deliveries)

    for user, name in product((ann, bob), ("sms", "pager")):
        set_preference(actor_of_user(user), "general", name, True)
    begins, ends = ((timezone.now() + timedelta(hours=hours)).strftime("%H:%M") for hours in (-1, 1))
    set_quiet_hours(actor_of_user(ann), QuietHours(begins, ends, "UTC"))
    hubbub.notify([ann, bob], "Tea")
    hubbub.notify([ann, bob], "Fire", level="danger")
    hear_events()
    assert sorted(texts) == ["Fire", "Fire", "Tea"]
    assert sorted(called) == ["Fire", "Fire", "Tea", "Tea"]


@pytest.fixture
def pushing(settings: Any) -> None:
    keys = {"VAPID_PRIVATE_KEY": vapid.new_key(), "VAPID_SUBJECT": "mailto:admin@example.org"}
    settings.HUBBUB = {**settings.HUBBUB, **keys}


def heard() -> int:
    """Let listeners hear. Returns by how many queries."""
    with CaptureQueriesContext(connection) as captured:
        hear_events()
    return len(captured)


def people(count: int) -> list[User]:
    """People who want mails, too."""
    names = [f"of{count}-{number}" for number in range(count)]
    found = User.objects.bulk_create(User(username=name, email=f"{name}@example.org") for name in names)
    Preference.objects.bulk_create(Preference(user=user, kind="general", channel="email", on=True) for user in found)
    return found


def delivered(count: int) -> int:
    """Have channels called for the latest notifications, at once. Returns by how many queries."""
    told = Event.objects.filter(type="notifications.notified").select_related("stream")
    events = [
        Happened(row.pk, row.stream.topic, row.offset, row.type, decoded(row.type, row.data), "", row.created_at)
        for row in told.order_by("-pk")[:count]
    ]
    with CaptureQueriesContext(connection) as captured:
        deliver(events)
    return len(captured)


def test_as_many_queries_for_all_as_for_some(pushing: None) -> None:
    """NTF-5: also when what waits is counted up, and a digest is due already. Nobody has a device, nobody costs one."""
    counts: dict[int, list[int]] = {}
    for count in (10, 100):
        found = people(count)
        counts[count] = []
        for _ in range(2):
            hubbub.notify(found, "Tea", group="tea")
            counts[count].append(delivered(count))
    print(f"\nqueries for 100 users, first and counted up: {counts[100]}")
    assert counts[10] == counts[100]
    assert max(counts[100]) < 15
    assert DigestItem.objects.filter(number=2).count() == Digest.objects.exclude(due=None).count() == 110


def test_a_push_for_each_by_one_look_at_their_devices(pushing: None) -> None:
    """NTF-5: what enqueues it is all that it costs; what is counted up in one turn is pushed once."""
    found = people(20)
    Preference.objects.all().delete()
    hubbub.notify(found, "Tea")
    without = heard()
    PushSubscription.objects.bulk_create(
        PushSubscription(user=user, endpoint=f"https://push.example.org/{user.pk}") for user in found
    )
    for _ in range(3):
        hubbub.notify(found, "Cake", group="cake")
    assert heard() <= without + 20
    assert DBTaskResult.objects.count() == 20


def test_direct_messages_that_no_channel_wants(ann: User, pushing: None) -> None:
    """NTF-5: none of them costs a query more."""
    counts = []
    for count in (2, 20):
        who = actor_of_user(ann)
        topics = [chat.create_conversation(who, [user.username]).conversation.topic for user in people(count)]
        for text in ("the first one makes what is made once", "the second"):
            for topic in topics:
                chat.send_message(who, topic, text)
            queries = heard()
        counts.append(queries)
    assert counts[0] == counts[1]
