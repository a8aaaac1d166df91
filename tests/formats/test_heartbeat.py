"""Pings: in conversations by number, and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubbub.django.conf import HubbubSettings
from tests.formats.client import Person, connect, conversation, talk
from tests.services import LiveServer, live_servers

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose heart beats every second."""
    env = {"DJANGO_SETTINGS_MODULE": "tests.formats.settings", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    with live_servers(tmp_path_factory.mktemp("hubbub")) as start:
        yield start(env=env)


async def test_pings(server: LiveServer, ann: Person, bob: Person, room: str) -> None:
    """`{"type": "ping"}` and nothing else in it, unasked, no answer needed; rooms and the lobby get none."""
    assert HubbubSettings().heartbeat == 30
    id = await talk(server, ann, bob)
    async with (
        connect(server, f"chat/{room}/", by=ann) as in_room,
        connect(server, "chat/", by=ann) as in_lobby,
        connect(server, "notifications/", by=ann) as notified,
        conversation(server, ann, id) as socket,
    ):
        began = time.monotonic()
        for _ in range(3):
            assert await socket.frame() == {"type": "ping"}
        assert 1.5 < time.monotonic() - began < 10
        # Silent for more than two and a half intervals, which ends a session of the full protocol only.
        await socket.send(type="chat_message", content="still here")
        while (frame := await socket.frame())["type"] == "ping":
            pass
        assert frame["message"]["content"] == "still here"
        for other in (in_room, in_lobby):
            await other.send(message="the first frame here")
            assert (await other.frame())["message"] == "the first frame here"
        await notified.send(type="anything")
        assert await notified.error() == "Unknown message type"


async def test_a_client_that_answers_pings(server: LiveServer, ann: Person, bob: Person) -> None:
    """Front ends that answer all the same are not told off."""
    id = await talk(server, ann, bob)
    async with conversation(server, ann, id) as socket:
        assert await socket.frame() == {"type": "ping"}
        await socket.send(type="pong")
        await socket.send(type="chat_message", content="the next frame")
        while (frame := await socket.frame())["type"] == "ping":
            pass
        assert frame["type"] == "new_message"
