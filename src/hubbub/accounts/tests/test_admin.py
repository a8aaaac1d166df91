"""Sign-ins and users in Django's admin: what staff do there acts on open sockets at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.forms.models import model_to_dict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from hubbub.accounts.actions import sign_in_with_tokens
from hubbub.accounts.models import Login
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import SYSTEM
from hubbub.protocol.close import Close
from hubbub.testing import FakeConnection, LiveEngine

pytestmark = pytest.mark.django_db(transaction=True)

LOGINS = "/admin/hubbub_accounts/login/"


@pytest.fixture
async def live() -> AsyncIterator[LiveEngine]:
    async with LiveEngine() as engine:
        yield engine


@pytest.fixture
def boss() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def sign_in(ann: User) -> Callable[[], str]:
    """Signs ann in once more; returns the sign-in's id."""
    return lambda: str(sign_in_with_tokens(SYSTEM, ann)["sid"])


async def connect(live: LiveEngine, ann: User, login: str) -> FakeConnection:
    return await live.connect(actor_of_user(ann, login=login))


async def ended(connection: FakeConnection) -> int:
    return await connection.wait_closed()


async def test_signing_one_out_closes_its_sockets_alone(
    live: LiveEngine, ann: User, boss: Client, sign_in: Callable[[], str]
):
    """AUT-4"""
    one, other = await live.run(sign_in), await live.run(sign_in)
    going, staying = await connect(live, ann, one), await connect(live, ann, other)
    await live.run(boss.post, LOGINS, {"action": "sign_out", "_selected_action": [one]})
    assert await ended(going) == Close.NOT_AUTHENTICATED
    assert staying.closed is None
    entry = await live.run(LogEntry.objects.get)
    assert (entry.object_id, entry.get_change_message()) == (one, "Signed out.")


async def test_deactivating_a_user_closes_all_sockets(
    live: LiveEngine, ann: User, boss: Client, sign_in: Callable[[], str]
):
    """AUT-4: by Django's own page for users."""
    sockets = [await connect(live, ann, await live.run(sign_in)) for _ in range(2)]

    def deactivate() -> Any:
        given = model_to_dict(ann, ["username", "first_name", "last_name", "email"])
        joined = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
        return boss.post(f"/admin/auth/user/{ann.pk}/change/", {**given, **joined})

    assert (await live.run(deactivate)).status_code == 302
    assert [await ended(each) for each in sockets] == [Close.NOT_AUTHENTICATED] * 2
    assert not await live.run(lambda: User.objects.get(pk=ann.pk).is_active)
    assert "Active" in await live.run(lambda: LogEntry.objects.get().get_change_message())


def test_to_look_is_not_to_sign_out(sign_in: Callable[[], str]):
    login = sign_in()
    looker = User.objects.create_user("looker", is_staff=True)
    client = Client()
    client.force_login(looker)
    assert client.get(LOGINS).status_code == 403
    looker.user_permissions.set(Permission.objects.filter(codename="view_login"))
    assert client.get(LOGINS).status_code == 200
    client.post(LOGINS, {"action": "sign_out", "_selected_action": [login]})
    assert Login.objects.get(pk=login).ended_at is None


def test_a_token_is_not_shown(boss: Client, ann: User):
    """A project's own simplejwt views keep good refresh tokens in this table."""
    raw = str(RefreshToken.for_user(ann))
    row = OutstandingToken.objects.get(token=raw)
    for page in ("", f"{row.pk}/change/"):
        shown = boss.get(f"/admin/token_blacklist/outstandingtoken/{page}")
        assert shown.status_code == 200
        assert row.jti in shown.content.decode() and raw not in shown.content.decode()


def test_the_list_costs_the_same_for_three_rows_and_thirty(boss: Client, sign_in: Callable[[], str]):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert boss.get(LOGINS).status_code == 200
        return len(queries)

    for _ in range(3):
        sign_in()
    boss.get(LOGINS)
    few = cost()
    for _ in range(27):
        sign_in()
    assert cost() == few
