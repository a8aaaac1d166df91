"""Who comes back is answered from memory: with all that was missed, or not at all."""

import asyncio

import msgspec
import pytest

from hubbub.engine.control import CONTROL_TOPIC, LogChanged
from hubbub.engine.lingering import LINGER_SECONDS
from hubbub.engine.live import SLICE
from hubbub.engine.recent import weight_of
from hubbub.testing import MemoryEngine, settle
from tests.engine.returning import Reads, Told, follow, members, offsets, resume, since, tell


@pytest.fixture(autouse=True)
def _fresh() -> None:
    members.begin()


# What is answered


@pytest.mark.parametrize("topic", ["open.a", "club.a"])
async def test_all_are_cut_and_come_back(topic):
    """SUB-2: the log is not read once; what happened meanwhile is all there."""
    async with MemoryEngine() as engine:
        cut = [await follow(engine, name, topic) for name in ("alice", "bob")]
        await tell(engine, topic, 1, 2)
        for each in cut:
            each.cut()
        await tell(engine, topic, 3)
        reads = Reads(engine)
        for name in ("alice", "bob"):
            again = await engine.connect(name)
            ok = (await resume(again, topic, 1))["ok"]
            assert ok["recovered"] and offsets(ok) == [2, 3] and ok["position"] == since(3)
            assert again.session.subscriptions[topic].authorized == (
                "anybody" if topic == "open.a" else f"u.{name} in club.a"
            )
            assert (await resume(again, topic, 3))["ok"]["events"] == []
            ok = (await again.command("subscribe", topic))["ok"]
            assert (ok["recovered"], ok["events"], ok["position"]) == (False, [], since(3))
        assert reads.count == 0
        await tell(engine, topic, 4)
        assert [frame["offset"] for frame in again.events(topic)] == [4]


async def test_what_memory_cannot_answer_the_log_does():
    """SUB-2: another epoch, a position of the future, or one before what is kept."""
    async with MemoryEngine(resume_limit=3) as engine:
        alice = await follow(engine, "alice", "open.a")
        await tell(engine, "open.a", *range(1, 6))
        reads = Reads(engine)
        for offset, epoch, reason in [(4, "e0", "epoch"), (6, "e1", "epoch"), (1, "e1", "too_far")]:
            before = reads.count
            ok = (await resume(alice, "open.a", offset, epoch))["ok"]
            assert (ok["recovered"], ok["events"], ok["reset"], ok["position"]) == (False, [], reason, since(5))
            assert reads.count == before + 1
        ok = (await resume(alice, "open.a", 2))["ok"]
        assert ok["recovered"] and offsets(ok) == [3, 4, 5]
        assert reads.count == 3


async def test_too_many_bytes_are_too_many_from_memory_too():
    """SUB-2: never a part of them."""
    async with MemoryEngine(outbox_bytes=2000) as engine:
        alice = await follow(engine, "alice", "open.a")
        for n in (1, 2, 3):
            await engine.publish("open.a", Told(n, "x" * 400))
        reads = Reads(engine)
        again = await engine.connect("alice")
        ok = (await resume(again, "open.a", 0))["ok"]
        assert (ok["recovered"], ok["events"], ok["reset"], ok["position"]) == (False, [], "too_far", since(3))
        assert offsets((await resume(again, "open.a", 1))["ok"]) == [2, 3]
        assert reads.count == 0
        assert alice.closed is None


async def test_a_hub_that_is_behind_what_the_client_has():
    """SUB-1 EVT-5: another process has told the client of more; what comes late here comes once."""
    async with MemoryEngine() as engine:
        alice = await follow(engine, "alice", "open.a")
        await tell(engine, "open.a", 1)
        late = [engine.store.append("open.a", Told(n)) for n in (2, 3)]
        bob = await engine.connect("bob")
        ok = (await resume(bob, "open.a", 2))["ok"]
        assert ok["recovered"] and offsets(ok) == [3] and ok["position"] == since(3)
        engine.engine.hub.publish(late)
        await tell(engine, "open.a", 4)
        await engine.clock.advance(0.05)
        assert [frame["offset"] for frame in bob.events()] == [4]
        assert [frame["offset"] for frame in alice.events()] == [1, 2, 3, 4]


async def test_a_hub_that_lags_behind_the_log_and_does_not_know_it():
    """SUB-1: what it has yet to hear of comes after the position that it answers with."""
    async with MemoryEngine() as engine:
        await follow(engine, "alice", "open.a")
        await tell(engine, "open.a", 1)
        late = engine.store.append("open.a", Told(2))
        bob = await engine.connect("bob")
        ok = (await resume(bob, "open.a", 0))["ok"]
        assert ok["recovered"] and offsets(ok) == [1] and ok["position"] == since(1)
        engine.engine.hub.post([late])
        await settle()
        assert [frame["offset"] for frame in bob.events()] == [2]


async def test_a_hub_that_knows_of_a_gap_asks_the_log():
    """SUB-2 EVT-5"""
    async with MemoryEngine() as engine:
        await follow(engine, "alice", "open.a")
        engine.store.append("open.a", Told(1))
        await tell(engine, "open.a", 2)
        reads = Reads(engine)
        bob = await engine.connect("bob")
        ok = (await resume(bob, "open.a", 0))["ok"]
        assert offsets(ok) == [1, 2] and ok["position"] == since(2)
        assert reads.count == 1
        await engine.clock.advance(0.05)
        await tell(engine, "open.a", 3)
        assert [frame["offset"] for frame in bob.events()] == [3]


async def test_events_on_their_way_to_the_others_come_once():
    """SUB-1: in the same turn of the loop, and while a large topic is served slice by slice."""
    async with MemoryEngine() as engine:
        crowd = [await engine.connect(f"u{n}") for n in range(SLICE + 1)]
        for each in crowd:
            each.send_text('{"id": 1, "type": "subscribe", "topic": "open.a"}')
        await settle()
        newcomer = await engine.connect("newcomer")
        hub, taken = engine.engine.hub, []
        for n in range(1, 8):
            hub.deliver(engine.store.append("open.a", Told(n)))
            if n in (2, 5):  # Part of it has gone out to some, part of it waits.
                await asyncio.sleep(0)
            newcomer.send_text(
                f'{{"id": {n}, "type": "subscribe", "topic": "open.a", "since": {{"epoch": "e1", "offset": 0}}}}'
            )
        await settle()
        hub.deliver(engine.store.append("open.a", Told(8)))
        await settle()
        for frame in newcomer.frames:
            if frame["type"] == "reply":
                taken = offsets(frame["ok"])  # It began anew.
                assert taken == list(range(1, frame["ok"]["position"]["offset"] + 1))
            elif frame["type"] == "test.told":
                taken.append(frame["offset"])
        assert taken == list(range(1, 9))
        for each in crowd:
            assert [frame["offset"] for frame in each.events()] == list(range(1, 9))


async def test_what_was_read_is_remembered():
    """SUB-2: the first who comes back after a restart reads the log, the others need not."""
    async with MemoryEngine() as engine:
        for n in range(1, 11):
            engine.store.append("open.a", Told(n))
        first, second = await engine.connect("first"), await engine.connect("second")
        reads = Reads(engine)
        assert offsets((await resume(first, "open.a", 6))["ok"]) == [7, 8, 9, 10]
        assert offsets((await resume(second, "open.a", 8))["ok"]) == [9, 10]
        assert reads.count == 1
        assert offsets((await resume(second, "open.a", 2))["ok"]) == list(range(3, 11))
        assert reads.count == 2
        await tell(engine, "open.a", 11)
        third = await engine.connect("third")
        assert offsets((await resume(third, "open.a", 2))["ok"]) == list(range(3, 12))
        assert reads.count == 2


# What is forgotten


async def test_a_topic_to_which_nobody_comes_back():
    """SUB-2: it is dropped after a minute, and the log answers."""
    async with MemoryEngine() as engine:
        alice = await follow(engine, "alice", "open.a")
        await tell(engine, "open.a", 1, 2)
        alice.cut()
        await engine.clock.advance(LINGER_SECONDS / 2)
        alice = await engine.connect("alice")
        reads = Reads(engine)
        assert offsets((await resume(alice, "open.a", 0))["ok"]) == [1, 2]
        assert reads.count == 0
        alice.cut()
        await engine.clock.advance(LINGER_SECONDS - 2)
        assert "open.a" in engine.engine.hub.topics
        await engine.clock.advance(4)
        assert engine.engine.hub.topics.keys() == {CONTROL_TOPIC}
        assert engine.engine.hub.recent.bytes == 0
        alice = await engine.connect("alice")
        assert offsets((await resume(alice, "open.a", 0))["ok"]) == [1, 2]
        assert reads.count == 1


async def test_a_stranger_does_not_end_the_wait_for_the_members():
    async with MemoryEngine() as engine:
        alice = await follow(engine, "alice", "club.a")
        await tell(engine, "club.a", 1)
        alice.cut()
        members.banned.add(("u.eve", "club.a"))
        eve = await engine.connect("eve")
        assert (await resume(eve, "club.a", 0))["error"]["code"] == "forbidden"
        reads = Reads(engine)
        alice = await engine.connect("alice")
        assert offsets((await resume(alice, "club.a", 0))["ok"]) == [1]
        assert reads.count == 0


async def test_memory_is_bounded():
    """SUB-2: in events for each topic, in bytes for all; the one that was quiet for longest gives way."""
    one = weight_of(MemoryEngine().store.append("open.a", Told(1)))
    async with MemoryEngine(resume_limit=10, recent_bytes=30 * one) as engine:
        names = [f"open.{n}" for n in range(5)]
        for name in names:
            await follow(engine, "alice", name)
        hub = engine.engine.hub
        for name in names:
            await tell(engine, name, *([1] * 25))
            assert hub.recent.bytes <= 30 * one
        kept = {name: len(hub.topics[name].recent) for name in names}
        assert kept[names[-1]] == 10 and sum(kept.values()) <= 30
        assert kept[names[0]] < kept[names[-1]]
        for name in names:
            bob = await engine.connect("bob")
            assert offsets((await resume(bob, name, 20))["ok"]) == [21, 22, 23, 24, 25]


async def test_memory_can_be_switched_off():
    async with MemoryEngine(recent_bytes=0) as engine:
        alice = await follow(engine, "alice", "open.a")
        await tell(engine, "open.a", 1, 2)
        assert engine.engine.hub.topics["open.a"].recent == []
        reads = Reads(engine)
        assert offsets((await resume(alice, "open.a", 0))["ok"]) == [1, 2]
        assert reads.count == 1


async def test_a_restored_backup():
    """SUB-2 SUB-3: nothing of the epoch before is brought back, and everybody is looked up again."""
    async with MemoryEngine() as engine:
        await follow(engine, "alice", "club.a")
        bob = await follow(engine, "bob", "club.a")
        await tell(engine, "club.a", 1, 2)
        bob.cut()
        engine.store.begin_epoch("e2")
        members.banned.add(("u.bob", "club.a"))
        await tell(engine, "club.a", 3)
        bob = await engine.connect("bob")
        assert (await resume(bob, "club.a", 2))["error"]["code"] == "forbidden"
        assert engine.engine.hub.topics["club.a"].recent == []
        carol = await engine.connect("carol")
        assert (await resume(carol, "club.a", 1))["ok"]["reset"] == "epoch"
        await tell(engine, "club.a", 4)
        ok = (await resume(carol, "club.a", 3, "e2"))["ok"]
        assert ok["recovered"] and offsets(ok) == [4]


async def test_a_restored_backup_is_heard_of_by_the_control_topic():
    """SUB-2 SUB-3: topics in which nothing happens start afresh too."""
    async with MemoryEngine() as engine:
        alice = await follow(engine, "alice", "open.a")
        await tell(engine, "open.a", 1, 2)
        engine.store.begin_epoch("e2")
        await engine.publish(CONTROL_TOPIC, LogChanged({}))
        bob = await engine.connect("bob")
        assert (await resume(bob, "open.a", 1))["ok"]["reset"] == "epoch"
        await engine.clock.advance(0.05)
        assert alice.of("reset")[0]["data"] == {"position": since(2, "e2"), "reason": "epoch"}


async def test_what_was_pruned_before_anybody_heard_of_it():
    """SUB-2 EVT-4: whoever follows the topic starts afresh, though no later event shows that one is missing."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await alice.subscribe("open.a")
        engine.store.append("open.a", Told(1, "unheard of"))
        engine.store.prune("open.a", 2)
        await engine.publish(CONTROL_TOPIC, LogChanged({"open.a": 1}))
        await engine.clock.advance(1)
        assert [frame["data"]["reason"] for frame in alice.of("reset")] == ["too_old"]
        assert alice.positions["open.a"].offset == 1


async def test_what_the_log_no_longer_says():
    """CHT-11 SUB-2: rewritten or pruned there, it is forgotten here, even if it comes late, or was just read."""
    async with MemoryEngine() as engine:
        await follow(engine, "alice", "open.a")
        await tell(engine, "open.a", 1, 2)
        late = engine.store.append("open.a", Told(3, "secret"))
        bob = await engine.connect("bob")
        engine.reader.gate = (reading := asyncio.Event()).wait
        asked = {"id": 1, "type": "subscribe", "topic": "open.a", "since": since(2), "data": {"snapshot": True}}
        bob.send_text(msgspec.json.encode(asked).decode())
        await settle()
        await engine.publish(CONTROL_TOPIC, LogChanged({"open.a": 3}))
        engine.engine.hub.post([late])
        reading.set()
        await settle()
        assert bob.of("reply")[0]["ok"]["recovered"]
        assert engine.engine.hub.topics["open.a"].recent == []
        await tell(engine, "open.a", 4, 5)
        assert [each.offset for each in engine.engine.hub.topics["open.a"].recent] == [4, 5]
        await engine.clock.advance(0.05)  # It was told of an event that it had not seen, and has looked.
        reads = Reads(engine)
        assert offsets((await resume(await engine.connect("carol"), "open.a", 3))["ok"]) == [4, 5]
        assert reads.count == 0
        assert offsets((await resume(await engine.connect("dave"), "open.a", 1))["ok"]) == [2, 3, 4, 5]
        assert reads.count == 1
