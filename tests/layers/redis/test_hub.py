"""Two server processes on one database, with a Valkey between them: what one is told, the other shows at once."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.durability.world import World, make_world
from tests.layers.redis.valkey import Valkey, connections
from tests.services import LiveServer, StartServer
from tests.troubleshooting.page import logged
from tests.waiting import wait_until, wait_until_async

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.layers.redis.settings", "PYTHONPATH": str(ROOT)}
COUNT = 50


class Person:
    """A client on one of the servers, following one topic."""

    def __init__(self, socket: ClientConnection, topic: str) -> None:
        self.socket = socket
        self.topic = topic
        self.sent = 0

    @classmethod
    async def on(cls, server: LiveServer, world: World, name: str) -> Person:
        socket = await connect(f"{server.ws_url}?token={world.tokens[name]}", proxy=None)
        person = cls(socket, world.topics[0])
        await person.command("subscribe")
        return person

    async def command(self, type: str, **data: Any) -> dict[str, Any]:
        self.sent += 1
        command = {"id": self.sent, "type": type, "topic": self.topic, "data": data}
        await self.socket.send(json.dumps(command))
        while (frame := await self.frame()).get("id") != self.sent:
            pass
        assert "ok" in frame, frame
        return frame

    async def say(self, content: str) -> None:
        await self.command("chat.send", content=content, client_id=content)

    async def frame(self, seconds: float = 10) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), seconds))
        return frame

    async def event(self, type: str, seconds: float = 10) -> dict[str, Any]:
        while (frame := await self.frame(seconds))["type"] != type:
            assert frame["type"] != "reset", frame
        return frame


class Pair:
    """Two servers on one database."""

    def __init__(self, start: StartServer, redis: str, **env: str) -> None:
        common = SETTINGS | {"REDIS_URL": redis} | env
        self.one = start(env=common)
        self.two = start(env=common | {"HUBBUB_DATA_DIR": str(self.one.data)})
        self.world = make_world(self.one, 2, 1, 0)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "sqlite":
        return {}
    return {"DATABASE_URL": request.getfixturevalue("own_postgres")}


async def test_events_cross_within_milliseconds(
    live_server_process: StartServer, valkey: Valkey, database: dict[str, str]
) -> None:
    """LAY-7 EVT-2: durable ones and typing, though nobody looks at the log; the order is the log's."""
    pair = await asyncio.to_thread(Pair, live_server_process, valkey.url, **database)
    ann, bob = await Person.on(pair.one, pair.world, "user00"), await Person.on(pair.two, pair.world, "user01")
    with valkey.client() as client:
        group = f"hubbub:group:{ann.topic}".encode()
        await wait_until_async(lambda: client.pubsub_numsub(group)[0][1] == 2, "both follow the topic")
    await ann.command("chat.typing", is_typing=True)
    typing = await bob.event("chat.typing")
    assert typing["data"]["is_typing"] is True
    took = []
    for n in range(COUNT):
        content = f"{n} {time.time()}"
        await ann.say(content)
        heard = await bob.event("chat.message_sent")
        took.append(time.time() - float(content.split()[1]))
        assert heard["data"]["message"]["content"] == content and heard["offset"] == n + 1
    print(f"\nsent on one server, received on the other: median {median(took) * 1000:.1f} ms of {COUNT}")
    assert median(took) < 0.1
    assert len(connections(valkey.url)) == 4


@pytest.mark.faults
async def test_what_was_missed_is_read_once_it_is_back(
    live_server_process: StartServer, valkey: Valkey, database: dict[str, str]
) -> None:
    """LAY-7 EVT-5: sends are acknowledged while Valkey is away, and the other server catches up: 0 lost, 0 doubled."""
    pair = await asyncio.to_thread(Pair, live_server_process, valkey.url, **database)
    ann, bob = await Person.on(pair.one, pair.world, "user00"), await Person.on(pair.two, pair.world, "user01")
    await ann.say("before")
    await bob.event("chat.message_sent")
    valkey.kill()
    await logged(pair.two, "log-redis-lost")
    took = []
    for n in range(COUNT):
        began = time.monotonic()
        await ann.say(f"away {n}")
        took.append(time.monotonic() - began)
    valkey.start()
    back = time.monotonic()
    heard = [(await bob.event("chat.message_sent", 20))["offset"] for _ in range(COUNT)]
    healed = time.monotonic() - back
    assert heard == list(range(2, COUNT + 2))
    await logged(pair.two, "log-redis-back")
    print(f"\nValkey away: slowest send {max(took) * 1000:.0f} ms; all caught up {healed:.1f} s after it was back")
    await logged(pair.one, "log-redis-back")
    await ann.say("after")
    assert (await bob.event("chat.message_sent"))["offset"] == COUNT + 2
    with pytest.raises(TimeoutError):
        await bob.event("chat.message_sent", 0.3)


@pytest.mark.faults
async def test_a_pause(live_server_process: StartServer, valkey: Valkey) -> None:
    """LAY-7: Valkey hangs; who sends does not notice, and who listens gets it by the database meanwhile."""
    pair = await asyncio.to_thread(Pair, live_server_process, valkey.url, TEST_TAIL_SECONDS="0.05")
    ann, bob = await Person.on(pair.one, pair.world, "user00"), await Person.on(pair.two, pair.world, "user01")
    valkey.pause()
    took = []
    for n in range(COUNT):
        began = time.monotonic()
        await ann.say(f"paused {n}")
        assert (await bob.event("chat.message_sent"))["offset"] == n + 1
        took.append(time.monotonic() - began)
    valkey.resume()
    await ann.say("after")
    assert (await bob.event("chat.message_sent"))["offset"] == COUNT + 1
    print(f"\nValkey paused: median from send to the other server {median(took) * 1000:.0f} ms")
    with pytest.raises(TimeoutError):
        await bob.event("chat.message_sent", 0.3)


def test_a_server_needs_no_redis_to_start(live_server_process: StartServer) -> None:
    """LAY-7: it serves, and says what is missing."""
    away = Valkey()
    server = live_server_process(env=SETTINGS | {"REDIS_URL": away.url})
    world = make_world(server, 2, 1, 0)
    asyncio.run(_talk(server, world))
    wait_until(lambda: "is away" in server.log(), server.log())


async def _talk(server: LiveServer, world: World) -> None:
    ann, bob = await Person.on(server, world, "user00"), await Person.on(server, world, "user01")
    await ann.say("hello")
    assert (await bob.event("chat.message_sent"))["data"]["message"]["content"] == "hello"
