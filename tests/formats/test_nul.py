"""NUL in any text, which PostgreSQL cannot store: refused by name before it gets there, and nothing is saved."""

from __future__ import annotations

from typing import Any

import pytest

from tests.formats.client import Person, ask, connect, full, refused, rest, talk
from tests.services import LiveServer

NUL = "a\x00b"


@pytest.fixture(scope="module")
def server(server_on_either: LiveServer) -> LiveServer:
    return server_on_either


@pytest.fixture(autouse=True)
def unharmed(server: LiveServer) -> Any:
    yield
    assert server.running
    assert "Traceback" not in server.log()


async def test_in_frames(server: LiveServer, ann: Person, bob: Person) -> None:
    """ENV-7: each command of the full protocol, each field that is text."""
    id = await talk(server, ann, bob)
    topic = f"chat.{id}"
    commands: list[tuple[str, str | None, dict[str, Any]]] = [
        ("chat.send", topic, {"content": NUL}),
        ("chat.send", topic, {"content": "good", "client_id": NUL}),
        ("chat.send", f"chat.{id}\x00", {"content": "good"}),
        ("chat.hide", topic, {"message_id": 1, "client_id": NUL}),
        ("chat.create", None, {"participants": [NUL]}),
        ("chat.create", None, {"participants": [bob.username], "title": NUL}),
        ("chat.create", None, {"participants": [bob.username], "title": "good", "client_id": NUL}),
        ("chat.join_room", None, {"name": NUL}),
        ("subscribe", f"chat.{NUL}", {}),
        ("auth.refresh", None, {"token": NUL}),
        (NUL, None, {}),
    ]
    async with full(server, ann) as socket:
        for number, (type, where, data) in enumerate(commands):
            await socket.send(id=number, type=type, topic=where, data=data)
            while (frame := await socket.frame()).get("id") != number:
                assert frame["type"] != "error", frame
            assert frame["error"]["code"] not in ("internal", "busy"), (type, data, frame)
        ok = await ask(socket, "subscribe", topic)
        since = {"epoch": NUL, "offset": ok["position"]["offset"]}
        await socket.send(id=99, type="subscribe", topic=topic, since=since)
        assert (await socket.frame())["ok"]["reset"] == "epoch"
        inbox = await ask(socket, "inbox.subscribe", since={NUL: since, topic: since})
        assert [each["title"] for each in inbox["conversations"]] == [""]
        assert (await ask(socket, "chat.history", topic))["messages"] == []


async def test_over_rest(server: LiveServer, ann: Person, bob: Person) -> None:
    """4xx and never 500: bodies, query strings, paths, and the way in."""
    id = await talk(server, ann, bob)
    requests: list[tuple[str, str, Any]] = [
        ("POST", f"/api/conversations/{id}/messages/", {"content": NUL}),
        ("POST", f"/api/conversations/{id}/messages/", {"content": "good", "client_id": NUL}),
        ("POST", "/api/conversations/", {"participants": [NUL]}),
        ("POST", "/api/conversations/", {"participants": [bob.username], "title": NUL}),
        ("POST", f"/api/conversations/{id}/participants/", {"participants": [NUL]}),
        ("DELETE", f"/api/conversations/{id}/participants/", {"participants": [NUL]}),
        ("GET", f"/api/conversations/{id}/messages/?before=%00", None),
        ("GET", f"/api/conversations/{id}/messages/?after=1%00", None),
        ("GET", "/api/conversations/?before=%00", None),
        ("GET", "/api/rooms/a%00b/messages/", None),
        ("GET", "/api/rooms/?after=%00", None),
        ("GET", f"/api/conversations/{id}%00/", None),
        ("GET", "/a%00b", None),
    ]
    async with rest(server, ann) as http:
        for method, path, body in requests:
            response = await http.request(method, path, json=body)
            allowed = (200,) if path == "/a%00b" else (400, 401, 404, 409)
            assert response.status_code in allowed, (method, path, body, response.text)
        response = await http.get("/api/conversations/", headers={"Authorization": "Bearer a%00b"})
        assert response.status_code == 401
        found = (await http.get(f"/api/conversations/{id}/messages/")).json()["results"]
        assert found == []


async def test_in_handshakes(server: LiveServer, ann: Person, room: str) -> None:
    """Cookies, tokens and names with NUL are no credentials and no rooms."""
    assert await refused(server, f"chat/{room}/", token=NUL) == 4001
    assert await refused(server, f"chat/{NUL}/", by=ann) == 4003
    async with connect(server, f"chat/{room}/", cookie="a%00b") as socket:
        await socket.send(message="as a guest")
        assert (await socket.frame())["username"] == "Anonymous"
