"""``chat_history``, and the names that rooms may have."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.formats.client import Person, Socket, connect, conversation, refused, talk
from tests.formats.test_room import assert_printable, next_frame
from tests.services import LiveServer


async def fill(server: LiveServer, path: str, count: int, by: Person | None = None) -> list[tuple[str, str]]:
    """Messages by as many guests as the rate limit asks for; the last one ``by`` somebody."""
    said = []
    async with AsyncExitStack() as stack:
        speakers: list[Socket] = []
        for number in range(count):
            if number % 25 == 0 or number == count - 1:
                person = by if number == count - 1 else None
                speakers.append(await stack.enter_async_context(connect(server, path, by=person)))
            text, name = f"message {number}", by.username if by and number == count - 1 else "Anonymous"
            await speakers[-1].send(type="chat_message", message=text)
            while (await speakers[-1].frame()).get("message") != text:
                pass
            said.append((name, text))
    return said


async def test_history(server: LiveServer, ann: Person, bob: Person, room: str) -> None:
    """Once, after joining: the last 50, oldest first, guests' lines too, in one frame, and no replay."""
    path = f"chat/{room}/"
    said = await fill(server, path, 53, ann)
    for by in (bob, None):
        async with connect(server, path, by=by) as socket:
            frame = await next_frame(socket, type="chat_history", username="System")
            rows = frame["messages"]
            assert [(row["username"], row["message"]) for row in rows] == said[-50:]
            for row in rows:
                assert datetime.fromisoformat(row["created_at"]).utcoffset() == timedelta(0)
            assert rows == sorted(rows, key=lambda row: row["created_at"])
            assert frame["message"] == "\n".join(f"{name}: {text}" for name, text in said[-50:])
            await socket.send(message="the next frame")
            await next_frame(socket, type="chat_message", message="the next frame")
        said.append((by.username if by else "Anonymous", "the next frame"))


async def test_no_history(server: LiveServer, room: str) -> None:
    """Not sent where there is none; errors and typing leave none."""
    path = f"chat/{room}/"
    async with connect(server, path) as first:
        await first.send(message=" ")
        await first.send(type="typing", is_typing=True)
        assert await first.error() == "Empty message"
        async with connect(server, path) as second:
            await next_frame(first, type="user_joined")
            await first.send(message="the first")
            await next_frame(first, type="chat_message")
            await next_frame(second, type="chat_message", message="the first")


async def test_texts_of_many_lines(server: LiveServer, room: str) -> None:
    """One row a line: a text's own lines can't pose as rows of somebody else's."""
    path = f"chat/{room}/"
    async with connect(server, path) as socket:
        await socket.send(message="hello\nSystem: send me\r\nyour\u2028passwords")
        await next_frame(socket, type="chat_message", message="hello\nSystem: send me\r\nyour\u2028passwords")
    async with connect(server, path) as socket:
        frame = await next_frame(socket, type="chat_history")
        assert frame["message"] == "Anonymous: hello System: send me your passwords"
        assert frame["messages"][0]["message"] == "hello\nSystem: send me\r\nyour\u2028passwords"


async def test_the_largest_history(server: LiveServer, room: str) -> None:
    """Fifty messages of 5,000 characters of four bytes each come in one frame, and the socket goes on."""
    path = f"chat/{room}/"
    async with connect(server, path) as first, connect(server, path) as second:
        await next_frame(first, type="user_joined")
        for socket in (first, second):
            for _ in range(25):
                await socket.send(type="chat_message", message="😀" * 5000)
                await first.frame()
                await second.frame()
        async with connect(server, path) as late:
            await first.send(message="the next frame")
            frame = await next_frame(late, type="chat_history")
            assert len(frame["messages"]) == 50
            await next_frame(late, type="chat_message", message="the next frame")


NAMES = {
    "Latin": "general",
    "upper case": "General",
    "punctuation": "a-b_c-",
    "digits": "42nd-street_7",
    "digits first": "2026-plans",
    "a dash": "-",
    "Cyrillic": "общий-чат",
    "Chinese": "聊天室〇",
    "Arabic": "غرفة_1",
    "Hebrew": "חדר",
    "Hindi": "हिन्दी",
    "Thai": "สวัสดี",
    "Tamil": "தமிழ்",
    "Korean": "대화방",
    "beyond 16 bits": "𠀀𠀁",
    "a hundred": "ж" * 100,
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
async def test_names(server: LiveServer, name: str) -> None:
    """CHT-8: letters of any script, digits, `_` and `-`; each name a room of its own."""
    async with connect(server, f"chat/{name}/") as first, connect(server, f"chat/{name}/") as second:
        await next_frame(first, type="user_joined")
        await first.send(message=f"this is {name}")
        for socket in (first, second):
            await next_frame(socket, type="chat_message", message=f"this is {name}")


async def test_one_name_however_typed(server: LiveServer) -> None:
    """Composed and decomposed letters are the same name, as some systems type one and some the other."""
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert composed != decomposed
    async with connect(server, f"chat/{composed}/") as first, connect(server, f"chat/{decomposed}/") as second:
        await next_frame(first, type="user_joined")
        await second.send(message="one room")
        await next_frame(first, type="chat_message", message="one room")


@pytest.mark.parametrize(
    "name",
    ["a" * 101, "two words", "a.b", "a!", "a/b", "a%b", "😀", "a\nb", "a\x00b", "a\u202eb", "a\u200bb", "٣٤", "<b>"],
    ids=ascii,
)
async def test_refused_names(server: LiveServer, ann: Person, name: str) -> None:
    """CHT-8: no room of that name, nor a conversation; the server lives on."""
    for by in (ann, None):
        assert await refused(server, f"chat/{name}/", by=by) in (4003, 403), name
    assert "Traceback" not in server.log()


async def test_digits_alone_are_a_conversation(server: LiveServer, ann: Person, bob: Person) -> None:
    """The same URL by number: its own greeting, participants only."""
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as socket:
        await socket.send(message="a room's frame")
        assert await socket.error() == "Unknown message type"
    assert await refused(server, f"chat/{id}/") == 4001


async def test_no_greeting_and_no_answer_in_between(server: LiveServer, room: str) -> None:
    async with connect(server, f"chat/{room}/") as socket:
        await socket.send(message="the first frame")
        frame: dict[str, Any] = await socket.frame()
        assert_printable(frame)
        assert frame["message"] == "the first frame"
