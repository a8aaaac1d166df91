"""JSON over REST that a parser may choke on."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from hubbub.django.features import feature_urls
from hubbub.django.limits import limiter
from hubbub.django.parsers import StrictJSONParser
from hubbub.django.rest import FeatureView, exception_handler

pytestmark = pytest.mark.django_db

NAMES = {"username": "ann", "password": "x"}

BAD = {
    "deep": b"[" * 90_000 + b"]" * 90_000,
    "deep objects": b'{"username":' * 1000 + b"1" + b"}" * 1000,
    "never closed": b"[" * 200_000,
    "nothing": b"nonsense",
    "not UTF-8": b'{"username": "\xff"}',
    "another encoding": '{"username": "ann"}'.encode("utf-16"),
    "NaN": b'{"username": "ann", "password": NaN}',
    "half a pair": b'{"username": "\\ud800", "password": "x"}',
    "a long number": b'{"number": ' + b"9" * 100_000 + b"}",
}

BODY = {"code": "bad_json", "message": "Invalid JSON", "temporary": False}


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann", password="a long enough phrase")


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    limiter.cache_clear()


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("path", ["auth/token/", "auth/register/", "auth/token/verify/"])
def test_bad_json(kind: str, path: str) -> None:
    """ERR-3, ENV-7: from somebody whom nobody knows, without a traceback."""
    answer = Client().post(f"/api/{path}", BAD[kind], content_type="application/json")
    assert (answer.status_code, answer.json()) == (400, BODY)


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("path", ["conversations/", "conversations/1/messages/", "conversations/1/participants/"])
def test_bad_json_of_a_user(ann: User, kind: str, path: str) -> None:
    """ERR-3, ENV-7: in chat too."""
    client = Client()
    token = client.post("/api/auth/token/", {**NAMES, "password": "a long enough phrase"}, "application/json").json()
    headers = {"Authorization": f"Bearer {token['access']}"}
    answer = client.post(f"/api/{path}", BAD[kind], content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()) == (400, BODY)


def test_large_json() -> None:
    """ERR-3: over 256 KiB it is not even looked at: no field of ours is that long."""
    start = time.perf_counter()
    body = b"[" + (b"[" * 60 + b"]" * 60 + b",") * 20_000 + b"1]"
    answer = Client().post("/api/auth/token/", body, content_type="application/json")
    took = time.perf_counter() - start
    assert (answer.status_code, answer.json()["code"]) == (413, "too_long")
    assert took < 0.3


def test_most_json(ann: User) -> None:
    """ERR-3: right below it is read; unknown fields are ignored."""
    body = b'{"username": "ann", "password": "a long enough phrase", "more": "%s"}' % (b"x" * 260_000)
    assert Client().post("/api/auth/token/", body, content_type="application/json").status_code == 200


def test_other_types() -> None:
    """ERR-3: what is no JSON is 415, and no more is spooled or parsed."""
    answer = Client().post("/api/auth/token/", NAMES)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_whatever_a_project_has_as_its_defaults() -> None:
    """ERR-3: every view of a feature brings its own parser and error handler."""
    assert "parser_classes" in vars(FeatureView)
    features: list[Any] = list(feature_urls())
    views = [route.callback.view_class for each in features for route in each.url_patterns]
    assert len(views) > 10
    for view in views:
        assert view.parser_classes == (StrictJSONParser,)
        assert view().get_exception_handler() is exception_handler
