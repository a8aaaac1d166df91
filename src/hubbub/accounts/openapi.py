"""What the REST views of accounts answer, and their security scheme, for the API's schema."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from hubbub.accounts.authentication import TokenAuthentication


class User(msgspec.Struct):
    """The signed-in user."""

    id: int | str
    username: str
    first_name: str
    last_name: str
    email: str


class TokenPair(msgspec.Struct):
    """Tokens of one sign-in."""

    access: str
    """Sent as `Authorization: Bearer <access>`; good for 15 minutes where nothing else is set."""
    refresh: str
    """Good for one refresh."""


class NextTokens(msgspec.Struct):
    """The next tokens of the same sign-in."""

    access: str
    refresh: str | msgspec.UnsetType = msgspec.UNSET
    """Missing where a project has rotation off: the one that was sent goes on."""


class Ticket(msgspec.Struct):
    """What a browser connects with: ``/ws/?ticket=<ticket>``."""

    ticket: str
    expires_in: float
    """Seconds."""


class EmailAddress(msgspec.Struct):
    """The account's e-mail address."""

    email: str
    """Empty where there is none."""
    verified: bool
    """Whether its owner has shown to read it."""


class AddressAsked(msgspec.Struct):
    """An address counts once the link that was sent to it is followed."""

    email: str
    """The one that counts until then."""
    sent_to: str


class SignedIn(msgspec.Struct):
    """A sign-in as its own user sees it."""

    id: str
    kind: Literal["session", "token"]
    device: str
    address: str
    """From where, vaguely."""
    created_at: datetime
    last_seen_at: datetime
    current: bool
    """Whether this request came by it."""


class Username(msgspec.Struct):
    """Whose password was set."""

    username: str


class Verified(msgspec.Struct):
    """The address that counts from now on."""

    email: str


NOTHING = {"type": "object", "maxProperties": 0}
"""``{}``"""


class TokenScheme(OpenApiAuthenticationExtension):
    """``Authorization: Bearer <access token>``."""

    target_class = TokenAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `access` token of `/api/auth/token/`.",
        }
