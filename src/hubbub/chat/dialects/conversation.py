"""Conversations by number: ``/ws/chat/<conversation_id>/`` (section "Conversations" of docs/reference/formats.md)."""

from functools import lru_cache
from typing import Any

from hubbub.chat.dialects.common import command, encode, error_frame, read_object
from hubbub.protocol.dialect import Dialect, Subscribed
from hubbub.protocol.errors import BadData, Forbidden, HubbubError, UnknownCommand
from hubbub.protocol.frames import Happening, Inbound, Position


class ConversationDialect:
    """One conversation, its messages, typing, and deleting for oneself. Shared by all sockets on it."""

    full = False

    def __init__(self, topic: str) -> None:
        self.bound: str | None = topic
        self._conversation_id = int(topic.partition(".")[2])

    def read(self, text: str | bytes) -> tuple[Inbound, Dialect]:
        frame = read_object(text)
        kind, topic = frame.get("type"), self.bound or ""
        if kind == "chat_message":
            return command("chat.send", {"content": frame.get("content") or ""}, topic), self
        if kind == "typing":
            return command("chat.typing", {"is_typing": bool(frame.get("is_typing"))}, topic), self
        if kind == "delete_message":
            if not frame.get("message_id"):
                raise BadData("Message ID required")
            return command("chat.hide", {"message_id": frame["message_id"]}, topic), self
        raise UnknownCommand

    def ready(self, info: dict[str, Any]) -> bytes | None:
        return encode({"type": "connection_established", "message": "Connected to chat"})

    def reply(self, inbound: Inbound, ok: Any) -> bytes | None:
        return None  # The events say it.

    def error(self, inbound: Inbound | None, error: HubbubError) -> bytes | None:
        failed = inbound is not None and inbound.type == "chat.hide" and isinstance(error, Forbidden | BadData)
        return encode(error_frame(error, "Failed to delete message" if failed else ""))

    def event(self, event: Happening) -> bytes | None:
        data = event.payload()
        if event.topic != self.bound:  # The user's own topic: only what is about this conversation.
            if event.type == "chat.message_hidden" and data["conversation_id"] == self._conversation_id:
                return encode({"type": "message_deleted", "message_id": data["message_id"]})
            return None
        if event.type == "chat.message_sent":
            return encode({"type": "new_message", "message": data["message"]})
        if event.type == "chat.typing":
            user = data["user"]
            return encode(
                {
                    "type": "typing",
                    "user_id": user["id"],
                    "username": user["username"],
                    "is_typing": data["is_typing"],
                }
            )
        return None

    def subscribed(self, inbound: Inbound | None, topic: str, outcome: Subscribed) -> list[bytes]:
        return []

    def reset(self, topic: str, position: Position, reason: str) -> bytes | None:
        return None

    def unsubscribed(self, topic: str, reason: str) -> bytes | None:
        return None

    def ping(self) -> bytes | None:
        return b'{"type":"ping"}'


@lru_cache(maxsize=10_000)
def conversation_dialect(topic: str) -> ConversationDialect:
    """The dialect for a conversation's topic; the same object for the same topic, to encode once for all."""
    return ConversationDialect(topic)
