"""A client as it should be: numbered sends, the same ``client_id`` for a repeat, resuming, and a log of everything."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from hubbub.bench.checker import Ack, ClientLog, Seen

WINDOW = 4
"""Sends without an answer that one client has under way."""
RECONNECT_SECONDS = 0.05
DEADLINE_SECONDS = 180.0


class Refused(Exception):
    """The server will not do what it was asked, however often it is asked."""


class NoEnd(Exception):
    """A client was never told to end."""


class Client:
    """One user's socket, reconnected until told to end. ``on_ack`` is called at each first answer."""

    def __init__(
        self, name: str, url: str, token: str, topics: list[str], on_ack: Callable[[], None] = lambda: None
    ) -> None:
        self.log = ClientLog(name)
        self.sending = True
        self.resets: list[str] = []
        self.errors: list[dict[str, Any]] = []
        self.repeats = 0
        self._url = f"{url}?token={token}"
        self._topics = topics
        self._on_ack = on_ack
        self._contents = self._number()
        self._ids = 0
        self._commands: dict[int, tuple[str, str, str]] = {}
        """Command id to (what, topic, content), for those under way on this connection."""
        self._unanswered: dict[str, str] = {}
        """Content to topic, in the order of the first attempt, over all connections."""
        self._positions: dict[str, dict[str, Any]] = {}
        self._live: set[str] = set()

    def _number(self) -> Iterator[tuple[str, str]]:
        n = 0
        while True:
            yield self._topics[n % len(self._topics)], f"{self.log.name}-{n}"
            n += 1

    @property
    def idle(self) -> bool:
        return not self._unanswered

    def reached(self, tops: dict[str, int]) -> bool:
        """Whether everything up to these offsets has come."""
        return all(self._positions.get(topic, {}).get("offset", -1) >= top for topic, top in tops.items())

    async def run(self) -> None:
        """Until cancelled; a server that is away is tried again, within bounds."""
        deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
        try:
            while asyncio.get_running_loop().time() < deadline:
                try:
                    async with connect(
                        self._url, proxy=None, open_timeout=5, close_timeout=1, max_size=2**24
                    ) as socket:
                        await self._converse(socket)
                except (OSError, EOFError, WebSocketException, TimeoutError):
                    await asyncio.sleep(RECONNECT_SECONDS)
            raise NoEnd(f"{self.log.name} did not come to an end within {DEADLINE_SECONDS:.0f} s.")
        finally:
            self.log.ended = {topic: position["offset"] for topic, position in self._positions.items()}

    async def _converse(self, socket: ClientConnection) -> None:
        self._commands.clear()
        self._live.clear()
        again: deque[tuple[str, str]] = deque((topic, content) for content, topic in self._unanswered.items())
        self.repeats += len(again)
        for topic in self._topics:
            since = self._positions.get(topic)
            fields: dict[str, Any] = {"since": since} if since else {}
            await self._command(socket, "subscribe", topic, **fields)
        async for frame in socket:
            self._take(json.loads(frame))
            if len(self._live) < len(self._topics):
                continue
            under_way = sum(what == "chat.send" for what, _, _ in self._commands.values())
            for _ in range(WINDOW - under_way):
                if again:
                    topic, content = again.popleft()
                elif self.sending:
                    topic, content = next(self._contents)
                    self.log.sent.append((topic, content))
                    self._unanswered[content] = topic
                else:
                    break
                data = {"content": content, "client_id": content}
                await self._command(socket, "chat.send", topic, content, data=data)

    async def _command(self, socket: ClientConnection, what: str, topic: str, content: str = "", **fields: Any) -> None:
        self._ids += 1
        self._commands[self._ids] = (what, topic, content)
        await socket.send(json.dumps({"id": self._ids, "type": what, "topic": topic, **fields}))

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "reply":
            what, topic, content = self._commands.pop(frame["id"])
            if "error" in frame:
                self.errors.append(frame["error"])
                if not frame["error"]["temporary"]:
                    raise Refused(f"{self.log.name}: {what} on {topic}: {frame['error']['message']}")
                raise EOFError  # Come again, and send again what was not answered, in order.
            if what == "subscribe":
                self._subscribed(topic, frame["ok"])
            else:
                self._answered(topic, content, frame["ok"])
        elif frame["type"] == "reset":
            self.resets.append(frame["data"]["reason"])
            self._positions[frame["topic"]] = frame["data"]["position"]
        elif "offset" in frame:
            self._happened(frame["topic"], frame)

    def _subscribed(self, topic: str, ok: dict[str, Any]) -> None:
        if topic not in self._positions:
            self.log.began[topic] = ok["position"]["offset"]
        elif not ok["recovered"]:
            self.resets.append(ok["reset"])
        for event in ok["events"]:
            self._happened(topic, event)
        self._positions[topic] = ok["position"]
        self._live.add(topic)

    def _happened(self, topic: str, event: dict[str, Any]) -> None:
        content = event["data"]["message"]["content"] if event["type"] == "chat.message_sent" else ""
        self.log.seen.append(Seen(topic, event["offset"], content))
        if topic in self._positions:
            self._positions[topic] = {**self._positions[topic], "offset": event["offset"]}

    def _answered(self, topic: str, content: str, ok: dict[str, Any]) -> None:
        self.log.acks.append(Ack(content, topic, ok["offset"], ok["message"]["id"]))
        if self._unanswered.pop(content, None):
            self._on_ack()
