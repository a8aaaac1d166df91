"""``register/``: who becomes a user, under which name."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from hubbub.accounts.tests.conftest import PASSWORD, Api

pytestmark = pytest.mark.django_db

NEW = {"username": "bob", "password": PASSWORD}


def test_a_new_user(api):
    response = api.post("register/", {**NEW, "first_name": "Bob", "last_name": "B", "email": "bob@EXAMPLE.org"})
    user = User.objects.get()
    assert (response.status_code, response.json()) == (
        201,
        {
            "id": user.pk,
            "username": "bob",
            "first_name": "Bob",
            "last_name": "B",
            "email": "bob@example.org",
        },
    )
    assert api.sign_in("bob")["access"]


def test_what_one_may_not_set_is_ignored(api):
    given = {"is_staff": True, "is_superuser": True, "is_active": False, "id": 77, "groups": [1]}
    assert api.post("register/", {**NEW, **given}).status_code == 201
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.is_active) == (False, False, True)
    assert user.pk != 77


@pytest.mark.parametrize("password", ["short", "password", "12345678901", "bob-bob-bob"])
def test_weak_passwords_are_refused_with_a_reason(api, password):
    """ERR-3"""
    response = api.post("register/", {"username": "bob-bob-bob", "password": password})
    assert response.status_code == 400
    body = response.json()
    assert body["password"]
    assert body["code"] == "bad_data"
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"username": "bob"},
        {"username": "", "password": PASSWORD},
        {"username": "a b", "password": PASSWORD},
        {"username": "x" * 151, "password": PASSWORD},
        {**NEW, "email": "nonsense"},
        {**NEW, "first_name": "x" * 151},
        {**NEW, "password": "x" * 1025},
    ],
)
def test_what_does_not_fit_is_400(api, body):
    """ERR-3"""
    assert api.post("register/", body).status_code == 400
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "bad", ["a\r\nb", "a\x1b[31m", "a\u202eb", "a\u2066b", "a\u200bb", "a\ufeffb", "a\u2028b", "a\u00adb"]
)
@pytest.mark.parametrize("field", ["username", "first_name", "last_name"])
def test_no_control_or_bidi_characters_in_names(api, field, bad):
    response = api.post("register/", {**NEW, field: bad})
    assert response.status_code == 400
    assert "not allowed (U+" in response.json()[field][0]


@pytest.mark.parametrize("name", ["Анна", "李小龍", "محمد", "می\u200cخواهم", "क्\u200dष", "O'Brien-Ståhl"])
def test_names_in_any_script(api, name):
    response = api.post("register/", {**NEW, "first_name": name})
    assert (response.status_code, response.json()["first_name"]) == (201, name)


@pytest.mark.parametrize("name", ["ann", "ANN", "System", "anonymous", "ａｎｎ"])
def test_taken_and_reserved_names_get_the_same_answer(api, ann, name):
    """ACC-1: of somebody else's account only what one must know, that the name cannot be had."""
    response = api.post("register/", {**NEW, "username": name})
    assert response.status_code == 400
    assert response.json() == {
        "username": ["This name is not available."],
        "code": "bad_data",
        "message": "username: This name is not available.",
        "temporary": False,
    }


def test_an_email_that_is_known_makes_no_difference(api, ann):
    """ACC-1"""
    assert api.post("register/", {**NEW, "email": ann.email}).status_code == 201


def test_two_that_register_at_once(api, ann, monkeypatch):
    from hubbub.accounts import queries

    monkeypatch.setattr(queries, "name_taken", lambda name: False)
    response = api.post("register/", {**NEW, "username": "ann"})
    assert response.status_code == 400
    assert response.json()["username"] == ["This name is not available."]


def test_registering_is_limited_by_address():
    """LIM-2, ERR-1: refused ones count too, or names could be tried out."""
    api = Api(REMOTE_ADDR="192.0.2.1")
    for attempt in range(10):
        api.post("register/", {**NEW, "username": f"bob{attempt % 3}"}, x_forwarded_for=f"198.51.100.{attempt}")
    response = api.post("register/", {**NEW, "username": "last"}, x_forwarded_for="198.51.100.99")
    assert response.status_code == 429
    assert 0 < response.json()["retry_after"] <= 360
    assert Api(REMOTE_ADDR="192.0.2.2").post("register/", {**NEW, "username": "last"}).status_code == 201
