"""A topic of the Python client, by the frames that it gets."""

import asyncio
from typing import Any

import msgspec

from hubbub.client.frames import ServerFrame
from hubbub.client.topic import Topic
from hubbub.protocol.frames import Position


class Host:
    """The client, and its connection: keeps what is to be called with the answer."""

    def __init__(self) -> None:
        self.connection = self
        self.answers: list[Any] = []

    def ask(self, command, answered, *rest) -> None:
        self.answers.append(answered)


async def test_the_position_that_events_follow_is_before_those_that_have_come_since():
    """SUB-1: an event may be read in the same turn of the loop as the reply before it."""
    host = Host()
    topic = Topic("chat.1", None, 100, host)  # type: ignore[arg-type]
    subscribed = asyncio.create_task(topic.subscribe())
    await asyncio.sleep(0)
    reply = b'{"position": {"epoch": "e", "offset": 38}, "recovered": false, "events": []}'
    host.answers[0](msgspec.Raw(reply))
    for offset in (39, 40):
        topic.receive(ServerFrame("told.only_here", topic="chat.1", offset=offset, data=msgspec.Raw(b"{}")))
    assert await subscribed == Position("e", 38)
    assert [(await anext(topic)).position for _ in range(2)] == [Position("e", 39), Position("e", 40)]
