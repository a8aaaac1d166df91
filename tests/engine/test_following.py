"""Following all of one's topics at once, while some are granted and others taken away."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hubbub.engine.control import CONTROL_TOPIC, AccessGranted, AccessRevoked
from hubbub.engine.following import All, Followed, follow_all, going_live
from hubbub.engine.session import Session
from hubbub.protocol.close import Close
from hubbub.protocol.dialect import V1
from hubbub.protocol.errors import Busy
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import registry
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
    with going_live(session, subscriptions, found):
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


async def test_a_grant_that_cannot_be_followed():
    """CHT-6: whatever the reason, the client comes back rather than miss it in silence."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await follow(alice.session, list)

        async def broken(query: Callable[[], Any]) -> Any:
            raise ValueError("this is what a rule of the project does")

        engine.reader.run = broken  # type: ignore[method-assign]
        await grant(engine, "club.a")
        await settle()
        assert alice.closed == Close.RESTART


class Wordless(V1):
    """A format that cannot say that something is of no use any more."""

    def reset(self, topic: str, position: Position, reason: str) -> None:
        return None


async def test_a_grant_from_too_long_ago_in_a_format_without_resets():
    """CHT-6 SUB-3: what is missing cannot be said, so the client comes back."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice", Wordless())
        await follow(alice.session, list)
        await grant(engine, "club.a", Position("another epoch", 1))
        await settle()
        assert alice.closed == Close.RESTART


async def test_a_reply_that_cannot_be_written():
    """CHT-6: whoever asks again is answered, and does not wait for what was begun."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        session = alice.session
        subscriptions, found = await follow_all(session, lambda: ["club.a"], lambda: object(), {}, "club")
        with pytest.raises(TypeError), going_live(session, subscriptions, found):
            raise TypeError("what the feature replies with is no JSON")
        assert session.subscriptions == {} and session.kept == frozenset()
        assert (await asyncio.wait_for(follow(session, lambda: ["club.a"]), 5)).positions == {"club.a": START}


async def test_a_feature_fails_when_one_has_joined(monkeypatch):
    """CHT-6: its topic is followed all the same, and so are the others."""

    def fail(session: Session, subscription: object) -> None:
        raise ValueError("this is what a feature does")

    monkeypatch.setattr(registry.topics["club"], "joined", fail)
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        await follow(alice.session, lambda: ["club.a", "club.b"])
        await tell(engine, "club.a", 1)
        await tell(engine, "club.b", 1)
        assert offsets(alice, "club.a") == offsets(alice, "club.b") == [1]


@pytest.mark.parametrize("by", ["subscribe", "all"])
async def test_groups_cannot_be_joined(monkeypatch, by):
    """SUB-1: whoever asks for the topic again is answered, and does not wait for what was begun."""

    class Grouped(V1):
        groups = True

    async with MemoryEngine() as engine:

        async def fail(topic: str, names: object) -> None:
            raise ValueError("this is what a layer does")

        alice = await engine.connect("alice", Grouped())
        monkeypatch.setattr(engine.engine.groups, "join", fail)
        if by == "subscribe":
            assert (await alice.command("subscribe", "club.a"))["error"]["code"] == "internal"
        else:
            with pytest.raises(ValueError, match="layer"):
                await alice.session.prepare([], 0, all=All("club", lambda: ["club.a"]))
        assert alice.session.subscriptions == {}
        monkeypatch.undo()
        assert "ok" in await alice.command("subscribe", "club.a")


async def test_bound_to_one_of_all():
    """FMT-1: a socket that is bound to a topic and to all of a kind follows that topic once."""
    async with MemoryEngine() as engine:
        alice = await engine.connect("alice")
        find = All("club", lambda: ["club.a", "club.b"])
        followed = await asyncio.wait_for(alice.session.prepare(["club.a"], 0, all=find), 5)
        assert [each.topic for each, _ in followed] == ["club.a", "club.b"]
        alice.session.begin(followed)
        await tell(engine, "club.a", 1)
        assert offsets(alice, "club.a") == [1]
