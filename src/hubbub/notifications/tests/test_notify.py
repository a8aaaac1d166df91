"""``hubbub.notify``: whom it reaches, what it refuses, in which transaction."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import hubbub
from hubbub.django import models, notifying, runtime
from hubbub.django.audiences import Audience
from hubbub.django.auth import actor_of_user
from hubbub.django.streams import position_of
from hubbub.notifications import actions, queries
from hubbub.notifications.actions import boxes
from hubbub.notifications.actions.sending import Sending, send_together
from hubbub.notifications.models import Box, Notification
from hubbub.notifications.policy import topic_of
from hubbub.testing import LiveEngine

pytestmark = pytest.mark.django_db


def titles(user: User) -> list[str]:
    return [row.title for row in queries.latest(user.pk).notifications]


def test_to_whom(ann: User, bob: User) -> None:
    """NTF-2: a user, a key, an actor, many of them, a queryset; each once, and nobody who is not there."""
    for to in (
        ann,
        ann.pk,
        str(ann.pk),
        actor_of_user(ann),
        [ann, ann.pk],
        iter([ann]),
        User.objects.filter(pk=ann.pk),
    ):
        assert len(hubbub.notify(to, "Hi")) == 1
    assert len(titles(ann)) == 7 and titles(bob) == []
    gone = User.objects.create_user("gone", is_active=False)
    assert (
        hubbub.notify([gone, 10**6], "Hi") == hubbub.notify([], "Hi") == hubbub.notify(User.objects.none(), "Hi") == []
    )
    assert len(hubbub.notify([ann, gone, bob], "Hi")) == 2
    for nobody in (None, AnonymousUser(), User(), "ann", 1.5, [None]):
        with pytest.raises(TypeError, match="is no user"):
            hubbub.notify(nobody, "Hi")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"title": " "}, "needs a title"),
        ({"kind": "no.such"}, "register it"),
        ({"level": "loud"}, "info, success, warning, danger"),
        ({"link": "javascript:alert(1)"}, "no link"),
        ({"link": "//evil.example"}, "no link"),
        ({"link": "https://"}, "no link"),
        ({"link": "https://[::1"}, "no link"),
        ({"link": "http://a:x/"}, "no link"),
        ({"link": "/a b"}, "white space"),
        ({"group": "g" * 101}, "at most 100"),
        ({"data": {"x": object()}}, "as JSON"),
        ({"data": {"x": "y" * 20_000}}, "at most 16384 bytes"),
        ({"data": {"x": "\x00"}}, "without NUL"),
        ({"expires": datetime(2030, 1, 1)}, "time zone"),
        ({"at": datetime(2030, 1, 1)}, "time zone"),
        ({"target": User()}, "to be saved"),
    ],
)
def test_what_does_not_fit(ann: User, options: dict[str, Any], said: str) -> None:
    """NTF-2: said at once, in words, and nothing is written."""
    with pytest.raises(ValueError, match=said):
        hubbub.notify(ann, **{"title": "Hi", **options})
    assert not Box.objects.exists()


def test_what_is_kept(ann: User, bob: User) -> None:
    """NTF-2: long texts are cut, a caller isn't to fail for them; all else is as it was given."""
    hubbub.notify(ann, "x" * 300, body="y\x00" * 6000, data={"at": timezone.now(), "n": [1]}, actor=bob, target=bob)
    row = Notification.objects.get()
    assert (len(row.title), len(row.body), row.title[-1]) == (200, 5000, "…")
    assert row.target == row.actor == bob and isinstance(row.data["at"], str)
    shown = queries.latest(ann.pk).notifications[0]
    assert shown.actor and shown.actor.username == "bob" and shown.data == row.data
    bob.delete()
    assert queries.latest(ann.pk).notifications[0].actor is None
    assert row.target is None
    row.target_type = "no.such"
    assert row.target is None
    hubbub.notify(ann, "Done by nobody", actor=10**6)


def test_without_the_feature(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """NTF-2: the error says what to install."""
    monkeypatch.setattr(notifying, "_ways", {})
    with pytest.raises(ImproperlyConfigured, match=r"To notify users, add 'hubbub\.notifications'"):
        hubbub.notify(ann, "Hi")
    with pytest.raises(ImproperlyConfigured, match=r"To notify an audience, add 'hubbub\.announcements'"):
        hubbub.notify(Audience.staff(), "Hi")


def test_groups(ann: User, bob: User) -> None:
    """NTF-3: counted up while unread, also twice in one batch; after reading it begins anew."""
    ids = [hubbub.notify(ann, f"{n}", group="g", many="{count} of them")[0] for n in range(3)]
    assert len(set(ids)) == 1 and titles(ann) == ["3 of them"]
    notice = notifying.make_notice("again", group="g")
    new = notifying.make_notice("new", group="h", many="{count} new")
    sendings = [Sending(actor_of_user(bob), [ann.pk, bob.pk], each) for each in (notice, new, notice, new, new)]
    found = send_together(sendings)
    assert [len(set(map(str, column))) for column in zip(*found, strict=True)] == [2, 2]
    rows = {row.group: (row.title, row.count) for row in Notification.objects.filter(user=ann)}
    assert rows == {"g": ("again", 5), "h": ("3 new", 3)}
    assert {box.user_id: (box.unread, box.top) for box in Box.objects.all()} == {ann.pk: (2, 8), bob.pk: (2, 5)}
    told = models.Event.objects.filter(stream__topic=topic_of(bob.pk)).order_by("offset")
    # Once each, with the last word: three events less for whoever gets them.
    assert [(each["title"], each["count"]) for each in (json.loads(row.data)["notification"] for row in told)] == [
        ("again", 2),
        ("3 new", 3),
    ]
    actions.mark_all(actor_of_user(ann))
    hubbub.notify(ann, "after", group="g")
    assert titles(ann)[0] == "after" and queries.latest(ann.pk).unread == 1


def test_one_marked_unread_is_counted_up(ann: User) -> None:
    """NTF-3, NTF-4: what is unread below the cursor is unread."""
    [id] = hubbub.notify(ann, "g", group="g")
    actions.mark_all(actor_of_user(ann))
    actions.mark(actor_of_user(ann), [id], read=False)
    assert hubbub.notify(ann, "g", group="g") == [id]
    assert queries.latest(ann.pk).unread == 1


@pytest.mark.parametrize("users", [1, 20, 300])
def test_queries(users: int, ann: User) -> None:
    """NTF-2: as many for three hundred as for one."""
    people = User.objects.bulk_create(User(username=f"u{n}") for n in range(users))
    options: dict[str, Any] = {"actor": ann, "target": ann, "group": "g"}
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            hubbub.notify(people, "Hi", **options)
        counts.append(len([each for each in captured if "SAVEPOINT" not in each["sql"]]))
    # The first time the boxes and the rows are made, the second time they are counted up.
    assert counts[0] <= 11 and counts[1] == 9


def test_one_who_is_deleted_meanwhile(ann: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """NTF-2: between being found and being locked; the others are told all the same."""
    lock = boxes.lock

    def too_late(user_ids: Any) -> Any:
        bob.delete()
        return lock(user_ids)

    monkeypatch.setattr(boxes, "lock", too_late)
    assert len(hubbub.notify([ann.pk, bob.pk], "Hi")) == 1 and titles(ann) == ["Hi"]


def test_rolled_back(ann: User) -> None:
    """NTF-2: nothing of it is left."""
    with transaction.atomic():
        assert hubbub.notify(ann, "Never")
        transaction.set_rollback(True)
    assert not Notification.objects.exists() and not Box.objects.exists()
    assert not models.Event.objects.filter(type="notifications.notified").exists()


@pytest.mark.django_db(transaction=True)
async def test_from_anywhere(live: LiveEngine, ann: User) -> None:
    """NTF-2: async code, threads, inside a transaction: on the user's sockets, in the order of the commits."""
    phone = await live.connect(ann)
    topic = topic_of(ann.pk)
    shown = await phone.subscribe(topic, snapshot=True)
    assert shown["snapshot"] == {"notifications": [], "unread": 0}

    def rolled_back_then_not() -> None:
        for keep in (False, True):
            with transaction.atomic():
                hubbub.notify(ann, f"Kept: {keep}")
                transaction.set_rollback(not keep)

    await hubbub.anotify(ann, "From a coroutine")
    await live.run(rolled_back_then_not)
    await asyncio.gather(*(live.run(hubbub.notify, ann, "From a thread", group="t") for _ in range(5)))
    told: list[dict[str, Any]] = []
    while not told or told[-1]["notification"]["count"] < 5:
        told.append((await phone.event("notifications.notified", topic))["data"])
    # Those that are written together are told together.
    counts = [each["notification"]["count"] for each in told][2:]
    assert counts == sorted(set(counts))
    assert [each["notification"]["title"] for each in told] == [
        "From a coroutine",
        "Kept: True",
        *["From a thread"] * len(counts),
    ]
    assert told[-1]["unread"] == 3
    with pytest.raises(SynchronousOnlyOperation, match=r"await hubbub\.anotify"):
        hubbub.notify(ann, "Waits in the loop")


@pytest.mark.django_db(transaction=True)
async def test_the_process_dies_after_the_commit(live: LiveEngine, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """NTF-2: nothing was delivered; whoever comes back has it all the same."""
    topic = topic_of(ann.pk)
    position = msgspec.to_builtins(await live.run(position_of, topic))
    with monkeypatch.context() as patch:
        patch.setattr(runtime, "committed", lambda alias, events: None)
        await hubbub.anotify(ann, "Still there")
    again = await (await live.connect(ann)).subscribe(topic, since=position)
    assert again["recovered"] and [each["data"]["unread"] for each in again["events"]] == [1]


@pytest.mark.django_db(transaction=True)
async def test_one_device_clears_all(live: LiveEngine, ann: User, bob: User) -> None:
    """NTF-1, NTF-4: read on one, told to the others; to nobody else."""
    topic = topic_of(ann.pk)
    phone, desk, other = await live.connect(ann), await live.connect(ann), await live.connect(bob)
    for device in (phone, desk):
        await device.subscribe(topic)
    assert await other.error("subscribe", topic) == "forbidden"
    [id] = await hubbub.anotify(ann, "Hi")
    for device in (phone, desk):
        await device.event("notifications.notified", topic)
    assert (await phone.send("notifications.mark", data={"ids": [id]})) == {"unread": 0}
    marked = (await desk.event("notifications.marked", topic))["data"]
    assert marked == {"ids": [id], "read": True, "up_to": None, "unread": 0}
    # Another's is as one that there is not.
    assert (await other.send("notifications.mark", data={"ids": [id], "read": False})) == {"unread": 0}
    assert (await phone.send("notifications.history"))["notifications"][0]["read"]


def test_deleted_with_the_user(ann: User) -> None:
    hubbub.notify(ann, "Hi")
    ann.delete()
    assert not Notification.objects.exists() and not Box.objects.exists()


Count = Callable[..., Any]


def test_reading_is_cheap(ann: User, django_assert_num_queries: Count) -> None:
    """NTF-1: two queries, whatever is found."""
    for n in range(40):
        hubbub.notify(ann, f"{n}", actor=ann, expires=timedelta(days=1))
    with django_assert_num_queries(2):
        assert len(queries.latest(ann.pk).notifications) == 30
    with django_assert_num_queries(2):
        page = queries.history(ann.pk, 11, 30, only_unread=True)
    assert [row.number for row in page.notifications] == list(range(10, 0, -1)) and not page.more
    with django_assert_num_queries(2):
        queries.preferences(ann.pk)
