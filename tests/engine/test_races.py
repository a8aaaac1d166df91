"""What happens while a subscription reads the log, and while the log does not answer."""

import asyncio
from dataclasses import replace
from typing import Any

from hubbub.engine.control import CONTROL_TOPIC, AccessRevoked
from hubbub.protocol.errors import Busy
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import registry
from hubbub.testing import MemoryEngine, settle
from tests.engine.held import HeldReader
from tests.engine.test_subscriptions import Happened, offsets


async def test_a_hub_that_is_behind_the_log_shows_nothing_twice():
    """SUB-1: the reply has what the hub has yet to deliver to the others."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await alice.command("subscribe", "feed.a")
        late = [engine.store.append("feed.a", Happened(n)) for n in (1, 2)]
        bob = await engine.connect("bob")
        reply = await bob.command("subscribe", "feed.a", since={"epoch": "e1", "offset": 0})
        assert [each["offset"] for each in reply["ok"]["events"]] == [1, 2]
        engine.engine.hub.publish(late)
        await engine.publish("feed.a", Happened(3))
        assert offsets(bob) == [3]
        assert offsets(alice) == [1, 2, 3]


async def test_subscribing_while_the_connection_goes_leaves_nothing():
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        reading = asyncio.Event()
        engine.reader.gate = reading.wait
        for name in "ab":
            alice.send_text(f'{{"id": 1, "type": "subscribe", "topic": "feed.{name}"}}')
        await asyncio.sleep(0)
        alice.cut()
        reading.set()
        await settle()
        assert engine.engine.hub.topics.keys() == {"control"}
        assert alice.session.subscriptions == {}


async def test_a_restore_while_the_log_is_read():
    """SUB-3: the newcomer is reset too, the others once."""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect("alice"), await engine.connect("bob")
        await alice.command("subscribe", "feed.a")
        await engine.publish("feed.a", Happened(1))
        with HeldReader(engine):
            bob.send_text('{"id": 1, "type": "subscribe", "topic": "feed.a"}')
            await settle()
            engine.store.begin_epoch("e2")
            await engine.publish("feed.a", Happened(2))
            await engine.publish("feed.a", Happened(3))
        await engine.clock.advance(0.05)
        await engine.publish("feed.a", Happened(4))
        for each in (alice, bob):
            kinds = [frame["type"] for frame in each.frames]
            assert kinds[-3:] == ["reset", "test.happened", "test.happened"]
            assert kinds.count("reset") == 1
            assert offsets(each)[-2:] == [3, 4]


async def test_a_gap_while_the_log_does_not_answer():
    """EVT-5: it is asked again."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await alice.command("subscribe", "feed.a")
        read = engine.reader.run

        async def away(query):
            raise Busy

        engine.reader.run = away  # type: ignore[method-assign]
        engine.store.append("feed.a", Happened(1))
        await engine.publish("feed.a", Happened(2))
        await engine.clock.advance(3)
        assert offsets(alice) == []
        engine.reader.run = read  # type: ignore[method-assign]
        await engine.clock.advance(1)
        assert offsets(alice) == [1, 2]


async def test_more_events_than_are_held_while_the_log_is_read():
    """EVT-5 SUB-1: what is not held is read."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        with HeldReader(engine):
            alice.send_text('{"id": 1, "type": "subscribe", "topic": "feed.a"}')
            await settle()
            engine.engine.hub.publish([engine.store.append("feed.a", Happened(n)) for n in range(1, 1501)])
            await settle()
            assert len(engine.engine.hub.topics["feed.a"].waiting) <= 500
        await engine.clock.advance(0.05)
        assert offsets(alice) == list(range(1, 1501))


async def test_what_is_remembered_outlasts_a_second_subscription():
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await alice.command("subscribe", "feed.a")
        alice.session.subscriptions["feed.a"].memory["typing"] = True
        await alice.command("subscribe", "feed.a")
        assert alice.session.subscriptions["feed.a"].memory == {"typing": True}


async def test_revoked_while_the_log_is_read():
    """SUB-4 CHT-9: no reply says that it is subscribed when it is not."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        with HeldReader(engine):
            alice.send_text('{"id": 1, "type": "subscribe", "topic": "feed.a"}')
            await settle()
            await engine.publish(CONTROL_TOPIC, AccessRevoked("u.alice", "feed.a", "removed"))
        await settle()
        assert [frame["type"] for frame in alice.frames[1:]] == ["unsubscribed", "reply"]
        assert alice.frames[-1]["error"]["code"] == "forbidden"
        await engine.publish("feed.a", Happened(1))
        assert alice.events() == []


async def test_the_first_to_ask_is_answered_last():
    """SUB-1: what happened between the two readings reaches both."""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect("alice"), await engine.connect("bob")
        with HeldReader(engine) as reader:
            for n, each in enumerate((alice, bob)):
                engine.store.append("feed.a", Happened(n))
                each.send_text('{"id": 1, "type": "subscribe", "topic": "feed.a"}')
                await settle()
            await reader.answer(1)
            await reader.answer(0)
        await settle()
        await engine.publish("feed.a", Happened(3))
        for each in (alice, bob):
            told = each.frames[1]["ok"]["position"]["offset"]
            assert offsets(each) == [*range(told + 1, 4)]


async def test_a_restore_that_the_hub_has_yet_to_hear_of():
    """SUB-3: who has read the log since stands in the new stream, and is not reset into it once more."""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect("alice"), await engine.connect("bob")
        await alice.command("subscribe", "feed.a")
        await engine.publish("feed.a", Happened(1))
        engine.store.begin_epoch("e2")
        await bob.command("subscribe", "feed.a", since={"epoch": "e1", "offset": 1})
        assert bob.session.subscriptions["feed.a"].shown_up_to() == Position("e2", 1)
        await engine.clock.advance(0.05)
        await engine.publish("feed.a", Happened(2))
        assert [frame["type"] for frame in alice.frames[-2:]] == ["reset", "test.happened"]
        assert [frame["type"] for frame in bob.frames] == ["ready", "reply", "test.happened"]


async def test_a_removal_is_the_first_word_of_a_restore():
    """CHT-9: it acts at once."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await alice.command("subscribe", "feed.a")
        engine.store.begin_epoch("e2")
        await engine.publish(CONTROL_TOPIC, AccessRevoked("u.alice", "feed.a", "removed"))
        assert alice.frames[-1]["type"] == "unsubscribed"


async def test_a_snapshot_that_cannot_be_written(monkeypatch):
    """SUB-1: a feature's mistake leaves nothing behind, and whoever asks again is answered."""
    unwritable: Any = object()
    monkeypatch.setitem(registry.topics, "feed", replace(registry.topics["feed"], snapshot=lambda *asked: unwritable))
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        reply = await alice.command("subscribe", "feed.a", {"snapshot": True})
        assert reply["error"]["code"] == "internal"
        assert alice.session.subscriptions == {}
        assert "ok" in await alice.command("subscribe", "feed.a")
