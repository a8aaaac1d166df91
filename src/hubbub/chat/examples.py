"""An example of each wire type of chat, for the reference."""

from datetime import UTC, datetime

from hubbub.chat import messages as wire
from hubbub.chat.api import Names, NewMessage
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import example

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADA = wire.Person(7, "ada", "Ada", "")
BOB = wire.Person(8, "bob")
CLIENT_ID = "018f6d0e-5b1c-7d2a-9f43-2f1f5c1f6c11"
HELLO = wire.Message(id=1207, sender=ADA, content="Hello", timestamp=AT, number=31)
HERE = Position("k3f9", 1045)
GROUP = wire.Conversation(
    id=42,
    topic="chat.42",
    kind="group",
    title="Plans",
    name=None,
    participants=[ADA, BOB],
    last_message=HELLO,
    top_number=31,
    read_number=30,
    unread=1,
    created_at=AT,
    active_at=AT,
)

example(
    ADA,
    HELLO,
    GROUP,
    HERE,
    wire.Room(id=43, topic="chat.43", name="garden", created_at=AT),
    NewMessage(content="Hello", client_id=CLIENT_ID),
    Names(participants=["bob"]),
    wire.Send(content="Hello", client_id=CLIENT_ID),
    wire.MessageReply(HELLO, 1045),
    wire.Hide(message_id=1207),
    wire.SetTyping(is_typing=True),
    wire.History(before=31, limit=20),
    wire.HistoryPage([HELLO], more=True),
    wire.MarkRead(number=31),
    wire.ReadReply(number=31, unread=0),
    wire.Create(participants=["bob"], title="Plans", client_id=CLIENT_ID),
    wire.ConversationReply(GROUP),
    wire.JoinRoom(name="garden"),
    wire.Leave(),
    wire.SubscribeInbox(since={"user.7": Position("k3f9", 12), "chat.42": HERE}),
    wire.Inbox([GROUP], {"user.7": Position("k3f9", 12), "chat.42": HERE}, []),
    wire.MessageSent(HELLO, CLIENT_ID),
    wire.MessageDeleted(message_id=1207),
    wire.ConversationRenamed(title="Plans for May"),
    wire.ParticipantsAdded([BOB]),
    wire.ParticipantRemoved(8),
    wire.Typing(ADA, is_typing=True),
    wire.UserJoined(BOB),
    wire.UserLeft(BOB),
    wire.MessageHidden(conversation_id=42, message_id=1207, last_message=None),
    wire.ConversationRead(conversation_id=42, number=31, unread=0),
    wire.ConversationAdded(GROUP, HERE),
    wire.ConversationRemoved(conversation_id=42),
)
