"""People at a real server: requests, and sockets that close with their sign-in."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from hubbub.accounts.tests.conftest import PASSWORD
from tests.services import LiveServer

OpenSocket = Callable[..., ClientConnection]

SECONDS = 1.0
"""Within which sockets must close (rule AUT-4)."""

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(server: LiveServer, path: str, body: Any = None, method: str = "POST", **headers: str) -> Any:
    """The status, the JSON body and the headers of an answer."""
    request = urllib.request.Request(
        f"{server.url}/api/auth/{path}",
        method=method,
        data=json.dumps(body or {}).encode(),
        headers={"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}},
    )
    try:
        with _direct.open(request, timeout=10) as response:
            return response.status, json.loads(response.read() or "null"), response.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or "null"), error.headers


def sign_in(server: LiveServer, name: str) -> dict[str, str]:
    status, pair, _ = call(server, "token/", {"username": name, "password": PASSWORD})
    assert status == 200
    return dict(pair)


def closed_within(socket: ClientConnection, seconds: float = SECONDS) -> int:
    """The code that the socket is closed with, within some seconds."""
    began = time.monotonic()
    try:
        while True:
            socket.recv(timeout=max(0.0, began + seconds - time.monotonic()))
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else 0
        print(f"closed {code}, {(time.monotonic() - began) * 1000:.0f} ms after the answer")
        return code


def refused(server: LiveServer, query: str) -> int:
    """The code that a socket is closed with before any frame."""
    with connect(f"{server.ws_url}{query}", proxy=None) as socket, pytest.raises(ConnectionClosed) as closed:
        pytest.fail(f"a frame instead of a close: {socket.recv(timeout=5)!r}")
    return closed.value.rcvd.code if closed.value.rcvd else 0


def alive(socket: ClientConnection) -> bool:
    socket.send('{"id": 1, "type": "unsubscribe", "topic": "user.0"}')
    return bool(json.loads(socket.recv(timeout=5))["type"] == "reply")


@contextmanager
def sockets_of(server: LiveServer) -> Iterator[OpenSocket]:
    """Opens sockets, with a query string and headers, as somebody; they are closed after the test."""
    with ExitStack() as sockets:

        def opened(query: str = "", **headers: str) -> ClientConnection:
            url = f"{server.ws_url}{query}"
            socket = sockets.enter_context(connect(url, additional_headers=headers, proxy=None))
            ready = json.loads(socket.recv(timeout=5))
            assert ready["type"] == "ready"
            assert ready["data"]["user"], "a guest"
            return socket

        yield opened


def link(mails: Path, address: str, page: str, seconds: float = 10.0) -> str:
    """What the newest link to a page is worth that was sent to an address; waits for the mail."""
    until = time.monotonic() + seconds
    while True:
        texts = [path.read_text() for path in sorted(mails.iterdir(), key=lambda path: path.stat().st_mtime)]
        mine = [text for text in texts if f"To: {address}" in text]
        if found := re.findall(rf"http://\S+/{page}#(\S+)", "\n".join(mine)):
            return str(found[-1])
        assert time.monotonic() < until, f"no mail to {address}"
        time.sleep(0.02)
