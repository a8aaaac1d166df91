"""Compression under hubbub's own server: agreed to by who can, and the same events for who can't (rule HOST-2)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect as websocket
from websockets.frames import Frame, Opcode

from hubbub.transports.uvicorn.compression import LEAST
from tests.formats.client import Person, Socket, ask, talk
from tests.servers.conftest import OtherServer, running
from tests.services import HOST


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherServer]:
    with running(tmp_path_factory.mktemp("server"), "serve", {"HUBBUB_COMPRESSION": "true"}) as server:
        yield server


@asynccontextmanager
async def reader(server: OtherServer, person: Person, *, compression: str | None) -> AsyncIterator[tuple[Socket, Any]]:
    """A socket of the full protocol, and the bytes of its messages on the wire."""
    cookie = {"Cookie": f"sessionid={person.cookie}"}
    url = f"ws://{HOST}:{server.port}/ws/"
    async with websocket(url, proxy=None, additional_headers=cookie, compression=compression) as connection:
        read: list[int] = []
        for extension in connection.protocol.extensions:
            decode = extension.decode

            def counted(frame: Frame, *, max_size: int | None = None, decode: Any = decode) -> Frame:
                if frame.opcode is Opcode.TEXT:
                    read.append(len(frame.data) if frame.rsv1 else -len(frame.data))
                return decode(frame, max_size=max_size)  # type: ignore[no-any-return]

            extension.decode = counted  # type: ignore[method-assign]
        socket = Socket(connection)
        assert (await socket.frame())["type"] == "ready"
        yield socket, read


async def test_the_same_for_all(server: OtherServer, ann: Person, bob: Person) -> None:
    """A long message comes compressed, a short reply doesn't; who can't compress reads the same."""
    topic = f"chat.{await talk(server, ann, bob)}"
    story = "Once upon a time there was a room where everybody talked at once. " * 30
    async with (
        reader(server, ann, compression="deflate") as (hers, _),
        reader(server, bob, compression="deflate") as (his, read),
        reader(server, bob, compression=None) as (plain, unread),
    ):
        for socket in (hers, his, plain):
            await ask(socket, "subscribe", topic)
        read.clear()
        for content in (story, "short"):
            await ask(hers, "chat.send", topic, content=content)
            events = [await socket.frame() for socket in (his, plain)]
            assert events[0] == events[1]
            assert events[0]["data"]["message"]["content"] == content.strip()
        assert not unread
        assert 0 < read[0] < len(story) / 3
        await his.send(id=1, type="unsubscribe", topic="nowhere")
        await his.frame()
        assert -LEAST < read[-1] < 0
        page = await ask(his, "chat.history", topic)
        assert [message["content"] for message in page["messages"]] == [story.strip(), "short"]
        assert 0 < read[-1] < len(story) / 3


async def test_off_by_default(tmp_path: Path, ann: Person) -> None:
    with running(tmp_path / "plain", "serve") as server:
        async with websocket(f"ws://{HOST}:{server.port}/ws/", proxy=None) as connection:
            assert not connection.protocol.extensions
