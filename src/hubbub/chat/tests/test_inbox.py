"""The live list of conversations, over sessions of the real engine (rule CHT-6)."""

import json
from functools import partial
from typing import Any

import pytest

from hubbub.chat import actions
from hubbub.chat import messages as wire
from hubbub.chat.state import Inbox, apply_to_inbox
from hubbub.engine.actor import Actor
from hubbub.testing import FakeConnection, LiveEngine

pytestmark = pytest.mark.django_db(transaction=True)


async def say(live: LiveEngine, who: Actor, topic: str, text: str = "hi") -> None:
    await live.run(actions.send_message, who, topic, text)


async def open_inbox(live: LiveEngine, who: Actor, **data: Any) -> tuple[FakeConnection, dict[str, Any]]:
    connection = await live.connect(who)
    return connection, await connection.send("inbox.subscribe", data=data)


def contents(connection: FakeConnection) -> list[str]:
    return [each["data"]["message"]["content"] for each in connection.of("chat.message_sent")]


async def test_the_list(
    live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation, group: wire.Conversation
) -> None:
    """CHT-6: all conversations and the user's own topic, each with its position, by one command."""
    await say(live, bob, direct.topic)
    connection, inbox = await open_inbox(live, alice)
    assert [each["id"] for each in inbox["conversations"]] == [direct.id, group.id]
    assert [each["unread"] for each in inbox["conversations"]] == [1, 0]
    assert {topic: at["offset"] for topic, at in inbox["positions"].items()} == {
        direct.topic: 1,
        group.topic: 0,
        f"user.{alice.user_id}": 2,
    }
    assert inbox["reset"] == []
    await say(live, bob, group.topic, "all")
    await say(live, bob, direct.topic, "you")
    await connection.seen("chat.message_sent", 2)
    assert sorted(contents(connection)) == ["all", "you"]


async def test_joined_later(live: LiveEngine, alice: Actor, bob: Actor, carol: Actor, group: wire.Conversation) -> None:
    """CHT-6: made by another, added to, a room of one's own: followed from the first event on."""
    connection, inbox = await open_inbox(live, carol)
    assert inbox["conversations"] == []
    made = (await live.run(actions.create_conversation, alice, ["carol"])).conversation
    await say(live, alice, made.topic, "one")
    await live.run(actions.add_participants, alice, group.id, ["carol"])
    await say(live, alice, group.topic, "two")
    room = (await connection.send("chat.join_room", data={"name": "garden"}))["conversation"]
    await say(live, alice, room["topic"], "three")
    events = await connection.seen("chat.message_sent", 3)
    assert sorted(contents(connection)) == ["one", "three", "two"]
    added = connection.of("chat.conversation_added")
    assert [each["data"]["conversation"]["topic"] for each in added] == [made.topic, group.topic, room["topic"]]
    positions = {each["data"]["conversation"]["topic"]: each["data"]["position"]["offset"] for each in added}
    for event in events:
        assert event["offset"] == positions[event["topic"]] + 1


async def test_every_socket_of_the_user(live: LiveEngine, alice: Actor, bob: Actor) -> None:
    """CHT-6: those that follow the inbox; one that does not is left alone."""
    follower, _ = await open_inbox(live, bob)
    other = await live.connect(bob)
    made = (await live.run(actions.create_conversation, alice, ["bob"])).conversation
    await say(live, alice, made.topic)
    await follower.seen("chat.message_sent")
    await other.send("unsubscribe", "chat.1")
    assert other.events() == []


async def test_resume(
    live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation, group: wire.Conversation
) -> None:
    """CHT-6 SUB-2: by the vector of positions, each topic from where it was."""
    first, inbox = await open_inbox(live, alice)
    first.cut()
    await say(live, bob, direct.topic, "one")
    await say(live, bob, group.topic, "two")
    await say(live, bob, direct.topic, "three")
    later = (await live.run(actions.create_conversation, bob, ["alice"], "Later")).conversation
    await say(live, bob, later.topic, "four")
    again, resumed = await open_inbox(live, alice, since=inbox["positions"])
    assert resumed["reset"] == []
    offsets: dict[str, list[int]] = {}
    for event in again.events():
        offsets.setdefault(event["topic"], []).append(event["offset"])
    # All that was missed comes before the reply.
    assert again.frames[-1]["type"] == "reply"
    # The new conversation comes with the snapshot: nobody has a position there.
    own = inbox["positions"][f"user.{alice.user_id}"]["offset"]
    assert offsets == {direct.topic: [1, 2], group.topic: [1], f"user.{alice.user_id}": [own + 1]}
    assert resumed["positions"][later.topic]["offset"] == 1
    await say(live, bob, later.topic, "five")
    await again.wait_for(lambda: "five" in contents(again))
    assert contents(again).count("four") == 0


async def test_a_position_that_cannot_be_resumed(
    live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation, group: wire.Conversation
) -> None:
    """CHT-6 SUB-2: the topic is named, and the others resume."""
    await say(live, bob, direct.topic, "one")
    _, inbox = await open_inbox(live, alice)
    since = {
        **inbox["positions"],
        group.topic: {"epoch": "another", "offset": 0},
        "chat.999": {"epoch": "x", "offset": 1},
    }
    since[direct.topic] = {**since[direct.topic], "offset": 0}
    again, resumed = await open_inbox(live, alice, since=since)
    assert resumed["reset"] == [group.topic]
    assert "chat.999" not in resumed["positions"]
    assert contents(again) == ["one"]


async def test_a_client_that_applies_events(
    live: LiveEngine, alice: Actor, bob: Actor, carol: Actor, direct: wire.Conversation, group: wire.Conversation
) -> None:
    """CHT-10 CHT-6 CHT-9: what one knows after a while is what a new session is told."""
    connection, inbox = await open_inbox(live, alice)
    mine = await live.connect(alice)
    for n in range(3):
        await say(live, bob, direct.topic, f"{n}")
        await say(live, bob, group.topic, f"{n}")
    sent = await mine.send("chat.send", group.topic, data={"content": "hi"})
    await mine.send("chat.hide", group.topic, data={"message_id": sent["message"]["id"]})
    await mine.send("chat.read", direct.topic, data={"number": 2})
    other = (await live.run(actions.create_conversation, carol, ["alice", "bob"], "Trip")).conversation
    await say(live, carol, other.topic)
    await live.run(actions.leave, bob, other.id)
    await live.run(actions.add_participants, alice, group.id, ["carol"])
    gone = (await live.run(actions.create_conversation, bob, ["alice"], "Gone")).conversation
    await live.run(actions.remove_participants, bob, gone.id, ["alice"])
    await say(live, bob, direct.topic, "last")
    _, fresh = await open_inbox(live, alice)

    def shown() -> list[dict[str, Any]]:
        state = Inbox.of(alice.user_id or 0, inbox["conversations"])
        for event in connection.events():
            state = apply_to_inbox(state, event["topic"], event["type"], event["data"])
        return state.listed()

    await connection.wait_for(lambda: shown() == fresh["conversations"])


async def test_the_clients_own_subscription_stays(
    live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation
) -> None:
    """CHT-6: closing a conversation's view does not stop the list."""
    connection, _ = await open_inbox(live, alice)
    await connection.send("subscribe", direct.topic)
    await connection.send("unsubscribe", direct.topic)
    await say(live, bob, direct.topic, "still")
    await connection.seen("chat.message_sent")
    assert contents(connection) == ["still"]


async def test_what_one_subscribed_to_before(
    live: LiveEngine, alice: Actor, bob: Actor, direct: wire.Conversation, group: wire.Conversation
) -> None:
    """CHT-6: goes on from its own position, and each event comes once."""
    connection = await live.connect(alice)
    before = await connection.send("subscribe", direct.topic)
    inbox = await connection.send("inbox.subscribe")
    assert set(inbox["positions"]) == {direct.topic, group.topic, f"user.{alice.user_id}"}
    assert inbox["positions"][direct.topic] == before["position"]
    assert (await connection.send("inbox.subscribe"))["positions"] == inbox["positions"]
    assert {each["topic"] for each in inbox["conversations"]} == {direct.topic, group.topic}
    await say(live, bob, direct.topic, "one")
    await say(live, bob, group.topic, "two")
    await connection.seen("chat.message_sent", 2)
    assert sorted(contents(connection)) == ["one", "two"]


def has_read_up_to(reader: FakeConnection, who: Actor, inbox: dict[str, Any], topic: str, number: int) -> bool:
    """Whether the snapshot with all events that came, before its reply or after it, makes it so."""
    state = Inbox.of(who.user_id or 0, inbox["conversations"])
    for event in reader.events():
        state = apply_to_inbox(state, event["topic"], event["type"], event["data"])
    return [each["top_number"] for each in state.listed() if each["topic"] == topic] == [number]


async def test_a_session_that_asks_while_things_happen(live: LiveEngine, alice: Actor, bob: Actor) -> None:
    """CHT-6 CHT-10: conversations that are made and written to at that very moment are in the reply or follow it."""
    for n in range(5):
        writer, reader = await live.connect(bob), await live.connect(alice)
        made = await writer.send("chat.create", data={"participants": ["alice"], "title": f"{n}"})
        topic = made["conversation"]["topic"]
        for text in "abc":
            frame = {"type": "chat.send", "topic": topic, "data": {"content": text}}
            writer.send_text(json.dumps(frame))
        inbox = await reader.send("inbox.subscribe")
        await writer.send("chat.send", topic, data={"content": "d"})

        await reader.wait_for(partial(has_read_up_to, reader, alice, inbox, topic, 4))
        writer.cut()
        reader.cut()


async def test_guests_have_no_inbox(live: LiveEngine) -> None:
    """CHT-6"""
    guest = await live.connect()
    assert await guest.error("inbox.subscribe") == "not_authenticated"
