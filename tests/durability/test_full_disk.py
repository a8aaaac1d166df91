"""A disk that is full: what cannot be saved is refused, the server stays up, and goes on once there is room."""

import asyncio
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.durability.load import clients_of, judge, load
from tests.durability.world import SETTINGS, World, make_world
from tests.services import LiveServer, StartServer
from tests.stores import SQLITE
from tests.waiting import wait_until_async

pytestmark = [pytest.mark.slow, pytest.mark.faults]

CLIENTS = 10
ENOUGH = 1500
SIZE = "24m"
TIMES = 3
FULL = "The server's disk is full, and nothing of this was saved. Try again later."


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, with little room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no file system can be mounted, and CI leaves no fault out: {mounted.stderr!r}")
        pytest.skip("only root may mount a file system")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path) -> Path:
    """Leave not one free block."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return filler


async def test_a_full_disk(live_server_process: StartServer, small_disk: Path) -> None:
    """ACK-1, ERR-4: three times, under load, on SQLite."""
    data = small_disk / "data"
    server = await asyncio.to_thread(
        lambda: live_server_process(env=SETTINGS | SQLITE | {"HUBBUB_DATA_DIR": str(data)})
    )
    server.data = data
    world = await asyncio.to_thread(make_world, server, CLIENTS)
    clients = clients_of(server, world)
    pid = server.pid
    refused: list[dict[str, object]] = []
    numbers = count()

    async def run_out() -> None:
        before = [len(client.errors) for client in clients]
        filler = await asyncio.to_thread(fill, small_disk)
        try:
            await wait_until_async(
                lambda: all(len(client.errors) > n for client, n in zip(clients, before, strict=True)),
                "everybody's being refused", 30,
            )  # fmt: skip
            async with rest_of(server, world) as rest:
                assert (await rest.get("/healthz")).status_code == 200
                assert (await rest.get(messages_of(world))).status_code == 200
                # What was written back makes a little room in the files, for a while.
                status = 201
                while status == 201:
                    answer = await rest.post(messages_of(world), json={"content": f"more {next(numbers)}"})
                    status = answer.status_code
                refused.append({"status": status, **answer.json()})
        finally:
            filler.unlink()

    resumed = await load(clients, [run_out] * TIMES, ENOUGH)
    verdict = await asyncio.to_thread(judge, server, clients)
    errors = Counter((error["code"], error["message"]) for client in clients for error in client.errors)
    print(f"the disk was full {TIMES} times, integrity check ok; served again at most {max(resumed):.2f} s after it")
    print(f"refused: { ({code: errors[code, message] for code, message in errors}) }")
    assert verdict.clean, verdict
    assert verdict.unanswered == 0
    full = {"code": "busy", "message": FULL, "temporary": True}
    assert set(errors) == {("busy", FULL)}
    assert refused == [{"status": 503, **full}] * TIMES
    assert server.pid == pid and server.running
    assert "Traceback" not in server.log()


def rest_of(server: LiveServer, world: World) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {next(iter(world.tokens.values()))}"}
    return httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=30)


def messages_of(world: World) -> str:
    return f"/api/conversations/{world.topics[0].partition('.')[2]}/messages/"
