"""Who is on the other end of a socket: credentials to actors (rule AUT-1).

Features register what they understand; the first credential that is present decides.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.http.cookie import parse_cookie

from hubbub.django.cookies import users_of_sessions
from hubbub.django.credentials import Credential, Kind, Outcome
from hubbub.engine.actor import SYSTEM, Actor, user_key
from hubbub.engine.clock import Clock
from hubbub.protocol.errors import Forbidden, HubbubError, NotAuthenticated

LOGIN_KEY = "hubbub_login"
"""The session key under which the id of the sign-in is kept."""

TokenAuthenticator = Callable[[str], Actor]

_by_parameter: dict[str, Kind] = {}

rest_authentications: list[Any] = []
"""DRF's authentication classes that features bring for all views, beside the session cookie's."""


def register_credential(
    parameter: str,
    authenticate: TokenAuthenticator,
    *,
    authenticate_all: Callable[[Sequence[str]], Sequence[Outcome]] | None = None,
    at_once: bool = False,
) -> None:
    """Let ``?<parameter>=...`` name an actor. ``authenticate`` may block; raises NotAuthenticated.

    The parameter ``token`` is also read from ``Authorization: Bearer``.
    ``authenticate_all``: the same for many texts, in their order, with the errors among what it returns; it serves
    handshakes that come at the same time.
    ``at_once``: ``authenticate`` does not block, so no thread is needed.
    """
    _by_parameter[parameter] = Kind(authenticate, authenticate_all, at_once)


def _no_token(token: str) -> Actor:
    raise NotAuthenticated("This server takes no tokens.")


def token_credential(token: str) -> Credential:
    """An access token, however it came."""
    return Credential(_by_parameter.get("token") or Kind(_no_token, at_once=True), token)


def actor_of_token(token: str) -> Actor:
    """The actor of an access token. Raises NotAuthenticated. May block."""
    actor = token_credential(token).check()
    assert actor is not None
    return actor


def actor_of_user(user: Any, login: str = "", expires: float | None = None) -> Actor:
    """The actor of a Django user, whatever its model. Raises NotAuthenticated for one who is not active."""
    if not user.is_active:
        raise NotAuthenticated(why="the user is not active")
    first_name, last_name = names_of(user)
    return Actor(
        key=user_key(user.pk),
        user_id=wire_id(user.pk),
        username=user.get_username(),
        first_name=first_name,
        last_name=last_name,
        is_staff=getattr(user, "is_staff", False),
        login=login,
        expires=expires,
    )


def require_permission(actor: Actor, permission: str) -> None:
    """Raises Forbidden for anybody but staff who have that permission of Django's: ``app_label.add_thing``. Blocks.

    What the system itself does, a project's own code among it, is not asked.
    """
    if actor == SYSTEM:
        return
    user = get_user_model()._default_manager.filter(pk=actor.user_id or 0).first() if actor.is_staff else None
    if user is None or not user.has_perm(permission):
        raise Forbidden("Only staff who have been given the permission can do this.")


def wire_id(pk: Any) -> int | str:
    """A user's primary key as it travels: a number, or text for any other, a UUID for one."""
    return pk if isinstance(pk, int) else str(pk)


def primary_key(user: Any) -> Any:
    """Of a user, an Actor, or a primary key, as the user model's own field has it. Raises TypeError for any other."""
    model = get_user_model()
    pk = user.pk if isinstance(user, model) else user.user_id if isinstance(user, Actor) else user
    if isinstance(pk, int | str | UUID):
        try:
            return model._meta.pk.to_python(pk)
        except (ValidationError, ValueError):
            pass
    raise TypeError(f"{user!r} is no user: give a user, or a user's primary key.")


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


def user_models() -> list[type[Model]]:
    """The project's user model and its proxies: whose signals say that a user is deleted.

    A receiver of ``pre_delete`` that names no model keeps Django from deleting rows of any model by one statement.
    """
    return [model for model in apps.get_models() if model._meta.concrete_model is get_user_model()]


def active(path: str = "") -> Q:
    """The condition that a user is active: everybody is where the project's user model has no such field.

    ``path`` leads to the user from the model that is looked through, ``user__`` for one.
    """
    has_field = any(field.name == "is_active" for field in get_user_model()._meta.concrete_fields)
    return Q((f"{path}is_active", True)) if has_field else Q()


def actors_of_sessions(keys: Sequence[str]) -> list[Outcome]:
    """The actor of each of Django's session keys, None for nobody. Two queries, or two for each; see ``cookies``."""
    found = users_of_sessions(keys)
    return [_actor_of_session(*found[key]) if key in found else None for key in keys]


def _actor_of_session(user: Any, session: Any) -> Actor | None:
    return actor_of_user(user, login=session.get(LOGIN_KEY, "")) if user.is_active else None


def actor_of_session(key: str) -> Actor | None:
    """The actor of one of Django's session keys; None for nobody. At most two queries."""
    (actor,) = actors_of_sessions([key])
    return actor if isinstance(actor, Actor) else None


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


def actor_of_page(request: Any) -> Actor:
    """The actor of a request to a view that isn't DRF's: by an access token as bearer, else by the session cookie.

    Raises NotAuthenticated.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return actor_of_token(token.strip()) if scheme.lower() == "bearer" else actor_of_request(request)


def actor_of_scope(scope: dict[str, Any]) -> Actor | None:
    """The actor of a handshake; None for a guest. Raises NotAuthenticated. May block."""
    credential = credential_of_scope(scope)
    return credential.check() if credential else None


def credential_of_scope(scope: dict[str, Any]) -> Credential | None:
    """What a handshake brings along; None for a guest. What is present decides, even where something good is beside it.

    A ``user`` that stands in the scope, put there by middleware of the project's own, stands for the cookie.
    """
    if query_string := scope.get("query_string"):
        query = parse_qs(query_string.decode("latin-1"), keep_blank_values=True)
        for parameter, kind in _by_parameter.items():
            if parameter in query:
                return Credential(kind, query[parameter][-1])
    headers = dict(scope.get("headers", []))
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return token_credential(token.strip())
    if "user" in scope:
        return Credential(_OUTER, scope)
    key = parse_cookie(headers.get(b"cookie", b"").decode("latin-1")).get(django_settings.SESSION_COOKIE_NAME)
    return Credential(_COOKIE, key) if key else None


def _actor_of_outer(scope: dict[str, Any]) -> Actor | None:
    """The actor of the user that a project's own middleware, Channels' for one, has put into the scope."""
    user = scope["user"]
    if user is None or not user.is_authenticated:
        return None
    return actor_of_user(user, login=scope.get("session", {}).get(LOGIN_KEY, ""))


_OUTER = Kind(_actor_of_outer)
_COOKIE = Kind(actor_of_session, actors_of_sessions)


class AuthMiddleware:
    """Puts ``actor`` and ``authenticated_at`` (monotonic) into a socket's scope.

    ``actor`` is None for a guest, and the error where a credential is bad (NotAuthenticated) or the database
    does not answer (Busy): the transport closes with the code that says so.
    """

    def __init__(self, app: Any, check: Callable[[Credential], Awaitable[Actor | None]], clock: Clock) -> None:
        self._app = app
        self._check = check
        self._clock = clock

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope = {**scope, "authenticated_at": self._clock.monotonic(), "actor": None}
        now = self._clock.now().timestamp()
        if credential := credential_of_scope(scope):
            try:
                scope["actor"] = await self._check(credential)
            except HubbubError as error:
                scope["actor"] = error
        actor = scope["actor"]
        if isinstance(actor, Actor) and actor.checked_at is not None:
            # What has ended since then ends this session too.
            scope["authenticated_at"] -= max(0.0, now - actor.checked_at)
        await self._app(scope, receive, send)
