"""kill -9 to one worker of two, in the middle of what it hands out, again and again."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.client import Times
from tests.durability.load import clients_of, judge, load
from tests.durability.world import make_world
from tests.hostile.wire import quantile, quantiles
from tests.processes.conftest import Several, files_of
from tests.services import started
from tests.waiting import wait_until_async

pytestmark = [pytest.mark.slow, pytest.mark.faults]

CLIENTS = 20
KILLS = 20
RESUME_SECONDS = 2.0


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Its URL; empty for SQLite."""
    return str(request.getfixturevalue("own_postgres")) if request.param == "postgresql" else ""


@pytest.fixture
def server(tmp_path: Path, valkey_url: str, database: str) -> Iterator[Several]:
    env = {"DJANGO_SETTINGS_MODULE": "tests.processes.settings", "REDIS_URL": valkey_url, "DATABASE_URL": database}
    server = Several(tmp_path, valkey_url, 2, env={name: value for name, value in env.items() if value})
    with started(server):
        yield server


@pytest.mark.parametrize(
    ("database", "kills", "enough"),
    [
        ("sqlite", 3, 1200),
        pytest.param("postgresql", 3, 1200, marks=pytest.mark.postgres),
        pytest.param("postgresql", KILLS, 20_000, marks=[pytest.mark.postgres, pytest.mark.long]),
    ],
    indirect=["database"],
)
async def test_a_worker_is_killed(server: Several, database: str, kills: int, enough: int) -> None:
    """PRC-2, ACK-1, ACK-2, EVT-1, EVT-2: nothing acknowledged is lost, and soon there is another."""
    killed: list[int] = []

    async def kill() -> None:
        await wait_until_async(lambda: len(server.serving()) == 2, "another in its place", 30)
        killed.append(max(server.serving(), key=files_of))
        os.kill(killed[-1], signal.SIGKILL)

    world = await asyncio.to_thread(make_world, server, CLIENTS)
    watch = Times()
    clients = clients_of(server, world, watch)
    await load(clients, [kill] * kills, enough)
    verdict = await asyncio.to_thread(judge, server, clients, database)
    errors = {error["code"] for client in clients for error in client.errors}
    print(f"{len(set(killed))} workers killed; {len(watch.resumes)} connections resumed: {quantiles(watch.resumes)}")
    assert verdict.clean, verdict
    assert verdict.unanswered == 0 and verdict.acknowledged >= enough
    assert len(set(killed)) == kills
    assert not [reset for client in clients for reset in client.resets]
    assert errors <= {"busy"}
    if kills == KILLS:
        assert quantile(watch.resumes, 0.99) < RESUME_SECONDS
