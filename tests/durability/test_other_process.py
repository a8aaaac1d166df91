"""What another process commits reaches the sockets of this one, without Redis."""

import asyncio
import json
import re
import subprocess
import time
from statistics import median

import psycopg
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.durability.world import SETTINGS, World, make_world
from tests.services import LiveServer, StartServer
from tests.stores import SQLITE

BOUND = 0.5
MANY = 60

how_many = pytest.mark.parametrize("times", [15, pytest.param(MANY, marks=pytest.mark.long)])

# The content is the time just before the commit, so what is measured is a little more than the truth.
# The pauses let the commits fall at any moment of the server's own rhythm.
_PUBLISH = """
import time
from django.db import transaction
from hubbub.chat.actions import send_message
from hubbub.django.auth import actor_of_user
from django.contrib.auth import get_user_model

actor = actor_of_user(get_user_model().objects.get(username="user01"))
for n in range({times}):
    with transaction.atomic():
        send_message(actor, "{topic}", str(time.time()))
    print("COMMITTED", time.time(), flush=True)
    time.sleep(0.03 + 0.0023 * n)
"""


async def subscribed(server: LiveServer, world: World, topic: str) -> ClientConnection:
    socket = await connect(f"{server.ws_url}?token={world.tokens['user00']}", proxy=None)
    await socket.send(json.dumps({"id": 1, "type": "subscribe", "topic": topic}))
    while True:
        if json.loads(await asyncio.wait_for(socket.recv(), 10)).get("id") == 1:
            return socket


def publish(server: LiveServer, topic: str, times: int) -> subprocess.CompletedProcess[str]:
    return server.manage("shell", "--no-imports", "-c", _PUBLISH.format(times=times, topic=topic))


async def measure(server: LiveServer, times: int) -> list[float]:
    """Seconds from each commit of another process to its arrival at a socket of the server."""
    world = await asyncio.to_thread(make_world, server, 2, 1, 0)
    topic = world.topics[0]
    socket = await subscribed(server, world, topic)
    shell = asyncio.create_task(asyncio.to_thread(publish, server, topic, times))
    took: list[float] = []
    while len(took) < times:
        frame = json.loads(await asyncio.wait_for(socket.recv(), 30))
        if frame["type"] == "chat.message_sent":
            took.append(time.time() - float(frame["data"]["message"]["content"]))
            assert frame["offset"] == len(took)
    done = await shell
    assert len(re.findall("^COMMITTED", done.stdout, re.MULTILINE)) == times
    await socket.close()
    return took


def assert_quick(took: list[float], where: str) -> None:
    took.sort()
    p50, p99 = median(took), took[int(len(took) * 0.99)]
    print(
        f"\n{where}: commit in another process to receipt, p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms "
        f"of {len(took)}"
    )
    assert max(took) < BOUND or len(took) < MANY


@how_many
async def test_on_sqlite(live_server_process: StartServer, times: int) -> None:
    """EVT-4, EVT-3: ``hubbub shell`` beside a server, on SQLite."""
    server = await asyncio.to_thread(lambda: live_server_process(env=SETTINGS | SQLITE))
    assert_quick(await measure(server, times), "SQLite")


@how_many
@pytest.mark.postgres
async def test_on_postgresql(live_server_process: StartServer, own_postgres: str, times: int) -> None:
    """EVT-4, EVT-3: the same on PostgreSQL."""
    server = await asyncio.to_thread(lambda: live_server_process(env=SETTINGS | {"DATABASE_URL": own_postgres}))
    assert_quick(await measure(server, times), "PostgreSQL")


@how_many
@pytest.mark.postgres
async def test_on_postgresql_beside_a_long_transaction(
    live_server_process: StartServer, own_postgres: str, times: int
) -> None:
    """EVT-4: somebody else's transaction, open all the while, holds up nothing."""
    server = await asyncio.to_thread(lambda: live_server_process(env=SETTINGS | {"DATABASE_URL": own_postgres}))
    with psycopg.connect(own_postgres) as other:
        other.execute("SELECT pg_current_xact_id()")
        assert_quick(await measure(server, times), "PostgreSQL beside a long transaction")
        other.rollback()
