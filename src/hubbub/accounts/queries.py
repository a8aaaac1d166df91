"""What accounts reads."""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from hubbub.accounts.models import Login
from hubbub.django.conf import database_alias


def login_with_user(id: str) -> Login | None:
    """A sign-in and its user, in one query; None if there is none."""
    return Login.objects.using(database_alias()).select_related("user").filter(pk=id).first()


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


def user_named(name: str) -> Any:
    """The user who signs in with ``name``; None if there is none."""
    return user_by(get_user_model().USERNAME_FIELD, name)


def name_taken(name: str) -> bool:
    """Whether somebody signs in with ``name``, in capitals or not: Alice and alice would be confused."""
    return bool(_users().filter(**{f"{get_user_model().USERNAME_FIELD}__iexact": name}).exists())


def _users() -> Any:
    return get_user_model()._default_manager.using(database_alias())
