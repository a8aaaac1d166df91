"""One session's bounded queue of frames (rules LIM-4 and EVT-1)."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from hubbub.engine.batch import Batch, text_of
from hubbub.engine.counters import counters
from hubbub.engine.ports import FrameWriter
from hubbub.protocol.dialect import Dialect

if TYPE_CHECKING:
    from hubbub.engine.session import Session

SLOW = 1 / 16
"""The part of its bytes that waits where a reader counts as slow."""
NOTHING: Final[deque[tuple[bytes, str]]] = deque(maxlen=0)
"""Stands for an empty queue: one for each idle session would be as large as all the rest of its outbox."""
REACH = 500_000
"""Bytes that a client may be sent beyond the last ping that it answered, under a server without a frame writer."""
CHUNK = 65_536
"""Bytes that are joined into one write for a reader who catches up."""


class Outbox:
    """Frames on their way to one client, bounded in bytes.

    Where there is a frame writer and the client keeps up, a frame goes to the transport at once. Else it waits
    here, and a task sends. For a slow reader ephemeral frames of one key replace each other, and are dropped when
    there is no room; when a durable one finds no room, the session is ``too_slow``.

    Without a frame writer nobody says whether the client keeps up: some servers' ``send`` never waits. So a client
    whose dialect has answers is asked by a ping, and is sent only so much before it answers.
    """

    __slots__ = ("_ahead", "_answered", "_queue", "_session", "_size", "_task", "writer")

    def __init__(self, session: "Session") -> None:
        self._session = session
        self.writer: FrameWriter | None = None
        """Writes frames without waiting; None where the server has none."""
        self._queue = NOTHING
        self._size = 0
        self._ahead = 0
        """Bytes sent without a frame writer since the client last answered a ping."""
        self._answered: asyncio.Future[None] | None = None
        """What sending waits for, until the client answers."""
        self._task: asyncio.Task[None] | None = None

    @property
    def limit(self) -> int:
        """Bytes that may wait."""
        return self._session.engine.settings.outbox_bytes

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._size

    def put_batch(self, batch: Batch, dialect: Dialect) -> None:
        """Queue the events of a batch, as the dialect writes them."""
        writer = self.writer
        if writer is not None and self._task is None and (direct := writer.direct) is not None:
            if payload := batch.payload(dialect, writer.frame):
                direct.write(payload)
            return
        for event in batch.events:
            if self._session.closing is not None:
                return  # It became too slow by the events before: one more would hide that they are missing.
            if (text := text_of(event, dialect)) is not None:
                self.put(text, ephemeral=event.offset is None, key=event.key)

    def put(self, text: bytes, *, ephemeral: bool = False, key: str = "") -> None:
        """Queue a frame. ``key`` lets a newer ephemeral frame replace the one that a slow reader leaves waiting."""
        writer = self.writer
        if writer is not None and self._task is None and (direct := writer.direct) is not None:
            direct.write(writer.frame(text))
            return
        # A reader that keeps up sees every change, also where two come in one turn of the loop.
        if key and self._size >= self.limit * SLOW and self._replace(text, key):
            counters.dropped["replaced"] += 1
            return
        if ephemeral and self._size + len(text) > self.limit:
            counters.dropped["outbox_full"] += 1
            return
        if self._size > self.limit:  # Any one frame fits: a long reply must not close a reader who keeps up.
            self._session.too_slow()
            return
        if not self._queue:
            self._queue = deque()
        self._queue.append((text, key))
        self._size += len(text)
        if self._task is None:
            self._task = self._session.engine.tasks.spawn(self._run(), "outbox")

    def _replace(self, text: bytes, key: str) -> bool:
        """Put the frame into the place of the newest of its key."""
        for index in range(len(self._queue) - 1, -1, -1):
            waiting, its_key = self._queue[index]
            if its_key == key:
                self._queue[index] = (text, key)
                self._size += len(text) - len(waiting)
                return True
        return False

    async def _run(self) -> None:
        try:
            while self._queue:
                if self.writer is None:
                    await self._send_first()
                else:
                    await self.writer.drain()
                    self.writer.write(self._take(self.writer))
        except Exception:
            # Every server has its own exception for a client that went away.
            self._session.gone()
        finally:
            if self._task is asyncio.current_task():
                self._task = None
                self._queue = self._queue or NOTHING

    async def _send_first(self) -> None:
        if self._ahead >= REACH and self._session.dialect.full:
            self._answered = asyncio.get_running_loop().create_future()
            await self._answered
        if not self._queue:
            return  # Cleared meanwhile.
        text, _ = self._queue[0]
        await self._session.sink.send(text)
        before, self._ahead = self._ahead, self._ahead + len(text)
        if before < REACH / 2 <= self._ahead and (ping := self._session.dialect.ping()):
            await self._session.sink.send(ping)
        # The frame counts until the transport has taken it, and may have been cleared meanwhile.
        if self._queue and self._queue[0][0] is text:
            self._queue.popleft()
            self._size -= len(text)

    def answered(self) -> None:
        """The client has answered a ping: it has read what was sent before that."""
        self._ahead = 0
        if self._answered is not None:
            if not self._answered.done():
                self._answered.set_result(None)
            self._answered = None

    def _take(self, writer: FrameWriter) -> bytes:
        """Up to ``CHUNK`` bytes of what waits, but one frame at least, as frames."""
        frames: list[bytes] = []
        size = 0
        while self._queue and (not frames or size + len(self._queue[0][0]) <= CHUNK):
            text, _ = self._queue.popleft()
            self._size -= len(text)
            size += len(text)
            frames.append(writer.frame(text))
        return b"".join(frames)

    def clear(self) -> None:
        """Drop everything that waits and stop sending."""
        self._queue = NOTHING
        self._size = 0
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def drained(self) -> None:
        """Wait until all that waits is sent."""
        if self._task is not None:
            await asyncio.shield(self._task)
