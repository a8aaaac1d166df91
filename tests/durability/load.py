"""Many clients that send, something that goes wrong in between, and what is left of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from tests.durability.checker import Verdict, check
from tests.durability.client import Client, Times, steadily
from tests.durability.world import World, read_stored
from tests.services import LiveServer
from tests.waiting import wait_until_async

DEADLINE_SECONDS = 280.0
"""Less than that of a test that hangs."""


def clients_of(server: LiveServer, world: World, watch: Times | None = None) -> list[Client]:
    return [
        Client(name, server.ws_url, token, world.topics, watch=watch, deadline=DEADLINE_SECONDS)
        for name, token in world.tokens.items()
    ]


async def load(
    clients: Sequence[Client],
    faults: Sequence[Callable[[], Awaitable[object]]],
    enough: int,
    *,
    pace: float = 0.0,
    to_the_end: bool = True,
) -> list[float]:
    """Let the clients send until there are ``enough`` answers, with the faults spread evenly on the way.

    A fault is over when it returns. Returns the seconds from each one's end to everybody's being served again.
    ``pace``: each says something once in so many seconds, instead of as fast as it is answered.
    ``to_the_end``: wait until the last events have come everywhere.
    """

    def acknowledged() -> int:
        return sum(len(client.log.acks) for client in clients)

    async def answers(goal: int) -> None:
        await wait_until_async(lambda: acknowledged() >= goal, f"{goal} answers", 60)

    async def everybody_again(before: list[int]) -> None:
        def again() -> bool:
            return all(len(client.log.acks) > n for client, n in zip(clients, before, strict=True))

        await wait_until_async(again, "everybody's being answered again", 60)

    resumed: list[float] = []
    async with asyncio.TaskGroup() as group:
        for client in clients:
            client.sending = not pace
        tasks = [group.create_task(client.run()) for client in clients]
        speaking = [group.create_task(steadily(client, pace)) for client in clients if pace]
        for round, fault in enumerate(faults, start=1):
            await answers(enough * round // (len(faults) + 1))
            await wait_until_async(lambda: any(not client.idle for client in clients), "something under way")
            await fault()
            healed = time.monotonic()
            await everybody_again([len(client.log.acks) for client in clients])
            resumed.append(time.monotonic() - healed)
        await answers(enough)
        for task in speaking:
            task.cancel()
        tops = await last_answers(clients, 60)
        if to_the_end:
            await wait_until_async(lambda: all(client.reached(tops) for client in clients), "the last events", 30)
        for task in tasks:
            task.cancel()
    return resumed


async def last_answers(clients: Sequence[Client], seconds: float = 30) -> dict[str, int]:
    """Nobody sends any more, and all is answered: how far each topic has come."""
    for client in clients:
        client.sending = False
    await wait_until_async(lambda: all(client.idle for client in clients), "the last answers", seconds)
    return acknowledged_tops(clients)


def acknowledged_tops(clients: Sequence[Client]) -> dict[str, int]:
    """The highest offset of each topic that was acknowledged so far."""
    tops: dict[str, int] = {}
    for ack in (ack for client in clients for ack in client.log.acks):
        tops[ack.topic] = max(tops.get(ack.topic, 0), ack.offset)
    return tops


def judge(server: LiveServer, clients: list[Client], url: str = "") -> Verdict:
    verdict = check([client.log for client in clients], read_stored(server, url))
    repeats = sum(client.repeats for client in clients)
    seen = sum(len(client.log.seen) for client in clients)
    print(f"\n{verdict}; {seen} deliveries, {repeats} sends repeated")
    return verdict
