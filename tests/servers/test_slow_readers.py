"""A client that stops reading, under servers that push back and under one that doesn't (rule LIM-4)."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websocket
from websockets.exceptions import ConnectionClosed

from tests.formats.client import Person, Socket, ask, full, talk
from tests.servers.conftest import OtherServer, running
from tests.services import HOST

ENOUGH = 6000
"""Messages of 4 KB after which a reader who reads none of them must have been closed: 24 MB."""


@pytest.fixture(scope="module", params=["serve", "serve, compressed", "uvicorn", "daphne", "hypercorn"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherServer]:
    name, _, compressed = request.param.partition(", ")
    env = {"DJANGO_SETTINGS_MODULE": "tests.servers.settings", "PYTHONPATH": str(Path.cwd())}
    if compressed:
        env["HUBBUB_COMPRESSION"] = "true"
    with running(tmp_path_factory.mktemp("server"), name, env) as server:
        yield server


@asynccontextmanager
async def narrow(server: OtherServer, person: Person) -> AsyncIterator[Socket]:
    """A socket that takes little before it is read."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect((HOST, server.port))
    cookie = {"Cookie": f"sessionid={person.cookie}"}
    async with websocket(
        f"ws://{HOST}:{server.port}/ws/", proxy=None, sock=raw, additional_headers=cookie, max_queue=1,
        ping_interval=None, close_timeout=1,
    ) as connection:  # fmt: skip
        yield Socket(connection)


async def drain(connection: ClientConnection) -> tuple[list[dict[str, Any]], int]:
    """All frames up to the close, answering no ping, and its code."""
    frames = []
    try:
        while True:
            frames.append(json.loads(await connection.recv()))
    except ConnectionClosed as closed:
        return frames, closed.rcvd.code if closed.rcvd else 1006


@pytest.mark.faults
async def test_a_slow_reader(server: OtherServer, ann: Person, bob: Person) -> None:
    """Closed 4010, with all that was sent before in order; comes back and has everything, or is told that it hasn't."""
    id = await talk(server, ann, bob)
    topic = f"chat.{id}"
    async with full(server, ann) as hers:
        await ask(hers, "subscribe", topic)
        async with narrow(server, bob) as his:
            assert (await his.frame())["type"] == "ready"
            position = (await ask(his, "subscribe", topic))["position"]
            sent = 0
            while "was closed 4010" not in server.log():
                assert sent < ENOUGH, "nobody noticed"
                sent += 1
                assert (await ask(hers, "chat.send", topic, content=secrets.token_hex(2000)))["offset"]
            frames, code = await drain(his.connection)
        events = [frame["offset"] for frame in frames if frame["type"] == "chat.message_sent"]
        last = position["offset"] + len(events)
        assert events == list(range(position["offset"] + 1, last + 1))
        assert code == 4010
        print(f"closed after {sent} messages; {len(events)} arrived")
        async with full(server, bob) as his:
            since = {"epoch": position["epoch"], "offset": last}
            await his.send(id=1, type="subscribe", topic=topic, since=since)
            found = (await his.frame())["ok"]
            assert found["position"]["offset"] == position["offset"] + sent
            missed = [event["offset"] for event in found["events"]]
            assert found["recovered"] == (missed == list(range(last + 1, position["offset"] + sent + 1)))
            assert found["recovered"] or found["reset"] == "too_far"
