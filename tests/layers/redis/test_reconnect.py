"""Valkey killed, cut off, paused, full: what was subscribed comes back by itself, and whoever must is told."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from redis.exceptions import ConnectionError, OutOfMemoryError

from hubbub.layers.redis import RedisLayer, subscriber
from hubbub.testing import Proxy
from tests.layers.redis.valkey import Valkey, connections
from tests.waiting import wait_until_async

pytestmark = pytest.mark.faults


class Told:
    """How often a callback was called."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


class Follower:
    """A layer with members in many groups, and what it was told."""

    def __init__(self, layer: RedisLayer, groups: int = 50) -> None:
        self.layer = layer
        self.told = Told()
        self.groups = [f"g.{n}" for n in range(groups)]
        self.channel = ""

    async def start(self) -> None:
        self.layer.on_reconnect(self.told)
        self.channel = await self.layer.new_channel()
        for group in self.groups:
            await self.layer.group_add(group, self.channel)

    async def all_work(self, sender: RedisLayer) -> None:
        """Every group reaches the channel once, and what is sent to it directly."""
        for group in self.groups:
            await sender.group_send(group, {"type": "x", "to": group})
        await sender.send(self.channel, {"type": "x", "to": "me"})
        got = [await asyncio.wait_for(self.layer.receive(self.channel), 5) for _ in range(len(self.groups) + 1)]
        assert [message["to"] for message in got] == [*self.groups, "me"]


@pytest.fixture
async def follower(valkey: Valkey) -> AsyncIterator[Follower]:
    follower = Follower(RedisLayer(hosts=[valkey.url + "?socket_timeout=0.5"]))
    await follower.start()
    yield follower
    await follower.layer.close()


@pytest.fixture
async def sender(valkey: Valkey) -> AsyncIterator[RedisLayer]:
    layer = RedisLayer(hosts=[valkey.url + "?socket_timeout=0.5"])
    yield layer
    await layer.close()


async def eventually(attempt: Callable[[], Awaitable[object]]) -> None:
    """Try until the server is there again: commands fail at once while it is away."""
    deadline = time.monotonic() + 10
    while True:
        try:
            await attempt()
            return
        except ConnectionError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)


async def test_a_restart(
    valkey: Valkey, follower: Follower, sender: RedisLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """LAY-4: everything is followed again, the callback is called once, and the log says both once."""
    await follower.all_work(sender)
    receiving = asyncio.create_task(follower.layer.receive(follower.channel))
    with caplog.at_level(logging.WARNING, "hubbub.layer"):
        valkey.kill()
        with pytest.raises(ConnectionError, match=f"127.0.0.1:{valkey.port} is away"):
            await sender.group_send("g.1", {"type": "x"})
        with pytest.raises(ConnectionError):
            await follower.layer.group_add("late", follower.channel)
        began = time.monotonic()
        with pytest.raises(ConnectionError):
            await sender.send("work", {"type": "x"})
        assert time.monotonic() - began < 0.2, "it fails at once"
        valkey.start()
        back = time.monotonic()
        await wait_until_async(lambda: follower.told.times, "it is told")
    print(f"followed again {time.monotonic() - back:.2f} s after the restart")
    assert not receiving.done(), "who receives waits, and gets no error"
    await eventually(lambda: sender.group_send("g.7", {"type": "x", "to": "g.7"}))
    assert (await asyncio.wait_for(receiving, 5))["to"] == "g.7"
    await follower.all_work(sender)
    assert follower.told.times == 1
    said = [record.getMessage() for record in caplog.records if record.name.startswith("hubbub.layer")]
    assert len([each for each in said if "lost" in each]) == len([each for each in said if "again, after" in each]) == 1
    assert not follower.layer._mailboxes.find("late")


async def test_connections_that_are_killed(valkey: Valkey, follower: Follower, sender: RedisLayer) -> None:
    """LAY-4: CLIENT KILL, again and again; a message that was sent while nobody listened is missed, and said to be."""
    for times in range(1, 6):
        with valkey.client() as client:
            client.client_kill_filter(_type="pubsub")
            client.client_kill_filter(_type="normal", skipme=True)
        await wait_until_async(lambda times=times: follower.told.times == times, "it is told")  # type: ignore[misc]
        await eventually(lambda: follower.layer.send("other", {"type": "x"}))
        await eventually(lambda: sender.send("other", {"type": "x"}))
        await follower.all_work(sender)
    assert len(connections(valkey.url, name="")) == 3  # A subscriber, and each layer's commands.


async def test_a_pause_that_is_short_loses_nothing(valkey: Valkey, follower: Follower, sender: RedisLayer) -> None:
    """LAY-4: what the server was asked is answered once it goes on."""
    with valkey.client() as client:
        client.execute_command("CLIENT", "PAUSE", 200, "ALL")
    await follower.all_work(sender)
    assert follower.told.times == 0


async def test_a_server_that_hangs(
    valkey: Valkey, follower: Follower, sender: RedisLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LAY-4: it keeps its connections and says nothing: senders are told in time, and listeners once it goes on."""
    monkeypatch.setattr(subscriber, "PING_SECONDS", 0.2)
    other = Follower(RedisLayer(hosts=[valkey.url + "?socket_connect_timeout=0.3"]))
    await other.start()
    await sender.send("other", {"type": "x"})
    valkey.pause()
    began = time.monotonic()
    with pytest.raises(ConnectionError, match="did not answer in time"):
        await sender.group_send("g.1", {"type": "x"})
    assert 0.4 < time.monotonic() - began < 1.5
    await asyncio.sleep(1)
    valkey.resume()
    await wait_until_async(lambda: other.told.times, "it is told")
    await eventually(lambda: sender.send("other", {"type": "x"}))
    with valkey.client() as client:
        await wait_until_async(lambda: len(client.pubsub_channels("*:group:*")) == len(other.groups), "all is followed")
    await other.all_work(sender)
    await other.layer.close()


async def test_a_wire_that_is_cut(valkey: Valkey, sender: RedisLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    """LAY-4: nothing comes through and nobody says so; a listener notices within two pings."""
    monkeypatch.setattr(subscriber, "PING_SECONDS", 0.2)
    with Proxy(valkey.port) as proxy:
        layer = RedisLayer(hosts=[f"redis://127.0.0.1:{proxy.port}?socket_connect_timeout=0.3"])
        follower = Follower(layer)
        await follower.start()
        proxy.stall()
        await sender.group_send("g.1", {"type": "missed"})
        await asyncio.sleep(1)
        proxy.resume()
        await wait_until_async(lambda: follower.told.times, "it is told")
        await follower.all_work(sender)
        await layer.close()


async def test_messages_to_one_channel_survive(valkey: Valkey, sender: RedisLayer) -> None:
    """LAY-1: sent while its process is not listening, they wait on the server, and come before what is newer."""
    with Proxy(valkey.port) as proxy:
        layer = RedisLayer(hosts=[f"redis://127.0.0.1:{proxy.port}"])
        follower = Follower(layer)
        await follower.start()
        await follower.all_work(sender)
        proxy.cut()
        with valkey.client() as client:
            await wait_until_async(lambda: not client.pubsub_channels(), "nobody listens")
        for n in range(5):
            await sender.send(follower.channel, {"type": "x", "n": n})
        proxy.mend()
        got = [await asyncio.wait_for(layer.receive(follower.channel), 5) for _ in range(5)]
        assert [message["n"] for message in got] == list(range(5))
        await layer.close()


async def test_workers_wait_through_it(valkey: Valkey, sender: RedisLayer) -> None:
    """LAY-4: who waits on a shared channel goes on waiting, and is woken after."""
    worker = RedisLayer(hosts=[valkey.url])
    receiving = asyncio.create_task(worker.receive("work"))
    with valkey.client() as client:
        await wait_until_async(lambda: client.pubsub_channels("*work"), "it listens")
    valkey.kill()
    valkey.start()
    await eventually(lambda: sender.send("work", {"type": "x"}))
    assert (await asyncio.wait_for(receiving, 10))["type"] == "x"
    await worker.close()


async def test_a_server_that_is_there_later(caplog: pytest.LogCaptureFixture) -> None:
    """LAY-4: the process starts without it; memberships fail with a clear error, receiving waits."""
    valkey = Valkey()
    layer = RedisLayer(hosts=[valkey.url])
    told = Told()
    layer.on_reconnect(told)
    channel = await layer.new_channel()
    receiving = asyncio.create_task(layer.receive(channel))
    with pytest.raises(ConnectionError, match="is away"):
        await layer.group_add("g", channel)
    with valkey:
        await wait_until_async(lambda: told.times, "it is told")
        await eventually(lambda: layer.group_add("g", channel))
        await eventually(lambda: layer.group_send("g", {"type": "x"}))
        assert await asyncio.wait_for(receiving, 5) == {"type": "x"}
        await layer.close()


async def test_consumers_are_told(valkey: Valkey) -> None:
    """LAY-4: by a message of the type that the settings name, on each of their channels."""
    layer = RedisLayer(hosts=[valkey.url], on_disconnect="redis.lost", on_reconnect="redis.back")
    channels = [await layer.new_channel() for _ in range(2)]
    for channel in channels:
        await layer.group_add("g", channel)
    with valkey.client() as client:
        client.client_kill_filter(_type="pubsub")
    for channel in channels:
        for expected in ("redis.lost", "redis.back"):
            assert await asyncio.wait_for(layer.receive(channel), 5) == {"type": expected}
    await layer.close()


async def test_a_full_server() -> None:
    """LAY-4: it refuses what would have to be stored, and groups go on: they store nothing."""
    with Valkey(maxmemory="3mb", **{"maxmemory-policy": "noeviction"}) as valkey:
        layer = RedisLayer(hosts=[valkey.url], capacity=100_000)
        channel = await layer.new_channel()
        await layer.group_add("g", channel)
        large = {"type": "x", "text": "x" * 100_000}
        with pytest.raises(OutOfMemoryError):
            await asyncio.gather(*(layer.send("work", large) for _ in range(100)))
        await layer.group_send("g", {"type": "x"})
        assert await asyncio.wait_for(layer.receive(channel), 5) == {"type": "x"}
        await layer.close()


async def test_nothing_is_asked_of_a_silent_server(valkey: Valkey) -> None:
    """LAY-4: no polling: beside a ping every few seconds, idle processes cost the server nothing."""
    layer = RedisLayer(hosts=[valkey.url])
    receiving = [asyncio.create_task(layer.receive(await layer.new_channel())) for _ in range(20)]
    receiving += [asyncio.create_task(layer.receive(f"work.{n}")) for n in range(20)]
    with valkey.client() as client:
        looked = lambda: client.info("commandstats").get("cmdstat_lpop", {}).get("calls", 0)  # noqa: E731
        await wait_until_async(lambda: looked() == 41, "all have looked twice, and the inbox once")
        before = client.info("commandstats")
        await asyncio.sleep(1.5)
        after = client.info("commandstats")
    calls = {name: figures["calls"] - before.get(name, {"calls": 0})["calls"] for name, figures in after.items()}
    print(f"in 1.5 s, 40 receivers: { ({name: count for name, count in calls.items() if count}) }")
    assert sum(calls.values()) <= 3  # INFO itself, and at most a ping.
    for each in receiving:
        each.cancel()
    await asyncio.wait(receiving)
    await layer.close()


async def test_a_callback_that_raises(
    valkey: Valkey, follower: Follower, sender: RedisLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """LAY-4: is logged, and neither the connection nor the other callbacks suffer from it."""
    calls = Told()

    def broken() -> None:
        calls()
        raise RuntimeError("a bug of the caller's")

    follower.layer.on_reconnect(broken)
    follower.layer._here().on_lost.append(broken)
    after = Told()
    follower.layer.on_reconnect(after)
    valkey.kill()
    valkey.start()
    await wait_until_async(lambda: after.times, "it is told")
    await eventually(lambda: sender.send("work", {"type": "x"}))
    await follower.all_work(sender)
    print(f"called {calls.times} times: when the connection was lost and when it was back")
    assert (calls.times, follower.told.times, after.times) == (2, 1, 1)
    assert caplog.text.count("a bug of the caller's") >= 1
    assert len(connections(valkey.url, name="")) >= 2
