"""What was asked of a thread, and how its outcome comes back to whoever waits for it."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from hubbub.django.transactions import as_busy


@dataclass(slots=True, eq=False)
class Asked:
    """Something that a thread does for another thread, or for a task."""

    future: "Future[Any] | asyncio.Future[Any]"
    result: Any = field(default=None, kw_only=True)
    error: BaseException | None = field(default=None, kw_only=True)

    def settle(self) -> None:
        """Say what came of it: in the thread of the loop, where its future is a loop's."""
        if self.future.done():
            return  # Who asked has gone meanwhile.
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(as_busy(self.error))

    def cancel(self) -> None:
        """Nobody is going to do it. From any thread."""
        if isinstance(self.future, Future):
            self.future.cancel()
            return
        with suppress(RuntimeError):  # The loop has ended, and with it whoever waited.
            self.future.get_loop().call_soon_threadsafe(self.future.cancel)


def settle(all_asked: Iterable[Asked]) -> None:
    """Answer all of them, those of one loop by waking it once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Asked]] = {}
    for asked in all_asked:
        if isinstance(asked.future, asyncio.Future):
            by_loop.setdefault(asked.future.get_loop(), []).append(asked)
        else:
            asked.settle()
    for loop, of_loop in by_loop.items():
        with suppress(RuntimeError):  # The loop has ended, and with it whoever waited.
            loop.call_soon_threadsafe(_settle_all, of_loop)


def _settle_all(all_asked: list[Asked]) -> None:
    for asked in all_asked:
        asked.settle()
