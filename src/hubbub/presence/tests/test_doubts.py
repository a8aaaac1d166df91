"""Who may have fewer contacts than before: nobody sees whom until that is certain."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hubbub.engine.control import CONTROL_TOPIC, AccessRevoked
from hubbub.presence.roll import Roll
from hubbub.presence.tests.conftest import ALICE, BOB, CAROL, DAVE, Contacts, last, look, told, who
from hubbub.protocol.errors import Busy
from hubbub.testing import MemoryEngine, settle

TOLD = 0.3


async def test_who_is_no_contact_any_more_is_not_seen(contacts: Contacts) -> None:
    """PRS-2: in both directions, and what others see stays as it is."""
    async with MemoryEngine() as engine:
        alice, bob, carol = [await engine.connect(who(each)) for each in (ALICE, BOB, CAROL)]
        for each in (alice, bob, carol):
            await look(each, ALICE, BOB, CAROL)
        contacts.pairs -= {frozenset((ALICE, BOB)), frozenset((BOB, CAROL))}
        await engine.publish(CONTROL_TOPIC, AccessRevoked("u.2", "chat.1", "removed"))
        await engine.clock.advance(TOLD)
        assert told(alice) == [{BOB: "gone"}] and told(carol) == [{BOB: "gone"}]
        assert told(bob) == [{ALICE: "gone", CAROL: "gone"}]
        for each in (alice, bob, carol):
            await each.send("presence.set", data={"state": "online"})
        await engine.clock.advance(TOLD)
        assert told(alice)[-1] == {ALICE: "online", CAROL: "online"}
        assert told(bob)[-1] == {BOB: "online"}


async def test_who_shares_another_conversation_is_seen_as_before(contacts: Contacts) -> None:
    """PRS-2: what changed while it was looked up is told."""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect(who(ALICE)), await engine.connect(who(BOB))
        await look(alice, BOB)
        await engine.publish(CONTROL_TOPIC, AccessRevoked("u.2", "chat.1", "left"))
        await bob.send("presence.set", data={"state": "online"})
        await engine.clock.advance(TOLD)
        assert last(alice, BOB)["state"] == "online"
        assert all("gone" not in each.values() for each in told(alice))


class Slowly:
    """Holds back what the database has answered; ``done`` says how often it has."""

    def __init__(self, engine: MemoryEngine) -> None:
        reader = engine.engine.reader
        self._run, self.answered, self.go_on = reader.run, 0, asyncio.Event()
        reader.run = self  # type: ignore[method-assign]

    async def __call__(self, query: Any) -> Any:
        found = await self._run(query)
        self.answered += 1
        await self.go_on.wait()
        return found


async def test_a_revocation_during_the_question(contacts: Contacts) -> None:
    """PRS-2: what was read before it does not count."""
    async with MemoryEngine() as engine:
        alice = await engine.connect(who(ALICE))
        slowly = Slowly(engine)
        alice.send_text('{"id": 1, "type": "presence.watch", "data": {"users": [2, 3]}}')
        await settle()
        assert slowly.answered == 1
        contacts.pairs -= {frozenset((ALICE, BOB)), frozenset((BOB, CAROL))}
        await engine.publish(CONTROL_TOPIC, AccessRevoked("u.2", "chat.1", "removed"))
        slowly.go_on.set()
        reply = (await alice.wait_for(lambda: [each for each in alice.frames if each.get("id") == 1]))[0]
        assert [each["user_id"] for each in reply["ok"]["users"]] == [CAROL]
        await engine.clock.advance(TOLD)
        assert told(alice) == [{BOB: "gone"}] and slowly.answered == 2


async def test_one_s_own_revocation_during_the_question(contacts: Contacts) -> None:
    """PRS-2: nobody is shown before it is certain; who is a contact still is told of then."""
    async with MemoryEngine() as engine:
        alice = await engine.connect(who(ALICE))
        slowly = Slowly(engine)
        alice.send_text('{"id": 1, "type": "presence.watch", "data": {"users": [1, 2, 3]}}')
        await settle()
        contacts.pairs -= {frozenset((ALICE, BOB))}
        await engine.publish(CONTROL_TOPIC, AccessRevoked("u.1", "chat.1", "removed"))
        slowly.go_on.set()
        reply = (await alice.wait_for(lambda: [each for each in alice.frames if each.get("id") == 1]))[0]
        assert [each["user_id"] for each in reply["ok"]["users"]] == [ALICE]
        await engine.clock.advance(TOLD)
        assert told(alice) == [{BOB: "gone", CAROL: "offline"}]


async def test_revocations_of_others_hold_up_nobody(contacts: Contacts) -> None:
    """PRS-2: a large room is emptied, one by one, while people look."""
    async with MemoryEngine() as engine:
        alice, bob, dave = [await engine.connect(who(each)) for each in (ALICE, BOB, DAVE)]
        contacts.pairs.add(frozenset((DAVE, 1000)))
        await look(dave, 1000)
        reader, revoked = engine.engine.reader, 0
        run = reader.run

        async def meanwhile(query):
            nonlocal revoked
            found = await run(query)
            for key in (DAVE, 1000, 1001, CAROL):
                revoked += 1
                await engine.publish(CONTROL_TOPIC, AccessRevoked(f"u.{key}", "chat.9", "removed"))
            return found

        reader.run = meanwhile  # type: ignore[method-assign]
        replies = [await look(alice, BOB, CAROL) for _ in range(20)]
        reader.run = run  # type: ignore[method-assign]
        print(f"{revoked} revocations during {len(replies)} questions: all answered")
        assert all(BOB in each for each in replies) and revoked >= 80
        await bob.send("presence.set", data={"state": "online"})
        await engine.clock.advance(TOLD)
        await engine.clock.advance(TOLD)
        assert told(alice) == [{BOB: "online"}, {CAROL: "offline"}]


async def test_revocations_that_nobody_heard_of(contacts: Contacts) -> None:
    """PRS-2: after the log was away, what was being read does not count either."""
    async with MemoryEngine() as engine:
        alice = await engine.connect(who(ALICE))
        slowly = Slowly(engine)
        alice.send_text('{"id": 1, "type": "presence.watch", "data": {"users": [2]}}')
        await settle()
        contacts.pairs.clear()
        engine.engine.parts.of(Roll).lookers.doubt_all()
        slowly.go_on.set()
        reply = (await alice.wait_for(lambda: [each for each in alice.frames if each.get("id") == 1]))[0]
        assert reply["ok"] == {"users": []}
        await engine.clock.advance(TOLD)
        assert told(alice) == [{BOB: "gone"}]


async def test_a_revocation_while_it_is_looked_again(contacts: Contacts) -> None:
    """PRS-2: what was read of one of the others before it does not count, and the rest does."""
    async with MemoryEngine() as engine:
        alice = await engine.connect(who(ALICE))
        await look(alice, BOB, CAROL)
        slowly = Slowly(engine)
        await engine.publish(CONTROL_TOPIC, AccessRevoked("u.1", "chat.1", "removed"))
        await settle()
        assert slowly.answered == 1
        contacts.pairs -= {frozenset((ALICE, BOB)), frozenset((BOB, CAROL))}
        await engine.publish(CONTROL_TOPIC, AccessRevoked("u.2", "chat.1", "removed"))
        slowly.go_on.set()
        await engine.clock.advance(TOLD)
        assert told(alice) == [{CAROL: "offline", BOB: "gone"}]


async def test_a_question_that_fails_is_asked_again(contacts: Contacts, caplog: pytest.LogCaptureFixture) -> None:
    """PRS-2: whatever the failure is; others who are in doubt don't wait for it."""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect(who(ALICE)), await engine.connect(who(BOB))
        await look(alice, CAROL)
        await look(bob, CAROL)
        reader = engine.engine.reader
        run = reader.run

        async def broken(query):
            if query.args[0] == ALICE:
                raise RuntimeError("a bug in a project's own contacts")
            return await run(query)

        reader.run = broken  # type: ignore[method-assign]
        for key in ("u.1", "u.2"):
            await engine.publish(CONTROL_TOPIC, AccessRevoked(key, "chat.1", "removed"))
        for _ in range(3):
            await engine.clock.advance(1)
        assert told(alice) == [] and told(bob) == [{CAROL: "offline"}]
        assert "a bug in a project's own contacts" in caplog.text
        reader.run = run  # type: ignore[method-assign]
        for _ in range(3):
            await engine.clock.advance(1)
        assert told(alice) == [{CAROL: "offline"}]


async def test_while_nobody_can_say_who_may_nobody_sees(contacts: Contacts) -> None:
    """PRS-2: the database is away when somebody is removed."""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect(who(ALICE)), await engine.connect(who(BOB))
        await look(alice, BOB)
        reader = engine.engine.reader
        run = reader.run

        async def away(query):
            raise Busy

        reader.run = away  # type: ignore[method-assign]
        await engine.publish(CONTROL_TOPIC, AccessRevoked("u.2", "chat.1", "removed"))
        await bob.send("presence.set", data={"state": "online"})
        await engine.clock.advance(5)
        assert told(alice) == []
        reader.run = run  # type: ignore[method-assign]
        await engine.clock.advance(2)
        assert told(alice) == [{BOB: "online"}]
