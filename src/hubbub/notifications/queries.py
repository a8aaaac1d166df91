"""What notifications read. Every function has a fixed number of queries, whatever it finds."""

from collections.abc import Collection
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from hubbub.django.auth import names_of, wire_id
from hubbub.django.notifying import kinds
from hubbub.notifications import messages as wire
from hubbub.notifications.channels import channel_names
from hubbub.notifications.models import Box, Notification
from hubbub.notifications.preferences import wishes_of

LATEST = 30

UserId = Any
"""A user's primary key, also as it travels."""


def person(user: Any) -> wire.NotificationActor:
    return wire.NotificationActor(wire_id(user.pk), user.get_username(), *names_of(user))


def box_of(user_id: UserId) -> Box:
    """The user's box, an empty one where nothing has come yet. One query."""
    return Box.objects.filter(user_id=user_id).first() or Box(user_id=user_id)


def boxes_of(user_ids: Collection[Any]) -> dict[Any, Box]:
    """The boxes of users by their primary keys, an empty one where nothing has come yet. One query."""
    found = {box.user_id: box for box in Box.objects.filter(user_id__in=list(user_ids))}
    return {id: found.get(id) or Box(user_id=id) for id in user_ids}


def unread() -> Q:
    """What is unread, by its own word or else by its user's cursor."""
    cursor = Box.objects.filter(user_id=OuterRef("user_id")).values("read_number")
    return Q(read=False) | Q(read__isnull=True, number__gt=Subquery(cursor))


def unread_beside(read_number: int) -> Q:
    """The same, of one user whose cursor is known."""
    return Q(read=False) | Q(read__isnull=True, number__gt=read_number)


def is_read(row: Notification, box: Box) -> bool:
    return row.number <= box.read_number if row.read is None else row.read


def shown(row: Notification, actor: wire.NotificationActor | None, read: bool) -> wire.Notification:
    """A notification as it travels."""
    return wire.Notification(
        id=row.pk,
        number=row.number,
        kind=row.kind,
        level=row.level,  # type: ignore[arg-type]
        title=row.title,
        body=row.body,
        link=row.link,
        actor=actor,
        count=row.count,
        data=row.data,
        created_at=row.created_at,
        read=read,
    )


def history(user_id: UserId, before: int | None, limit: int, only_unread: bool = False) -> wire.NotificationPage:
    """Up to ``limit`` notifications before the number ``before``, newest first. Two queries."""
    return page(user_id, before, limit, only_unread)[1]


def latest(user_id: UserId) -> wire.NotificationList:
    """What the user sees first. Two queries."""
    box, found = page(user_id, None, LATEST)
    return wire.NotificationList(found.notifications, box.unread)


def page(
    user_id: UserId, before: int | None, limit: int, only_unread: bool = False
) -> tuple[Box, wire.NotificationPage]:
    """The same with the user's box, read before."""
    box = box_of(user_id)
    found: QuerySet[Notification] = Notification.objects.filter(user_id=user_id).select_related("actor")
    if before is not None:
        found = found.filter(number__lt=before)
    if only_unread:
        found = found.filter(unread_beside(box.read_number))
    rows = list(found.order_by("-number")[: limit + 1])
    results = [shown(row, person(row.actor) if row.actor else None, is_read(row, box)) for row in rows[:limit]]
    return box, wire.NotificationPage(results, more=len(rows) > limit)


def preferences(user_id: UserId) -> wire.Preferences:
    """What the user wants, of every kind by every channel. Two queries."""
    box, channels = box_of(user_id), channel_names()
    wishes = wishes_of([user_id], list(kinds))
    wanted = [
        wire.KindPreference(
            name, kind.label, {channel: wishes.wants(box.user_id, name, channel) for channel in channels}
        )
        for name, kind in sorted(kinds.items())
    ]
    return wire.Preferences(wanted, quiet_hours(box))


def quiet_hours(box: Box) -> wire.QuietHours:
    begins, ends = (None if at is None else f"{at:%H:%M}" for at in (box.quiet_begins, box.quiet_ends))
    return wire.QuietHours(begins, ends, box.timezone)
