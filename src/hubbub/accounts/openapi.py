"""What the REST views of accounts answer, and their security scheme, for the API's schema."""

from typing import Any

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
