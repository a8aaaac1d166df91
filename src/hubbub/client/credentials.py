"""Who the client says it is: a token, tickets, or nobody."""

import base64
import binascii
import logging
import time
from collections.abc import Awaitable, Callable

import msgspec

logger = logging.getLogger("hubbub.client")

Source = str | Callable[[], Awaitable[str | None]]
"""A text, or a coroutine function that returns one; None when nobody is signed in."""


class Credentials:
    """Keeps the token that was got last, and gets another when asked to, or when that one has expired.

    A ticket is good for once (rule AUT-5), so every connection asks for another.
    """

    def __init__(self, token: Source | None, ticket: Source | None) -> None:
        if token is not None and ticket is not None:
            raise TypeError("Give a token or a ticket, not both.")
        self._source = token if token is not None else ticket
        self._single_use = ticket is not None
        self._last: str | None = None

    @property
    def used(self) -> bool:
        """Whether there is anything to show; a guest has nothing."""
        return self._source is not None

    @property
    def renewable(self) -> bool:
        """Whether a fresh one can be had."""
        return callable(self._source)

    @property
    def expires(self) -> float | None:
        """When the token expires, in seconds since 1970; None where it doesn't say."""
        return None if self._last is None or self._single_use else expiry_of(self._last)

    async def get(self, *, fresh: bool) -> str | None:
        """What to connect with; None when nobody is signed in. Raises what the caller's function raises."""
        expired = self.expires is not None and self.expires <= time.time()
        if self._last is None or self._single_use or ((fresh or expired) and self.renewable):
            # Forgotten first: what a failing function left behind must not be used again.
            self._last = None
            self._last = await self._source() if callable(self._source) else self._source
        return self._last

    def on_the_wire(self, value: str | None) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and query parameters. A token goes into a header, since addresses stand in logs."""
        if value is None:
            return {}, {}
        return ({}, {"ticket": value}) if self._single_use else ({"Authorization": f"Bearer {value}"}, {})


class _Claims(msgspec.Struct):
    exp: float | None = None


def expiry_of(token: str) -> float | None:
    """The ``exp`` of a JWT in seconds since 1970; None where the token is no JWT or has none."""
    try:
        payload = token.split(".")[1]
        raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return msgspec.json.decode(raw, type=_Claims).exp
    except (IndexError, binascii.Error, ValueError):
        return None
