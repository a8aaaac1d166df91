"""Rooms by name: ``/ws/chat/<room_name>/``, and the lobby: ``/ws/chat/``.

Some clients print ``message`` and ``username`` of every frame, whatever its type, so every frame has both as
strings, and ``user`` and ``timestamp``.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from hubbub.chat.dialects.common import command, encode, iso, read_object, text_of, truth_of
from hubbub.protocol.dialect import Dialect, Quiet, Subscribed, error_frame
from hubbub.protocol.errors import BadData, HubbubError
from hubbub.protocol.frames import Event, Inbound
from hubbub.protocol.grouped import GROUP_SENT, GroupSent, as_line, frame_of

NOT_HERE = ("chat_history", "connection_established", "ping")
"""Frames that other code cannot send here: the history comes once, the others are never sent to rooms."""


def room_frame(type: str, username: str, message: str, at: datetime | str, **more: Any) -> dict[str, Any]:
    return {
        "type": type,
        "username": username,
        "user": username,
        "message": message,
        "timestamp": iso(at),
        **more,
    }


class RoomDialect(Quiet):
    """One room. ``plain`` is for sockets that have sent a message without a type: they know no typing."""

    groups = True

    def __init__(self, topic: str, message_type: str, *, plain: bool) -> None:
        self.bound: str | None = topic
        self._message_type = message_type
        self._plain = plain

    def read(self, text: str | bytes) -> tuple[Inbound, Dialect]:
        frame = read_object(text)
        topic = self.bound or ""
        if frame.get("type") == "typing":
            return command("chat.typing", {"is_typing": truth_of(frame, "is_typing")}, topic), self
        if "message" not in frame:
            raise BadData("Missing message field")
        content = text_of(frame, "message")
        untyped = frame.get("type") is None
        speaks = room_dialect(topic, self._message_type, plain=True) if untyped else self
        return command("chat.send", {"content": content}, topic), speaks

    def error(self, inbound: Inbound | None, error: HubbubError) -> bytes | None:
        body = error_frame(error)
        return encode({**body, "user": "System", "timestamp": iso(datetime.now(UTC))})

    def event(self, event: Event) -> bytes | None:
        if event.type == GROUP_SENT:
            return self._group_frame(event)
        data = event.payload()
        if event.type == "chat.message_sent":
            message = data["message"]
            name = message["sender"]["username"]
            return encode(room_frame(self._message_type, name, message["content"], message["timestamp"]))
        if event.type == "chat.typing":
            if self._plain:
                return None
            name = data["user"]["username"]
            return encode(room_frame("typing", name, "", event.created_at, is_typing=data["is_typing"]))
        if event.type in ("chat.user_joined", "chat.user_left"):
            kind = event.type.removeprefix("chat.")
            name = data["user"]["username"]
            text = f"{name} {kind.removeprefix('user_')} the room"
            return encode(room_frame(kind, name, text, event.created_at))
        return None

    def _group_frame(self, event: Event) -> bytes | None:
        """What other code in the project has sent, with what every frame here has (rule FMT-4)."""
        sent = msgspec.json.decode(event.raw, type=GroupSent)
        if sent.type in NOT_HERE or (sent.type == "typing" and self._plain):
            return None
        frame = as_line(frame_of(sent, event.created_at), event.created_at)
        if sent.type == "chat_message":
            frame["type"] = self._message_type
        elif sent.type == "typing":
            frame |= {"message": "", "is_typing": bool(frame.get("is_typing", True))}
        return encode(frame)

    def subscribed(self, inbound: Inbound | None, topic: str, outcome: Subscribed) -> list[bytes]:
        """The history, as one frame; none where there is nothing to show."""
        page = msgspec.to_builtins(outcome.snapshot) if outcome.snapshot is not None else {}
        rows = [
            {
                "username": message["sender"]["username"],
                "message": message["content"],
                "created_at": message["timestamp"],
            }
            for message in page.get("messages", [])
            if not message["deleted"]
        ]
        if not rows:
            return []
        # One line each: nobody's text may pose as somebody else's row.
        text = "\n".join(f"{row['username']}: {' '.join(row['message'].splitlines())}" for row in rows)
        return [encode(room_frame("chat_history", "System", text, datetime.now(UTC), messages=rows))]


@lru_cache(maxsize=20_000)
def room_dialect(topic: str, message_type: str = "chat_message", *, plain: bool = False) -> RoomDialect:
    """The dialect for a room's topic; the same object for the same arguments, to encode once for all."""
    return RoomDialect(topic, message_type, plain=plain)
