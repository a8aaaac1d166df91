"""How often somebody may try to sign in or register, by address and by name (rules LIM-2 and LIM-6)."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from hubbub.accounts.clients import client_address
from hubbub.django.limits import limiter
from hubbub.engine.network import network_of

OF_A_NAME = 0.1
"""What an attempt costs its name, where its address bears the whole: ten addresses' worth are one name's.

Were it more, anybody could keep anybody from signing in.
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to sign in that was counted."""

    key: str

    def succeeded(self) -> None:
        """It was no guess: the address gets it back. The name does not, since each costs a hash and a row."""
        if self.key:
            limiter().give_back("logins", self.key)


def register(request: HttpRequest) -> None:
    """Count a registration of the request's address. Raises RateLimited."""
    if address := _address(request):
        limiter().hit("registrations", address)


def sign_in(request: HttpRequest, name: str) -> Attempt:
    """Count an attempt to sign in, before the password is looked at. Raises RateLimited with the seconds to wait.

    Where the address is unknown, behind a proxy on a unix socket that is not trusted, only the name counts, and
    wholly: one person could lock out everybody else otherwise.
    """
    address = _address(request)
    if address:
        limiter().hit("logins", address)
    if name:
        key = f"name {unicodedata.normalize('NFKC', name).casefold()[:200]}"
        limiter().hit("logins", key, OF_A_NAME if address else 1.0)
    return Attempt(address)


def password(user: Any) -> Attempt:
    """Count an attempt to say one's own password again. Raises RateLimited: who has stolen a sign-in may guess."""
    key = f"password of {user.pk}"
    limiter().hit("logins", key)
    return Attempt(key)


def link(request: HttpRequest) -> Attempt:
    """Count an attempt to follow a link of a mail, of the request's address. Raises RateLimited."""
    address = _address(request)
    if address:
        limiter().hit("logins", address)
    return Attempt(address)


def mail(request: HttpRequest) -> None:
    """Count a mail that somebody asks for, of the request's address. Raises RateLimited.

    What one address gets is counted where it is sent: the asker must not learn of it.
    """
    if address := _address(request):
        limiter().hit("mails", address)


def _address(request: HttpRequest) -> str:
    network = network_of(client_address(request))
    return f"address {network}" if network else ""
