"""The limits that sockets and REST count against.

What every message counts for stays in this process, since nobody is to wait for a network there. What is rare and
must be exact is counted over all processes, where there is a Redis (:mod:`.shared`).
"""

from functools import lru_cache
from typing import Any, Final

from django.core.signals import setting_changed

from hubbub.django.conf import rates
from hubbub.django.shared import shared
from hubbub.engine.clock import SystemClock
from hubbub.engine.limits import Limiter
from hubbub.protocol.errors import RateLimited

EXACT: Final = frozenset({"logins", "registrations", "mails", "tickets"})
"""The limits of all processes together. Only threads count against them."""


class ProcessesLimiter(Limiter):
    """Limits of which the exact ones hold over all processes."""

    def hit(self, limit: str, key: str, cost: float = 1.0) -> None:
        wait = self._take_everywhere(limit, key, cost) if limit in EXACT else None
        if wait is None:
            super().hit(limit, key, cost)
        elif wait:
            raise RateLimited(retry_after=wait)

    def give_back(self, limit: str, key: str) -> None:
        if limit not in EXACT or self._take_everywhere(limit, key, -1.0) is None:
            super().give_back(limit, key)

    def _take_everywhere(self, limit: str, key: str, cost: float) -> float | None:
        """Seconds to wait; None where nobody counts over all processes."""
        everywhere, rate = shared(), self.rates.get(limit)
        return everywhere.take(limit, key, rate, cost) if everywhere and rate else None


@lru_cache(maxsize=1)
def limiter() -> Limiter:
    """The limits as this process counts them; a restart forgets those that are its own."""
    return ProcessesLimiter(rates(), SystemClock())


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "HUBBUB":
        limiter.cache_clear()


setting_changed.connect(_forget, dispatch_uid="hubbub.limits")
