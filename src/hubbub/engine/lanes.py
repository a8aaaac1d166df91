"""Commands of one topic run in order, those of different topics side by side (rules ENV-4 and LIM-5)."""

from collections import deque
from collections.abc import Awaitable, Callable

from hubbub.engine.tasks import TaskGroup
from hubbub.protocol.errors import Busy
from hubbub.protocol.frames import Inbound


class Lanes:
    """One session's waiting commands, a bounded queue for each topic. A task runs only while one waits."""

    __slots__ = ("_lanes", "_max_all", "_max_lane", "_pending", "_run", "_tasks")

    def __init__(
        self, run: Callable[[Inbound], Awaitable[None]], tasks: TaskGroup, max_lane: int, max_all: int
    ) -> None:
        self._run = run
        self._tasks = tasks
        self._max_lane = max_lane
        self._max_all = max_all
        self._lanes: dict[str, deque[Inbound]] = {}
        self._pending = 0

    def busy(self, topic: str | None) -> bool:
        """Whether a command of the topic is being carried out."""
        return (topic or "") in self._lanes

    def put(self, inbound: Inbound) -> None:
        """Queue a command. Raises Busy where its lane, or the session as a whole, is full."""
        topic = inbound.topic or ""
        lane = self._lanes.get(topic)
        if self._pending >= self._max_all or (lane is not None and len(lane) >= self._max_lane):
            raise Busy("Too many commands are waiting. Wait for the replies.")
        self._pending += 1
        if lane is None:
            lane = self._lanes[topic] = deque((inbound,))
            self._tasks.spawn(self._work(topic, lane), f"lane {topic}")
        else:
            lane.append(inbound)

    async def _work(self, topic: str, lane: deque[Inbound]) -> None:
        try:
            while lane:
                inbound = lane.popleft()
                try:
                    await self._run(inbound)
                finally:
                    self._pending -= 1
        finally:
            del self._lanes[topic]

    def clear(self) -> None:
        """Forget the commands that have not begun."""
        for lane in self._lanes.values():
            self._pending -= len(lane)
            lane.clear()
