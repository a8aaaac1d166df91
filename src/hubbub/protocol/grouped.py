"""What other code in the project sends to groups of the channel layer, as frames (rules FMT-2 to FMT-5).

Such a message comes as a dict of whatever shape: ``{"type": "maintenance_alert", "message": "..."}``. The frames made
of it have what the clients of each socket rely on. Pure functions.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from hubbub.protocol.registry import event

GROUP_SENT = "groups.sent"

Frame = dict[str, Any]

NOBODY = "System"
"""Who speaks where nobody is named."""
TITLE = "Notification"
"""What a notification is called that has no title."""


@event(GROUP_SENT, ephemeral=True, internal=True)
class GroupSent(msgspec.Struct):
    """What other code in the project has sent to a group of the channel layer."""

    type: str
    """With underscores for dots: Channels' own consumers take either."""
    fields: dict[str, Any]
    """All but the type."""


def read_message(message: Any) -> GroupSent:
    """A layer's message. Raises ValueError for one without a type, which no consumer could take either."""
    if not isinstance(message, dict):
        raise ValueError(f"a message is a dict, not {type(message).__name__}")
    kind = message.get("type")
    if not isinstance(kind, str) or not kind.strip("._ "):
        raise ValueError("it has no type")
    return GroupSent(kind.replace(".", "_"), {name: value for name, value in message.items() if name != "type"})


def frame_of(sent: GroupSent, at: datetime) -> Frame:
    """The frame for any socket: notifications, chat messages and errors in their shapes, else the fields as they are.

    ``at``: when it came.
    """
    if sent.type == "notification_message":
        return as_notification({**sent.fields, "type": "notification"}, at)
    if sent.type == "chat_message":
        return as_line({**sent.fields, "type": "chat_message"}, at)
    if sent.type == "error":
        return _as_error(sent.fields)
    return {**sent.fields, "type": sent.type}


def as_notification(frame: Frame, at: datetime) -> Frame:
    """With ``title``, ``message`` and ``timestamp``, as every frame has on notification sockets."""
    title, given = text_of(frame.get("title")), frame.get("timestamp")
    return {
        **frame,
        "title": title if title.strip() else TITLE,
        "message": text_of(frame.get("message")),
        "timestamp": given if isinstance(given, str) and given else utc(given, at),
    }


def as_line(frame: Frame, at: datetime) -> Frame:
    """With ``username``, ``user``, ``message`` and ``timestamp``, as every frame has in rooms."""
    name, message = _name_of(frame), text_of(frame.get("message"))
    if not message and frame["type"] in ("user_joined", "user_left"):
        message = f"{name} {frame['type'].removeprefix('user_')} the room"
    return {**frame, "username": name, "user": name, "message": message, "timestamp": utc(frame.get("timestamp"), at)}


def _as_error(fields: Frame) -> Frame:
    text = text_of(fields.get("message")) or text_of(fields.get("error")) or "Something went wrong"
    code = text_of(fields.get("code")) or "internal"
    return {**fields, "type": "error", "code": code, "error": text, "message": text, "username": NOBODY}


def text_of(value: Any) -> str:
    """A field that is to be text: empty for null, JSON for what is none."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _name_of(frame: Frame) -> str:
    if frame["type"] == "error":
        return NOBODY
    for field in ("username", "user"):
        value = frame.get(field)
        if isinstance(value, dict):
            value = value.get("username")
        if (name := text_of(value)).strip():
            return name
    return NOBODY


def utc(value: Any, at: datetime) -> str:
    """A time as ISO 8601 in UTC, text that is so as it stands; ``at`` where it is no time."""
    found = at
    if isinstance(value, str):
        with suppress(ValueError):
            found = datetime.fromisoformat(value)
            if found.tzinfo and not found.utcoffset() and "T" in value:
                return value
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    try:
        return _iso(found)
    except OverflowError:  # In the year 1, or 9999.
        return _iso(at)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
