"""Credentials that are checked together: each counts for itself, whatever the others are."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client

from hubbub.accounts import actions
from hubbub.accounts.authentication import actors_of_access_tokens
from hubbub.django import auth
from hubbub.django.conf import database_alias
from hubbub.django.credentials import Checks, Credential, Kind, Outcome
from hubbub.engine.actor import SYSTEM, Actor
from hubbub.protocol.errors import Busy, NotAuthenticated

pytestmark = pytest.mark.django_db


def named(outcomes: Sequence[Outcome]) -> list[str | None]:
    return [_name_of(outcome) for outcome in outcomes]


def _name_of(outcome: Outcome) -> str | None:
    if isinstance(outcome, Actor):
        return outcome.username
    return None if outcome is None else type(outcome).__name__


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob", password="a long enough phrase")


def test_tokens(ann, bob, django_assert_num_queries):
    """AUT-1, AUT-4: in one query."""
    of_ann, of_bob, over = (actions.sign_in_with_tokens(SYSTEM, user).access_token for user in (ann, bob, bob))
    actions.end_login(SYSTEM, over["sid"])
    with django_assert_num_queries(1):
        found = actors_of_access_tokens([str(of_bob), "no token", str(over), str(of_ann), str(of_bob)])
    assert named(found) == ["bob", "BadToken", "BadToken", "ann", "bob"]


def cookie_of(user: Any) -> str:
    browser = Client()
    browser.force_login(user)
    return browser.cookies["sessionid"].value


def test_cookies(ann, bob, django_assert_num_queries):
    """AUT-1: in two queries."""
    of_ann, of_bob, nobodys = cookie_of(ann), cookie_of(bob), Client()
    nobodys.session.save()
    User.objects.filter(pk=bob.pk).update(is_active=False)
    keys = ["unknown" * 4, of_bob, of_ann, "a\0b", "short", str(nobodys.session.session_key), of_ann]
    with django_assert_num_queries(2):
        found = auth.actors_of_sessions(keys)
    assert named(found) == [None, None, "ann", None, None, None, "ann"]
    assert [actor.login for actor in found if isinstance(actor, Actor)] == [
        Session.objects.get(pk=of_ann).get_decoded()[auth.LOGIN_KEY]
    ] * 2


def test_another_secret(ann, settings):
    """The session goes on under the old one, and a handshake, which cannot send a cookie, leaves its key alone."""
    key = cookie_of(ann)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret, long enough for everything that is signed"
    actor = auth.actor_of_session(key)
    assert actor is not None and actor.username == "ann"
    assert Session.objects.filter(pk=key).exists()
    settings.SECRET_KEY_FALLBACKS = []
    assert auth.actor_of_session(key) is None


def test_a_changed_password(ann):
    """AUT-4"""
    key = cookie_of(ann)
    ann.set_password("another long enough phrase")
    User.objects.filter(pk=ann.pk).update(password=ann.password)
    assert auth.actor_of_session(key) is None


@pytest.mark.parametrize("engine", ["cached_db", "signed_cookies"])
def test_sessions_elsewhere(ann, settings, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    key = cookie_of(ann)
    assert named(auth.actors_of_sessions([key, "unknown" * 4])) == ["ann", None]


class Batches:
    """A kind of credential that notes which were checked together; the first batch waits for ``go``."""

    def __init__(self) -> None:
        self.kind = Kind(self.check, self.check_all)
        self.batches: list[list[str]] = []
        self.go = threading.Event()

    def check(self, value: str) -> Actor | None:
        if value == "bad":
            raise NotAuthenticated
        return Actor(value)

    def check_all(self, values: Sequence[str]) -> list[Outcome]:
        self.batches.append(list(values))
        assert self.go.wait(10)
        if "away" in values:
            raise OperationalError
        if "bad" in values:
            raise ValueError("one of them is bad")
        return [Actor(value) for value in values]


async def test_what_waits_is_one_batch():
    checks, batches = Checks(database_alias()), Batches()

    def ask(value: str) -> asyncio.Future[Actor | None]:
        return asyncio.ensure_future(checks.check(Credential(batches.kind, value)))

    asked = [ask("a")]
    async with asyncio.timeout(10):
        while not batches.batches:
            await asyncio.sleep(0)
    asked += [ask("b"), ask("bad"), ask("c")]
    await asyncio.sleep(0)
    asked[3].cancel()  # Its client has gone.
    batches.go.set()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each).__name__ for each in found] == ["Actor", "Actor", "NotAuthenticated", "CancelledError"]
    assert batches.batches == [["a"], ["b", "bad", "c"]]
    with pytest.raises(Busy):
        await checks.check(Credential(batches.kind, "away"))
    assert await checks.check(Credential(batches.kind, "d")) == Actor("d")
    checks.stop()


async def test_what_does_not_block_needs_no_thread():
    checks = Checks(database_alias())
    kind = Kind(lambda value: Actor(threading.current_thread().name), at_once=True)
    assert await checks.check(Credential(kind, "")) == Actor(threading.current_thread().name)
    checks.stop()
