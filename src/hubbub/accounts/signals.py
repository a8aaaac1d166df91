"""What ends or begins sign-ins without asking accounts: Django's login views, its admin, anybody's code.

Which sign-ins a changed password spares: the one that the saved instance came by, where it knows
(``actions.change_password``, or ``request.user`` of a request with a token), and none otherwise. Where Django
keeps the cookie of whoever changed it (``update_session_auth_hash``, as in the admin), that browser's
sockets are closed like the others and come back by the cookie, whose sign-in counts as ended all the same.
A view of one's own had better call ``actions.change_password`` with its request.

Changes that send no signal, ``QuerySet.update`` and SQL, keep sockets open that are: call
``actions.end_logins``.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import get_hasher, identify_hasher
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.db.models.signals import post_save, pre_delete, pre_save

from hubbub.accounts import actions
from hubbub.accounts.authentication import KNOWN_LOGIN
from hubbub.accounts.clients import client_address, user_agent
from hubbub.django.auth import LOGIN_KEY, user_models
from hubbub.engine.actor import SYSTEM

_ENDING = "_hubbub_ending"
"""The attribute of a user instance that carries from before its save to after it why sign-ins end."""

_RENAMED = "_hubbub_renamed"
"""Likewise, that somebody has another name, or is of the staff, or no longer."""

_User = get_user_model()


def _has_field(name: str) -> bool:
    try:
        return bool(_User._meta.get_field(name).concrete)
    except FieldDoesNotExist:
        return False


_SHOWN = frozenset(filter(_has_field, (_User.USERNAME_FIELD, "first_name", "last_name", "is_staff")))
_WATCHED = frozenset(filter(_has_field, ("password", "is_active"))) | _SHOWN


def _before_save(
    sender: type[Model], instance: Model, raw: bool, using: str, update_fields: Any, **kwargs: Any
) -> None:
    """Compare with the row, in one query, where something that matters is about to be written."""
    if not isinstance(instance, _User) or raw or instance._state.adding:
        return
    watched = _WATCHED if update_fields is None else _WATCHED.intersection(update_fields)
    if not watched:
        return
    row = _User._base_manager.using(using).filter(pk=instance.pk).values(*watched).first()
    if row is None:
        return
    if any(row[name] != getattr(instance, name) for name in watched & _SHOWN):
        setattr(instance, _RENAMED, True)
    if row.get("is_active") and not instance.is_active:
        setattr(instance, _ENDING, actions.DEACTIVATED)
        return
    before = row.get("password", instance.password)
    if before != instance.password and not _rehashed(instance, before, update_fields):
        setattr(instance, _ENDING, actions.PASSWORD_CHANGED)


def _rehashed(user: Any, old: str, update_fields: Any) -> bool:
    """Whether Django stores the same password with a newer hasher, as it does when somebody signs in.

    It then saves nothing else, and leaves a ``_password`` of None on the instance.
    """
    if set(update_fields or ()) != {"password"} or vars(user).get("_password", "") is not None:
        return False
    try:
        hasher = identify_hasher(old)
    except ValueError:  # No usable password: there is nothing to hash anew.
        return False
    preferred = get_hasher()
    return bool(hasher.algorithm != preferred.algorithm or preferred.must_update(old))


def _after_save(sender: type[Model], instance: Model, **kwargs: Any) -> None:
    if vars(instance).pop(_RENAMED, False):
        actions.say_names(SYSTEM, instance)
    reason = vars(instance).pop(_ENDING, "")
    if reason == actions.PASSWORD_CHANGED:
        actions.end_logins(SYSTEM, instance, reason, getattr(instance, KNOWN_LOGIN, ""))
    elif reason:
        actions.end_logins(SYSTEM, instance, reason)


def _before_delete(sender: type[Model], instance: Model, **kwargs: Any) -> None:
    actions.end_deleted(SYSTEM, instance)


def _logged_in(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    session = getattr(request, "session", None)
    if session is None or user is None:
        return
    if not session.session_key:
        session.create()
    session[LOGIN_KEY] = actions.sign_in_with_session(
        SYSTEM,
        user,
        session.session_key or "",
        session.get(LOGIN_KEY, ""),
        user_agent(request),
        client_address(request),
        session.get_expiry_date(),
    )


def _logged_out(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    session = getattr(request, "session", None)
    if session is not None and (login := session.get(LOGIN_KEY)):
        actions.end_login(SYSTEM, login)


for _signal, _receiver in (
    (pre_save, _before_save),
    (post_save, _after_save),
    (user_logged_in, _logged_in),
    (user_logged_out, _logged_out),
):
    _signal.connect(_receiver, dispatch_uid=f"hubbub.accounts.{_receiver.__name__}")
for _model in user_models():
    pre_delete.connect(_before_delete, sender=_model, dispatch_uid="hubbub.accounts._before_delete")
