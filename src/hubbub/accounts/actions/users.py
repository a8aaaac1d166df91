"""Users: they register, change their names and passwords, and leave."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.db import IntegrityError, transaction

from hubbub.accounts import links, policy, queries
from hubbub.accounts.actions.sign_ins import follow_session
from hubbub.accounts.authentication import KNOWN_LOGIN
from hubbub.django.actions import action
from hubbub.django.auth import LOGIN_KEY, names_of
from hubbub.django.conf import database_alias
from hubbub.django.publish import publish
from hubbub.engine.actor import SYSTEM, Actor, user_key
from hubbub.engine.control import CONTROL_TOPIC, ActorRenamed
from hubbub.protocol.errors import Conflict, NotAuthenticated


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
def change_names(actor: Actor, user: Any, fields: Iterable[str]) -> None:
    """Save the names that ``registration.set_names`` has put into a user. The signal says who hears of it."""
    user.save(update_fields=[*fields])


@action
def say_names(actor: Actor, user: Any) -> None:
    """Let a user's open sockets go on under the names, and with the rights of staff, that the user has now."""
    first_name, last_name = names_of(user)
    is_staff = getattr(user, "is_staff", False)
    renamed = ActorRenamed(user_key(user.pk), user.get_username(), first_name, last_name, is_staff)
    publish(CONTROL_TOPIC, renamed, author=actor.key)


def change_password(actor: Actor, user: Any, new_password: str, *, request: Any = None) -> None:
    """Give a user a new password; all sign-ins end but the actor's own (rule AUT-4).

    Where the actor came by a session cookie, ``request`` is what carried it: the cookie is renewed.
    Raises NotAuthenticated where the actor's sign-in has ended in the meantime.
    """
    user.set_password(new_password)
    setattr(user, KNOWN_LOGIN, actor.login if actor.key == user_key(user.pk) else "")
    _save_password(actor, user)
    if request is not None and actor.login and request.session.get(LOGIN_KEY) == actor.login:
        update_session_auth_hash(request, user)
        follow_session(actor, request.session.session_key or "")


def reset_password(token: str, user: Any, new_password: str) -> None:
    """Give the user of a reset link a new password; all sign-ins end (rule AUT-4).

    Raises BadLink where the link was used, or stands for nothing any more, in the meantime.
    """
    user.set_password(new_password)
    setattr(user, KNOWN_LOGIN, "")
    _save_reset(SYSTEM, token, user)


@action
def deactivate(actor: Actor, user: Any) -> None:
    """A user leaves: nobody signs in to the account until an admin makes it active again. All sign-ins end."""
    user.is_active = False
    user.save(update_fields=["is_active"])  # What ends with it is the signal's to say.


@action
def _save_password(actor: Actor, user: Any) -> None:
    # With the row locked: who resets a password by mail must not be overtaken by the thief who knew the old one.
    queries.user_by_pk(str(user.pk), lock=True)
    if actor.login and not policy.good(queries.login_with_user(actor.login)):
        raise NotAuthenticated
    user.save(update_fields=["password"])  # What ends with it is the signal's to say.


@action
def _save_reset(actor: Actor, token: str, user: Any) -> None:
    # Again, and with the row locked: two that come at once with one link must not both be heard.
    links.user_of_reset(token, lock=True)
    user.save(update_fields=["password"])
