"""Everything that changes chat. The only place that writes and publishes."""

from hubbub.chat.actions.conversations import create_conversation, join_room, room_named
from hubbub.chat.actions.messages import hide_message, mark_read
from hubbub.chat.actions.moderation import admit_user, delete_message, dismiss_participant, rename_conversation
from hubbub.chat.actions.participants import add_participants, leave, remove_deleted, remove_participants
from hubbub.chat.actions.sending import send_message

__all__ = [
    "add_participants",
    "admit_user",
    "create_conversation",
    "delete_message",
    "dismiss_participant",
    "hide_message",
    "join_room",
    "leave",
    "mark_read",
    "remove_deleted",
    "remove_participants",
    "rename_conversation",
    "room_named",
    "send_message",
]
