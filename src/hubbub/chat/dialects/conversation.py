"""Conversations by number: ``/ws/chat/<conversation_id>/`` (section "Conversations" of docs/reference/formats.md)."""

from functools import lru_cache
from typing import Any

import msgspec

from hubbub.chat.dialects.common import command, encode, read_object, text_of, truth_of
from hubbub.protocol.dialect import Dialect, Quiet, error_frame
from hubbub.protocol.errors import Absent, BadData, Forbidden, HubbubError, UnknownCommand
from hubbub.protocol.frames import Event, Inbound
from hubbub.protocol.grouped import GROUP_SENT, GroupSent, frame_of

NOT_DELETED = "Failed to delete message"
OWN_FRAMES = (
    "connection_established",
    "delete_message",
    "error",
    "message_deleted",
    "new_message",
    "ping",
    "typing",
)
"""What is said here of what happened in the conversation: other code cannot pretend it (rule FMT-5)."""


def message_id_of(frame: dict[str, Any]) -> int:
    """The id of a message to delete. Raises BadData without one; Absent for what can be no message's id."""
    id = frame.get("message_id")
    if not id:
        raise BadData("Message ID required")
    # A page may have it as text, from an attribute of an element.
    if isinstance(id, str) and id.isascii() and id.isdigit() and len(id) <= 18:
        return int(id)
    if isinstance(id, bool) or not isinstance(id, int) or not 0 < id < 2**63:
        raise Absent(NOT_DELETED)
    return id


class ConversationDialect(Quiet):
    """One conversation, its messages, typing, and deleting for oneself. Shared by all sockets on it."""

    groups = True

    def __init__(self, topic: str) -> None:
        self.bound: str | None = topic
        self._conversation_id = int(topic.partition(".")[2])

    def read(self, text: str | bytes) -> tuple[Inbound, Dialect]:
        frame = read_object(text)
        kind, topic = frame.get("type"), self.bound or ""
        if kind == "chat_message":
            return command("chat.send", {"content": text_of(frame, "content")}, topic), self
        if kind == "typing":
            return command("chat.typing", {"is_typing": truth_of(frame, "is_typing")}, topic), self
        if kind == "delete_message":
            return command("chat.hide", {"message_id": message_id_of(frame)}, topic), self
        if kind == "pong":  # Not asked for, and no mistake.
            return command("pong", {}, topic), self
        raise UnknownCommand

    def ready(self, info: dict[str, Any]) -> bytes | None:
        return encode({"type": "connection_established", "message": "Connected to chat"})

    def error(self, inbound: Inbound | None, error: HubbubError) -> bytes | None:
        failed = inbound is not None and inbound.type == "chat.hide" and isinstance(error, Forbidden)
        return encode(error_frame(error, NOT_DELETED if failed else ""))

    def event(self, event: Event) -> bytes | None:
        if event.type == GROUP_SENT:
            return _group_frame(event)
        data = event.payload()
        if event.topic != self.bound:  # The user's own topic: only what is about this conversation.
            if event.type == "chat.message_hidden" and data["conversation_id"] == self._conversation_id:
                return encode({"type": "message_deleted", "message_id": data["message_id"]})
            return None
        if event.type == "chat.message_sent":
            return encode({"type": "new_message", "message": data["message"]})
        if event.type == "chat.message_deleted":
            return encode({"type": "message_deleted", "message_id": data["message_id"]})
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

    def ping(self) -> bytes | None:
        return b'{"type":"ping"}'


def _group_frame(event: Event) -> bytes | None:
    """What other code in the project has sent. A message that it tells of has come by itself."""
    sent = msgspec.json.decode(event.raw, type=GroupSent)
    return None if sent.type in OWN_FRAMES else encode(frame_of(sent, event.created_at))


@lru_cache(maxsize=10_000)
def conversation_dialect(topic: str) -> ConversationDialect:
    """The dialect for a conversation's topic; the same object for the same topic, to encode once for all."""
    return ConversationDialect(topic)
