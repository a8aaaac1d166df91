"""Following all of one's topics at once, while some are granted and others taken away."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hubbub.engine.batch import Batch
from hubbub.engine.control import CONTROL_TOPIC, AccessGranted, AccessRevoked
from hubbub.engine.following import Followed, follow_all
from hubbub.engine.session import Session
from hubbub.protocol.errors import Busy
from hubbub.protocol.frames import Position
from hubbub.testing import FakeConnection, MemoryEngine, settle
from tests.engine.held import HeldReader
from tests.engine.returning import Told, members, tell

START = Position("e1", 0)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    members.begin()


def offsets(connection: FakeConnection, topic: str) -> list[int]:
    return [frame["offset"] for frame in connection.events(topic)]


async def follow(
    session: Session, topics: Callable[[], list[str]], since: dict[str, Position] | None = None
) -> Followed:
    """Do as a feature does that follows all of a user's topics."""
    subscriptions, found = await follow_all(session, topics, lambda: "as it is", since or {}, "club")
    session.show(Batch(found.missed))
    for subscription in subscriptions:
        session.go_live(subscription, found.positions[subscription.topic])
    return found


async def grant(engine: MemoryEngine, topic: str, position: Position = START) -> None:
    await engine.publish(CONTROL_TOPIC, AccessGranted("u.alice", topic, position))


async def test_granted_while_the_list_is_read():
    """CHT-6: the reply says from where on it is followed, and nothing of it comes twice."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        topics = ["club.a"]
        with HeldReader(engine) as reader:
            following = asyncio.create_task(follow(alice.session, lambda: list(topics)))
            await settle()
            topics.append("club.b")
            await tell(engine, "club.b", 1)
            await reader.answer()
            await grant(engine, "club.b")
        found = await following
        await settle()
        assert {topic: each.offset for topic, each in found.positions.items()} == {"club.a": 0, "club.b": 1}
        await tell(engine, "club.b", 2)
        assert offsets(alice, "club.b") == [2]
        assert alice.session.kept == {"club.a", "club.b"}


async def test_joined_again_while_the_list_is_read_after_much_was_pruned():
    """CHT-6 SUB-2: what comes after the reply comes after the position that it tells."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        bob = await engine.connect("bob")
        await bob.command("subscribe", "club.b")
        topics = ["club.a"]
        await tell(engine, "club.b", 1)
        with HeldReader(engine) as reader:
            following = asyncio.create_task(follow(alice.session, lambda: list(topics), {"club.b": Position("e1", 1)}))
            await settle()
            topics.append("club.b")
            await grant(engine, "club.b", Position("e1", 1))
            await tell(engine, "club.b", 2, 3, 4, 5)
            engine.store.prune("club.b", 6)
            await reader.answer()
        found = await following
        await settle()
        position = found.positions["club.b"].offset
        await tell(engine, "club.b", 6)
        told = offsets(alice, "club.b")
        assert found.reset == {"club.b": "too_old"} and told == [*range(position + 1, 7)]


async def test_granted_while_it_is_refused():
    """CHT-6: a subscription that was asked for too early takes nothing away from the list."""
    members.banned.add(("u.alice", "club.a"))
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await follow(alice.session, list)
        with HeldReader(engine) as reader:
            alice.send_text('{"id": 1, "type": "subscribe", "topic": "club.a"}')
            await settle()
            members.banned.clear()
            await grant(engine, "club.a")
            await reader.answer()
        await settle()
        assert alice.frames[-1]["error"]["code"] == "forbidden"
        await tell(engine, "club.a", 1)
        assert offsets(alice, "club.a") == [1]


async def test_listed_while_it_is_refused():
    """CHT-6: neither does it where the list has the topic already."""
    members.banned.add(("u.alice", "club.a"))
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        with HeldReader(engine):
            alice.send_text('{"id": 1, "type": "subscribe", "topic": "club.a"}')
            await settle()
            members.banned.clear()
            following = asyncio.create_task(follow(alice.session, lambda: ["club.a"]))
            await settle()
        assert (await following).positions == {"club.a": START}
        await tell(engine, "club.a", 1)
        assert offsets(alice, "club.a") == [1]


async def test_subscribed_while_the_list_is_read():
    """SUB-1: whoever asks for one of its topics is answered, a little later."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        with HeldReader(engine) as reader:
            following = asyncio.create_task(follow(alice.session, lambda: ["club.a"]))
            await settle()
            await reader.answer()
            alice.send_text('{"id": 1, "type": "subscribe", "topic": "club.a"}')
            await settle()
        await following
        await settle()
        assert "ok" in alice.frames[-1]
        await tell(engine, "club.a", 1)
        assert offsets(alice, "club.a") == [1]


async def test_granted_taken_away_and_granted_again_at_once():
    """CHT-9: what was said in between is not shown, and nothing twice."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await follow(alice.session, list)
        for n in (1, 2):
            engine.store.append("club.a", Told(n))
        changes = [
            AccessGranted("u.alice", "club.a", START),
            AccessRevoked("u.alice", "club.a", "removed"),
            AccessGranted("u.alice", "club.a", Position("e1", 1)),
        ]
        engine.engine.hub.publish([engine.store.append(CONTROL_TOPIC, each) for each in changes])
        await settle()
        await tell(engine, "club.a", 3)
        assert offsets(alice, "club.a") == [2, 3]


@pytest.mark.parametrize("answered", [0, 1, 2])
async def test_the_log_does_not_answer(answered):
    """LIM-5: nothing is left of what was begun."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        topics, read = ["club.a"], engine.reader.run

        async def away(query: Callable[[], Any]) -> Any:
            nonlocal answered
            answered -= 1
            if answered < 0:
                raise Busy
            found = await read(query)
            topics.append(f"club.{len(topics)}")  # Joined between two readings.
            return found

        engine.reader.run = away  # type: ignore[method-assign]
        with pytest.raises(Busy):
            await follow(alice.session, lambda: list(topics))
        await settle()
        assert engine.engine.hub.topics.keys() == {"control"}
        assert alice.session.subscriptions == {}


async def test_a_grant_while_the_log_does_not_answer():
    """CHT-6: it is followed once the log answers again."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await follow(alice.session, list)
        read = engine.reader.run

        async def away(query: Callable[[], Any]) -> Any:
            raise Busy

        engine.reader.run = away  # type: ignore[method-assign]
        await grant(engine, "club.a")
        await tell(engine, "club.a", 1)
        engine.reader.run = read  # type: ignore[method-assign]
        await engine.clock.advance(1.1)
        assert offsets(alice, "club.a") == [1]
