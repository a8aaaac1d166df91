"""The checker is worth something: it catches each deliberate bug of ``tests/faulty``, every time."""

import asyncio
from collections.abc import Mapping

import pytest

from hubbub.testing import Proxy
from tests.durability.checker import Verdict, check
from tests.durability.client import Client
from tests.durability.leaving import leave_while_connected
from tests.durability.load import load
from tests.durability.world import SETTINGS, make_world, read_stored
from tests.services import LiveServer, StartServer
from tests.waiting import wait_until_async

pytestmark = [pytest.mark.slow, pytest.mark.faults]

LONG = 5
CLIENTS = 6
ANSWERS = 60
TALK = 400

several = pytest.mark.parametrize("rounds", [1, pytest.param(LONG, marks=pytest.mark.long)])


def faulty(bug: str) -> dict[str, str]:
    return {"DJANGO_SETTINGS_MODULE": "tests.faulty.settings", "FAULTY": bug}


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


async def run(start: StartServer, env: Mapping[str, str], rounds: int) -> list[Verdict]:
    server = await asyncio.to_thread(lambda: start(env=env))
    verdicts = []
    for round in range(rounds):
        if not server.running:
            await asyncio.to_thread(server.start)
        verdicts.append(await kill_at_an_answer(server, f"r{round}u"))
    return verdicts


@several
async def test_a_reply_before_the_commit_is_caught(live_server_process: StartServer, rounds: int) -> None:
    """ACK-1"""
    env = faulty("reply_before_commit") | {"FAULTY_HELD_SECONDS": "0.3"}  # So long the kill may take to arrive.
    verdicts = await run(live_server_process, env, rounds)
    caught = sum(bool(verdict.lost) for verdict in verdicts)
    print(f"reply before commit: found {caught} times out of {rounds}")
    assert caught == rounds


@several
async def test_and_the_real_writer_is_not_accused(live_server_process: StartServer, rounds: int) -> None:
    """ACK-1: the same kills at the same moment, without the bug."""
    verdicts = await run(live_server_process, SETTINGS, rounds)
    assert all(verdict.clean for verdict in verdicts), verdicts


async def talk(server: LiveServer, prefix: str, cuts: int) -> Verdict:
    """Everybody sends and listens, over a wire that is cut now and then, until some hundred messages are there."""
    world = await asyncio.to_thread(make_world, server, CLIENTS, 1, 1, prefix)
    with Proxy(server.port) as wire:
        clients = [Client(name, wire.ws_url, token, world.topics) for name, token in world.tokens.items()]

        async def cut() -> None:
            wire.cut()
            wire.mend()

        await load(clients, [cut] * cuts, TALK, to_the_end=False)  # Where the last one is dropped, it never comes.
    for client in clients:
        client.log.ended.clear()
    stored = await asyncio.to_thread(read_stored, server, "", world.topics)
    return check([client.log for client in clients], stored)


@several
@pytest.mark.parametrize(
    ("bug", "kind", "cuts"), [("drop_every_100th_wake_up", "lost", 0), ("skip_dedupe", "doubled", 5)]
)
async def test_what_is_dropped_or_done_twice_is_caught(
    live_server_process: StartServer, bug: str, kind: str, cuts: int, rounds: int
) -> None:
    """EVT-1, ACK-2: and the same run without the bug is clean."""
    server = await asyncio.to_thread(lambda: live_server_process(env=faulty(bug)))
    verdicts = [await talk(server, f"r{round}u", cuts) for round in range(rounds)]
    caught = sum(bool(getattr(verdict, kind)) for verdict in verdicts)
    print(f"{bug.replace('_', ' ')}: found {caught} times out of {rounds}, {getattr(verdicts[0], kind)[0]}")
    assert caught == rounds
    sound = await asyncio.to_thread(lambda: live_server_process(env=SETTINGS))
    verdict = await talk(sound, "sound", cuts)
    print(f"without it: {verdict}")
    assert verdict.clean, verdict


async def test_who_is_shown_what_is_not_theirs_any_more_is_caught(live_server_process: StartServer) -> None:
    """SUB-4: a removed person goes on seeing the conversation; the others are closed."""
    server = await asyncio.to_thread(lambda: live_server_process(env=faulty("stale_membership")))
    leavers, verdict = await leave_while_connected(server, server)
    print(f"stale membership: {len(verdict.leaked)} events seen after leaving")
    assert verdict.leaked and not (verdict.lost or verdict.doubled or verdict.out_of_order)
    assert all(leavers["remove"].name in leak for leak in verdict.leaked)
