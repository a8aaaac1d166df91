"""Rate limits as token buckets on the monotonic clock: a stepped clock neither frees nor locks anybody."""

import re
import threading
from collections import Counter
from dataclasses import dataclass

from hubbub.engine.actor import Actor
from hubbub.engine.clock import Clock
from hubbub.protocol.errors import RateLimited

_RATE = re.compile(r"(\d+)/(\d*\.?\d+)?(s|m|h)")
_UNIT = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """``count`` in ``seconds``, all at once at most."""

    count: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read ``30/10s``, ``5/m``. Raises ValueError for anything else."""
        found = _RATE.fullmatch(text)
        if not found or int(found[1]) < 1:
            raise ValueError(f"{text!r} is no rate. Write a count and a time, like '30/10s' or '5/m'.")
        return cls(int(found[1]), float(found[2] or 1) * _UNIT[found[3]])


class Bucket:
    """One token bucket."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate, at: float) -> None:
        self._rate = rate
        self._tokens = float(rate.count)
        self._at = at

    def take(self, at: float, cost: float = 1.0) -> float:
        """Take a token, or a part of one, at the monotonic time ``at``. Returns 0, or the seconds to wait for it."""
        rate = self._rate
        per_second = rate.count / rate.seconds
        self._tokens = min(float(rate.count), self._tokens + (at - self._at) * per_second)
        self._at = at
        if self._tokens > cost - 1e-9:  # Ten tenths are a little less than one.
            self._tokens -= cost
            return 0.0
        return (cost - self._tokens) / per_second

    def give_back(self, cost: float = 1.0) -> None:
        self._tokens = min(float(self._rate.count), self._tokens + cost)

    def full(self, at: float) -> bool:
        return self._tokens + (at - self._at) * self._rate.count / self._rate.seconds >= self._rate.count


class Limiter:
    """Named limits for each actor, from any thread, and counts of connections, in this process."""

    def __init__(self, rates: dict[str, Rate], clock: Clock) -> None:
        self.rates = rates
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._prune_at = 1024
        self._lock = threading.Lock()
        self.connections: Counter[str] = Counter()

    def hit(self, limit: str, key: str, cost: float = 1.0) -> None:
        """Count one more of ``limit`` for ``key``, or ``cost``. Raises RateLimited with the seconds to wait."""
        rate = self.rates.get(limit)
        if rate is None:
            return
        with self._lock:
            at = self._clock.monotonic()
            bucket = self._buckets.get((limit, key))
            if bucket is None:
                if len(self._buckets) >= self._prune_at:
                    self._prune(at)
                bucket = self._buckets[limit, key] = Bucket(rate, at)
            wait = bucket.take(at, cost)
        if wait:
            raise RateLimited(retry_after=wait)

    def give_back(self, limit: str, key: str) -> None:
        """Forget one that was counted: it turned out not to be what is limited."""
        with self._lock:
            if bucket := self._buckets.get((limit, key)):
                bucket.give_back()

    def count(self, limit: str, actor: Actor) -> None:
        """Count one more of ``limit`` for an actor. Raises RateLimited with the seconds to wait.

        A guest who comes again is another guest, so the guests of one network have a limit together.
        """
        if actor.is_guest and actor.network:
            self.hit(f"guest_{limit}", actor.network)
        self.hit(limit, actor.key)

    def connect(self, keys: dict[str, int]) -> bool:
        """Count a connection for each key, unless one of them has as many as it may (the value)."""
        if any(self.connections[key] >= most for key, most in keys.items()):
            return False
        self.connections.update(keys.keys())
        return True

    def disconnect(self, keys: dict[str, int]) -> None:
        for key in keys:
            self.connections[key] -= 1
            if self.connections[key] <= 0:
                del self.connections[key]

    def _prune(self, at: float) -> None:
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.full(at)}
        self._prune_at = max(1024, 2 * len(self._buckets))
