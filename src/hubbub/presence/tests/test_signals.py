"""Django's signal for who comes and goes (rule PRS-8)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from hubbub.layers.memory import InMemoryLayer
from hubbub.presence.signals import presence_changed
from hubbub.presence.tests.conftest import ALICE, BOB, Contacts, who
from hubbub.presence.tests.test_processes import LEASE, pass_time, process
from hubbub.testing import MemoryEngine

pytestmark = pytest.mark.usefixtures("contacts")

Changes = list[tuple[Any, str, str]]


@pytest.fixture
def heard() -> Iterator[Changes]:
    """What a receiver hears, which always fails in the end."""
    found: Changes = []

    def hear(sender: Any, user_id: Any, before: str, state: str, **more: Any) -> None:
        assert threading.current_thread() is not threading.main_thread()
        found.append((user_id, before, state))
        raise ValueError("a receiver's own fault")

    presence_changed.connect(hear)
    yield found
    presence_changed.disconnect(hear)


async def until(heard: Changes, count: int, *engines: MemoryEngine) -> None:
    """Let time pass until so many signals came; a receiver takes some of the test's own time."""
    for _ in range(1000):
        if len(heard) >= count:
            break
        await pass_time(0.25, *engines)
        await asyncio.sleep(0.002)
    assert len(heard) == count


async def test_coming_and_going(heard: Changes) -> None:
    """PRS-8: by states, not by devices; who is invisible went offline."""
    async with MemoryEngine() as engine:
        bob, phone = await engine.connect(who(BOB)), await engine.connect(who(BOB))
        await bob.send("presence.set", data={"state": "online"})
        await phone.send("presence.set", data={"state": "away"})
        await until(heard, 1, engine)
        await bob.send("presence.set", data={"state": "away"})
        await until(heard, 2, engine)
        await bob.send("presence.set", data={"invisible": True})
        await until(heard, 3, engine)
        bob.cut()
        phone.cut()
        await pass_time(20, engine)
    assert heard == [(BOB, "offline", "online"), (BOB, "online", "away"), (BOB, "away", "offline")]


async def test_one_process_tells_it(heard: Changes, contacts: Contacts) -> None:
    """PRS-8: where the user is connected; where that process has crashed, one that is left."""
    layer = InMemoryLayer()
    async with process(layer) as one, process(layer) as three:
        await pass_time(2, one, three)
        async with process(layer) as two:
            alice = await one.connect(who(ALICE))
            await alice.send("presence.set", data={"state": "online"})
            bob = await two.connect(who(BOB))
            await bob.send("presence.set", data={"state": "online"})
            await until(heard, 2, two, one, three)
        await pass_time(LEASE + 2, one, three)
        await until(heard, 3, one, three)
    assert sorted(heard) == [(ALICE, "offline", "online"), (BOB, "offline", "online"), (BOB, "online", "offline")]
