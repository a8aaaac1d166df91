"""``/ws/notifications/``, notifications and nothing else (section "Notifications" of docs/reference/formats.md)."""

from typing import Any

import msgspec

from hubbub.protocol.dialect import Dialect, Subscribed, decode_json, error_frame
from hubbub.protocol.errors import HubbubError, UnknownCommand
from hubbub.protocol.frames import Event, Inbound, Position
from hubbub.protocol.grouped import GROUP_SENT, GroupSent, as_notification, frame_of

encode = msgspec.json.encode


class NotificationDialect:
    """Says what there is to notify of, and asks for nothing. One for all sockets: what goes to all is encoded once."""

    bound: str | None = None
    full = False
    groups = True

    def read(self, text: str | bytes) -> tuple[Inbound, Dialect]:
        decode_json(text)
        raise UnknownCommand

    def ready(self, info: dict[str, Any]) -> bytes | None:
        return None

    def reply(self, inbound: Inbound, ok: Any) -> bytes | None:
        return None

    def error(self, inbound: Inbound | None, error: HubbubError) -> bytes | None:
        return encode(error_frame(error))

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

    def subscribed(self, inbound: Inbound | None, topic: str, outcome: Subscribed) -> list[bytes]:
        return []

    def reset(self, topic: str, position: Position, reason: str) -> bytes | None:
        return None

    def unsubscribed(self, topic: str, reason: str) -> bytes | None:
        return None

    def ping(self) -> bytes | None:
        return None


def _frame(shown: dict[str, Any], at: str, *more: str) -> dict[str, Any]:
    """What clients of this format read, and what others may."""
    frame = {"type": "notification", "title": shown["title"], "message": shown["body"], "timestamp": at}
    return frame | {name: shown[name] for name in more}


NOTIFICATION_DIALECT = NotificationDialect()
