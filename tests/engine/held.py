"""Readers whose answers are on their way until a test lets them arrive."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from hubbub.testing import MemoryEngine, settle

T = TypeVar("T")


class HeldReader:
    """Reads at once, and answers when told; ``engine.reader`` while it is entered."""

    def __init__(self, engine: MemoryEngine) -> None:
        self.waiting: list[asyncio.Event] = []
        """Those whose answer is on its way, the first to ask first."""
        self._reader = engine.reader
        self._run = engine.reader.run

    def __enter__(self) -> "HeldReader":
        self._reader.run = self._read_then_wait  # type: ignore[method-assign]
        return self

    def __exit__(self, *exc: object) -> None:
        self._reader.run = self._run  # type: ignore[method-assign]
        while self.waiting:
            self.waiting.pop(0).set()

    async def _read_then_wait(self, query: Callable[[], T]) -> T:
        answer = asyncio.Event()
        self.waiting.append(answer)
        try:
            return query()
        finally:
            await answer.wait()

    async def answer(self, number: int = 0) -> None:
        """Let an answer arrive."""
        self.waiting.pop(number).set()
        await settle()
