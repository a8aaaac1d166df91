"""Pushes by the threads that ``serve`` and ``hubbub worker`` have, on connections of their own."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

import hubbub
from hubbub.django.auth import actor_of_user
from hubbub.django.background import Background
from hubbub.notifications.push import actions, vapid
from hubbub.notifications.push import messages as wire
from hubbub.notifications.push.models import PushSubscription
from hubbub.notifications.tests.push_service import push_service
from tests.waiting import wait_until


@pytest.mark.django_db(transaction=True)
def test_from_notify_to_the_browser_by_a_worker(settings: Any) -> None:
    """PSH-3 PSH-4: nobody calls anything; the browser that is gone is forgotten."""
    keys = {"VAPID_PRIVATE_KEY": vapid.new_key(), "VAPID_SUBJECT": "mailto:admin@example.org"}
    settings.HUBBUB = {**settings.HUBBUB, **keys, "PUSH_LOOPBACK": True, "PUSH_DELAY": 0.0}
    ann = User.objects.create_user("ann")
    with push_service() as service:
        here, gone = (service.browser(vapid.own_public_key()) for _ in range(2))
        gone.answers = [(410, {})]
        for browser in (here, gone):
            actions.subscribe(actor_of_user(ann), wire.NewDevice(**browser.subscription()))
        background = Background()
        background.start()
        try:
            hubbub.notify(ann, "Tea")
            wait_until(lambda: here.payloads and PushSubscription.objects.count() == 1, "the push")
        finally:
            background.stop()
            background.wait()
    assert [each["title"] for each in here.payloads] == ["Tea"]
    assert PushSubscription.objects.get().endpoint == here.endpoint
