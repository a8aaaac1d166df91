"""Commands: every registered one, for everybody, over a session of the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from hubbub.protocol.registry import registry
from hubbub.testing import FakeConnection, ProjectEngine
from tests.access.table import COMMANDS, ROLES
from tests.access.world import ABSENT_ID, World

ROLES_OF_COMMANDS = ROLES[1:]

# What is sent with a command, where it takes data.
DATA: dict[str, Callable[[World, str, str], dict[str, Any]]] = {
    "subscribe": lambda w, role, target: {"snapshot": True},
    "chat.send": lambda w, role, target: {"content": "hello", "client_id": "c1"},
    "chat.hide": lambda w, role, target: {"message_id": (w.in_room if target == "room" else w.message).id},
    "chat.read": lambda w, role, target: {"number": 1},
    "chat.typing": lambda w, role, target: {"is_typing": True},
    "chat.create": lambda w, role, target: {"participants": ["another"], "client_id": "c1"},
    "presence.watch": lambda w, role, target: {"users": [user.pk for user in w.users.values()]},
    "presence.set": lambda w, role, target: {"state": "online"},
    "announcements.see": lambda w, role, target: {"up_to": 1},
    "announcements.acknowledge": lambda w, role, target: {"id": w.managed["announcement"]},
    "notifications.mark": lambda w, role, target: {"ids": [1], "read": True},
    "notifications.set_preference": lambda w, role, target: {"kind": "general", "channel": "email", "on": True},
    "notifications.set_quiet_hours": lambda w, role, target: {"begins": "22:00", "ends": "07:00"},
    "notifications.shown": lambda w, role, target: {"number": 1},
    "chat.join_room": lambda w, role, target: {"name": "garden"},
    "inspect.close": lambda w, role, target: {"session": "none-of-these"},
}


def real_commands() -> set[str]:
    """What the installed features have registered; tests of the same run register commands too."""
    return {
        name
        for name, each in registry.commands.items()
        if each.data.__module__.startswith("hubbub.") and ".tests." not in each.data.__module__
    }


def test_every_command_has_a_row() -> None:
    """Nothing can be asked that the table does not know, and every row can be asked."""
    assert {row.split()[0] for row in COMMANDS} == real_commands()


@pytest.fixture
async def hub(world: World, settings: Any) -> AsyncIterator[ProjectEngine]:
    settings.HUBBUB = {**settings.HUBBUB, "GUESTS": True}
    async with ProjectEngine() as engine:
        yield engine


async def connect(hub: ProjectEngine, world: World, role: str) -> FakeConnection:
    return await hub.connect(world.user(role))


async def ask(
    hub: ProjectEngine, world: World, connection: FakeConnection, row: str, role: str, topic: str | None = None
) -> dict[str, Any]:
    """The reply to a row's command, on its own topic or another one, without its id."""
    name, _, target = row.partition(" ")
    if name == "auth.refresh":
        # A guest has no token of its own; anybody else's will not do.
        token = await hub.run(world.tokens, role if world.user(role) else "another")
        data = {"token": str(token.access_token)}
    else:
        data = DATA[name](world, role, target) if name in DATA else {}
    asked_of = topic or (world.topic(target) if target else None)
    reply = await connection.command(name, asked_of, data=data)
    reply.pop("id")
    return reply


@pytest.mark.parametrize("role", ROLES_OF_COMMANDS)
@pytest.mark.parametrize("row", COMMANDS)
async def test_cell(hub: ProjectEngine, world: World, row: str, role: str) -> None:
    """SUB-5"""
    connection = await connect(hub, world, role)
    reply = await ask(hub, world, connection, row, role)
    expected = COMMANDS[row][ROLES_OF_COMMANDS.index(role)]
    assert ("ok" if "ok" in reply else reply["error"]["code"]) == expected, reply
    assert connection.closed is None


@pytest.mark.parametrize("role", ["guest", "outsider", "former", "staff"])
async def test_forbidden_is_as_absent(hub: ProjectEngine, world: World, role: str) -> None:
    """ACC-1 SUB-5: for every command on a topic the reply is the same as on one that does not exist."""
    connection = await connect(hub, world, role)
    for row in COMMANDS:
        target = row.partition(" ")[2]
        if target in ("group", "direct", "user.member", "notifications.member", "announcements.member"):
            kind = target.partition(".")[0] if "." in target else "chat"
            absent = f"{kind}.{ABSENT_ID}"
            there = await ask(hub, world, connection, row, role)
            nowhere = await ask(hub, world, connection, row, role, absent)
            assert there == nowhere, row


async def test_a_message_elsewhere_is_as_absent(hub: ProjectEngine, world: World) -> None:
    """ACC-1: a message of another's conversation cannot be told from one that does not exist."""
    outsider = await connect(hub, world, "outsider")
    topic = world.room.topic
    there, nowhere = [
        (await outsider.command("chat.hide", topic, data={"message_id": id}))["error"]
        for id in (world.message.id, ABSENT_ID)
    ]
    assert there == nowhere
    assert there["code"] == "forbidden"


async def test_the_topics_of_nobody(hub: ProjectEngine, world: World) -> None:
    """SUB-5: names that look almost like a topic of one's own."""
    member = await connect(hub, world, "member")
    id = world.group.id
    for topic in (f"chat.0{id}", f"chat.{id}.x", "chat.", "chat", "chat.-1", f"chat.{'9' * 80}", "user.", "user.0"):
        assert await member.error("subscribe", topic) == "forbidden", topic
        assert await member.error("chat.send", topic, data={"content": "x"}) == "forbidden", topic
        assert await member.error("chat.history", topic) == "forbidden", topic
