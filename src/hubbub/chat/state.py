"""What a client of chat knows, and how an event changes it: pure functions, the model for every client.

A snapshot and the events after it, applied, equal a fresh snapshot (rule CHT-10). Topics are in order each by
itself, not among each other: what a user's own topic says of a conversation may come before or after that
conversation's events. So nothing is counted here; the higher number wins.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

Conversation = dict[str, Any]
"""``messages.Conversation`` as JSON."""
Message = dict[str, Any]
"""``messages.Message`` as JSON."""


@dataclass(frozen=True)
class Inbox:
    """A user's conversations by id."""

    user_id: int | str
    conversations: dict[int, Conversation]
    hidden: frozenset[int] = field(default=frozenset(), compare=False)
    """Messages that the user has deleted: their conversation may tell of them only later."""
    deleted: frozenset[int] = field(default=frozenset(), compare=False)
    """Messages that are deleted for everybody: the user's own topic may still tell what they said."""

    @classmethod
    def of(cls, user_id: int | str, conversations: Iterable[Conversation]) -> "Inbox":
        """From the ``conversations`` of a snapshot."""
        return cls(user_id, {each["id"]: each for each in conversations})

    def listed(self) -> list[Conversation]:
        """The conversations as they are shown: the most recently active first."""
        found = self.conversations.values()
        return sorted(found, key=lambda each: (datetime.fromisoformat(each["active_at"]), each["id"]), reverse=True)


@dataclass(frozen=True)
class Thread:
    """What is known of one conversation's messages, oldest first; what came before them can be asked for."""

    conversation_id: int
    messages: tuple[Message, ...]
    hidden: frozenset[int] = field(default=frozenset(), compare=False)

    @classmethod
    def of(cls, conversation_id: int, messages: Iterable[Message]) -> "Thread":
        """From the ``messages`` of a page of history."""
        return cls(conversation_id, tuple(messages))


def apply_to_inbox(state: Inbox, topic: str, type: str, data: dict[str, Any]) -> Inbox:
    """The inbox after an event of one of its topics."""
    if type == "chat.conversation_added":
        added = data["conversation"]
        return _put(state, {**added, "last_message": _last(state, added["last_message"])})
    if type == "chat.conversation_removed":
        return _without(state, data["conversation_id"])
    if type == "chat.message_hidden":
        state = replace(state, hidden=state.hidden | {data["message_id"]})
    elif type == "chat.message_deleted":
        state = replace(state, deleted=state.deleted | {data["message_id"]})
    known = state.conversations.get(_conversation_id(topic, data))
    if known is None:
        return state
    return _put(state, _changed(state, known, type, data))


def apply_to_thread(state: Thread, topic: str, type: str, data: dict[str, Any]) -> Thread:
    """One conversation's messages after an event of it, or of the user's own topic."""
    if _conversation_id(topic, data) != state.conversation_id:
        return state
    if type == "chat.message_hidden":
        kept = tuple(each for each in state.messages if each["id"] != data["message_id"])
        return replace(state, messages=kept, hidden=state.hidden | {data["message_id"]})
    if type == "chat.message_deleted":
        gone = {data["message_id"]}
        return replace(state, messages=tuple(_told(each, gone) for each in state.messages))
    if type == "chat.message_sent":
        message = data["message"]
        newer = not state.messages or message["number"] > state.messages[-1]["number"]
        if newer and message["id"] not in state.hidden:
            return replace(state, messages=(*state.messages, message))
    return state


def _changed(state: Inbox, known: Conversation, type: str, data: dict[str, Any]) -> Conversation:
    """One conversation of the inbox after an event that is about it."""
    if type == "chat.message_sent":
        message = data["message"]
        mine = message["sender"]["id"] == state.user_id
        return _counted(
            known,
            top_number=max(known["top_number"], message["number"]),
            # Who writes has read what stands above.
            read_number=max(known["read_number"], message["number"] if mine else 0),
            last_message=_last(state, known["last_message"], message),
            active_at=max(known["active_at"], message["timestamp"], key=datetime.fromisoformat),
        )
    if type == "chat.conversation_read":
        return _counted(known, read_number=max(known["read_number"], data["number"]))
    if type == "chat.message_hidden":
        return {**known, "last_message": _last(state, known["last_message"], data["last_message"])}
    if type == "chat.message_deleted":
        return {**known, "last_message": _last(state, known["last_message"])}
    if type == "chat.conversation_renamed":
        return {**known, "title": data["title"]}
    if type == "chat.participants_added" and known["kind"] != "room":
        there = {each["id"] for each in known["participants"]}
        added = [each for each in data["participants"] if each["id"] not in there]
        return {**known, "participants": [*known["participants"], *added]}
    if type == "chat.participant_removed":
        left = [each for each in known["participants"] if each["id"] != data["user_id"]]
        return {**known, "participants": left}
    return known


def _counted(known: Conversation, **changes: Any) -> Conversation:
    changed = {**known, **changes}
    # The cursor may be known to be further than the messages are.
    return {**changed, "unread": max(0, changed["top_number"] - changed["read_number"])}


def _last(state: Inbox, *candidates: Message | None) -> Message | None:
    """The latest of these messages that the user has not deleted."""
    left = [each for each in candidates if each is not None and each["id"] not in state.hidden]
    last = max(left, key=lambda each: int(each["number"]), default=None)
    return last and _told(last, state.deleted)


def _told(message: Message, deleted: frozenset[int] | set[int]) -> Message:
    """The message, without what it said if it was deleted for everybody."""
    return {**message, "content": "", "deleted": True} if message["id"] in deleted else message


def _conversation_id(topic: str, data: dict[str, Any]) -> int:
    """The conversation that an event is about: of its topic, or the one that it names; 0 for none."""
    kind, _, key = topic.partition(".")
    return int(key) if kind == "chat" else int(data.get("conversation_id", 0))


def _put(state: Inbox, conversation: Conversation) -> Inbox:
    return replace(state, conversations={**state.conversations, conversation["id"]: conversation})


def _without(state: Inbox, conversation_id: int) -> Inbox:
    kept = {id: each for id, each in state.conversations.items() if id != conversation_id}
    return replace(state, conversations=kept)
