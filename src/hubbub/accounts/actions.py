"""Everything that changes accounts. Passwords are hashed by the callers' threads: the writer's has no time for it."""

from collections.abc import Iterable
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings as django_settings
from django.contrib.auth import get_user_model, update_session_auth_hash
from django.contrib.auth.models import update_last_login
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from hubbub.accounts import policy, tokens
from hubbub.accounts.authentication import KNOWN_LOGIN
from hubbub.accounts.models import Login
from hubbub.django.actions import action
from hubbub.django.auth import LOGIN_KEY
from hubbub.django.conf import database_alias
from hubbub.django.publish import publish
from hubbub.engine.actor import Actor, user_key
from hubbub.engine.control import CONTROL_TOPIC, SessionsEnded
from hubbub.protocol.errors import Conflict, NotAuthenticated

SIGNED_OUT = "signed out"
PASSWORD_CHANGED = "password changed"
DEACTIVATED = "deactivated"
DELETED = "deleted"
REUSED = "refresh token used again"


class NameTaken(Conflict):
    """This name is not available."""


@action
def register(actor: Actor, user: Any) -> Any:
    """Save a new user, made and checked by ``registration.new_user``. Raises NameTaken."""
    alias = database_alias()
    try:
        with transaction.atomic(using=alias):
            user.save(using=alias, force_insert=True)
    except IntegrityError:
        raise NameTaken from None
    return user


@action
def sign_in_with_tokens(actor: Actor, user: Any, user_agent: str = "", address: str = "") -> RefreshToken:
    """Begin a sign-in of a user whose password was just checked. Returns the refresh token, which has the other.

    Raises NotAuthenticated where password or permission changed in the meantime.
    """
    token = tokens.new_refresh_token(_begin(Login.Kind.TOKEN, user, user_agent, address))
    if api_settings.UPDATE_LAST_LOGIN:
        update_last_login(None, user)  # type: ignore[arg-type]
    return token


@action
def sign_in_with_access_token(actor: Actor, user: Any, lifetime: timedelta) -> AccessToken:
    """Begin a sign-in that ends with its one access token: for scripts. Raises NotAuthenticated."""
    return tokens.new_access_token(_begin(Login.Kind.TOKEN, user, "hubbub token", ""), lifetime)


@action
def sign_in_with_session(
    actor: Actor, user: Any, session_key: str, known: str = "", user_agent: str = "", address: str = ""
) -> str:
    """Begin the sign-in of a Django session, or go on with the ``known`` one. Returns its id."""
    session_key = session_key if len(session_key) <= 40 else ""  # Signed cookies are their own key.
    open_before = _logins().filter(pk=known, user=user, kind=Login.Kind.SESSION, ended_at__isnull=True)
    if known and open_before.update(last_seen_at=timezone.now(), session_key=session_key):
        return known
    login = Login(user=user, kind=Login.Kind.SESSION, session_key=session_key, address=address)
    login.user_agent = user_agent[:200]
    login.save(using=database_alias(), force_insert=True)
    return login.pk


@action
def refresh(actor: Actor, token: RefreshToken) -> RefreshToken:
    """Use up a refresh token for the next one of the same sign-in.

    Raises BadToken where it was used before, the sign-in has ended or the user is not active.
    """
    tokens.user_of(token)
    if sid := token.get(tokens.SID):
        _logins().filter(pk=sid).update(last_seen_at=timezone.now())
    if not api_settings.ROTATE_REFRESH_TOKENS:
        return token
    if api_settings.BLACKLIST_AFTER_ROTATION:
        _use_up(token)
    return tokens.next_refresh_token(token)


@action
def sign_out_token(actor: Actor, token: RefreshToken) -> None:
    """End the sign-in of a refresh token, with its access tokens and sockets. Raises BadToken if it was used."""
    _use_up(token)
    if sid := token.get(tokens.SID):
        end_login(actor, sid)


@action
def end_reused(actor: Actor, id: str) -> bool:
    """End the sign-in of a spent refresh token that came again (rule AUT-6). False where it has ended already."""
    still = _logins().filter(pk=id, ended_at__isnull=True).exists()
    if still:
        end_login(actor, id, REUSED)
    return bool(still)


@action
def end_login(actor: Actor, id: str, reason: str = SIGNED_OUT) -> None:
    """End one sign-in: its tokens, its session cookie, its sockets (rule AUT-4). Nothing happens if it is unknown."""
    login = _logins().filter(pk=id).first()
    if login is None:
        return
    # An ended one too: its cookie may have been kept, by Django's view that changes a password.
    _logins().filter(pk=id, ended_at__isnull=True).update(ended_at=timezone.now())
    _forget_sessions([login.session_key])
    _publish_ending(actor, SessionsEnded(user_key(login.user_id), reason, login=login.pk))


@action
def delete_login(actor: Actor, id: str) -> None:
    """End a sign-in and forget that it was."""
    end_login(actor, id)
    _logins().filter(pk=id).delete()


@action
def end_logins(actor: Actor, user: Any, reason: str, except_login: str = "") -> None:
    """End all of a user's sign-ins but one (rule AUT-4), and the sockets of sign-ins that nobody counts too."""
    ending = _logins().filter(user=user, ended_at__isnull=True).exclude(pk=except_login)
    if reason != PASSWORD_CHANGED:
        # Django itself refuses the cookies of an old password, and keeps the one that changed it.
        _forget_sessions(ending.values_list("session_key", flat=True))
    ending.update(ended_at=timezone.now())
    _publish_ending(actor, SessionsEnded(user_key(user.pk), reason, except_login=except_login))


@action
def end_deleted(actor: Actor, user: Any) -> None:
    """Close the sockets of a user whose row, and sign-ins with it, is about to go."""
    _forget_sessions(_logins().filter(user=user).values_list("session_key", flat=True))
    _publish_ending(actor, SessionsEnded(user_key(user.pk), DELETED))


def change_password(actor: Actor, user: Any, new_password: str, *, request: Any = None) -> None:
    """Give a user a new password; all sign-ins end but the actor's own (rule AUT-4).

    Where the actor came by a session cookie, ``request`` is what carried it: the cookie is renewed.
    """
    user.set_password(new_password)
    setattr(user, KNOWN_LOGIN, actor.login if actor.key == user_key(user.pk) else "")
    _save_password(actor, user)
    if request is not None and actor.login and request.session.get(LOGIN_KEY) == actor.login:
        update_session_auth_hash(request, user)
        _follow_session(actor, request.session.session_key or "")


@action
def _save_password(actor: Actor, user: Any) -> None:
    user.save(update_fields=["password"])  # What ends with it is the signal's to say.


@action
def _follow_session(actor: Actor, session_key: str) -> None:
    if len(session_key) <= 40:
        _logins().filter(pk=actor.login, kind=Login.Kind.SESSION).update(session_key=session_key)


def _logins() -> Any:
    return Login.objects.using(database_alias())


def _begin(kind: Login.Kind, user: Any, user_agent: str, address: str) -> Login:
    """A new sign-in, unless the password that was checked is no longer the user's."""
    users = get_user_model()._default_manager.using(database_alias())
    still: Any = users.select_for_update(no_key=True).filter(pk=user.pk).first()
    if not policy.active(still) or still.password != user.password:
        raise NotAuthenticated
    login = Login(user=user, kind=kind, user_agent=user_agent[:200], address=address)
    login.save(using=database_alias(), force_insert=True)
    return login


def _use_up(token: RefreshToken) -> None:
    """Refuse the token from now on. Raises BadToken if somebody else was first."""
    outcome: Any = token.blacklist()
    if not outcome[1]:
        raise tokens.BadToken


def _forget_sessions(keys: Iterable[str]) -> None:
    store = import_module(django_settings.SESSION_ENGINE).SessionStore
    for key in keys:
        if key:
            store().delete(key)


def _publish_ending(actor: Actor, ended: SessionsEnded) -> None:
    publish(CONTROL_TOPIC, ended, author=actor.key)
