"""The wire types of chat: a struct for each command, reply and event (section "Chat" of ``docs/SPEC.md``)."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from hubbub.protocol.errors import Empty, NotAuthenticated, NotSubscribed, TooLong
from hubbub.protocol.frames import ClientId, Position
from hubbub.protocol.registry import command, event

Content = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": 5000})]
"""Text of a message. The bounds are for readers of the schema: an empty or too long one has an error of its own."""


class Person(msgspec.Struct):
    """Who somebody is. A guest is ``Anonymous`` with id 0, the system ``System`` with id 0."""

    id: int | str
    username: str
    first_name: str = ""
    last_name: str = ""


class Message(msgspec.Struct):
    """A message; ``number`` counts from 1 within its conversation."""

    id: int
    sender: Person
    content: str
    timestamp: datetime
    number: int
    deleted: bool = False
    """Whether it was deleted for everybody: its content is empty then."""


class Conversation(msgspec.Struct):
    """A conversation as one of its participants sees it.

    ``unread`` is ``top_number - read_number``. With these two a client keeps it right in whatever order the
    events of different topics come in.
    """

    id: int
    topic: str
    kind: Literal["direct", "group", "room"]
    title: str
    name: str | None
    """A room's name; null for other kinds."""
    participants: list[Person]
    """Empty for a room, which anybody may enter."""
    last_message: Message | None
    """The last one that this participant has not deleted for oneself."""
    top_number: int
    """The number of the last message."""
    read_number: int
    """The number of the last message that this participant has read."""
    unread: int
    created_at: datetime
    active_at: datetime
    """When the last message was sent, or the conversation was made: the order of the list."""


class Room(msgspec.Struct):
    """A room as everybody sees it."""

    id: int
    topic: str
    name: str
    created_at: datetime


# Commands and their replies


class MessageReply(msgspec.Struct):
    """The message as it was saved, and its event's offset in the topic."""

    message: Message
    offset: int


@command("chat.send", reply=MessageReply, limit="messages", errors=(Empty, TooLong))
class Send(msgspec.Struct):
    """Send a message to the conversation ``topic``."""

    content: Content
    """1 to 5,000 characters; white space around them is cut."""
    client_id: ClientId | None = None


@command("chat.hide", limit="writes", errors=(NotAuthenticated,))
class Hide(msgspec.Struct):
    """Delete a message for oneself only."""

    message_id: int
    client_id: ClientId | None = None


@command("chat.typing", errors=(NotSubscribed,))
class SetTyping(msgspec.Struct):
    """Say that one is typing, or no longer. The others are told on change only."""

    is_typing: bool


class HistoryPage(msgspec.Struct):
    """Messages, oldest first, and whether there are earlier ones."""

    messages: list[Message]
    more: bool


@command("chat.history", reply=HistoryPage, limit="reads")
class History(msgspec.Struct):
    """Read messages before the number ``before`` (without it, the latest)."""

    before: int | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class ReadReply(msgspec.Struct):
    """Where the read cursor stands now, as a message number, and what is left."""

    number: int
    unread: int


@command("chat.read", reply=ReadReply, limit="writes", errors=(NotAuthenticated,))
class MarkRead(msgspec.Struct):
    """Move the read cursor to the message ``number`` (without it, to the last). It never goes back."""

    number: int | None = None


class ConversationReply(msgspec.Struct):
    """The conversation, as the asker sees it."""

    conversation: Conversation


@command("chat.create", reply=ConversationReply, topic="none", limit="conversations", errors=(NotAuthenticated,))
class Create(msgspec.Struct):
    """Start a conversation with the users of these names. One name and no title: a direct one, found or made."""

    participants: Annotated[list[str], msgspec.Meta(min_length=1, max_length=100)]
    title: Annotated[str, msgspec.Meta(max_length=120)] = ""
    client_id: ClientId | None = None


@command("chat.join_room", reply=ConversationReply, topic="none", limit="conversations")
class JoinRoom(msgspec.Struct):
    """Find the room of a name, make it if it is new, and learn its topic."""

    name: str


@command("chat.leave", limit="writes", errors=(NotAuthenticated,))
class Leave(msgspec.Struct):
    """Leave a group conversation."""


class Inbox(msgspec.Struct):
    """The user's conversations, newest first, and the position of every topic followed for them."""

    conversations: list[Conversation]
    positions: dict[str, Position]
    reset: list[str]
    """Topics of ``since`` that could not be resumed: read them again."""


@command("inbox.subscribe", reply=Inbox, topic="none", limit="reads", errors=(NotAuthenticated,))
class SubscribeInbox(msgspec.Struct):
    """Follow all one's conversations, also those joined later, with what happened after ``since``."""

    since: dict[str, Position] = {}


# Events on ``chat.<conversation id>``


@event("chat.message_sent")
class MessageSent(msgspec.Struct):
    """Somebody sent a message. ``client_id`` is the sender's, to match it with the one waiting there."""

    message: Message
    client_id: str | None = None


@event("chat.message_deleted")
class MessageDeleted(msgspec.Struct):
    """A message was deleted for everybody: its content is gone, its place stays."""

    message_id: int


@event("chat.conversation_renamed")
class ConversationRenamed(msgspec.Struct):
    """The group has another title."""

    title: str


@event("chat.participants_added")
class ParticipantsAdded(msgspec.Struct):
    """People were added to the conversation."""

    participants: list[Person]


@event("chat.participant_removed")
class ParticipantRemoved(msgspec.Struct):
    """Somebody left the conversation or was removed."""

    user_id: int | str


@event("chat.typing", ephemeral=True)
class Typing(msgspec.Struct):
    """Somebody is typing, or no longer."""

    user: Person
    is_typing: bool


@event("chat.user_joined", ephemeral=True)
class UserJoined(msgspec.Struct):
    """Somebody entered the room."""

    user: Person


@event("chat.user_left", ephemeral=True)
class UserLeft(msgspec.Struct):
    """Somebody left the room."""

    user: Person


# Events on ``user.<user id>``


@event("chat.message_hidden", kind="user")
class MessageHidden(msgspec.Struct):
    """The user deleted a message for oneself. ``last_message`` is the last one that is left to the user."""

    conversation_id: int
    message_id: int
    last_message: Message | None = None


@event("chat.conversation_read", kind="user")
class ConversationRead(msgspec.Struct):
    """The user has read the conversation up to the message ``number``."""

    conversation_id: int
    number: int
    unread: int


@event("chat.conversation_added", kind="user")
class ConversationAdded(msgspec.Struct):
    """The user takes part in a conversation from now on; its events after ``position`` follow by themselves
    where the inbox is followed."""

    conversation: Conversation
    position: Position


@event("chat.conversation_removed", kind="user")
class ConversationRemoved(msgspec.Struct):
    """The user takes no part in a conversation any more."""

    conversation_id: int
