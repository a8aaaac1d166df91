"""Which e-mail address is really a user's: features that know say it, and features that mail people ask."""

from collections.abc import Callable
from typing import Any

from hubbub.django.auth import email_field

Verified = Callable[[Any], str]
"""The address that a user has shown to read; empty where there is none. May block."""

_known: list[Verified] = []


def register_addresses(verified: Verified) -> Verified:
    """Let a feature say which addresses were shown to be read: to no others are people mailed what concerns them."""
    if verified not in _known:
        _known.append(verified)
    return verified


def address_of(user: Any) -> str:
    """The user's e-mail address; empty where there is none, or where it may be somebody else's. May block."""
    field = email_field()
    address = str(getattr(user, field, "") or "") if field else ""
    return address if address and all(verified(user) == address for verified in _known) else ""
