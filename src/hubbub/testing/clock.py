"""A clock that moves when told."""

import asyncio
from datetime import UTC, datetime, timedelta

from hubbub.testing.connection import settle


class FakeClock:
    """The port ``Clock``. Sleepers wake as ``advance`` passes them; ``step`` moves the wall clock alone."""

    def __init__(self) -> None:
        self._monotonic = 1000.0
        self._now = datetime(2030, 1, 1, 12, tzinfo=UTC)
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

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
        await settle()
        end = self._monotonic + seconds
        while due := sorted((at, id(woken), woken) for at, woken in self._sleepers if at <= end):
            at, _, woken = due[0]
            self._sleepers = [each for each in self._sleepers if each[1] is not woken]
            self._move_to(at)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self._move_to(end)
        await settle()

    def step(self, seconds: float) -> None:
        """Set the wall clock, as an administrator or NTP would; monotonic time goes on as it was."""
        self._now += timedelta(seconds=seconds)

    def _move_to(self, at: float) -> None:
        self._now += timedelta(seconds=max(0.0, at - self._monotonic))
        self._monotonic = max(self._monotonic, at)
