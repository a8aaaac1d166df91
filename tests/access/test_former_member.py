"""Who was removed, or has left: nothing after that, by no way (rule CHT-9)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from hubbub.chat import actions
from hubbub.chat.dialects.conversation import conversation_dialect
from hubbub.testing import FakeConnection, LiveEngine
from tests.access.world import World

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "what is said once they are gone"


async def remove(live: LiveEngine, world: World, how: str) -> None:
    """Member goes; then maker says something to who is left."""
    if how == "removed":
        await live.run(actions.remove_participants, world.actor("maker"), world.group.id, ["member"])
    else:
        await live.run(actions.leave, world.actor("member"), world.group.id)
    await live.run(actions.send_message, world.actor("maker"), world.group.topic, SECRET)


async def follow(connection: FakeConnection, how: str, topic: str) -> dict[str, Any]:
    """Follow the group, directly or by the inbox. Returns its position."""
    if how == "subscribe":
        position: dict[str, Any] = (await connection.send("subscribe", topic))["position"]
        return position
    found: dict[str, Any] = (await connection.send("inbox.subscribe"))["positions"][topic]
    return found


@pytest.mark.parametrize("way", ["removed", "left"])
@pytest.mark.parametrize("how", ["subscribe", "inbox.subscribe"])
async def test_no_event_after_it(live: LiveEngine, committed_world: World, how: str, way: str) -> None:
    """CHT-9 SUB-4"""
    world, topic = committed_world, committed_world.group.topic
    member, maker = [await live.connect(world.users[role]) for role in ("member", "maker")]
    await follow(member, how, topic)
    await follow(maker, how, topic)
    await remove(live, world, way)
    # Maker has the message, so the hub is done with it; whatever member was to get stands before this reply.
    await maker.seen("chat.message_sent")
    (ended,) = await member.seen("unsubscribed")
    await member.send("unsubscribe", topic)
    assert (ended["topic"], ended["data"]) == (topic, {"reason": way})
    assert SECRET not in str(member.frames)
    after = member.frames[member.frames.index(ended) + 1 :]
    assert [frame for frame in after if frame.get("topic") == topic] == []


async def test_no_replay_by_an_old_position(live: LiveEngine, committed_world: World) -> None:
    """CHT-9 SUB-2: a position from before does not open the log again."""
    world, topic = committed_world, committed_world.group.topic
    member = await live.connect(world.users["member"])
    position = await follow(member, "inbox.subscribe", topic)
    member.cut()
    await remove(live, world, "removed")
    again = await live.connect(world.users["member"])
    refused = await again.command("subscribe", topic, since=position, data={"snapshot": True})
    assert refused["error"]["code"] == "forbidden"
    inbox = await again.send("inbox.subscribe", data={"since": {topic: position}})
    assert topic not in inbox["positions"] and topic not in inbox["reset"]
    assert topic not in [each["topic"] for each in inbox["conversations"]]
    assert await again.error("chat.history", topic) == "forbidden"
    assert await again.error("chat.send", topic, data={"content": "still here?"}) == "forbidden"
    assert SECRET not in str(again.frames)
    assert again.events(topic) == []


async def test_no_way_round_by_another_session(live: LiveEngine, committed_world: World) -> None:
    """CHT-9: all of the user's sessions, and those that only write."""
    world, topic = committed_world, committed_world.group.topic
    sessions = [await live.connect(world.users["member"]) for _ in range(3)]
    for each in sessions[:2]:
        await follow(each, "subscribe", topic)
    await sessions[0].send("chat.typing", topic, data={"is_typing": True})
    await remove(live, world, "removed")
    for each in sessions[:2]:
        await each.seen("unsubscribed")
    for each in sessions:
        assert await each.error("chat.send", topic, data={"content": "x"}) == "forbidden"
        assert await each.error("chat.typing", topic, data={"is_typing": True}) == "not_subscribed"
        assert await each.error("subscribe", topic) == "forbidden"


async def test_coming_back(live: LiveEngine, committed_world: World) -> None:
    """CHT-9 CHT-6: who is added again is followed again, by the same session."""
    world, topic = committed_world, committed_world.group.topic
    member = await live.connect(world.users["member"])
    await follow(member, "inbox.subscribe", topic)
    await remove(live, world, "removed")
    await member.seen("unsubscribed")
    await live.run(actions.add_participants, world.actor("maker"), world.group.id, ["member"])
    await member.seen("chat.conversation_added")
    await live.run(actions.send_message, world.actor("maker"), topic, "welcome back")
    (sent,) = await member.seen("chat.message_sent")
    assert sent["data"]["message"]["content"] == "welcome back"


async def test_while_others_write(live: LiveEngine, committed_world: World) -> None:
    """CHT-9: in the middle of a conversation, what stands in the log after the removal is not shown."""
    world, topic = committed_world, committed_world.group.topic
    member, maker = [await live.connect(world.users[role]) for role in ("member", "maker")]
    victim = await live.connect(world.users["victim"])
    for each in (member, maker, victim):
        await follow(each, "inbox.subscribe", topic)
    for n in range(10):
        for each in (maker, victim):
            each.send_text(json.dumps({"type": "chat.send", "topic": topic, "data": {"content": f"{n}"}}))
        if n == 5:
            removed = asyncio.create_task(
                live.run(actions.remove_participants, world.actor("maker"), world.group.id, ["member"])
            )
    await removed
    await maker.seen("chat.message_sent", 20)
    await member.seen("unsubscribed")
    await member.send("unsubscribe", topic)
    (gone,) = maker.of("chat.participant_removed")
    offsets = [frame["offset"] for frame in member.events(topic)]
    assert offsets and max(offsets) <= gone["offset"]


async def test_a_socket_bound_to_it(live: LiveEngine, committed_world: World) -> None:
    """CHT-9 CLO-1: is closed, for good."""
    world, topic = committed_world, committed_world.group.topic
    user = world.users["member"]
    member = await live.connect(user, conversation_dialect(topic), [topic, f"user.{user.pk}"])
    await remove(live, world, "removed")
    await member.wait_for(lambda: member.closed)
    assert member.closed == 4003
    assert SECRET not in str(member.frames)


def test_rest(committed_world: World) -> None:
    """CHT-9 ACC-1: the list, the messages and their pages; the table has the rest."""
    client = committed_world.client("former")
    listed = client.get("/api/conversations/").json()["results"]
    assert [each for each in listed if each["id"] == committed_world.group.id] == []
    for query in ("", "?before=2", "?after=0", "?limit=1"):
        assert client.get(f"/api/conversations/{committed_world.group.id}/messages/{query}").status_code == 404


test_rest.pytestmark = [pytest.mark.django_db]  # type: ignore[attr-defined]
