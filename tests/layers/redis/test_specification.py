"""The Channels layer specification over a real Valkey: channels, capacity, expiry, groups, flush."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from channels.exceptions import ChannelFull, MessageTooLarge

from hubbub.layers.redis import RedisLayer
from tests.layers.redis.conftest import Make
from tests.waiting import wait_until_async

MESSAGE: dict[str, Any] = {"type": "a.b", "text": "hÿ", "bytes": b"\x00\xff", "list": [1, None, True, {"x": 1.5}]}


async def received(layer: RedisLayer, channel: str, seconds: float = 5) -> dict[str, Any]:
    return await asyncio.wait_for(layer.receive(channel), seconds)


async def nothing_for(layer: RedisLayer, *channels: str) -> None:
    """Nothing waits: what is sent last is what comes first."""
    for channel in channels:
        await layer.send(channel, {"type": "the.end"})
        assert (await received(layer, channel))["type"] == "the.end"


@pytest.mark.parametrize("own", [True, False])
async def test_messages_wait_and_come_whole_and_in_order(make: Make, own: bool) -> None:
    """LAY-1: also before anybody receives, on one process's channel as on a shared one."""
    one, two = make(), make()
    channel = await one.new_channel() if own else "thumbnails"
    await two.send(channel, MESSAGE)
    for n in range(3):
        await two.send(channel, {"type": "x", "n": n})
    assert await received(one, channel) == MESSAGE
    waiting = asyncio.create_task(received(one, channel))
    assert (await waiting)["n"] == 0
    await two.send(channel, {"type": "x", "n": 3})
    assert [(await received(one, channel))["n"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("own", [True, False])
async def test_who_waits_is_woken(make: Make, own: bool) -> None:
    """LAY-1: a receiver that found nothing gets what is sent later, and each message goes to one."""
    one, two = make(), make()
    channel = await one.new_channel() if own else "work"
    receivers = [asyncio.create_task(received(one, channel)) for _ in range(3)]
    if not own:
        receivers += [asyncio.create_task(received(two, channel)) for _ in range(2)]
    for n in range(len(receivers)):
        await two.send(channel, {"type": "x", "n": n})
    assert sorted(message["n"] for message in await asyncio.gather(*receivers)) == list(range(len(receivers)))
    await nothing_for(one, channel)


@pytest.mark.parametrize("own", [True, False])
async def test_a_full_channel_is_seen_by_who_sends(make: Make, own: bool) -> None:
    """LAY-1: also from another process, as long as nobody receives; the first fitting pattern says how many."""
    config: dict[str, Any] = {"capacity": 3, "channel_capacity": {"tiny.*": 1, re.compile("sma.l.*"): 2}}
    for prefix, capacity in (("plain", 3), ("tiny", 1), ("small", 2)):
        one, two = make(**config), make(**config)
        channel = await one.new_channel(prefix) if own else f"{prefix}.x"
        for n in range(capacity):
            await two.send(channel, {"type": "x", "n": n})
        with pytest.raises(ChannelFull, match=prefix):
            await two.send(channel, {"type": "x"})
        assert [(await received(one, channel))["n"] for _ in range(capacity)] == list(range(capacity))
        await nothing_for(two if not own else one, channel)


async def test_a_full_channel_of_this_process_is_seen_at_once(make: Make) -> None:
    """LAY-1 LAY-3: what waits in memory counts too."""
    layer = make(capacity=2)
    channel = await layer.new_channel()
    await nothing_for(layer, channel)  # It is read from now on.
    await layer.group_add("g", channel)
    for n in range(5):
        await layer.group_send("g", {"type": "x", "n": n})
    await wait_until_async(lambda: layer.dropped == 3, "all five")
    other = await layer.new_channel()
    await layer.group_add("g", other)
    await layer.group_send("g", {"type": "last"})
    assert (await received(layer, other))["type"] == "last"
    with pytest.raises(ChannelFull):
        await layer.send(channel, {"type": "x"})
    assert layer.dropped == 4 and layer.drops == {"full": 4}
    assert [(await received(layer, channel))["n"] for _ in range(2)] == [0, 1]
    await nothing_for(layer, channel)


async def test_a_message_that_is_too_large(make: Make) -> None:
    layer = make(max_message_bytes=1000)
    for send in (layer.send, layer.group_send):
        with pytest.raises(MessageTooLarge, match=r"2,0\d\d bytes .* 1,000"):
            await send("work", {"type": "x", "text": "x" * 2000})
    await layer.send("work", {"type": "x", "text": "x" * 900})


@pytest.mark.parametrize("own", [True, False])
async def test_messages_expire(make: Make, own: bool) -> None:
    """LAY-1: those that are older than the time they may wait, on the server or here."""
    layer = make(expiry=0.5)
    channel = await layer.new_channel() if own else "work"
    await layer.send(channel, {"type": "old"})
    await layer.group_add("g", channel)
    await layer.group_send("g", {"type": "old"})
    await asyncio.sleep(0.3)
    await layer.send(channel, {"type": "newer"})
    await asyncio.sleep(0.3)
    assert (await received(layer, channel))["type"] == "newer"
    await nothing_for(layer, channel)


async def test_a_cancelled_receiver_takes_nothing_along(make: Make) -> None:
    """LAY-1: at whatever moment it is cancelled."""
    layer = make()
    for channel in ("work", await layer.new_channel()):
        for n in range(60):
            receiving = asyncio.create_task(layer.receive(channel))
            for _ in range(n % 12):
                await asyncio.sleep(0)
            await layer.send(channel, {"type": "x", "n": n})
            receiving.cancel()
            await asyncio.wait([receiving])
            got = receiving.result() if not receiving.cancelled() else await received(layer, channel)
            assert got["n"] == n
        await nothing_for(layer, channel)


async def test_names_that_are_none(make: Make) -> None:
    layer = make()
    for call in (
        layer.send("=+135!", {"type": "x"}),
        layer.receive("=+135!"),
        layer.group_add("not a group", "x"),
        layer.group_add("g", "not a channel"),
        layer.group_send("x" * 100, {"type": "x"}),
    ):
        with pytest.raises(TypeError):
            await call
    with pytest.raises(AssertionError, match="another process"):
        await layer.receive("specific.somebody!else")
    with pytest.raises(TypeError):
        await layer.send("work", {"type": object()})


# Groups


async def test_a_group_reaches_its_members_in_every_process(make: Make) -> None:
    """LAY-2: from the moment that group_add returns until group_discard does, and each gets a copy of its own."""
    one, two, three = make(), make(), make()
    mine, also_mine = await one.new_channel("a"), await one.new_channel("b")
    yours = await two.new_channel()
    assert mine.startswith("a.") and also_mine.startswith("b.")
    for layer, channel in ((one, mine), (one, also_mine), (two, yours)):
        await layer.group_add("g", channel)
        await layer.group_add("g", channel)
    message = {"type": "x", "list": [1]}
    await three.group_send("g", message)
    first = await received(one, mine)
    first["list"].append(2)
    assert await received(one, also_mine) == message == await received(two, yours)
    await one.group_discard("g", mine)
    await one.group_discard("g", mine)
    await one.group_discard("other", mine)
    await three.group_send("g", message)
    assert await received(one, also_mine) == message == await received(two, yours)
    await nothing_for(one, mine)


async def test_members_that_are_read_elsewhere(make: Make) -> None:
    """LAY-2: a worker's channel, and one of another process, can be added and taken out by anybody."""
    one, two = make(), make()
    theirs = await two.new_channel()
    receiving = asyncio.create_task(received(two, theirs))
    for channel in ("worker", theirs):
        await one.group_add("g", channel)
    await one.group_send("g", {"type": "x"})
    assert (await receiving)["type"] == "x"
    assert (await received(two, "worker"))["type"] == "x"
    for channel in ("worker", theirs):
        await one.group_discard("g", channel)
    await one.group_send("g", {"type": "late"})
    await nothing_for(two, theirs, "worker")


async def test_a_member_twice_over(make: Make) -> None:
    """LAY-2: added by its own process and by another, it gets each message once, and one end is enough."""
    one, two = make(), make()
    channel = await two.new_channel()
    await one.group_add("g", channel)
    await two.group_add("g", channel)
    await one.group_send("g", {"type": "x"})
    assert (await received(two, channel))["type"] == "x"
    await nothing_for(two, channel)
    await two.group_discard("g", channel)
    await one.group_send("g", {"type": "late"})
    await nothing_for(two, channel)


async def test_a_membership_ends_whoever_ends_it(make: Make) -> None:
    """LAY-2: one that its own process made, ended by another."""
    one, two = make(), make()
    channel = await two.new_channel()
    await nothing_for(two, channel)
    await two.group_add("g", channel)
    await one.group_discard("g", channel)
    await one.group_send("g", {"type": "late"})
    await nothing_for(two, channel)


async def test_messages_and_those_of_groups_come_in_order(make: Make) -> None:
    """LAY-1: of one sender, before and after the channel is a member, and before anybody receives."""
    layer, sender = make(), make()
    channel = await layer.new_channel()
    for n in range(3):
        await sender.send(channel, {"type": "x", "n": n})
    await layer.group_add("g", channel)
    for n in range(3, 20):
        await (sender.send(channel, {"type": "x", "n": n}) if n % 2 else sender.group_send("g", {"type": "x", "n": n}))
    assert [(await received(layer, channel))["n"] for _ in range(20)] == list(range(20))


async def test_a_full_worker_is_passed_over(make: Make) -> None:
    """LAY-3: at most once, counted where it is noticed."""
    layer = make(capacity=2)
    await layer.group_add("g", "worker")
    for _ in range(5):
        await layer.group_send("g", {"type": "x"})
    assert layer.drops == {"full": 3}


async def test_memberships_last_while_somebody_receives(make: Make) -> None:
    """LAY-2: a socket that is open for longer than group_expiry stays in its groups, a forgotten channel doesn't."""
    layer = make(group_expiry=0.2)
    open_, forgotten = await layer.new_channel(), await layer.new_channel()
    receiving = asyncio.create_task(received(layer, open_))
    await layer.group_add("g", open_)
    await layer.group_add("g", forgotten)
    await layer.group_add("g", "worker")
    await asyncio.sleep(0.4)
    [local] = layer._locals.values()
    layer._sweep(asyncio.get_running_loop())
    assert not local.is_member(forgotten)
    await layer.group_send("g", {"type": "x"})
    assert (await receiving)["type"] == "x"
    await nothing_for(layer, forgotten, "worker")


async def test_nothing_is_kept_of_channels_that_are_over(make: Make) -> None:
    layer = make()
    for _ in range(10):
        channel = await layer.new_channel()
        receiving = asyncio.create_task(layer.receive(channel))
        await layer.group_add("g", channel)
        await layer.group_send("g", {"type": "x"})
        assert (await receiving)["type"] == "x"
        receiving = asyncio.create_task(layer.receive(channel))
        await asyncio.sleep(0)
        receiving.cancel()
        await asyncio.wait([receiving])
        await layer.group_discard("g", channel)
    [local] = layer._locals.values()
    assert not layer._mailboxes._boxes and not local._groups and not local._memberships


async def test_flush(make: Make, valkey_url: str, prefix: str) -> None:
    layer, other = make(), make(prefix=f"{prefix}-other")
    channel = await layer.new_channel()
    await layer.send("work", {"type": "x"})
    await other.send("work", {"type": "theirs"})
    await layer.send(channel, {"type": "x"})
    await layer.group_add("g", channel)
    await layer.group_add("g", "worker")
    await layer.flush()
    await layer.group_send("g", {"type": "x"})
    await nothing_for(layer, "work", "worker", channel)
    assert (await received(other, "work"))["type"] == "theirs"


async def test_it_is_made_by_one_line_of_settings(settings: Any, valkey_url: str) -> None:
    from channels.layers import channel_layers, get_channel_layer

    config = {"hosts": [valkey_url], "capacity": 7}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "hubbub.layers.redis.RedisLayer", "CONFIG": config}}
    layer = get_channel_layer()
    assert isinstance(layer, RedisLayer) and layer.capacity == 7
    assert layer.extensions == ("groups", "flush")
    assert channel_layers["default"] is layer
