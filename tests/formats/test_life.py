"""From signing in to the end of a socket, by the ways that a front end takes."""

from __future__ import annotations

import secrets

import httpx
import pytest

from tests.formats.client import Person, connect, conversation, refused, talk
from tests.services import LiveServer

PASSWORD = secrets.token_urlsafe(20)


async def test_tokens_of_the_rest_api(server: LiveServer, ann: Person, room: str) -> None:
    """AUT-1, AUT-4: register, obtain a pair, connect, refresh, sign out; the socket goes with the sign-in."""
    name = f"user-{secrets.token_hex(4)}"
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=20) as http:
        credentials = {"username": name, "password": PASSWORD}
        assert (await http.post("/api/auth/register/", json=credentials)).status_code == 201
        pair = (await http.post("/api/auth/token/", json=credentials)).json()
        headers = {"Authorization": f"Bearer {pair['access']}"}
        made = await http.post("/api/conversations/", json={"participants": [ann.username]}, headers=headers)
        path = f"chat/{made.json()['id']}/"
        assert await refused(server, path, token=pair["refresh"]) == 4001
        async with (
            connect(server, path, token=pair["access"]) as socket,
            connect(server, f"chat/{room}/", token=pair["access"]) as in_room,
        ):
            assert (await socket.frame())["type"] == "connection_established"
            await in_room.send(message="signed in")
            assert (await in_room.frame())["username"] == name
            refreshed = await http.post("/api/auth/token/refresh/", json={"refresh": pair["refresh"]})
            pair |= refreshed.json()
            async with connect(server, path, token=pair["access"]) as second:
                assert (await second.frame())["type"] == "connection_established"
                signed_out = await http.post("/api/auth/token/blacklist/", json={"refresh": pair["refresh"]})
                assert signed_out.status_code in (200, 204), signed_out.text
                for each in (socket, in_room, second):
                    assert await each.closed() == 4001
        assert await refused(server, path, token=pair["access"]) == 4001


async def test_tokens_of_the_command(server: LiveServer, ann: Person, bob: Person) -> None:
    """AUT-1: `hubbub token` makes what `?token=` takes."""
    id = await talk(server, ann, bob)
    token = server.manage("token", ann.username).stdout.strip()
    async with connect(server, f"chat/{id}/", token=token) as socket:
        assert (await socket.frame())["type"] == "connection_established"
        await socket.send(type="chat_message", content="from a script")
        assert (await socket.frame())["message"]["sender"] == ann.sender


async def test_too_fast(server: LiveServer, ann: Person, bob: Person) -> None:
    """LIM-2: a limit of the user, not of the socket; typing and deleting don't count."""
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as first, conversation(server, ann, id) as second:
        for socket in (first, second):
            for _ in range(45):
                await socket.send(type="chat_message", content="too fast")
            await socket.send(type="nonsense")
        refusals = 0
        for socket in (first, second):
            while (frame := await socket.frame()).get("error") != "Unknown message type":
                refusals += frame.get("error") == "Rate limit exceeded"
                assert frame["type"] == "new_message" or frame["error"] == "Rate limit exceeded"
        assert refusals >= 20
        await first.send(type="typing", is_typing=True)
        await first.send(type="delete_message")
        while (frame := await first.frame())["type"] != "error":
            pass
        assert frame["error"] == "Message ID required"


@pytest.mark.parametrize("by_name", [True, False])
async def test_a_log_that_starts_afresh(server: LiveServer, ann: Person, bob: Person, room: str, by_name: bool) -> None:
    """SUB-3: these formats cannot say `reset`, so the socket is closed 1012; whoever comes back misses nothing."""
    path = f"chat/{room}/" if by_name else f"chat/{await talk(server, ann, bob)}/"
    async with connect(server, path, by=ann) as socket:
        await socket.send(type="chat_message", message="before", content="before")
        while (frame := await socket.frame())["type"] not in ("chat_message", "new_message"):
            pass
        if by_name:
            find = f"Conversation.objects.get(room_name={room!r})"
        else:
            find = f"Conversation.objects.get(pk={path.split('/')[1]})"
        server.manage(
            "shell", "-v0", "-c",
            f"""
from hubbub.chat.actions import send_message
from hubbub.chat.models import Conversation
from hubbub.django.auth import actor_of_user
from hubbub.django.models import Stream
from django.contrib.auth.models import User
topic = f"chat.{{{find}.pk}}"
assert Stream.objects.filter(topic=topic).update(epoch="restored") == 1
send_message(actor_of_user(User.objects.get(pk={bob.id})), topic, "after")
""",
        )  # fmt: skip
        assert await socket.closed() == 1012
    async with connect(server, path, by=ann) as socket:
        await socket.send(type="chat_message", message="again", content="again")
        while (frame := await socket.frame())["type"] not in ("chat_message", "new_message"):
            if frame["type"] == "chat_history":
                assert [row["message"] for row in frame["messages"]] == ["before", "after"]
