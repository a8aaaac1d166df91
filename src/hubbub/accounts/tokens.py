"""JSON web tokens: simplejwt's, with the sign-in's id as the claim ``sid``.

Tokens of a project's own simplejwt views have no ``sid``. They are accepted as simplejwt accepts them, and
no signing out reaches them before they expire.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from django.utils import timezone
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token, UntypedToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from hubbub.accounts import policy, queries
from hubbub.accounts.models import Login
from hubbub.protocol.errors import NotAuthenticated

T = TypeVar("T", bound=Token)
R = TypeVar("R")
P = ParamSpec("P")

SID = "sid"
"""The claim that carries the id of the sign-in."""

REUSE_GRACE = timedelta(seconds=10)
"""For so long a refresh token that is spent may come again: the answer was lost, and the client asks once more."""

_FAULTS = (TokenError, UnicodeError)
"""Half a surrogate pair, which JSON can carry, is no token either."""


class BadToken(NotAuthenticated):
    """Token is invalid or expired"""


def _undated(self: Token, claim: str = "iat", at_time: datetime | None = None) -> None:
    """Leave out when it was made: a token from before a clock was set back would be refused by that."""


class _Access(AccessToken):
    set_iat = _undated


class _Refresh(RefreshToken):
    set_iat = _undated
    access_token_class = _Access


def new_refresh_token(login: Login) -> RefreshToken:
    """A refresh token of a sign-in; its ``access_token`` is the other half of the pair.

    Unlike simplejwt's ``for_user`` it is not copied into the database: who reads that table could use it.
    """
    token = _Refresh()
    _describe(token, login)
    return token


def next_refresh_token(token: RefreshToken) -> RefreshToken:
    """The one that follows a refresh token that is used up: the same claims, a lifetime of its own."""
    following = _Refresh()
    for claim, value in token.payload.items():
        if claim not in RefreshToken.no_copy_claims:
            following[claim] = value
    return following


def new_access_token(login: Login, lifetime: timedelta) -> AccessToken:
    """An access token of a sign-in, without a refresh token beside it."""
    token = _Access()
    token.set_exp(lifetime=lifetime)
    _describe(token, login)
    return token


def _describe(token: Token, login: Login) -> None:
    token[SID] = login.pk
    token[api_settings.USER_ID_CLAIM] = str(getattr(login.user, api_settings.USER_ID_FIELD))
    if api_settings.CHECK_REVOKE_TOKEN:
        token[api_settings.REVOKE_TOKEN_CLAIM] = get_md5_hash_password(login.user.password)


def read_access_token(raw: str) -> tuple[Any, Token]:
    """The user and the claims of an access token, in one query. Raises BadToken, the same for every fault."""
    token = _parse_access(raw)
    return user_of(token), token


def read_access_tokens(raws: Sequence[str]) -> list[tuple[Any, Token] | BadToken]:
    """The user and the claims of each access token, or its fault; one query for all that have a sign-in."""
    parsed = [_attempt(_parse_access, raw) for raw in raws]
    ids = {str(token[SID]) for token in parsed if isinstance(token, Token) and token.get(SID)}
    found = queries.logins_with_users(ids) if ids else {}
    return [token if isinstance(token, BadToken) else _attempt(_with_user, token, found) for token in parsed]


def _attempt(read: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | BadToken:
    try:
        return read(*args, **kwargs)
    except BadToken as fault:
        return fault


def _with_user(token: Token, found: Mapping[str, Login]) -> tuple[Any, Token]:
    return user_of(token, found.get), token


def _parse_access(raw: str) -> Token:
    why = ""
    for token_class in api_settings.AUTH_TOKEN_CLASSES:
        try:
            token: Token = _parse(token_class, raw)
            return token
        except _FAULTS as error:
            why = "the token has expired" if isinstance(error, ExpiredTokenError) else f"no good access token: {error}"
    raise BadToken(why=why)


def read_refresh_token(raw: str) -> RefreshToken:
    """A refresh token that is neither expired nor used already. Raises BadToken."""
    try:
        return _parse(_Refresh, raw)
    except _FAULTS:
        raise BadToken from None


class _SpentToken(Token):
    """A refresh token that is not looked for among those that are spent."""

    token_type = RefreshToken.token_type
    lifetime = RefreshToken.lifetime


def reused_sign_in(raw: str) -> str:
    """The sign-in whose refresh token is spent, and for longer than the grace; empty for any other text."""
    try:
        token = _parse(_SpentToken, raw)
    except _FAULTS:
        return ""
    spent = queries.spent_at(token.get(api_settings.JTI_CLAIM))
    return str(token.get(SID, "")) if spent and timezone.now() - spent > REUSE_GRACE else ""


def _parse(token_class: type[T], raw: str) -> T:
    return token_class(raw)  # type: ignore[arg-type]  # Its own annotation forgets text.


def verify(raw: str) -> None:
    """Raises BadToken for a token of any type that would not be accepted where its type is."""
    try:
        token: Token = _parse(UntypedToken, raw)
        if token.get(api_settings.TOKEN_TYPE_CLAIM) == RefreshToken.token_type:
            token = _parse(RefreshToken, raw)  # Looks at the list of used ones.
    except _FAULTS:
        raise BadToken from None
    user_of(token)


def user_of(token: Token, login_with_user: Callable[[str], Login | None] = queries.login_with_user) -> Any:
    """The user of a token whose signature was checked, in one query.

    ``login_with_user``: where its sign-in is found, if it was read beforehand.
    Raises BadToken where the sign-in has ended, is somebody else's, or the user is gone or not active.
    """
    user_id = token.get(api_settings.USER_ID_CLAIM)
    if user_id is None:
        raise BadToken(why="the token names no user")
    if sid := token.get(SID):
        login = login_with_user(str(sid))
        if login is None or not policy.good(login):
            raise BadToken(why=_why_not(login))
        if str(getattr(login.user, api_settings.USER_ID_FIELD)) != str(user_id):
            raise BadToken(why="the token names another user than its sign-in")
        return login.user
    user = queries.user_by(api_settings.USER_ID_FIELD, user_id)
    if not policy.active(user):
        raise BadToken(why="the token's user is gone or not active")
    if api_settings.CHECK_REVOKE_TOKEN and token.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(
        user.password
    ):
        raise BadToken(why="the password was changed after the token was made")
    return user


def _why_not(login: Login | None) -> str:
    if login is None:
        return "the token's sign-in is gone, and perhaps its user"
    return "the token's sign-in has ended" if login.ended_at else "the token's user is not active"
