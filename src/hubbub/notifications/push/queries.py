"""What pushes read."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q
from django.utils import timezone

from hubbub.notifications.models import Notification
from hubbub.notifications.preferences import in_quiet_hours, may_alert, wishes_of
from hubbub.notifications.push import messages as wire
from hubbub.notifications.push.models import PushSubscription
from hubbub.notifications.push.vapid import own_public_key
from hubbub.notifications.queries import LATEST, box_of, is_read, unread_beside

CHANNEL = "push"


def devices(user_id: Any) -> wire.PushDevices:
    """A user's browsers. One query."""
    rows = PushSubscription.objects.filter(user_id=user_id)
    return wire.PushDevices(own_public_key(), [shown(row) for row in rows])


def shown(row: PushSubscription) -> wire.PushDevice:
    return wire.PushDevice(row.pk, row.label, row.created_at, row.last_success_at)


def has_devices(user_id: Any) -> bool:
    return PushSubscription.objects.filter(user_id=user_id).exists()


def with_devices(user_ids: Collection[Any]) -> set[Any]:
    """Those of these users who take pushes in some browser. One query."""
    rows = PushSubscription.objects.filter(user_id__in=list(user_ids))
    return set(rows.values_list("user_id", flat=True))


def reachable(user_id: Any) -> list[PushSubscription]:
    """A user's browsers, without those whose push services have not answered in time lately. One query."""
    there = Q(away_until__isnull=True) | Q(away_until__lte=timezone.now())
    return list(PushSubscription.objects.filter(there, user_id=user_id))


def to_push(id: int, number: int) -> Notification | None:
    """The notification, where it is to be pushed at this moment (rule PSH-3). At most three queries.

    None where it is gone, read, expired, counted up since (the later one is pushed), or shown to its user, and where
    the user wants no pushes of its kind, wants quiet now, or is not active.
    """
    row = Notification.objects.select_related("user").filter(pk=id, number=number).first()
    if row is None or not getattr(row.user, "is_active", True):
        return None
    if row.expires_at is not None and row.expires_at <= timezone.now():
        return None
    box = box_of(row.user_id)
    wanted = wishes_of([row.user_id], [row.kind]).wants(row.user_id, row.kind, CHANNEL)
    quiet = in_quiet_hours(box, timezone.now())
    focused = row.number <= box.shown_number
    if is_read(row, box) or not may_alert(wanted=wanted, level=row.level, quiet=quiet, focused=focused):
        return None
    return row


def latest_unread(user_id: Any) -> list[int]:
    """The ids of the user's latest unread notifications. Two queries."""
    box = box_of(user_id)
    current = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
    rows = Notification.objects.filter(current, unread_beside(box.read_number), user_id=user_id)
    return list(rows.order_by("-number").values_list("pk", flat=True)[:LATEST])
