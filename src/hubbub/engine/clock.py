"""Time as the engine sees it: injected, so that tests need not wait."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two kinds of time: monotonic for intervals, wall-clock for what people and tokens see."""

    def monotonic(self) -> float:
        """Seconds from an unknown start; never steps."""
        ...

    def now(self) -> datetime:
        """The time of day, UTC."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clocks."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(asyncio.sleep)

    def now(self) -> datetime:
        return datetime.now(UTC)
