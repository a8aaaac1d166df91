"""A client as it should be: numbered sends, the same ``client_id`` for a repeat, resuming, and a log of everything."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from hubbub.bench.checker import Ack, ClientLog, Seen
from hubbub.bench.link import Line, Refused, soon
from hubbub.bench.stopwatch import Stopwatch

WINDOW = 4
"""Sends without an answer that one client has under way."""
DEADLINE_SECONDS = 180.0


class Client:
    """One user's socket, reconnected until told to end. ``on_ack`` is called at each first answer.

    While ``sending`` it has ``WINDOW`` messages under way at any time; else it says what ``say`` is called for.
    ``wait`` gives the seconds before each attempt to connect again. ``small``: its system takes little of what
    it does not read.
    """

    def __init__(
        self,
        name: str,
        url: str,
        token: str,
        topics: list[str],
        on_ack: Callable[[], None] = lambda: None,
        *,
        sending: bool = True,
        padding: str = "",
        watch: Stopwatch | None = None,
        wait: Callable[[int], float] = soon,
        deadline: float = DEADLINE_SECONDS,
        small: bool = False,
    ) -> None:
        self.log = ClientLog(name)
        self.sending = sending
        self.resets: list[str] = []
        self.errors: list[dict[str, Any]] = []
        self.repeats = 0
        self._topics = topics
        self._on_ack = on_ack
        self._padding = padding
        self._watch = watch or Stopwatch()
        self._line = Line(name, f"{url}?token={token}", None, self._watch, wait, small=small)
        self._deadline = deadline
        self._contents = self._number()
        self._ids = 0
        self._commands: dict[int, tuple[str, str, str]] = {}
        """Command id to (what, topic, content), for those under way on this connection."""
        self._unanswered: dict[str, str] = {}
        """Content to topic, in the order of the first attempt, over all connections."""
        self._again: deque[tuple[str, str]] = deque()
        self._positions: dict[str, dict[str, Any]] = {}
        self._live: set[str] = set()
        self._reading, self._more = asyncio.Event(), asyncio.Event()
        self._reading.set()
        self._pinged = False

    def _number(self) -> Iterator[tuple[str, str]]:
        n = 0
        while True:
            yield self._topics[n % len(self._topics)], f"{self.log.name}-{n}{self._padding}"
            n += 1

    @property
    def idle(self) -> bool:
        return not self._unanswered

    @property
    def live(self) -> bool:
        """Whether it follows all its topics."""
        return len(self._live) == len(self._topics)

    @property
    def refusals(self) -> Counter[str]:
        """How often it was turned away, or closed, by what the server said."""
        return self._line.refusals

    def reached(self, tops: dict[str, int]) -> bool:
        """Whether everything up to these offsets has come."""
        return all(
            self._positions.get(topic, {}).get("offset", -1) >= top
            for topic, top in tops.items()
            if topic in self._topics
        )

    def say(self) -> None:
        """Send one more message, now or when there is a connection."""
        self._again.append(self._next())
        self._more.set()

    def _next(self) -> tuple[str, str]:
        topic, content = next(self._contents)
        self.log.sent.append((topic, content))
        self._unanswered[content] = topic
        return topic, content

    # What happens to it

    def lose_network(self) -> None:
        """Nothing passes any more, neither way, and nobody says goodbye: the server isn't told."""
        self._line.lose()

    def regain_network(self) -> None:
        """Connections can be made again, and its system tells it so."""
        self._line.regain()

    def cut(self) -> None:
        """Reset the connection, as a crashed proxy does."""
        self._line.cut()

    def stop_reading(self) -> None:
        self._reading.clear()

    def read_again(self) -> None:
        self._reading.set()

    # Its life

    async def run(self) -> None:
        """Until cancelled; a server that is away is tried again, within bounds. Raises Refused, NoEnd."""
        try:
            await self._line.run(self._converse, self._deadline)
        finally:
            self.log.ended = {topic: position["offset"] for topic, position in self._positions.items()}

    async def _converse(self, link: ClientConnection) -> None:
        self._commands.clear()
        self._live.clear()
        self._again = deque((topic, content) for content, topic in self._unanswered.items())
        self.repeats += len(self._again)
        for topic in self._topics:
            since = self._positions.get(topic)
            fields: dict[str, Any] = {"since": since} if since else {}
            await self._command(link, "subscribe", topic, **fields)
        speaking = asyncio.create_task(self._speak(link))
        try:
            async for frame in link:
                self._take(json.loads(frame))
                self._more.set()
                await self._reading.wait()
        finally:
            speaking.cancel()
            self._live.clear()

    async def _speak(self, link: ClientConnection) -> None:
        """Send what there is, at most ``WINDOW`` at a time, one after the other."""
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                if self._pinged:
                    self._pinged = False
                    await link.send('{"type":"pong"}')
                while self.live and len(self._commands) < WINDOW:
                    if self._again:
                        topic, content = self._again.popleft()
                    elif self.sending:
                        topic, content = self._next()
                    else:
                        break
                    self._watch.sent(content)
                    data = {"content": content, "client_id": content.removesuffix(self._padding)}
                    await self._command(link, "chat.send", topic, content, data=data)
        except ConnectionClosed:
            pass  # The reader knows, too.

    async def _command(self, link: ClientConnection, what: str, topic: str, content: str = "", **fields: Any) -> None:
        self._ids += 1
        self._commands[self._ids] = (what, topic, content)
        await link.send(json.dumps({"id": self._ids, "type": what, "topic": topic, **fields}))

    # What the server says

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
        elif frame["type"] == "ping":
            self._pinged = True
        elif frame["type"] == "reset":
            self._reset(frame["topic"], frame["data"]["position"], frame["data"]["reason"])
        elif "offset" in frame:
            self._happened(frame["topic"], frame)

    def _reset(self, topic: str, position: dict[str, Any], reason: str) -> None:
        self.resets.append(reason)
        self.log.told.add((topic, position["offset"]))
        self._positions[topic] = position

    def _subscribed(self, topic: str, ok: dict[str, Any]) -> None:
        if topic not in self._positions:
            self.log.began[topic] = ok["position"]["offset"]
        elif not ok["recovered"]:
            self._reset(topic, ok["position"], ok["reset"])
        for event in ok["events"]:
            self._happened(topic, event, late=True)
        self._positions[topic] = ok["position"]
        self._live.add(topic)
        if self.live:
            self._line.serves()

    def _happened(self, topic: str, event: dict[str, Any], *, late: bool = False) -> None:
        content = event["data"]["message"]["content"] if event["type"] == "chat.message_sent" else ""
        self.log.seen.append(Seen(topic, event["offset"], content))
        if content and not late:
            self._watch.arrived(content)
        if topic in self._positions:
            self._positions[topic] = {**self._positions[topic], "offset": event["offset"]}

    def _answered(self, topic: str, content: str, ok: dict[str, Any]) -> None:
        self.log.acks.append(Ack(content, topic, ok["offset"], ok["message"]["id"]))
        if self._unanswered.pop(content, None):
            self._watch.answered(content)
            self._on_ack()
