"""Sockets: every route, for everybody, through the whole ASGI application."""

from __future__ import annotations

import re
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator

from hubbub.django.application import hubbub_application
from hubbub.engine.sockets import routes
from hubbub.testing import LiveEngine
from tests.access.table import ROLES, SOCKETS
from tests.access.world import ABSENT_ID, World

pytestmark = pytest.mark.django_db(transaction=True)


async def no_http(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("not asked for")


async def open_socket(live: LiveEngine, world: World, path: str, role: str, **ids: Any) -> tuple[int, list[str]]:
    """The code that the socket is closed with, 0 where it stays open, and the frames until then.

    Every format answers what it cannot read, so an open socket is one that answers.
    """
    where = "/ws/" + path.format(**{"id": world.group.id, "name": "garden", **ids})
    if world.user(role):
        token = await live.run(world.tokens, role)
        where += f"?token={token.access_token}"
    socket = WebsocketCommunicator(hubbub_application(no_http), where)
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output(10))["type"] == "websocket.accept"
    await socket.send_input({"type": "websocket.receive", "text": "{"})
    output = await socket.receive_output(10)
    frames = []
    if output["type"] == "websocket.send":
        frames.append(output["text"])
        await socket.disconnect()
        return 0, frames
    return output["code"], frames


def named(pattern: str) -> str:
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", pattern)


def test_every_socket_has_a_row() -> None:
    """A feature's socket that the table does not know, or a row without one, fails."""
    assert {named(route.pattern) for route in routes if route.bind.__module__.startswith("hubbub.")} == set(SOCKETS)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", SOCKETS)
async def test_cell(settings: Any, committed_world: World, path: str, role: str) -> None:
    """AUT-2: refused after accepting, and with no frame before."""
    settings.HUBBUB = {**settings.HUBBUB, "GUESTS": role != "anonymous"}
    async with LiveEngine() as live:
        code, frames = await open_socket(live, committed_world, path, role)
        assert code == SOCKETS[path][ROLES.index(role)]
        assert bool(frames) == (code == 0)


@pytest.mark.parametrize("role", ["outsider", "former", "staff"])
async def test_forbidden_is_as_absent(live: LiveEngine, committed_world: World, role: str) -> None:
    """ACC-1 SUB-5"""
    there = await open_socket(live, committed_world, "chat/{id}/", role)
    nowhere = await open_socket(live, committed_world, "chat/{id}/", role, id=ABSENT_ID)
    assert there == nowhere == (4003, [])
