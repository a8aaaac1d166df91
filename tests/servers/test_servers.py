"""A core of the formats' rows under every server: connecting, talking, errors, closing, stopping."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.formats.client import (
    Person,
    Socket,
    ask,
    assert_error,
    connect,
    conversation,
    full,
    refused,
    talk,
)
from tests.servers.conftest import OtherServer


async def next_frame(socket: Socket, type: str) -> dict[str, Any]:
    frame = await socket.frame()
    assert frame["type"] == type, frame
    return frame


async def test_http(server: OtherServer) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        assert (await http.get("/api/conversations/")).status_code == 401


async def test_conversations(server: OtherServer, ann: Person, bob: Person) -> None:
    """By cookie and by token; over REST; typing, deleting, errors."""
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as hers, connect(server, f"chat/{id}/", token=bob.token) as his:
        await next_frame(his, "connection_established")
        await hers.send(type="chat_message", content=" <b>hi</b> 😀 ")
        for socket in (hers, his):
            message = (await next_frame(socket, "new_message"))["message"]
            assert (message["content"], message["sender"]) == ("<b>hi</b> 😀", ann.sender)
        await his.send(type="typing", is_typing=True)
        assert (await next_frame(hers, "typing"))["user_id"] == bob.id
        headers = {"Authorization": f"Bearer {ann.token}"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as http:
            path = f"/api/conversations/{id}/messages/"
            posted = (await http.post(path, json={"content": "by REST"})).json()
            for socket in (hers, his):
                assert (await next_frame(socket, "new_message"))["message"] == posted
            await hers.send(type="delete_message", message_id=posted["id"])
            assert (await next_frame(hers, "message_deleted"))["message_id"] == posted["id"]
            assert [each["id"] for each in (await http.get(path)).json()["results"]] == [message["id"]]
        for text, error in (("{", "Invalid JSON"), ("[" * 10_000, "Invalid JSON"), (b"{}", "Invalid JSON")):
            await hers.send_text(text)
            assert await hers.error() == error
        await hers.send(type="nonsense")
        assert await hers.error() == "Unknown message type"


async def test_rooms(server: OtherServer, ann: Person, room: str) -> None:
    """Users and guests, names of any script, history, coming and going."""
    for path, type in ((f"chat/{room}-ж/", "chat_message"), ("chat/", "chat")):
        async with connect(server, path, by=ann) as hers:
            async with connect(server, path) as guest:
                assert (await next_frame(hers, "user_joined"))["username"] == "Anonymous"
                await guest.send(message="hi", type=type)
                for socket in (guest, hers):
                    frame = await next_frame(socket, type)
                    assert (frame["username"], frame["user"], frame["message"]) == ("Anonymous", "Anonymous", "hi")
                await guest.send(nothing=True)
                assert_error(await next_frame(guest, "error"))
            assert (await next_frame(hers, "user_left"))["username"] == "Anonymous"
        async with connect(server, path) as guest:
            assert (await next_frame(guest, "chat_history"))["message"] == "Anonymous: hi"


async def test_the_full_protocol(server: OtherServer, ann: Person, bob: Person) -> None:
    topic = f"chat.{await talk(server, ann, bob)}"
    async with full(server, ann) as hers, full(server, bob) as his:
        await ask(his, "subscribe", topic)
        sent = await ask(hers, "chat.send", topic, content="hi", client_id="one")
        frame = await next_frame(his, "chat.message_sent")
        assert frame["offset"] == sent["offset"]
        assert await ask(hers, "chat.send", topic, content="hi", client_id="one") == sent


async def test_who_may_not(server: OtherServer, ann: Person, bob: Person, room: str) -> None:
    """AUT-1, AUT-2: 4001 and 4003 after accepting, with no frame before; elsewhere the handshake is refused."""
    id = await talk(server, ann, bob)
    assert await refused(server, f"chat/{id}/") == 4001
    for token in ("", "null", ann.expired, ann.refresh):
        assert await refused(server, f"chat/{id}/", token=token, by=ann) == 4001
        assert await refused(server, f"chat/{room}/", token=token) == 4001
        assert await refused(server, "", token=token) == 4001
    assert await refused(server, "chat/999999/", by=ann) == 4003
    assert await refused(server, f"chat/{room}!/", by=ann) == 4003
    assert await refused(server, "nowhere/", by=ann) == 403
    assert await refused(server, f"chat/{room}/", by=ann, origin="https://evil.example") == 403


@pytest.mark.parametrize(("offered", "selected"), [(["v9", "chat"], "chat"), (["v9", "v8"], "v9"), ([], None)])
async def test_subprotocols(
    server: OtherServer, ann: Person, room: str, offered: list[str], selected: str | None
) -> None:
    async with connect(server, f"chat/{room}/", subprotocols=offered) as socket:
        assert socket.subprotocol == selected
    async with connect(server, "chat/999999/", by=ann, subprotocols=offered) as socket:
        assert socket.subprotocol == selected
        assert await socket.closed() == 4003


async def test_closing(server: OtherServer, room: str) -> None:
    """The client's code comes back, except that Daphne always answers 1000; who breaks off has left too."""
    echoed = 1000 if "daphne" in server.command else 4321
    async with connect(server, f"chat/{room}/") as watcher:
        async with connect(server, f"chat/{room}/") as socket:
            await next_frame(watcher, "user_joined")
            assert await socket.close(4321, "bye") == echoed
            await next_frame(watcher, "user_left")
        async with connect(server, f"chat/{room}/") as socket:
            await next_frame(watcher, "user_joined")
            socket.connection.transport.abort()
            await next_frame(watcher, "user_left")


async def test_stopping(server: OtherServer, ann: Person, bob: Person, room: str) -> None:
    """SIGTERM ends the process with sockets open; what was acknowledged is there after a new start."""
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as hers, connect(server, f"chat/{room}/") as guest:
        await hers.send(type="chat_message", content="before")
        before = (await next_frame(hers, "new_message"))["message"]
        await guest.send(message="before")
        await next_frame(guest, "chat_message")
        server.stop()
        for socket in (hers, guest):
            with pytest.raises(Exception):  # noqa: B017, PT011
                await socket.frame()
    server.start()
    headers = {"Authorization": f"Bearer {ann.token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as http:
        assert (await http.get(f"/api/conversations/{id}/messages/")).json()["results"] == [before]
    async with conversation(server, ann, id) as hers:
        await hers.send(type="chat_message", content="after")
        await next_frame(hers, "new_message")


async def test_coming_back(server: OtherServer, ann: Person, bob: Person) -> None:
    """SUB-2: what happened while the client was away, over a restart, comes with the next subscription."""
    topic = f"chat.{await talk(server, ann, bob)}"
    async with full(server, bob) as his:
        position = (await ask(his, "subscribe", topic))["position"]
    async with full(server, ann) as hers:
        sent = [(await ask(hers, "chat.send", topic, content=text))["offset"] for text in ("one", "two")]
    server.restart()
    async with full(server, bob) as his, full(server, ann) as hers:
        await his.send(id=1, type="subscribe", topic=topic, since=position)
        found = (await his.frame())["ok"]
        assert found["recovered"] is True
        assert [event["offset"] for event in found["events"]] == sent
        await ask(hers, "chat.send", topic, content="three")
        assert (await next_frame(his, "chat.message_sent"))["offset"] == sent[-1] + 1


def test_nothing_unexpected_was_logged(server: OtherServer) -> None:
    """Comes last: no traceback, no task that was destroyed, no exception that nobody retrieved."""
    words = ["was never", "destroyed but it is pending", "Task exception", "took too long", "/src/hubbub/"]
    if "hypercorn" not in server.command:  # It cancels its own readers when it stops, and complains of that.
        words.append("Traceback")
    log = server.log()
    for word in words:
        assert word not in log
    assert server.running
