"""Run by ``test_swapped.py`` in a process of its own, with the settings beside this file."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from hubbub.accounts import tickets
from hubbub.accounts.models import Login
from hubbub.accounts.tests.conftest import Api
from hubbub.accounts.tests.swapped.models import Person
from hubbub.django import auth
from hubbub.engine.control import SessionsEnded

pytestmark = pytest.mark.django_db

EVE = {"username": "eve@example.org", "password": "correct horse battery"}


@pytest.fixture
def eve(db):
    return Person.objects.create_user("eve@example.org", EVE["password"])


def test_registering(api):
    response = api.post("register/", {**EVE, "first_name": "Eve", "email": "other@example.org"})
    assert response.status_code == 201, response.content
    assert response.json() == {
        "id": str(Person.objects.get().pk),
        "username": "eve@example.org",
        "first_name": "",
        "last_name": "",
        "email": "eve@example.org",
    }
    assert api.post("register/", EVE).json()["username"] == ["This name is not available."]
    assert "username" in api.post("register/", {**EVE, "username": "no address"}).json()


def test_tokens_tickets_and_cookies(api, eve, django_assert_num_queries):
    pair = api.post("token/", EVE).json()
    with django_assert_num_queries(1):
        actor = auth.actor_of_token(pair["access"])
    assert (actor.key, actor.user_id, actor.username) == (f"u.{eve.pk}", str(eve.pk), "eve@example.org")
    ticket = api.post("ticket/", token=pair["access"]).json()["ticket"]
    with django_assert_num_queries(0):
        assert tickets.redeem(ticket).key == actor.key
    assert api.post("token/refresh/", {"refresh": pair["refresh"]}).status_code == 200
    assert Api().post("session/", EVE).status_code == 200
    assert Api().post("session/", {**EVE, "password": "x"}).status_code == 401


def test_endings(api, eve, endings):
    for _ in range(2):
        assert api.post("session/", EVE).status_code == 200
    assert api("DELETE", "session/").status_code == 204
    access = api.post("token/", EVE).json()["access"]
    eve.set_password("an entirely new one")
    eve.save()
    eve.is_active = False
    eve.save()
    key = f"u.{eve.pk}"
    eve.delete()
    cookie, *others = endings()
    assert (cookie.actor, cookie.reason) == (key, "signed out")
    assert others == [SessionsEnded(key, why) for why in ("password changed", "deactivated", "deleted")]
    assert api.get("me/", token=access).status_code == 401
    assert not Login.objects.exists()


def test_commands():
    call_command("createuser", "eve@example.org", "--password", EVE["password"], "--first-name", "Eve")
    call_command("token", "eve@example.org")
    assert Login.objects.values_list("user").get() == (Person.objects.get().pk,)
