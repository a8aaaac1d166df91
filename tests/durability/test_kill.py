"""A server that is killed in the middle, again and again, loses nothing that it has acknowledged."""

import asyncio
import time

import pytest

from tests.durability.checker import Verdict, check
from tests.durability.client import Client
from tests.durability.world import SETTINGS, make_world, read_stored
from tests.services import LiveServer, StartServer
from tests.waiting import wait_until_async

pytestmark = [pytest.mark.slow, pytest.mark.faults]

CLIENTS = 20
KILLS = 6
ENOUGH = 2000


async def load_and_kill(server: LiveServer, clients: list[Client], kills: int, enough: int) -> list[float]:
    """Let the clients send; kill and restart the server ``kills`` times on the way to ``enough`` answers.

    Returns the seconds from each new server's readiness to everybody's being resumed.
    """

    def acknowledged() -> int:
        return sum(len(client.log.acks) for client in clients)

    async def answers(goal: int) -> None:
        await wait_until_async(lambda: acknowledged() >= goal, f"{goal} answers", 60)

    async def everybody_again(before: list[int]) -> None:
        def again() -> bool:
            return all(len(client.log.acks) > n for client, n in zip(clients, before, strict=True))

        await wait_until_async(again, "everybody's being answered again", 30)

    resumed: list[float] = []
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.run()) for client in clients]
        for round in range(1, kills + 1):
            await answers(enough * round // (kills + 1))
            await asyncio.to_thread(server.kill)
            assert any(not client.idle for client in clients), "the kill was not in the middle"
            await asyncio.to_thread(server.start)
            ready = time.monotonic()
            await everybody_again([len(client.log.acks) for client in clients])
            resumed.append(time.monotonic() - ready)
        await answers(enough)
        for client in clients:
            client.sending = False
        await wait_until_async(lambda: all(client.idle for client in clients), "the last answers", 30)
        tops: dict[str, int] = {}
        for ack in (ack for client in clients for ack in client.log.acks):
            tops[ack.topic] = max(tops.get(ack.topic, 0), ack.offset)
        await wait_until_async(
            lambda: all(client.reached(tops) for client in clients), "the last events everywhere", 30
        )
        for task in tasks:
            task.cancel()
    return resumed


def judge(server: LiveServer, clients: list[Client], url: str = "") -> Verdict:
    verdict = check([client.log for client in clients], read_stored(server, url))
    repeats = sum(client.repeats for client in clients)
    seen = sum(len(client.log.seen) for client in clients)
    print(f"\n{verdict}; {seen} deliveries, {repeats} sends repeated")
    return verdict


async def run(start: StartServer, env: dict[str, str], url: str, kills: int, enough: int) -> None:
    server = await asyncio.to_thread(lambda: start(env=SETTINGS | env))
    world = await asyncio.to_thread(make_world, server, CLIENTS)
    clients = [Client(name, server.ws_url, token, world.topics) for name, token in world.tokens.items()]
    resumed = await load_and_kill(server, clients, kills, enough)
    verdict = await asyncio.to_thread(judge, server, clients, url)
    print(f"{kills} kills; everybody served again at most {max(resumed):.2f} s after the server was ready")
    assert verdict.clean, verdict
    assert verdict.acknowledged >= enough
    assert verdict.unanswered == 0
    assert sum(client.repeats for client in clients) > 0
    assert not [reset for client in clients for reset in client.resets]
    assert not [error for client in clients for error in client.errors]


async def test_nothing_acknowledged_is_lost_doubled_or_out_of_order(
    live_server_process: StartServer,
) -> None:
    """ACK-1, ACK-2, EVT-1, EVT-2, EVT-3, SUB-2, ENV-4: kill -9 in the middle, on SQLite."""
    await run(live_server_process, {}, "", KILLS, ENOUGH)


@pytest.mark.postgres
async def test_nor_on_postgresql(live_server_process: StartServer, own_postgres: str) -> None:
    """ACK-1, ACK-2, EVT-1, EVT-2, EVT-3, SUB-2, ENV-4: the same on PostgreSQL."""
    env = {"DATABASE_URL": own_postgres}
    await run(live_server_process, env, own_postgres, KILLS // 2, ENOUGH // 2)
