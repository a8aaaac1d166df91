"""Sending, deleting for oneself, reading: the actions."""

import msgspec
import pytest
from django.contrib.auth.models import User

from hubbub.chat import actions, queries
from hubbub.chat import messages as wire
from hubbub.chat.actions.sending import MAX_CONTENT
from hubbub.chat.models import Conversation, Message, Participant
from hubbub.django.models import Event
from hubbub.engine.actor import SYSTEM, Actor, guest
from hubbub.protocol.errors import Absent, Conflict, Empty, NotAuthenticated, TooLong

pytestmark = pytest.mark.django_db


def contents(actor: Actor, where: wire.Conversation) -> list[str]:
    return [each.content for each in queries.history(actor, where.id, None, 50).messages]


def told(topic: str) -> list[str]:
    """The types of the events of a topic."""
    return list(Event.objects.filter(stream__topic=topic).order_by("offset").values_list("type", flat=True))


def unread(actor: Actor, where: wire.Conversation) -> int:
    return queries.conversation(actor, where.id).unread


def test_send(alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """CHT-1"""
    first = actions.send_message(alice, direct.topic, " \n hi there\t ")
    second = actions.send_message(bob, direct.topic, "hello")
    assert (first.offset, second.offset) == (1, 2)
    assert (first.message.number, second.message.number) == (1, 2)
    assert first.message.content == "hi there"
    assert first.message.sender == wire.Person(alice.user_id or 0, "alice", "Alice", "A")
    assert queries.history(bob, direct.id, None, 50).messages == [first.message, second.message]
    logged = Event.objects.get(stream__topic=direct.topic, offset=1)
    assert msgspec.json.decode(logged.data, type=wire.MessageSent).message == first.message
    assert logged.author == alice.key


@pytest.mark.parametrize("content", ["", " ", "\n\t\r ", "\u2003\u00a0"])
def test_empty(alice: Actor, direct: wire.Conversation, content: str) -> None:
    """CHT-1"""
    with pytest.raises(Empty):
        actions.send_message(alice, direct.topic, content)
    assert told(direct.topic) == []


def test_length(alice: Actor, direct: wire.Conversation) -> None:
    """CHT-1: characters are counted, not bytes, and after the white space is cut."""
    kept = actions.send_message(alice, direct.topic, "  " + "🙂" * MAX_CONTENT + "  ").message
    assert len(kept.content) == MAX_CONTENT == 5000
    with pytest.raises(TooLong):
        actions.send_message(alice, direct.topic, "x" * (MAX_CONTENT + 1))
    assert told(direct.topic) == ["chat.message_sent"]


def test_who_may_not_send(carol: Actor, direct: wire.Conversation) -> None:
    """SUB-5"""
    for who in (carol, guest("1")):
        with pytest.raises(Absent):
            actions.send_message(who, direct.topic, "let me in")
    assert Message.objects.count() == 0


def test_a_refused_message_takes_no_number(alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """EVT-1 EVT-3: what is rolled back leaves no gap, in numbers or offsets."""
    actions.send_message(alice, direct.topic, "one")
    Participant.objects.filter(conversation_id=direct.id, user__username="alice").delete()
    with pytest.raises(Absent):
        actions.send_message(alice, direct.topic, "two")
    sent = actions.send_message(bob, direct.topic, "three")
    assert (sent.message.number, sent.offset) == (2, 2)


def test_a_repeat_gets_the_first_reply(alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """ACK-2 ACK-3"""
    first = actions.send_message(alice, direct.topic, "hi", client_id="c1")
    assert actions.send_message(alice, direct.topic, "hi", client_id="c1") == first
    # Another text under the same client_id would be lost without a word if it got the first reply.
    with pytest.raises(Conflict):
        actions.send_message(alice, direct.topic, "HI", client_id="c1")
    assert contents(alice, direct) == ["hi"]
    assert told(direct.topic) == ["chat.message_sent"]
    # It is unique for its author only.
    assert actions.send_message(bob, direct.topic, "hi", client_id="c1").message.number == 2


def test_a_repeat_after_leaving(alice: Actor, bob: Actor, group: wire.Conversation) -> None:
    """ACK-2 CHT-9: the reply of the first time, and nothing new."""
    first = actions.send_message(bob, group.topic, "hi", client_id="c1")
    actions.leave(bob, group.id)
    assert actions.send_message(bob, group.topic, "hi", client_id="c1") == first
    with pytest.raises(Absent):
        actions.send_message(bob, group.topic, "hi", client_id="c2")


def test_one_client_id_for_two_commands(alice: Actor, direct: wire.Conversation) -> None:
    """ACK-3"""
    sent = actions.send_message(alice, direct.topic, "hi", client_id="c1").message
    with pytest.raises(Conflict):
        actions.hide_message(alice, direct.topic, sent.id, client_id="c1")
    with pytest.raises(Conflict):
        actions.create_conversation(alice, ["bob"], client_id="c1")
    assert contents(alice, direct) == ["hi"]


def test_a_failed_command_leaves_no_receipt(alice: Actor, direct: wire.Conversation) -> None:
    """ACK-2: it did not happen, so it can be sent again, in a better way."""
    with pytest.raises(Empty):
        actions.send_message(alice, direct.topic, "", client_id="c1")
    assert actions.send_message(alice, direct.topic, "hi", client_id="c1").message.content == "hi"


def test_every_command_with_a_client_id(alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """ACK-2"""
    sent = actions.send_message(alice, direct.topic, "hi", client_id="c1").message
    for _ in range(2):
        actions.hide_message(alice, direct.topic, sent.id, client_id="c2")
    made = [actions.create_conversation(alice, ["bob"], "Plans", client_id="c3") for _ in range(2)]
    assert made[0] == made[1]
    assert Conversation.objects.filter(title="Plans").count() == 1
    assert told(f"user.{alice.user_id}").count("chat.message_hidden") == 1


def test_hide(alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """CHT-2"""
    sent = [actions.send_message(bob, direct.topic, text).message for text in ("one", "two", "three")]
    actions.hide_message(alice, direct.topic, sent[2].id)
    actions.hide_message(alice, direct.topic, sent[2].id)  # Once more is no error.
    assert contents(alice, direct) == ["one", "two"]
    assert contents(bob, direct) == ["one", "two", "three"]
    assert queries.conversation(alice, direct.id).last_message == sent[1]
    assert queries.conversation(bob, direct.id).last_message == sent[2]
    assert told(f"user.{alice.user_id}")[-1] == "chat.message_hidden"
    assert told(f"user.{alice.user_id}").count("chat.message_hidden") == 1
    assert "chat.message_hidden" not in told(f"user.{bob.user_id}") + told(direct.topic)


def test_what_cannot_be_hidden(alice: Actor, bob: Actor, carol: Actor, direct: wire.Conversation) -> None:
    """ACC-1: what is elsewhere is as absent."""
    other = actions.create_conversation(bob, ["carol"]).conversation
    elsewhere = actions.send_message(bob, other.topic, "psst").message
    here = actions.send_message(bob, direct.topic, "hi").message
    for actor, topic, id in (
        (alice, direct.topic, elsewhere.id),
        (alice, direct.topic, 10**9),
        (alice, other.topic, elsewhere.id),
        (carol, direct.topic, here.id),
    ):
        with pytest.raises(Absent):
            actions.hide_message(actor, topic, id)
    with pytest.raises(NotAuthenticated):
        actions.hide_message(guest("1"), direct.topic, here.id)


def test_the_cursor_never_goes_back(alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """CHT-5"""
    for text in "abcde":
        actions.send_message(bob, direct.topic, text)
    assert unread(alice, direct) == 5 and unread(bob, direct) == 0
    steps = [(3, 3, 2), (1, 3, 2), (-7, 3, 2), (4, 4, 1), (99, 5, 0), (2, 5, 0), (None, 5, 0)]
    for asked, number, left in steps:
        assert actions.mark_read(alice, direct.topic, asked) == wire.ReadReply(number, left)
        assert unread(alice, direct) == left
    assert told(f"user.{alice.user_id}").count("chat.conversation_read") == 3
    actions.send_message(alice, direct.topic, "mine")
    assert (unread(alice, direct), unread(bob, direct)) == (0, 1)
    actions.send_message(bob, direct.topic, "f")
    assert (unread(alice, direct), unread(bob, direct)) == (1, 0)


def test_a_visitor_has_no_cursor(alice: Actor, carol: Actor) -> None:
    """CHT-5: who is in a room without having it in the list reads, and nothing is counted."""
    room = actions.join_room(alice, "garden").conversation
    actions.send_message(alice, room.topic, "hi")
    actions.mark_read(carol, room.topic)
    assert told(f"user.{carol.user_id}") == []
    with pytest.raises(NotAuthenticated):
        actions.mark_read(guest("1"), room.topic)


def test_there_is_always_a_sender(alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """A message of a guest, of the system, and of an account that is gone."""
    room = actions.join_room(alice, "garden").conversation
    for who in (bob, guest("1"), SYSTEM):
        actions.send_message(who, room.topic, "hi")
    actions.send_message(bob, direct.topic, "bye")
    User.objects.get(username="bob").delete()
    senders = [each.sender for each in queries.history(alice, room.id, None, 50).messages]
    assert senders == [wire.Person(0, "bob"), wire.Person(0, "Anonymous"), wire.Person(0, "System")]
    last = queries.conversation(alice, direct.id).last_message
    assert last is not None and last.sender == wire.Person(0, "bob")
