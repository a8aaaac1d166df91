"""Who a request or a socket comes from, by token or ticket (rule AUT-1)."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import Token

from hubbub.accounts import tickets, tokens
from hubbub.django.auth import actor_of_user, register_credential, rest_authentications
from hubbub.django.credentials import Outcome
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import NotAuthenticated

KNOWN_LOGIN = "hubbub_login"
"""The attribute of a user instance that names the sign-in it came by."""


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <access token>``, in one query. 401 for every fault, with the same body."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, raw = request.META.get(api_settings.AUTH_HEADER_NAME, "").strip().partition(" ")
        if scheme.lower() not in {known.lower() for known in api_settings.AUTH_HEADER_TYPES}:
            return None
        try:
            user, token = tokens.read_access_token(raw.strip())
        except NotAuthenticated as error:
            raise AuthenticationFailed(error.message, "token_not_valid") from None
        setattr(user, KNOWN_LOGIN, token.get(tokens.SID, ""))
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return f'{api_settings.AUTH_HEADER_TYPES[0]} realm="api"'


def actor_of_access_token(raw: str) -> Actor:
    """The actor of an access token, in one query. Raises NotAuthenticated."""
    return _actor_of(*tokens.read_access_token(raw))


def actors_of_access_tokens(raws: Sequence[str]) -> list[Outcome]:
    """The actors of access tokens, or why they are not good, in one query."""
    return [
        found if isinstance(found, NotAuthenticated) else _actor_of(*found) for found in tokens.read_access_tokens(raws)
    ]


def _actor_of(user: Any, token: Token) -> Actor:
    return actor_of_user(user, login=str(token.get(tokens.SID, "")), expires=float(token["exp"]))


rest_authentications.append(TokenAuthentication)
register_credential("token", actor_of_access_token, authenticate_all=actors_of_access_tokens)
# Whether a ticket was used elsewhere, Redis has to be asked.
register_credential(
    "ticket", tickets.redeem, authenticate_all=tickets.redeem_all, at_once=not getattr(settings, "HUBBUB_REDIS_URL", "")
)
