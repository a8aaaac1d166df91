"""Whom a caller means: a user, a primary key, or several of them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from hubbub.django.auth import primary_key


def primary_keys(to: Any) -> list[Any]:
    """Of a user, a primary key, or an iterable of either. Raises TypeError."""
    if isinstance(to, QuerySet):
        return list(to.order_by().values_list("pk", flat=True))
    if isinstance(to, Iterable) and not isinstance(to, str | bytes):
        return [primary_key(each) for each in to]
    return [primary_key(to)]
