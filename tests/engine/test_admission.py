"""Who comes back is let in from memory only while the access lasts."""

from typing import Any

import pytest

from hubbub.engine.actor import Actor
from hubbub.engine.control import CONTROL_TOPIC, AccessGranted, AccessRevoked, ActorRenamed, LogChanged
from hubbub.engine.parted import REMEMBER_SECONDS
from hubbub.protocol.frames import Position
from hubbub.testing import MemoryEngine, settle
from tests.engine.returning import follow, members, resume, tell


@pytest.fixture(autouse=True)
def _fresh() -> None:
    members.begin()


async def comes_back(engine: MemoryEngine, name: str = "alice", topic: str = "club.a") -> tuple[str, int]:
    """What a resume is answered, and how often the rule was asked."""
    before = members.asked
    reply = await resume(await engine.connect(name), topic, 0)
    return reply["error"]["code"] if "error" in reply else "ok", members.asked - before


async def left(engine: MemoryEngine, topic: str = "club.a") -> None:
    """Alice has followed the topic and was cut."""
    alice = await follow(engine, "alice", topic)
    await tell(engine, topic, 1)
    alice.cut()


async def test_the_rule_is_asked_where_revocations_are_not_told():
    """SUB-5"""
    async with MemoryEngine() as engine:
        await left(engine, "strict.a")
        assert await comes_back(engine, topic="strict.a") == ("ok", 1)
        members.banned.add(("u.alice", "strict.a"))
        assert await comes_back(engine, topic="strict.a") == ("forbidden", 1)


async def test_revoked_while_nobody_was_connected():
    """SUB-4 CHT-9"""
    async with MemoryEngine() as engine:
        await left(engine)
        assert await comes_back(engine) == ("ok", 0)
        await left(engine)
        members.banned.add(("u.alice", "club.a"))
        await engine.publish(CONTROL_TOPIC, AccessRevoked("u.alice", "club.a", "removed"))
        assert await comes_back(engine) == ("forbidden", 1)
        members.banned.clear()
        await engine.publish(CONTROL_TOPIC, AccessGranted("u.alice", "club.a", Position("e1", 1)))
        assert await comes_back(engine) == ("ok", 1)


async def test_revoked_while_another_tab_is_open():
    """SUB-4 CHT-9: the open tab's admission goes with its subscription."""
    async with MemoryEngine() as engine:
        tab = await follow(engine, "alice", "club.a")
        assert await comes_back(engine) == ("ok", 0)
        members.banned.add(("u.alice", "club.a"))
        await engine.publish(CONTROL_TOPIC, AccessRevoked("u.alice", "club.a", "removed"))
        assert await comes_back(engine) == ("forbidden", 1)
        await tell(engine, "club.a", 1)
        assert tab.events() == []


async def test_revoked_and_cut_in_either_order():
    """SUB-4: an admission that was revoked is not kept when its connection goes, bound to the topic or not."""
    async with MemoryEngine() as engine:
        for cut_first in (True, False):
            members.banned.clear()
            alice = await follow(engine, "alice", "club.a")
            members.banned.add(("u.alice", "club.a"))
            revoked = engine.store.append(CONTROL_TOPIC, AccessRevoked("u.alice", "club.a", "removed"))
            for step in (alice.cut, lambda revoked=revoked: engine.engine.hub.deliver(revoked))[
                :: 1 if cut_first else -1
            ]:
                step()
            assert await comes_back(engine) == ("forbidden", 1)
        members.banned.clear()
        bound = await engine.connect("alice", BoundToClub(), ["club.a"])
        members.banned.add(("u.alice", "club.a"))
        engine.engine.hub.deliver(engine.store.append(CONTROL_TOPIC, AccessRevoked("u.alice", "club.a", "removed")))
        assert await comes_back(engine) == ("forbidden", 1)  # It is closing, and not yet gone.
        await settle()
        bound.cut()
        assert await comes_back(engine) == ("forbidden", 1)


class BoundToClub:
    """A format of a socket that is for one topic, and says nothing."""

    bound: str | None = "club.a"
    full = False
    groups = False

    def __getattr__(self, name: str) -> Any:
        return lambda *args: [] if name == "subscribed" else None


async def test_a_session_that_is_let_in_by_another_rule_says_nothing_of_the_kind_s():
    """SUB-5: a socket of its own rule, or the server by itself."""
    async with MemoryEngine() as engine:
        tab = await engine.connect("alice")
        tab.session.follow("club.a")
        assert await comes_back(engine) == ("ok", 1)
        alice = await engine.connect("eve")
        await alice.session.open(["club.b"], engine.clock.monotonic(), authorize=lambda actor, topic: True)
        members.banned.add(("u.eve", "club.b"))
        assert await comes_back(engine, "eve", "club.b") == ("forbidden", 1)


async def test_an_admission_lasts_a_minute():
    """SUB-5"""
    async with MemoryEngine() as engine:
        await follow(engine, "bob", "club.a")
        await left(engine)
        await engine.clock.advance(REMEMBER_SECONDS - 2)
        assert len(engine.engine.hub.parted) == 1
        await engine.clock.advance(4)
        assert len(engine.engine.hub.parted) == 0
        assert await comes_back(engine) == ("ok", 1)


async def test_revocations_that_may_be_missing():
    """SUB-4: while the control topic has a gap, and after one that cannot be filled, the rule is asked."""
    async with MemoryEngine() as engine:
        await left(engine)
        await follow(engine, "bob", "club.a")
        engine.store.append(CONTROL_TOPIC, AccessRevoked("u.alice", "club.a", "removed"))
        members.banned.add(("u.alice", "club.a"))
        await engine.publish(CONTROL_TOPIC, LogChanged({}))  # The second; the first has been lost on the way.
        assert await comes_back(engine) == ("forbidden", 1)
        members.banned.clear()
        await engine.clock.advance(0.05)
        await left(engine)
        for _ in range(3):
            engine.store.append(CONTROL_TOPIC, AccessRevoked("u.alice", "club.a", "removed"))
        engine.store.prune(CONTROL_TOPIC, 6)
        await engine.publish(CONTROL_TOPIC, LogChanged({}))
        await engine.clock.advance(0.05)
        assert engine.engine.hub.up_to_date
        await engine.clock.advance(0.05)
        # Nothing was missed of the topic itself, and of bob a subscription is still there.
        for name in ("alice", "bob"):
            asked = members.asked
            assert "ok" in await (await engine.connect(name)).command("subscribe", "club.a")
            assert members.asked == asked + 1


async def test_guests_are_not_kept():
    async with MemoryEngine() as engine:
        guest = await engine.connect(None)
        await guest.command("subscribe", "club.a")
        guest.cut()
        assert len(engine.engine.hub.parted) == 0


async def test_rights_of_staff_that_ended_are_not_brought_along():
    """OPS-3: credentials that were checked before, a ticket's for one, say what was true then."""
    async with MemoryEngine() as engine:
        keeper = Actor(key="u.7", user_id=7, username="keeper", is_staff=True)
        await engine.publish(CONTROL_TOPIC, ActorRenamed("u.7", "keeper", "", "", is_staff=False))
        late = await engine.connect(keeper)
        assert not late.session.actor.is_staff
        await engine.clock.advance(1)
        again = await engine.connect(keeper)
        assert again.session.actor.is_staff
