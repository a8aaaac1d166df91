"""``token/`` and below: pairs, their rotation, their end."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import jwt
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from hubbub.accounts.models import Login
from hubbub.accounts.tests.conftest import PASSWORD, Api
from hubbub.django import auth
from hubbub.engine.control import SessionsEnded
from hubbub.protocol.errors import NotAuthenticated

pytestmark = pytest.mark.django_db


def claims(token: str) -> dict[str, object]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def test_a_pair_names_its_sign_in(api, ann):
    pair = api.sign_in()
    login = Login.objects.get()
    assert claims(pair["access"])["sid"] == claims(pair["refresh"])["sid"] == login.pk
    assert (login.user, login.kind, login.address, login.ended_at) == (ann, "token", "127.0.0.1", None)


def test_the_user_agent_is_cut_and_printable(api, ann):
    body = {"username": "ann", "password": PASSWORD}
    api.post("token/", body, user_agent="Mozilla\x1b[31m " + "x" * 300)
    assert Login.objects.get().user_agent == ("Mozilla[31m " + "x" * 300)[:200]


def test_no_live_token_is_kept_in_the_database(api, ann, django_assert_num_queries):
    from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

    api.sign_in()
    assert not OutstandingToken.objects.exists()


def test_an_answer_with_tokens_is_not_cached(api, ann):
    response = api.post("token/", {"username": "ann", "password": PASSWORD})
    assert response["Cache-Control"] == "no-store"


def test_refreshing_rotates_and_keeps_the_sign_in(api, ann):
    first = api.sign_in()
    Login.objects.update(last_seen_at=timezone.now() - timedelta(days=1))
    response = api.post("token/refresh/", {"refresh": first["refresh"]})
    assert response.status_code == 200
    second = response.json()
    assert second["refresh"] != first["refresh"]
    assert claims(second["refresh"])["sid"] == claims(second["access"])["sid"] == Login.objects.get().pk
    assert claims(second["refresh"])["jti"] != claims(first["refresh"])["jti"]
    assert Login.objects.get().last_seen_at > timezone.now() - timedelta(minutes=1)
    assert api.post("token/refresh/", {"refresh": second["refresh"]}).status_code == 200


def test_a_refresh_token_is_good_for_once(api, ann):
    pair = api.sign_in()
    assert api.post("token/refresh/", {"refresh": pair["refresh"]}).status_code == 200
    again = api.post("token/refresh/", {"refresh": pair["refresh"]})
    assert again.status_code == 401
    assert again.json()["code"] == "token_not_valid"
    assert again["WWW-Authenticate"].startswith("Bearer")


def test_two_that_refresh_at_once_get_one_pair(api, ann):
    """Both have read the list of used tokens before either wrote to it."""
    from hubbub.accounts import actions, tokens
    from hubbub.engine.actor import SYSTEM

    raw = api.sign_in()["refresh"]
    one, other = tokens.read_refresh_token(raw), tokens.read_refresh_token(raw)
    actions.refresh(SYSTEM, one)
    with pytest.raises(NotAuthenticated):
        actions.refresh(SYSTEM, other)


def test_no_refresh_after_the_sign_in_ended(api, ann):
    """AUT-4"""
    pair = api.sign_in()
    Login.objects.update(ended_at=timezone.now())
    assert api.post("token/refresh/", {"refresh": pair["refresh"]}).status_code == 401
    assert api.get("me/", token=pair["access"]).status_code == 401


def test_no_refresh_for_who_is_not_active(api, ann):
    """AUT-4"""
    pair = api.sign_in()
    User.objects.update(is_active=False)  # Without signals: the sign-in has not ended.
    assert api.post("token/refresh/", {"refresh": pair["refresh"]}).status_code == 401
    assert api.get("me/", token=pair["access"]).status_code == 401
    assert api.post("token/verify/", {"token": pair["access"]}).status_code == 401


def test_verify(api, ann):
    pair = api.sign_in()
    for token in pair.values():
        response = api.post("token/verify/", {"token": token})
        assert (response.status_code, response.json()) == (200, {})
    api.post("token/refresh/", {"refresh": pair["refresh"]})
    assert api.post("token/verify/", {"token": pair["refresh"]}).status_code == 401
    assert api.post("token/verify/", {"token": "x"}).status_code == 401
    Login.objects.update(ended_at=timezone.now())
    assert api.post("token/verify/", {"token": pair["access"]}).status_code == 401


def test_blacklisting_ends_the_sign_in(api, ann, endings):
    """AUT-4"""
    mine, other = api.sign_in(), api.sign_in()
    response = api.post("token/blacklist/", {"refresh": mine["refresh"]})
    assert (response.status_code, response.json()) == (200, {})
    sid = str(claims(mine["access"])["sid"])
    assert Login.objects.get(pk=sid).ended_at is not None
    assert endings() == [SessionsEnded(f"u.{ann.pk}", "signed out", login=sid)]
    assert api.get("me/", token=mine["access"]).status_code == 401
    assert api.post("ticket/", token=mine["access"]).status_code == 401
    assert api.post("token/refresh/", {"refresh": mine["refresh"]}).status_code == 401
    assert api.post("token/blacklist/", {"refresh": mine["refresh"]}).status_code == 401
    assert api.get("me/", token=other["access"]).status_code == 200


def test_the_ending_is_rolled_back_with_the_rest(api, ann, endings, monkeypatch):
    """AUT-4: state and event are one transaction."""
    from hubbub.accounts import actions, tokens
    from hubbub.accounts.actions import sign_ins
    from hubbub.engine.actor import SYSTEM

    refresh = tokens.read_refresh_token(api.sign_in()["refresh"])

    def failing(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(sign_ins, "publish", failing)
    with pytest.raises(RuntimeError):
        actions.sign_out_token(SYSTEM, refresh)
    assert Login.objects.get().ended_at is None
    assert endings() == []


def tampered(pair: dict[str, str]) -> dict[str, str]:
    payload = {**claims(pair["access"]), "user_id": "1"}
    expired = AccessToken(pair["access"])  # type: ignore[arg-type]
    expired.set_exp(lifetime=timedelta(seconds=-1))
    no_user = AccessToken(pair["access"])  # type: ignore[arg-type]
    del no_user["user_id"]
    other_user = AccessToken(pair["access"])  # type: ignore[arg-type]
    other_user["user_id"] = "999999"
    unknown_login = AccessToken(pair["access"])  # type: ignore[arg-type]
    unknown_login["sid"] = "0" * 24

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return {
        "empty": "",
        "null": "null",
        "bad": "x.y.z",
        "not ascii": "ünïcödé",
        "half a pair": "\ud800",
        "alg none": f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(payload)}.",
        "another key": jwt.encode(payload, "another key that is quite long enough", "HS256"),
        "expired": str(expired),
        "refresh as access": pair["refresh"],
        "of nobody": str(no_user),
        "another user's sign-in": str(other_user),
        "unknown sign-in": str(unknown_login),
    }


def test_every_bad_token_gets_the_same_answer_on_a_socket(api, ann):
    """AUT-1, AUT-2: 4001 with nothing that says what is wrong with it."""
    texts = set()
    for token in tampered(api.sign_in()).values():
        with pytest.raises(NotAuthenticated) as caught:
            auth.actor_of_token(token)
        texts.add(caught.value.message)
    assert len(texts) == 1


def test_every_bad_token_gets_the_same_answer_over_rest(api, ann):
    """AUT-1, ERR-3"""
    bodies = set()
    for name, token in tampered(api.sign_in()).items():
        if not token.isascii() or not token:
            continue  # No header carries it.
        response = api.get("me/", token=token)
        assert response.status_code == 401, name
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'
        bodies.add(response.content)
    assert len(bodies) == 1
    assert json.loads(bodies.pop()) == {
        "detail": "Token is invalid or expired",
        "code": "token_not_valid",
        "message": "Token is invalid or expired",
        "temporary": False,
    }
    assert api.client.get("/api/auth/me/", headers={"authorization": "Bearer"}).status_code == 401


def test_bad_tokens_in_a_body_are_401_or_400(api, ann):
    """ERR-3"""
    for name, token in tampered(api.sign_in()).items():
        body = json.dumps({"token": token, "refresh": token}).encode()
        for path in ("token/verify/", "token/refresh/", "token/blacklist/"):
            if path == "token/verify/" or name != "refresh as access":
                response = api.client.post(f"/api/auth/{path}", body, content_type="application/json")
                allowed = {400, 401} if token in ("", "\ud800") else {401}
                if path == "token/verify/" and name == "refresh as access":
                    allowed = {200}
                assert response.status_code in allowed, (path, name)
    access = api.sign_in()["access"]
    assert api.post("token/refresh/", {"refresh": access}).status_code == 401
    assert api.post("token/refresh/", {}).json()["refresh"] == ["This field is required."]
    assert api.post("token/refresh/", []).status_code == 400


def test_a_bad_token_counts_even_beside_a_good_cookie(api, ann):
    """AUT-1"""
    api.client.force_login(ann)
    assert api.get("me/").status_code == 200
    assert api.get("me/", token="null").status_code == 401


def test_an_access_token_takes_one_query(api, ann, django_assert_num_queries):
    pair = api.sign_in()
    with django_assert_num_queries(1):
        actor = auth.actor_of_token(pair["access"])
    assert (actor.key, actor.user_id, actor.username) == (f"u.{ann.pk}", ann.pk, "ann")
    assert actor.login == Login.objects.get().pk
    assert actor.expires == claims(pair["access"])["exp"]
    with django_assert_num_queries(1):
        assert api.get("me/", token=pair["access"]).status_code == 200


def test_tokens_of_a_projects_own_views_are_good(api, ann, django_assert_num_queries):
    refresh = RefreshToken.for_user(ann)
    with django_assert_num_queries(1):
        actor = auth.actor_of_token(str(refresh.access_token))
    assert (actor.key, actor.login) == (f"u.{ann.pk}", "")
    assert api.get("me/", token=str(refresh.access_token)).status_code == 200
    assert api.post("token/verify/", {"token": str(refresh)}).status_code == 200
    renewed = api.post("token/refresh/", {"refresh": str(refresh)})
    assert renewed.status_code == 200
    assert api.post("token/blacklist/", {"refresh": renewed.json()["refresh"]}).status_code == 200
    assert api.post("token/refresh/", {"refresh": renewed.json()["refresh"]}).status_code == 401


def test_the_header_s_scheme_may_be_in_any_case(api, ann):
    access = api.sign_in()["access"]
    assert api.client.get("/api/auth/me/", headers={"authorization": f"bearer {access}"}).status_code == 200


def test_a_bad_header_does_not_keep_anybody_from_signing_in(ann):
    body = {"username": "ann", "password": PASSWORD}
    assert Api().post("token/", body, token="expired").status_code == 200


def test_a_password_changed_while_it_was_checked_signs_nobody_in(api, ann):
    from hubbub.accounts import actions
    from hubbub.engine.actor import SYSTEM

    checked = User.objects.get(pk=ann.pk)
    ann.set_password("another one entirely")
    ann.save()
    with pytest.raises(NotAuthenticated):
        actions.sign_in_with_tokens(SYSTEM, checked)
