"""Where a channel's messages wait for whoever receives: bounded, and for a limited time."""

import asyncio
import time
from collections import deque


class Mailbox:
    """One channel's encoded messages. Whoever receives waits on a loop; whoever sends may be on another thread.

    Args:
        capacity: messages that may wait.
        expiry: seconds that each may wait.
    """

    __slots__ = ("_waiting", "capacity", "expiry", "queue", "used")

    def __init__(self, capacity: int, expiry: float) -> None:
        self.capacity = capacity
        self.expiry = expiry
        self.queue: deque[tuple[float, bytes]] = deque()
        self.used = time.monotonic()
        """When somebody last waited here, monotonic."""
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def idle(self) -> bool:
        """Whether nothing waits here: no message, and nobody for one."""
        return not self.queue and not self._waiting

    @property
    def full(self) -> bool:
        """Whether a message would not be taken."""
        self.drop_expired(time.monotonic())
        return len(self.queue) >= self.capacity

    @property
    def watched(self) -> bool:
        """Whether somebody waits for a message."""
        return bool(self._waiting)

    def put(self, packed: bytes) -> bool:
        """Add a message and wake one receiver. False where the mailbox is full: the message is not taken."""
        if self.full:
            return False
        self.queue.append((time.monotonic() + self.expiry, packed))
        self.wake()
        return True

    def take(self) -> bytes | None:
        """The first message that has not expired; None where there is none."""
        self.drop_expired(time.monotonic())
        return self.queue.popleft()[1] if self.queue else None

    def drop_expired(self, now: float) -> None:
        while self.queue and self.queue[0][0] <= now:
            self.queue.popleft()

    def wake(self) -> None:
        """Wake one receiver, from any thread."""
        try:
            waiting = self._waiting.popleft()
        except IndexError:
            return
        try:
            waiting.get_loop().call_soon_threadsafe(_resolve, waiting)
        except RuntimeError:  # Its loop has ended: somebody else may be waiting.
            self.wake()

    async def wait(self) -> None:
        """Wait until something has arrived. What arrives between look and wait is not missed."""
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(arrived)
        if self.queue:
            self.wake()
        try:
            await arrived
        except asyncio.CancelledError:
            if arrived in self._waiting:
                self._waiting.remove(arrived)
            else:
                self.wake()  # It was woken for a message that it will not take.
            raise
        finally:
            self.used = time.monotonic()


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
