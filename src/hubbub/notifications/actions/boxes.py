"""Locking users' boxes: all of a call at once, in one order, so that no two calls wait for each other crosswise."""

from collections.abc import Collection
from typing import Any

from hubbub.django.rows import add_each
from hubbub.notifications.models import Box


def lock(user_ids: Collection[Any]) -> dict[Any, Box]:
    """The boxes of these users that there are, locked, by user id. One query."""
    found = Box.objects.select_for_update().filter(user_id__in=list(user_ids)).order_by("user_id")
    return {box.user_id: box for box in found}


def make(user_ids: Collection[Any]) -> None:
    """Make the boxes of users who have none. Before any is locked, so that nobody waits for one who waits for them."""
    add_each([Box(user_id=id) for id in user_ids], unless_there=True)


def own(user_id: Any) -> Box | None:
    """A user's box, locked; None where nothing has come yet. One query."""
    return Box.objects.select_for_update().filter(user_id=user_id).first()


def made(user_id: Any) -> Box:
    """A user's box, locked; made where nothing has come yet."""
    found = own(user_id)
    if found is None:
        make([user_id])
        found = Box.objects.select_for_update().get(user_id=user_id)
    return found
