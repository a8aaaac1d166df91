"""Engines without a database, whose users are contacts as a test says."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from hubbub.engine.actor import Actor, user_key
from hubbub.testing import FakeConnection

ALICE, BOB, CAROL, DAVE = 1, 2, 3, 4
NAMES = {ALICE: "alice", BOB: "bob", CAROL: "carol", DAVE: "dave"}


class Contacts:
    """Who knows whom: alice, bob and carol each other, dave nobody."""

    def __init__(self) -> None:
        self.pairs = {frozenset(pair) for pair in ((ALICE, BOB), (ALICE, CAROL), (BOB, CAROL))}
        self.asked = 0

    def __call__(self, user: int | str, among: Collection[int | str]) -> list[int | str]:
        self.asked += 1
        return [other for other in among if frozenset((user, other)) in self.pairs]


@pytest.fixture
def contacts(monkeypatch: pytest.MonkeyPatch) -> Contacts:
    found = Contacts()
    monkeypatch.setattr("hubbub.django.contacts._finders", [found])
    return found


def who(id: int, **more: Any) -> Actor:
    return Actor(key=user_key(id), user_id=id, username=NAMES.get(id, str(id)), **more)


async def look(connection: FakeConnection, *ids: int) -> dict[int, dict[str, Any]]:
    """Look at these users, and return how they are."""
    found = await connection.send("presence.watch", data={"users": list(ids)})
    return {each["user_id"]: each for each in found["users"]}


def told(connection: FakeConnection) -> list[dict[int, str]]:
    """What has been told so far: the states by user, of each frame, or ``gone``."""
    return [
        {each["user_id"]: each["state"] for each in frame["data"]["users"]}
        | dict.fromkeys(frame["data"]["gone"], "gone")
        for frame in connection.of("presence.changed")
    ]


def last(connection: FakeConnection, id: int) -> dict[str, Any]:
    """What was last told of a user."""
    found = [
        each for frame in connection.of("presence.changed") for each in frame["data"]["users"] if each["user_id"] == id
    ]
    return dict(found[-1])
