"""Chat over sessions of the real engine: events, typing, rooms."""

import json

import pytest

from hubbub.chat import actions
from hubbub.chat import messages as wire
from hubbub.engine.actor import Actor
from hubbub.testing import FakeConnection, LiveEngine

pytestmark = pytest.mark.django_db(transaction=True)


async def follow(live: LiveEngine, who: Actor | None, *topics: str) -> FakeConnection:
    connection = await live.connect(who)
    for topic in topics:
        await connection.send("subscribe", topic)
    return connection


async def test_send(live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """CHT-1 ACK-1 EVT-2: reply and event tell the same, to every socket of everybody."""
    sockets = [await follow(live, who, direct.topic) for who in (alice, alice, bob)]
    replies = []
    for n, socket in enumerate(sockets):
        data = {"content": f" {n} ", "client_id": f"c{n}"}
        replies.append(await socket.send("chat.send", direct.topic, data=data))
    assert [reply["offset"] for reply in replies] == [1, 2, 3]
    for socket in sockets:
        events = await socket.seen("chat.message_sent", 3)
        assert [each["data"]["message"] for each in events] == [reply["message"] for reply in replies]
        assert [each["data"]["client_id"] for each in events] == ["c0", "c1", "c2"]
        assert [each["offset"] for each in events] == [1, 2, 3]
    # What was acknowledged is in the database, for whoever asks.
    page = await sockets[2].send("chat.history", direct.topic)
    assert page == {"messages": [reply["message"] for reply in replies], "more": False}


async def test_a_repeat_over_another_socket(
    live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation
) -> None:
    """ACK-2 ACK-3: as after a lost connection, when the client cannot know whether it was heard."""
    watcher = await follow(live, bob, direct.topic)
    first, second = await live.connect(alice), await live.connect(alice)
    data = {"content": "hi", "client_id": "c1"}
    reply = await first.send("chat.send", direct.topic, data=data)
    first.cut()
    assert await second.send("chat.send", direct.topic, data=data) == reply
    assert await second.error("chat.hide", direct.topic, data={"message_id": 1, "client_id": "c1"}) == "conflict"
    await second.send("chat.send", direct.topic, data={"content": "next"})
    events = await watcher.seen("chat.message_sent", 2)
    assert [each["data"]["message"]["content"] for each in events] == ["hi", "next"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"content": ""}, "empty"),
        ({"content": " \n"}, "empty"),
        ({"content": "x" * 5001}, "too_long"),
        ({}, "bad_data"),
        ({"content": 7}, "bad_data"),
        ({"content": "x", "client_id": ""}, "bad_data"),
        ({"content": "x", "client_id": "x" * 65}, "bad_data"),
    ],
)
async def test_what_is_no_message(
    live: LiveEngine, alice: Actor, direct: wire.Conversation, data: dict[str, object], code: str
) -> None:
    """CHT-1 ENV-2 ACK-2"""
    socket = await follow(live, alice, direct.topic)
    assert await socket.error("chat.send", direct.topic, data=data) == code
    assert (await socket.send("chat.history", direct.topic))["messages"] == []


async def test_hide(live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """CHT-2: on all of the user's sockets, and nobody else's."""
    mine = [await follow(live, alice, direct.topic, f"user.{alice.user_id}") for _ in range(2)]
    other = await follow(live, bob, direct.topic, f"user.{bob.user_id}")
    sent = (await other.send("chat.send", direct.topic, data={"content": "oops"}))["message"]
    await mine[0].send("chat.hide", direct.topic, data={"message_id": sent["id"]})
    for socket in mine:
        (event,) = await socket.seen("chat.message_hidden")
        assert event["topic"] == f"user.{alice.user_id}"
        assert event["data"] == {"conversation_id": direct.id, "message_id": sent["id"], "last_message": None}
        assert (await socket.send("chat.history", direct.topic))["messages"] == []
    assert (await other.send("chat.history", direct.topic))["messages"] == [sent]
    assert other.of("chat.message_hidden") == []


async def test_typing_on_change_only(live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation) -> None:
    """CHT-3: to the others, once for each change, and not to one's own other sockets."""
    typist, mine = [await follow(live, alice, direct.topic) for _ in range(2)]
    other = await follow(live, bob, direct.topic)
    for state in (True, True, True, False, False, True):
        await typist.send("chat.typing", direct.topic, data={"is_typing": state})
    events = await other.seen("chat.typing", 3)
    assert [each["data"]["is_typing"] for each in events] == [True, False, True]
    assert events[0]["data"]["user"]["username"] == "alice" and "offset" not in events[0]
    # A message to all: what was to come has come before it.
    await typist.send("chat.send", direct.topic, data={"content": "done"})
    for socket in (typist, mine, other):
        await socket.seen("chat.message_sent")
    assert [len(socket.of("chat.typing")) for socket in (typist, mine, other)] == [0, 0, 3]


async def test_who_goes_does_not_type_any_more(
    live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation
) -> None:
    """CHT-3"""
    other = await follow(live, bob, direct.topic)
    for how in ("drop", "unsubscribe"):
        typist = await follow(live, alice, direct.topic)
        await typist.send("chat.typing", direct.topic, data={"is_typing": True})
        if how == "drop":
            typist.cut()
        else:
            await typist.send("unsubscribe", direct.topic)
    events = await other.seen("chat.typing", 4)
    assert [each["data"]["is_typing"] for each in events] == [True, False, True, False]


async def test_history(live: LiveEngine, alice: Actor, direct: wire.Conversation) -> None:
    """CHT-4"""
    for n in range(5):
        await live.run(actions.send_message, alice, direct.topic, f"{n}")
    socket = await live.connect(alice)
    page = await socket.send("chat.history", direct.topic, data={"limit": 2})
    assert ([each["content"] for each in page["messages"]], page["more"]) == (["3", "4"], True)
    page = await socket.send("chat.history", direct.topic, data={"before": page["messages"][0]["number"], "limit": 9})
    assert ([each["content"] for each in page["messages"]], page["more"]) == (["0", "1", "2"], False)
    for limit in (0, 201):
        assert await socket.error("chat.history", direct.topic, data={"limit": limit}) == "bad_data"


async def test_a_snapshot_and_what_follows(
    live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation
) -> None:
    """SUB-1 CHT-10: while somebody writes, nothing is left out between the two, and nothing doubled."""
    writer = await live.connect(bob)
    for n in range(20):
        writer.send_text(json.dumps({"type": "chat.send", "topic": direct.topic, "data": {"content": f"{n}"}}))
    readers = []
    for _ in range(10):
        reader = await live.connect(alice)
        readers.append((reader, await reader.send("subscribe", direct.topic, data={"snapshot": True})))
    for reader, opened in readers:
        known = [each["number"] for each in opened["snapshot"]["messages"]]
        assert opened["position"]["offset"] == len(known)
        if len(known) < 20:
            events = await reader.seen("chat.message_sent", 20 - len(known))
            known += [each["data"]["message"]["number"] for each in events]
        assert known == list(range(1, 21))


async def test_who_is_in_a_room(live: LiveEngine, alice: Actor) -> None:
    """CHT-8: guests and all; everybody else is told who comes and goes."""
    guest = await live.connect()
    made = (await guest.send("chat.join_room", data={"name": "garden"}))["conversation"]
    assert (made["kind"], made["name"], made["unread"]) == ("room", "garden", 0)
    await guest.send("subscribe", made["topic"])
    member = await live.connect(alice)
    assert (await member.send("chat.join_room", data={"name": "garden"}))["conversation"]["id"] == made["id"]
    await member.send("subscribe", made["topic"])
    (came,) = await guest.seen("chat.user_joined")
    assert came["data"]["user"]["username"] == "alice"
    sent = (await guest.send("chat.send", made["topic"], data={"content": "hello"}))["message"]
    assert sent["sender"] == {"id": 0, "username": "Anonymous", "first_name": "", "last_name": ""}
    await guest.send("chat.typing", made["topic"], data={"is_typing": True})
    guest.cut()
    (left,) = await member.seen("chat.user_left")
    assert left["data"]["user"] == sent["sender"]
    assert [each["data"]["is_typing"] for each in member.of("chat.typing")] == [True, False]
