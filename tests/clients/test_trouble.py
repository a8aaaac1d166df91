"""The Python client where things can't work: it says what is wrong and what to do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from websockets.asyncio.server import ServerConnection, serve

from hubbub.client import (
    Backoff,
    CannotConnect,
    Client,
    Ended,
    NotAllowed,
)
from hubbub.client.opening import check_url
from tests.services import LiveServer, free_port
from tests.waiting import wait_until_async

READY = (
    '{"type":"ready","data":{"session":"s","user":{"id":1,"username":"ada"},"time":"2026-01-01T00:00:00Z",'
    '"heartbeat":30,"limits":{"frame_bytes":65536,"subscriptions":100}}}'
)


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("http://localhost:8000/", "Write ws://localhost:8000/"),
        ("https://chat.example.org/ws/", "Write wss://chat.example.org/ws/"),
        ("localhost:8000", "Write wss://chat.example.org/ws/"),
        ("ws://localhost:port/ws/", "no address"),
        ("ws://localhost/ws/#here", "part after #"),
    ],
)
def test_what_is_no_address(url: str, advice: str):
    with pytest.raises(ValueError, match=advice):
        check_url(url)


async def test_a_page_is_no_socket(server: LiveServer):
    async with Client(server.url.replace("http", "ws") + "/ws/chat", token="x") as client:
        with pytest.raises(CannotConnect, match=r"403|404"):
            await client.ready()
    assert client.status == "closed"


async def test_an_origin_that_is_not_listed(server: LiveServer):
    """ORG-1"""
    async with Client(server.ws_url, headers={"Origin": "https://elsewhere.example"}) as client:
        with pytest.raises(CannotConnect, match="ALLOWED_ORIGINS"):
            await client.ready()


async def answering(
    handler: Callable[[ServerConnection], Awaitable[None]], client_test: Callable[[str], Awaitable[None]]
):
    """Run ``client_test`` with the address of a server that does what ``handler`` does."""
    async with serve(handler, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        await client_test(f"ws://127.0.0.1:{port}/ws/")


async def test_another_kind_of_server():
    async def handler(socket: ServerConnection) -> None:
        await socket.send('{"hello": "world"}')
        await socket.wait_closed()

    async def check(url: str) -> None:
        async with Client(url) as client:
            with pytest.raises(CannotConnect, match=r"does not speak hubbub\.v1"):
                await client.ready()

    await answering(handler, check)


async def test_a_server_that_is_no_server():
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(garbage, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Client(f"ws://127.0.0.1:{port}/ws/") as client:
            with pytest.raises(CannotConnect, match="no WebSocket"):
                await client.ready()


async def test_nothing_listens(caplog: pytest.LogCaptureFixture):
    """A device that starts before its server only waits, and the log says what for."""
    caplog.set_level(logging.INFO, "hubbub.client")
    async with Client(f"ws://127.0.0.1:{free_port()}/ws/", backoff=Backoff(0.01, 0.01)) as client:
        await wait_until_async(lambda: "Nothing listens at" in caplog.text, "a line in the log")
        assert client.status == "offline"


@pytest.mark.parametrize(
    ("code", "statuses", "error"),
    [
        (1000, ["connecting", "online", "closed"], Ended),
        (1009, ["connecting", "online", "closed"], Ended),
        (4003, ["connecting", "online", "not_allowed"], NotAllowed),
        (1001, ["connecting", "online", "connecting", "online", "not_allowed"], NotAllowed),
        (1012, ["connecting", "online", "restarting", "online", "not_allowed"], NotAllowed),
        (1013, ["connecting", "online", "connecting", "online", "not_allowed"], NotAllowed),
        (4008, ["connecting", "online", "connecting", "online", "not_allowed"], NotAllowed),
        (4010, ["connecting", "online", "connecting", "online", "not_allowed"], NotAllowed),
        (4029, ["connecting", "online", "connecting", "online", "not_allowed"], NotAllowed),
        (4444, ["connecting", "online", "connecting", "online", "not_allowed"], NotAllowed),
    ],
)
async def test_close_codes_are_obeyed(code: int, statuses: list[str], error: type[Ended]):
    """CLO-1"""
    codes = [code, 4003]
    seen: list[str] = []

    async def handler(socket: ServerConnection) -> None:
        await socket.send(READY)
        await socket.close(codes.pop(0))

    async def check(url: str) -> None:
        async with Client(url, on_status=seen.append, backoff=Backoff(0.01, 0.01)) as client:
            async with asyncio.timeout(10):
                assert type(await client.ended()) is error

    await answering(handler, check)
    assert seen == statuses


async def test_a_frame_that_is_none_is_no_silent_loss():
    """Frames after it can't be trusted, so the client comes back and resumes."""
    count = 0

    async def handler(socket: ServerConnection) -> None:
        nonlocal count
        count += 1
        await socket.send(READY)
        await socket.send("]" if count == 1 else '{"type":"x.unknown","new":1}')
        await socket.wait_closed()

    async def check(url: str) -> None:
        async with Client(url, backoff=Backoff(0.01, 0.01)) as client:
            await wait_until_async(lambda: count == 2 and client.status == "online", "coming back")

    await answering(handler, check)


async def test_a_token_source_that_fails_is_asked_again():
    asked = 0

    async def source() -> str | None:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise OSError("the network is away")
        return None

    async with Client("ws://127.0.0.1:9/ws/", token=source, backoff=Backoff(0.01, 0.01)) as client:
        with pytest.raises(Ended, match="there is no fresh one"):
            await client.ready()
    assert asked == 2 and client.status == "signed_out"


async def test_a_proxy_of_the_environment_is_not_for_this_machine(server: LiveServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with Client(server.ws_url) as client:
        assert await client.ready() is None
