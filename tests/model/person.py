"""A user on a real server, or on another one the next time; all that happens to them is noted."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.model.history import History
from tests.services import LiveServer

AGAIN_SECONDS = 0.05


class Person:
    """Connects to any of the servers until cancelled, resumes, and repeats in order what was not answered."""

    def __init__(
        self,
        name: str,
        token: str,
        servers: Sequence[LiveServer],
        topics: Sequence[str],
        history: History,
        chance: random.Random,
    ) -> None:
        self.name = name
        self.token = token
        self.ended = False
        """Whether the account is closed."""
        self.live: set[str] = set()
        self.positions: dict[str, dict[str, Any]] = {}
        self.unanswered: dict[str, str] = {}
        """Content to topic, in the order in which it was first meant to be sent."""
        self.answered: list[tuple[str, str]] = []
        self.repeats = 0
        self.connections = 0
        self._servers = servers
        self._topics = topics
        self._history = history
        self._chance = chance
        self._socket: ClientConnection | None = None
        self._commands: dict[int, tuple[str, str, str]] = {}
        self._ids = 0
        self._sent = 0
        self._lose = False

    async def run(self) -> None:
        while not self.ended:
            server = self._chance.choice(self._servers)
            with suppress(OSError, EOFError, WebSocketException, TimeoutError):
                url = f"{server.ws_url}?token={self.token}"
                async with connect(url, proxy=None, open_timeout=5, close_timeout=0.2, max_size=2**24) as socket:
                    await self._converse(socket)
            self._socket = None
            self.live.clear()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _converse(self, socket: ClientConnection) -> None:
        self.connections += 1
        self._commands.clear()
        for topic in self._topics:
            await self._subscribe(socket, topic)
        again: set[str] = set()
        # What is said meanwhile waits for its turn.
        while waiting := [each for each in self.unanswered.items() if each[0] not in again]:
            content, topic = waiting[0]
            again.add(content)
            self.repeats += 1
            self._history.note("repeated", who=self.name, topic=topic, content=content)
            await self._send(socket, topic, content)
        self._socket = socket
        async for frame in socket:
            await self._take(socket, json.loads(frame))

    async def _subscribe(self, socket: ClientConnection, topic: str) -> None:
        fields: dict[str, Any] = {"since": since} if (since := self.positions.get(topic)) else {}
        await self._ask(socket, "subscribe", topic, **fields)

    async def _send(self, socket: ClientConnection, topic: str, content: str) -> None:
        await self._ask(socket, "chat.send", topic, content, data={"content": content, "client_id": content})

    async def _ask(self, socket: ClientConnection, what: str, topic: str, content: str = "", **fields: Any) -> None:
        self._ids += 1
        self._commands[self._ids] = (what, topic, content)
        await socket.send(json.dumps({"id": self._ids, "type": what, "topic": topic, **fields}))

    # What a person does

    async def say(self, topic: str) -> None:
        content = f"{self.name}-{self._sent}"
        self._sent += 1
        self.unanswered[content] = topic
        self._history.note("sent", who=self.name, topic=topic, content=content)
        if self._socket is not None:
            await self._try(self._send(self._socket, topic, content))

    async def say_again(self) -> None:
        """Repeat what was answered: nobody forbids it."""
        if self._socket is not None and self.answered:
            topic, content = self._chance.choice(self.answered)
            await self._try(self._send(self._socket, topic, content))

    async def lose_an_answer(self, topic: str) -> None:
        """The next answer to a send is as if it had never come."""
        self._lose = True
        await self.say(topic)

    async def read(self, topic: str) -> None:
        if self._socket is not None:
            await self._try(self._ask(self._socket, "chat.read", topic))

    async def come_back_to(self, topic: str) -> None:
        if self._socket is not None:
            await self._try(self._subscribe(self._socket, topic))

    def cut(self) -> None:
        if self._socket is not None:
            self._socket.transport.abort()

    @staticmethod
    async def _try(asked: Any) -> None:
        with suppress(OSError, EOFError, WebSocketException):
            await asked

    # What a person is told

    async def _take(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        if frame["type"] == "reply":
            what, topic, content = self._commands.pop(frame["id"])
            if frame.get("error", {}).get("temporary"):
                raise EOFError  # Come again, and send again in order what was not answered.
            if what == "subscribe":
                self._subscribed(topic, frame.get("ok"))
            elif what == "chat.send":
                self._was_answered(topic, content, frame.get("ok"))
            elif "ok" in frame:
                self._history.note("read", who=self.name, topic=topic, number=frame["ok"]["number"])
        elif frame["type"] == "reset":
            self._begin(frame["topic"], frame["data"]["position"])
        elif frame["type"] == "unsubscribed":
            self.live.discard(frame["topic"])
            # Whoever was let in again meanwhile may stay; it is not for a client to know.
            await self._subscribe(socket, frame["topic"])
        elif "offset" in frame:
            self._saw(frame["topic"], frame)

    def _begin(self, topic: str, position: dict[str, Any]) -> None:
        self._history.note("began", who=self.name, topic=topic, offset=position["offset"])
        self.positions[topic] = position

    def _subscribed(self, topic: str, ok: dict[str, Any] | None) -> None:
        if ok is None:
            return
        asked_again = topic in self.live
        self.live.add(topic)
        if topic not in self.positions or ok.get("reset"):
            self._begin(topic, ok["position"])
        # Some may have come while the answer was on its way, which brings all since the question.
        known = self.positions[topic]["offset"]
        for event in ok["events"]:
            if event["offset"] > known or not asked_again:
                self._saw(topic, event)

    def _was_answered(self, topic: str, content: str, ok: dict[str, Any] | None) -> None:
        if ok is None:
            if self.unanswered.pop(content, None):
                self._history.note("refused", who=self.name, topic=topic, content=content)
            return
        if self._lose:
            self._lose = False
            raise EOFError
        note = {"offset": ok["offset"], "id": ok["message"]["id"], "number": ok["message"]["number"]}
        self._history.note("acked", who=self.name, topic=topic, content=content, **note)
        if self.unanswered.pop(content, None):
            self.answered.append((topic, content))

    def _saw(self, topic: str, event: dict[str, Any]) -> None:
        known = self.positions[topic]
        content = event["data"]["message"]["content"] if event["type"] == "chat.message_sent" else ""
        self._history.note("saw", who=self.name, topic=topic, offset=event["offset"], content=content)
        self.positions[topic] = {**known, "offset": event["offset"]}
