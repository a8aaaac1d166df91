"""``/ws/notifications/``, notifications and nothing else (section "Notifications" of docs/reference/formats.md)."""

from typing import Any

import msgspec

from hubbub.protocol.dialect import Quiet
from hubbub.protocol.frames import Event
from hubbub.protocol.grouped import GROUP_SENT, GroupSent, as_notification, frame_of

encode = msgspec.json.encode


class NotificationDialect(Quiet):
    """Says what there is to notify of, and asks for nothing. One for all sockets: what goes to all is encoded once."""

    groups = True

    def event(self, event: Event) -> bytes | None:
        if event.type == GROUP_SENT:
            sent = msgspec.json.decode(event.raw, type=GroupSent)
            return encode(as_notification(frame_of(sent, event.created_at), event.created_at))
        if event.type == "notifications.notified":
            shown = event.payload()["notification"]
            return encode(_frame(shown, shown["created_at"], "id", "kind", "level", "link", "count", "data"))
        if event.type == "announcements.announced":
            shown = event.payload()["announcement"]
            return encode(_frame(shown, shown["begins_at"], "audience", "level", "link", "counts_to", "expires_at"))
        return None


def _frame(shown: dict[str, Any], at: str, *more: str) -> dict[str, Any]:
    """What clients of this format read, and what others may."""
    frame = {"type": "notification", "title": shown["title"], "message": shown["body"], "timestamp": at}
    return frame | {name: shown[name] for name in more}


NOTIFICATION_DIALECT = NotificationDialect()
