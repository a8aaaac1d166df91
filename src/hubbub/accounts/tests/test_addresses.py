"""``email/``: an address is an account's once its owner has shown to read it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing

from hubbub.accounts import links
from hubbub.accounts.tests.conftest import PASSWORD, Api, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mails_at_once")]

NEW = "an entirely new one"


@pytest.fixture
def access(api, ann) -> str:
    return str(api.sign_in()["access"])


def ask(access: str, address: str, password: str = PASSWORD) -> Any:
    return Api().post("email/", {"email": address, "password": password}, token=access)


def follow(token: str) -> Any:
    return Api().post("email/verify/", {"token": token})


def test_an_address_is_verified_after_registering(api, mailoutbox):
    assert (
        api.post("register/", {"username": "bob", "password": PASSWORD, "email": "bob@EXAMPLE.org"}).status_code == 201
    )
    (mail,) = mailoutbox
    assert mail.to == ["bob@example.org"]
    assert "bob" not in mail.body, "what strangers write of themselves is no text to be sent to others"
    access = api.sign_in("bob")["access"]
    assert api.get("email/", token=access).json() == {"email": "bob@example.org", "verified": False}
    assert follow(token_of(mail, "verify")).json() == {"email": "bob@example.org"}
    assert api.get("email/", token=access).json() == {"email": "bob@example.org", "verified": True}
    assert follow(token_of(mail, "verify")).status_code == 400


def test_registering_may_need_an_address(api, settings, mailoutbox):
    settings.HUBBUB = {"EMAIL_REQUIRED": True}
    for given in ({}, {"email": ""}):
        response = api.post("register/", {"username": "bob", "password": PASSWORD, **given})
        assert (response.status_code, response.json()["email"]) == (400, ["This field is required."])
    assert api.post("register/", {"username": "bob", "password": PASSWORD, "email": "b@example.org"}).status_code == 201
    access = api.sign_in("bob")["access"]
    assert ask(access, "").status_code == 400


def test_a_new_address_counts_once_its_link_is_followed(api, ann, access, mailoutbox, endings):
    """AUT-7"""
    response = ask(access, "new@example.org")
    assert (response.status_code, response.json()) == (202, {"email": "ann@example.org", "sent_to": "new@example.org"})
    assert api.get("me/", token=access).json()["email"] == "ann@example.org"
    (mail,) = mailoutbox
    assert mail.to == ["new@example.org"]
    assert follow(token_of(mail, "verify")).json() == {"email": "new@example.org"}
    assert api.get("email/", token=access).json() == {"email": "new@example.org", "verified": True}
    assert (mailoutbox[1].to, mailoutbox[1].subject) == (
        ["ann@example.org"],
        "Your e-mail address on testserver has changed",
    )
    assert follow(token_of(mail, "verify")).status_code == 400
    assert endings() == []


def test_it_takes_the_password_and_another_mail_of_the_present_one_does_not(access, ann, mailoutbox):
    for password in ("wrong", ""):
        response = ask(access, "new@example.org", password)
        assert (response.status_code, response.json()["password"]) == (400, ["This is not your password."])
        assert ask(access, "", password).status_code == 400
    assert not mailoutbox
    assert ask(access, "ann@example.org", "").status_code == 202
    assert follow(token_of(mailoutbox[0], "verify")).status_code == 200


def test_a_link_in_flight_dies_with_another_and_with_the_password(api, access, ann, mailoutbox):
    """Who got at an account for a moment can't take it over later, once its owner has it back."""
    ask(access, "first@example.org")
    ask(access, "second@example.org")
    first, second = (token_of(mail, "verify") for mail in mailoutbox)
    assert follow(second).status_code == 200
    assert follow(first).status_code == 400
    ask(access, "third@example.org")
    api.post("password/", {"password": PASSWORD, "new_password": NEW}, token=access)
    assert follow(token_of(mailoutbox[-1], "verify")).status_code == 400
    assert User.objects.get().email == "second@example.org"


def test_forged_and_late_links(api, access, ann, mailoutbox, settings):
    ask(access, "new@example.org")
    good = token_of(mailoutbox[0], "verify")
    for token in ("", "x", good + "x", good[:-3], signing.dumps([str(ann.pk), "e@example.org", "x"]), "é:é:é"):
        assert follow(token).status_code == 400
    assert Api().post("email/verify/", {"token": links.reset_token(ann)}).status_code == 400
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert follow(good).status_code == 400
    settings.PASSWORD_RESET_TIMEOUT = 60
    User.objects.update(is_active=False)
    assert follow(good).status_code == 400
    assert User.objects.get().email == "ann@example.org"


def test_an_address_of_another_s_makes_no_difference(api, access, ann, mailoutbox):
    """ACC-1"""
    User.objects.create_user("bob", "bob@example.org", PASSWORD)
    known, unknown = ask(access, "bob@example.org"), ask(access, "new@example.org")
    assert (known.status_code, set(known.json())) == (unknown.status_code, set(unknown.json()))


def test_an_account_without_an_address(api, access, ann, mailoutbox):
    assert ask(access, "").json() == {"email": "", "verified": False}
    assert api.get("email/", token=access).json() == {"email": "", "verified": False}
    api.post("password/reset/", {"email": "ann@example.org"})
    assert not mailoutbox


@pytest.mark.parametrize("bad", ["x", "a@b", "a@example.org\r\nBcc: b@example.org", "a b@example.org", None, ["a@b.c"]])
def test_what_is_no_address_is_refused(api, access, bad, mailoutbox):
    assert api.post("email/", {"email": bad, "password": PASSWORD}, token=access).status_code == 400
    assert api.post("password/reset/", {"email": bad}).status_code == 400
    assert not mailoutbox


def test_no_spelling_of_an_address_gets_more_mails(mailoutbox):
    """LIM-2: capitals and wide letters reach the same mailbox."""
    name = "example"
    for n in range(12):
        domain = "".join(chr(ord(letter) + 0xFEE0) for letter in name[: n % 7]) + name[n % 7 :]
        address = f"{'Bob' if n % 2 else 'bob'}@{domain}.org"
        given = {"username": f"user{n}", "password": PASSWORD, "email": address}
        assert Api(REMOTE_ADDR=f"198.51.100.{n}").post("register/", given).status_code == 201
    assert len(mailoutbox) == 10
