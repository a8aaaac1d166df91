"""What connecting costs the database, counted over whole handshakes: from the first byte to the accept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.db.backends.utils import CursorWrapper
from django.test import Client

from hubbub.accounts import actions as accounts
from hubbub.accounts import tickets
from hubbub.chat import actions as chat
from hubbub.django.application import hubbub_application
from hubbub.django.auth import actor_of_user
from hubbub.engine.actor import SYSTEM
from hubbub.testing import LiveEngine

pytestmark = pytest.mark.django_db(transaction=True)

READS_AND_WRITES = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


class Queries(list[str]):
    """Every query of every thread, but the tail's, which looks at the log whoever connects."""

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        execute = CursorWrapper._execute  # type: ignore[attr-defined]

        def recorded(cursor: Any, sql: str, *args: Any) -> Any:
            if sql.lstrip().upper().startswith(READS_AND_WRITES) and threading.current_thread().name != "hubbub-tail":
                self.append(sql)
            return execute(cursor, sql, *args)

        monkeypatch.setattr(CursorWrapper, "_execute", recorded)


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> Iterator[Queries]:
    found = Queries()
    found.watch(monkeypatch)
    yield found
    print("\n".join(found))  # pytest shows it where a test failed


class Visitor:
    """Somebody with an account, a group, and each kind of credential."""

    def __init__(self) -> None:
        self.user = User.objects.create_user("ann", password="a long enough phrase")
        actor = actor_of_user(self.user)
        User.objects.create_user("bob")
        self.group = chat.create_conversation(actor, ["bob"], "Plans").conversation.id
        for room in ("garden", "lobby"):
            chat.join_room(actor, room)
        browser = Client()
        browser.force_login(self.user)
        self.cookie = browser.cookies["sessionid"].value

    def credentials(self, kind: str) -> tuple[str, list[tuple[bytes, bytes]]]:
        """A query string and headers."""
        if kind == "cookie":
            return "", [(b"cookie", f"sessionid={self.cookie}".encode())]
        if kind == "token":
            return f"?token={accounts.sign_in_with_tokens(SYSTEM, self.user).access_token}", []
        if kind == "ticket":
            return f"?ticket={tickets.issue(actor_of_user(self.user))}", []
        return "", []


async def handshake(path: str, headers: list[tuple[bytes, bytes]]) -> str:
    """What the handshake is answered with."""
    socket = WebsocketCommunicator(hubbub_application(None), path, headers)  # type: ignore[arg-type]
    await socket.send_input({"type": "websocket.connect"})
    answer = await socket.receive_output(10)
    if answer["type"] == "websocket.accept":
        await socket.disconnect()
    return str(answer["type"])


CREDENTIALS = {"cookie": 2, "token": 1, "ticket": 0}
"""Queries that say who it is, at most (docs/SPEC.md, "Life of a session")."""

SOCKETS = {
    "": 0,
    # Takes part?; the streams' states: the conversation's, the user's.
    "chat/{id}/": 3,
    # The room's id; may enter?; the stream's state; the last messages.
    "chat/garden/": 4,
    "chat/": 4,
}
"""Queries of each kind of socket beside those."""


@pytest.mark.parametrize("kind", CREDENTIALS)
@pytest.mark.parametrize("path", SOCKETS)
async def test_connecting(queries: Queries, path: str, kind: str) -> None:
    """AUT-1, AUT-5"""
    async with LiveEngine() as live:
        visitor = await live.run(Visitor)
        query, headers = await live.run(visitor.credentials, kind)
        queries.clear()
        assert await handshake("/ws/" + path.format(id=visitor.group) + query, headers) == "websocket.accept"
        assert len(queries) == CREDENTIALS[kind] + SOCKETS[path]


@pytest.mark.parametrize("kind", [*CREDENTIALS, "nothing"])
@pytest.mark.parametrize("path", ["/ws/nowhere/", "/ws", "/else/"])
async def test_unknown_paths_cost_nothing(queries: Queries, path: str, kind: str) -> None:
    """Nobody's credentials are looked at before it is known what for."""
    async with LiveEngine() as live:
        visitor = await live.run(Visitor)
        query, headers = await live.run(visitor.credentials, kind)
        queries.clear()
        assert await handshake(path + query, headers) == "websocket.close"
        assert queries == []


async def test_guests_cost_no_query(queries: Queries, settings: Any) -> None:
    settings.HUBBUB = {**settings.HUBBUB, "GUESTS": True}
    async with LiveEngine() as live:
        await live.run(Visitor)
        queries.clear()
        assert await handshake("/ws/", []) == "websocket.accept"
        assert queries == []
