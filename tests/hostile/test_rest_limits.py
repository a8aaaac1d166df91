"""What one user may ask for over REST, as often as over a socket."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.test import Client

from hubbub.accounts.actions import sign_in_with_tokens
from hubbub.chat import actions
from hubbub.django import limits
from hubbub.django.auth import actor_of_user
from hubbub.django.conf import DEFAULT_LIMITS
from hubbub.engine.actor import SYSTEM
from hubbub.engine.limits import Rate

pytestmark = pytest.mark.django_db


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 21, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        pass


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> Any:
    """No limit recovers while the test runs."""
    monkeypatch.setattr(limits, "SystemClock", StoppedClock)
    limits.limiter.cache_clear()
    yield
    limits.limiter.cache_clear()


@pytest.fixture
def people(db: None) -> dict[str, User]:
    return {name: User.objects.create_user(name, password="x") for name in ("ann", "bob", "cyd")}


@pytest.fixture
def group(people: dict[str, User]) -> int:
    return actions.create_conversation(actor_of_user(people["ann"]), ["bob", "cyd"], "Plans").conversation.id


def signed_in(user: User) -> Client:
    token = sign_in_with_tokens(SYSTEM, user).access_token
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    ("limit", "method", "path", "body"),
    [
        ("conversations", "POST", "participants/", {"participants": ["bob"]}),
        ("writes", "DELETE", "participants/", {"participants": ["nobody"]}),
        ("writes", "POST", "leave/", {}),
        ("writes", "POST", "read/", {"number": 1}),
    ],
)
def test_writes_are_limited(
    people: dict[str, User], group: int, limit: str, method: str, path: str, body: dict[str, Any]
) -> None:
    """LIM-2: each user for himself, whether it comes to something or not."""
    client, where = signed_in(people["ann"]), f"/api/conversations/{group}/{path}"
    most = Rate.parse(DEFAULT_LIMITS[limit]).count

    def ask(client: Client) -> Any:
        return client.generic(method, where, msgspec.json.encode(body), content_type="application/json")

    codes = [ask(client).status_code for _ in range(most + 2)]
    assert 429 not in codes[:most]
    assert codes[most:] == [429, 429]
    answer = ask(client)
    assert (answer.json()["code"], answer.json()["temporary"]) == ("rate_limited", True)
    assert int(answer["Retry-After"]) >= 1
    assert ask(signed_in(people["bob"])).status_code != 429


def test_names_are_limited(people: dict[str, User], group: int) -> None:
    """ERR-3: a hundred at once, as when the conversation is made."""
    client, where = signed_in(people["ann"]), f"/api/conversations/{group}/participants/"
    for method in ("POST", "DELETE"):
        body = {"participants": [f"n{n}" for n in range(101)]}
        answer: Any = client.generic(method, where, msgspec.json.encode(body), content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_data")
        body = {"participants": ["bob"] * 100}
        answer = client.generic(method, where, msgspec.json.encode(body), content_type="application/json")
        assert answer.status_code in (200, 204)
