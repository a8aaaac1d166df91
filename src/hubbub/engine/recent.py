"""The recent events of the topics that are followed here, so that who comes back need not ask the log (rule SUB-2)."""

from collections.abc import Sequence

from hubbub.engine.live import LiveTopic
from hubbub.engine.settings import EngineSettings
from hubbub.protocol.frames import Event

EVENT_BYTES = 600
"""What an event weighs beside its data: the objects that it is made of."""


def weight_of(event: Event) -> int:
    """About the bytes that a kept event takes: its data, and once more as it was sent."""
    return EVENT_BYTES + 2 * len(event.raw)


class Recent:
    """Keeps ``live.recent``: the last events of a topic up to ``live.last``, without a gap, as the log has them.

    So what follows an offset is all there, or none of it counts. A topic keeps no more events than one resume may
    bring, and all together weigh ``recent_bytes`` at most: past it the topic that has been quiet for longest gives
    up its older half. On the event loop only.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._most_events = settings.resume_limit
        self.most_bytes = settings.recent_bytes
        """What they may weigh; 0 where nothing is to be remembered."""
        self.bytes = 0
        """What all kept events weigh."""
        self._topics: dict[LiveTopic, None] = {}
        """Those that keep events, the one that has been quiet for longest first."""

    def keep(self, live: LiveTopic, event: Event) -> None:
        """Keep the event that was delivered last."""
        if (event.offset or 0) <= live.changed:
            # It was under way when the log changed what it says.
            self.forget(live)
            return
        if len(live.recent) >= self._most_events:
            self._drop(live, 1)
        self._add(live, len(live.recent), event)
        self._topics[live] = self._topics.pop(live)
        while self.bytes > self.most_bytes:
            quietest = next(iter(self._topics))
            self._drop(quietest, (len(quietest.recent) + 1) // 2)

    def keep_before(self, live: LiveTopic, events: Sequence[Event]) -> None:
        """Keep what was read from the log, as far as it stands right before what is kept and finds room."""
        before = (live.last or 0) - len(live.recent)
        for event in reversed(events):
            if (event.offset or 0) > before:
                continue
            no_room = len(live.recent) >= self._most_events or self.bytes + weight_of(event) > self.most_bytes
            if event.offset != before or event.epoch != live.epoch or before <= live.changed or no_room:
                return
            self._add(live, 0, event)
            before -= 1

    def since(self, live: LiveTopic, offset: int) -> list[Event] | None:
        """All events after ``offset`` up to ``live.last``; None where not all are kept, or it is not there yet."""
        missed = (live.last or 0) - offset
        if not 0 <= missed <= len(live.recent):
            return None
        return live.recent[len(live.recent) - missed :]

    def changed(self, live: LiveTopic, offset: int) -> None:
        """The log does not say any more what it said up to ``offset``: neither does this."""
        live.changed = max(live.changed, offset)
        first = (live.last or 0) - len(live.recent)
        self._drop(live, min(max(0, offset - first), len(live.recent)))

    def forget(self, live: LiveTopic) -> None:
        """Keep nothing of the topic."""
        self._drop(live, len(live.recent))

    def _add(self, live: LiveTopic, index: int, event: Event) -> None:
        live.recent.insert(index, event)
        self._topics.setdefault(live)
        self.bytes += weight_of(event)

    def _drop(self, live: LiveTopic, count: int) -> None:
        """Forget the oldest events of a topic."""
        self.bytes -= sum(weight_of(event) for event in live.recent[:count])
        del live.recent[:count]
        if not live.recent:
            self._topics.pop(live, None)
