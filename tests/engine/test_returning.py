"""Coming back, whatever happens: seeded clients, beside the truth of the log."""

import random
from collections import Counter

import msgspec
import pytest

from hubbub.engine.control import CONTROL_TOPIC, AccessRevoked, LogChanged
from hubbub.protocol.frames import Event, Position
from hubbub.testing import FakeConnection, MemoryEngine, settle
from tests.engine.returning import Told, members, offsets


@pytest.fixture(autouse=True)
def _fresh() -> None:
    members.begin()


class Model:
    """Clients that keep what they were told, beside the truth of the log."""

    def __init__(self, engine: MemoryEngine, seed: int) -> None:
        self.engine = engine
        self.random = random.Random(seed)
        self.topics = ["club.a", "club.b", "open.c"]
        self.held: list[Event] = []
        self.at: dict[tuple[str, str], Position] = {}
        self.connections: dict[str, FakeConnection] = {}
        self.revoked_at: dict[tuple[str, str], int] = {}
        self.answers: Counter[str] = Counter()

    async def connect(self, name: str) -> FakeConnection:
        if name not in self.connections:
            self.connections[name] = await self.engine.connect(name)
        return self.connections[name]

    async def step(self) -> None:
        name, topic = self.random.choice(["ann", "bob", "cy"]), self.random.choice(self.topics)
        doing = self.random.choice("ttttttssssccclrgpb")
        if doing == "t":
            await self.tell(topic)
        elif doing == "s":
            await self.subscribe(name, topic)
        elif doing == "c" and (connection := self.connections.pop(name, None)):
            self.check(name, connection)
            connection.cut()
        elif doing == "l":
            self.engine.engine.hub.post([self.held.pop()] if self.held else [])
            await settle()
        elif doing == "r" and topic.startswith("club"):
            await self.revoke(name, topic)
        elif doing == "g":
            members.banned.discard((f"u.{name}", topic))
            self.revoked_at.pop((name, topic), None)
        elif doing == "p":
            state = self.engine.store.states([topic])[topic]
            before = min(state.top + 1, state.first + 2)
            self.engine.store.prune(topic, before)
            await self.engine.publish(CONTROL_TOPIC, LogChanged({topic: before - 1}))
        elif doing == "b":
            await self.engine.clock.advance(self.random.choice([0.05, 1, 70]))

    async def tell(self, topic: str) -> None:
        event = self.engine.store.append(topic, Told(self.random.randrange(1000)))
        if self.random.random() < 0.3:
            self.held.append(event)  # It comes late, or never.
        else:
            self.engine.engine.hub.publish([event])
        await settle()

    async def revoke(self, name: str, topic: str) -> None:
        key = (f"u.{name}", topic)
        if key not in members.banned:
            members.banned.add(key)
            await self.engine.publish(CONTROL_TOPIC, AccessRevoked(*key, "removed"))
            self.revoked_at[name, topic] = self.engine.store.states([topic])[topic].top

    async def subscribe(self, name: str, topic: str) -> None:
        connection = await self.connect(name)
        self.check(name, connection)
        at = self.at.get((name, topic))
        more = {"since": msgspec.to_builtins(at)} if at and self.random.random() < 0.9 else {}
        begin = len(connection.frames)
        asked = members.asked
        reply = await connection.command("subscribe", topic, **more)
        if "error" in reply:
            assert (f"u.{name}", topic) in members.banned
            return
        assert (f"u.{name}", topic) not in members.banned
        ok, position = reply["ok"], msgspec.convert(reply["ok"]["position"], Position)
        self.answers["asked" if members.asked > asked else "not asked"] += topic != "open.c"
        if at and more and ok["recovered"]:
            self.answers["recovered"] += bool(ok["events"])
            truth = {each.offset: each.payload() for each in self.engine.store._events.get(topic, ())}
            assert offsets(ok) == list(range(at.offset + 1, position.offset + 1))
            assert all(truth[each["offset"]] == each["data"] for each in ok["events"])
        else:
            assert ok["events"] == []
        self.at[name, topic] = position
        after = connection.frames.index(reply, begin)
        connection.frames[: after + 1] = []
        self.check(name, connection)

    def check(self, name: str, connection: FakeConnection) -> None:
        """Every event once, in order, without a gap; none after the access was lost."""
        for frame in connection.frames:
            key = name, frame.get("topic", "")
            if frame["type"] == "reset":
                self.at[key] = msgspec.convert(frame["data"]["position"], Position)
            elif frame["type"] == "test.told":
                assert frame["offset"] == self.at[key].offset + 1, (key, frame, self.at[key])
                assert frame["offset"] <= self.revoked_at.get(key, frame["offset"]), "after the access was lost"
                self.at[key] = Position("e1", frame["offset"])
        connection.frames.clear()


@pytest.mark.parametrize("first", [0, 10, 20])
async def test_whatever_happens(first):
    """SUB-1 SUB-2 SUB-4 EVT-5 CHT-9: whoever answers, memory or the log, the client sees the log."""
    answers: Counter[str] = Counter()
    for seed in range(first, first + 10):
        members.begin()
        async with MemoryEngine(resume_limit=8, recent_bytes=20_000, heartbeat=100_000) as engine:
            model = Model(engine, seed)
            try:
                for _ in range(250):
                    await model.step()
                await engine.clock.advance(1)
                for name, connection in model.connections.items():
                    model.check(name, connection)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}") from error
        answers += model.answers
    print(dict(answers))
    assert min(answers[each] for each in ("asked", "not asked", "recovered")) > 50
