"""How often somebody may try to sign in or register, by address and by name (rule LIM-2, over REST)."""

import threading
import unicodedata
from functools import lru_cache
from typing import Any

from django.core.signals import setting_changed
from django.http import HttpRequest

from hubbub.accounts.clients import client_address, network_of
from hubbub.django.conf import rates
from hubbub.engine.clock import SystemClock
from hubbub.engine.limits import Limiter

_lock = threading.Lock()


@lru_cache(maxsize=1)
def limiter() -> Limiter:
    """The limits of this process: a restart forgets them, another process has its own."""
    return Limiter(rates(), SystemClock())


def hit(limit: str, *keys: str) -> None:
    """Count one attempt for each key. Raises RateLimited with the seconds to wait; what follows is not counted."""
    with _lock:
        for key in keys:
            limiter().hit(limit, key)


def attempt(limit: str, request: HttpRequest, name: str = "") -> None:
    """Count an attempt of the request's address and, where there is one, for the name. Raises RateLimited.

    Where the address is unknown, behind a proxy on a unix socket that is not trusted, only the name counts:
    one person could lock out everybody else otherwise.
    """
    keys = [f"address {network}"] if (network := network_of(client_address(request))) else []
    if name:
        keys.append(f"name {unicodedata.normalize('NFKC', name).casefold()[:200]}")
    hit(limit, *keys)


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "HUBBUB":
        limiter.cache_clear()


setting_changed.connect(_forget, dispatch_uid="hubbub.accounts.limits")
