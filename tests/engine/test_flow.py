"""Lanes, the outbox, and limits: what happens when somebody is too fast or too slow."""

import asyncio

import msgspec
import pytest

from hubbub.engine.actor import guest
from hubbub.engine.context import Context
from hubbub.engine.limits import Limiter, Rate
from hubbub.protocol.close import Close
from hubbub.protocol.errors import RateLimited
from hubbub.protocol.registry import TopicKind, command, event, handles, topic_kind
from hubbub.testing import FakeClock, MemoryEngine, settle

_gates: dict[str, asyncio.Event] = {}
_order: list[tuple[str, int]] = []


@command("test.wait")
class Wait(msgspec.Struct):
    n: int


@command("test.limited", topic="none", limit="tests")
class Limited(msgspec.Struct):
    pass


@event("test.filled")
class Filled(msgspec.Struct):
    text: str


@event("test.moved", ephemeral=True)
class Moved(msgspec.Struct):
    n: int


@handles(Wait)
async def wait(ctx: Context, data: Wait) -> None:
    _order.append((ctx.topic, data.n))
    if gate := _gates.get(ctx.topic):
        await gate.wait()


@handles(Limited)
async def limited(ctx: Context, data: Limited) -> None:
    return None


topic_kind(TopicKind("pipe", lambda actor, topic: None))


def send(connection, topic, n):
    connection.send_text(f'{{"id": "{topic}{n}", "type": "test.wait", "topic": "{topic}", "data": {{"n": {n}}}}}')


async def test_commands_of_a_topic_are_in_order_and_hold_up_nobody_else():
    """ENV-4 ENV-5"""
    _order.clear()
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await alice.command("subscribe", "pipe.a")
        _gates["pipe.a"] = asyncio.Event()
        for n in range(3):
            send(alice, "pipe.a", n)
        send(alice, "pipe.b", 0)
        await settle()
        assert _order == [("pipe.a", 0), ("pipe.b", 0)]
        await engine.publish("pipe.a", Filled("events pass a slow command"))
        assert alice.events("pipe.a")
        _gates.pop("pipe.a").set()
        await settle()
        assert [n for topic, n in _order if topic == "pipe.a"] == [0, 1, 2]
        replies = [frame["id"] for frame in alice.frames if str(frame.get("id", "")).startswith("pipe.a")]
        assert replies == ["pipe.a0", "pipe.a1", "pipe.a2"]


async def test_a_full_lane_answers_busy():
    """LIM-5"""
    async with MemoryEngine(max_pending=2) as engine:
        alice = await engine.connect("alice")
        _gates["pipe.a"] = asyncio.Event()
        for n in range(4):
            send(alice, "pipe.a", n)
            await settle()
        refused = [frame for frame in alice.frames if "error" in frame]
        assert [(frame["id"], frame["error"]["code"], frame["error"]["temporary"]) for frame in refused] == [
            ("pipe.a3", "busy", True)
        ]
        _gates.pop("pipe.a").set()
        await settle()
        send(alice, "pipe.a", 5)
        await settle()
        assert alice.frames[-1] == {"id": "pipe.a5", "type": "reply", "ok": {}}


async def test_a_slow_reader_is_closed_and_resumes():
    """LIM-4: never silently skipped, and the others are unharmed."""
    async with MemoryEngine(outbox_bytes=30_000) as engine:
        slow, quick = await engine.connect("slow"), await engine.connect("quick")
        for each in (slow, quick):
            await each.command("subscribe", "pipe.a")
        slow.stall()
        for _ in range(32):
            await engine.publish("pipe.a", Filled("x" * 1000))
        assert slow.closed == Close.TOO_SLOW
        assert slow.session.outbox.size == 0
        assert len(quick.events("pipe.a")) == 32
        again = await engine.connect("slow")
        ok = (await again.command("subscribe", "pipe.a", since={"epoch": "e1", "offset": 20}))["ok"]
        assert [each["offset"] for each in ok["events"]] == list(range(21, 33))
        # More than the outbox could bear is a reset, not another 4010, again and again.
        ok = (await again.command("subscribe", "pipe.a", since={"epoch": "e1", "offset": 0}))["ok"]
        assert (ok["reset"], ok["events"]) == ("too_far", [])
        assert again.closed is None


async def test_ephemeral_events_replace_each_other_and_are_dropped_first():
    """EVT-1 LIM-4"""
    async with MemoryEngine(outbox_bytes=2_000) as engine:
        slow = await engine.connect("slow")
        await slow.command("subscribe", "pipe.a")
        slow.stall()
        for n in range(100):
            engine.engine.publish_ephemeral("pipe.a", Moved(n), key="cursor of bob")
        for n in range(100):
            engine.engine.publish_ephemeral("pipe.a", Moved(n))
        await settle()
        assert slow.closed is None
        assert slow.session.outbox.size <= 2_000
        slow.resume()
        await settle()
        # Two at most were let through before the reader counted as slow.
        assert {"n": 99} in [event["data"] for event in slow.events()[:3]]
        assert 1 < len(slow.events()) < 100


async def test_a_limit_says_how_long_to_wait():
    """LIM-2 ERR-1"""
    async with MemoryEngine(rates={"tests": Rate(2, 10)}) as engine:
        alice = await engine.connect("alice")
        for _ in range(2):
            assert "ok" in await alice.command("test.limited")
        error = (await alice.command("test.limited"))["error"]
        assert (error["code"], error["temporary"], error["retry_after"]) == ("rate_limited", True, 5)
        other_tab = await engine.connect("alice")
        assert (await other_tab.command("test.limited"))["error"]["code"] == "rate_limited"
        assert "ok" in await (await engine.connect("bob")).command("test.limited")
        await engine.clock.advance(5)
        assert "ok" in await alice.command("test.limited")


async def test_the_guests_of_one_network_have_a_limit_together():
    """LIM-2: who comes again as another guest gains nothing; users are not concerned."""
    async with MemoryEngine(rates={"tests": Rate(2, 10), "guest_tests": Rate(3, 10)}) as engine:
        outcomes: list[bool] = []
        for _ in range(5):
            each = await engine.connect(guest(f"guest {len(outcomes)}", "192.0.2.1"))
            outcomes.append("ok" in await each.command("test.limited"))
        assert outcomes == [True, True, True, False, False]
        alice = await engine.connect("alice")
        assert "ok" in await alice.command("test.limited")


async def test_a_flood_is_closed():
    """LIM-2: whatever the frames are."""
    async with MemoryEngine(frame_rate=Rate(10, 1)) as engine:
        for frame in ('{"type": "pong"}', "garbage", None):
            client = await engine.connect(None)
            for _ in range(10):
                client.send_text(frame)
            assert client.closed is None
            for _ in range(200):
                client.send_text(frame)
            await settle()
            assert client.closed is None
            assert client.frames[-1]["error"]["code"] in ("rate_limited", "bad_json")
            client.send_text(frame)
            await settle()
            assert client.closed == Close.RATE_LIMIT


async def test_bursts_far_apart_are_no_flood():
    """LIM-2"""
    async with MemoryEngine(frame_rate=Rate(10, 1), heartbeat=1000) as engine:
        client = await engine.connect(None)
        for _ in range(60):
            for _ in range(60):
                client.send_text('{"type": "pong"}')
            await engine.clock.advance(30)
        assert client.closed is None


async def test_frames_are_counted_in_bytes():
    """LIM-1"""
    async with MemoryEngine() as engine:
        client = await engine.connect(None)
        client.send_text('{"type": "pong", "x": "' + "\u6f22" * 22_000 + '"}')
        await settle()
        assert client.closed == Close.TOO_BIG


def test_a_stepped_clock_changes_no_limit():
    clock = FakeClock()
    limiter = Limiter({"x": Rate(1, 60)}, clock)
    limiter.hit("x", "alice")
    clock.step(7200)
    with pytest.raises(RateLimited) as refused:
        limiter.hit("x", "alice")
    assert refused.value.retry_after == 60


def test_buckets_do_not_pile_up():
    clock = FakeClock()
    limiter = Limiter({"x": Rate(1, 1)}, clock)
    for n in range(5000):
        limiter.hit("x", f"user {n}")
        clock.forward(0.01)
    assert len(limiter._buckets) <= 1200


def test_connections_are_counted():
    limiter = Limiter({}, FakeClock())
    keys = {"user": 2, "address": 3}
    assert limiter.connect(keys) and limiter.connect(keys)
    assert not limiter.connect(keys)
    assert limiter.connect({"address": 3})
    limiter.disconnect(keys)
    assert limiter.connect(keys)
