"""Topics that are still followed after their last connection was cut: their members come back together."""

from collections.abc import Iterator

from hubbub.engine.clock import Clock

LINGER_SECONDS = 60.0
"""For how long."""


class Lingering:
    """Topics' names, and until when each is kept, the one that has waited longest first. On the event loop only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def __contains__(self, topic: str) -> bool:
        return topic in self._until

    def keep(self, topic: str) -> None:
        """From now on, also where it lingers already."""
        self._until.pop(topic, None)  # To the end of the line.
        self._until[topic] = self._clock.monotonic() + LINGER_SECONDS

    def expired(self) -> Iterator[str]:
        """Those whose time is over; each is told once."""
        now = self._clock.monotonic()
        while self._until:
            topic = next(iter(self._until))
            if self._until[topic] > now:
                return
            del self._until[topic]
            yield topic
