"""A server that is killed in the middle, again and again, loses nothing that it has acknowledged."""

import asyncio

import pytest

from tests.durability.load import clients_of, judge, load
from tests.durability.world import SETTINGS, make_world
from tests.services import StartServer

pytestmark = [pytest.mark.slow, pytest.mark.faults]

CLIENTS = 20
ENOUGH = 350
"""Answers for each kill."""

several = pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.long)])


async def run(start: StartServer, env: dict[str, str], url: str, kills: int) -> None:
    enough = ENOUGH * kills
    server = await asyncio.to_thread(lambda: start(env=SETTINGS | env))
    world = await asyncio.to_thread(make_world, server, CLIENTS)
    clients = clients_of(server, world)

    async def kill_and_start() -> None:
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)

    resumed = await load(clients, [kill_and_start] * kills, enough)
    verdict = await asyncio.to_thread(judge, server, clients, url)
    print(f"{kills} kills; everybody served again at most {max(resumed):.2f} s after the server was ready")
    assert verdict.clean, verdict
    assert verdict.acknowledged >= enough
    assert verdict.unanswered == 0
    assert sum(client.repeats for client in clients) > 0
    assert not [reset for client in clients for reset in client.resets]
    assert not [error for client in clients for error in client.errors]


@several
async def test_nothing_acknowledged_is_lost_doubled_or_out_of_order(
    live_server_process: StartServer, kills: int
) -> None:
    """ACK-1, ACK-2, EVT-1, EVT-2, EVT-3, SUB-2, ENV-4: kill -9 in the middle, on SQLite."""
    await run(live_server_process, {}, "", kills)


@several
@pytest.mark.postgres
async def test_nor_on_postgresql(live_server_process: StartServer, own_postgres: str, kills: int) -> None:
    """ACK-1, ACK-2, EVT-1, EVT-2, EVT-3, SUB-2, ENV-4: the same on PostgreSQL."""
    env = {"DATABASE_URL": own_postgres}
    await run(live_server_process, env, own_postgres, kills)
