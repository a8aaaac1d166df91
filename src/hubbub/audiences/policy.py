"""Who may: staff with Django's permissions; a project's own code acts as the system."""

from collections.abc import Collection, Iterator
from typing import Any

from django.contrib.auth import get_user_model

from hubbub.django.audiences import UserId
from hubbub.django.auth import require_permission
from hubbub.django.contacts import user_ids
from hubbub.engine.actor import Actor
from hubbub.protocol.errors import BadData

MAX_NAME = 100
AT_ONCE = 500
"""Users who are looked up in one query."""


def permitted(actor: Actor, permission: str) -> None:
    """``add_team``, ``change_temporarygroup``, … Raises Forbidden."""
    require_permission(actor, f"hubbub_audiences.{permission}")


def clean_name(name: str) -> str:
    """The name as it is saved. Raises BadData."""
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or "\x00" in name:
        raise BadData(f"A name has 1 to {MAX_NAME} characters.")
    return name


def known_users(given: Collection[UserId]) -> list[Any]:
    """The primary keys of these users, in order. Raises BadData where one is nobody's."""
    wanted, found = user_ids(given), set()
    users = get_user_model()._default_manager
    for some in in_parts(wanted):
        found |= set(users.filter(pk__in=some).values_list("pk", flat=True))
    if len(found) < len(set(map(str, given))):
        raise BadData("Some of these users don't exist.")
    return sorted(found)


def in_parts(keys: Collection[Any]) -> Iterator[list[Any]]:
    """The same in lists of AT_ONCE at most: databases bound the values of a statement."""
    listed = list(keys)
    return (listed[start : start + AT_ONCE] for start in range(0, len(listed), AT_ONCE))
