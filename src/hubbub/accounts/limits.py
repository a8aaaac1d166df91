"""How often somebody may try to sign in or register, by address and by name (rule LIM-2, over REST)."""

import unicodedata

from django.http import HttpRequest

from hubbub.accounts.clients import client_address
from hubbub.django.limits import limiter
from hubbub.engine.network import network_of


def hit(limit: str, *keys: str) -> None:
    """Count one attempt for each key. Raises RateLimited with the seconds to wait; what follows is not counted."""
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
