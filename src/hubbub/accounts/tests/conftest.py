"""Users, clients and what was published."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.test import Client

from hubbub.accounts import mails, tickets
from hubbub.django import limits
from hubbub.django.streams import DjangoStreamStore
from hubbub.engine.control import CONTROL_TOPIC, SessionsEnded
from hubbub.testing import FakeClock

ENDED = "control.sessions_ended"
PASSWORD = "correct horse battery"


class Api:
    """A client that speaks JSON; ``token`` is sent as ``Authorization: Bearer``."""

    def __init__(self, **options: Any) -> None:
        self.client = Client(**options)

    def __call__(self, method: str, path: str, body: Any = None, *, token: str = "", **headers: str) -> Any:
        if token:
            headers["authorization"] = f"Bearer {token}"
        return self.client.generic(
            method,
            f"/api/auth/{path}",
            b"" if body is None else msgspec.json.encode(body),
            content_type="application/json",
            headers=headers,
        )

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self("POST", path, body, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self("GET", path, **options)

    def sign_in(self, name: str = "ann", password: str = PASSWORD) -> dict[str, str]:
        response = self.post("token/", {"username": name, "password": password})
        assert response.status_code == 200, response.content
        pair: dict[str, str] = response.json()
        return pair


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    """Used tickets of other tests don't count, and limits are as they are however slow the test is."""
    monkeypatch.setattr(limits, "SystemClock", lambda: clock)
    monkeypatch.setattr(tickets, "memory", tickets.Memory())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann", "ann@example.org", PASSWORD, first_name="Ann", last_name="Smith")


@pytest.fixture
def mails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mails are sent before the answer, in the test's own transaction."""
    monkeypatch.setattr(mails.thread, "put", mails.attempt)


def token_of(mail: Any, page: str) -> str:
    """What the link of a mail is worth."""
    found = re.search(rf"http://testserver/{page}#(\S+)", mail.body)
    assert found, mail.body
    return found[1]


@pytest.fixture
def endings(db: None) -> Callable[[], list[SessionsEnded]]:
    """The endings published since the last call, oldest first."""
    seen = 0

    def read() -> list[SessionsEnded]:
        nonlocal seen
        events = DjangoStreamStore().read(CONTROL_TOPIC, seen, 100)
        seen += len(events)
        return [msgspec.json.decode(event.raw, type=SessionsEnded) for event in events if event.type == ENDED]

    return read
