"""Two engines on one layer, as two processes are: what each knows of the other's people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from hubbub.django.relay import LayerRelay
from hubbub.layers.memory import InMemoryLayer
from hubbub.presence.processes import IN_ONE_ANNOUNCEMENT
from hubbub.presence.roll import Roll
from hubbub.presence.tests.conftest import ALICE, BOB, CAROL, DAVE, Contacts, last, look, told, who
from hubbub.testing import Faults, FaultyLayer, MemoryEngine, settle
from hubbub.testing.layer import Message

LEASE = 15.0


@asynccontextmanager
async def process(layer: object) -> AsyncIterator[MemoryEngine]:
    memory = MemoryEngine()
    memory.relay = LayerRelay(layer)
    async with memory as engine:
        memory.relay.start(engine.engine)
        await settle()
        yield engine


async def pass_time(seconds: float, *engines: MemoryEngine) -> None:
    """Let time pass for all processes, in steps: they hear each other on the way."""
    while seconds > 1e-9:
        step = min(0.25, seconds)
        for engine in engines:
            await engine.clock.advance(step)
        seconds -= step


def people(engine: MemoryEngine) -> dict[str, str]:
    return {key: person.state for key, person in engine.engine.parts.of(Roll).people}


async def test_who_is_online_elsewhere_is_online(contacts: Contacts) -> None:
    """PRS-6"""
    layer = InMemoryLayer()
    async with process(layer) as one, process(layer) as two:
        alice, bob = await one.connect(who(ALICE)), await two.connect(who(BOB))
        await look(alice, BOB)
        await bob.send("presence.set", data={"state": "online"})
        await pass_time(1, two, one)
        assert told(alice) == [{BOB: "online"}]
        await bob.send("presence.set", data={"state": "away"})
        await pass_time(1, two, one)
        assert told(alice) == [{BOB: "online"}, {BOB: "away"}]
        bob.cut()
        await pass_time(12, two, one)
        assert told(alice)[-1] == {BOB: "offline"} and last(alice, BOB)["last_seen"] is not None


async def test_a_crashed_process_takes_its_people_with_it(contacts: Contacts) -> None:
    """PRS-6: within the lease, and not before it; who has another device elsewhere stays."""
    layer = InMemoryLayer()
    async with process(layer) as one:
        alice = await one.connect(who(ALICE))
        await look(alice, BOB, CAROL)
        phone = await one.connect(who(CAROL))
        await phone.send("presence.set", data={"state": "online"})
        async with process(layer) as two:
            for each in (BOB, CAROL):
                await (await two.connect(who(each))).send("presence.set", data={"state": "online"})
            await pass_time(40, one, two)
            assert people(one) == {"u.1": "online", "u.2": "online", "u.3": "online"}
            assert len(last(alice, CAROL)["devices"]) == 2
            before = len(told(alice))
            # Killed: not a word of it is said to anybody.
            await two.engine.tasks.cancel()
        await pass_time(LEASE / 2, one)
        assert len(told(alice)) == before
        await pass_time(LEASE / 2 + 1.5, one)
        assert told(alice)[before:] == [{BOB: "offline", CAROL: "online"}]
        assert len(last(alice, CAROL)["devices"]) == 1 and last(alice, BOB)["last_seen"] is not None


async def test_a_restart_is_not_noticed(contacts: Contacts) -> None:
    """PRS-4 PRS-6: a process stops, and its people come back to another one."""
    layer = InMemoryLayer()
    async with process(layer) as one:
        alice = await one.connect(who(ALICE))
        async with process(layer) as two:
            bob = await two.connect(who(BOB))
            await bob.send("presence.set", data={"state": "online"})
            await pass_time(6, one, two)
            await look(alice, BOB)
        bob.cut()
        await pass_time(3, one)
        again = await one.connect(who(BOB))
        await again.send("presence.set", data={"state": "online"})
        await pass_time(30, one)
        assert {each[BOB] for each in told(alice)} == {"online"}


async def test_a_process_that_starts_learns_who_is_there(contacts: Contacts) -> None:
    """PRS-6: and when those who are gone were last seen."""
    layer = InMemoryLayer()
    async with process(layer) as one:
        for each in (ALICE, BOB):
            await (await one.connect(who(each))).send("presence.set", data={"state": "online"})
        carol = await one.connect(who(CAROL))
        await carol.send("presence.set", data={"state": "online", "invisible": True})
        await carol.send("presence.set", data={"invisible": False})
        carol.cut()
        await pass_time(60, one)
        async with process(layer) as two:
            await pass_time(1, two, one, two)
            assert people(two) == {"u.1": "online", "u.2": "online", "u.3": "offline"}
            bob = await two.connect(who(BOB))
            assert (await look(bob, CAROL))[CAROL]["last_seen"] is not None


async def test_more_people_than_one_announcement_holds(contacts: Contacts) -> None:
    """PRS-6"""
    layer = InMemoryLayer()
    async with process(layer) as one:
        roll = one.engine.parts.of(Roll)
        for id in range(IN_ONE_ANNOUNCEMENT + 20):
            roll.say((await one.connect(who(id))).session, "online")
        await pass_time(1, one)
        async with process(layer) as two:
            await pass_time(1, two, one, two)
            assert people(two) == people(one) and len(people(two)) == IN_ONE_ANNOUNCEMENT + 20


async def test_invisible_holds_on_every_process(contacts: Contacts) -> None:
    """PRS-5 PRS-6: chosen on one, undone on the other; and it stays when that one has crashed."""
    layer = InMemoryLayer()
    async with process(layer) as one, process(layer) as two:
        alice = await one.connect(who(ALICE))
        await look(alice, BOB)
        phone = await one.connect(who(BOB))
        await phone.send("presence.set", data={"state": "online"})
        async with process(layer) as three:
            desktop = await three.connect(who(BOB))
            await desktop.send("presence.set", data={"state": "online"})
            await pass_time(1, three, one, two)
            await desktop.send("presence.set", data={"invisible": True})
            await pass_time(1, three, one, two)
            assert told(alice)[-1] == {BOB: "offline"}
            await three.engine.tasks.cancel()
        await pass_time(LEASE + 5, one, two)
        assert (await look(alice, BOB))[BOB]["state"] == "offline", "the phone is invisible, too"
        again = await two.connect(who(BOB))
        assert (await again.send("presence.set", data={"state": "online"}))["invisible"]
        await again.send("presence.set", data={"invisible": False})
        await pass_time(1, two, one)
        assert (await look(alice, BOB))[BOB]["state"] == "online"


async def test_a_process_that_starts_shows_nobody_who_is_invisible(contacts: Contacts) -> None:
    """PRS-5 PRS-6: before the others have said who that is, it shows only those of whom somebody has spoken."""
    layer = InMemoryLayer()
    async with process(layer) as one:
        bob, carol = await one.connect(who(BOB)), await one.connect(who(CAROL))
        await carol.send("presence.set", data={"state": "online", "invisible": True})
        await bob.send("presence.set", data={"state": "online"})
        await pass_time(1, one)
        async with process(layer) as two:
            alice = await two.connect(who(ALICE))
            dave = await two.connect(who(DAVE))
            contacts.pairs.add(frozenset((ALICE, DAVE)))
            for each in (alice, dave, phone := await two.connect(who(CAROL))):
                await each.send("presence.set", data={"state": "online"})
            seen = [await look(alice, ALICE, BOB, CAROL, DAVE)]
            assert seen[0][ALICE]["state"] == "online", "of oneself one knows"
            for _ in range(25):
                await pass_time(0.1, two, one)
                seen.append(await look(alice, BOB, CAROL, DAVE))
            states = {id: [each[id]["state"] for each in seen] for id in (BOB, CAROL, DAVE)}
            print(f"carol, who is invisible, was shown online {states[CAROL].count('online')} times of {len(seen)}")
            assert set(states[CAROL]) == {"offline"}
            assert {BOB: "online", DAVE: "online"}.items() <= {id: each[-1] for id, each in states.items()}.items()
            bob_after, dave_after = states[BOB].index("online"), states[DAVE].index("online")
            print(
                f"others are shown {bob_after / 10} s after the start where they are known, {dave_after / 10} s if not"
            )
            assert bob_after < 8 and dave_after <= 12
            assert (await phone.send("presence.set", data={"state": "online"}))["invisible"]


async def test_who_looks_at_a_process_that_starts_is_told(contacts: Contacts) -> None:
    """PRS-3 PRS-6: once it is known, without asking again; and who says that it is visible is shown at once."""
    layer = InMemoryLayer()
    async with process(layer) as one, process(layer) as two:
        alice, bob, carol = [await two.connect(who(each)) for each in (ALICE, BOB, CAROL)]
        await look(alice, BOB, CAROL)
        await bob.send("presence.set", data={"state": "online", "invisible": True})
        await bob.send("presence.set", data={"invisible": False})
        await carol.send("presence.set", data={"state": "online"})
        await pass_time(0.25, two, one)
        assert told(alice) == [{BOB: "online"}]
        await pass_time(2, two, one)
        assert told(alice) == [{BOB: "online"}, {CAROL: "online"}]


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_the_layer_does_to_announcements(contacts: Contacts, seed: int) -> None:
    """PRS-6: lost, doubled or out of order; once the layer is well both know the same."""
    faults: Faults[Message] = Faults(seed=seed, drop=0.25, duplicate=0.2, reorder=0.2)
    layer = FaultyLayer(InMemoryLayer(), faults)
    async with AsyncExitStack() as stack:
        engines = [await stack.enter_async_context(process(layer)) for _ in range(3)]
        here = {}
        for round in range(12):
            for index, engine in enumerate(engines):
                id = 10 * index + round
                here[id] = await engine.connect(who(id))
                await here[id].send("presence.set", data={"state": ("online", "away")[round % 2]})
                if round % 3 == 2:
                    here[id - 1].cut()
            await pass_time(0.5, *engines)
        await pass_time(12, *engines)
        await layer.heal()
        await pass_time(LEASE, *engines)
        assert people(engines[0]) == people(engines[1]) == people(engines[2])
        assert set(people(engines[0]).values()) == {"online", "away", "offline"}
        assert faults.happened["drop"] and faults.happened["duplicate"] and faults.happened["reorder"]


async def test_a_layer_that_was_away(contacts: Contacts) -> None:
    """PRS-6: nobody can know of the others meanwhile; afterwards all is as it was."""
    layer = FaultyLayer(InMemoryLayer())
    async with process(layer) as one, process(layer) as two:
        alice, bob = await one.connect(who(ALICE)), await two.connect(who(BOB))
        for each in (alice, bob):
            await each.send("presence.set", data={"state": "online"})
        await look(alice, BOB)
        await pass_time(2, one, two)
        layer.away = True
        await pass_time(LEASE + 3, one, two)
        assert last(alice, BOB)["state"] == "offline"
        layer.away = False
        await pass_time(8, one, two)
        assert last(alice, BOB)["state"] == "online"


async def test_what_no_process_says_is_passed_over(contacts: Contacts, caplog: pytest.LogCaptureFixture) -> None:
    """PRS-6: another version's announcement harms nobody."""
    layer = InMemoryLayer()
    async with process(layer) as one:
        alice = await one.connect(who(ALICE))
        message = {"type": "hubbub.event", "from": "x", "topic": "presence.processes", "event": "presence.announced"}
        rest = {"at": "2030-01-01T00:00:00+00:00", "epoch": "", "offset": None, "author": "", "skip": "", "key": ""}
        for data in ("{}", "[]", "nonsense", '{"process": "x", "number": "one"}'):
            await layer.group_send("presence.processes", message | rest | {"data": data})
        await pass_time(1, one)
        assert "Do all run the same version?" in caplog.text
        assert await look(alice, BOB)


async def test_one_process_alone_says_nothing() -> None:
    """PRS-6"""
    async with MemoryEngine() as engine:
        assert "presence.processes" not in engine.engine.hub.topics
