"""The limits of this process: sockets and REST count against the same."""

from functools import lru_cache
from typing import Any

from django.core.signals import setting_changed

from hubbub.django.conf import rates
from hubbub.engine.clock import SystemClock
from hubbub.engine.limits import Limiter


@lru_cache(maxsize=1)
def limiter() -> Limiter:
    """A restart forgets them; another process has its own."""
    return Limiter(rates(), SystemClock())


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "HUBBUB":
        limiter.cache_clear()


setting_changed.connect(_forget, dispatch_uid="hubbub.limits")
