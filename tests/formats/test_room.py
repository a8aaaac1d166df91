"""Rooms by name, ``/ws/chat/<room_name>/``: guests and users, messages, typing, coming and going."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.formats.client import Person, Socket, assert_error, connect
from tests.services import LiveServer


def assert_printable(frame: dict[str, Any]) -> None:
    """What clients that print every frame rely on."""
    for field in ("type", "username", "message", "user", "timestamp"):
        assert isinstance(frame[field], str), (field, frame)
    assert frame["user"] == frame["username"]
    at = datetime.fromisoformat(frame["timestamp"])
    assert at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=5)


async def next_frame(socket: Socket, **expected: Any) -> dict[str, Any]:
    """The next frame, which must be printable and have these fields."""
    frame = await socket.frame()
    assert_printable(frame)
    assert {name: frame.get(name) for name in expected} == expected
    return frame


async def say(socket: Socket, text: str) -> dict[str, Any]:
    """Send a message with a type; it must be the socket's next frame."""
    await socket.send(type="chat_message", message=text)
    return await next_frame(socket, type="chat_message", message=text)


async def test_messages(server: LiveServer, ann: Person, room: str) -> None:
    """To everyone in the room, the sender included; a guest's name is `Anonymous`; the text unescaped."""
    async with connect(server, f"chat/{room}/", by=ann) as hers, connect(server, f"chat/{room}/") as guest:
        await next_frame(hers, type="user_joined", username="Anonymous", message="Anonymous joined the room")
        text = "<b>hi</b> & 'all' \"of\" you 😀 \u202e\u0007\nline"
        for frame in (
            {"message": text},
            {"type": "chat_message", "message": text},
            {"type": "chat", "message": text},
            {"type": "anything", "message": text},
            {"type": ["a list"], "message": text},
            {"type": None, "message": text},
            {"message": f"  {text}\n "},
            {"message": text, "username": "System", "user": "root", "sender": 1, "timestamp": "x", "is_staff": True},
        ):
            await guest.send(**frame)
            for socket in (guest, hers):
                await next_frame(socket, type="chat_message", username="Anonymous", message=text)
        await hers.send(message=text)
        for socket in (guest, hers):
            await next_frame(socket, type="chat_message", username=ann.username, message=text)


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        ('{"message": ""}', "Empty message"),
        ('{"message": " \\n\\t"}', "Empty message"),
        ('{"message": null}', "Empty message"),
        ('{"type": "chat_message", "message": ""}', "Empty message"),
        ("{}", "Missing message field"),
        ('{"type": "chat_message"}', "Missing message field"),
        ('{"type": "chat_message", "content": "hi"}', "Missing message field"),
        ('{"type": "nonsense"}', "Missing message field"),
        ('{"is_typing": true}', "Missing message field"),
        ("[]", "Missing message field"),
        ('"message"', "Missing message field"),
        ("null", "Missing message field"),
        ("not json", "Invalid JSON"),
        ("", "Invalid JSON"),
    ],
)
async def test_errors(server: LiveServer, room: str, frame: str, error: str) -> None:
    """Told to the sender alone, as a frame like any other on this socket."""
    async with connect(server, f"chat/{room}/") as first, connect(server, f"chat/{room}/") as second:
        await next_frame(first, type="user_joined")
        await first.send_text(frame)
        answer = await next_frame(first, type="error", message=error, error=error, username="System")
        assert_error(answer)
        await say(first, "the next frame")
        await next_frame(second, type="chat_message", message="the next frame")


async def test_a_message_too_long(server: LiveServer, room: str) -> None:
    async with connect(server, f"chat/{room}/") as socket:
        await socket.send(message="x" * 5001)
        assert await socket.error() == "Message too long"
        await say(socket, "x" * 5000)


async def test_too_fast(server: LiveServer, room: str) -> None:
    """LIM-2: `Rate limit exceeded` however fast it comes; typing in bursts of 50 doesn't count and passes."""
    async with connect(server, f"chat/{room}/") as first, connect(server, f"chat/{room}/") as second:
        await next_frame(first, type="user_joined")
        for number in range(50):
            await first.send(type="typing", is_typing=number % 2 == 0)
        await say(first, "not too fast")
        for number in range(50):
            await next_frame(second, type="typing", is_typing=number % 2 == 0)
        await next_frame(second, type="chat_message")
        for _ in range(95):
            await first.send(type="chat_message", message="too fast")
        frames = await first.frames(95)
        passed = [frame for frame in frames if frame["type"] == "chat_message"]
        refused = [frame for frame in frames if frame["type"] == "error"]
        assert 50 <= len(passed) <= 85
        assert len(passed) + len(refused) == 95
        for frame in refused:
            assert_printable(frame)
            assert_error(frame)
            assert frame["error"] == "Rate limit exceeded"
            assert frame["code"] == "rate_limited"
        for number in range(50):
            await first.send(type="typing", is_typing=number % 2 == 0)
        await first.send(type="no message")
        await next_frame(first, type="error", message="Missing message field")
        await second.send(type="chat_message", message="another one's limit is another one's")
        while (frame := await second.frame())["message"] != "another one's limit is another one's":
            assert frame["type"] in ("chat_message", "typing")


async def test_typing(server: LiveServer, ann: Person, room: str) -> None:
    """To every other socket, two guests and two tabs of one user being two; each change of it."""
    path = f"chat/{room}/"
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(connect(server, path, by=by)) for by in (ann, ann, None, None)]
        for number, socket in enumerate(sockets):
            for _ in range(len(sockets) - 1 - number):
                await next_frame(socket, type="user_joined")
        for number, name in ((0, ann.username), (2, "Anonymous")):
            typist = sockets[number]
            for is_typing in (True, False):
                await typist.send(type="typing", is_typing=is_typing)
                for other in sockets:
                    if other is not typist:
                        await next_frame(other, type="typing", username=name, message="", is_typing=is_typing)
        await typist.send(type="typing", is_typing=True, message="this is no message")
        await say(typist, "the next frame of mine")
        for other in sockets:
            if other is not typist:
                await next_frame(other, type="typing", is_typing=True)
                await next_frame(other, type="chat_message")


async def test_a_plain_client_gets_no_typing(server: LiveServer, room: str) -> None:
    """A socket that has sent a message without a type prints what comes: no typing from then on."""
    path = f"chat/{room}/"
    async with connect(server, path) as plain, connect(server, path) as typed, connect(server, path) as typist:
        await next_frame(plain, type="user_joined")
        for socket in (plain, typed):
            await next_frame(socket, type="user_joined")
        await typist.send(type="typing", is_typing=True)
        for socket in (plain, typed):
            await next_frame(socket, type="typing", is_typing=True)
        await plain.send(message="without a type")
        for socket in (plain, typed, typist):
            await next_frame(socket, type="chat_message", message="without a type")
        await typist.send(type="typing", is_typing=False)
        await next_frame(typed, type="typing", is_typing=False)
        await say(typist, "the next frame")
        for socket in (plain, typed):
            await next_frame(socket, type="chat_message", message="the next frame")


@pytest.mark.parametrize("signed_in", [True, False])
async def test_coming_and_going(server: LiveServer, ann: Person, room: str, signed_in: bool) -> None:
    """`user_joined` and `user_left` to the others at once, never to oneself."""
    path = f"chat/{room}/"
    name = ann.username if signed_in else "Anonymous"
    async with connect(server, path) as watcher:
        async with connect(server, path, by=ann if signed_in else None) as other:
            await next_frame(watcher, type="user_joined", username=name, message=f"{name} joined the room")
            await say(other, "its own first frame")
            await next_frame(watcher, type="chat_message")
            async with connect(server, path):
                pass
            for event in ("user_joined", "user_left"):
                for socket in (watcher, other):
                    await next_frame(socket, type=event, username="Anonymous")
        await next_frame(watcher, type="user_left", username=name, message=f"{name} left the room")


async def test_a_broken_connection_has_left(server: LiveServer, room: str) -> None:
    """Who vanishes without a close frame has left too."""
    async with connect(server, f"chat/{room}/") as watcher, connect(server, f"chat/{room}/") as other:
        await next_frame(watcher, type="user_joined")
        other.connection.transport.abort()
        await next_frame(watcher, type="user_left")


async def test_a_connection_misses_nothing(server: LiveServer, ann: Person, room: str) -> None:
    """SUB-1: whoever's connect has returned gets all that others send afterwards, in the history or after it."""
    path = f"chat/{room}/"
    async with connect(server, path, by=ann) as speaker:
        for number in range(15):
            async with connect(server, path) as guest:
                await speaker.send(type="chat_message", message=f"message {number}")
                frame = await guest.frame()
                if frame["type"] == "chat_history":
                    assert [row["message"] for row in frame["messages"]] == [f"message {n}" for n in range(number)]
                    frame = await guest.frame()
                assert (frame["type"], frame["message"]) == ("chat_message", f"message {number}")
