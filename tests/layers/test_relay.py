"""Two hubs on one layer, as two processes would be: the layer only wakes, the log is the truth."""

import msgspec
import pytest

from hubbub.django.relay import LayerRelay, from_message, hosts_of, relay_over, to_message
from hubbub.engine.ports import NoRelay
from hubbub.layers.memory import InMemoryLayer
from hubbub.protocol.registry import TopicKind, event, topic_kind
from hubbub.testing import Faults, FaultyLayer, MemoryEngine, settle


@event("test.relayed")
class Relayed(msgspec.Struct):
    n: int


@event("test.glimpsed", ephemeral=True)
class Glimpsed(msgspec.Struct):
    n: int


topic_kind(TopicKind("relay", lambda actor, topic: None))


class Process:
    """An engine with a relay, on a store that it shares with the other."""

    def __init__(self, layer, store):
        self.memory = MemoryEngine()
        self.memory.store = store
        self.relay = self.memory.relay = LayerRelay(layer)

    async def __aenter__(self):
        engine = await self.memory.__aenter__()
        self.relay.start(engine.engine)
        await settle()
        return engine

    async def __aexit__(self, *exc):
        await self.memory.__aexit__(*exc)


def offsets(connection):
    return [frame.get("offset") for frame in connection.events("relay.a")]


async def test_events_reach_the_other_process_once_and_in_order():
    """EVT-2 EVT-5: dropped, doubled and late wake-ups make no difference."""
    layer, store = InMemoryLayer(), MemoryEngine().store
    async with Process(layer, store) as one, Process(layer, store) as two:
        here, there = await one.connect("alice"), await two.connect("bob")
        for each in (here, there):
            await each.command("subscribe", "relay.a")
        await settle()
        await one.publish("relay.a", Relayed(1))
        await settle()
        assert offsets(here) == offsets(there) == [1]
        lost = store.append("relay.a", Relayed(2))
        one.engine.hub.deliver(lost)  # At home; its wake-up for the other is lost.
        third = await one.publish("relay.a", Relayed(3))
        one.engine.hub.relay.send(third)  # Doubled.
        await two.clock.advance(0.05)
        await settle()
        assert offsets(here) == offsets(there) == [1, 2, 3]
        one.engine.publish_ephemeral("relay.a", Glimpsed(1))
        await settle()
        assert there.frames[-1]["data"] == {"n": 1}
        assert len(offsets(here)) == len(offsets(there)) == 4


async def test_a_process_hears_only_of_what_somebody_there_follows():
    layer, store = InMemoryLayer(), MemoryEngine().store
    async with Process(layer, store) as one, Process(layer, store):
        here = await one.connect("alice")
        await here.command("subscribe", "relay.a")
        await settle()
        assert len(layer._groups["relay.a"]) == 1
        await here.command("unsubscribe", "relay.a")
        await settle()
        assert "relay.a" not in layer._groups


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_the_layer_does_to_its_messages(seed):
    """EVT-2 EVT-5: half of all wake-ups lost, doubled or late; both see the same, once and in order."""
    layer = FaultyLayer(InMemoryLayer(), Faults(seed=seed, drop=0.2, duplicate=0.15, reorder=0.15))
    store = MemoryEngine().store
    async with Process(layer, store) as one, Process(layer, store) as two:
        here, there = await one.connect("alice"), await two.connect("bob")
        for each in (here, there):
            await each.command("subscribe", "relay.a")
        for n in range(50):
            await (one if n % 3 else two).publish("relay.a", Relayed(n))
        await layer.heal()
        await one.publish("relay.a", Relayed(50))
        await two.publish("relay.a", Relayed(51))
        for process in (one, two):
            await process.clock.advance(1)
        assert offsets(here) == offsets(there) == list(range(1, 53))
        assert layer.faults.happened["drop"] and layer.faults.happened["duplicate"] and layer.faults.happened["reorder"]


@pytest.mark.parametrize("follows", [True, False])
async def test_a_slow_layer_ends_where_the_hub_is(follows):
    """EVT-2: coming and going while the layer is slow; whatever was asked first, the last state counts."""
    layer = FaultyLayer(InMemoryLayer())
    async with Process(layer, MemoryEngine().store) as one:
        here = await one.connect("alice")
        layer.stall()
        for _ in range(3):
            await here.command("subscribe", "relay.a")
            await here.command("unsubscribe", "relay.a")
        if follows:
            await here.command("subscribe", "relay.a")
        layer.resume()
        await settle()
        assert ("relay.a" in layer.groups()) == follows
        # One at a time, and only what is needed.
        asked = [what for what, group in layer.asked if group == "relay.a"]
        assert asked == (["group_add"] if follows else ["group_add", "group_discard"])


async def test_a_layer_that_is_away_is_asked_again():
    """EVT-4: and one topic's trouble is not another's."""
    layer = FaultyLayer(InMemoryLayer())
    async with Process(layer, MemoryEngine().store) as one:
        here = await one.connect("alice")
        await here.command("subscribe", "relay.a")
        await settle()
        layer.away = True
        await here.command("unsubscribe", "relay.a")
        await here.command("subscribe", "relay.b")
        await settle()
        assert "relay.a" in layer.groups() and "relay.b" not in layer.groups()
        await one.clock.advance(3.0)
        layer.away = False
        await one.clock.advance(1.1)
        assert "relay.a" not in layer.groups() and "relay.b" in layer.groups()


async def test_a_layer_that_forgot_its_groups_is_told_again():
    """EVT-4: after the connection was lost, all that is followed here is joined again, and nothing else."""
    layer, store = FaultyLayer(InMemoryLayer()), MemoryEngine().store
    async with Process(layer, store) as one, Process(layer, store) as two:
        there = await two.connect("bob")
        await there.command("subscribe", "relay.a")
        await settle()
        await layer.lose_connection()
        await two.clock.advance(1.1)
        assert layer.groups() == ["control", "inspect.all", "presence.processes", "relay.a"]
        await one.publish("relay.a", Relayed(1))
        await settle()
        assert offsets(there) == [1]


async def test_a_message_is_plain_and_whole():
    store = MemoryEngine().store
    before = store.append("relay.a", Relayed(7), author="u.1")
    before.skip, before.key = "u.1", "k"
    message = msgspec.msgpack.decode(msgspec.msgpack.encode(to_message(before, "here")))
    after = from_message(message)
    for name in ("topic", "type", "raw", "created_at", "epoch", "offset", "author", "skip", "key"):
        assert getattr(after, name) == getattr(before, name), name


def test_one_process_needs_no_relay():
    assert isinstance(relay_over(InMemoryLayer()), NoRelay)
    assert isinstance(relay_over(None), NoRelay)
    assert isinstance(relay_over(object()), LayerRelay)


class Late(InMemoryLayer):
    """A layer that is away when the process starts, and asks its server for a channel as publish-subscribe does."""

    away = True

    async def new_channel(self, prefix="specific"):
        if self.away:
            raise ConnectionError("connection refused")
        return await super().new_channel(prefix)


async def test_a_layer_that_comes_after_the_process():
    """EVT-4: it is asked again, and used from then on."""
    layer, store = Late(), MemoryEngine().store
    async with Process(layer, store) as one, Process(layer, store) as two:
        here, there = await one.connect("alice"), await two.connect("bob")
        for each in (here, there):
            await each.command("subscribe", "relay.a")
        await one.publish("relay.a", Relayed(1))
        await settle()
        assert offsets(here) == [1] and offsets(there) == []
        for process in (one, two):
            await process.clock.advance(3.0)
        layer.away = False
        for process in (one, two):
            await process.clock.advance(1.1)
        await settle()
        await one.publish("relay.a", Relayed(2))
        await settle()
        await two.clock.advance(0.05)
        assert offsets(here) == offsets(there) == [1, 2]


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        (("127.0.0.1", 6379), ["127.0.0.1:6379"]),
        ("redis://localhost:6379/1", ["redis://localhost:6379/1"]),
        ("rediss://user:se/cr@et@example.org:6380/0?password=secret", ["example.org:6380/0"]),
        ({"address": "redis://:secret@example.org:6379"}, ["example.org:6379"]),
        ({"host": "example.org", "port": 6379, "password": "secret"}, ["example.org:6379"]),
        ({"sentinels": [("example.org", 26379)], "master_name": "mymaster"}, []),
        (None, []),
    ],
)
def test_where_a_layer_is_in_the_log_without_its_password(settings, host, shown):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "x", "CONFIG": {"hosts": [host]}}}
    assert hosts_of("default") == shown
    settings.CHANNEL_LAYERS = {}
    assert hosts_of("default") == []
