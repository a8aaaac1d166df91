"""The same ``client_id``, sent at once in several ways: it happens once, and all are told the same."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.durability.checker import Stored
from tests.durability.world import SETTINGS, World, make_world, read_stored
from tests.services import LiveServer, StartServer
from tests.stores import SQLITE

pytestmark = pytest.mark.faults

ROUNDS = 30


class Caller:
    """One socket that sends a command and waits for its reply."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._id = 0

    async def ask(self, type: str, topic: str | None, **data: Any) -> dict[str, Any]:
        self._id += 1
        frame = {"id": self._id, "type": type, "data": data} | ({"topic": topic} if topic else {})
        await self._socket.send(json.dumps(frame))
        while True:
            reply: dict[str, Any] = json.loads(await asyncio.wait_for(self._socket.recv(), 30))
            if reply.get("id") == self._id:
                return reply


async def caller(stack: AsyncExitStack, server: LiveServer, token: str) -> Caller:
    return Caller(await stack.enter_async_context(connect(f"{server.ws_url}?token={token}", proxy=None)))


async def rest(stack: AsyncExitStack, server: LiveServer, token: str) -> httpx.AsyncClient:
    return await stack.enter_async_context(
        httpx.AsyncClient(
            base_url=server.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=30
        )
    )


async def race(servers: list[LiveServer], world: World) -> None:
    """Each round: one ``client_id`` over two sockets and REST of every server, all at the same time."""
    topic, token = world.topics[0], world.tokens["user00"]
    path = f"/api/conversations/{topic.partition('.')[2]}/messages/"
    async with AsyncExitStack() as stack:
        sockets = [await caller(stack, server, token) for server in servers for _ in range(2)]
        clients = [await rest(stack, server, token) for server in servers]
        for n in range(ROUNDS):
            body = {"content": f"m{n}", "client_id": f"id-{n}"}
            replies, responses = await asyncio.gather(
                asyncio.gather(*(socket.ask("chat.send", topic, **body) for socket in sockets)),
                asyncio.gather(*(client.post(path, json=body) for client in clients)),
            )
            told = [reply["ok"] for reply in replies]
            assert all(ok == told[0] for ok in told), told
            assert {response.status_code for response in responses} <= {200, 201}
            assert all(response.json() == told[0]["message"] for response in responses)
            assert told[0]["offset"] == told[0]["message"]["number"] == n + 1
        for n in range(5):  # A command without a topic takes no lock before its receipt.
            wanted = {"participants": ["user01"], "title": f"g{n}", "client_id": f"create-{n}"}
            replies, responses = await asyncio.gather(
                asyncio.gather(*(socket.ask("chat.create", None, **wanted) for socket in sockets)),
                asyncio.gather(*(client.post("/api/conversations/", json=wanted) for client in clients)),
            )
            made = replies[0]["ok"]["conversation"]
            assert all(reply["ok"]["conversation"] == made for reply in replies)
            assert all(response.json() == made for response in responses)
        # Used again for another command, on a socket or over REST.
        reply = await sockets[0].ask("chat.create", None, participants=["user01"], client_id="id-0")
        assert reply["error"]["code"] == "conflict"
        response = await clients[0].post("/api/conversations/", json={"participants": ["user01"], "client_id": "id-0"})
        assert (response.status_code, response.json()["code"]) == (409, "conflict")
        # Somebody else's is another one.
        other = await caller(stack, servers[0], world.tokens["user01"])
        reply = await other.ask("chat.send", topic, content="mine", client_id="id-0")
        assert reply["ok"]["message"]["content"] == "mine"


def assert_once(stored: Stored, senders: int) -> None:
    contents = [content for *_, content in stored.messages]
    assert contents == [*(f"m{n}" for n in range(ROUNDS)), "mine"]
    assert [seen.content for seen in stored.events if seen.topic == "chat.1" and seen.content] == contents
    print(f"\n{ROUNDS} messages, each sent {senders} times at once: {len(contents) - 1} rows")


async def run(start: StartServer, env: Mapping[str, str], url: str = "") -> None:
    env = {**SETTINGS, "SECRET_KEY": "the same for both processes, and long enough for it", **env}
    first = await asyncio.to_thread(lambda: start(env=env))
    second = await asyncio.to_thread(lambda: start("--no-migrate", env=env))
    world = await asyncio.to_thread(make_world, first, 2, 1, 0)
    assert world.topics == ["chat.1"]
    await race([first, second], world)
    first.data = Path(env.get("HUBBUB_DATA_DIR", first.data))
    assert_once(await asyncio.to_thread(read_stored, first, url), 6)


async def test_once_on_sqlite(live_server_process: StartServer, tmp_path: Path) -> None:
    """ACK-2, ACK-3: two processes, four sockets and REST at once, on SQLite."""
    await run(live_server_process, SQLITE | {"HUBBUB_DATA_DIR": str(tmp_path / "shared")})


@pytest.mark.postgres
async def test_once_on_postgresql(live_server_process: StartServer, own_postgres: str) -> None:
    """ACK-2, ACK-3: the same on PostgreSQL, where the processes really write at once."""
    await run(live_server_process, {"DATABASE_URL": own_postgres}, own_postgres)
