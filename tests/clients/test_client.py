"""The Python client against a real server: what its caller sees."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hubbub.chat.messages import MarkRead, MessageReply, MessageSent, Send, SetTyping, Typing
from hubbub.client import (
    Client,
    Disconnected,
    Ended,
    Event,
    TimedOut,
    TooBig,
    Topic,
    TopicReset,
    Unsubscribed,
)
from hubbub.protocol.errors import Empty, Forbidden
from hubbub.testing import Proxy
from tests.durability.world import World
from tests.services import LiveServer

FRUGAL = """
import sys
import hubbub.client, hubbub.chat.messages
print(sorted({name.split(".")[0] for name in sys.modules} & {"django", "channels", "asgiref", "uvicorn", "redis"}))
print([name for name in sys.modules if name.startswith("hubbub.engine") or name.startswith("hubbub.django")])
"""


def test_it_needs_neither_django_nor_channels():
    done = subprocess.run([sys.executable, "-c", FRUGAL], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]


@asynccontextmanager
async def clients_of(server: LiveServer, world: World) -> AsyncIterator[tuple[Client, Client]]:
    mine, yours = world.tokens.values()
    async with Client(server.ws_url, token=mine) as me, Client(server.ws_url, token=yours) as you:
        yield me, you


async def next_of(topic: Topic) -> Event:
    async with asyncio.timeout(15):
        return await anext(topic)


async def message_of(topic: Topic) -> Event:
    """The next message; who enters and leaves the room is told in between."""
    while not isinstance((event := await next_of(topic)).data, MessageSent):
        pass
    return event


async def all_messages(topic: Topic, found: list[str]) -> None:
    """Note messages until an error ends that."""
    while True:
        found.append((await message_of(topic)).data.message.content)


async def test_events_and_replies_are_the_structs_of_their_feature(server: LiveServer, world: World):
    """ENV-3, EVT-1: ephemeral ones have no position."""
    room = world.topics[0]
    async with clients_of(server, world) as (me, you), me.topic(room) as topic, you.topic(room) as theirs:
        reply = await theirs.call(Send("hi", client_id="1"))
        assert isinstance(reply, MessageReply) and reply.message.content == "hi"
        event = await message_of(topic)
        assert isinstance(event.data, MessageSent) and event.data.message == reply.message
        assert event.position == topic.position and event.at is not None
        assert me.user is not None and reply.message.sender.id != me.user.id
        # By name, all is plain.
        plain = await me.call("chat.send", {"content": "ho"}, topic=room)
        assert plain["message"]["content"] == "ho"
        await message_of(topic)
        assert you.tell(SetTyping(True), topic=room)
        while not isinstance((typing := await next_of(topic)).data, Typing):
            pass  # Who enters the room is told, too.
        assert typing.position is None


async def test_errors_are_those_of_the_protocol(server: LiveServer, world: World):
    """ERR-1, SUB-5, LIM-1"""
    room = world.topics[0]
    async with clients_of(server, world) as (me, _):
        with pytest.raises(Empty):
            await me.call(Send("  "), topic=room)
        with pytest.raises(Forbidden):
            await me.topic("chat.999999").subscribe()
        with pytest.raises(TooBig):
            await me.call(Send("x" * 70_000), topic=room)
        with pytest.raises(TypeError, match="no client_id"):
            me.enqueue(SetTyping(True), topic=room)
        with pytest.raises(TypeError, match="no command"):
            await me.call(Typing(user=None, is_typing=True), topic=room)  # type: ignore[arg-type]
        # All that harmed nobody.
        assert (await me.call(Send("still here"), topic=room)).message.content == "still here"


async def test_a_new_run_goes_on_from_a_position(server: LiveServer, world: World):
    """SUB-2"""
    room = world.topics[0]
    async with clients_of(server, world) as (me, you):
        async with me.topic(room) as topic:
            await you.call(Send("one"), topic=room)
            await message_of(topic)
            position = topic.position
        for content in ("two", "three"):
            await you.call(Send(content), topic=room)
        again = me.topic(room, since=position)
        assert [(await message_of(again)).data.message.content for _ in range(2)] == ["two", "three"]
        with pytest.raises(ValueError, match="followed already"):
            me.topic(room, since=position)


async def test_a_slow_caller_gets_everything_and_memory_is_bounded(server: LiveServer, world: World):
    """LIM-4, EVT-1: what doesn't fit into the buffer comes from the log."""
    room = world.topics[0]
    mine, yours = world.tokens.values()
    me = Client(server.ws_url, token=mine, buffer=10)
    async with me, Client(server.ws_url, token=yours) as you:
        topic = me.topic(room)
        await topic.subscribe()
        for n in range(55):
            await you.call(Send(str(n)), topic=room)
        # In order on its connection, so everything sent to me has come by now.
        await me.call(MarkRead(1), topic=room)
        assert len(topic._inflow._items) == 10
        assert [(await message_of(topic)).data.message.content for _ in range(55)] == [str(n) for n in range(55)]
        # Much further behind than the server resumes: that is said, not passed over.
        for n in range(200):
            await you.call(Send(str(n)), topic=room)
        found: list[str] = []
        with pytest.raises(TopicReset, match="Read it again") as reset:
            await all_messages(topic, found)
        assert reset.value.reason == "too_far" and found == [str(n) for n in range(len(found))] and len(found) >= 10
        await you.call(Send("after"), topic=room)
        assert (await message_of(topic)).data.message.content == "after"


async def test_one_who_is_cancelled_loses_nothing(server: LiveServer, world: World):
    room = world.topics[0]
    async with clients_of(server, world) as (me, you), me.topic(room) as topic:
        for n in range(20):
            waiting = asyncio.ensure_future(anext(topic))
            await asyncio.sleep(0)
            # The event comes before, with, or after the cancellation.
            sending = asyncio.ensure_future(you.call(Send(str(n)), topic=room))
            if n % 2:
                await sending
            waiting.cancel()
            await asyncio.wait([waiting])
            await sending
            event = await next_of(topic) if waiting.cancelled() else waiting.result()
            assert event.data.message.content == str(n)


async def test_who_waits_hears_of_the_end(server: LiveServer, world: World):
    room = world.topics[0]
    mine, _ = world.tokens.values()
    async with Client(server.ws_url, token=mine) as me:
        await me.topic(room).subscribe()
        waiting = asyncio.ensure_future(anext(me.topic(room)))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another task"):
            await anext(me.topic(room))
    with pytest.raises(Ended):
        await waiting
    with pytest.raises(Ended):
        await me.call(Send("late"), topic=room)
    with pytest.raises(Ended):
        me.enqueue(Send("late"), topic=room)
    with pytest.raises(Ended):
        await anext(me.topic("chat.1"))
    assert me.status == "closed"


async def test_an_error_of_the_block_is_raised_as_it_is(server: LiveServer, world: World):
    mine, _ = world.tokens.values()
    me = Client(server.ws_url, token=mine)

    async def fail() -> None:
        async with me:
            await me.ready()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    with pytest.raises(RuntimeError, match="Make another one"):
        await fail()


async def test_a_removed_participant_hears_so(server: LiveServer, world: World):
    """SUB-4, CHT-9"""
    names = list(world.tokens)
    async with clients_of(server, world) as (me, you):
        made = await me.call("chat.create", {"participants": [names[1]], "title": "Short"})
        group = made["conversation"]["topic"]
        topic = you.topic(group)
        await topic.subscribe()
        await you.call("chat.leave", topic=group)

        async def read_on() -> None:
            async for _ in topic:
                pass

        with pytest.raises(Unsubscribed) as ended:
            await read_on()
        assert ended.value.topic == group


async def test_a_call_says_what_is_known_when_the_connection_is_lost(server: LiveServer, proxy: Proxy, world: World):
    mine, _ = world.tokens.values()
    async with Client(f"ws://127.0.0.1:{proxy.port}/ws/", token=mine) as me:
        await me.ready()
        proxy.deafen()
        calling = asyncio.ensure_future(me.call(Send("x"), topic=world.topics[0]))
        await asyncio.sleep(0)
        proxy.cut()
        with pytest.raises(Disconnected) as lost:
            await calling
        assert lost.value.temporary
        with pytest.raises(TimedOut):
            await me.call(Send("x"), topic=world.topics[0], timeout=0.2)


async def test_a_caller_in_the_loop_can_command(server: LiveServer, world: World):
    """ENV-4: an echo bot, which calls while events come in faster than it takes them."""
    room = world.topics[0]
    mine, yours = world.tokens.values()
    bot = Client(server.ws_url, token=mine, buffer=2)
    async with bot, Client(server.ws_url, token=yours) as you:
        heard = bot.topic(room)
        await heard.subscribe()
        for n in range(20):
            await you.call(Send(str(n)), topic=room)
        echoed: list[str] = []
        async with asyncio.timeout(30):
            while len(echoed) < 20:
                message = (await message_of(heard)).data.message
                if not message.content.startswith("echo"):
                    await heard.call(Send(f"echo {message.content}"))
                    echoed.append(message.content)
        assert echoed == [str(n) for n in range(20)]
