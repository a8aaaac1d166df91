"""The in-memory channel layer: the Channels layer specification, within one process."""

import asyncio
import threading
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.exceptions import ChannelFull

from hubbub.layers.memory import InMemoryLayer


async def test_messages_come_in_order():
    layer = InMemoryLayer()
    for n in range(3):
        await layer.send("work", {"type": "do", "n": n})
    assert [(await layer.receive("work"))["n"] for _ in range(3)] == [0, 1, 2]
    assert not layer._channels


async def test_a_receiver_gets_a_copy_of_its_own():
    layer = InMemoryLayer()
    message: dict[str, Any] = {"type": "do", "list": [1]}
    one, two = await layer.new_channel(), await layer.new_channel()
    for channel in (one, two):
        await layer.group_add("g", channel)
    await layer.group_send("g", message)
    message["list"].append(2)
    first = await layer.receive(one)
    first["list"].append(3)
    assert (await layer.receive(two))["list"] == [1]


async def test_a_full_channel_is_seen():
    layer = InMemoryLayer(capacity=2)
    for _ in range(2):
        await layer.send("work", {"type": "x"})
    with pytest.raises(ChannelFull):
        await layer.send("work", {"type": "x"})
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    for _ in range(5):
        await layer.group_send("g", {"type": "x"})
    assert layer.dropped == 3


async def test_messages_and_memberships_expire(monkeypatch):
    now = 100.0
    monkeypatch.setattr("hubbub.layers.memory.time.monotonic", lambda: now)
    layer = InMemoryLayer(expiry=10, group_expiry=50)
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    await layer.group_send("g", {"type": "old"})
    now += 11
    await layer.group_send("g", {"type": "new"})
    assert (await layer.receive(channel))["type"] == "new"
    now += 50
    await layer.group_send("g", {"type": "late"})
    assert layer._groups == {}
    assert layer._channels == {}


async def test_groups():
    layer = InMemoryLayer()
    one, two = await layer.new_channel("a"), await layer.new_channel("b")
    assert one.startswith("a.") and two.startswith("b.")
    await layer.group_add("g", one)
    await layer.group_add("g", two)
    await layer.group_discard("g", two)
    await layer.group_discard("g", two)
    await layer.group_send("g", {"type": "x"})
    assert (await layer.receive(one))["type"] == "x"
    await layer.flush()
    await layer.group_send("g", {"type": "y"})
    assert layer._channels == {}
    with pytest.raises(TypeError):
        await layer.group_add("not a group!", one)


async def test_from_another_thread():
    """A view or a task sends by ``async_to_sync``, on a loop of its own."""
    layer = InMemoryLayer()
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    receiving = asyncio.create_task(layer.receive(channel))
    await asyncio.sleep(0)
    thread = threading.Thread(target=lambda: async_to_sync(layer.group_send)("g", {"type": "hello"}))
    thread.start()
    assert await asyncio.wait_for(receiving, 5) == {"type": "hello"}
    thread.join()


async def test_a_cancelled_receiver_takes_nothing_with_it():
    layer = InMemoryLayer()
    first = asyncio.create_task(layer.receive("work"))
    second = asyncio.create_task(layer.receive("work"))
    await asyncio.sleep(0)
    await layer.send("work", {"type": "x"})
    first.cancel()
    assert await asyncio.wait_for(second, 5) == {"type": "x"}
    third = asyncio.create_task(layer.receive("work"))
    await asyncio.sleep(0)
    third.cancel()
    await asyncio.gather(first, third, return_exceptions=True)
    assert layer._channels == {}
