"""Requests whose bodies are too large, over the server as it is served: Django behind it never sees them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import LiveServer, live_servers

from .conftest import StartServer
from .wire import Client

PATH = b"POST /api/auth/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
PIECE = b"x" * 65_536
MOST = 3 * 1024 * 1024


@pytest.fixture(scope="module")
def hubbub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_servers(tmp_path_factory.mktemp("bodies")) as start:
        yield start()


def _memory(server: LiveServer) -> int:
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def _spooled(server: LiveServer) -> int:
    """Bytes in the temporary files that the server has open: they have no name, so no folder shows them."""
    total = 0
    for link in Path(f"/proc/{server.pid}/fd").iterdir():
        try:
            if "(deleted)" in os.readlink(link):
                total += link.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _upload(server: LiveServer, client: Client, piece: bytes, most: int) -> tuple[int, int, int]:
    """Send until the server cuts it off: bytes taken, most bytes of memory and of temporary files meanwhile."""
    sent = memory = spooled = 0
    while sent < most and client.send(piece):
        sent += len(piece)
        memory, spooled = max(memory, _memory(server)), max(spooled, _spooled(server))
    return sent, memory, spooled


def _answer(client: Client) -> tuple[int, dict[str, object], float]:
    """Status and body of the answer, and seconds until the connection was over."""
    start = time.monotonic()
    head = client.head()
    assert client.ended()
    return int(head.split(b" ", 2)[1]), json.loads(bytes(client.buffer)), time.monotonic() - start


def _served(client: Client) -> int:
    """Bytes of the body that the application says it was sent."""
    head = client.head()
    assert head.startswith(b"HTTP/1.1 200 ")
    body = client.take(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
    assert body is not None
    return int(body.split()[0])


REFUSED = {"code": "too_long", "message": f"The body is over {MOST} bytes.", "temporary": False}


def test_a_body_that_says_how_long_it_is(hubbub: LiveServer) -> None:
    """HOST-11: 300 MB are refused by their Content-Length, unread."""
    before = _memory(hubbub)
    client = Client.tcp(hubbub.port)
    client.send(PATH + b"Content-Length: 300000000\r\n\r\n")
    status, body, took = _answer(client)
    assert (status, body) == (413, REFUSED)
    assert took < 1
    sent, memory, spooled = _upload(hubbub, client, PIECE, 300_000_000)
    print(f"413 after {took:.3f} s; {sent / 1e6:.1f} MB more were taken; memory +{(memory - before) / 1e6:.1f} MB")
    assert sent < 20_000_000
    assert spooled == 0
    assert memory - before < 10_000_000


def test_a_body_that_does_not_say(hubbub: LiveServer) -> None:
    """HOST-11: a chunked body is counted, and cut off at the limit."""
    before = _memory(hubbub)
    client = Client.tcp(hubbub.port)
    client.send(PATH + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n%s\r\n" % (len(PIECE), PIECE)
    sent, memory, spooled = _upload(hubbub, client, chunk, 300_000_000)
    status, body, _ = _answer(client)
    assert (status, body) == (413, REFUSED)
    print(
        f"413; {sent / 1e6:.1f} MB were taken; memory +{(memory - before) / 1e6:.1f} MB, files {spooled / 1e6:.1f} MB"
    )
    assert sent < 20_000_000
    assert spooled <= MOST
    assert memory - before < 25_000_000
    time.sleep(0.2)  # the request's thread ends a moment later
    assert _spooled(hubbub) == 0
    assert "Traceback" not in hubbub.log()


def test_up_to_the_limit(start_server: StartServer) -> None:
    """HOST-11: the limit itself is served, one byte more is not; a connection is limited anew by each request."""
    server = start_server(config={"max_body": 1000})
    client = Client.tcp(server.port)
    for _ in range(3):
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)
        assert _served(client) == 1000
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + b"x" * 1000)
        client.send(b"\r\n0\r\n\r\n")
        assert _served(client) == 1000
    for request in (
        b"Content-Length: 1001\r\n\r\n",
        b"Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001,
    ):
        client = Client.tcp(server.port)
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\n" + request)
        assert client.status() == 413
        assert client.ended()
    assert server.log().count("client fault") >= 1


def test_the_answer_arrives(start_server: StartServer) -> None:
    """HOST-11: a client that sends all of its body before it reads gets the answer, not a reset."""
    server = start_server(config={"max_body": 1000})
    for _ in range(20):
        client = Client.tcp(server.port)
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
        client.send(b"x" * 100_000)
        time.sleep(0.01)  # the answer is out by now
        assert client.send(b"x" * 100_000)
        assert client.status() == 413
