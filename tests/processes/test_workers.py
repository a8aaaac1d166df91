"""Several workers on one socket: who dies is replaced, who is replaced is not missed, and all of them end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hubbub.django.workers import BEGIN_TRIES
from tests.durability.world import World, make_world
from tests.hostile.wire import Client as Wire
from tests.processes.conftest import Several, files_of
from tests.processes.test_drain import Asker
from tests.services import LiveServer
from tests.stores import SQLITE
from tests.waiting import wait_until

CONNECTIONS = 40


async def join(stack: AsyncExitStack, server: LiveServer, world: World, name: str, topic: str) -> ClientConnection:
    """A socket of somebody who follows a topic."""
    url = f"{server.ws_url}?token={world.tokens[name]}"
    # max_queue: a client that leaves frames unread still sees the close.
    socket = await stack.enter_async_context(connect(url, proxy=None, max_queue=None))
    await socket.send(json.dumps({"id": 1, "type": "subscribe", "topic": topic}))
    await until(socket, lambda frame: frame.get("id") == 1)
    return socket


async def until(socket: ClientConnection, wanted: Any) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 20))
        if wanted(frame):
            return frame


async def closed(socket: ClientConnection) -> int:
    try:
        while True:
            await asyncio.wait_for(socket.recv(), 20)
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd else 1006


async def test_one_conversation_over_all_workers(several: Several) -> None:
    """PRC-1, AUT-4: what anybody writes or types, everybody gets; signing out ends the sockets of every worker."""
    world = await asyncio.to_thread(make_world, several, 2, 1, 0)
    topic = world.topics[0]
    async with AsyncExitStack() as stack:
        ann = [await join(stack, several, world, "user00", topic) for _ in range(CONNECTIONS // 2)]
        bob = [await join(stack, several, world, "user01", topic) for _ in range(CONNECTIONS // 2)]
        files = {pid: files_of(pid) for pid in several.workers()}
        print(f"{CONNECTIONS} sockets; descriptors of each worker: {sorted(files.values())}")
        for n, socket in enumerate((ann[0], bob[-1], ann[-1])):
            data = {"content": f"m{n}", "client_id": f"c{n}"}
            await socket.send(json.dumps({"id": 2 + n, "type": "chat.send", "topic": topic, "data": data}))
            for each in (*ann, *bob):
                got = await until(each, lambda frame: frame["type"] == "chat.message_sent")
                assert got["data"]["message"]["content"] == f"m{n}"
        await ann[0].send(json.dumps({"type": "chat.typing", "topic": topic, "data": {"is_typing": True}}))
        for each in bob:
            assert (await until(each, lambda frame: frame["type"] == "chat.typing"))["data"]["is_typing"]
        async with httpx.AsyncClient(base_url=several.url, trust_env=False) as http:
            header = {"Authorization": f"Bearer {world.tokens['user00']}"}
            began = time.monotonic()
            assert (await http.delete("/api/auth/session/", headers=header)).status_code == 204
            codes = await asyncio.gather(*(closed(socket) for socket in ann))
        print(f"signed out: {len(ann)} sockets closed {set(codes)} within {time.monotonic() - began:.2f} s")
        assert set(codes) == {4001}
        assert all(socket.state.name == "OPEN" for socket in bob)


@pytest.mark.slow
@pytest.mark.faults
def test_all_are_replaced_without_a_gap(several: Several) -> None:
    """PRC-3: SIGHUP; requests go on all the time, and sockets are asked to come back."""
    before = several.workers()
    askers = [Asker(several.port) for _ in range(4)]
    clients = [Wire.open(several.port) for _ in range(CONNECTIONS)]
    for asker in askers:
        asker.start()
    several.signal(signal.SIGHUP)
    codes = [client.close_code() for client in clients]
    for client in clients:
        client.close()
    wait_until(lambda: "All workers were replaced" in several.log(), "the end of the replacing", 60)
    assert Wire.open(several.port).send(b"")
    for asker in askers:
        asker.going = False
    statuses = [status for asker in askers for status in asker.statuses]
    errors = [error for asker in askers for error in asker.errors]
    print(f"workers {before} were replaced by {several.workers()}; 1012 to {codes.count(1012)} of {len(codes)}")
    print(f"{len(statuses)} requests meanwhile: {set(statuses)}, {len(errors)} without an answer")
    assert set(codes) == {1012}
    assert not set(before) & set(several.workers())
    assert len(several.workers()) == 2
    assert set(statuses) == {200}
    assert not errors, errors


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_they_stop_together(several: Several) -> None:
    """PRC-4: one signal to the one that was started."""
    pids = several.workers()
    clients = [Wire.open(several.port) for _ in range(CONNECTIONS)]
    began = time.monotonic()
    several.signal(signal.SIGTERM)
    codes = [client.close_code() for client in clients]
    for client in clients:
        client.close()
    assert several.wait(20) == 0
    print(f"1012 to {codes.count(1012)} of {len(codes)}; all ended in {time.monotonic() - began:.2f} s")
    assert set(codes) == {1012}
    assert gone(pids)
    assert "Traceback" not in several.log()


def test_nobody_is_left_alone(several: Several) -> None:
    """PRC-4: where the supervisor is killed, its workers end as they would with it."""
    pids = several.workers()
    client = Wire.open(several.port)
    several.signal(signal.SIGKILL)
    assert client.close_code() == 1012
    client.close()
    several.wait(5)
    wait_until(lambda: gone(pids), "the end of the workers", 15)
    assert "The supervisor has gone." in several.log()


def stands_still(pid: int) -> bool:
    """Stop a process, unless it was just writing: with SQLite's lock it would hold up the other one as well."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T", "its stop")
    if not any(line.split()[3:5] == ["WRITE", str(pid)] for line in Path("/proc/locks").read_text().splitlines()):
        return True
    os.kill(pid, signal.SIGCONT)
    return False


def test_a_worker_that_does_not_end(several: Several) -> None:
    """PRC-4: a second signal is for all of them."""
    pids = several.workers()
    wait_until(lambda: stands_still(pids[0]), "a moment in which it does not write", 15)
    several.signal(signal.SIGTERM)
    wait_until(lambda: gone(pids[1:]), "the end of the other", 15)
    began = time.monotonic()
    os.kill(pids[0], signal.SIGCONT)
    several.signal(signal.SIGTERM)
    assert several.wait(10) == 0
    assert time.monotonic() - began < 5
    assert gone(pids)


def test_a_layer_that_is_not_shared(tmp_path: Path) -> None:
    """PRC-1: said before anything begins, and by the checks."""
    server = LiveServer(tmp_path, env=SQLITE)
    done = server.manage("serve", "--workers", "2", check=False)
    assert done.returncode == 1
    assert "2 workers are asked for, and the channel layer 'default' is in memory" in done.stderr
    assert "Set REDIS_URL" in done.stderr
    server._env["HUBBUB_WORKERS"] = "3"
    done = server.manage("check", check=False)
    assert "hubbub.E007" in done.stderr
    assert "3 workers are asked for" in done.stderr
    assert server.manage("serve", "--workers", "0", check=False).returncode == 1


@pytest.mark.slow
def test_an_application_that_cannot_begin(several: Several, tmp_path: Path) -> None:
    """PRC-2: where not one worker ever begins, all is over, with an exit code that says so."""
    broken = Several(tmp_path / "broken", f"redis://127.0.0.1:{several._env['LAYER_PORT']}", 2)
    broken._env |= {"DJANGO_SETTINGS_MODULE": "tests.processes.broken"}
    began = time.monotonic()
    done = broken.manage("serve", "--workers", "2", "--port", str(broken.port), check=False)
    print(f"given up after {time.monotonic() - began:.1f} s and {2 * BEGIN_TRIES} tries")
    assert done.returncode == 1
    assert f"No worker could begin, in {2 * BEGIN_TRIES} tries (exit code 1)" in done.stderr
    assert "hubbub could not begin." in done.stderr


def test_a_worker_that_cannot_begin_at_first(tmp_path: Path, valkey_url: str) -> None:
    """PRC-2, PRC-7: as where a database is not there yet; it is tried again, and told to the service manager then."""
    server = Several(tmp_path, valkey_url, 2)
    server._env |= {"DJANGO_SETTINGS_MODULE": "tests.processes.hesitant", "HESITATIONS": str(tmp_path)}
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.settimeout(10)
    server._env["NOTIFY_SOCKET"] = manager.getsockname()
    try:
        server.start()
        assert manager.recv(100) == b"READY=1"
        log = server.log()
        print(f"{log.count('Not yet.')} workers could not begin; {len(server.serving())} serve")
        assert log.count("Not yet.") == 3
        assert "No worker could begin" not in log
        assert httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200
    finally:
        server.kill()
        manager.close()
