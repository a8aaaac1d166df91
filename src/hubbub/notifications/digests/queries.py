"""What digests read."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from hubbub.django.addresses import address_of
from hubbub.django.auth import active, email_field
from hubbub.notifications.digests import messages as wire
from hubbub.notifications.digests.models import Digest, DigestItem
from hubbub.notifications.models import Notification
from hubbub.notifications.preferences import in_quiet_hours, may_alert, wishes_of
from hubbub.notifications.queries import box_of, is_read

CHANNEL = "email"
MOST_SHOWN = 20
"""Notifications that one mail tells of; of the others it says how many."""


@dataclass(frozen=True)
class Mail:
    """What is to be mailed to a user now."""

    user: Any
    address: str
    notifications: list[Notification]
    """The latest first."""


def digest_of(user_id: Any) -> Digest:
    """How the user wants to be mailed. One query."""
    return Digest.objects.filter(user_id=user_id).first() or Digest(user_id=user_id)


def settings_of(user: Any) -> wire.EmailDigests:
    """The same as it travels, with the address."""
    digest = digest_of(user.pk)
    zone = box_of(user.pk).timezone
    return wire.EmailDigests(digest.every, digest.hour, zone, address_of(user))  # type: ignore[arg-type]


def with_address(user_ids: Collection[Any]) -> set[Any]:
    """Those of these users who have an address, be it verified or not. One query."""
    if not (field := email_field()):
        return set()
    users = get_user_model()._default_manager.filter(pk__in=list(user_ids)).exclude(**{field: ""})
    return set(users.values_list("pk", flat=True))


def may_send(mail: Mail) -> bool:
    """Whether a mail may be sent now: in its user's quiet hours only where it tells of danger. One query."""
    box = box_of(mail.user.pk)
    quiet = in_quiet_hours(box, timezone.now())
    return any(may_alert(wanted=True, level=row.level, quiet=quiet) for row in mail.notifications)


def items_of(user_id: Any) -> list[tuple[int, int]]:
    """The ids of notifications that wait for the user's digest, with their numbers when they were put there."""
    return list(DigestItem.objects.filter(user_id=user_id).values_list("pk", "number"))


def mail_of(user_id: Any, ids: list[int]) -> Mail | None:
    """What of these notifications is to be mailed; None where nothing is, or the user has no address (rule PSH-8)."""
    user = get_user_model()._default_manager.filter(active(), pk=user_id).first()
    address = address_of(user) if user else ""
    if not address:
        return None
    box, now = box_of(user_id), timezone.now()
    rows = Notification.objects.filter(user_id=user_id, pk__in=ids).select_related("actor").order_by("-number")
    wishes = wishes_of([user_id], {row.kind for row in rows})
    found = [
        row
        for row in rows
        if not is_read(row, box)
        and (row.expires_at is None or row.expires_at > now)
        and wishes.wants(user_id, row.kind, CHANNEL)
    ]
    return Mail(user, address, found) if found else None
