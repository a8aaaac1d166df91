"""What staff are shown of sessions and topics, against what happens."""

import time

import msgspec
import pytest

from hubbub.engine.actor import Actor, user_key
from hubbub.engine.ports import NoRelay
from hubbub.engine.session import Session
from hubbub.inspector.census import MOST
from hubbub.inspector.policy import LIVE
from hubbub.inspector.tests.conftest import tick, told
from hubbub.inspector.watch import watch_of
from hubbub.protocol.dialect import V1_DIALECT
from hubbub.protocol.registry import event
from hubbub.testing import FakeConnection, MemoryEngine, settle

MANY = 10_000


@event("look.happened", ephemeral=True)
class Happened(msgspec.Struct):
    text: str


async def test_rates_and_sums(keeper: Actor) -> None:
    """OPS-3"""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect("alice"), await engine.connect("bob")
        for each in (alice, bob):
            await each.command("subscribe", "look.a")
        watcher = await engine.connect(keeper)
        await watcher.command("subscribe", LIVE)
        await settle()
        for _ in range(7):
            alice.send_text('{"type": "pong"}')
            engine.engine.publish_ephemeral("look.a", Happened("x"))
        await tick(engine)
        figures = told(watcher, "inspect.measured")[-1]
        totals = figures["totals"]
        assert (totals["sessions"], totals["subscriptions"]) == (3, 3)
        assert totals["received"] == 7.0
        assert totals["events"] >= 7.0 and totals["deliveries"] >= 14.0
        assert {"topic": "look.a", "subscribers": 2, "events": 7.0} in figures["topics"]
        busiest = figures["busy"][0]
        assert busiest["username"] == "alice"
        assert (busiest["received"], busiest["sent"], busiest["topics"]) == (7.0, 7.0, 1)
        assert figures["slow"] == []


async def test_nothing_while_nobody_looks(keeper: Actor) -> None:
    """OPS-3: no census before somebody looks, and no task and no census after."""
    async with MemoryEngine() as engine:
        watcher = await engine.connect(keeper)
        await tick(engine)
        before = len(engine.engine.tasks)
        assert watch_of(engine.engine).census is None
        await watcher.command("subscribe", LIVE)
        await tick(engine)
        assert watch_of(engine.engine).census is not None
        await watcher.command("unsubscribe", LIVE)
        count = len(told(watcher, "inspect.measured"))
        await tick(engine)
        await tick(engine)
        assert len(told(watcher, "inspect.measured")) == count
        assert watch_of(engine.engine).census is None
        assert len(engine.engine.tasks) == before
        await watcher.command("subscribe", LIVE)
        await settle()
        assert len(told(watcher, "inspect.measured")) == count + 1


async def test_only_staff(keeper: Actor) -> None:
    """OPS-3 SUB-5 ACC-1: to others these topics are as absent as any other."""
    async with MemoryEngine() as engine:
        others = [await engine.connect("alice"), await engine.connect(None)]
        watcher = await engine.connect(keeper)
        for topic in (LIVE, "inspect.u.keeper", "inspect.g.1"):
            assert "ok" in await watcher.command("subscribe", topic)
            for each in others:
                assert await each.error("subscribe", topic) == "forbidden"
        for topic in ("inspect.all", "inspect.stats", "inspect.u", "inspect", "inspect.other"):
            for each in (*others, watcher):
                assert await each.error("subscribe", topic) == "forbidden", topic
        for each in others:
            assert await each.error("inspect.sessions", data={}) == "forbidden"
            assert await each.error("inspect.close", data={"session": watcher.session.id}) == "forbidden"


async def test_slow_readers(keeper: Actor) -> None:
    """OPS-3: who does not read is shown with what waits."""
    async with MemoryEngine() as engine:
        lazy = await engine.connect("lazy")
        await lazy.command("subscribe", "look.a")
        lazy.to_client.stall()
        for number in range(5):
            engine.engine.publish_ephemeral("look.a", Happened(f"{number}" * 20_000))
            await settle()
        watcher = await engine.connect(keeper)
        await watcher.command("subscribe", LIVE)
        await settle()
        figures = told(watcher, "inspect.measured")[-1]
        assert [each["username"] for each in figures["slow"]] == ["lazy"]
        assert figures["slow"][0]["waiting"] == lazy.session.outbox.size > 80_000
        assert figures["totals"]["slow"] == 1
        assert figures["totals"]["waiting"] == lazy.session.outbox.size


async def test_pages(keeper: Actor) -> None:
    """OPS-3: a page of those that match, in the order that was asked for."""
    async with MemoryEngine() as engine:
        for number in range(30):
            each = await engine.connect(f"user-{number:02}")
            for topic in range(number % 4):
                await each.command("subscribe", f"look.{topic}")
        watcher = await engine.connect(keeper)
        found = (await watcher.command("inspect.sessions", data={"sort": "topics", "limit": 10}))["ok"]
        assert found["total"] == 31
        assert [each["topics"] for each in found["sessions"]] == [3] * 7 + [2] * 3
        rest = (await watcher.command("inspect.sessions", data={"sort": "topics", "skip": 10, "limit": 100}))["ok"]
        ids = {each["id"] for each in found["sessions"] + rest["sessions"]}
        assert len(ids) == 31
        found = (await watcher.command("inspect.sessions", data={"search": "USER-1"}))["ok"]
        assert found["total"] == 10 == len(found["sessions"])
        for data in ({"limit": 101}, {"skip": -1}, {"sort": "name"}, {"search": "x" * 151}):
            assert await watcher.error("inspect.sessions", data=data) == "bad_data"


@pytest.mark.slow
async def test_with_many_sessions(keeper: Actor) -> None:
    """OPS-3: ten thousand sessions; what goes out stays small."""
    async with MemoryEngine() as engine:
        for number in range(MANY):
            connection = FakeConnection(f"u{number}")
            actor = Actor(key=user_key(number), user_id=number, username=f"user-{number}")
            connection.session = Session(engine.engine, connection.sink, actor, V1_DIALECT)
            await connection.session.open([f"look.{number % 500}"], engine.clock.monotonic())
        watcher = await engine.connect(keeper)
        await watcher.command("subscribe", LIVE)
        await tick(engine)
        frame = next(frame for frame in reversed(watcher.frames) if frame.get("type") == "inspect.measured")
        assert frame["data"]["totals"]["sessions"] == MANY + 1
        assert all(len(frame["data"][rows]) <= MOST for rows in ("slow", "busy", "topics"))
        size = len(msgspec.json.encode(frame))
        began = time.perf_counter()
        await tick(engine)
        took = time.perf_counter() - began
        print(f"{MANY} sessions: {size} bytes a second to each who looks, {took * 1000:.0f} ms of this process")
        assert size < 20_000


async def test_an_engine_alone_hears_nobody() -> None:
    """OPS-3: where there is only one process, nothing is followed to hear of others."""
    async with MemoryEngine() as engine:
        assert isinstance(engine.engine.hub.relay, NoRelay)
        assert "inspect.all" not in engine.engine.hub.topics
