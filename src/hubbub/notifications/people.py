"""Whom a caller means: a user, a primary key, or several of them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from hubbub.engine.actor import Actor


def primary_keys(to: Any) -> list[Any]:
    """Of a user, a primary key, or an iterable of either. Raises TypeError."""
    if isinstance(to, QuerySet):
        return list(to.order_by().values_list("pk", flat=True))
    if isinstance(to, Iterable) and not isinstance(to, str | bytes):
        return [primary_key(each) for each in to]
    return [primary_key(to)]


def primary_key(user: Any) -> Any:
    """As the user model's own field has it. Raises TypeError for what is no user."""
    model = get_user_model()
    pk = user.pk if isinstance(user, model) else user.user_id if isinstance(user, Actor) else user
    if isinstance(pk, int | str | UUID):
        try:
            return model._meta.pk.to_python(pk)
        except (ValidationError, ValueError):
            pass
    raise TypeError(f"{user!r} is no user: give a user, a user's primary key, several of them, or an Audience.")
