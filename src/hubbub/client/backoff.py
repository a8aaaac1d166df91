"""How long to wait between attempts."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Full jitter: anything from 0 to ``min(cap, base * 2**attempt)`` seconds.

    The clients of a server that comes back are then spread evenly over the whole time, where a fixed wait has
    them come in waves.
    """

    base: float = 0.5
    """The longest wait before the first repeat, in seconds."""
    cap: float = 30.0
    """The longest wait at all, in seconds."""

    def wait(self, attempt: int) -> float:
        """Seconds to wait before the repeat number ``attempt``, which counts from 0."""
        return random.random() * min(self.cap, self.base * 2.0 ** min(attempt, 30))
