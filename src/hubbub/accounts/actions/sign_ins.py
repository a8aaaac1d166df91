"""Sign-ins: how they begin, go on and end."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import update_last_login
from django.utils import timezone
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from hubbub.accounts import policy, tokens
from hubbub.accounts.models import Login
from hubbub.django.actions import action
from hubbub.django.conf import database_alias
from hubbub.django.publish import publish
from hubbub.engine.actor import Actor, user_key
from hubbub.engine.control import CONTROL_TOPIC, SessionsEnded
from hubbub.protocol.errors import NotAuthenticated

SIGNED_OUT = "signed out"
PASSWORD_CHANGED = "password changed"
DEACTIVATED = "deactivated"
DELETED = "deleted"
EXPIRED = "expired"
REUSED = "refresh token used again"


@action
def sign_in_with_tokens(actor: Actor, user: Any, user_agent: str = "", address: str = "") -> RefreshToken:
    """Begin a sign-in of a user whose password was just checked. Returns the refresh token, which has the other.

    Raises NotAuthenticated where password or permission changed in the meantime.
    """
    until = timezone.now() + api_settings.REFRESH_TOKEN_LIFETIME
    token = tokens.new_refresh_token(_begin(Login.Kind.TOKEN, user, until, user_agent, address))
    if api_settings.UPDATE_LAST_LOGIN:
        update_last_login(None, user)  # type: ignore[arg-type]
    return token


@action
def sign_in_with_access_token(actor: Actor, user: Any, lifetime: timedelta) -> AccessToken:
    """Begin a sign-in that ends with its one access token: for scripts. Raises NotAuthenticated."""
    login = _begin(Login.Kind.TOKEN, user, timezone.now() + lifetime, "hubbub token", "")
    return tokens.new_access_token(login, lifetime)


@action
def sign_in_with_session(
    actor: Actor,
    user: Any,
    session_key: str,
    known: str = "",
    user_agent: str = "",
    address: str = "",
    expires_at: datetime | None = None,
) -> str:
    """Begin the sign-in of a Django session, or go on with the ``known`` one. Returns its id."""
    session_key = session_key if len(session_key) <= 40 else ""  # Signed cookies are their own key.
    open_before = logins().filter(pk=known, user=user, kind=Login.Kind.SESSION, ended_at__isnull=True)
    if known and open_before.update(last_seen_at=timezone.now(), session_key=session_key, expires_at=expires_at):
        return known
    login = Login(user=user, kind=Login.Kind.SESSION, session_key=session_key, address=address, expires_at=expires_at)
    login.user_agent = user_agent[:200]
    login.save(using=database_alias(), force_insert=True)
    return login.pk


@action
def refresh(actor: Actor, token: RefreshToken) -> RefreshToken:
    """Use up a refresh token for the next one of the same sign-in.

    Raises BadToken where it was used before, the sign-in has ended or the user is not active.
    """
    tokens.user_of(token)
    following = tokens.next_refresh_token(token) if api_settings.ROTATE_REFRESH_TOKENS else token
    if sid := token.get(tokens.SID):
        until = datetime.fromtimestamp(following["exp"], UTC)
        logins().filter(pk=sid).update(last_seen_at=timezone.now(), expires_at=until)
    if following is not token and api_settings.BLACKLIST_AFTER_ROTATION:
        _use_up(token)
    return following


@action
def sign_out_token(actor: Actor, token: RefreshToken) -> None:
    """End the sign-in of a refresh token, with its access tokens and sockets. Raises BadToken if it was used."""
    _use_up(token)
    if sid := token.get(tokens.SID):
        end_login(actor, sid)


@action
def end_reused(actor: Actor, id: str) -> bool:
    """End the sign-in of a spent refresh token that came again (rule AUT-6). False where it has ended already."""
    still = logins().filter(pk=id, ended_at__isnull=True).exists()
    if still:
        end_login(actor, id, REUSED)
    return bool(still)


@action
def end_login(actor: Actor, id: str, reason: str = SIGNED_OUT) -> None:
    """End one sign-in: its tokens, its session cookie, its sockets (rule AUT-4). Nothing happens if it is unknown."""
    login = logins().filter(pk=id).first()
    if login is None:
        return
    # An ended one too: its cookie may have been kept, by Django's view that changes a password.
    logins().filter(pk=id, ended_at__isnull=True).update(ended_at=timezone.now())
    _forget_sessions([login.session_key])
    _publish_ending(actor, SessionsEnded(user_key(login.user_id), reason, login=login.pk))


@action
def delete_login(actor: Actor, id: str) -> None:
    """End a sign-in and forget that it was."""
    end_login(actor, id)
    logins().filter(pk=id).delete()


@action
def end_logins(actor: Actor, user: Any, reason: str, except_login: str = "") -> None:
    """End all of a user's sign-ins but one (rule AUT-4), and the sockets of sign-ins that nobody counts too."""
    ending = logins().filter(user=user, ended_at__isnull=True).exclude(pk=except_login)
    if reason != PASSWORD_CHANGED:
        # Django itself refuses the cookies of an old password, and keeps the one that changed it.
        _forget_sessions(ending.values_list("session_key", flat=True))
    ending.update(ended_at=timezone.now())
    _publish_ending(actor, SessionsEnded(user_key(user.pk), reason, except_login=except_login))


@action
def end_expired(actor: Actor, limit: int = 100) -> int:
    """End sign-ins whose cookie or newest token has expired: no request of theirs would say so (rule AUT-4).

    A session that a project has renewed goes on; of one that is its own key nobody can tell. Returns how many were
    looked at.
    """
    # Its last access token may have been given at the end.
    before = timezone.now() - api_settings.ACCESS_TOKEN_LIFETIME
    expired = logins().filter(ended_at__isnull=True, expires_at__lt=before)
    found = list(expired.exclude(kind=Login.Kind.SESSION, session_key="").order_by()[:limit])
    for login in found:
        session = _session_store()(login.session_key) if login.session_key else None
        if session is not None and session.load():
            logins().filter(pk=login.pk).update(expires_at=session.get_expiry_date())
        else:
            end_login(actor, login.pk, EXPIRED)
    return len(found)


@action
def end_deleted(actor: Actor, user: Any) -> None:
    """Close the sockets of a user whose row, and sign-ins with it, is about to go."""
    _forget_sessions(logins().filter(user=user).values_list("session_key", flat=True))
    _publish_ending(actor, SessionsEnded(user_key(user.pk), DELETED))


@action
def follow_session(actor: Actor, session_key: str) -> None:
    """The actor's session has another key from now on."""
    if len(session_key) <= 40:
        logins().filter(pk=actor.login, kind=Login.Kind.SESSION).update(session_key=session_key)


@action
def note_use(actor: Actor, ids: Sequence[str]) -> None:
    """Say of sign-ins that they are in use now."""
    logins().filter(pk__in=ids, ended_at__isnull=True).update(last_seen_at=timezone.now())


def logins() -> Any:
    """All sign-ins, in the database of the streams."""
    return Login.objects.using(database_alias())


def _begin(kind: Login.Kind, user: Any, expires_at: datetime, user_agent: str, address: str) -> Login:
    """A new sign-in, unless the password that was checked is no longer the user's."""
    users = get_user_model()._default_manager.using(database_alias())
    still: Any = users.select_for_update(no_key=True).filter(pk=user.pk).first()
    if not policy.active(still) or still.password != user.password:
        raise NotAuthenticated
    login = Login(user=user, kind=kind, user_agent=user_agent[:200], address=address, expires_at=expires_at)
    login.save(using=database_alias(), force_insert=True)
    return login


def _use_up(token: RefreshToken) -> None:
    """Refuse the token from now on. Raises BadToken if somebody else was first."""
    outcome: Any = token.blacklist()
    if not outcome[1]:
        raise tokens.BadToken


def _forget_sessions(keys: Iterable[str]) -> None:
    for key in keys:
        if key:
            _session_store()().delete(key)


def _session_store() -> Any:
    return import_module(django_settings.SESSION_ENGINE).SessionStore


def _publish_ending(actor: Actor, ended: SessionsEnded) -> None:
    publish(CONTROL_TOPIC, ended, author=actor.key)
