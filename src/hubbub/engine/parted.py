"""Who was let into a topic and has gone, for a while: whoever comes back is not looked up again (rule SUB-4)."""

from typing import Any, NamedTuple

from hubbub.engine.clock import Clock

REMEMBER_SECONDS = 60.0
"""For how long after the connection is gone. Clients come back sooner."""


class Admitted(NamedTuple):
    """A topic's kind has let an actor in, and nothing has been heard to the contrary."""

    authorized: Any
    """What it said."""


class Parted:
    """Admissions that have outlived their connection, the oldest first.

    One is worth as much as a subscription that goes on, and no more: the event that ends that
    (``control.access_revoked``) takes it away in the same turn of the loop. On the event loop only.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.age = 1
        """Counts the times when revocations may have been missed: admissions of another age do not count."""
        self._kept: dict[tuple[str, str], tuple[float, Admitted]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, actor_key: str, topic: str, admitted: Admitted) -> None:
        self.revoke(actor_key, topic)  # Or it would keep its place in the line.
        self._kept[actor_key, topic] = self._clock.monotonic() + REMEMBER_SECONDS, admitted

    def find(self, actor_key: str, topic: str) -> Admitted | None:
        until, admitted = self._kept.get((actor_key, topic), (0.0, None))
        return admitted if until > self._clock.monotonic() else None

    def revoke(self, actor_key: str, topic: str) -> None:
        """The actor may not follow the topic any more."""
        self._kept.pop((actor_key, topic), None)

    def close(self, topic: str) -> None:
        """Nobody may follow the topic any more."""
        for key in [each for each in self._kept if each[1] == topic]:
            del self._kept[key]

    def doubt(self) -> None:
        """Revocations may have been missed: everybody is looked up again, who is connected too."""
        self.age += 1
        self._kept.clear()

    def expire(self) -> None:
        """Forget those whose time is over."""
        now = self._clock.monotonic()
        while self._kept:
            oldest = next(iter(self._kept))
            if self._kept[oldest][0] > now:
                return
            del self._kept[oldest]
