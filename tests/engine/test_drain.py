"""How a process lets go of its clients before it stops."""

import asyncio

import msgspec

from hubbub.engine.context import Context
from hubbub.protocol.close import Close
from hubbub.protocol.registry import TopicKind, command, handles, topic_kind
from hubbub.testing import MemoryEngine, settle

_gate = asyncio.Event()


@command("test.finish")
class Finish(msgspec.Struct):
    pass


@handles(Finish)
async def finish(ctx: Context, data: Finish) -> None:
    await _gate.wait()


topic_kind(TopicKind("work", lambda actor, topic: None))


async def drained(engine, clients, step):
    """How many are closed after each step, until all are."""
    draining = asyncio.create_task(engine.engine.drain())
    await settle()
    gone = [sum(client.closed is not None for client in clients)]
    while not draining.done():
        await engine.clock.advance(step)
        gone.append(sum(client.closed is not None for client in clients))
    await draining
    assert {client.closed for client in clients} == {Close.RESTART}
    return gone


async def test_a_few_at_a_time():
    """CLO-2"""
    async with MemoryEngine(drain_rate=100, drain_seconds=10.0) as engine:
        clients = [await engine.connect(f"user{n}") for n in range(50)]
        assert not engine.engine.draining
        gone = await drained(engine, clients, 0.05)
        assert engine.engine.draining
        assert gone[0] == 10
        # Four waits of 0.05 to 0.15 s lie between the five batches.
        assert 4 <= len(gone) - 1 <= 13


async def test_within_the_time():
    """CLO-2: where there are many, more of them go at once."""
    async with MemoryEngine(drain_rate=1, drain_seconds=1.0) as engine:
        clients = [await engine.connect(f"user{n}") for n in range(40)]
        gone = await drained(engine, clients, 0.05)
        assert gone[0] == 4
        assert len(gone) * 0.05 <= 1.5


async def test_whoever_comes_meanwhile_goes_too():
    """CLO-2"""
    async with MemoryEngine(drain_rate=10, drain_seconds=10.0) as engine:
        clients = [await engine.connect(f"user{n}") for n in range(3)]
        draining = asyncio.create_task(engine.engine.drain())
        await settle()
        late = await engine.connect("late")
        while not draining.done():
            await engine.clock.advance(0.1)
        assert {client.closed for client in (*clients, late)} == {Close.RESTART}


async def test_commands_that_were_taken_are_answered():
    """CLO-2: and those that come later are not carried out, so that the client sends them again."""
    async with MemoryEngine() as engine:
        _gate.clear()
        alice = await engine.connect("alice")
        await alice.command("subscribe", "work.a")
        for id in (7, 8):
            alice.send_text(f'{{"id": {id}, "type": "test.finish", "topic": "work.a"}}')
        await settle()
        draining = asyncio.create_task(engine.engine.drain())
        await settle()
        alice.send_text('{"id": 9, "type": "test.finish", "topic": "work.a"}')
        await settle()
        assert alice.closed is None
        _gate.set()
        await draining
        assert [frame["id"] for frame in alice.frames if frame["type"] == "reply"][-2:] == [7, 8]
        assert alice.closed == Close.RESTART


async def test_a_command_that_hangs_holds_up_nothing(monkeypatch):
    """CLO-2"""
    monkeypatch.setattr("hubbub.engine.session.FINISH_SECONDS", 0.05)
    async with MemoryEngine() as engine:
        _gate.clear()
        alice = await engine.connect("alice")
        await alice.command("subscribe", "work.a")
        alice.send_text('{"id": 7, "type": "test.finish", "topic": "work.a"}')
        await settle()
        await engine.engine.drain()
        assert alice.closed == Close.RESTART
