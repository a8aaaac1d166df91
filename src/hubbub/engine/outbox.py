"""One session's bounded queue of frames (rules LIM-4 and EVT-1)."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from hubbub.engine.tasks import TaskGroup

SLOW = 1 / 16
"""The part of its bytes that waits where a reader counts as slow."""


class Outbox:
    """Frames on their way to one client, bounded in bytes.

    A task runs only while there is something to send. For a slow reader ephemeral frames of one key replace
    each other, and are dropped when there is no room; when a durable one finds no room, ``overflow`` is called.
    """

    __slots__ = ("_overflow", "_queue", "_send", "_size", "_task", "_tasks", "limit")

    def __init__(
        self,
        send: Callable[[bytes], Awaitable[None]],
        overflow: Callable[[], None],
        tasks: TaskGroup,
        limit: int,
    ) -> None:
        self._send = send
        self._overflow = overflow
        self._tasks = tasks
        self.limit = limit
        """Bytes that may wait."""
        self._queue: deque[tuple[bytes, str]] = deque()
        self._size = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._size

    def put(self, frame: bytes, *, ephemeral: bool = False, key: str = "") -> None:
        """Queue a frame. ``key`` lets a newer ephemeral frame replace the one that a slow reader leaves waiting."""
        # A reader that keeps up sees every change, also where two come in one turn of the loop.
        if key and self._size >= self.limit * SLOW and self._replace(frame, key):
            return
        if ephemeral and self._size + len(frame) > self.limit:
            return
        if self._size > self.limit:  # Any one frame fits: a long reply must not close a reader who keeps up.
            self._overflow()
            return
        self._queue.append((frame, key))
        self._size += len(frame)
        if self._task is None:
            self._task = self._tasks.spawn(self._run(), "outbox")

    def _replace(self, frame: bytes, key: str) -> bool:
        """Put the frame into the place of the newest of its key."""
        for index in range(len(self._queue) - 1, -1, -1):
            waiting, its_key = self._queue[index]
            if its_key == key:
                self._queue[index] = (frame, key)
                self._size += len(frame) - len(waiting)
                return True
        return False

    async def _run(self) -> None:
        try:
            while self._queue:
                frame, _ = self._queue[0]
                await self._send(frame)
                # The frame counts until the transport has taken it, and may have been cleared meanwhile.
                if self._queue and self._queue[0][0] is frame:
                    self._queue.popleft()
                    self._size -= len(frame)
        finally:
            if self._task is asyncio.current_task():
                self._task = None

    def clear(self) -> None:
        """Drop everything that waits and stop sending."""
        self._queue.clear()
        self._size = 0
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def drained(self) -> None:
        """Wait until all that waits is sent."""
        if self._task is not None:
            await asyncio.shield(self._task)
