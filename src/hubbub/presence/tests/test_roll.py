"""What coming, going and a client's word do to presence, on a clock of the test's own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hubbub.engine.control import CONTROL_TOPIC, SessionsEnded
from hubbub.presence.people import REMEMBERED, People
from hubbub.presence.roll import Roll
from hubbub.presence.tests.conftest import ALICE, BOB, CAROL, Contacts, last, look, told, who
from hubbub.testing import MemoryEngine

pytestmark = pytest.mark.usefixtures("contacts")

ARRIVED = 3.5
"""Seconds after which even a silent client's device is online, and that is told."""
TOLD = 0.3
GONE = 11.5
"""Seconds after which somebody who has lost the connection is offline, and that is told."""


async def test_a_client_that_says_nothing_is_online_after_a_moment() -> None:
    """PRS-1 PRS-3"""
    async with MemoryEngine() as engine:
        alice = await engine.connect(who(ALICE))
        assert (await look(alice, BOB))[BOB] == {
            "user_id": BOB,
            "state": "offline",
            "last_seen": None,
            "devices": [],
            "invisible": False,
        }
        bob = await engine.connect(who(BOB))
        await engine.clock.advance(1.0)
        assert told(alice) == []
        await engine.clock.advance(ARRIVED - 1.0)
        assert told(alice) == [{BOB: "online"}]
        [device] = last(alice, BOB)["devices"]
        assert bob.session.id.startswith(device["id"]) and device["state"] == "online"


async def test_a_client_is_as_it_says_at_once() -> None:
    """PRS-1"""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect(who(ALICE)), await engine.connect(who(BOB))
        await look(alice, BOB)
        assert (await bob.send("presence.set", data={"state": "away"}))["state"] == "away"
        await engine.clock.advance(TOLD)
        assert told(alice) == [{BOB: "away"}]
        away_since = engine.clock.now()
        await engine.clock.advance(60)
        assert told(alice) == [{BOB: "away"}], "what was said is not overruled"
        assert (await look(alice, BOB))[BOB]["last_seen"][:16] == f"{away_since:%Y-%m-%dT%H:%M}"
        await bob.send("presence.set", data={"state": "online"})
        await engine.clock.advance(TOLD)
        assert told(alice)[-1] == {BOB: "online"} and last(alice, BOB)["last_seen"] is None


async def test_two_tabs_and_one_is_closed() -> None:
    """PRS-1: online until the last."""
    async with MemoryEngine() as engine:
        alice = await engine.connect(who(ALICE))
        await look(alice, BOB)
        tabs = [await engine.connect(who(BOB)) for _ in range(2)]
        await engine.clock.advance(ARRIVED)
        assert len(last(alice, BOB)["devices"]) == 2
        tabs[0].cut()
        await engine.clock.advance(GONE)
        assert last(alice, BOB)["state"] == "online" and len(last(alice, BOB)["devices"]) == 1
        tabs[1].cut()
        left_at = engine.clock.now()
        await engine.clock.advance(GONE)
        assert [each[BOB] for each in told(alice)] == ["online", "online", "offline"]
        assert last(alice, BOB)["last_seen"] == f"{left_at:%Y-%m-%dT%H:%M:%S.%f}".rstrip("0").rstrip(".") + "Z"


async def test_one_device_is_away_and_the_other_is_not() -> None:
    """PRS-1"""
    async with MemoryEngine() as engine:
        alice = await engine.connect(who(ALICE))
        phone, desktop = await engine.connect(who(BOB)), await engine.connect(who(BOB))
        await phone.send("presence.set", data={"state": "online"})
        await desktop.send("presence.set", data={"state": "away"})
        assert (await look(alice, BOB))[BOB]["state"] == "online"
        await phone.send("presence.set", data={"state": "away"})
        assert (await look(alice, BOB))[BOB]["state"] == "away"


async def test_a_reload_is_not_noticed() -> None:
    """PRS-4"""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect(who(ALICE)), await engine.connect(who(BOB))
        await bob.send("presence.set", data={"state": "online"})
        before = (await look(alice, BOB))[BOB]
        await engine.clock.advance(60)
        for _ in range(3):
            bob.cut()
            await engine.clock.advance(9.0)
            assert (await look(alice, BOB))[BOB] == before
            bob = await engine.connect(who(BOB))
            await bob.send("presence.set", data={"state": "online"})
        await engine.clock.advance(60)
        assert told(alice) == [] and (await look(alice, BOB))[BOB] == before


async def test_who_signs_out_is_gone_at_once() -> None:
    """PRS-4"""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect(who(ALICE)), await engine.connect(who(BOB, login="l1"))
        await bob.send("presence.set", data={"state": "online"})
        await look(alice, BOB)
        await engine.publish(CONTROL_TOPIC, SessionsEnded("u.2", "signed out", login="l1"))
        bob.session.ended()
        await engine.clock.advance(TOLD)
        assert told(alice) == [{BOB: "offline"}]


async def test_a_guest_has_no_presence() -> None:
    """PRS-1 PRS-2"""
    async with MemoryEngine() as engine:
        guest = await engine.connect()
        assert await guest.error("presence.set", data={"state": "online"}) == "not_authenticated"
        assert await guest.error("presence.watch", data={"users": [ALICE]}) == "not_authenticated"
        await engine.clock.advance(ARRIVED)
        guest.cut()
        assert len(engine.engine.parts.of(Roll).people) == 0


async def test_invisible_is_offline_to_all_but_oneself() -> None:
    """PRS-5"""
    async with MemoryEngine() as engine:
        alice = await engine.connect(who(ALICE))
        phone, desktop = await engine.connect(who(BOB)), await engine.connect(who(BOB))
        for each in (phone, desktop):
            await each.send("presence.set", data={"state": "online"})
        await look(alice, BOB)
        await look(desktop, BOB)
        hidden_at = engine.clock.now()
        mine = await phone.send("presence.set", data={"invisible": True})
        assert mine["invisible"] and mine["state"] == "online" and len(mine["devices"]) == 2
        await engine.clock.advance(TOLD)
        assert told(alice) == [{BOB: "offline"}] and last(alice, BOB)["devices"] == []
        assert last(alice, BOB)["last_seen"].startswith(f"{hidden_at:%Y-%m-%dT%H:%M:%S}")
        assert last(alice, BOB)["invisible"] is False
        assert last(desktop, BOB)["invisible"] is True and last(desktop, BOB)["state"] == "online"
        shown = (await look(alice, BOB))[BOB]
        # Coming, going, working: nothing of it is seen.
        await desktop.send("presence.set", data={"state": "away"})
        phone.cut()
        await engine.clock.advance(GONE)
        desktop.cut()
        await engine.clock.advance(GONE)
        again = await engine.connect(who(BOB))
        await engine.clock.advance(ARRIVED)
        assert (await again.send("presence.set", data={"state": "online"}))["invisible"], "it is remembered"
        assert (await look(alice, BOB))[BOB] == shown
        await again.send("presence.set", data={"invisible": False})
        await engine.clock.advance(TOLD)
        assert last(alice, BOB)["state"] == "online"


async def test_nothing_that_somebody_invisible_does_is_told() -> None:
    """PRS-5: a frame that says nothing new would still say that there is somebody."""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect(who(ALICE)), await engine.connect(who(BOB))
        await look(alice, BOB)
        await look(bob, BOB)
        await bob.send("presence.set", data={"state": "online", "invisible": True})
        await engine.clock.advance(TOLD)
        before, mine = len(alice.of("presence.changed")), len(bob.of("presence.changed"))
        for state in ("away", "online", "away"):
            await bob.send("presence.set", data={"state": state})
            await engine.clock.advance(TOLD)
        assert len(bob.of("presence.changed")) == mine + 3
        bob.cut()
        await engine.clock.advance(GONE)
        again = await engine.connect(who(BOB))
        await engine.clock.advance(ARRIVED)
        assert len(alice.of("presence.changed")) == before
        await again.send("presence.set", data={"invisible": False})
        await engine.clock.advance(TOLD)
        assert len(alice.of("presence.changed")) == before + 1


async def test_invisible_from_the_first_moment_on() -> None:
    """PRS-5: a client that remembers it says so before its device is shown."""
    async with MemoryEngine() as engine:
        alice, bob = await engine.connect(who(ALICE)), await engine.connect(who(BOB))
        await look(alice, BOB)
        await bob.send("presence.set", data={"state": "online", "invisible": True})
        await engine.clock.advance(60)
        bob.cut()
        await engine.clock.advance(GONE)
        assert set().union(*(each.values() for each in told(alice))) <= {"offline"}
        assert (await look(alice, BOB))[BOB]["last_seen"] is None, "nobody has seen bob"


async def test_last_seen_is_when_one_was_at_it() -> None:
    """PRS-1: somebody who was away for an hour before the connection ended was not there in that hour."""
    async with MemoryEngine(heartbeat=10_000) as engine:
        alice, bob = await engine.connect(who(ALICE)), await engine.connect(who(BOB))
        await bob.send("presence.set", data={"state": "online"})
        await engine.clock.advance(60)
        await bob.send("presence.set", data={"state": "away"})
        away_at = engine.clock.now()
        engine.clock.forward(timedelta(hours=1).total_seconds())
        bob.cut()
        await engine.clock.advance(GONE)
        seen = (await look(alice, BOB))[BOB]
        assert seen["state"] == "offline" and seen["last_seen"].startswith(f"{away_at:%Y-%m-%dT%H:%M:%S}")


def test_only_so_many_are_remembered() -> None:
    people = People()
    for id in range(REMEMBERED + 10):
        people.make(id).seen(1.0 + id)
        people.settle(f"u.{id}")
    assert len(people) == REMEMBERED
    assert people.find("u.0") is None and people.find(f"u.{REMEMBERED + 9}") is not None


async def test_nothing_is_left_of_who_is_gone(contacts: Contacts) -> None:
    """PRS-3: looks end with their session."""
    async with MemoryEngine() as engine:
        roll = engine.engine.parts.of(Roll)
        alice = await engine.connect(who(ALICE))
        await look(alice, BOB, CAROL)
        assert len(roll.lookers) == 2
        await look(alice, CAROL)
        assert len(roll.lookers) == 1
        alice.cut()
        assert len(roll.lookers) == 0
        await engine.clock.advance(GONE)
        assert not (roll._here or roll._left or roll._arriving)
