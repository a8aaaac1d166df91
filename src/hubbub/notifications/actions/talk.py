"""What becomes of notifications about a conversation: they are read with it, and go with what they tell of."""

from collections.abc import Collection
from typing import Any, NamedTuple

from hubbub.django.auth import wire_id
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.actor import Actor, user_key
from hubbub.notifications import queries
from hubbub.notifications.actions.marking import mark
from hubbub.notifications.actions.withdrawing import withdraw_all
from hubbub.notifications.models import Notification
from hubbub.notifications.policy import topic_of


class Reading(NamedTuple):
    """A user has read what these groups tell of, up to the ``number`` in their data."""

    user_id: Any
    groups: Collection[str]
    number: int


def mark_groups(readings: Collection[Reading]) -> None:
    """Mark the notifications of groups as read. One query where there are none, inside the caller's transaction."""
    numbers = {(each.user_id, group): each.number for each in readings for group in each.groups}
    if not numbers:
        return
    users, groups = {user_id for user_id, _ in numbers}, {group for _, group in numbers}
    rows = Notification.objects.filter(queries.unread(), user_id__in=users, group__in=groups)
    found: dict[Any, list[int]] = {}
    for row in rows.only("user_id", "group", "data"):
        if row.data.get("number", 0) <= numbers.get((row.user_id, row.group), -1):
            found.setdefault(row.user_id, []).append(row.pk)
    for user_id, ids in sorted(found.items()):
        mark(Actor(user_key(user_id), user_id), ids)


def withdraw(user_ids: Collection[Any], groups: Collection[str], message: int | None = None) -> None:
    """Take back what these groups tell users; with ``message``, only where it tells of that one last."""
    rows = Notification.objects.filter(user_id__in=list(user_ids), group__in=list(groups))
    if message is not None:
        rows = rows.filter(data__message=message)
    withdraw_all(rows)


def forget(user_ids: Collection[Any], groups: Collection[str], message: int) -> None:
    """A message is gone for everybody: nobody reads what it said in a notification either, nor by resuming."""
    withdraw(user_ids, groups, message)

    def blank(said: Any) -> Any:
        notification = said["notification"]
        if notification["data"].get("message") == message:
            notification["body"] = ""
        return said

    topics = [topic_of(wire_id(id)) for id in user_ids]
    DjangoStreamStore().rewrite(topics, ["notifications.notified"], f'"message":{message},', blank)
