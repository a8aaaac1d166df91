"""Conversations by number, ``/ws/chat/<conversation_id>/``: what is sent and what comes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.formats.client import Person, Socket, ask, connect, conversation, full, refused, talk
from tests.services import LiveServer

UNKNOWN = [
    {},
    [],
    "chat_message",
    7,
    None,
    True,
    {"type": None},
    {"type": "nonsense"},
    {"type": 7},
    {"type": ["chat_message"]},
    {"type": {"chat_message": 1}},
    {"content": "no type"},
    {"message": "no type"},
    {"type": "new_message", "message": {"content": "made up"}},
    {"type": "ping"},
    {"type": "chat.send", "topic": "chat.1", "data": {"content": "full protocol"}},
]


async def say(socket: Socket, content: str) -> dict[str, Any]:
    """Send a message, which must be the next frame that the socket gets."""
    await socket.send(type="chat_message", content=content)
    frame = await socket.frame()
    assert frame["type"] == "new_message", frame
    assert frame["message"]["content"] == content.strip()
    return dict(frame["message"])


async def test_a_message(server: LiveServer, ann: Person, bob: Person, cyd: Person) -> None:
    """`new_message` goes to every participant, on each socket, the sender included, with all its fields."""
    id = await talk(server, ann, bob, cyd)
    async with (
        conversation(server, ann, id) as first,
        conversation(server, ann, id) as second,
        conversation(server, bob, id) as his,
        conversation(server, cyd, id) as hers,
    ):
        message = await say(first, "Hello")
        assert set(message) >= {"id", "sender", "content", "timestamp"}
        assert type(message["id"]) is int
        assert message["sender"] == ann.sender
        assert type(message["sender"]["id"]) is int
        at = datetime.fromisoformat(message["timestamp"])
        assert at.utcoffset() == timedelta(0)
        assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)
        for other in (second, his, hers):
            assert await other.frame() == {"type": "new_message", "message": message}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  \t\n Hello \u00a0\u2003\n", "Hello"),
        ("two\n  lines ", "two\n  lines"),
        ("<b>&amp;</b> <script>alert('x')</script>", "<b>&amp;</b> <script>alert('x')</script>"),
        ('quotes " and \\ and \u2028', 'quotes " and \\ and'),
        ("שלום 😀 \U0001f468\u200d\U0001f469 \u202e", "שלום 😀 \U0001f468\u200d\U0001f469 \u202e"),
        ("\u0001\u001b[31m", "\u0001\u001b[31m"),
        ("x" * 5000, "x" * 5000),
        (" " + "😀" * 5000 + " ", "😀" * 5000),
    ],
    ids=["white space", "lines", "markup", "quotes", "unicode", "controls", "5000", "5000 of four bytes"],
)
async def test_text(server: LiveServer, ann: Person, bob: Person, sent: str, kept: str) -> None:
    """CHT-1: white space around it is cut, 5,000 characters pass, and nothing is escaped or changed."""
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as hers, conversation(server, bob, id) as his:
        await hers.send(type="chat_message", content=sent)
        for socket in (hers, his):
            assert (await socket.frame())["message"]["content"] == kept


@pytest.mark.parametrize("content", ["", " ", "\n\t \u2003"])
async def test_an_empty_message(server: LiveServer, ann: Person, bob: Person, content: str) -> None:
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as hers, conversation(server, bob, id) as his:
        await hers.send(type="chat_message", content=content)
        assert await hers.error() == "Empty message"
        await hers.send(type="chat_message")
        assert await hers.error() == "Empty message"
        await say(hers, "not empty")
        assert (await his.frame())["message"]["content"] == "not empty"


async def test_a_message_too_long(server: LiveServer, ann: Person, bob: Person) -> None:
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as hers, conversation(server, bob, id) as his:
        await hers.send(type="chat_message", content="x" * 5001)
        assert await hers.error() == "Message too long"
        await say(hers, "short")
        assert (await his.frame())["message"]["content"] == "short"


@pytest.mark.parametrize("frame", UNKNOWN, ids=repr)
async def test_unknown_types(server: LiveServer, ann: Person, bob: Person, frame: Any) -> None:
    """Whatever is JSON and none of the three frames; the full protocol's commands are not spoken here."""
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as socket:
        await socket.send_text(json.dumps(frame))
        assert await socket.error() == "Unknown message type"
        await say(socket, "still here")


async def test_deleting(server: LiveServer, ann: Person, bob: Person) -> None:
    """CHT-2: `message_deleted` on all of that user's sockets, nobody else's; a foreign message may go too."""
    id = await talk(server, ann, bob)
    async with (
        conversation(server, ann, id) as first,
        conversation(server, ann, id) as second,
        conversation(server, bob, id) as his,
    ):
        message = await say(his, "to be deleted")
        for socket in (first, second):
            assert (await socket.frame())["message"] == message
        await first.send(type="delete_message", message_id=message["id"])
        for socket in (first, second):
            assert await socket.frame() == {"type": "message_deleted", "message_id": message["id"]}
        await say(his, "and nothing of it reached him")


@pytest.mark.parametrize("given", [{}, {"message_id": None}, {"message_id": ""}, {"id": 1}], ids=repr)
async def test_deleting_without_an_id(server: LiveServer, ann: Person, bob: Person, given: dict[str, Any]) -> None:
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as socket:
        await socket.send(type="delete_message", **given)
        assert await socket.error() == "Message ID required"


async def test_deleting_what_is_not_theirs_to_see(server: LiveServer, ann: Person, bob: Person, cyd: Person) -> None:
    """ACC-1: another conversation's message and none at all are one answer, and nothing is deleted."""
    id, other = await talk(server, ann, bob), await talk(server, bob, cyd)
    async with (
        conversation(server, ann, id) as hers,
        conversation(server, bob, id) as his,
        conversation(server, bob, other) as elsewhere,
    ):
        foreign = await say(elsewhere, "not for ann")
        answers = []
        for wanted in (foreign["id"], 999_999_999, -1, 2**63 - 1, 2**63, 2**64, "nonsense", [1], True, 1.5):
            await hers.send(type="delete_message", message_id=wanted)
            answers.append(await hers.frame())
        assert answers[0]["error"] == "Failed to delete message"
        assert all(answer == answers[0] for answer in answers[:5])
        assert {answer["error"] for answer in answers} == {"Failed to delete message"}
        # From his own socket of this conversation he cannot reach the other one either.
        await his.send(type="delete_message", message_id=foreign["id"])
        assert await his.error() == "Failed to delete message"
        await say(hers, "still here")
    async with full(server, bob) as socket:
        page = await ask(socket, "chat.history", f"chat.{other}")
        assert [message["id"] for message in page["messages"]] == [foreign["id"]]


async def test_typing(server: LiveServer, ann: Person, bob: Person, cyd: Person) -> None:
    """CHT-3: to the others only, never to the typist's own sockets, and on change only."""
    id = await talk(server, ann, bob, cyd)
    async with (
        conversation(server, ann, id) as first,
        conversation(server, ann, id) as second,
        conversation(server, bob, id) as his,
        conversation(server, cyd, id) as hers,
    ):
        for is_typing in (True, True, True, False, False, True):
            await first.send(type="typing", is_typing=is_typing)
        seen = {"type": "typing", "user_id": ann.id, "username": ann.username}
        for socket in (his, hers):
            for is_typing in (True, False, True):
                assert await socket.frame() == {**seen, "is_typing": is_typing}
        message = await say(first, "the next frame for all")
        for socket in (second, his, hers):
            assert await socket.frame() == {"type": "new_message", "message": message}


async def test_not_typing_is_no_change_at_first(server: LiveServer, ann: Person, bob: Person) -> None:
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as hers, conversation(server, bob, id) as his:
        await hers.send(type="typing", is_typing=False)
        await say(hers, "the next frame")
        assert (await his.frame())["type"] == "new_message"


async def test_who_leaves_types_no_longer(server: LiveServer, ann: Person, bob: Person) -> None:
    id = await talk(server, ann, bob)
    async with conversation(server, bob, id) as his:
        async with conversation(server, ann, id) as hers:
            await hers.send(type="typing", is_typing=True)
            assert (await his.frame())["is_typing"] is True
        frame = await his.frame()
        assert (frame["type"], frame["is_typing"]) == ("typing", False)


async def test_nothing_of_others_in_between(server: LiveServer, ann: Person, bob: Person, cyd: Person) -> None:
    """Between greeting and first answer nothing stands but events of that conversation."""
    id = await talk(server, ann, bob)
    async with connect(server, f"chat/{id}/", by=ann) as socket:
        # Whatever is about her elsewhere: a new conversation, a message there, one deleted, one read.
        other = await talk(server, cyd, ann, title="elsewhere")
        async with full(server, ann) as elsewhere, conversation(server, cyd, other) as hers:
            message = await say(hers, "elsewhere")
            await ask(elsewhere, "chat.read", f"chat.{other}")
            await ask(elsewhere, "chat.hide", f"chat.{other}", message_id=message["id"])
            await ask(elsewhere, "chat.leave", f"chat.{other}")
        assert (await socket.frame())["type"] == "connection_established"
        await say(socket, "the first answer")


async def test_a_connection_misses_nothing(server: LiveServer, ann: Person, bob: Person) -> None:
    """SUB-1: whoever's connect has returned gets all that others send afterwards, and nothing from before."""
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as hers:
        for number in range(20):
            async with connect(server, f"chat/{id}/", by=bob) as his:
                await say(hers, f"message {number}")
                assert (await his.frame())["type"] == "connection_established"
                assert (await his.frame())["message"]["content"] == f"message {number}"


async def test_who_is_removed_is_closed(server: LiveServer, ann: Person, bob: Person, cyd: Person) -> None:
    """CHT-9, Security 6: 4003 at once, nothing afterwards, and no way back."""
    id = await talk(server, ann, bob, cyd, title="group")
    async with conversation(server, bob, id) as his, conversation(server, ann, id) as hers:
        async with full(server, bob) as socket:
            await ask(socket, "chat.leave", f"chat.{id}")
        await say(hers, "without bob")
        assert await his.closed() == 4003
    assert await refused(server, f"chat/{id}/", by=bob) == 4003


async def test_a_room_by_number(server: LiveServer, ann: Person, room: str) -> None:
    """Participants only: a room that somebody has not joined is no conversation of theirs."""
    async with full(server, ann) as socket:
        made = await ask(socket, "chat.join_room", name=room)
        id = made["conversation"]["id"]
        async with conversation(server, ann, id) as hers:
            await say(hers, "in the list")
        await ask(socket, "chat.leave", f"chat.{id}")
    assert await refused(server, f"chat/{id}/", by=ann) == 4003
