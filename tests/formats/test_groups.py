"""What other code sends to groups of the channel layer reaches the sockets of the table, by whatever way it comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.formats.client import Person, Socket, connect, conversation, talk
from tests.services import LiveServer, live_servers

ROOT = Path(__file__).parents[2]

Sent = list[tuple[str, dict[str, Any]]]
"""Groups, and what each is sent."""

_ELSEWHERE = """
import json, sys
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
for group, message in json.loads(sys.stdin.read()):
    async_to_sync(get_channel_layer().group_send)(group, message)
"""
_MEMBERSHIPS = """
from django.contrib.auth.models import Group, User
from hubbub.audiences.models import Team, TeamMember
User.objects.filter(pk={ann}).update(is_staff=True)
company = Team.objects.create(name="Company")
Team.objects.filter(pk=company.pk).update(path=f"{{company.pk}}/")
team = Team.objects.create(name="Team", parent=company)
Team.objects.filter(pk=team.pk).update(path=f"{{company.pk}}/{{team.pk}}/")
TeamMember.objects.create(team_id=team.pk, user_id={bob})
group = Group.objects.create(name="Sales")
group.user_set.add({bob})
print(f"\\n{{company.pk}} {{team.pk}} {{group.pk}}")
"""


@pytest.fixture(scope="module", params=["memory", "valkey"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with code of a project in its process; with Valkey other processes reach it as well."""
    env = {"DJANGO_SETTINGS_MODULE": "tests.formats.group_settings", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    if request.param == "valkey":
        env["REDIS_URL"] = request.getfixturevalue("valkey_url")
        env["HUBBUB_REDIS_PREFIX"] = "groups"
    with live_servers(tmp_path_factory.mktemp("hubbub")) as start:
        yield start(env=env)


def ways(server: LiveServer) -> list[Callable[[Sent], Awaitable[None]]]:
    """Functions that send to groups: from a view, a coroutine, a thread, and where there is Valkey another process."""

    def posting(path: str) -> Callable[[Sent], Awaitable[None]]:
        async def post(sent: Sent) -> None:
            async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
                (await http.post(f"{server.url}/send/{path}", json=sent)).raise_for_status()

        return post

    async def elsewhere(sent: Sent) -> None:
        await asyncio.to_thread(server.manage, "shell", "-v0", "-c", _ELSEWHERE, stdin=json.dumps(sent))

    found = [posting(path) for path in ("view", "coroutine", "thread")]
    return [*found, elsewhere] if server.shares_a_layer else found


@asynccontextmanager
async def notifications(server: LiveServer, person: Person) -> AsyncIterator[Socket]:
    """A socket of format 3: it begins without a word."""
    async with connect(server, "notifications/", by=person) as socket:
        yield socket


async def test_every_group_of_the_table(server: LiveServer, ann: Person, bob: Person, cyd: Person, room: str) -> None:
    """FMT-1: to the sockets that it names and to no other, from wherever it is sent."""
    made = server.manage("shell", "-v0", "-c", _MEMBERSHIPS.format(ann=ann.id, bob=bob.id)).stdout
    company, team, group = made.split()[-3:]
    id = await talk(server, ann, bob)
    others = await talk(server, ann, cyd)
    async with (
        notifications(server, ann) as anns,
        notifications(server, bob) as bobs,
        notifications(server, bob) as bobs_phone,
        notifications(server, cyd) as cyds,
        connect(server, f"chat/{room}/") as in_room,
        connect(server, f"chat/{room}-2/") as in_other_room,
        conversation(server, bob, id) as talking,
        conversation(server, cyd, others) as talking_elsewhere,
    ):
        sockets = [anns, bobs, bobs_phone, cyds, in_room, in_other_room, talking, talking_elsewhere]
        everybody, only_bob = {anns, bobs, bobs_phone, cyds}, {bobs, bobs_phone}
        reaches = {
            f"notifications_{bob.id}": only_bob,
            f"user_{bob.id}": only_bob,
            "notifications": everybody,
            "global_notifications": everybody,
            "all_users": everybody,
            "user_status_updates": everybody,
            "moderators": {anns},
            "users": everybody - {anns},
            f"department_{company}": only_bob,
            f"team_{team}": only_bob,
            f"team_updates_{team}": only_bob,
            f"department_{team}9": set(),
            f"sales_{group}": only_bob,
            f"chat_{room}": {in_room},
            f"conversation_{id}": {talking},
            f"chat_{id}": {talking},
            f"conversation_{others}": {talking_elsewhere},
            "nobody_knows": set(),
        }
        for way in ways(server):
            await way([(name, {"type": "activity.update", "group": name, "level": "high"}) for name in reaches])
            for socket in sockets:
                expected = sorted(name for name, reached in reaches.items() if socket in reached)
                frames = await socket.frames(len(expected))
                assert sorted(frame["group"] for frame in frames) == expected
                assert {(frame["type"], frame["level"]) for frame in frames} <= {("activity_update", "high")}
        for socket in (in_room, in_other_room):  # Nothing else is on its way.
            await socket.send(message="the last")
            assert (await socket.frame())["message"] == "the last"


TASK = {"title": "New task", "message": "Water", "timestamp": "2026-03-01T12:00:00Z", "level": "warning"}
OTHERS = ["maintenance_alert", "scheduled_notification", "activity_update", "announcement", "user_status_change"]
TYPES: list[dict[str, Any]] = [
    {"type": "notification_message", **TASK},
    {"type": "notification.message", "message": "no title"},
    {"type": "chat_message", "message": "hi", "username": "bob"},
    {"type": "chat.message", "message": "hi"},
    *({"type": name, "status": "x"} for name in OTHERS),
]
PRETENDED = [{"type": "new_message", "message_id": 7}, {"type": "typing", "is_typing": True}]


async def assert_every_type(socket: Socket, message: str, *fields: str) -> None:
    """The frames of ``TYPES`` come next: a chat message of the type ``message``, and all with these fields as text."""
    first, second, *said = frames = await socket.frames(len(TYPES))
    assert first == first | TASK | {"type": "notification"}
    assert (second["type"], second["title"], second["message"]) == ("notification", "Notification", "no title")
    for frame, name in zip(said, ("bob", "System"), strict=False):
        expected = {"type": message, "username": name, "user": name, "message": "hi"}
        assert frame == frame | expected
    assert [(frame["type"], frame["status"]) for frame in frames[4:]] == [(name, "x") for name in OTHERS]
    for frame in frames:
        assert all(isinstance(frame[field], str) for field in fields)


async def test_every_type(server: LiveServer, ann: Person, bob: Person, room: str) -> None:
    """FMT-2 to FMT-5: as the clients of each socket know it."""
    id = await talk(server, ann, bob)
    printed = ("username", "user", "message", "timestamp")
    async with (
        notifications(server, ann) as hers,
        connect(server, f"chat/{room}/", by=ann) as in_room,
        connect(server, "chat/", by=ann) as in_lobby,
        conversation(server, ann, id) as talking,
    ):
        await in_lobby.send(type="nothing")
        while (await in_lobby.frame())["type"] != "error":
            pass
        groups = (f"user_{ann.id}", f"chat_{room}", "chat_lobby", f"conversation_{id}")
        for way in ways(server):
            pretended = [(f"conversation_{id}", message) for message in PRETENDED]
            await way([*pretended, *((group, message) for group in groups for message in TYPES)])
            await assert_every_type(hers, "chat_message", "title", "message", "timestamp")
            await assert_every_type(in_room, "chat_message", *printed)
            await assert_every_type(in_lobby, "chat", *printed)
            await assert_every_type(talking, "chat_message")
        group = f"chat_{room}"
        await ways(server)[0]([(group, {"type": "user_left", "username": "bob"}), (group, {"type": "user.joined"})])
        said = [frame["message"] for frame in await in_room.frames(2)]
        assert said == ["bob left the room", "System joined the room"]


async def test_bad_messages(server: LiveServer, ann: Person, room: str) -> None:
    """FMT-6: nothing comes of them, and the sockets live on."""
    async with notifications(server, ann) as hers, connect(server, f"chat/{room}/") as in_room:
        bad: list[Any] = [{}, {"type": None}, {"type": ""}, {"type": []}, {"title": "no type"}]
        for group, socket in ((f"user_{ann.id}", hers), (f"chat_{room}", in_room)):
            odd = {"type": "notification_message", "title": {"a": 1}, "message": ["b"], "timestamp": 7, "user": 5}
            await ways(server)[0]([*((group, each) for each in bad), (group, odd)])
            frame = await socket.frame()
            assert (frame["type"], frame["title"], frame["message"]) == ("notification", '{"a":1}', '["b"]')
            assert isinstance(frame["timestamp"], str)
    assert "cannot be shown" in server.log()
    assert "Traceback" not in server.log()


async def test_the_next_message_after_connecting_arrives(server: LiveServer, ann: Person, room: str) -> None:
    """FMT-1: however soon it is sent, and again after everybody had gone."""
    for number in range(10):
        for path, group in (("notifications/", f"notifications_{ann.id}"), (f"chat/{room}/", f"chat_{room}")):
            async with connect(server, path, by=ann) as socket:
                await ways(server)[number % 3]([(group, {"type": "alert", "number": number})])
                assert (await socket.frame())["number"] == number
