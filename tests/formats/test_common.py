"""What holds on all these URLs alike."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from tests.formats.client import Person, Socket, assert_error, connect, refused, talk
from tests.services import HOST, LiveServer

URLS = ["conversation", "room", "lobby", "notifications"]


async def path_of(server: LiveServer, url: str, ann: Person, bob: Person, room: str) -> str:
    if url == "conversation":
        return f"chat/{await talk(server, ann, bob)}/"
    return {"room": f"chat/{room}/", "lobby": "chat/", "notifications": "notifications/"}[url]


async def first_error(socket: Socket) -> dict[str, object]:
    """The next error; the greeting and a history may come before."""
    while (frame := await socket.frame())["type"] != "error":
        assert frame["type"] in ("connection_established", "chat_history")
    assert_error(frame)
    return frame


@pytest.mark.parametrize("url", URLS)
async def test_binary_frames_and_bad_json(server: LiveServer, ann: Person, bob: Person, room: str, url: str) -> None:
    """ENV-7: a binary frame, JSON or not, is answered `Invalid JSON` like bad JSON; the socket stays open."""
    async with connect(server, await path_of(server, url, ann, bob, room), by=ann) as socket:
        for sent in (b'{"type": "chat_message", "message": "x", "content": "x"}', b"", b"\xff\x00", "{", ""):
            await socket.send_text(sent)
            assert (await first_error(socket))["error"] == "Invalid JSON"
        await socket.send(type="chat_message", message="hi", content="hi")
        if url == "notifications":
            assert await socket.error() == "Unknown message type"
            return
        assert (await socket.frame())["type"] in ("new_message", "chat_message", "chat")


@pytest.mark.parametrize("url", URLS)
async def test_the_shape_of_errors(server: LiveServer, ann: Person, bob: Person, room: str, url: str) -> None:
    """ERR-1: `code`, the text twice, and `System`, whatever is wrong."""
    async with connect(server, await path_of(server, url, ann, bob, room), by=ann) as socket:
        codes = []
        for text in (
            "{",
            "{}",
            '{"type": "chat_message", "content": " ", "message": " "}',
            f'{{"type": "chat_message", "content": "{"x" * 5001}", "message": "{"x" * 5001}"}}',
            '{"type": "chat_message", "content": 7, "message": 7}',
        ):
            await socket.send_text(text)
            codes.append((await first_error(socket))["code"])
        if url == "notifications":
            assert codes == ["bad_json", *4 * ["unknown_command"]]
            return
        unknown = "unknown_command" if url == "conversation" else "bad_data"
        assert codes == ["bad_json", unknown, "empty", "too_long", "bad_data"]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("code", [1000, 1001, 3000, 4000, 4999])
async def test_closing(server: LiveServer, ann: Person, bob: Person, room: str, url: str, code: int) -> None:
    """The server's close frame echoes the client's code."""
    async with connect(server, await path_of(server, url, ann, bob, room), by=ann) as socket:
        assert await socket.close(code, "bye") == code


async def test_a_frame_too_large(server: LiveServer, room: str) -> None:
    """LIM-1: 65,536 bytes are read, one more closes 1009."""
    async with connect(server, f"chat/{room}/") as socket:
        await socket.send_text("[" * 65_536)
        assert await socket.error() == "Invalid JSON"
        await socket.send_text("[" * 65_537)
        assert await socket.closed() == 1009


@pytest.mark.parametrize(
    "path",
    ["nowhere/", "chat", "chat/general", "chat//", "chat/a/b/", "chat/general/x", "notifications", "notifications/7/"],
)
async def test_other_urls(server: LiveServer, ann: Person, path: str) -> None:
    """There is no socket; nothing is logged as a failure."""
    assert await refused(server, path, by=ann) in (403, 404)
    assert "Traceback" not in server.log()


async def test_names_stay_on_one_line(server: LiveServer, ann: Person) -> None:
    """Security 16: line ends and terminal escapes in a room's or a user's name forge no line of the log."""
    mark = secrets.token_hex(8)
    forged = f"x\r\n{mark} root signed in\x1b[31m\u0085\u2028{mark}"
    for path in (f"chat/{forged}/", f"{forged}"):
        assert await refused(server, path, by=ann) in (4003, 403)
    rename = f"User.objects.filter(pk={ann.id}).update(username={forged[:140]!r})"
    server.manage("shell", "-v0", "-c", f"from django.contrib.auth.models import User; {rename}")
    async with connect(server, "", by=ann) as socket:
        await socket.frame()
        await socket.send(id=1, type="subscribe", topic="chat.999999")
        assert (await socket.frame())["error"]["code"] == "forbidden"
    log = server.log()
    assert "subscribe refused" in log
    for line in log.splitlines():
        assert not line.startswith(mark), line
        assert "\x1b[31m" not in line


async def test_gone_before_the_answer(server: LiveServer, room: str) -> None:
    """Clients that hang up in mid-handshake leave nothing behind: no trace in the log, nobody in the room."""
    request = (
        f"GET /ws/chat/{room}/ HTTP/1.1\r\nHost: {HOST}:{server.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    async with connect(server, f"chat/{room}/") as watcher:
        for _ in range(20):
            _, writer = await asyncio.open_connection(HOST, server.port)
            writer.write(request.encode())
            await writer.drain()
            writer.transport.abort()
        present = 0
        async with connect(server, f"chat/{room}/") as last:
            await last.send(message="last")
            while (frame := await watcher.frame())["type"] != "chat_message":
                present += 1 if frame["type"] == "user_joined" else -1
            while present > 1:
                assert (await watcher.frame())["type"] == "user_left"
                present -= 1
            assert present == 1
    assert "Traceback" not in server.log()
