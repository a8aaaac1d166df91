"""Marking as read and unread: a cursor for all, and a word of its own for a single one that differs."""

from collections.abc import Collection

from hubbub import publish
from hubbub.django.actions import action
from hubbub.engine.actor import Actor
from hubbub.notifications import messages as wire
from hubbub.notifications import queries
from hubbub.notifications.actions import boxes
from hubbub.notifications.models import Notification
from hubbub.notifications.policy import topic_of


@action
def mark(actor: Actor, ids: Collection[int], read: bool = True) -> wire.UnreadNotifications:
    """Mark some as read or unread (rule NTF-4). Raises NotAuthenticated."""
    user_id = actor.require_user()
    box = boxes.own(user_id)
    if box is None:
        return wire.UnreadNotifications(0)
    rows = Notification.objects.filter(user_id=user_id, pk__in=list(ids)).only("number", "read").order_by("number")
    changed = [row.pk for row in rows if queries.is_read(row, box) != read]
    if changed:
        Notification.objects.filter(pk__in=changed).update(read=read)
        box.unread += -len(changed) if read else len(changed)
        box.save(update_fields=["unread"])
        publish(topic_of(user_id), wire.Marked(changed, read, None, box.unread), author=actor.key)
    return wire.UnreadNotifications(box.unread)


@action
def mark_all(actor: Actor, up_to: int | None = None) -> wire.UnreadNotifications:
    """Mark all as read up to a number, whatever came after (rule NTF-4). Raises NotAuthenticated.

    As many queries for ten thousand as for one: the cursor moves, and only what was unread below it is written.
    """
    user_id = actor.require_user()
    box = boxes.own(user_id)
    if box is None:
        return wire.UnreadNotifications(0)
    up_to = box.top if up_to is None else max(0, min(up_to, box.top))
    mine = Notification.objects.filter(user_id=user_id)
    mine.filter(read=False, number__lte=up_to).update(read=None)
    box.read_number = max(box.read_number, up_to)
    before, box.unread = box.unread, mine.filter(queries.unread_beside(box.read_number)).count()
    box.save(update_fields=["read_number", "unread"])
    if box.unread != before:
        publish(topic_of(user_id), wire.Marked([], True, up_to, box.unread), author=actor.key)
    return wire.UnreadNotifications(box.unread)
