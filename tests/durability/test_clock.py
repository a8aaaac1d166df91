"""A clock that is set two hours forward and back while people talk: no order changes, nobody is signed out."""

import asyncio
import os
import shutil
import sqlite3
import struct
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.durability.client import Client, Times
from tests.durability.load import clients_of, judge, load
from tests.durability.world import SETTINGS, make_world
from tests.services import LiveServer, StartServer
from tests.stores import SQLITE
from tests.waiting import wait_until_async

pytestmark = [pytest.mark.slow, pytest.mark.faults]

CLIENTS = 8
STEP = 7200.0
ENOUGH = 1500
MORE = 100


class Clock:
    """What time a server takes it to be: ``env`` is for that server, ``step`` sets it."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            if os.environ.get("CI") == "true":
                pytest.fail("there is no C compiler, and CI leaves no fault out")
            pytest.skip("the clock's shim needs a C compiler")
        library = folder / "clock.so"
        source = Path(__file__).with_name("clock.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
        self._file = folder / "shift"
        self.step(0)
        self.env = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self._file)}

    def step(self, seconds: float) -> None:
        """So many seconds off the true time."""
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("d", seconds))


class Person:
    """Somebody who signed in by a session and for tokens when the time was right."""

    def __init__(self, server: LiveServer, refresh: str, cookies: httpx.Cookies) -> None:
        self._server = server
        self._refresh = refresh
        self._cookies = cookies

    @classmethod
    async def of(cls, server: LiveServer, name: str) -> "Person":
        body = {"username": name, "password": "x"}
        async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as http:
            pair = (await http.post("/api/auth/token/", json=body)).json()
            await http.get("/login/")
            headers = {"X-CSRFToken": http.cookies.get("csrftoken") or ""}
            answer = await http.post("/api/auth/session/", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            return cls(server, pair["refresh"], http.cookies)

    async def come_back(self) -> None:
        """As a client does whose connection was lost: an access token may be too old by now, a login may not."""
        async with httpx.AsyncClient(base_url=self._server.url, trust_env=False, cookies=self._cookies) as http:
            assert (await http.get("/api/auth/me/")).status_code == 200
            answer = await http.post("/api/auth/token/refresh/", json={"refresh": self._refresh})
            assert answer.status_code == 200, answer.text
            self._refresh = answer.json().get("refresh", self._refresh)
            token = answer.json()["access"]
            ticket = (await http.post("/api/auth/ticket/", headers={"Authorization": f"Bearer {token}"})).json()
        for query in (f"token={token}", f"ticket={ticket['ticket']}"):
            async with connect(f"{self._server.ws_url}?{query}", proxy=None) as socket:
                assert '"ready"' in str(await asyncio.wait_for(socket.recv(), 10))


def spread(server: LiveServer) -> timedelta:
    """Between the earliest and the latest time that the log gives an event."""
    with closing(sqlite3.connect(server.data / "hubbub.sqlite3")) as database:
        first, last = database.execute("SELECT min(created_at), max(created_at) FROM hubbub_event").fetchone()
    return datetime.fromisoformat(last) - datetime.fromisoformat(first)


async def test_the_clock_is_stepped(live_server_process: StartServer, tmp_path: Path) -> None:
    """EVT-1, LIM-1, HRT-1, AUT-1: two hours forward, two back behind the true time, and right again."""
    clock = Clock(tmp_path)
    server = await asyncio.to_thread(lambda: live_server_process(env=SETTINGS | SQLITE | clock.env))
    world = await asyncio.to_thread(make_world, server, CLIENTS)
    watch = Times()
    clients = clients_of(server, world, watch)
    people = [await Person.of(server, name) for name in list(world.tokens)[:2]]
    returns = 0

    async def step(by: float) -> None:
        nonlocal returns
        clock.step(by)
        before = [len(client.log.acks) for client in clients]
        await wait_until_async(lambda: all(map(answered, clients, before)), "answers after the step", 60)
        for person in people:
            await person.come_back()
            returns += 1

    def answered(client: Client, before: int) -> bool:
        return len(client.log.acks) > before + MORE

    steps: list[Callable[[], Awaitable[object]]] = [partial(step, by) for by in (STEP, -STEP, 0.0)]
    await load(clients, steps, ENOUGH)
    verdict = await asyncio.to_thread(judge, server, clients)
    print(f"stepped by +2 h, -4 h, +2 h: {len(watch.resumes)} sockets ended")
    print(f"{returns} times somebody came back by a login of before")
    assert verdict.clean, verdict
    assert not watch.resumes and not [error for client in clients for error in client.errors]
    assert "Traceback" not in server.log()
    assert spread(server) > timedelta(hours=3.9), "the server did not see the steps"
