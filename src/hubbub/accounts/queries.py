"""What accounts reads."""

import unicodedata
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from hubbub.accounts import policy
from hubbub.accounts.models import Login, VerifiedAddress
from hubbub.django.auth import email_field
from hubbub.django.conf import database_alias


def login_with_user(id: str) -> Login | None:
    """A sign-in and its user, in one query; None if there is none."""
    return Login.objects.using(database_alias()).select_related("user").filter(pk=id).first()


def logins_with_users(ids: Collection[str]) -> dict[str, Login]:
    """Sign-ins and their users by id, in one query; what is unknown is left out."""
    return Login.objects.using(database_alias()).select_related("user").in_bulk(list(ids))


def logins_of(user: Any, limit: int = 100) -> list[Login]:
    """A user's sign-ins that are good, the last used first, in one query."""
    good = Login.objects.using(database_alias()).filter(user_id=user.pk, ended_at__isnull=True)
    unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
    return list(good.filter(unexpired).order_by("-last_seen_at")[:limit])


def login_of(user: Any, id: str) -> Login | None:
    """A user's sign-in that has not ended; None for anybody else's."""
    if "\0" in id:  # PostgreSQL would fail.
        return None
    return Login.objects.using(database_alias()).filter(pk=id, user_id=user.pk, ended_at__isnull=True).first()


def spent_at(jti: str) -> datetime | None:
    """When a refresh token was used up; None where it was not."""
    spent: BlacklistedToken | None = BlacklistedToken.objects.filter(token__jti=jti).first()
    return spent.blacklisted_at if spent else None


def user_by(field: str, value: Any) -> Any:
    """The user whose ``field`` is ``value``; None where there is none, or the value cannot be one."""
    try:
        return _users().filter(**{field: value}).first()
    except (TypeError, ValueError, OverflowError, ValidationError):
        return None


def user_by_pk(pk: str, *, lock: bool = False) -> Any:
    """The user whose key is written so, if need be with the row locked; None where there is none."""
    if "\0" in pk:  # PostgreSQL would fail.
        return None
    users = _users().select_for_update(no_key=True) if lock else _users()
    try:
        return users.filter(pk=pk).first()
    except (TypeError, ValueError, OverflowError, ValidationError):
        return None


def users_with_address(address: str, limit: int = 10) -> list[Any]:
    """The users who may have a new password sent to an address: active, and with a password to be replaced."""
    field = email_field()
    if not field:
        return []
    found = _users().filter(**{f"{field}__iexact": address})[:limit]
    return [
        user
        for user in found
        # Databases differ in what they call the same letter: nobody gets a mail for a name that only looks alike.
        if folded(getattr(user, field)) == folded(address) and policy.active(user) and user.has_usable_password()
    ]


def verified_address(user: Any) -> str:
    """The address that the user has shown to read, empty where there is none; it need not be the present one."""
    found = VerifiedAddress.objects.using(database_alias()).filter(user_id=user.pk).first()
    return found.address if found else ""


def folded(text: str) -> str:
    """What all spellings of a name or address have in common: capitals, and wide or other forms of a letter."""
    return unicodedata.normalize("NFKC", text).casefold()


def user_named(name: str) -> Any:
    """The user who signs in with ``name``; None if there is none."""
    return user_by(get_user_model().USERNAME_FIELD, name)


def name_taken(name: str) -> bool:
    """Whether somebody signs in with ``name``, in capitals or not: Alice and alice would be confused."""
    return bool(_users().filter(**{f"{get_user_model().USERNAME_FIELD}__iexact": name}).exists())


def _users() -> Any:
    return get_user_model()._default_manager.using(database_alias())
