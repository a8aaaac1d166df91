"""A real server: what people do with their own accounts acts on sockets that are open."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from hubbub.accounts.tests.conftest import PASSWORD
from hubbub.accounts.tests.live import OpenSocket, alive, call, closed_within, link, refused, sign_in, sockets_of
from tests.services import LiveServer, live_servers

NEW = "an entirely new one"


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mails")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, mails: Path) -> Iterator[LiveServer]:
    with live_servers(Path(tmp_path_factory.mktemp("account"))) as start:
        yield start(env={"EMAIL_URL": f"filemail:///{mails}", "HUBBUB_LIMITS": "logins=1000/m,registrations=1000/h"})


@pytest.fixture
def open_socket(server: LiveServer) -> Iterator[OpenSocket]:
    with sockets_of(server) as opened:
        yield opened


@pytest.fixture
def name(server: LiveServer, request: pytest.FixtureRequest) -> str:
    """A user for each test, with an address of the same name."""
    name = f"user-{abs(hash(request.node.name)) % 10**8}"
    given = {"username": name, "password": PASSWORD, "email": f"{name}@example.org"}
    assert call(server, "register/", given)[0] == 201
    return name


def by(pair: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair['access']}"}


def test_a_changed_password_over_a_token(server, open_socket, name):
    """AUT-4"""
    mine, other = sign_in(server, name), sign_in(server, name)
    staying, closing = open_socket(f"?token={mine['access']}"), open_socket(f"?token={other['access']}")
    ticket = call(server, "ticket/", **by(other))[1]["ticket"]
    assert call(server, "password/", {"password": PASSWORD, "new_password": NEW}, **by(mine))[0] == 204
    assert closed_within(closing) == 4001
    assert refused(server, f"?ticket={ticket}") == 4001
    assert alive(staying)
    assert alive(open_socket(f"?token={mine['access']}"))


def test_a_changed_password_over_a_cookie(server, open_socket, name):
    """AUT-4"""
    token = "a" * 32
    given = {"username": name, "password": PASSWORD}
    headers = call(server, "session/", given, Cookie=f"csrftoken={token}", X_CSRFToken=token)[2]
    cookie = "; ".join(each.split(";")[0] for each in headers.get_all("Set-Cookie"))
    csrf = re.findall(r"csrftoken=(\w+)", cookie)[0]
    staying = open_socket(Cookie=cookie, Origin=server.url)
    closing = open_socket(f"?token={sign_in(server, name)['access']}")
    change = {"password": PASSWORD, "new_password": NEW}
    status, _, headers = call(server, "password/", change, Cookie=cookie, X_CSRFToken=csrf)
    assert status == 204
    assert closed_within(closing) == 4001
    assert alive(staying)
    renewed = next(each.split(";")[0] for each in headers.get_all("Set-Cookie") if each.startswith("sessionid="))
    assert alive(open_socket(Cookie=renewed, Origin=server.url))


def test_signing_out_elsewhere(server, open_socket, name):
    """AUT-4: one, and then all but this one."""
    pairs = [sign_in(server, name) for _ in range(3)]
    sockets = [open_socket(f"?token={pair['access']}") for pair in pairs]
    rows = call(server, "logins/", method="GET", **by(pairs[0]))[1]
    assert [row["current"] for row in rows].count(True) == 1 and len(rows) == 3
    newest = max((row for row in rows if not row["current"]), key=lambda row: row["created_at"])
    assert call(server, f"logins/{newest['id']}/", method="DELETE", **by(pairs[0]))[0] == 204
    assert closed_within(sockets[2]) == 4001
    assert alive(sockets[1])
    assert call(server, "logins/", method="DELETE", **by(pairs[0]))[0] == 204
    assert closed_within(sockets[1]) == 4001
    assert alive(sockets[0])


def test_closing_one_s_account(server, open_socket, name):
    """AUT-4"""
    pair = sign_in(server, name)
    sockets = [open_socket(f"?token={pair['access']}"), open_socket(f"?token={sign_in(server, name)['access']}")]
    assert call(server, "deactivate/", {"password": PASSWORD}, **by(pair))[0] == 204
    assert [closed_within(socket) for socket in sockets] == [4001] * 2
    assert refused(server, f"?token={pair['access']}") == 4001
    assert call(server, "token/", {"username": name, "password": PASSWORD})[0] == 401


def test_a_new_password_by_mail(server, open_socket, name, mails):
    """AUT-4; the link is no part of any request, so that no log of any server on the way has it."""
    pair = sign_in(server, name)
    socket = open_socket(f"?token={pair['access']}")
    assert call(server, "password/reset/", {"email": f"{name}@example.org"})[:2] == (202, {})
    token = link(mails, f"{name}@example.org", "reset")
    given = {"token": token, "new_password": NEW}
    assert call(server, "password/reset/confirm/", given)[:2] == (200, {"username": name})
    assert closed_within(socket) == 4001
    assert call(server, "password/reset/confirm/", given)[0] == 400
    assert call(server, "token/refresh/", {"refresh": pair["refresh"]})[0] == 401
    assert call(server, "token/", {"username": name, "password": NEW})[0] == 200
    assert token not in server.log() and NEW not in server.log()


def test_an_address_is_verified(server, name, mails):
    address = f"{name}@example.org"
    pair = sign_in(server, name)
    assert call(server, "email/", method="GET", **by(pair))[1] == {"email": address, "verified": False}
    assert call(server, "email/verify/", {"token": link(mails, address, "verify")})[:2] == (200, {"email": address})
    assert call(server, "email/", method="GET", **by(pair))[1] == {"email": address, "verified": True}


def told(socket: ClientConnection, type: str) -> Any:
    while True:
        frame = json.loads(socket.recv(timeout=5))
        if frame["type"] == type:
            return frame


def test_a_new_name_is_what_others_see_from_now_on(server, open_socket, name):
    """On sockets that are open already, both ways."""
    pair, others = sign_in(server, name), f"{name}-too"
    server.manage("createuser", others, "--password", PASSWORD)
    writer, reader = (open_socket(f"?token={p['access']}") for p in (pair, sign_in(server, others)))
    writer.send(json.dumps({"id": 1, "type": "chat.create", "data": {"participants": [others]}}))
    topic = told(writer, "reply")["ok"]["conversation"]["topic"]
    reader.send(json.dumps({"id": 1, "type": "subscribe", "topic": topic}))
    told(reader, "reply")
    status, body, _ = call(server, "me/", {"first_name": "Another", "last_name": "Name"}, method="PATCH", **by(pair))
    assert (status, body["first_name"]) == (200, "Another")
    data = {"content": "hello", "client_id": "1"}
    writer.send(json.dumps({"id": 2, "type": "chat.send", "topic": topic, "data": data}))
    sender = told(reader, "chat.message_sent")["data"]["message"]["sender"]
    assert (sender["username"], sender["first_name"], sender["last_name"]) == (name, "Another", "Name")


def test_pruning_beside_a_running_server(server, open_socket, name):
    """Whoever is connected notices nothing."""
    pair = sign_in(server, name)
    socket = open_socket(f"?token={pair['access']}")
    socket.send('{"id": 1, "type": "chat.join_room", "data": {"name": "garden"}}')
    topic = told(socket, "reply")["ok"]["conversation"]["topic"]
    socket.send(json.dumps({"id": 2, "type": "subscribe", "topic": topic}))
    told(socket, "reply")
    send = {"type": "chat.send", "topic": topic}
    for n in range(5):
        socket.send(json.dumps({**send, "data": {"content": str(n), "client_id": f"p{n}"}}))
        told(socket, "chat.message_sent")
    code = "from hubbub.django.models import Event; Event.objects.update(created_at='2020-01-01T00:00Z')"
    server.manage("shell", "-c", code)
    done = server.manage("prune", "--batch", "2")
    assert int(re.findall(r"old events: (\d+)", done.stdout)[0]) >= 5
    socket.send(json.dumps({**send, "data": {"content": "after", "client_id": "after"}}))
    event = told(socket, "chat.message_sent")
    assert event["data"]["message"]["number"] == 6
    socket.send(json.dumps({"id": 3, "type": "chat.history", "topic": topic, "data": {}}))
    assert [each["content"] for each in told(socket, "reply")["ok"]["messages"]] == [*"01234", "after"]
