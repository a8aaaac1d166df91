"""Who has to do with whom: features say it, each for its own reasons, and features that are strangers to them ask."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from hubbub.django.auth import wire_id

_MOST_ID = 2**63 - 1
"""What a column holds."""

UserId = int | str
"""A user's primary key as it travels: a number, or text."""

FindContacts = Callable[[UserId, Collection[UserId]], Iterable[Any]]
"""Called with a user and others; returns the primary keys of those others who have to do with the user. May block.

It goes both ways: who is a contact of somebody has that one as a contact.
"""

_finders: list[FindContacts] = []


def register_contacts(find: FindContacts) -> FindContacts:
    """Have ``find`` asked, beside all the others, who has to do with whom."""
    if find not in _finders:
        _finders.append(find)
    return find


def contacts_of(user: UserId, among: Collection[UserId]) -> set[UserId]:
    """Those of ``among`` who have to do with the user, by any feature's word. Blocks; one query a feature."""
    return {wire_id(pk) for find in _finders for pk in find(user, among)} if among else set()


def user_ids(given: Iterable[UserId]) -> list[UserId]:
    """The ids that could be a user's, as the user model writes them and each once; there may be no such user."""
    key: Any = get_user_model()._meta.pk
    found: dict[UserId, None] = {}
    for id in given:
        try:
            pk = wire_id(key.to_python(id))
            if not isinstance(pk, int) or abs(pk) <= _MOST_ID:
                found[pk] = None
        except (ValidationError, ValueError, TypeError, OverflowError):
            continue
    return list(found)
