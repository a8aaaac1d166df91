"""What happens to the clients while messages flow."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hubbub.bench.client import Client
from hubbub.bench.link import soon
from hubbub.client.backoff import Backoff

CYCLE_SECONDS = 15.0
AWAY_SECONDS = 2.0
AVALANCHES = 3
SLOW_SHARE = 0.2


@dataclass(frozen=True)
class Scenario:
    """``trouble(clients, seconds)`` returns when the time is over, and leaves the clients able to recover."""

    key: str
    text: str
    trouble: Callable[[Sequence[Client], float], Coroutine[Any, Any, None]]
    wait: Callable[[int], float] = Backoff().wait
    """Seconds before each attempt to connect again."""
    slow_share: float = 0.0
    """The part of the clients that only listen, and are slow at it."""
    padding: str = ""
    """What makes each message longer."""


async def _steady(clients: Sequence[Client], seconds: float) -> None:
    await asyncio.sleep(seconds)


class Lossy(Protocol):
    """A client that can be without a network."""

    def lose_network(self) -> None: ...

    def regain_network(self) -> None: ...


async def jitter(clients: Sequence[Lossy], seconds: float) -> None:
    """Let each be without a network for a while, at a moment of its own in each cycle."""
    end = asyncio.get_running_loop().time() + seconds

    async def losing(client: Lossy) -> None:
        await asyncio.sleep(random.random() * CYCLE_SECONDS)
        while asyncio.get_running_loop().time() + AWAY_SECONDS < end:
            client.lose_network()
            await asyncio.sleep(AWAY_SECONDS)
            client.regain_network()
            await asyncio.sleep(CYCLE_SECONDS - AWAY_SECONDS)

    tasks = [asyncio.create_task(losing(client)) for client in clients]
    try:
        await asyncio.sleep(seconds)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for client in clients:
            client.regain_network()


async def _avalanche(clients: Sequence[Client], seconds: float) -> None:
    for _ in range(AVALANCHES):
        await asyncio.sleep(seconds / (AVALANCHES + 1))
        for client in clients:
            client.cut()
    await asyncio.sleep(seconds / (AVALANCHES + 1))


async def _slow(clients: Sequence[Client], seconds: float) -> None:
    slow = clients[: slow_ones(len(clients), SLOW_SHARE)]
    for client in slow:
        client.stop_reading()
    try:
        await asyncio.sleep(seconds)
    finally:
        for client in slow:
            client.read_again()


def slow_ones(clients: int, share: float) -> int:
    """How many of the first clients are slow; whoever else there is must be able to speak."""
    return min(clients - 1, max(1, round(clients * share))) if share else 0


def _at_once(attempt: int) -> float:
    """The first time nobody waits; who is turned away then, waits as clients do."""
    return 0.0 if attempt == 0 else Backoff().wait(attempt)


ALL = (
    Scenario("steady", "Messages flow, and nothing goes wrong.", _steady),
    Scenario(
        "jitter",
        f"Each client loses its network for {AWAY_SECONDS:g} s in every {CYCLE_SECONDS:g} s; the server is not told.",
        jitter,
    ),
    Scenario(
        "avalanche",
        f"All connections are reset at one moment, {AVALANCHES} times; everybody comes back at once.",
        _avalanche,
        wait=_at_once,
    ),
    Scenario(
        "slow",
        f"{SLOW_SHARE:.0%} of the clients stop reading messages of 14 KB, and begin again at the end.",
        _slow,
        wait=soon,
        slow_share=SLOW_SHARE,
        padding=" " + "\u6d41" * 4800,
    ),
)
BY_KEY = {scenario.key: scenario for scenario in ALL}
