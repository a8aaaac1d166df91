"""Faults by script and by chance, and the layer that has them."""

import asyncio

import pytest

from hubbub.layers.memory import InMemoryLayer
from hubbub.testing import Faults, FaultyLayer


def passed(faults: Faults[int], count: int) -> list[int]:
    return [each for n in range(count) for each in faults.through(n)]


def test_by_script():
    faults: Faults[int] = Faults()
    faults.next("pass", "drop", "duplicate", "reorder", "reorder", "pass")
    assert passed(faults, 7) == [0, 2, 2, 5, 3, 4, 6]
    assert faults.happened == {"pass": 3, "drop": 1, "duplicate": 1, "reorder": 2}
    with pytest.raises(ValueError, match="'lose' is no fate; there are pass, drop"):
        faults.next("lose")  # type: ignore[arg-type]


def test_by_chance_the_same_seed_is_the_same_run():
    def run(seed: int) -> list[int]:
        return passed(Faults(seed=seed, drop=0.2, duplicate=0.2, reorder=0.2), 200)

    assert run(1) == run(1) != run(2)
    assert 100 < len(set(run(1))) < 200


def test_what_is_not_concerned_passes_and_uses_up_nothing():
    faults: Faults[int] = Faults(only=lambda n: n % 2 == 0)
    faults.next("drop", "drop")
    assert passed(faults, 6) == [1, 3, 4, 5]


def test_healing_brings_what_was_held_back():
    faults: Faults[int] = Faults()
    faults.next("reorder", "drop", "drop")
    assert passed(faults, 1) == []
    assert faults.heal() == [0]
    assert passed(faults, 3) == [0, 1, 2]


async def test_a_layer_with_faults():
    layer = FaultyLayer(InMemoryLayer(), Faults(only=lambda item: item[0] == "group_send"))
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    layer.faults.next("drop", "duplicate", "reorder")
    for n in range(4):
        await layer.group_send("g", {"type": "x", "n": n})
    await layer.send(channel, {"type": "x", "n": 9})
    assert [(await layer.receive(channel))["n"] for _ in range(5)] == [1, 1, 3, 2, 9]
    assert layer.groups() == ["g"] and layer.members("g") == {channel}


async def test_a_layer_that_is_away():
    layer = FaultyLayer(InMemoryLayer())
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    layer.away = True
    with pytest.raises(ConnectionError):
        await layer.group_send("g", {"type": "x"})
    layer.away = False
    receiving = asyncio.create_task(layer.receive(channel))
    await asyncio.sleep(0)
    await layer.lose_connection()
    with pytest.raises(ConnectionError):
        await receiving
    assert layer.groups() == []
    await layer.group_add("g", channel)
    layer.stall()
    sending = asyncio.create_task(layer.group_send("g", {"type": "x", "n": 1}))
    await asyncio.sleep(0.01)
    assert not sending.done()
    await layer.heal()
    assert (await layer.receive(channel))["n"] == 1
