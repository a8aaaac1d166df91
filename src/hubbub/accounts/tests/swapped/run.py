"""Run by ``test_swapped.py`` in a process of its own, with the settings beside this file."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from hubbub.accounts import tickets
from hubbub.accounts.models import Login
from hubbub.accounts.tests.conftest import Api, token_of
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


def test_names_passwords_and_leaving(api, eve, endings):
    """What the model lacks is left out, and what it has is found by what Django calls it."""
    access = api.post("token/", EVE).json()["access"]
    names = api("PATCH", "me/", {"first_name": "Eve", "last_name": "E"}, token=access).json()
    assert (names["username"], names["first_name"], names["email"]) == (EVE["username"], "", EVE["username"])
    change = {"password": EVE["password"], "new_password": "an entirely new one"}
    assert api.post("password/", change, token=access).status_code == 204
    assert [login["current"] for login in api.get("logins/", token=access).json()] == [True]
    assert api.post("deactivate/", {"password": change["new_password"]}, token=access).status_code == 204
    assert [each.reason for each in endings()] == ["password changed", "deactivated"]


def test_the_address_is_the_name(api, eve, mailoutbox, mails_at_once):
    Person.objects.create_user("bob@example.org", "x")
    access = api.post("token/", EVE).json()["access"]
    assert api.get("email/", token=access).json() == {"email": EVE["username"], "verified": False}
    for address in ("", "EVE@example.org", "Bob@example.org", "new@example.org"):
        answer = api.post("email/", {"email": address, "password": EVE["password"]}, token=access)
        assert answer.status_code == (202 if address else 400)
    capitals, taken, free = (token_of(mail, "verify") for mail in mailoutbox)
    assert api.post("email/verify/", {"token": taken}).json()["message"] == "This address is not available."
    assert api.post("email/verify/", {"token": free}).status_code == 200
    assert api.post("email/verify/", {"token": capitals}).status_code == 400
    assert api.post("token/", {**EVE, "username": "new@example.org"}).status_code == 200


def test_a_new_password_by_mail(api, eve, mailoutbox, mails_at_once):
    api.post("password/reset/", {"email": EVE["username"]})
    token = token_of(mailoutbox[0], "reset")
    done = api.post("password/reset/confirm/", {"token": token, "new_password": "an entirely new one"})
    assert done.json() == {"username": EVE["username"]}
    assert api.post("password/reset/confirm/", {"token": token, "new_password": "yet another one"}).status_code == 400
    assert api.post("token/", {**EVE, "password": "an entirely new one"}).status_code == 200


def test_commands():
    call_command("createuser", "eve@example.org", "--password", EVE["password"], "--first-name", "Eve")
    call_command("token", "eve@example.org")
    assert Login.objects.values_list("user").get() == (Person.objects.get().pk,)
