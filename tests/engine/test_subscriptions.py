"""Subscribing, resuming, and what the hub does with events that come late, twice or not at all."""

import asyncio

import msgspec
import pytest

from hubbub.protocol.errors import Absent
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import TopicKind, event, topic_kind
from hubbub.testing import MemoryEngine, settle


@event("test.happened")
class Happened(msgspec.Struct):
    n: int


@event("test.flickered", ephemeral=True)
class Flickered(msgspec.Struct):
    n: int


class Counted(msgspec.Struct):
    topic: str


def authorize(actor, topic):
    if topic.endswith(".secret") and actor.username != "alice":
        raise Absent


topic_kind(TopicKind("feed", authorize, lambda actor, topic: Counted(topic)))


def offsets(connection, topic="feed.a"):
    return [frame["offset"] for frame in connection.events(topic) if "offset" in frame]


async def test_subscribe_and_what_follows():
    """SUB-1 EVT-1"""
    async with MemoryEngine() as engine:
        await engine.publish("feed.a", Happened(1))
        alice = await engine.connect("alice")
        ok = (await alice.command("subscribe", "feed.a", data={"snapshot": True}))["ok"]
        assert ok == {
            "position": {"epoch": "e1", "offset": 1},
            "recovered": False,
            "events": [],
            "snapshot": {"topic": "feed.a"},
        }
        for n in (2, 3):
            await engine.publish("feed.a", Happened(n))
        seen = alice.events("feed.a")
        assert [(frame["type"], frame["offset"], frame["data"]) for frame in seen] == [
            ("test.happened", 2, {"n": 2}),
            ("test.happened", 3, {"n": 3}),
        ]
        await alice.command("unsubscribe", "feed.a")
        await engine.publish("feed.a", Happened(4))
        assert offsets(alice) == [2, 3]
        assert "feed.a" not in engine.engine.hub.topics


async def test_resume_brings_all_or_a_reset():
    """SUB-2"""
    async with MemoryEngine(resume_limit=5) as engine:
        for n in range(1, 11):
            await engine.publish("feed.a", Happened(n))
        alice = await engine.connect("alice")

        async def since(offset, epoch="e1"):
            return (await alice.command("subscribe", "feed.a", since={"epoch": epoch, "offset": offset}))["ok"]

        ok = await since(7)
        assert ok["recovered"] and [each["offset"] for each in ok["events"]] == [8, 9, 10]
        assert ok["events"][0]["type"] == "test.happened" and ok["events"][0]["data"] == {"n": 8}
        ok = await since(10)
        assert ok["recovered"] and ok["events"] == []
        assert ok["position"] == {"epoch": "e1", "offset": 10}
        for offset, epoch, reason in [(2, "e1", "too_far"), (9, "e0", "epoch"), (11, "e1", "epoch")]:
            ok = await since(offset, epoch)
            assert (ok["recovered"], ok["events"], ok["reset"]) == (False, [], reason)
            assert ok["position"] == {"epoch": "e1", "offset": 10}
        engine.store.prune("feed.a", 9)
        assert (await since(7))["reset"] == "too_old"
        assert (await since(8))["recovered"]


async def test_events_that_come_while_the_log_is_read_are_neither_lost_nor_doubled():
    """SUB-1: registered and buffered first, then the log is read, then merged by offset."""
    async with MemoryEngine() as engine:
        await engine.publish("feed.a", Happened(1))
        alice = await engine.connect("alice")
        reading = asyncio.Event()
        engine.reader.gate = reading.wait
        alice.send_text('{"id": 1, "type": "subscribe", "topic": "feed.a", "since": {"epoch": "e1", "offset": 0}}')
        await settle()
        await engine.publish("feed.a", Happened(2))  # Will be in the log and has been delivered.
        late = engine.store.append("feed.a", Happened(3))  # In the log; its delivery comes after the reading.
        reading.set()
        engine.reader.gate = None
        await settle()
        engine.engine.hub.publish([late])
        await engine.publish("feed.a", Happened(4))
        reply = next(frame for frame in alice.frames if frame.get("id") == 1)
        assert [each["offset"] for each in reply["ok"]["events"]] == [1, 2, 3]
        assert offsets(alice) == [4]


async def test_a_gap_is_read_from_the_log():
    """EVT-5 EVT-2: the wake-up is lost, doubled, late; the order is the log's."""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect("alice"), await engine.connect("bob")
        for each in (alice, bob):
            await each.command("subscribe", "feed.a")
        lost = engine.store.append("feed.a", Happened(1))
        second = await engine.publish("feed.a", Happened(2))
        assert offsets(alice) == []
        await engine.clock.advance(0.05)
        assert offsets(alice) == offsets(bob) == [1, 2]
        engine.engine.hub.publish([lost, second, second])
        await settle()
        late = engine.store.append("feed.a", Happened(3))
        await engine.publish("feed.a", Happened(4))
        engine.engine.hub.publish([late])  # A straggler within the wait: no need of the log.
        await settle()
        assert offsets(alice) == [1, 2, 3, 4]
        await engine.clock.advance(0.05)
        assert offsets(alice) == offsets(bob) == [1, 2, 3, 4]


async def test_catching_up_after_the_relay_was_away():
    """EVT-5: nothing was posted at all."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await alice.command("subscribe", "feed.a")
        for n in range(1, 1202):
            engine.store.append("feed.a", Happened(n))
        engine.engine.hub.catch_up()
        await engine.clock.advance(0.05)
        assert offsets(alice) == list(range(1, 1202))


async def test_a_reset_in_mid_session():
    """SUB-3: a restored backup, and a gap that is pruned already."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await alice.command("subscribe", "feed.a")
        await engine.publish("feed.a", Happened(1))
        engine.store.begin_epoch("e2")
        await engine.publish("feed.a", Happened(2))
        await engine.publish("feed.a", Happened(3))
        kinds = [(frame["type"], frame.get("offset")) for frame in alice.frames[2:]]
        assert kinds == [("test.happened", 1), ("reset", None), ("test.happened", 3)]
        assert alice.frames[3]["data"] == {"position": {"epoch": "e2", "offset": 2}, "reason": "epoch"}
        for n in (4, 5, 6):
            engine.store.append("feed.a", Happened(n))
        engine.store.prune("feed.a", 6)
        await engine.publish("feed.a", Happened(7))
        await engine.clock.advance(0.05)
        assert alice.frames[-1]["data"] == {"position": {"epoch": "e2", "offset": 7}, "reason": "too_old"}


async def test_ephemeral_events_have_no_offset():
    """EVT-1"""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect("alice"), await engine.connect("bob")
        for each in (alice, bob):
            await each.command("subscribe", "feed.a")
        engine.engine.publish_ephemeral("feed.a", Flickered(1), skip="u.alice")
        await settle()
        assert alice.events() == []
        (seen,) = bob.events()
        assert seen["data"] == {"n": 1} and "offset" not in seen


async def test_what_one_may_not_see():
    """SUB-5 ACC-1: absent and forbidden are the same answer."""
    async with MemoryEngine() as engine:
        bob = await engine.connect("bob")
        secret = (await bob.command("subscribe", "feed.secret"))["error"]
        absent = (await bob.command("subscribe", "nothing.7"))["error"]
        assert secret["code"] == absent["code"] == "forbidden"
        assert (await bob.command("subscribe", "control"))["error"]["code"] == "forbidden"
        assert engine.engine.hub.topics.keys() == {"control"}


@pytest.mark.parametrize("topic", ["", "a b", "ü", "a" * 91, "a/b"])
async def test_topic_names(topic):
    """TOP-1"""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        assert (await alice.command("subscribe", topic))["error"]["code"] == "bad_frame"
        assert (await alice.command("subscribe", "feed." + "a" * 85))["ok"]


async def test_too_many_subscriptions():
    async with MemoryEngine(max_subscriptions=2) as engine:
        alice = await engine.connect("alice")
        for name in "ab":
            assert (await alice.command("subscribe", f"feed.{name}"))["ok"]
        assert (await alice.command("subscribe", "feed.c"))["error"]["code"] == "too_many_subscriptions"


async def test_one_bad_subscriber_harms_nobody():
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect("alice"), await engine.connect("bob")
        for each in (alice, bob):
            await each.command("subscribe", "feed.a")
        alice.session.subscriptions["feed.a"].session = None  # type: ignore[assignment]  # Breaks its delivery.
        await engine.publish("feed.a", Happened(1))
        assert offsets(bob) == [1]


async def test_what_the_inbox_follows_does_not_count():
    """LIM-2: neither does a topic that is subscribed to again, after a reset for example."""
    async with MemoryEngine(max_subscriptions=2) as engine:
        alice = await engine.connect("alice")
        alice.session.kept |= {"feed.x", "feed.y", "feed.z"}
        for name in "xyz":
            alice.session.go_live(alice.session.follow(f"feed.{name}"), Position("e1", 0))
        for name in "abab":
            assert (await alice.command("subscribe", f"feed.{name}"))["ok"]
        assert (await alice.command("subscribe", "feed.c"))["error"]["code"] == "too_many_subscriptions"
        assert (await alice.command("subscribe", "feed.x"))["ok"]
