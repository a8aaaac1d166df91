"""The lobby, ``/ws/chat/``: the room ``lobby`` with message frames of the type ``chat``, both ways."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.formats.client import Person, Socket, assert_error, connect
from tests.formats.test_room import next_frame
from tests.services import LiveServer


@asynccontextmanager
async def lobby(server: LiveServer, by: Person | None = None) -> AsyncIterator[Socket]:
    """A socket past the history that earlier tests have left."""
    async with connect(server, "chat/", by=by) as socket:
        await socket.send(type="nothing")
        while (await socket.frame())["type"] != "error":
            pass
        yield socket


async def test_messages(server: LiveServer, ann: Person) -> None:
    """The server says who it is, whatever the client writes as `user`; a frame without a type is taken too."""
    async with lobby(server, ann) as hers, lobby(server) as guest:
        await next_frame(hers, type="user_joined", user="Anonymous", username="Anonymous")
        for frame in (
            {"type": "chat", "message": "<b>hi</b>", "user": "System"},
            {"type": "chat", "message": "<b>hi</b>"},
            {"type": "chat_message", "message": "<b>hi</b>", "username": "root"},
            {"message": "<b>hi</b>"},
        ):
            for sender, name in ((hers, ann.username), (guest, "Anonymous")):
                await sender.send(**frame)
                for socket in (hers, guest):
                    found = await next_frame(socket, type="chat", user=name, username=name, message="<b>hi</b>")
                    assert set(found) >= {"type", "user", "username", "message", "timestamp"}


async def test_coming_and_going(server: LiveServer, ann: Person) -> None:
    """`user_joined` and `user_left` carry the name as `user` too."""
    async with lobby(server) as guest:
        async with lobby(server, ann):
            await next_frame(guest, type="user_joined", user=ann.username, message=f"{ann.username} joined the room")
        await next_frame(guest, type="user_left", user=ann.username, message=f"{ann.username} left the room")


async def test_errors(server: LiveServer) -> None:
    async with lobby(server) as guest:
        for text, error in (
            ('{"type": "chat", "message": ""}', "Empty message"),
            ('{"type": "chat", "user": "me"}', "Missing message field"),
            ('{"type": "chat"', "Invalid JSON"),
        ):
            await guest.send_text(text)
            assert_error(await next_frame(guest, type="error", message=error, user="System"))


async def test_typing(server: LiveServer, ann: Person) -> None:
    async with lobby(server, ann) as hers, lobby(server) as guest:
        await next_frame(hers, type="user_joined")
        await guest.send(type="typing", is_typing=True)
        await next_frame(hers, type="typing", is_typing=True, user="Anonymous", message="")


async def test_it_is_the_room_called_lobby(server: LiveServer) -> None:
    """One room by two URLs, each with its own type for messages."""
    async with lobby(server) as unnamed, connect(server, "chat/lobby/") as named:
        await next_frame(unnamed, type="user_joined")
        assert (await named.frame())["type"] in ("chat_history", "chat_message")
        await unnamed.send(type="chat", message="from the lobby")
        await next_frame(unnamed, type="chat", message="from the lobby")
        while (frame := await named.frame())["type"] != "chat_message":
            pass
        assert frame["message"] == "from the lobby"
        await named.send(type="chat_message", message="from the room")
        await next_frame(unnamed, type="chat", message="from the room")


async def test_history(server: LiveServer) -> None:
    async with lobby(server) as first:
        await first.send(type="chat", message="remember me")
        await next_frame(first, type="chat")
    async with connect(server, "chat/") as second:
        frame = await next_frame(second, type="chat_history", user="System")
        assert frame["messages"][-1]["message"] == "remember me"
