"""The client of the usual code, and what is counted of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.server import Server, ServerConnection, broadcast, serve

from benchmarks.reconnecting import ReconnectingClient
from benchmarks.workloads.jitter import _count
from hubbub.bench.stopwatch import Stopwatch
from tests.waiting import wait_until_async


@pytest.fixture
async def room() -> AsyncIterator[Server]:
    """Tells everybody who is connected what one of them says, and remembers nothing."""
    there: set[ServerConnection] = set()

    async def join(link: ServerConnection) -> None:
        there.add(link)
        try:
            async for frame in link:
                broadcast(there, str(frame))
        finally:
            there.discard(link)

    async with serve(join, "127.0.0.1", 0) as server:
        yield server


async def test_it_misses_what_is_said_while_it_is_away_and_says_later_what_it_could_not(room: Server) -> None:
    port = room.sockets[0].getsockname()[1]
    watch = Stopwatch()
    url = f"ws://127.0.0.1:{port}/"
    one, two = (ReconnectingClient(name, url, {}, watch, lambda attempt: 0.0) for name in ("one", "two"))
    tasks = [asyncio.create_task(client.run(30)) for client in (one, two)]
    try:
        await wait_until_async(lambda: one.connected and two.connected, "both")
        one.say()
        await wait_until_async(lambda: one.seen == two.seen == ["one-0"], "a message")
        two.lose_network()
        one.say()
        await wait_until_async(lambda: len(one.seen) == 2, "another")
        assert not two.connected
        two.say()
        two.regain_network()
        await wait_until_async(lambda: "two-0" in one.seen and "two-0" in two.seen, "what was said while away")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert two.seen == ["one-0", "two-0"]
    counts = _count([[one, two]], watch)
    assert (counts.sent, counts.taken, counts.expected, counts.delivered, counts.wrong) == (3, 3, 6, 5, 1)
    assert len(watch.resumes) == 1 and len(watch.deliveries) == 5
