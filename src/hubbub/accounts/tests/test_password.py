"""``password/``: whoever knows the present one chooses another, and all other sign-ins end."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from hubbub.accounts import actions
from hubbub.accounts.models import Login
from hubbub.accounts.tests.conftest import PASSWORD, Api
from hubbub.django.auth import actor_of_token
from hubbub.engine.actor import SYSTEM
from hubbub.engine.control import SessionsEnded

pytestmark = pytest.mark.django_db

NEW = "an entirely new one"
CHANGE = {"password": PASSWORD, "new_password": NEW}


@pytest.fixture
def browser(ann) -> Api:
    """Signed in by cookie."""
    api = Api()
    assert api.post("session/", {"username": "ann", "password": PASSWORD}).status_code == 200
    return api


def test_by_token_all_others_end_and_this_one_goes_on(api, ann, browser, endings):
    """AUT-4"""
    mine, other = api.sign_in(), api.sign_in()
    assert api.post("password/", CHANGE, token=mine["access"]).status_code == 204
    assert api.get("me/", token=mine["access"]).status_code == 200
    assert api.post("token/refresh/", {"refresh": mine["refresh"]}).status_code == 200
    assert api.get("me/", token=other["access"]).status_code == 401
    assert api.post("token/refresh/", {"refresh": other["refresh"]}).status_code == 401
    assert browser.get("me/").status_code == 401
    login = actor_of_token(mine["access"]).login
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "password changed", except_login=login)]
    assert api.post("token/", {"username": "ann", "password": PASSWORD}).status_code == 401
    assert api.sign_in(password=NEW)


def test_by_cookie_all_others_end_and_this_one_goes_on(api, ann, browser):
    """AUT-4: under another session key, so that a fixed or stolen one is worth nothing."""
    pair, before = api.sign_in(), browser.client.cookies["sessionid"].value
    kept = Api()
    kept.client.cookies["sessionid"] = before
    assert kept.get("me/").status_code == 200
    assert browser.post("password/", CHANGE).status_code == 204
    assert browser.get("me/").status_code == 200
    assert browser.client.cookies["sessionid"].value != before
    assert kept.get("me/").status_code == 401
    assert api.get("me/", token=pair["access"]).status_code == 401
    login = Login.objects.get(ended_at=None)
    assert login.session_key == browser.client.cookies["sessionid"].value


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({**CHANGE, "password": "wrong"}, "password"),
        ({**CHANGE, "new_password": "short"}, "new_password"),
        ({**CHANGE, "new_password": "12345678901"}, "new_password"),
        ({"new_password": NEW}, "password"),
        ({**CHANGE, "new_password": "x" * 1025}, "new_password"),
        ({**CHANGE, "new_password": ["x"]}, "new_password"),
    ],
)
def test_what_is_refused(browser, ann, endings, change, field):
    """ERR-3"""
    response = browser.post("password/", change)
    assert response.status_code == 400
    assert response.json()[field] and response.json()["code"] == "bad_data"
    assert endings() == []
    assert User.objects.get().check_password(PASSWORD)


def test_guesses_are_limited_for_whoever_has_stolen_a_sign_in(browser, ann):
    """AUT-7, LIM-6: by account, so that it helps to come from many addresses as little as to hold many sign-ins."""
    pairs = [Api(REMOTE_ADDR=f"192.0.2.{n}").sign_in() for n in range(2)]
    for n in range(10):
        given = {**CHANGE, "password": f"guess {n}"}
        api = Api(REMOTE_ADDR=f"198.51.100.{n}")
        path = ("password/", "email/", "deactivate/")[n % 3]
        body = {**given, "email": "mine@example.org"}
        assert api.post(path, body, token=pairs[n % 2]["access"]).status_code == 400
    response = browser.post("password/", CHANGE)
    assert (response.status_code, response.json()["code"]) == (429, "rate_limited")
    assert int(response["Retry-After"]) <= 6
    assert User.objects.get().check_password(PASSWORD)


def test_right_answers_are_no_guesses(api, ann):
    access, password = api.sign_in()["access"], PASSWORD
    for n in range(12):
        change = {"password": password, "new_password": f"{NEW} {n}"}
        assert api.post("password/", change, token=access).status_code == 204
        password = change["new_password"]


def test_a_cookie_alone_changes_nothing(ann):
    """Another site can make a browser send its cookie, and not the token of a form."""
    api = Api(enforce_csrf_checks=True)
    api.client.force_login(ann)
    changes = {
        "POST password/": CHANGE,
        "PATCH me/": {"first_name": "Mallory"},
        "POST email/": {"email": "mallory@example.org", "password": PASSWORD},
        "DELETE logins/": None,
        f"DELETE logins/{Login.objects.get().pk}/": None,
        "POST deactivate/": {"password": PASSWORD},
    }
    for row, body in changes.items():
        method, path = row.split()
        assert api(method, path, body).status_code == 403, row
    user = User.objects.get()
    assert (user.first_name, user.email, user.is_active) == ("Ann", "ann@example.org", True)
    assert user.check_password(PASSWORD) and Login.objects.get().ended_at is None


def test_the_projects_own_way_to_sign_in_is_asked(browser, ann, settings):
    """The password that counts is the one that its backends take, wherever they keep it."""
    settings.AUTHENTICATION_BACKENDS = ["hubbub.accounts.tests.test_password.Directory"]
    api = Api()
    api.post("session/", {"username": "ann", "password": "from the directory"})
    assert api.post("deactivate/", {"password": PASSWORD}).status_code == 400
    assert api.post("deactivate/", {"password": "from the directory"}).status_code == 204


class Directory:
    """A backend that knows passwords which are not in the database."""

    def authenticate(self, request, username=None, password=None):
        return User.objects.get(username=username) if password == "from the directory" else None

    def get_user(self, pk):
        return User.objects.filter(pk=pk, is_active=True).first()


def test_a_sign_in_that_ends_meanwhile_changes_nothing(api, ann, monkeypatch):
    """AUT-4 AUT-7: the owner resets the password while somebody who has stolen it sets another."""
    mine = api.sign_in()

    def overtaken(password, user):
        actions.change_password(SYSTEM, User.objects.get(pk=ann.pk), "of the owner's choice")

    monkeypatch.setattr("hubbub.accounts.account_api.validate_password", overtaken)
    assert api.post("password/", CHANGE, token=mine["access"]).status_code == 401
    ann.refresh_from_db()
    assert ann.check_password("of the owner's choice")
