"""Under a server whose ``send`` never waits, the client's answers to pings say whether it keeps up."""

import msgspec

from hubbub.engine.outbox import REACH
from hubbub.protocol.close import Close
from hubbub.protocol.registry import TopicKind, event, topic_kind
from hubbub.testing import FakeConnection, MemoryEngine, settle

SIZE = 50_000
COUNT = 3 * REACH // SIZE


@event("reach.said")
class Said(msgspec.Struct):
    text: str


topic_kind(TopicKind("reach", lambda actor, topic: None))


async def say(engine: MemoryEngine, count: int) -> None:
    for _ in range(count):
        await engine.publish("reach.1", Said("x" * SIZE))
    await settle()


def pings(connection: FakeConnection) -> int:
    return sum(frame["type"] == "ping" for frame in connection.frames)


async def test_who_answers_gets_all_in_order():
    """LIM-4"""
    async with MemoryEngine(outbox_bytes=10 * REACH) as engine:
        reader = await engine.connect("reader")
        await reader.command("subscribe", "reach.1")
        await say(engine, COUNT)
        assert REACH <= len(reader.events()) * SIZE < REACH + 2 * SIZE
        answered = 0
        while answered < pings(reader):
            answered += 1
            reader.send_text('{"type": "pong"}')
            await settle()
        assert [frame["offset"] for frame in reader.events()] == list(range(1, COUNT + 1))
        assert reader.session.outbox.size == 0 and reader.closed is None


async def test_who_does_not_is_too_slow():
    """LIM-4"""
    async with MemoryEngine(outbox_bytes=REACH) as engine:
        reader = await engine.connect("reader")
        await reader.command("subscribe", "reach.1")
        await say(engine, COUNT)
        assert reader.closed == Close.TOO_SLOW
        assert len(reader.events()) * SIZE < REACH + 2 * SIZE


async def test_who_is_away_while_it_is_waited_for_ends_well():
    async with MemoryEngine(outbox_bytes=10 * REACH) as engine:
        reader = await engine.connect("reader")
        await reader.command("subscribe", "reach.1")
        await say(engine, COUNT)
        reader.session.ended()
        reader.session.outbox.answered()
        await settle()
        assert reader.session.outbox.size == 0
