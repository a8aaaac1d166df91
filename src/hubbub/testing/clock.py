"""A clock that moves when told."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from hubbub.testing.connection import settle


class FakeClock:
    """The port ``Clock``. Sleepers wake as ``advance`` passes them; ``step`` moves the wall clock alone.

    ``now`` is the time of day at which it begins.
    """

    def __init__(self, now: datetime = datetime(2030, 1, 1, 12, tzinfo=UTC)) -> None:
        self._monotonic = 1000.0
        self._now = now
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self.catch_up: Callable[[], Awaitable[None]] = settle
        """Lets everything arrive that is under way, once the time has come."""

    def monotonic(self) -> float:
        return self._monotonic

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._monotonic + seconds, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Let time pass; everybody who sleeps until then wakes, in order, and does what it has to do."""
        await self.catch_up()
        end = self._monotonic + seconds
        # Of those who wake at one moment, the first to sleep first: a test is to go the same way twice.
        while due := [each for each in self._sleepers if each[0] <= end]:
            at, woken = min(due, key=itemgetter(0))
            self._sleepers = [each for each in self._sleepers if each[1] is not woken]
            self._move_to(at)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self._move_to(end)
        await self.catch_up()

    def forward(self, seconds: float) -> None:
        """Move both clocks, back as well, and wake nobody: for what only looks at the time."""
        self._monotonic += seconds
        self._now += timedelta(seconds=seconds)

    def step(self, seconds: float) -> None:
        """Set the wall clock, as an administrator or NTP would; monotonic time goes on as it was."""
        self._now += timedelta(seconds=seconds)

    def _move_to(self, at: float) -> None:
        self._now += timedelta(seconds=max(0.0, at - self._monotonic))
        self._monotonic = max(self._monotonic, at)
