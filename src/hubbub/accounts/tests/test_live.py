"""A real server: sockets close with their sign-in, whichever process ends it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubbub.accounts.tests.conftest import PASSWORD
from hubbub.accounts.tests.live import SECONDS, OpenSocket, alive, call, closed_within, refused, sign_in, sockets_of
from tests.services import LiveServer, live_servers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(Path(tmp_path_factory.mktemp("accounts"))) as start:
        yield start()


@pytest.fixture
def name(server: LiveServer, request: pytest.FixtureRequest) -> str:
    """A user for each test."""
    name = f"user-{abs(hash(request.node.name)) % 10**8}"
    server.manage("createuser", name, "--password", PASSWORD)
    return name


@pytest.fixture
def open_socket(server: LiveServer) -> Iterator[OpenSocket]:
    with sockets_of(server) as opened:
        yield opened


def test_signing_out_closes_the_sockets_of_that_login(server, open_socket, name):
    """AUT-4, AUT-1"""
    mine, other = sign_in(server, name), sign_in(server, name)
    closing = [open_socket(f"?token={mine['access']}")]
    closing.append(open_socket(Authorization=f"Bearer {mine['access']}"))
    ticket = call(server, "ticket/", Authorization=f"Bearer {mine['access']}")[1]["ticket"]
    unused = call(server, "ticket/", Authorization=f"Bearer {mine['access']}")[1]["ticket"]
    closing.append(open_socket(f"?ticket={ticket}"))
    staying = open_socket(f"?token={other['access']}")
    assert call(server, "token/blacklist/", {"refresh": mine["refresh"]})[0] == 200
    assert [closed_within(socket) for socket in closing] == [4001] * 3
    assert alive(staying)
    assert refused(server, f"?token={mine['access']}") == 4001
    assert refused(server, f"?ticket={unused}") == 4001
    assert refused(server, f"?ticket={ticket}") == 4001


def test_signing_out_by_cookie_closes_its_sockets(server, open_socket, name):
    """AUT-4"""
    _, _, headers = call(
        server,
        "session/",
        {"username": name, "password": PASSWORD},
        Cookie="csrftoken=" + "a" * 32,
        X_CSRFToken="a" * 32,
    )
    cookies = dict(cookie.split(";")[0].split("=", 1) for cookie in headers.get_all("Set-Cookie"))
    cookie = "; ".join(f"{key}={value}" for key, value in cookies.items())
    socket = open_socket(Cookie=cookie, Origin=server.url)
    staying = open_socket(f"?token={sign_in(server, name)['access']}")
    status, *_ = call(server, "session/", method="DELETE", Cookie=cookie, X_CSRFToken=cookies["csrftoken"])
    assert status == 204
    assert closed_within(socket) == 4001
    assert alive(staying)


@pytest.mark.parametrize("change", ["user.set_password('another one entirely')", "user.is_active = False"])
def test_a_change_made_by_another_process(server, open_socket, name, change):
    """AUT-4, EVT-4: a shell, without Redis."""
    pair = sign_in(server, name)
    sockets = [open_socket(f"?token={pair['access']}") for _ in range(2)]
    code = (
        f"from django.contrib.auth.models import User; import time; user = User.objects.get(username={name!r}); "
        f"{change}; user.save(); print('saved at', time.time())"
    )
    done = server.manage("shell", "-c", code)
    assert [closed_within(socket) for socket in sockets] == [4001] * 2
    assert time.time() - float(done.stdout.split()[-1]) < SECONDS + 1, "the shell's own end included"
    assert call(server, "token/refresh/", {"refresh": pair["refresh"]})[0] == 401
    assert call(server, "ticket/", Authorization=f"Bearer {pair['access']}")[0] == 401
    assert refused(server, f"?token={pair['access']}") == 4001


def test_a_ticket_does_not_outlive_its_sign_in(server, open_socket, name):
    """AUT-4, AUT-5: signed out by another process after it was issued, and then redeemed."""
    mine, other = sign_in(server, name), sign_in(server, name)
    tickets = [
        call(server, "ticket/", Authorization=f"Bearer {pair['access']}")[1]["ticket"] for pair in (mine, mine, other)
    ]
    server.manage(
        "shell",
        "-c",
        "from hubbub.accounts.actions import end_login; from hubbub.accounts.models import Login; "
        "from hubbub.engine.actor import SYSTEM; "
        f"end_login(SYSTEM, Login.objects.filter(user__username={name!r}).earliest('created_at').pk)",
    )
    assert [refused(server, f"?ticket={ticket}") for ticket in tickets[:2]] == [4001] * 2
    assert alive(open_socket(f"?ticket={tickets[2]}"))


def test_no_token_or_password_reaches_the_log(server, open_socket, name):
    pair = sign_in(server, name)
    open_socket(f"?token={pair['access']}")
    call(server, "token/", {"username": name, "password": "wrong " + PASSWORD})
    assert name in server.log()
    for secret in (*pair.values(), PASSWORD):
        assert secret not in server.log()


def test_a_stolen_refresh_token(server, open_socket, name):
    """AUT-6: who uses the spent one, a while after the other did, ends the sign-in of both."""
    first, other = sign_in(server, name), sign_in(server, name)
    second = call(server, "token/refresh/", {"refresh": first["refresh"]})[1]
    socket, staying = (open_socket(f"?token={pair['access']}") for pair in (second, other))
    assert call(server, "token/refresh/", {"refresh": first["refresh"]})[0] == 401
    assert alive(socket)
    server.manage(
        "shell",
        "-c",
        "from datetime import timedelta; from django.utils import timezone; "
        "from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken; "
        "BlacklistedToken.objects.update(blacklisted_at=timezone.now() - timedelta(seconds=11))",
    )
    assert call(server, "token/refresh/", {"refresh": first["refresh"]})[0] == 401
    assert closed_within(socket) == 4001
    assert alive(staying)
    assert call(server, "token/refresh/", {"refresh": second["refresh"]})[0] == 401
