"""Everything is said over every format and REST, rightly and wrongly; then the log is searched for it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.formats.client import Person, Socket, connect, conversation, full, refused, talk
from tests.formats.people import make_people
from tests.hostile.wire import Client
from tests.services import LiveServer, live_servers

BODY = "what-nobody-else-should-read"
PASSWORD = "secret-phrase-of-eve-0815"
EVIL = "eve\r\n2026-01-01 00:00:00,000 ERROR:    forged\x1b[31m\u202e\u2028"
BAD = re.compile("[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module", params=["text", "json"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """It says as much as it can."""
    env = {
        "DJANGO_SETTINGS_MODULE": "tests.servers.settings",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "HUBBUB_LOG_FORMAT": request.param,
        "HUBBUB_LOG_LEVEL": "DEBUG",
    }
    with live_servers(tmp_path_factory.mktemp("log")) as start:
        yield start(env=env)


async def say(socket: Socket, *frames: dict[str, object] | str) -> None:
    """Say all of it, and wait for an answer to each."""
    for frame in frames:
        await socket.send_text(frame if isinstance(frame, str) else json.dumps(frame))
        await socket.frame()


async def over_sockets(server: LiveServer, ann: Person, eve: Person, room: str) -> None:
    id = await talk(server, ann, eve)
    broken = f'{{"type": "{BODY}"'
    for person in (ann, eve):
        async with full(server, person) as socket:
            await say(
                socket,
                {"id": 1, "type": "chat.send", "topic": f"chat.{id}", "data": {"content": BODY}},
                {"id": 2, "type": "chat.send", "topic": f"chat.{id}", "data": {"content": [BODY]}},
                {"id": 3, "type": BODY, "topic": f"chat.{id}"},
                {"id": 4, "type": "chat.send", "topic": "chat.987654321", "data": {"content": BODY}},
                {"id": 5, "type": "auth.refresh", "data": {"token": ann.refresh}},
                {"id": 6, "type": "chat.create", "data": {"participants": [BODY], "title": BODY}},
                broken,
            )
        async with conversation(server, person, id) as socket:
            await say(socket, {"type": "chat_message", "content": BODY}, {"type": BODY}, broken)
        async with connect(server, f"chat/{room}/", token=person.token) as socket:
            await say(socket, {"message": BODY}, {"message": [BODY]}, broken)
        async with connect(server, "chat/", by=person) as socket:
            await say(socket, {"message": BODY}, broken)
    for token in (ann.expired, ann.refresh, f"{ann.token}x", f"x.{BODY}.x"):
        assert await refused(server, "", token=token) == 4001
    assert await refused(server, "chat/987654321/", by=eve) == 4003
    assert await refused(server, "", by=ann, origin="https://evil.example") == 403
    assert await refused(server, f"no/such/{room}", by=eve) in (403, 404)


async def over_rest(server: LiveServer, ann: Person) -> list[str]:
    """What it was given that it must keep for itself."""
    async with httpx.AsyncClient(base_url=server.url, timeout=20, trust_env=False) as http:
        body = {"username": EVIL, "password": PASSWORD}
        assert (await http.post("/api/auth/token/", json=body)).status_code == 401
        assert (await http.post("/api/auth/register/", json=body)).status_code == 400
        body = {"username": "fay", "password": PASSWORD}
        assert (await http.post("/api/auth/register/", json=body)).status_code == 201
        tokens = (await http.post("/api/auth/token/", json=body)).json()
        secrets = [tokens["access"], tokens["refresh"]]
        header = {"Authorization": f"Bearer {tokens['access']}"}
        ticket = (await http.post("/api/auth/ticket/", headers=header)).json()["ticket"]
        for query in (f"ticket={ticket}", f"ticket={ticket}", f"%74oken={tokens['access']}", f"other={BODY}"):
            wire = await asyncio.to_thread(Client.open, server.port, f"/ws/?{query}")
            wire.close()
        wrong = {"password": f"{PASSWORD}-wrong", "new_password": f"{PASSWORD}-new"}
        await http.post("/api/auth/password/", json=wrong, headers=header)
        await http.post("/api/conversations/999/messages/", json={"content": BODY}, headers=header)
        await http.post("/api/conversations/", content=f'{{"{BODY}"', headers=header)
        await http.get(f"/api/conversations/?token={BODY}&ticket={ticket}", headers=header)
        await http.get("/api/auth/me/", headers={"Authorization": f"Bearer {BODY}.x.y"})
        await http.post("/api/auth/token/refresh/", json={"refresh": tokens["refresh"]})
        await http.post("/api/auth/token/refresh/", json={"refresh": f"{BODY}.x.y"})
        await http.get("/%0d%0aforged%1b[31m", headers=header)
        return [*secrets, ticket]


async def test_what_is_not_in_the_log(server: LiveServer) -> None:
    """Security 16, LOG-2, HOST-14, HOST-15: with everything logged that can be."""
    ann, eve = make_people(server, ["ann", EVIL])
    await over_sockets(server, ann, eve, "garden")
    given = await over_rest(server, ann)
    log = server.log()
    secrets = [BODY, PASSWORD, *given]
    secrets += [value for each in (ann, eve) for value in (each.cookie, each.token, each.refresh, each.expired)]
    lines = log.splitlines()
    found = [line[:300] for line in lines for secret in secrets if secret in line]
    print(f"{len(lines)} lines, searched for {len(secrets)} secrets: {len(found)} found")
    assert not found
    assert "eve" in log, "who it was is said"
    assert not [line for line in lines if BAD.search(line)]
    forged = [line for line in lines if line.startswith("2026-01-01") or line.startswith("forged")]
    assert not forged
