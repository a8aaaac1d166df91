"""SQLite takes one writer at a time; with the gate nobody is turned away, however busy the sockets are."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.durability.checker import check
from tests.durability.client import Client
from tests.durability.world import SETTINGS, World, make_world, read_stored
from tests.services import LiveServer, StartServer
from tests.waiting import wait_until_async

pytestmark = [pytest.mark.slow, pytest.mark.faults]

STARVED_SECONDS = 15.0
"""Less than the 20 s after which SQLite's own queue would give up and answer "database is locked"."""
SOCKETS = 12
POSTERS = 4
ADMINS = 2
PASSWORD = "battery-staple-42"
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


# A worker or a shell beside the server: the gate is in the other process, it has SQLite's own lock only.
_WORK = """
import json, time
from django.contrib.auth import get_user_model
from hubbub.chat.actions import send_message
from hubbub.django.auth import actor_of_user

actor = actor_of_user(get_user_model().objects.get(username="{name}"))
until, took = time.monotonic() + {seconds}, []
while (begun := time.monotonic()) < until:
    send_message(actor, "{topic}", f"shell {{len(took)}}")
    took.append(time.monotonic() - begun)
print("TOOK" + json.dumps(took))
"""


def direct(server: LiveServer, token: str = "") -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=30)


async def repeat(until: float, what: Callable[[int], Awaitable[None]]) -> list[float]:
    """Do something over and over; the seconds that each took."""
    took: list[float] = []
    while (begun := time.monotonic()) < until:
        await what(len(took))
        took.append(time.monotonic() - begun)
    return took


async def post_messages(server: LiveServer, world: World, name: str, until: float) -> list[float]:
    path = f"/api/conversations/{world.topics[0].partition('.')[2]}/messages/"
    async with direct(server, world.tokens[name]) as client:

        async def post(n: int) -> None:
            response = await client.post(path, json={"content": f"rest {name} {n}"})
            assert response.status_code == 201, response.text

        return await repeat(until, post)


async def sign_in_and_change(server: LiveServer, until: float, admin: int) -> list[float]:
    """What an administrator does: signs in (session, last login) and saves a form, a new password."""

    async def once(n: int) -> None:
        async with direct(server) as client:
            page = await client.get("/admin/login/")
            form = {"username": f"admin{admin}", "password": PASSWORD, "next": "/admin/"}
            headers = {"Referer": f"{server.url}/admin/"}
            token = {"csrfmiddlewaretoken": _TOKEN.findall(page.text)[0]}
            signed_in = await client.post("/admin/login/", data=form | token, headers=headers)
            assert signed_in.status_code == 302, signed_in.text[:500]
            token = {"csrfmiddlewaretoken": _TOKEN.findall((await client.get("/admin/password_change/")).text)[0]}
            form = {"old_password": PASSWORD, "new_password1": PASSWORD, "new_password2": PASSWORD}
            changed = await client.post("/admin/password_change/", data=form | token, headers=headers)
            assert changed.status_code == 302, changed.text[-3000:]

    return await repeat(until, once)


def work_elsewhere(server: LiveServer, world: World, name: str, seconds: float) -> list[float]:
    code = _WORK.format(name=name, topic=world.topics[1], seconds=seconds)
    printed = server.manage("shell", "--no-imports", "-c", code, timeout=seconds + 60).stdout
    took: list[float] = json.loads(printed.split("TOOK")[1])
    return took


def p95(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.95)]


@pytest.mark.parametrize("seconds", [8.0, pytest.param(60.0, marks=pytest.mark.long)])
async def test_no_writer_is_locked_out(live_server_process: StartServer, seconds: float) -> None:
    """ACK-1, ERR-1: REST and admin beside a saturated writer; not one "database is locked"."""
    server = await asyncio.to_thread(lambda: live_server_process(env=SETTINGS))
    for admin in range(ADMINS):
        await asyncio.to_thread(server.manage, "createuser", f"admin{admin}", "--staff", "--password", PASSWORD)
    world = await asyncio.to_thread(make_world, server, SOCKETS + POSTERS)
    names = list(world.tokens)
    clients = [
        Client(name, server.ws_url, world.tokens[name], [world.topics[n % len(world.topics)]])
        for n, name in enumerate(names[:SOCKETS])
    ]
    begun = time.monotonic()
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        loads = [group.create_task(client.run()) for client in clients]
        posting = [group.create_task(post_messages(server, world, name, begun + seconds)) for name in names[SOCKETS:]]
        changing = [group.create_task(sign_in_and_change(server, begun + seconds, admin)) for admin in range(ADMINS)]
        working = group.create_task(asyncio.to_thread(work_elsewhere, server, world, names[0], seconds))
        posts = [each for task in posting for each in await task]
        changes = [each for task in changing for each in await task]
        works = await working
        for client in clients:
            client.sending = False
        await wait_until_async(lambda: all(client.idle for client in clients), "the last answers", 30)
        for load in loads:
            load.cancel()
    sent = sum(len(client.log.acks) for client in clients)
    print(f"\n{seconds:.0f} s beside {sent / seconds:.0f} messages/s over sockets:")
    for what, took in (("REST posts", posts), ("admin rounds", changes), ("another process's sends", works)):
        print(f"  {len(took)} {what}, p95 {p95(took) * 1000:.0f} ms, most {max(took) * 1000:.0f} ms")
    assert "locked" not in server.log()
    assert "Traceback" not in server.log()
    assert not [error for client in clients for error in client.errors]
    # Nobody starves, whatever else keeps the machine busy; how many rounds that makes is the hashing of passwords.
    assert max(*posts, *changes, *works) < STARVED_SECONDS
    assert sent > seconds
    for client in clients:
        client.log.ended.clear()
    verdict = await asyncio.to_thread(lambda: check([c.log for c in clients], read_stored(server)))
    assert verdict.clean, verdict
