"""The Python client over several sessions: the inbox, tokens and tickets."""

from __future__ import annotations

import asyncio
import json
import urllib.request

import pytest

from hubbub.chat.messages import MessageSent, Send
from hubbub.client import Client, Event, SignedOut
from hubbub.testing import Proxy
from tests.clients.test_client import message_of
from tests.clients.tokens import short_token
from tests.durability.world import World
from tests.services import LiveServer
from tests.waiting import wait_until_async


async def test_the_inbox_follows_conversations_over_a_loss(server: LiveServer, proxy: Proxy, world: World):
    """CHT-6: those joined later, too, and what happened while the connection was away."""
    names = list(world.tokens)
    mine, yours = world.tokens.values()
    url = f"ws://127.0.0.1:{proxy.port}/ws/"
    async with Client(url, token=mine) as me, Client(server.ws_url, token=yours) as you:
        inbox = me.inbox()
        topics = {each["topic"] for each in await inbox.subscribe()}
        assert topics == set(world.topics)

        async def heard(content: str) -> Event:
            async with asyncio.timeout(15):
                async for event in inbox:
                    if isinstance(event.data, MessageSent):
                        assert event.data.message.content == content
                        return event
            raise AssertionError("the inbox ended")

        await you.call(Send("one"), topic=world.topics[1])
        assert (await heard("one")).topic == world.topics[1]
        made = await you.call("chat.create", {"participants": [names[0]], "title": "New"})
        new = made["conversation"]["topic"]
        await you.call(Send("two"), topic=new)
        assert (await heard("two")).topic == new
        proxy.cut()
        await wait_until_async(lambda: me.status != "online", "being offline")
        for topic, content in ((new, "three"), (world.topics[0], "four")):
            await you.call(Send(content), topic=topic)
        proxy.mend()
        found = set()
        async with asyncio.timeout(15):
            async for event in inbox:
                if isinstance(event.data, MessageSent):
                    found.add((event.topic, event.data.message.content))
                    if len(found) == 2:
                        break
        assert found == {(new, "three"), (world.topics[0], "four")}
        assert inbox.positions[new].offset > 0
        # A topic of the inbox followed by itself: both get all of it, once.
        topic = me.topic(new)
        await topic.subscribe()
        await you.call(Send("five"), topic=new)
        assert (await message_of(topic)).data.message.content == "five"
        await heard("five")


async def test_a_session_outlives_its_token(server: LiveServer, world: World):
    """AUT-3: the token is replaced before it expires, and nothing is noticed."""
    name, token = next(iter(world.tokens.items()))
    short = await asyncio.to_thread(short_token, server, name, 5)
    given: list[str] = []

    async def source() -> str:
        given.append(token if given else short)
        return given[-1]

    statuses: list[str] = []
    async with Client(server.ws_url, token=source, on_status=statuses.append) as me:
        await me.ready()
        async with asyncio.timeout(15):
            while len(given) < 2:
                await asyncio.sleep(0.05)
            await asyncio.sleep(4)  # Until the first one has expired for sure.
        await me.call(Send("still here"), topic=world.topics[0])
    assert given == [short, token] and statuses == ["connecting", "online", "closed"]


async def test_tickets(server: LiveServer, proxy: Proxy, world: World):
    """AUT-5: each connection takes another; one that is used up is the end of a client that has no other."""
    token = next(iter(world.tokens.values()))
    asked = 0

    async def ticket() -> str:
        nonlocal asked
        asked += 1
        return await asyncio.to_thread(take_ticket, server, token)

    async with Client(f"ws://127.0.0.1:{proxy.port}/ws/", ticket=ticket) as me:
        user = await me.ready()
        assert user is not None and user.username == next(iter(world.tokens))
        proxy.cut()
        await wait_until_async(lambda: me.status != "online", "being offline")
        proxy.mend()
        assert await me.ready() == user and asked == 2
    once = await ticket()
    async with Client(server.ws_url, ticket=once) as me:
        await me.ready()
    async with Client(server.ws_url, ticket=once) as me:
        with pytest.raises(SignedOut):
            await me.ready()


def take_ticket(server: LiveServer, token: str) -> str:
    request = urllib.request.Request(
        f"{server.url}/api/auth/ticket/", method="POST", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=15) as response:
        found: str = json.load(response)["ticket"]
        return found
