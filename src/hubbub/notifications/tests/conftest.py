"""People, and what their clients know."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from hubbub.testing import LiveEngine


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann", first_name="Ann")


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob")


def apply(state: dict[str, Any], topic: str, type: str, data: dict[str, Any]) -> dict[str, Any]:
    """A client's reducer: the list and the count after an event."""
    rows = state["notifications"]
    if type == "notifications.notified":
        new = data["notification"]
        rows = [new, *(row for row in rows if row["id"] != new["id"])]
    elif type == "notifications.changed":
        rows = [data["notification"] if row["id"] == data["notification"]["id"] else row for row in rows]
    elif type == "notifications.marked":
        up_to = data["up_to"] or 0
        for row in rows:
            if row["id"] in data["ids"] or row["number"] <= up_to:
                row["read"] = data["read"]
    elif type == "notifications.withdrawn":
        rows = [row for row in rows if row["id"] not in data["ids"]]
    return {"notifications": rows, "unread": data["unread"]}


@pytest.fixture
def reduce() -> Callable[..., dict[str, Any]]:
    return apply


@pytest.fixture
async def live() -> AsyncIterator[LiveEngine]:
    """The real engine on the test's loop; for tests with ``django_db(transaction=True)``."""
    async with LiveEngine() as engine:
        yield engine
