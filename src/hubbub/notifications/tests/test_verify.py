"""Every event of notifications: snapshot + events = fresh snapshot (rule NTF-3)."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.utils import timezone

import hubbub
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import SYSTEM
from hubbub.notifications import actions, queries, withdraw
from hubbub.notifications.models import Box, Notification
from hubbub.notifications.policy import topic_of
from hubbub.testing import ActionMismatch, verify_action

pytestmark = pytest.mark.django_db

Verify = Callable[..., Any]


@pytest.fixture
def verify(ann: User, reduce: Any) -> Verify:
    def run(action: Callable[[], Any], changes: bool = True) -> Any:
        return verify_action(action, topic=topic_of(ann.pk), actor=ann, apply=reduce, changes=changes)

    return run


def test_notified(ann: User, bob: User, verify: Verify) -> None:
    """NTF-3: new ones, and one that is counted up and comes on top again."""
    verify(lambda: hubbub.notify(ann, "One", body="text", link="/tasks/1", actor=bob, target=bob, data={"task": 1}))
    verify(lambda: hubbub.notify(ann, "Bob reacted", group="r.1", many="{count} people reacted"))
    verify(lambda: hubbub.notify([ann.pk], "Two", level="danger"))
    verify(lambda: hubbub.notify([ann, bob], "Ann reacted", group="r.1", many="{count} people reacted"))
    assert [row.title for row in queries.latest(ann.pk).notifications] == ["2 people reacted", "Two", "One"]
    verify(lambda: hubbub.notify(bob, "Not for Ann"), changes=False)


def test_marked(ann: User, verify: Verify) -> None:
    """NTF-4: the cursor, and single ones on both sides of it."""
    ann_acts = actor_of_user(ann)
    ids = [hubbub.notify(ann, f"{n}")[0] for n in range(6)]
    assert verify(lambda: actions.mark(ann_acts, ids[4:5])).unread == 5
    verify(lambda: actions.mark(ann_acts, ids[4:5]), changes=False)
    assert verify(lambda: actions.mark_all(ann_acts, 3)).unread == 2
    verify(lambda: actions.mark_all(ann_acts, 2), changes=False)
    assert verify(lambda: actions.mark(ann_acts, [ids[1], ids[4]], read=False)).unread == 4
    assert verify(lambda: actions.mark_all(ann_acts, 2)).unread == 3
    assert verify(lambda: actions.mark_all(ann_acts)).unread == 0
    assert verify(lambda: actions.mark(ann_acts, ids[:1], read=False)).unread == 1
    # It is at the cursor's mercy again once all are read up to it.
    assert verify(lambda: actions.mark_all(ann_acts, 10**9)).unread == 0


def test_withdrawn(ann: User, bob: User, verify: Verify) -> None:
    """NTF-6: by id, by target, by group; what expires, and what is old; read or not."""
    now = timezone.now()
    kept = hubbub.notify(ann, "Kept")
    first = hubbub.notify([ann, bob], "One")
    assert verify(lambda: withdraw(ids=first)) == 2
    verify(lambda: withdraw(ids=first), changes=False)
    hubbub.notify(ann, "About Bob", target=bob)
    actions.mark_all(actor_of_user(ann))
    hubbub.notify(ann, "About Bob again", target=bob)
    hubbub.notify(ann, "About Ann", target=ann)
    assert verify(lambda: withdraw(target=bob)) == 2
    hubbub.notify(ann, "Grouped", group="g")
    assert verify(lambda: withdraw(group="g", to=ann)) == 1
    hubbub.notify(ann, "Short", expires=timedelta(minutes=1))
    hubbub.notify(ann, "Past", expires=now - timedelta(minutes=1))
    assert verify(lambda: actions.withdraw_expired(SYSTEM, 100)) == 1
    Notification.objects.filter(pk__in=kept).update(created_at=now - timedelta(days=91))
    assert verify(lambda: actions.withdraw_old(SYSTEM, 100)) == 1
    with override_settings(HUBBUB={"NOTIFICATION_DAYS": 0}):
        Notification.objects.update(created_at=now - timedelta(days=900))
        verify(lambda: actions.withdraw_old(SYSTEM, 100), changes=False)


def test_anything_in_any_order(ann: User, verify: Verify) -> None:
    """NTF-3, NTF-4: a hundred random steps; the count is always that of the rows."""
    chance, who = random.Random(8), actor_of_user(ann)
    hubbub.notify(ann, "begin")

    def some() -> list[int]:
        rows = list(Notification.objects.values_list("pk", flat=True))
        return chance.sample(rows, min(len(rows), 2)) or [0]

    def step() -> object:
        match chance.randrange(6):
            case 0 | 1:
                return hubbub.notify(ann, "x", group=chance.choice(["", "a", "b"]))
            case 2 | 3:
                return actions.mark(who, some(), chance.choice([True, False]))
            case 4:
                return actions.mark_all(who, chance.randrange(Box.objects.get().top + 1))
            case _:
                return withdraw(ids=some()[:1])

    for _ in range(100):
        try:
            verify(step)
        except ActionMismatch as error:
            if "Nothing changed (no event)" not in str(error):  # It was marked like that before.
                raise
        shown = queries.latest(ann.pk)
        assert shown.unread == Notification.objects.filter(queries.unread(), user=ann).count()
        assert len(shown.notifications) < queries.LATEST
