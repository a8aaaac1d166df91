"""Fan-out: encoded once, written at once to who keeps up, in slices, and in order for who does not."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest

from hubbub.engine import live as live_module
from hubbub.engine.context import Context
from hubbub.engine.control import AccessRevoked
from hubbub.protocol.close import Close
from hubbub.protocol.dialect import V1
from hubbub.protocol.registry import TopicKind, command, event, handles, topic_kind
from hubbub.testing import FakeConnection, MemoryEngine, settle


@event("fan.said")
class Said(msgspec.Struct):
    text: str


@event("fan.moved", ephemeral=True)
class Moved(msgspec.Struct):
    n: int


@command("fan.now")
class Now(msgspec.Struct):
    pass


@command("fan.later")
class Later(msgspec.Struct):
    pass


_gate = asyncio.Event()


@handles(Now)
def now(ctx: Context, data: Now) -> None:
    ctx.publish_ephemeral(Moved(1))


@handles(Later)
async def later(ctx: Context, data: Later) -> None:
    await _gate.wait()
    ctx.publish_ephemeral(Moved(2))


topic_kind(TopicKind("fan", lambda actor, topic: None))


class Frames:
    """The port ``FrameWriter`` before a connection of the tests; every write is kept."""

    def __init__(self, connection: FakeConnection) -> None:
        self.connection = connection
        self.writes: list[bytes] = []
        self.closed = False
        self.after_write: Callable[[], None] = lambda: None
        self._room = asyncio.Event()
        self._room.set()

    @property
    def direct(self) -> "Frames | None":
        return self if self._room.is_set() and not self.closed else None

    @staticmethod
    def frame(text: bytes) -> bytes:
        return text + b"\n"

    def write(self, payload: bytes) -> None:
        if self.closed:
            raise ConnectionResetError
        self.writes.append(payload)
        self.connection.frames += [msgspec.json.decode(line) for line in payload.splitlines()]
        self.after_write()

    def hold(self) -> None:
        raise NotImplementedError

    def listen(self, receive, ended) -> None:
        raise NotImplementedError

    async def send(self, frame: bytes) -> None:
        raise NotImplementedError

    async def close(self, code: int, reason: str) -> None:
        await self.connection.sink.close(code, reason)

    async def drain(self) -> None:
        await self._room.wait()

    def fill(self) -> None:
        self._room.clear()

    def empty(self) -> None:
        self._room.set()


async def join(engine: MemoryEngine, name: str, topic: str = "fan.1", dialect: V1 | None = None) -> FakeConnection:
    connection = await (engine.connect(name, dialect) if dialect else engine.connect(name))
    connection.session.outbox.writer = Frames(connection)
    await connection.command("subscribe", topic)
    return connection


def writes(connection: FakeConnection) -> list[bytes]:
    frames = connection.session.outbox.writer
    assert isinstance(frames, Frames)
    return frames.writes


def seen(connection: FakeConnection, topic: str | None = None) -> list[str | int]:
    return [frame["data"].get("text", frame["data"].get("n")) for frame in connection.events(topic)]


class Counting(V1):
    def __init__(self) -> None:
        super().__init__()
        self.encoded = 0

    def event(self, event) -> bytes | None:
        self.encoded += 1
        return super().event(event)


class Choking(V1):
    def event(self, event) -> bytes | None:
        if b"bad" in event.raw:
            raise ValueError("of another version")
        return super().event(event)


async def test_what_one_turn_brings_is_encoded_once_and_written_once():
    """EVT-1"""
    dialect = Counting()
    async with MemoryEngine() as engine:
        people = [await join(engine, f"user{n}", dialect=dialect) for n in range(5)]
        before = [len(writes(each)) for each in people]
        engine.engine.hub.publish([engine.store.append("fan.1", Said(text)) for text in "abc"])
        await settle()
        assert dialect.encoded == 3
        assert [len(writes(each)) for each in people] == [count + 1 for count in before]
        # The very same bytes: nothing was copied for each of them.
        assert len({id(writes(each)[-1]) for each in people}) == 1
        assert all(seen(each) == ["a", "b", "c"] for each in people)


async def test_a_slow_reader_gets_all_in_order_once_it_reads_again():
    """LIM-4"""
    async with MemoryEngine() as engine:
        slow, quick = await join(engine, "slow"), await join(engine, "quick")
        frames = slow.session.outbox.writer
        assert isinstance(frames, Frames)
        frames.fill()
        for n in range(10):
            await engine.publish("fan.1", Said(str(n)))
        assert seen(slow) == []
        assert seen(quick) == [str(n) for n in range(10)]
        frames.empty()
        # Comes while the task that sends is on its way: it must not overtake what waits.
        engine.engine.hub.publish([engine.store.append("fan.1", Said("10"))])
        await settle()
        assert seen(slow) == [str(n) for n in range(11)]
        assert slow.session.outbox.size == 0
        await engine.publish("fan.1", Said("11"))
        assert seen(slow)[-1] == "11"


async def test_a_reader_who_is_too_slow_is_closed_and_ephemeral_events_are_replaced():
    """LIM-4 EVT-4"""
    async with MemoryEngine(outbox_bytes=2_000) as engine:
        slow = await join(engine, "slow")
        frames = slow.session.outbox.writer
        assert isinstance(frames, Frames)
        frames.fill()
        for n in range(200):
            engine.engine.publish_ephemeral("fan.1", Moved(n), key="cursor")
        await settle()
        assert slow.session.outbox.size <= 2_000 and slow.closed is None
        frames.empty()
        await settle()
        assert seen(slow)[-1] == 199 and len(seen(slow)) < 20
        frames.fill()
        for n in range(100):
            await engine.publish("fan.1", Said(str(n)))
        frames.empty()
        await settle()
        assert slow.closed == Close.TOO_SLOW


async def test_a_large_topic_does_not_hold_up_a_small_one(monkeypatch: pytest.MonkeyPatch):
    """EVT-1"""
    monkeypatch.setattr(live_module, "SLICE", 10)
    async with MemoryEngine() as engine:
        many = [await join(engine, f"user{n}") for n in range(35)]
        few = await join(engine, "few", "fan.2")
        hub = engine.engine.hub
        hub.publish([engine.store.append("fan.1", Said("large"))])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert sum(bool(seen(each)) for each in many) == 10
        # What comes during the pauses is served after the slice that is under way, and gone subscribers are not.
        hub.publish([engine.store.append("fan.1", Said("next")), engine.store.append("fan.2", Said("small"))])
        many[34].session.unfollow(many[34].session.subscriptions["fan.1"])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert seen(few) == ["small"]
        assert not all(seen(each) for each in many[:34])
        await settle()
        assert all(seen(each) == ["large", "next"] for each in many[:34])
        assert seen(many[34]) == []


async def test_a_flush_leaves_one_slice_a_turn(monkeypatch: pytest.MonkeyPatch):
    """EVT-1: however often something asks for what waits, as everybody does who opens an inbox."""
    monkeypatch.setattr(live_module, "SLICE", 10)
    async with MemoryEngine() as engine:
        many = [await join(engine, f"user{n}") for n in range(35)]
        hub = engine.engine.hub
        for n in range(20):
            hub.deliver(engine.store.append("fan.1", Said(str(n))))
            await asyncio.sleep(0)
            hub.flush("fan.1")
        hub.deliver(engine.store.append("fan.1", Said("last")))
        counts = [0]
        while counts[-1] < 35:
            await asyncio.sleep(0)
            counts.append(sum(seen(each)[-1:] == ["last"] for each in many))
        assert max(after - before for before, after in pairwise(counts)) <= 10
        assert all(seen(each) == [*map(str, range(20)), "last"] for each in many)


async def test_what_one_turn_brings_is_bounded_for_who_does_not_read():
    """LIM-4: five hundred long messages, as the log brings them at once after a gap."""
    async with MemoryEngine() as engine:
        slow, quick = await join(engine, "slow"), await join(engine, "quick")
        frames = slow.session.outbox.writer
        assert isinstance(frames, Frames)
        written = len(frames.writes)
        frames.after_write = frames.fill
        engine.engine.hub.publish([engine.store.append("fan.1", Said("x" * 5_000)) for n in range(500)])
        await settle()
        assert sum(map(len, frames.writes[written:])) < 100_000
        frames.empty()
        await settle()
        assert slow.closed == Close.TOO_SLOW
        assert [frame["offset"] for frame in quick.events()] == list(range(1, 501))


async def test_who_becomes_too_slow_is_shown_nothing_after_the_gap():
    """LIM-4 EVT-2: the rest of what came at once would carry the client's position past what was dropped."""
    async with MemoryEngine(outbox_bytes=2_000) as engine:
        slow = await engine.connect("slow")
        await slow.subscribe("fan.1")
        slow.stall()
        engine.engine.hub.publish([engine.store.append("fan.1", Said("x" * 500)) for n in range(20)])
        await settle()
        slow.resume()
        assert await slow.wait_closed() == Close.TOO_SLOW
        offsets = [frame["offset"] for frame in slow.events()]
        assert offsets == list(range(1, len(offsets) + 1))


async def test_an_event_that_cannot_be_written_takes_no_other_with_it():
    """EVT-2"""
    async with MemoryEngine() as engine:
        reader, other = await join(engine, "reader", dialect=Choking()), await join(engine, "other")
        engine.engine.hub.publish([engine.store.append("fan.1", Said(text)) for text in ("a", "bad", "c")])
        await settle()
        assert seen(reader) == ["a", "c"]
        assert seen(other) == ["a", "bad", "c"]


async def test_a_revocation_stands_between_what_was_before_and_after():
    """SUB-4 CHT-9"""
    async with MemoryEngine() as engine:
        gone = await join(engine, "gone")
        before = engine.store.append("fan.1", Said("before"))
        revoked = engine.store.append("control", AccessRevoked("u.gone", "fan.1", "removed"))
        after = engine.store.append("fan.1", Said("after"))
        engine.engine.hub.publish([before, revoked, after])  # All in one turn.
        await settle()
        assert seen(gone) == ["before"]
        assert [frame["type"] for frame in gone.frames[-2:]] == ["fan.said", "unsubscribed"]


async def test_a_client_that_has_gone_harms_nobody():
    async with MemoryEngine() as engine:
        gone, stays = await join(engine, "gone"), await join(engine, "stays")
        frames = gone.session.outbox.writer
        assert isinstance(frames, Frames)
        frames.closed = True
        await engine.publish("fan.1", Said("hello"))
        assert seen(stays) == ["hello"]
        assert gone.session.closing == Close.NORMAL


async def test_a_handler_that_does_not_wait_runs_at_once_but_in_its_turn():
    """ENV-4"""
    async with MemoryEngine() as engine:
        _gate.clear()
        anna = await join(engine, "anna")
        anna.send_text('{"type": "fan.later", "topic": "fan.1"}')
        anna.send_text('{"type": "fan.now", "topic": "fan.1"}')
        await settle()
        assert seen(anna) == []
        _gate.set()
        await settle()
        assert seen(anna) == [2, 1]
        task_count = len(engine.engine.tasks)
        anna.send_text('{"id": 9, "type": "fan.now", "topic": "fan.1"}')
        assert len(engine.engine.tasks) == task_count
        assert anna.frames[-1] == {"id": 9, "type": "reply", "ok": {}}
