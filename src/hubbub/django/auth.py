"""Who is on the other end of a socket: credentials to actors (rule AUT-1).

Features register what they understand; the first credential that is present decides.
"""

import logging
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.contrib.auth import get_user, get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from hubbub.django.conf import database_alias
from hubbub.django.transactions import as_busy, renew_connections
from hubbub.engine.actor import Actor, user_key
from hubbub.engine.clock import Clock
from hubbub.protocol.errors import HubbubError, NotAuthenticated

logger = logging.getLogger("hubbub.auth")

C = TypeVar("C")
T = TypeVar("T")

LOGIN_KEY = "hubbub_login"
"""The session key under which the id of the sign-in is kept."""

TokenAuthenticator = Callable[[str], Actor]

_by_parameter: dict[str, TokenAuthenticator] = {}

rest_authentications: list[Any] = []
"""DRF's authentication classes that features bring for all views, beside the session cookie's."""


def register_credential(parameter: str, authenticate: TokenAuthenticator) -> None:
    """Let ``?<parameter>=...`` name an actor. ``authenticate`` may block; raises NotAuthenticated.

    The parameter ``token`` is also read from ``Authorization: Bearer``.
    """
    _by_parameter[parameter] = authenticate


def actor_of_token(token: str) -> Actor:
    """The actor of an access token. Raises NotAuthenticated. May block."""
    authenticate = _by_parameter.get("token")
    if authenticate is None:
        raise NotAuthenticated("This server takes no tokens.")
    return authenticate(token)


def actor_of_user(user: Any, login: str = "", expires: float | None = None) -> Actor:
    """The actor of a Django user, whatever its model. Raises NotAuthenticated for one who is not active."""
    if not user.is_active:
        raise NotAuthenticated(why="the user is not active")
    first_name, last_name = names_of(user)
    return Actor(
        key=user_key(user.pk),
        user_id=user.pk if isinstance(user.pk, int) else str(user.pk),
        username=user.get_username(),
        first_name=first_name,
        last_name=last_name,
        is_staff=getattr(user, "is_staff", False),
        login=login,
        expires=expires,
    )


def names_of(user: Any) -> tuple[str, str]:
    """First and last name of a Django user; a model that has other names says them by ``get_full_name()``."""
    if not hasattr(user, "first_name") and hasattr(user, "get_full_name"):
        return str(user.get_full_name()), ""
    return getattr(user, "first_name", ""), getattr(user, "last_name", "")


def email_field() -> str:
    """The field of the project's user model that holds the e-mail address; empty where it has none."""
    model = get_user_model()
    name: str = model.get_email_field_name()
    return name if any(field.name == name for field in model._meta.concrete_fields) else ""


def actor_of_session(cookies: dict[str, str]) -> Actor | None:
    """The actor of Django's session cookie; None for nobody. At most two queries."""
    key = cookies.get(django_settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    request = HttpRequest()
    request.session = import_module(django_settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    if not user.is_authenticated or not user.is_active:
        return None
    return actor_of_user(user, login=request.session.get(LOGIN_KEY, ""))


def actor_of_request(request: Any) -> Actor:
    """The actor of a view's request, Django's or DRF's. Raises NotAuthenticated for nobody."""
    user = request.user
    if user is None or not user.is_authenticated:
        raise NotAuthenticated
    claims: Any = getattr(request, "auth", None)
    if hasattr(claims, "get"):
        return actor_of_user(user, login=claims.get("sid", ""), expires=claims.get("exp"))
    login = request.session.get(LOGIN_KEY, "") if hasattr(request, "session") else ""
    return actor_of_user(user, login=login)


def actor_of_scope(scope: dict[str, Any]) -> Actor | None:
    """The actor of a handshake; None for a guest. May block.

    A ``user`` that stands in the scope, put there by middleware of the project's own, stands for the cookie.
    Raises NotAuthenticated where a credential is present and bad, even beside a good one.
    """
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    for parameter, authenticate in _by_parameter.items():
        if parameter in query:
            return authenticate(query[parameter][-1])
    headers = dict(scope.get("headers", []))
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return actor_of_token(token.strip())
    if "user" in scope:
        return _actor_of_outer(scope)
    return actor_of_session(parse_cookie(headers.get(b"cookie", b"").decode("latin-1")))


def _actor_of_outer(scope: dict[str, Any]) -> Actor | None:
    """The actor of the user that a project's own middleware, Channels' for one, has put into the scope."""
    user = scope["user"]
    if user is None or not user.is_authenticated:
        return None
    return actor_of_user(user, login=scope.get("session", {}).get(LOGIN_KEY, ""))


def user_of_actor(actor: Actor | None) -> Any:
    """A Django user for ``scope["user"]``, without a query: fields that were not checked load when read."""
    if actor is None or actor.user_id is None:
        return AnonymousUser()
    model = get_user_model()
    known: dict[str, Any] = {
        model._meta.pk.attname: model._meta.pk.to_python(actor.user_id),
        model.USERNAME_FIELD: actor.username,
    }
    return model.from_db(None, list(known), list(known.values()))


class AuthMiddleware:
    """Puts ``actor``, ``user`` and ``authenticated_at`` (monotonic) into a socket's scope.

    ``actor`` is None for a guest, and the error where a credential is bad (NotAuthenticated) or the database
    does not answer (Busy): the transport closes with the code that says so.
    """

    def __init__(self, app: Any, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope = {**scope, "authenticated_at": self._clock.monotonic()}
        now = self._clock.now().timestamp()
        try:
            scope["actor"] = await in_thread(actor_of_scope, scope)
        except HubbubError as error:
            scope["actor"] = error
        actor = scope["actor"] if isinstance(scope["actor"], Actor) else None
        if actor is not None and actor.checked_at is not None:
            # What has ended since then ends this session too.
            scope["authenticated_at"] -= max(0.0, now - actor.checked_at)
        scope["user"] = user_of_actor(actor)
        await self._app(scope, receive, send)


async def in_thread(check: Callable[[C], T], credential: C) -> T:
    """Check a credential where that may block. Raises what the check raises, and Busy without a database."""
    return await sync_to_async(_with_database, thread_sensitive=False)(check, credential)


def _with_database(check: Callable[[C], T], credential: C) -> T:
    renew_connections(database_alias())
    try:
        return check(credential)
    except (OperationalError, InterfaceError) as error:
        raise as_busy(error) from error
