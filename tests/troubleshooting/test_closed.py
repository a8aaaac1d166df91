"""Sockets that are closed, and why, by the log."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import pytest
from websockets.asyncio.client import connect as websocket
from websockets.exceptions import ConnectionClosed

from tests.formats.client import Person, Socket, connect, conversation, full, refused, rest, talk
from tests.services import LiveServer
from tests.troubleshooting.page import LINES, logged, pattern, said_when

Refusal = Callable[[LiveServer, Person, Person], Awaitable[Callable[[], Awaitable[int]]]]
Ending = Callable[[LiveServer, Person, Person], Awaitable[int]]


async def expired(server: LiveServer, ann: Person, bob: Person) -> Callable[[], Awaitable[int]]:
    return partial(refused, server, "", token=ann.expired)


async def wrong_type(server: LiveServer, ann: Person, bob: Person) -> Callable[[], Awaitable[int]]:
    return partial(refused, server, "", token=ann.refresh)


async def bad_signature(server: LiveServer, ann: Person, bob: Person) -> Callable[[], Awaitable[int]]:
    return partial(refused, server, "", token=ann.token[:-4])


async def ticket_used(server: LiveServer, ann: Person, bob: Person) -> Callable[[], Awaitable[int]]:
    async with rest(server, ann) as http:
        ticket = (await http.post("/api/auth/ticket/")).json()["ticket"]

    async def use() -> int:
        async with websocket(f"{server.ws_url}?ticket={ticket}", proxy=None) as socket:
            return await Socket(socket).closed()

    async with websocket(f"{server.ws_url}?ticket={ticket}", proxy=None) as socket:
        assert (await Socket(socket).frame())["type"] == "ready"
    return use


async def login_ended(server: LiveServer, ann: Person, bob: Person) -> Callable[[], Awaitable[int]]:
    token = server.manage("token", ann.username).stdout.strip()
    change(server, ann, "from hubbub.accounts import actions; actions.end_logins(SYSTEM, user, actions.SIGNED_OUT)")
    return partial(refused, server, "", token=token)


async def guest(server: LiveServer, ann: Person, bob: Person) -> Callable[[], Awaitable[int]]:
    return partial(refused, server, f"chat/{await talk(server, ann, bob)}/")


async def not_theirs(server: LiveServer, ann: Person, bob: Person) -> Callable[[], Awaitable[int]]:
    return partial(refused, server, "chat/999999/", by=ann)


def change(server: LiveServer, person: Person, code: str) -> None:
    """Run code in another process, with the person as ``user``."""
    find = "from django.contrib.auth import get_user_model; from hubbub.engine.actor import SYSTEM"
    user = f"user = get_user_model().objects.get(pk={person.id})"
    server.manage("shell", "-v0", "-c", f"{find}\n{user}\n{code}")


@pytest.mark.parametrize(
    ("refusal", "code", "name"),
    [
        (expired, 4001, "log-token-expired"),
        (wrong_type, 4001, "log-token-type"),
        (bad_signature, 4001, "log-token-invalid"),
        (ticket_used, 4001, "log-ticket-used"),
        (login_ended, 4001, "log-login-ended"),
        (guest, 4001, "log-guest"),
        (not_theirs, 4003, "log-not-allowed"),
    ],
)
async def test_closed_at_once(
    server: LiveServer, ann: Person, bob: Person, refusal: Refusal, code: int, name: str
) -> None:
    """AUT-1, AUT-2: the client is told nothing but the code, and the log says why."""
    attempt = await refusal(server, ann, bob)
    assert await attempt() == code
    await said_when(server, name, attempt)


async def token_runs_out(server: LiveServer, ann: Person, bob: Person) -> int:
    token = server.manage("token", ann.username, "--days", str(3 / 86400)).stdout.strip()
    async with connect(server, "", token=token) as socket:
        assert (await socket.frame())["type"] == "ready"
        return await socket.closed()


async def deactivated(server: LiveServer, ann: Person, bob: Person) -> int:
    async with full(server, ann) as socket:
        change(server, ann, "user.is_active = False; user.save()")
        return await socket.closed()


async def removed(server: LiveServer, ann: Person, bob: Person) -> int:
    id = await talk(server, ann, bob, ann, title="Plant")
    async with conversation(server, bob, id) as socket, rest(server, ann) as http:
        path = f"/api/conversations/{id}/participants/"
        gone = await http.request("DELETE", path, json={"participants": [bob.username]})
        assert gone.status_code == 204, gone.text
        return await socket.closed()


async def flood(server: LiveServer, ann: Person, bob: Person) -> int:
    async with full(server, ann) as socket:
        with suppress(ConnectionClosed):
            for _ in range(600):
                await socket.send(type="pong")
            async for frame in socket.connection:
                assert json.loads(frame)["error"]["code"] == "rate_limited"
    return socket.connection.close_code or 0


@pytest.mark.parametrize(
    ("ending", "code", "name"),
    [
        (token_runs_out, 4001, "log-session-expired"),
        (deactivated, 4001, "log-session-ended"),
        (removed, 4003, "log-removed"),
        (flood, 4008, "log-rate"),
    ],
)
async def test_closed_later(server: LiveServer, ann: Person, bob: Person, ending: Ending, code: int, name: str) -> None:
    """AUT-3, AUT-4, SUB-4, LIM-2"""
    assert await ending(server, ann, bob) == code
    await logged(server, name)


async def test_not_subscribed(server: LiveServer, ann: Person) -> None:
    """SUB-5"""
    async with full(server, ann) as socket:
        await socket.send(id=1, type="chat.typing", topic="chat.999999", data={"is_typing": True})
        answer = await socket.connection.recv(decode=True)
        assert pattern("reply-not-subscribed").fullmatch(str(answer)), (answer, LINES["reply-not-subscribed"])

        async def subscribe() -> None:
            await socket.send(id=2, type="subscribe", topic="chat.999999")
            assert (await socket.frame())["error"]["code"] == "forbidden"

        await said_when(server, "log-subscribe-refused", subscribe)
