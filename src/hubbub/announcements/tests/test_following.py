"""Announcing, and who hears of it: live, later, and on all devices."""

import time
from typing import Any

import pytest
from django.contrib.auth.models import Group

import hubbub
from hubbub import Audience
from hubbub.testing import SyncConnection, SyncEngine

pytestmark = pytest.mark.django_db


def follow(connection: SyncConnection, **since: Any) -> dict[str, Any]:
    return connection.send("announcements.subscribe", None, {"since": since})


def test_said_to_everyone(hubbub_sync: SyncEngine) -> None:
    alice, bob = hubbub_sync.pair()
    assert follow(alice)["announcements"] == []
    made = hubbub.announce(Audience.everyone(), "Lunch is ready", level="success")
    said = alice.event("announcements.announced", "audience.everyone")["data"]["announcement"]
    assert (said["id"], said["title"], said["level"], said["banner"]) == (made.pk, "Lunch is ready", "success", True)
    feed = follow(bob)
    assert feed["unread"] == 1
    assert feed["announcements"] == [said]


def test_groups(hubbub_sync: SyncEngine) -> None:
    cooks = Group.objects.create(name="Cooks")
    topic = f"audience.group.{cooks.pk}"
    alice, _bob = hubbub_sync.pair()
    follow(alice)
    alice.user.groups.add(cooks)
    began = time.monotonic()
    alice.wait_for(lambda: topic in alice.connection.session.subscriptions)
    hubbub.announce(Audience.group(cooks), "Soup")
    alice.event("announcements.announced", topic)
    alice.user.groups.remove(cooks)
    hubbub.announce(Audience.group(cooks), "Secret soup")
    assert alice.event("announcements.left")["data"] == {"audience": f"group.{cooks.pk}"}
    alice.wait_for(lambda: any(frame["type"] == "unsubscribed" for frame in alice.frames))
    assert time.monotonic() - began < 1
    assert len(alice.events(topic)) == 1
