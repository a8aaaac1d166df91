"""Events between the connection, which never waits, and the caller, who takes his time."""

import asyncio
from collections import deque

from hubbub.client.frames import Event
from hubbub.protocol.errors import HubbubError


class Signal:
    """Wakes everybody who waits for it now."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    async def wait(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


class Inflow:
    """Events that wait for the caller, in order. Bounded by whoever fills it: ``full`` says when to stop.

    An error in it is raised where it stands; ``end`` is raised after all the rest, for ever.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[Event | HubbubError] = deque()
        self._taking = False
        self.changed = Signal()
        self.end: HubbubError | StopAsyncIteration | None = None

    @property
    def full(self) -> bool:
        return len(self._items) >= self._limit

    @property
    def drained(self) -> bool:
        """Whether so much was taken that it may be filled again."""
        return len(self._items) <= self._limit // 2

    def put(self, item: Event | HubbubError) -> None:
        self._items.append(item)
        self.changed.wake()

    def clear(self) -> None:
        self._items.clear()

    def finish(self, end: HubbubError | StopAsyncIteration) -> None:
        """Nothing more comes."""
        self.end = self.end or end
        self.changed.wake()

    async def take(self) -> Event | HubbubError:
        """The next event or error; raises ``end`` when there is none. Who is cancelled has taken nothing.

        Raises RuntimeError where another task is taking.
        """
        if self._taking:
            raise RuntimeError("These events are being read by another task already.")
        self._taking = True
        try:
            while not self._items:
                if self.end is not None:
                    raise self.end
                await self.changed.wait()
            return self._items.popleft()
        finally:
            self._taking = False
