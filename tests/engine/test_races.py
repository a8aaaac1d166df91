"""What happens while a subscription reads the log, and while the log does not answer."""

import asyncio

from hubbub.engine.control import CONTROL_TOPIC, AccessRevoked
from hubbub.protocol.errors import Busy
from hubbub.testing import MemoryEngine, settle
from tests.engine.test_subscriptions import Happened, offsets


def hold_readers(engine: MemoryEngine) -> asyncio.Event:
    """Let queries read at once, and answer only when the event is set."""
    answer = asyncio.Event()

    async def read_then_wait(query):
        found = query()
        await answer.wait()
        return found

    engine.reader.run = read_then_wait  # type: ignore[method-assign]
    return answer


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
        read = engine.reader.run

        async def read_then_wait(query):
            found = query()
            await restored.wait()
            return found

        restored = asyncio.Event()
        engine.reader.run = read_then_wait  # type: ignore[method-assign]
        bob.send_text('{"id": 1, "type": "subscribe", "topic": "feed.a"}')
        await settle()
        engine.reader.run = read  # type: ignore[method-assign]
        engine.store.begin_epoch("e2")
        await engine.publish("feed.a", Happened(2))
        restored.set()
        await engine.clock.advance(0.05)
        await engine.publish("feed.a", Happened(3))
        for each in (alice, bob):
            resets = [frame["data"]["position"]["epoch"] for frame in each.frames if frame["type"] == "reset"]
            assert resets == ["e2"]
            assert offsets(each)[-1] == 3


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
        read = engine.reader.run
        reading = hold_readers(engine)
        alice.send_text('{"id": 1, "type": "subscribe", "topic": "feed.a"}')
        await settle()
        engine.reader.run = read  # type: ignore[method-assign]
        engine.engine.hub.publish([engine.store.append("feed.a", Happened(n)) for n in range(1, 1501)])
        await settle()
        assert len(engine.engine.hub.topics["feed.a"].waiting) <= 500
        reading.set()
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
        read = engine.reader.run
        reading = hold_readers(engine)
        alice.send_text('{"id": 1, "type": "subscribe", "topic": "feed.a"}')
        await settle()
        engine.reader.run = read  # type: ignore[method-assign]
        await engine.publish(CONTROL_TOPIC, AccessRevoked("u.alice", "feed.a", "removed"))
        reading.set()
        await settle()
        assert [frame["type"] for frame in alice.frames[1:]] == ["unsubscribed", "reply"]
        assert alice.frames[-1]["error"]["code"] == "forbidden"
        await engine.publish("feed.a", Happened(1))
        assert alice.events() == []
