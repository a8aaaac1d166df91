"""What becomes of notifications about a conversation: they are read with it, and go with what they tell of."""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from hubbub.django.auth import wire_id
from hubbub.django.conf import database_alias
from hubbub.django.models import Event
from hubbub.django.publish import Publication, publish_all
from hubbub.django.rows import save_each
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.actor import Actor, user_key
from hubbub.notifications import messages as wire
from hubbub.notifications import queries
from hubbub.notifications.actions import boxes
from hubbub.notifications.actions.marking import mark
from hubbub.notifications.actions.sending import reachable
from hubbub.notifications.actions.withdrawing import withdraw_all
from hubbub.notifications.models import Notification
from hubbub.notifications.policy import topic_of


class Reading(NamedTuple):
    """A user has read what these groups tell of, up to the ``number`` in their data."""

    user_id: Any
    groups: Collection[str]
    number: int


def hold(told: Collection[Any], readings: Collection[Reading], others: Collection[Any]) -> None:
    """Lock the boxes of all whom a turn concerns before it writes anything; who is told something has one then.

    It goes on in the order of what has happened, but who else locks boxes does so in the order of their users
    (rule NTF-2). Of who reads, only those who have something to read.
    """
    there = reachable(set(told))
    unread = {row.user_id for row in _unread(readings)}
    if concerned := {*there, *unread, *others}:
        boxes.lock(concerned)


def _unread(readings: Collection[Reading]) -> list[Notification]:
    """The unread notifications that these tell of. One query, none for no readings."""
    numbers: dict[tuple[Any, str], int] = {}
    for each in readings:
        for group in each.groups:
            numbers[each.user_id, group] = max(each.number, numbers.get((each.user_id, group), 0))
    users, groups = {user_id for user_id, _ in numbers}, {group for _, group in numbers}
    rows = Notification.objects.filter(queries.unread(), user_id__in=users, group__in=groups)
    return [
        row
        for row in rows.only("user_id", "group", "data")
        if row.data.get("number", 0) <= numbers.get((row.user_id, row.group), -1)
    ]


def mark_groups(readings: Collection[Reading]) -> None:
    """Mark the notifications of groups as read. One query where there are none, inside the caller's transaction."""
    found: dict[Any, list[int]] = {}
    for row in _unread(readings):
        found.setdefault(row.user_id, []).append(row.pk)
    for user_id, ids in sorted(found.items()):
        mark(Actor(user_key(user_id), user_id), ids)


def withdraw(user_id: Any, groups: Collection[str]) -> None:
    """Take back what these groups tell a user."""
    withdraw_all(Notification.objects.filter(user_id=user_id, group__in=list(groups)))


def who_was_told(groups: Collection[str], message: int | None = None) -> set[Any]:
    """The users who have a notification of these groups; with ``message``, one that tells of that one last."""
    rows = _of_groups(groups)
    if message is not None:
        rows = rows.filter(data__message=message)
    return set(rows.values_list("user_id", flat=True))


def forget(topic: str, groups: Collection[str], message: int, retitle: Callable[[str, int], str]) -> None:
    """A message is gone for everybody: nobody reads what it said in a notification either, nor by resuming.

    What tells of others too, unread, stays for them, under the title that ``retitle(title, count)`` gives it.
    """
    users = who_was_told(groups)
    if not users:
        return
    rows = _of_groups(groups).filter(data__message=message)
    _count_down(rows.filter(queries.unread(), count__gt=1), retitle)
    withdraw_all(rows)

    def blank(said: Any) -> Any:
        notification = said["notification"]
        if notification["data"].get("message") == message:
            notification["body"] = ""
        return said

    DjangoStreamStore().rewrite(
        [topic_of(wire_id(id)) for id in users],
        ["notifications.notified"],
        f'"message":{message},',
        blank,
        after=_place_of(topic, message),
    )


def _of_groups(groups: Collection[str]) -> QuerySet[Notification]:
    # That none is empty has to stand there for SQLite to use the index.
    return Notification.objects.filter(~Q(group=""), group__in=list(groups))


def _count_down(found: QuerySet[Notification], retitle: Callable[[str, int], str]) -> None:
    """Let unread ones stand for one less, and say nothing of the last. They stay where they are: nothing has come."""
    locked = boxes.lock(set(found.values_list("user_id", flat=True)))
    rows = list(found.filter(user_id__in=locked).select_related("actor").order_by("user_id", "number"))
    told = []
    for row in rows:
        row.count, row.body = row.count - 1, ""
        row.title, row.data = retitle(row.title, row.count), {**row.data, "message": 0}
        shown = queries.shown(row, queries.person(row.actor) if row.actor else None, read=False)
        changed = wire.NotificationChanged(shown, locked[row.user_id].unread)
        told.append(Publication(topic_of(wire_id(row.user_id)), changed))
    save_each(rows, ("count", "body", "title", "data"))
    publish_all(told)


def _place_of(topic: str, message: int) -> int:
    """The id of the event that told of a message: notifications came after it. 0 where it is known no more."""
    said = Event.objects.using(database_alias()).filter(
        stream__topic=topic, type="chat.message_sent", data__contains=f'"id":{message},'
    )
    return said.order_by("-offset").values_list("pk", flat=True).first() or 0
