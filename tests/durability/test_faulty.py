"""The checker is worth something: it catches a writer that replies before it commits, every time."""

import asyncio
from collections.abc import Mapping

import pytest

from tests.durability.checker import Verdict, check
from tests.durability.client import Client
from tests.durability.world import SETTINGS, make_world, read_stored
from tests.services import LiveServer, StartServer
from tests.waiting import wait_until_async

pytestmark = [pytest.mark.slow, pytest.mark.faults]

ROUNDS = 5
CLIENTS = 6
ANSWERS = 60
FAULTY = {"DJANGO_SETTINGS_MODULE": "tests.faulty.settings"}


async def kill_at_an_answer(server: LiveServer, prefix: str) -> Verdict:
    """Send until a number of answers has come, kill the server at that moment, and check what is left."""
    answers = 0

    def on_ack() -> None:
        nonlocal answers
        answers += 1
        if answers == ANSWERS:
            server.kill()  # At once, before the event loop does anything else.

    world = await asyncio.to_thread(make_world, server, CLIENTS, 1, 1, prefix)
    clients = [Client(name, server.ws_url, token, world.topics, on_ack) for name, token in world.tokens.items()]
    tasks = [asyncio.create_task(client.run()) for client in clients]
    await wait_until_async(lambda: not server.running, "the kill", 30)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for client in clients:  # Nobody waited for the last events: the log and the answers are what is checked.
        client.log.ended.clear()
    verdict = await asyncio.to_thread(lambda: check([c.log for c in clients], read_stored(server)))
    print(f"{prefix}: {str(verdict).splitlines()[0]}")
    assert verdict.acknowledged >= ANSWERS
    return verdict


async def rounds(start: StartServer, env: Mapping[str, str]) -> list[Verdict]:
    server = await asyncio.to_thread(lambda: start(env=env))
    verdicts = []
    for round in range(ROUNDS):
        if not server.running:
            await asyncio.to_thread(server.start)
        verdicts.append(await kill_at_an_answer(server, f"r{round}u"))
    return verdicts


async def test_a_reply_before_the_commit_is_caught(live_server_process: StartServer) -> None:
    """ACK-1: the deliberate bug is found five times out of five."""
    verdicts = await rounds(live_server_process, FAULTY)
    caught = sum(bool(verdict.lost) for verdict in verdicts)
    print(f"\nthe deliberate bug was caught {caught} times out of {ROUNDS}")
    assert caught == ROUNDS


async def test_and_the_real_writer_is_not_accused(live_server_process: StartServer) -> None:
    """ACK-1: the same kills at the same moment, without the bug."""
    verdicts = await rounds(live_server_process, SETTINGS)
    assert all(verdict.clean for verdict in verdicts), verdicts
