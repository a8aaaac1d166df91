"""How often somebody may try to sign in or register, by address and by name (rule LIM-2, over REST)."""

import threading
import unicodedata
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any

from django.core.signals import setting_changed
from django.http import HttpRequest
from rest_framework.settings import api_settings

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


def client_address(request: HttpRequest) -> str:
    """The client's address, empty where it is unknown.

    ``X-Forwarded-For`` is read only where ``REST_FRAMEWORK["NUM_PROXIES"]`` says how many proxies are ours,
    and only the entry that the outermost of them wrote.
    """
    peer: str = request.META.get("REMOTE_ADDR", "")
    proxies: int = api_settings.NUM_PROXIES or 0
    forwarded = [entry.strip() for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if proxies > 0 and forwarded != [""]:
        claimed = forwarded[-min(proxies, len(forwarded))]
        if _parse(claimed) is not None:
            return claimed
    return peer if _parse(peer) is not None else ""


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one IPv6 customer has to himself."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return parsed.exploded[:19]
    return "" if parsed is None else str(parsed)


def _parse(address: str) -> Any:
    try:
        return ip_address(address)
    except ValueError:
        return None


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "HUBBUB":
        limiter.cache_clear()


setting_changed.connect(_forget, dispatch_uid="hubbub.accounts.limits")
