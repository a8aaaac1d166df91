"""The client that users have as well, and a watch that notes when it was served."""

import asyncio
import time

from hubbub.bench.client import Client
from hubbub.bench.stopwatch import Stopwatch

__all__ = ["Client", "Times", "steadily"]


class Times(Stopwatch):
    """A watch for one client or many that notes when each answer came, too."""

    def __init__(self) -> None:
        super().__init__()
        self.answered_at: list[tuple[float, float]] = []
        """(when, seconds since the first attempt) of each first answer, in their order."""
        self._first_sent: dict[str, float] = {}

    def sent(self, content: str) -> None:
        super().sent(content)
        self._first_sent.setdefault(content, time.monotonic())

    def answered(self, content: str) -> None:
        super().answered(content)
        self.answered_at.append((time.monotonic(), self.answers[-1]))

    def sent_after(self, moment: float) -> set[str]:
        """What was sent for the first time after a moment, and answered or not."""
        return {content for content, at in self._first_sent.items() if at > moment}


async def steadily(client: Client, seconds: float) -> None:
    """Let it say something once in so many seconds, whether answers come or not; until cancelled."""
    while True:
        client.say()
        await asyncio.sleep(seconds)
