"""HTTP requests, a WebSocket's handshake among them, that a client may not send."""

from __future__ import annotations

import itertools
import logging
import time

import pytest
from websockets.utils import accept_key

from hubbub.transports.uvicorn import HubbubHTTPProtocol
from hubbub.transports.uvicorn.handshake import usual_key
from hubbub.transports.uvicorn.parser import BoundedServerProtocol

from .conftest import Server, StartServer
from .wire import TEXT, Client, frame, handshake


def test_half_open_handshake(start_server: StartServer) -> None:
    """HOST-10: an incomplete header is cut off in time, however steadily it trickles in."""
    assert HubbubHTTPProtocol.header_timeout <= 10
    server = start_server(http={"header_timeout": 1.0})
    silent, half, trickle = (Client.tcp(server.port) for _ in range(3))
    start = time.monotonic()
    half.send(handshake()[:-2])
    trickle.send(b"GET /ws/ HTTP/1.1\r\nX-Long: ")
    trickle.sock.settimeout(0.05)
    while trickle.send(b"x"):
        if trickle.ended():
            break
    times = [time.monotonic() - start]
    for client in (silent, half):
        assert client.ended()
        times.append(time.monotonic() - start)
    print(
        f"time-out 1 s (by default {HubbubHTTPProtocol.header_timeout} s): "
        f"trickling, silent and half-open closed after {', '.join(f'{t:.2f}' for t in times)} s"
    )
    assert all(0.5 < t < 3 for t in times)
    assert half.buffer.startswith(b"HTTP/1.1 408 ")
    assert not silent.buffer
    Client.open(server.port).echo(b"alive")


@pytest.mark.slow
@pytest.mark.long
def test_half_open_handshake_by_default(server: Server) -> None:
    """HOST-10: with nothing set, 20 that never end their handshake are gone within 10 s."""
    start = time.monotonic()
    clients = [Client.tcp(server.port, timeout=15) for _ in range(20)]
    for number, client in enumerate(clients):
        client.send(handshake()[: 7 * number])
    assert all(client.ended() for client in clients)
    took = time.monotonic() - start
    print(f"{len(clients)} half-open handshakes: all closed after {took:.2f} s")
    assert took < 10.5
    Client.open(server.port).echo(b"alive")


def test_second_request_half_open(start_server: StartServer) -> None:
    """HOST-10: the same holds for a later request, and for line ends in place of one."""
    server = start_server(http={"header_timeout": 0.5})
    for start in (b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: ", b"\r\n"):
        client = Client.tcp(server.port)
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.status() == 200
        client.send(start)
        assert client.ended()


def test_slow_body(start_server: StartServer) -> None:
    """HOST-11: a body that comes below the least rate is cut off; a pause of ours is not."""
    server = start_server(http={"body_window": 0.3, "body_min_rate": 100.0})
    client = Client.tcp(server.port)
    start = time.monotonic()
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    client.sock.settimeout(0.05)
    while client.send(b"x"):
        if client.ended():
            break
    took = time.monotonic() - start
    assert client.buffer.startswith(b"HTTP/1.1 408 ")
    server.wait_for_log("http disconnect")
    steady = Client.tcp(server.port)
    steady.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(10):
        steady.send(b"x" * 100)
        time.sleep(0.1)  # the rate is the test
    assert steady.status() == 200
    print(f"two windows of 0.3 s: slow body cut off after {took:.2f} s, a steady one of 1 s is served")
    assert 0.5 < took < 3


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        pytest.param(handshake("/ws/", b"Sec-WebSocket-Protocol: caf\xc3\xa9, \xff"), 400, id="subprotocol"),
        pytest.param(handshake("/ws/", b"Sec-WebSocket-Protocol: a b"), 400, id="subprotocol with space"),
        pytest.param(handshake("/ws/", b"Sec-WebSocket-Key: twice"), 400, id="two keys"),
        pytest.param(handshake().replace(b"dGhl", b"\xff\xfe\xfd\xfc"), 400, id="non-ASCII key"),
        pytest.param(handshake().replace(b"Version: 13", b"Version: \xb2"), 400, id="version"),
        pytest.param(handshake("/ws/", b"X-\xff: 1"), 400, id="header name"),
        pytest.param(handshake("/ws/", b"X: a\x00b"), 400, id="NUL in a value"),
        pytest.param(handshake("/ws/\xe9"), 400, id="non-ASCII path"),
        pytest.param(handshake("/ws/?a=\x1b[31m"), 400, id="escape in the query"),
        pytest.param(handshake("/ws/" + "a" * 9000), 414, id="long path"),
        pytest.param(handshake("/ws/", b"Cookie: " + b"c" * 9000), 431, id="long header"),
        pytest.param(handshake("/ws/", *[b"X: 1"] * 140), 431, id="many headers"),
        pytest.param(handshake("/ws/", b"Content-Length: 5"), 400, id="body"),
        pytest.param(handshake("/ws/", b"Transfer-Encoding: chunked"), 400, id="chunked body"),
        pytest.param(handshake().replace(b"GET", b"POST"), 405, id="POST"),
        pytest.param(handshake() + frame(TEXT, b"early"), 400, id="early data"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, id="TLS"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000, 431, id="endless header"),
        pytest.param(b"\r\n" * 40_000, 431, id="endless line ends"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431, id="200 headers"),
        pytest.param(
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            id="smuggle",
        ),
    ],
)
def test_malformed_request(server: Server, request_bytes: bytes, expected: int) -> None:
    """HOST-12: a malformed handshake or request is answered 4xx and closed; the worker lives."""
    other = Client.open(server.port)
    client = Client.tcp(server.port)
    client.send(request_bytes)
    status = client.status()
    assert client.ended()
    other.echo(b"still there")
    print(f"answered {status}")
    assert status == expected
    assert server.alive()
    assert "Traceback" not in server.log()


def test_data_before_the_answer(server: Server) -> None:
    """HOST-12: a frame that comes before the handshake's answer ends the connection, 400."""
    client = Client.tcp(server.port)
    client.send(handshake("/late/"))
    server.wait_for_log("handshake in progress")
    client.send(frame(TEXT, b"early"))
    assert client.status() == 400
    assert client.ended()
    assert "Traceback" not in server.log()


def test_other_upgrade_is_plain_http(server: Server) -> None:
    """HOST-12: an upgrade to something else is served as HTTP, and the connection closed."""
    client = Client.tcp(server.port)
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert client.status() == 200
    assert client.ended()


def test_body_that_nobody_wants(start_server: StartServer) -> None:
    """HOST-11: once the answer is out, the rest of a body is read up to 256 KiB only."""
    server = start_server(config={"max_body": 2_000_000_000})
    client = Client.tcp(server.port)
    client.send(b"POST /early/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
    assert client.status() == 200
    sent = 0
    while sent < 100_000_000 and client.send(b"x" * 65_536):
        sent += 65_536
    print(f"cut off after {sent / 1e6:.1f} MB of 1000 MB")
    assert sent < 50_000_000


def test_pipelined_flood(server: Server) -> None:
    """HOST-11: requests that wait for their turn are bounded; a few are served in order."""
    client = Client.tcp(server.port)
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
    assert [client.status() for _ in range(1)] == [200]
    client = Client.tcp(server.port)
    client.send(b"GET / HTTP/1.1\r\n\r\n" * 14_000)
    assert client.ended()
    assert bytes(client.buffer).count(b"HTTP/1.1 ") < 30
    Client.open(server.port).echo(b"alive")


def test_underscore_headers(server: Server) -> None:
    """HOST-16: a header with an underscore never reaches the application."""
    client = Client.tcp(server.port)
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\nX_Forwarded_For: 1.1.1.1\r\nX-Ok: 1\r\nConnection: close\r\n\r\n")
    assert client.ended()
    assert b"'x-ok'" in client.buffer
    assert b"x_forwarded_for" not in client.buffer.lower()


def test_handshake_inside_an_answer(server: Server) -> None:
    """HOST-12: who asks for a WebSocket before an earlier answer is out gets neither of them mixed with the other."""
    client = Client.tcp(server.port)
    client.send(b"GET /stream/ HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.status() == 200
    client.send(handshake())
    assert client.ended()
    assert b"101" not in client.buffer
    server.wait_for_log("http disconnect")
    Client.open(server.port).echo(b"alive")


def test_what_is_held_goes_out_with_the_answer(server: Server) -> None:
    """In its order, before all else; and where the client isn't let in, not at all."""
    for path, held in (("/hold/", 2), ("/hold/late/", 3)):
        client = Client.tcp(server.port)
        client.send(handshake(path))
        assert client.status() == 101
        assert [client.read() for _ in range(held)] == [(TEXT, b"first"), (TEXT, b"second"), (TEXT, b"third")][:held]
        client.echo(b"and then")
    refused = Client.tcp(server.port)
    refused.send(handshake("/hold/refused/"))
    assert refused.status() == 403
    assert refused.ended()
    assert b"first" not in refused.buffer


VARIANTS: dict[bytes, list[bytes | None]] = {
    b"connection": [b"Upgrade", b"keep-alive, Upgrade", b"upgrade, x", b"close", b"", None],
    b"upgrade": [b"websocket", b"WebSocket", b"websocket, x", b"h2c", None],
    b"sec-websocket-version": [b"13", b"8", b"13, 8", None],
    b"sec-websocket-key": [b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhl", b"!" * 24, b"\xff" * 24, None],
    b"content-length": [None, b"0", b"5"],
}


def test_the_short_way_lets_in_nobody_else() -> None:
    """HOST-12: whatever it takes for a usual handshake, the library's own check takes too, with the same answer."""
    usual = 0
    for values in itertools.product(*VARIANTS.values()):
        headers = [(name, value) for name, value in zip(VARIANTS, values, strict=True) if value is not None]
        for method, doubled in (("GET", False), ("POST", False), ("GET", True)):
            sent = headers * 2 if doubled else headers
            try:
                key = usual_key(method, sent)
            except ValueError:
                continue  # Answered 400.
            if key is None:
                continue
            usual += 1
            conn = BoundedServerProtocol(extensions=(), max_size=1, logger=logging.getLogger(__name__))
            response = conn.accept(conn.request(method, b"/", sent))
            assert (response.status_code, response.headers["Sec-WebSocket-Accept"]) == (101, accept_key(key)), sent
    assert usual == 4
