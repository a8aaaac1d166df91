"""A client of the usual code, as one has it in a browser: it connects again, and sends what it could not send."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable, Mapping

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from hubbub.bench.link import Line
from hubbub.bench.stopwatch import Stopwatch


class ReconnectingClient:
    """Knows no replies and no positions, since there are none: what it has sent counts as sent."""

    def __init__(
        self, name: str, url: str, headers: Mapping[str, str], watch: Stopwatch, wait: Callable[[int], float]
    ) -> None:
        self.name = name
        self.sent: list[str] = []
        self.seen: list[str] = []
        self.connected = False
        self._watch = watch
        self._line = Line(name, url, headers, watch, wait)
        self._waiting: deque[str] = deque()
        self._more = asyncio.Event()

    @property
    def refusals(self) -> Counter[str]:
        """How often it was turned away, or closed, by what the server said."""
        return self._line.refusals

    def say(self) -> None:
        content = f"{self.name}-{len(self.sent)}"
        self.sent.append(content)
        self._waiting.append(content)
        self._more.set()

    def lose_network(self) -> None:
        self._line.lose()

    def regain_network(self) -> None:
        self._line.regain()

    async def run(self, seconds: float) -> None:
        await self._line.run(self._converse, seconds)

    async def _converse(self, link: ClientConnection) -> None:
        # The usual code accepts after joining the group: from here on it is told everything.
        self.connected = True
        self._line.serves()
        speaking = asyncio.create_task(self._speak(link))
        try:
            async for frame in link:
                content = json.loads(frame)["content"]
                self.seen.append(content)
                self._watch.arrived(content)
        finally:
            speaking.cancel()
            self.connected = False

    async def _speak(self, link: ClientConnection) -> None:
        try:
            while True:
                while self._waiting:
                    content = self._waiting.popleft()
                    self._watch.sent(content)
                    await link.send(json.dumps({"content": content, "client_id": content}))
                self._more.clear()
                await self._more.wait()
        except ConnectionClosed:
            pass  # The reader knows, too.
