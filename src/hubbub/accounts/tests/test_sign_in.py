"""Signing in: alike for whoever fails, limited, and over cookies only with a CSRF token."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import override_settings

from hubbub.accounts.models import Login
from hubbub.accounts.tests.conftest import PASSWORD, Api
from hubbub.django import auth
from hubbub.django.auth import LOGIN_KEY
from hubbub.engine.control import SessionsEnded

pytestmark = pytest.mark.django_db

GOOD = {"username": "ann", "password": PASSWORD}


@pytest.fixture
def hashed(monkeypatch):
    """How often a password was hashed or compared, the expensive part of signing in."""
    from django.contrib.auth.hashers import MD5PasswordHasher

    count = []
    encode = MD5PasswordHasher.encode

    def counted(self, *args):
        count.append(1)
        return encode(self, *args)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return count


@pytest.mark.parametrize("path", ["token/", "session/"])
def test_nobody_learns_who_exists(api, ann, hashed, path):
    """ACC-1: unknown, wrong password, not active, no password of their own: status, body and work are the same."""
    User.objects.create_user("gone", password=PASSWORD, is_active=False)
    User.objects.create_user("sso")  # Signs in elsewhere.
    answers, work = set(), set()
    for name, password in (("ann", "wrong"), ("nobody", "wrong"), ("gone", PASSWORD), ("sso", "wrong")):
        del hashed[:]
        response = api.post(path, {"username": name, "password": password})
        answers.add((response.status_code, response.content, response["WWW-Authenticate"]))
        work.add(len(hashed))
    assert answers == {
        (
            401,
            b'{"detail":"No active account found with the given credentials","code":"no_active_account",'
            b'"message":"No active account found with the given credentials","temporary":false}',
            'Bearer realm="api"',
        )
    }
    assert work == {1}


@pytest.mark.parametrize(
    "body",
    [{}, [], {"username": "ann"}, {"username": "ann", "password": ""}, {"username": {}, "password": "x"}],
)
def test_what_is_not_a_name_and_a_password_is_400(api, body):
    """ERR-3"""
    for path in ("token/", "session/"):
        response = api.post(path, body)
        assert response.status_code == 400
        assert response.json()["code"] == "bad_data"


def test_nul_in_a_name_is_400(api, ann):
    assert api.post("token/", {"username": "a\0b", "password": "x"}).status_code == 400


def test_signing_in_is_limited_by_name(ann):
    """LIM-6, ERR-1: a hundred a minute for one name from however many addresses, known or not."""
    for net, name in enumerate(("ann", "nobody")):
        for attempt in range(102):
            api = Api(REMOTE_ADDR=f"192.0.{net}.{attempt}")
            response = api.post("token/", {"username": name.upper() if attempt % 2 else name, "password": "x"})
            assert response.status_code == (401 if attempt < 100 else 429), attempt
        body = response.json()
        assert (body["code"], body["temporary"]) == ("rate_limited", True)
        assert body["retry_after"] == 0.6
        assert int(response["Retry-After"]) >= 1
    assert Api(REMOTE_ADDR="198.51.100.1").post("token/", GOOD).status_code == 429


def test_one_address_locks_nobody_out_elsewhere(ann):
    """LIM-6"""
    for path in ("token/", "session/"):
        for _ in range(30):
            Api(REMOTE_ADDR="192.0.2.1").post(path, {**GOOD, "password": "x"})
        assert Api(REMOTE_ADDR="192.0.2.1").post(path, GOOD).status_code == 429
        assert Api(REMOTE_ADDR="192.0.2.2").post(path, GOOD).status_code == 200


def test_only_failures_count_for_an_address(ann):
    """LIM-6: an office behind one address signs in, however many they are; mistakes still add up."""
    api = Api(REMOTE_ADDR="192.0.2.1")
    for attempt in range(9):
        for path in ("token/", "session/"):
            assert api.post(path, GOOD).status_code == 200
        assert api.post("token/", {**GOOD, "password": "x"}).status_code == 401, attempt
    assert api.post("token/", {**GOOD, "password": "x"}).status_code == 401
    assert api.post("token/", GOOD).status_code == 429


def test_right_passwords_are_limited_too(ann):
    """LIM-6: each costs a hash and a row."""
    codes = [Api(REMOTE_ADDR="192.0.2.1").post("token/", GOOD).status_code for _ in range(102)]
    assert codes == [200] * 100 + [429] * 2


def test_who_waits_may_try_again(ann, clock):
    """LIM-6: after as long as the answer says."""
    api = Api(REMOTE_ADDR="192.0.2.1")
    for _ in range(10):
        api.post("token/", {**GOOD, "password": "x"})
    clock.forward(api.post("token/", GOOD).json()["retry_after"])
    assert api.post("token/", GOOD).status_code == 200


def test_signing_in_is_limited_by_address(ann):
    """LIM-6: whatever the names; both ways of signing in count together."""
    api = Api(REMOTE_ADDR="192.0.2.1")
    for attempt in range(10):
        path = "session/" if attempt % 2 else "token/"
        assert api.post(path, {"username": f"n{attempt}", "password": "x"}).status_code == 401
    assert api.post("token/", GOOD).status_code == 429
    assert api.post("session/", GOOD).status_code == 429
    assert Api(REMOTE_ADDR="192.0.2.2").post("token/", GOOD).status_code == 200


def test_one_ipv6_network_is_one_client(ann):
    for attempt in range(10):
        api = Api(REMOTE_ADDR=f"2001:db8::{attempt:x}")
        assert api.post("token/", {"username": f"n{attempt}", "password": "x"}).status_code == 401
    assert Api(REMOTE_ADDR="2001:db8::ffff:1").post("token/", GOOD).status_code == 429
    assert Api(REMOTE_ADDR="2001:db8:0:1::1").post("token/", GOOD).status_code == 200


def spoofing(attempts: int, forwarded: str) -> list[int]:
    api = Api(REMOTE_ADDR="192.0.2.1")
    return [
        api.post("token/", {"username": f"n{n}", "password": "x"}, x_forwarded_for=forwarded.format(n=n)).status_code
        for n in range(attempts)
    ]


def test_a_spoofed_forwarded_header_does_not_help(ann):
    """LIM-2"""
    assert spoofing(11, "198.51.100.{n}") == [401] * 10 + [429]


@pytest.fixture
def one_proxy(settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}


def test_behind_a_proxy_only_what_it_wrote_counts(ann, one_proxy):
    """LIM-2: the client's own entries stand to the left of it."""
    assert spoofing(11, "198.51.100.{n}, 203.0.113.9") == [401] * 10 + [429]


def test_behind_a_proxy_its_clients_are_told_apart(ann, one_proxy):
    assert spoofing(11, "203.0.113.{n}") == [401] * 11


def test_what_is_no_address_does_not_name_a_client(ann, one_proxy):
    assert spoofing(11, "x{n}") == [401] * 10 + [429]


def test_without_an_address_the_name_counts(ann):
    """Behind a unix socket without a trusted proxy everybody would share one address."""
    api = Api(REMOTE_ADDR="")
    codes = [api.post("token/", {"username": f"n{n}", "password": "x"}).status_code for n in range(12)]
    assert codes == [401] * 12
    assert [api.post("token/", {**GOOD, "password": "x"}).status_code for _ in range(11)][-1] == 429


@override_settings(HUBBUB={"LIMITS": {"logins": "2/m"}})
def test_a_project_sets_its_own_limit(api, ann):
    codes = [api.post("token/", {**GOOD, "password": "x"}).status_code for _ in range(3)]
    assert codes == [401, 401, 429]


def test_a_refused_name_stays_on_one_log_line(api, ann, caplog):
    import logging

    logger = logging.getLogger("hubbub")
    logger.addHandler(caplog.handler)
    try:
        caplog.set_level("INFO", "hubbub.accounts")
        api.post("token/", {"username": "a\r\nb\x1b[31m", "password": PASSWORD})
    finally:
        logger.removeHandler(caplog.handler)
    assert "\n" not in caplog.messages[0]
    assert "\x1b" not in caplog.messages[0]
    assert PASSWORD not in caplog.messages[0]


# Session cookies


def test_signing_in_for_a_cookie(api, ann):
    response = api.post("session/", GOOD)
    assert (response.status_code, response.json()) == (
        200,
        {
            "id": ann.pk,
            "username": "ann",
            "first_name": "Ann",
            "last_name": "Smith",
            "email": "ann@example.org",
        },
    )
    login = Login.objects.get()
    assert (login.user, login.kind, login.pk) == (ann, "session", api.client.session[LOGIN_KEY])
    assert login.session_key == api.client.session.session_key
    assert api.get("me/").json() == response.json()


def test_a_cookie_on_a_socket_takes_two_queries(api, ann, django_assert_num_queries):
    """AUT-1"""
    api.post("session/", GOOD)
    key = api.client.cookies["sessionid"].value
    with django_assert_num_queries(2):
        actor = auth.actor_of_session(key)
    assert actor is not None
    assert (actor.key, actor.login) == (f"u.{ann.pk}", Login.objects.get().pk)


def test_signing_in_for_a_cookie_needs_a_csrf_token(ann):
    api = Api(enforce_csrf_checks=True)
    refused = api.post("session/", GOOD)
    assert refused.status_code == 403
    assert "sessionid" not in api.client.cookies
    assert not Login.objects.exists()
    api.client.cookies["csrftoken"] = "a" * 32
    assert api.post("session/", GOOD, x_csrftoken="a" * 32).status_code == 200


def test_a_post_by_cookie_needs_a_csrf_token(ann):
    api = Api(enforce_csrf_checks=True)
    api.client.force_login(ann)
    for method, path in (("POST", "ticket/"), ("DELETE", "session/")):
        refused = api(method, path)
        assert refused.status_code == 403
        assert refused.json()["code"] == "permission_denied"
    assert Login.objects.get().ended_at is None
    api.client.cookies["csrftoken"] = "a" * 32
    assert api.post("ticket/", x_csrftoken="a" * 32).status_code == 200
    assert api("DELETE", "session/", x_csrftoken="a" * 32).status_code == 204


def test_signing_out_ends_the_sign_in(api, ann, endings):
    """AUT-4"""
    api.post("session/", GOOD)
    login = Login.objects.get()
    assert api("DELETE", "session/").status_code == 204
    login.refresh_from_db()
    assert login.ended_at is not None
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "signed out", login=login.pk)]
    assert api.get("me/").status_code == 401
    assert api("DELETE", "session/").status_code == 401


def test_a_token_can_be_signed_out_there_too(api, ann, endings):
    """AUT-4"""
    access = api.sign_in()["access"]
    assert Api()("DELETE", "session/", token=access).status_code == 204
    assert [ended.login for ended in endings()] == [Login.objects.get().pk]
    assert api.get("me/", token=access).status_code == 401


def test_ending_the_sign_in_of_a_cookie_ends_the_cookie(api, ann):
    """AUT-4: also where somebody else ends it, in the admin."""
    from hubbub.accounts import actions
    from hubbub.engine.actor import SYSTEM

    api.post("session/", GOOD)
    actions.end_login(SYSTEM, Login.objects.get().pk)
    assert not Session.objects.exists()
    assert api.get("me/").status_code == 401


def test_signing_in_again_in_the_same_browser_goes_on(api, ann, endings):
    for _ in range(2):
        assert api.post("session/", GOOD).status_code == 200
    assert Login.objects.get().session_key == api.client.session.session_key
    assert endings() == []


def test_somebody_else_in_the_same_browser_ends_the_first(api, ann, endings):
    bob = User.objects.create_user("bob", password=PASSWORD)
    api.post("session/", GOOD)
    first = Login.objects.get()
    assert api.post("session/", {"username": "bob", "password": PASSWORD}).json()["id"] == bob.pk
    assert [ended.login for ended in endings()] == [first.pk]
    assert Login.objects.get(user=bob).pk == api.client.session[LOGIN_KEY]


def test_me_and_tickets_are_for_who_has_signed_in(api, db):
    """ERR-3"""
    for method, path in (("GET", "me/"), ("POST", "ticket/"), ("DELETE", "session/")):
        response = api(method, path)
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'
