"""What is done a moment after it was asked for, once for all who ask in that time."""

import asyncio
from collections.abc import Awaitable, Callable

from hubbub.engine.engine import Engine


class Soon:
    """``soon()`` has ``work`` done ``seconds`` later, never twice at a time."""

    def __init__(self, engine: Engine, seconds: float, work: Callable[[], Awaitable[None]], name: str) -> None:
        self._engine = engine
        self._seconds = seconds
        self._work = work
        self._name = name
        self._asked = False
        self._task: asyncio.Task[None] | None = None

    def __call__(self) -> None:
        self._asked = True
        if self._task is None:
            self._task = self._engine.tasks.spawn(self._run(), self._name)

    async def _run(self) -> None:
        try:
            while self._asked:
                await self._engine.clock.sleep(self._seconds)
                self._asked = False
                await self._work()
        finally:
            self._task = None
