"""What a push says, and how it is to be sent (rule PSH-4). ``web/src/push/payload.ts`` reads it."""

import json
from datetime import timedelta

from django.utils import timezone

from hubbub.notifications.models import Notification
from hubbub.notifications.push.sending import Push

KEEP = timedelta(days=1)
"""How long a push service keeps it for a browser that is away: later it would be no news."""
MOST_BYTES = 3500
"""Push services take 4096, encryption included."""
MOST_LINK = 500
URGENCY = {"success": "low", "info": "normal", "warning": "high", "danger": "high"}


def push_of(row: Notification, unread: list[int]) -> Push:
    """The push of a notification; ``unread`` are the ids whose alerts may stay."""
    left = min(KEEP, row.expires_at - timezone.now()) if row.expires_at else KEEP
    said = {
        "id": row.pk,
        "title": row.title,
        "body": row.body,
        "level": row.level,
        "link": row.link if len(row.link) <= MOST_LINK else "",
        "created_at": row.created_at.isoformat(),
        "unread": unread,
    }
    over = len(_bytes(said)) - MOST_BYTES
    if over > 0:
        kept = row.body.encode()[: max(0, len(row.body.encode()) - over - len("…".encode()))]
        said["body"] = kept.decode(errors="ignore") + "…"
    return Push(
        data=_bytes(said),
        ttl=max(0, int(left.total_seconds())),
        urgency=URGENCY[row.level],
        topic=f"notification-{row.pk}"[:32],
    )


def _bytes(said: dict[str, object]) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
