"""What channels are called with, and how much that asks of the database."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from hubbub.chat import actions as chat
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import Actor
from hubbub.notifications import channels, queries
from hubbub.notifications.actions import set_preference
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
