"""Limits that a client runs into, a database that is locked, and a bug: under a server whose limits are narrow."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest
from websockets.asyncio.client import connect as websocket

from tests.formats.client import Person, full, refused, talk
from tests.services import LiveServer, live_servers
from tests.stores import SQLITE
from tests.troubleshooting.page import logged, said_when

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = """
from hubbub.chat.messages import Message, MessageSent, Person
from hubbub.django.publish import Publication, publish_all
from django.utils.timezone import now
sent = MessageSent(Message(1, Person(1, "x"), "x" * 50_000, now(), 1))
for _ in range(20):
    publish_all([Publication("chat.{id}", sent)] * 20)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    settings = SQLITE | {"DJANGO_SETTINGS_MODULE": "tests.troubleshooting.narrow", "PYTHONPATH": str(ROOT)}
    with live_servers(tmp_path_factory.mktemp("narrow")) as start:
        yield start(env=settings)


async def test_too_many_sockets(server: LiveServer, ann: Person) -> None:
    """LIM-3"""
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(full(server, ann))

        async def one_more() -> None:
            assert await refused(server, "", by=ann) == 4029

        await said_when(server, "log-connections", one_more)


async def test_a_reader_that_is_too_slow(server: LiveServer, ann: Person, bob: Person) -> None:
    """LIM-4"""
    id = await talk(server, ann, bob)
    headers = {"Cookie": f"sessionid={ann.cookie}"}
    # It takes in one frame and no more: what follows waits in the server.
    async with websocket(server.ws_url, proxy=None, additional_headers=headers, max_queue=1) as idle:
        await idle.send(json.dumps({"id": 1, "type": "subscribe", "topic": f"chat.{id}"}))
        while '"id":1' not in str(await idle.recv()):
            pass
        server.manage("shell", "-v0", "-c", MEGABYTE.format(id=id))
        await logged(server, "log-slow")


async def test_a_database_that_is_locked(server: LiveServer, ann: Person, bob: Person) -> None:
    id = await talk(server, ann, bob)
    async with full(server, ann) as socket:
        send = {"id": 1, "type": "chat.send", "topic": f"chat.{id}", "data": {"content": "hi", "client_id": "a"}}
        with closing(sqlite3.connect(server.data / "hubbub.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await socket.send(**send)
            while (answer := await socket.frame()).get("id") != 1:
                pass
            assert (answer["error"]["code"], answer["error"]["temporary"]) == ("busy", True)
            other.execute("ROLLBACK")
        await logged(server, "log-locked")
        await socket.send(**send)
        while (answer := await socket.frame()).get("id") != 1:
            pass
        assert answer["ok"]["message"]["content"] == "hi"


async def test_a_bug(server: LiveServer, ann: Person) -> None:
    """ERR-2"""
    async with full(server, ann) as socket:
        await socket.send(id=1, type="trouble.fail")
        error = (await socket.frame())["error"]
    await logged(server, "log-internal")
    id = error["message"].rpartition(" ")[2].rstrip(".")
    assert error["code"] == "internal" and f"error {id} in" in server.log()
