"""Whom one sees, and how changes reach those who look."""

from __future__ import annotations

import pytest

from hubbub.presence.lookers import IN_ONE_FRAME
from hubbub.presence.messages import MOST_WATCHED
from hubbub.presence.roll import Roll
from hubbub.presence.tests.conftest import ALICE, BOB, CAROL, DAVE, Contacts, look, told, who
from hubbub.testing import MemoryEngine, settle

TOLD = 0.3


async def test_one_sees_contacts_and_oneself(contacts: Contacts) -> None:
    """PRS-2 ACC-1: strangers, and those who do not exist, are left out alike."""
    async with MemoryEngine() as engine:
        alice, dave = await engine.connect(who(ALICE)), await engine.connect(who(DAVE))
        assert list(await look(alice, CAROL, DAVE, 999, ALICE, BOB, BOB)) == [CAROL, ALICE, BOB]
        await dave.send("presence.set", data={"state": "online"})
        await engine.clock.advance(TOLD)
        assert told(alice) == []
        assert await look(dave, ALICE, 999) == {}


@pytest.mark.parametrize("users", [["x"], ["\x00"], [2**53], [""], [-1], [True], [1.5], "bob", None])
async def test_what_is_no_users_id(contacts: Contacts, users: object) -> None:
    """PRS-2: is nobody's, or bad data; nothing breaks."""
    async with MemoryEngine() as engine:
        alice = await engine.connect(who(ALICE))
        reply = await alice.command("presence.watch", data={"users": users})
        assert reply.get("ok") == {"users": []} or reply["error"]["code"] == "bad_data"
        assert alice.closed is None


async def test_so_many_and_no_more(contacts: Contacts) -> None:
    """PRS-2"""
    async with MemoryEngine() as engine:
        alice = await engine.connect(who(ALICE))
        await look(alice, *range(1, MOST_WATCHED + 1))
        assert await alice.error("presence.watch", data={"users": list(range(MOST_WATCHED + 1))}) == "bad_data"


@pytest.mark.parametrize("topic", ["presence", "presence.processes", "presence.1"])
async def test_nobody_subscribes(contacts: Contacts, topic: str) -> None:
    """PRS-2 SUB-5"""
    async with MemoryEngine() as engine:
        alice = await engine.connect(who(ALICE))
        assert await alice.error("subscribe", topic) == "forbidden"


async def test_a_new_list_takes_the_place_of_the_old(contacts: Contacts) -> None:
    """PRS-2"""
    async with MemoryEngine() as engine:
        alice, bob, carol = [await engine.connect(who(each)) for each in (ALICE, BOB, CAROL)]
        await look(alice, BOB)
        await look(alice, CAROL)
        for each in (bob, carol):
            await each.send("presence.set", data={"state": "online"})
        await engine.clock.advance(TOLD)
        assert told(alice) == [{CAROL: "online"}]
        await look(alice)
        await carol.send("presence.set", data={"state": "away"})
        await engine.clock.advance(TOLD)
        assert len(told(alice)) == 1


async def test_changes_are_told_together_and_as_they_are_then(contacts: Contacts) -> None:
    """PRS-3"""
    async with MemoryEngine() as engine:
        alice, bob, carol = [await engine.connect(who(each)) for each in (ALICE, BOB, CAROL)]
        await look(alice, BOB, CAROL)
        for state in ("online", "away", "online", "away"):
            await bob.send("presence.set", data={"state": state})
        await carol.send("presence.set", data={"state": "online"})
        await engine.clock.advance(TOLD)
        assert told(alice) == [{BOB: "away", CAROL: "online"}]
        frame = alice.of("presence.changed")[0]
        assert frame["topic"] == "presence" and "offset" not in frame


async def test_what_many_look_at_is_written_once(contacts: Contacts, monkeypatch: pytest.MonkeyPatch) -> None:
    """PRS-3: five hundred who look at one cost an encoding for each slice of them, and no subscription."""
    contacts.pairs |= {frozenset((ALICE, id)) for id in range(100, 600)}
    async with MemoryEngine() as engine:
        lookers = [await engine.connect(who(id)) for id in range(100, 600)]
        for each in lookers:
            await look(each, ALICE)
        assert not any(each.session.subscriptions for each in lookers)
        alice = await engine.connect(who(ALICE))
        people = engine.engine.parts.of(Roll).people
        written = []
        as_told = people.as_told

        def noting(key, *rest):
            written.append(key)
            return as_told(key, *rest)

        monkeypatch.setattr(people, "as_told", noting)
        roll = engine.engine.parts.of(Roll)
        roll.say(alice.session, "online")
        await engine.clock.advance(TOLD)
        assert all(told(each) == [{ALICE: "online"}] for each in lookers)
        assert set(written) == {"u.1"} and len(written) <= 3, "once to see what is new, and once for each slice"


async def test_many_changes_come_in_frames_of_a_bearable_size(contacts: Contacts) -> None:
    """PRS-3"""
    ids = range(100, 100 + 2 * IN_ONE_FRAME + 1)
    contacts.pairs |= {frozenset((ALICE, id)) for id in ids}
    async with MemoryEngine() as engine:
        alice = await engine.connect(who(ALICE))
        await look(alice, *ids)
        for id in ids:
            engine.engine.parts.of(Roll).say((await engine.connect(who(id))).session, "online")
        await engine.clock.advance(TOLD)
        assert [len(each) for each in told(alice)] == [IN_ONE_FRAME, IN_ONE_FRAME, 1]


async def test_a_slow_reader_is_told_how_it_is_in_the_end(contacts: Contacts) -> None:
    """PRS-3 LIM-4: what waits is who has changed, not what there was to say of them."""
    async with MemoryEngine(outbox_bytes=1600) as engine:
        alice, bob = await engine.connect(who(ALICE)), await engine.connect(who(BOB))
        await look(alice, BOB)
        alice.stall()
        alice.send_text('{"id": 9, "type": "presence.set", "data": {}}')
        await settle()
        alice.send_text('{"id": 10, "type": "presence.set", "data": {}}')
        await settle()
        assert alice.session.outbox.size > 100
        for number in range(30):
            await bob.send("presence.set", data={"state": ("online", "away")[number % 2]})
            await engine.clock.advance(2)
        assert alice.closed is None
        alice.resume()
        await settle()
        await engine.clock.advance(1)
        assert told(alice)[-1] == {BOB: "away"} and len(told(alice)) <= 2
