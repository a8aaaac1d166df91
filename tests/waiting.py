"""The one way in which tests wait: for a condition, up to a deadline."""

import asyncio
import time
from collections.abc import Callable

STEP = 0.002


def wait_until(condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    """Return once ``condition()`` is true. Raises AssertionError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {what}"
        time.sleep(STEP)


async def wait_until_async(condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    """The same, while the event loop goes on."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {what}"
        await asyncio.sleep(STEP)
