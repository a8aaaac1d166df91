"""Following one person's frames, without what they say."""

import json
from typing import Any

import pytest

from hubbub.engine.actor import Actor
from hubbub.inspector.tests.conftest import tick, told
from hubbub.inspector.trace import MOST_FRAMES, SECONDS
from hubbub.protocol.dialect import V1_DIALECT
from hubbub.testing import FakeConnection, MemoryEngine, settle

SECRET = "what-nobody-else-should-read"


def seen(connection: FakeConnection) -> list[dict[str, Any]]:
    return [frame for data in told(connection, "inspect.frames_seen") for frame in data["frames"]]


async def test_frames_in_and_out(keeper: Actor, caplog: pytest.LogCaptureFixture) -> None:
    """OPS-3: types, topics, times and sizes of all connections of one person, and nobody else's; bodies of none."""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect("alice"), await engine.connect("bob")
        watcher = await engine.connect(keeper)
        await watcher.command("subscribe", "inspect.u.alice")
        assert "keeper" in caplog.text and "inspect.u.alice" in caplog.text
        await tick(engine)
        later = await engine.connect("alice")
        await tick(engine)
        frame = json.dumps({"id": 1, "type": "subscribe", "topic": "look.a", "data": {"more": SECRET}})
        alice.send_text(frame)
        await settle()
        later.send_text(json.dumps({"id": 2, "type": SECRET, "topic": "look.a"}))
        later.send_text("{" + SECRET)
        bob.send_text(json.dumps({"id": 3, "type": "subscribe", "topic": "look.b"}))
        await tick(engine)
        found = seen(watcher)
        rows = [(each["direction"], each["type"], each["topic"], each["about"]) for each in found]
        assert ("in", "subscribe", "look.a", "") in rows
        assert ("out", "reply", "look.a", "subscribe") in rows
        assert ("in", "unknown", "look.a", "") in rows
        assert ("out", "error", "look.a", "unknown_command") in rows
        assert ("in", "unknown", "", "bad_json") in rows
        assert not any("look.b" in row for row in rows)
        assert {each["session"] for each in found} == {alice.session.id, later.session.id}
        assert next(each["bytes"] for each in found if each["type"] == "subscribe") == len(frame)
        assert SECRET not in json.dumps(watcher.frames)


async def test_it_ends_with_who_follows_it(keeper: Actor) -> None:
    """OPS-3: nothing of it stays with the sessions."""
    async with MemoryEngine() as engine:
        alice, watcher = await engine.connect("alice"), await engine.connect(keeper)
        await watcher.command("subscribe", "inspect.u.alice")
        await tick(engine)
        assert alice.session.dialect is not V1_DIALECT
        await watcher.command("unsubscribe", "inspect.u.alice")
        await tick(engine)
        await tick(engine)
        assert alice.session.dialect is V1_DIALECT


async def test_it_ends_by_itself(keeper: Actor) -> None:
    """OPS-3: after five minutes; subscribing again begins another."""
    async with MemoryEngine(heartbeat=10_000) as engine:
        alice, watcher = await engine.connect("alice"), await engine.connect(keeper)
        await watcher.command("subscribe", "inspect.u.alice")
        await settle()
        for _ in range(int(SECONDS) + 2):
            await tick(engine)
        assert len(told(watcher, "inspect.trace_ended")) == 1
        assert alice.session.dialect is V1_DIALECT
        count = len(told(watcher, "inspect.frames_seen"))
        await tick(engine)
        assert len(told(watcher, "inspect.frames_seen")) == count
        await watcher.command("subscribe", "inspect.u.alice")
        await tick(engine)
        assert alice.session.dialect is not V1_DIALECT


async def test_a_flood_is_counted(keeper: Actor) -> None:
    """OPS-3: of very many frames a second, so many are shown."""
    async with MemoryEngine() as engine:
        alice, watcher = await engine.connect("alice"), await engine.connect(keeper)
        await watcher.command("subscribe", "inspect.u.alice")
        await tick(engine)
        before = len(seen(watcher))
        for _ in range(150):
            alice.send_text("{}")
        await tick(engine)
        missed = sum(data["missed"] for data in told(watcher, "inspect.frames_seen"))
        assert len(seen(watcher)) - before == MOST_FRAMES
        assert missed == 2 * 150 - MOST_FRAMES
