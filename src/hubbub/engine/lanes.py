"""Commands of one topic run in order, those of different topics side by side (rules ENV-4 and LIM-5)."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from hubbub.engine.counters import counters
from hubbub.engine.dispatch import run_command
from hubbub.engine.logs import session_id
from hubbub.protocol.errors import Busy
from hubbub.protocol.frames import Inbound

if TYPE_CHECKING:
    from hubbub.engine.session import Session


class Lanes:
    """One session's waiting commands, a bounded queue for each topic. A task runs only while one waits."""

    __slots__ = ("_finished", "_lanes", "_pending", "_session")

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._lanes: dict[str, deque[tuple[Inbound, float]]] = {}
        """By topic what waits, and since when."""
        self._pending = 0
        self._finished: asyncio.Event | None = None

    async def finished(self) -> None:
        """Wait until no command waits or is being carried out. One caller at a time."""
        if self._lanes:
            self._finished = asyncio.Event()
            await self._finished.wait()

    def busy(self, topic: str | None) -> bool:
        """Whether a command of the topic is being carried out."""
        return (topic or "") in self._lanes

    def put(self, inbound: Inbound, at: float) -> None:
        """Queue a command that came ``at``. Raises Busy where its lane, or the session as a whole, is full."""
        topic = inbound.topic or ""
        lane = self._lanes.get(topic)
        engine = self._session.engine
        most, most_in_lane = engine.settings.max_pending_session, engine.settings.max_pending
        if self._pending >= most or (lane is not None and len(lane) >= most_in_lane):
            raise Busy("Too many commands are waiting. Wait for the replies.")
        self._pending += 1
        if lane is None:
            lane = self._lanes[topic] = deque(((inbound, at),))
            engine.tasks.spawn(self._work(topic, lane), f"lane {topic}")
        else:
            lane.append((inbound, at))

    async def _work(self, topic: str, lane: deque[tuple[Inbound, float]]) -> None:
        session_id.set(self._session.id)  # Of this task alone: whatever is logged by it says so.
        clock = self._session.engine.clock
        try:
            while lane:
                inbound, at = lane.popleft()
                counters.lanes.observe(clock.monotonic() - at)
                try:
                    await run_command(self._session, inbound)
                finally:
                    self._pending -= 1
        finally:
            del self._lanes[topic]
            if not self._lanes:
                self._lanes = {}  # The old one keeps the room that it had.
                if self._finished is not None:
                    self._finished.set()

    def clear(self) -> None:
        """Forget the commands that have not begun."""
        for lane in self._lanes.values():
            self._pending -= len(lane)
            lane.clear()
