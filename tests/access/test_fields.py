"""What a client may not set is ignored: who sent it, where it stands, what one is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from hubbub.chat.dialects.conversation import conversation_dialect
from hubbub.chat.models import Conversation, Message
from hubbub.testing import LiveEngine
from tests.access.test_rest import send
from tests.access.world import PASSWORD, World

FORGED: dict[str, Any] = {
    "id": 1,
    "number": 99,
    "offset": 99,
    "epoch": "forged",
    "sender": {"id": 1, "username": "outsider"},
    "sender_id": 1,
    "sender_name": "outsider",
    "user": "outsider",
    "author": "u.1",
    "timestamp": "1999-01-01T00:00:00Z",
    "created_at": "1999-01-01T00:00:00Z",
    "conversation_id": 1,
    "topic": "chat.1",
    "is_staff": True,
}


def check(world: World, message: dict[str, Any]) -> None:
    """The message is member's, the group's third, and says when it was really sent."""
    assert message["sender"]["username"] == "member"
    assert message["number"] == 3
    assert message["id"] != 1 and not message["timestamp"].startswith("1999")
    row = Message.objects.get(pk=message["id"])
    assert (row.conversation_id, row.number, row.sender) == (world.group.id, 3, world.users["member"])
    assert not User.objects.filter(username="member", is_staff=True).exists()


@pytest.mark.django_db
def test_a_message_over_rest(committed_world: World) -> None:
    answer = send(
        committed_world.client("member"),
        "POST",
        f"/api/conversations/{committed_world.group.id}/messages/",
        {**FORGED, "content": "mine"},
    )
    assert answer.status_code == 201
    check(committed_world, answer.json())


@pytest.mark.django_db(transaction=True)
async def test_a_message_over_a_socket(live: LiveEngine, committed_world: World) -> None:
    """ENV-1: in the data and in the envelope."""
    world = committed_world
    member = await live.connect(world.users["member"])
    envelope = {name: value for name, value in FORGED.items() if name not in ("id", "topic")}
    forged = {**FORGED, "topic": world.direct.topic, "content": "mine"}
    ok = await member.send("chat.send", world.group.topic, data=forged, **envelope)
    assert ok["offset"] != 99
    await live.run(check, world, ok["message"])


@pytest.mark.django_db(transaction=True)
async def test_a_bound_socket_stays_where_it_is(live: LiveEngine, committed_world: World) -> None:
    """A socket on one conversation cannot write to another by naming it."""
    world = committed_world
    topic = world.group.topic
    member = await live.connect(world.users["member"], conversation_dialect(topic), [topic])
    frame = {"type": "chat_message", "content": "mine", "topic": world.direct.topic, "id": 1}
    member.send_text(json.dumps(frame))
    (new,) = await member.seen("new_message")
    await live.run(check, world, new["message"])


@pytest.mark.django_db(transaction=True)
async def test_a_conversation(live: LiveEngine, committed_world: World) -> None:
    """Kind, name, maker and cursors are the server's."""
    world = committed_world
    forged = {
        **FORGED,
        "kind": "room",
        "name": "garden",
        "room_name": "kitchen",
        "direct_key": "1:2",
        "creator": 1,
        "creator_id": 1,
        "unread": 50,
        "top_number": 50,
        "read_number": 50,
    }
    outsider = await live.connect(world.users["outsider"])
    ok = await outsider.send("chat.create", data={**forged, "participants": ["another"], "title": "ours"})
    made = ok["conversation"]
    assert (made["kind"], made["name"], made["unread"], made["top_number"]) == ("group", None, 0, 0)

    def creator() -> Any:
        return Conversation.objects.get(pk=made["id"]).creator

    assert await live.run(creator) == world.users["outsider"]


@pytest.mark.django_db
def test_a_user(committed_world: World) -> None:
    forged = {"is_staff": True, "is_superuser": True, "is_active": False, "id": 1, "groups": [1]}
    answer = send(
        committed_world.client("outsider"),
        "POST",
        "/api/auth/register/",
        {**forged, "username": "newcomer", "password": PASSWORD},
    )
    assert answer.status_code == 201
    user = User.objects.get(username="newcomer")
    assert (user.is_staff, user.is_superuser, user.is_active) == (False, False, True)
    assert user.pk != 1


@pytest.mark.django_db
def test_a_cursor_beyond_the_end(committed_world: World) -> None:
    """CHT-5: nobody has read what was not written."""
    answer = send(
        committed_world.client("member"),
        "POST",
        f"/api/conversations/{committed_world.group.id}/read/",
        {"number": 10**30, "unread": -5},
    )
    assert answer.json() == {"number": 2, "unread": 0}
