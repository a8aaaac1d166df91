"""A storm of reconnects: all come back in one instant, miss nothing, and nobody who is connected suffers."""

from __future__ import annotations

import asyncio
import json
import random
import time
from contextlib import suppress
from itertools import cycle, islice
from typing import Any

import pytest

from tests.durability.checker import ClientLog, Seen, check
from tests.durability.client import Client, steadily
from tests.durability.load import last_answers
from tests.durability.world import World, make_world, read_stored
from tests.hostile.wire import TEXT, frame, handshake, quantile, quantiles
from tests.processes.conftest import SETTINGS
from tests.services import HOST, LiveServer, StartServer
from tests.waiting import wait_until_async

pytestmark = [pytest.mark.slow, pytest.mark.faults]

STORM = 5000
PEOPLE = 50
PACE = 1 / 2500
"""Seconds between two messages, for each client that gets them: this process reads for all of them."""
BACK_SECONDS = 10.0


class Returning:
    """A client whose connection is cut: it comes back with full jitter, and resumes. It writes down all it sees."""

    def __init__(self, name: str, port: int, token: str, topic: str) -> None:
        self.log = ClientLog(name)
        self.refused = 0
        self.took = 0.0
        self._port = port
        self._request = handshake(f"/ws/?token={token}")
        self._topic = topic
        self._position: dict[str, Any] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def at(self) -> int:
        """The offset up to which it has seen everything."""
        return self._position["offset"] if self._position else -1

    async def come(self) -> None:
        """Until the subscription is answered."""
        began = time.monotonic()
        attempt = 0
        while not await self._try():
            self.refused += 1
            await asyncio.sleep(random.random() * min(30.0, 0.5 * 2.0**attempt))
            attempt += 1
        self.took = time.monotonic() - began

    async def _try(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection(HOST, self._port)
        except OSError:
            return False
        writer.write(self._request)
        since = {"since": self._position} if self._position else {}
        subscribe = {"id": 1, "type": "subscribe", "topic": self._topic, **since}
        try:
            if b" 101 " in (await reader.readuntil(b"\r\n\r\n"))[:16]:
                writer.write(frame(TEXT, json.dumps(subscribe).encode()))
                while (said := await read_frame(reader)).get("id") != 1:
                    pass
                self._resume(said["ok"])
                self._writer = writer
                self._reading = asyncio.create_task(self._read(reader, writer))
                return True
        except (OSError, EOFError):
            pass
        writer.transport.abort()
        return False

    def _resume(self, ok: dict[str, Any]) -> None:
        if self._position is None:
            self.log.began[self._topic] = ok["position"]["offset"]
        else:
            assert ok["recovered"], ok
        for event in ok["events"]:
            self._note(event)
        self._position = ok["position"]

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            while True:
                said = await read_frame(reader)
                if said.get("type") == "ping":
                    writer.write(frame(TEXT, b'{"type": "pong"}'))
                elif "offset" in said:
                    self._note(said)
                    self._position = {**(self._position or {}), "offset": said["offset"]}

    def _note(self, event: dict[str, Any]) -> None:
        content = event["data"]["message"]["content"] if event["type"] == "chat.message_sent" else ""
        self.log.seen.append(Seen(self._topic, event["offset"], content))

    def cut(self) -> None:
        assert self._writer is not None and self._reading is not None
        self._reading.cancel()
        self._writer.transport.abort()


async def read_frame(reader: asyncio.StreamReader) -> dict[str, Any]:
    """What a server says next, of its text frames; nothing for others."""
    head = await reader.readexactly(2)
    size = head[1]
    if size == 126:
        size = int.from_bytes(await reader.readexactly(2), "big")
    elif size == 127:
        size = int.from_bytes(await reader.readexactly(8), "big")
    payload = await reader.readexactly(size)
    said: dict[str, Any] = json.loads(payload) if head[0] & 0x0F == TEXT else {}
    return said


class Staying:
    """Somebody who is connected all the time, and asks something every 20 ms."""

    def __init__(self, server: LiveServer, token: str) -> None:
        self._port = server.port
        self._token = token
        self.took: list[float] = []

    async def run(self) -> None:
        reader, writer = await asyncio.open_connection(HOST, self._port)
        writer.write(handshake(f"/ws/?token={self._token}"))
        await reader.readuntil(b'"ready"')
        for id in range(1000, 100_000):
            began = time.monotonic()
            writer.write(frame(TEXT, b'{"id": %d, "type": "unsubscribe", "topic": "chat.0"}' % id))
            await reader.readuntil(b'"id":%d' % id)
            self.took.append(time.monotonic() - began)
            await asyncio.sleep(0.02)


async def storm(server: LiveServer, world: World, count: int) -> list[Returning]:
    """All connect, all are cut, and all come back in one instant, while somebody goes on sending. 0/0/0."""
    (speaker, token), *others = world.tokens.items()
    topic = world.topics[0]
    clients = [
        Returning(f"{n}", server.port, token, topic)
        for n, (_, token) in enumerate(islice(cycle(others or [(speaker, token)]), count))
    ]
    for start in range(0, count, 100):
        await asyncio.gather(*(client.come() for client in clients[start : start + 100]))
    staying, sending = Staying(server, token), Client(speaker, server.ws_url, token, [topic], sending=False)
    speaking = asyncio.create_task(steadily(sending, PACE * count))
    tasks = [speaking, asyncio.create_task(staying.run()), asyncio.create_task(sending.run())]
    await wait_until_async(lambda: len(staying.took) >= 50 and sending.log.acks, "somebody who is served", 30)
    before = list(staying.took)
    for client in clients:
        client.refused = 0
        client.cut()
    began = time.monotonic()
    await asyncio.gather(*(client.come() for client in clients))
    took = time.monotonic() - began
    meanwhile = staying.took[len(before) :]
    speaking.cancel()
    top = (await last_answers([sending]))[topic]
    await wait_until_async(lambda: all(client.at >= top for client in clients), "the last event everywhere", 60)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for client in clients:
        client.log.ended = {topic: top}
        client.cut()
    verdict = check([sending.log, *(client.log for client in clients)], read_stored(server))
    print(f"{count} clients were cut and came back in {took:.1f} s: {quantiles([client.took for client in clients])};")
    print(f"answered 503 and come again: {sum(client.refused for client in clients)} times")
    print(f"somebody who stayed was answered in {quantiles(meanwhile)}; before {quantiles(before)}")
    print(f"{verdict}; {sum(len(client.log.seen) for client in clients)} deliveries")
    assert verdict.clean, verdict
    assert verdict.unanswered == 0
    return clients


@pytest.mark.parametrize("count", [500, pytest.param(STORM, marks=pytest.mark.long)])
async def test_everybody_comes_back(live_server_process: StartServer, count: int) -> None:
    """HOST-19, SUB-1, SUB-2"""
    server = await asyncio.to_thread(lambda: live_server_process(env=SETTINGS))
    # A group: in a room each who comes is announced to all the others, which is what would be measured.
    world = await asyncio.to_thread(make_world, server, PEOPLE, 0, 1)
    clients = await storm(server, world, count)
    assert "Traceback" not in server.log()
    if count == STORM:
        assert quantile([client.took for client in clients], 0.99) < BACK_SECONDS


async def test_a_storm_at_a_narrow_door(live_server_process: StartServer) -> None:
    """HOST-19: with one handshake at a time it takes longer, and nobody is left outside."""
    server = await asyncio.to_thread(lambda: live_server_process(env=SETTINGS | {"HUBBUB_HANDSHAKES": "1"}))
    world = await asyncio.to_thread(make_world, server, 1, 1, 0)
    clients = await storm(server, world, 500)
    assert all(client.took for client in clients)
