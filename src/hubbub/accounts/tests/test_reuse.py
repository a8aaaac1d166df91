"""A spent refresh token that comes again: two hold it, and one of them stole it."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest
from django.db import connection
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken
from rest_framework_simplejwt.tokens import RefreshToken

from hubbub.accounts.models import Login
from hubbub.accounts.tests.conftest import Api
from hubbub.engine.control import SessionsEnded

pytestmark = pytest.mark.django_db


def refresh(api, token):
    return api.post("token/refresh/", {"refresh": token})


def forward(seconds):
    """Tokens were spent that much longer ago."""
    for each in BlacklistedToken.objects.all():
        BlacklistedToken.objects.filter(pk=each.pk).update(
            blacklisted_at=each.blacklisted_at - timedelta(seconds=seconds)
        )


@pytest.mark.parametrize("path", ["token/refresh/", "token/blacklist/"])
def test_it_ends_its_sign_in(api, ann, endings, path):
    """AUT-6: with the tokens that came after it, whoever has those, and with its sockets; no other sign-in."""
    first, other = api.sign_in(), api.sign_in()
    second = refresh(api, first["refresh"]).json()
    assert refresh(api, second["refresh"]).status_code == 200
    forward(11)
    answer = api.post(path, {"refresh": first["refresh"]})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")
    sid = jwt.decode(first["access"], options={"verify_signature": False})["sid"]
    assert Login.objects.get(pk=sid).ended_at is not None
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "refresh token used again", login=sid)]
    assert api.get("me/", token=second["access"]).status_code == 401
    assert api.get("me/", token=other["access"]).status_code == 200
    assert refresh(api, other["refresh"]).status_code == 200


def test_the_newest_token_of_it_is_worth_nothing(api, ann):
    """AUT-6"""
    first = api.sign_in()["refresh"]
    second = refresh(api, first).json()["refresh"]
    forward(11)
    assert refresh(api, first).status_code == 401
    assert refresh(api, second).status_code == 401


def test_the_same_request_again_is_only_refused(api, ann, endings):
    """AUT-6: within 10 s; the answer was lost on its way, or two tabs were as fast as each other."""
    first = api.sign_in()["refresh"]
    second = refresh(api, first).json()["refresh"]
    for _ in range(3):
        assert refresh(api, first).status_code == 401
    forward(8)
    assert refresh(api, first).status_code == 401
    assert endings() == []
    assert refresh(api, second).status_code == 200


def test_the_answer_is_the_same(api, ann):
    """AUT-6, AUT-1: nothing tells a thief that he was noticed."""
    first = api.sign_in()["refresh"]
    refresh(api, first)
    early = refresh(api, first)
    forward(11)
    late, after, bad = refresh(api, first), refresh(api, first), refresh(api, "x.y.z")
    assert {each.content for each in (early, late, after, bad)} == {early.content}


def test_it_ends_once(api, ann, endings):
    """AUT-6: repeating it writes nothing more."""
    first = api.sign_in()["refresh"]
    refresh(api, first)
    forward(11)
    for _ in range(5):
        assert refresh(api, first).status_code == 401
    assert len(endings()) == 1


def test_what_was_signed_out_is_not_ended_again(api, ann, endings):
    """AUT-6"""
    first = api.sign_in()["refresh"]
    assert api.post("token/blacklist/", {"refresh": first}).status_code == 200
    endings()
    forward(11)
    assert refresh(api, first).status_code == 401
    assert endings() == []


def test_forged_expired_and_foreign_ones_end_nothing(api, ann, endings):
    """AUT-6"""
    first = api.sign_in()["refresh"]
    claims = jwt.decode(first, options={"verify_signature": False})
    expired = RefreshToken(first)
    expired.set_exp(from_time=timezone.now() - timedelta(days=60))
    foreign = RefreshToken.for_user(ann)
    refresh(api, first)
    assert refresh(api, str(foreign)).status_code == 200
    forward(11)
    for token in (jwt.encode(claims, "another key that is quite long enough", "HS256"), str(expired), str(foreign)):
        assert refresh(api, token).status_code == 401
    assert endings() == []


@pytest.mark.django_db(transaction=True)
def test_it_ends_under_atomic_requests(api, ann, endings, monkeypatch):
    """AUT-6: the refusal does not undo it."""
    first = api.sign_in()["refresh"]
    refresh(api, first)
    forward(11)
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert refresh(Api(), first).status_code == 401
    assert len(endings()) == 1
