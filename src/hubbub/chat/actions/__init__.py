"""Everything that changes chat. The only place that writes and publishes."""

from hubbub.chat.actions.conversations import create_conversation, join_room, room_named
from hubbub.chat.actions.messages import hide_message, mark_read, send_message
from hubbub.chat.actions.participants import add_participants, leave, remove_deleted, remove_participants

__all__ = [
    "add_participants",
    "create_conversation",
    "hide_message",
    "join_room",
    "leave",
    "mark_read",
    "remove_deleted",
    "remove_participants",
    "room_named",
    "send_message",
]
