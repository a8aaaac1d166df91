"""Several loops and threads in one process: views, tasks of a worker, loops made by hand. Nothing is left of any."""

from __future__ import annotations

import asyncio
import gc
import secrets
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import uvloop
from asgiref.sync import async_to_sync, sync_to_async
from redis.exceptions import ConnectionError

from hubbub.layers.redis import RedisLayer
from tests.layers.redis.valkey import Valkey, connections
from tests.waiting import wait_until


@pytest.fixture
def layer(valkey: Valkey) -> Iterator[RedisLayer]:
    """A layer; at the end nobody is connected, and nothing was left to the garbage collector."""
    gc.collect()  # What other tests have left is theirs.
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        layer = RedisLayer(hosts=[valkey.url], prefix="loops")
        yield layer
        wait_until(lambda: not connections(valkey.url), "all connections are closed")
        assert not layer._locals and not layer._readers
        gc.collect()


def test_from_synchronous_code(layer: RedisLayer, valkey: Valkey) -> None:
    """LAY-5: each call has a loop of its own, which ends with it; what was sent is there for the next."""
    channel = async_to_sync(layer.new_channel)()
    for n in range(3):
        async_to_sync(layer.send)(channel, {"type": "x", "n": n})
        async_to_sync(layer.send)("work", {"type": "x", "n": n})
        wait_until(lambda: not connections(valkey.url), "its connection is closed")
    for name in (channel, "work"):
        assert [async_to_sync(layer.receive)(name)["n"] for _ in range(3)] == [0, 1, 2]
    async_to_sync(layer.group_add)("g", channel)
    async_to_sync(layer.group_send)("g", {"type": "group"})
    assert async_to_sync(layer.receive)(channel)["type"] == "group"
    async_to_sync(layer.group_discard)("g", channel)


def test_a_loop_closed_by_hand(layer: RedisLayer) -> None:
    """LAY-5: without asyncio.run, on either kind of loop, with something still under way."""
    for loop in (asyncio.new_event_loop(), uvloop.new_event_loop()):
        channel = loop.run_until_complete(layer.new_channel())
        loop.run_until_complete(layer.group_add("g", channel))
        loop.run_until_complete(layer.group_send("g", {"type": "x"}))
        assert loop.run_until_complete(layer.receive(channel)) == {"type": "x"}
        loop.close()
        assert loop.is_closed()


def test_a_thread_tells_the_loop(layer: RedisLayer, valkey: Valkey) -> None:
    """LAY-5: a task of a worker, and a synchronous consumer's thread, reach who receives on another loop."""

    async def serve() -> None:
        channel = await layer.new_channel()
        receiving = asyncio.create_task(layer.receive(channel))
        # As a synchronous consumer joins: on the loop that it belongs to.
        await sync_to_async(async_to_sync(layer.group_add), thread_sensitive=False)("g", channel)
        thread = threading.Thread(target=lambda: async_to_sync(layer.group_send)("g", {"type": "task"}))
        thread.start()
        assert await asyncio.wait_for(receiving, 5) == {"type": "task"}
        await asyncio.to_thread(thread.join)
        # As a view leaves it: from a loop of its own.
        await asyncio.to_thread(lambda: asyncio.run(layer.group_discard("g", channel)))
        await layer.group_send("g", {"type": "late"})
        await layer.send(channel, {"type": "end"})
        assert await asyncio.wait_for(layer.receive(channel), 5) == {"type": "end"}

    asyncio.run(serve())


def test_two_loops_at_once(layer: RedisLayer, valkey: Valkey) -> None:
    """LAY-5: one connection for commands and one to listen on, for each loop."""
    ready, done = threading.Barrier(3), threading.Barrier(3)
    got: list[dict[str, Any]] = []

    async def serve() -> None:
        channels = [await layer.new_channel() for _ in range(20)]
        receiving = [asyncio.create_task(layer.receive(channel)) for channel in channels]
        for n, channel in enumerate(channels):
            await layer.group_add(f"g.{n % 5}", channel)
            await layer.group_add("all", channel)
        await asyncio.to_thread(ready.wait, 10)
        got.extend(await asyncio.wait_for(asyncio.gather(*receiving), 10))
        await asyncio.to_thread(done.wait, 10)

    threads = [threading.Thread(target=asyncio.run, args=(serve(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    ready.wait(10)
    assert len(connections(valkey.url)) == 4
    async_to_sync(layer.group_send)("all", {"type": "x"})
    done.wait(10)
    for thread in threads:
        thread.join()
    assert got == [{"type": "x"}] * 40


def test_a_receiver_outlives_the_loop_that_read_for_it(layer: RedisLayer) -> None:
    """LAY-5: a channel made and read on one loop, then received on by another."""

    async def begin() -> str:
        channel = await layer.new_channel()
        await layer.send(channel, {"type": "one"})
        assert (await layer.receive(channel))["type"] == "one"
        return channel

    async def go_on(channel: str) -> None:
        await asyncio.wait_for(layer.receive(channel), 5)

    channel = asyncio.run(begin())
    async_to_sync(layer.send)(channel, {"type": "two"})
    asyncio.run(go_on(channel))


async def test_close_and_use_again(valkey: Valkey) -> None:
    """LAY-5: no task is left, and the layer begins anew when it is used."""
    layer = RedisLayer(hosts=[valkey.url])
    before = asyncio.all_tasks()
    for _ in range(2):
        channel = await layer.new_channel()
        await layer.group_add("g", channel)
        await layer.group_send("g", {"type": "x"})
        assert (await layer.receive(channel))["type"] == "x"
        await layer.close()
        assert asyncio.all_tasks() == before


def test_threads_that_begin_at_once(layer: RedisLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    """LAY-5: all channels of a process are its own, whichever thread used the layer first."""
    token = secrets.token_hex

    def slowly(size: int) -> str:
        time.sleep(0.05)  # Long enough for all threads to be in the middle of it.
        return token(size)

    monkeypatch.setattr("secrets.token_hex", slowly)
    together = threading.Barrier(8)

    async def serve() -> dict[str, Any]:
        together.wait(10)
        channel = await layer.new_channel()
        await layer.send(channel, {"type": "x"})
        return await asyncio.wait_for(layer.receive(channel), 10)

    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(lambda _: asyncio.run(serve()), range(8)))
    assert got == [{"type": "x"}] * 8


async def test_nothing_is_tried_again_after_the_end(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    """LAY-5: where older messages could not be fetched before it."""
    monkeypatch.setattr("hubbub.layers.redis.local.RETRY_SECONDS", 0.1)
    layer = RedisLayer(hosts=[valkey.url])
    channel = await layer.new_channel()
    local = layer._here()
    failed = asyncio.Event()
    run = local.servers.run

    async def broken(script: Any, *args: Any) -> Any:
        if script is local.servers.scripts.take:
            failed.set()
            raise ConnectionError("it is away")
        return await run(script, *args)

    monkeypatch.setattr(local.servers, "run", broken)
    before = asyncio.all_tasks()
    await layer.group_add("g", channel)
    await failed.wait()
    await layer.close()
    failed.clear()
    with suppress(TimeoutError):
        await asyncio.wait_for(failed.wait(), 0.3)  # As long as three tries would take.
    assert not failed.is_set()
    assert asyncio.all_tasks() == before


async def test_older_messages_are_fetched_in_the_end(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    """LAY-1: though fetching them failed at first."""
    monkeypatch.setattr("hubbub.layers.redis.local.RETRY_SECONDS", 0.1)
    layer = RedisLayer(hosts=[valkey.url])
    channel = await layer.new_channel()
    await layer.send(channel, {"type": "older"})
    local, failures = layer._here(), 0
    run = local.servers.run

    async def broken(script: Any, *args: Any) -> Any:
        nonlocal failures
        if script is local.servers.scripts.take and failures < 2:
            failures += 1
            raise ConnectionError("it is away")
        return await run(script, *args)

    monkeypatch.setattr(local.servers, "run", broken)
    assert await asyncio.wait_for(layer.receive(channel), 10) == {"type": "older"}
    assert failures == 2
    await layer.close()
