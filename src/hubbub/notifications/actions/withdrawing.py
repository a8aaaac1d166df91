"""Taking notifications back: what expired, what is old, what whoever sent it withdraws (rule NTF-6)."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone

from hubbub.django.actions import action
from hubbub.django.auth import wire_id
from hubbub.django.conf import hubbub_settings
from hubbub.django.notifying import target_of
from hubbub.django.publish import Publication, publish_all
from hubbub.django.rows import save_each
from hubbub.engine.actor import Actor
from hubbub.notifications import messages as wire
from hubbub.notifications import queries
from hubbub.notifications.actions import boxes
from hubbub.notifications.models import Notification, Scheduled
from hubbub.notifications.policy import topic_of

AT_ONCE = 1000


@action
def withdraw(
    actor: Actor,
    *,
    ids: Sequence[int] = (),
    target: Model | None = None,
    group: str = "",
    user_ids: Sequence[Any] = (),
) -> int:
    """Take back notifications by id, or about a target, or these users' of a group. Returns how many."""
    if ids:
        found = Notification.objects.filter(pk__in=list(ids))
    elif target is not None:
        label, pk = target_of(target)
        Scheduled.objects.filter(target=f"{label} {pk}").delete()
        found = Notification.objects.filter(target_type=label, target_id=pk)
    elif group and user_ids:
        found = Notification.objects.filter(user_id__in=list(user_ids), group=group)
    else:
        raise ValueError("Say what to withdraw: ids=, target=, or group= with to=.")
    return withdraw_all(found)


@action
def withdraw_expired(actor: Actor, limit: int) -> int:
    """Take back what has expired. Returns how many."""
    return withdraw_some(Notification.objects.filter(expires_at__lte=timezone.now()).order_by("expires_at"), limit)


@action
def withdraw_old(actor: Actor, limit: int) -> int:
    """Take back what is older than ``NOTIFICATION_DAYS``. Returns how many."""
    days = hubbub_settings().notification_days
    if not days:
        return 0
    before = timezone.now() - timedelta(days=days)
    return withdraw_some(Notification.objects.filter(created_at__lt=before).order_by("created_at"), limit)


def withdraw_all(found: QuerySet[Notification]) -> int:
    """Delete all of these, and tell each user which. Returns how many; inside the caller's transaction."""
    withdrawn = 0
    while count := withdraw_some(found.order_by("user_id"), AT_ONCE):
        withdrawn += count
    return withdrawn


def withdraw_some(found: QuerySet[Notification], limit: int) -> int:
    """Delete up to ``limit`` of these, and tell each user which. A fixed number of queries."""
    users = dict(found.values_list("pk", "user_id")[:limit])
    if not users:
        return 0
    locked = boxes.lock(set(users.values()))
    # Once more, with the boxes locked: one may have been read, counted up, or be gone.
    rows = list(found.filter(pk__in=list(users)).only("user", "number", "read").order_by("user_id", "number"))
    Notification.objects.filter(pk__in=[row.pk for row in rows]).delete()
    gone = Counter(row.user_id for row in rows if not queries.is_read(row, locked[row.user_id]))
    for user_id, count in gone.items():
        locked[user_id].unread -= count
    save_each([locked[user_id] for user_id in gone], ["unread"])
    publish_all(
        Publication(
            topic_of(wire_id(user_id)), wire.Withdrawn([row.pk for row in theirs], unread=locked[user_id].unread)
        )
        for user_id, theirs in groupby(rows, key=lambda row: row.user_id)
    )
    return len(rows)
