"""The frame writer, proxies, and stopping."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from hubbub.transports.uvicorn import HubbubWebSocketProtocol, make_config, text_frame
from hubbub.transports.uvicorn.proxy import TrustedProxies

from .conftest import Server, StartServer
from .wire import CLOSE, PING, TEXT, Client, frame, handshake, noise


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_text_frame(size: int) -> None:
    """HOST-17: the encoder writes what RFC 6455 says: the client's frame without the mask."""
    assert text_frame(b"x" * size) == frame(TEXT, b"x" * size, mask=False)


def test_frame_writer(server: Server) -> None:
    """HOST-17: ready-made frames arrive whole; none before the handshake, none after a close."""
    client = Client.open(server.port, "/frames/")
    for size in (0, 125, 126, 65_535, 65_536):
        client.echo(noise(size))
    client.send(frame(TEXT, b"close"))
    assert client.close_code() == 4010
    server.wait_for_log("frame after the close refused")
    client.send(frame(CLOSE, (4010).to_bytes(2, "big")))
    assert client.read() is None
    Client.open(server.port, "/late/").echo(b"x")
    server.wait_for_log("frame before the handshake refused")


def test_stop(server: Server) -> None:
    """HOST-18: every socket gets 1012 and is told to its end; then the lifespan shuts down."""
    clients = [Client.open(server.port, f"/ws/?n={n}") for n in range(50)]
    # Input under way must not cost a client its close frame.
    for client in clients:
        client.echo(b"here")
        client.send(frame(TEXT, b"x" * 60_000) * 3)
    late = Client.tcp(server.port)
    late.send(handshake("/late/"))
    server.wait_for_log("handshake in progress")
    idle = Client.tcp(server.port)
    half = Client.tcp(server.port)
    half.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
    server.process.terminate()
    server.wait_for_log("Shutting down")
    half.send(b"abc")
    codes = [client.close_code() for client in clients]
    handshake_status, late_code = late.status(), late.close_code()
    assert half.status() == 200
    for client in (*clients, late, idle, half):
        client.close()
    took = server.wait()
    log = server.log()
    print(f"1012 to {codes.count(1012)} of {len(codes)}; handshake in progress {handshake_status}, then")
    print(f"{late_code}; request in progress finished; stopped in {took:.2f} s")
    assert codes == [1012] * 50
    assert (handshake_status, late_code) == (101, 1012)
    assert log.index("lifespan shutdown ran") < log.index("Application shutdown complete")
    assert "Traceback" not in log


def test_stop_with_stuck_clients(start_server: StartServer) -> None:
    """HOST-18: clients that neither read nor close can't hold a stop up."""
    server = start_server(config={"graceful_timeout": 2})
    stuck = [Client.open(server.port, path) for path in ("/stall/", "/flood/", "/ws/")]
    server.wait_for_log("drain waits")
    took = server.stop()
    print(f"stopped in {took:.2f} s with {len(stuck)} stuck clients (time-out 2 s)")
    assert took < 8
    assert "lifespan shutdown ran" in server.log()


@pytest.mark.parametrize("how", ["batches", "hang", "raise"])
def test_drain(start_server: StartServer, how: str) -> None:
    """HOST-18: the drain hook runs before 1012; neither a slow nor a broken one stops the stopping."""
    server = start_server(drain=how, config={"graceful_timeout": 1})
    clients = [Client.open(server.port) for _ in range(20)]
    server.process.terminate()
    server.wait_for_log("drain began with 20 sockets")
    assert [client.close_code() for client in clients] == [1012] * 20
    for client in clients:
        client.close()
    took = server.wait()
    log = server.log()
    print(f"{how}: stopped in {took:.2f} s")
    assert took < 5
    assert ("drain finished" in log) == (how == "batches")
    assert "lifespan shutdown ran" in log


ENDINGS = (
    frame(CLOSE, b"\x03\xe8"),
    frame(TEXT, b"\xff"),
    frame(TEXT, b"x", mask=False),
    frame(PING) * 300,
    frame(TEXT, b"close") + frame(CLOSE, b"\x0f\xaa"),
)


def test_nothing_left_to_the_collector(server: Server) -> None:
    """HOST-6: a connection is freed when it ends, not at the next collection, which stalls everybody."""
    pytest.importorskip("uvloop")  # asyncio's own transports leave cycles behind

    def collect() -> int:
        client = Client.tcp(server.port)
        client.send(b"GET /collect/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        client.ended()
        return int(client.buffer.split(b"\r\n\r\n")[1].split()[0])

    # The first round fills caches.
    for made in (0, 200):
        for n in range(made):
            client = Client.open(server.port, ("/ws/", "/listen/")[n % 2])
            client.echo(b"hello")
            client.send(ENDINGS[n // 2 % len(ENDINGS)])
            client.close_code()
            client.close()
        left = collect()
    print(f"objects in cycles after {made} connections: {left}")
    assert left < made


@pytest.mark.parametrize("ending", [*ENDINGS, frame(TEXT, b"x"), b""])
def test_a_listener_hears_of_the_end_once(start_server: StartServer, ending: bytes) -> None:
    """HOST-6: however the connection ends, and though its application has long returned."""
    server = start_server()
    client = Client.open(server.port, "/listen/")
    client.echo(b"hello")
    client.send(ending)
    if ending in ENDINGS:
        client.close_code()
    client.close()
    server.wait_for_log("heard of the end")
    server.stop()
    assert server.log().count("heard of the end") == 1
    assert "Traceback" not in server.log()


def _client_line(port: int, *extra: bytes) -> str:
    client = Client.open(port, "/client/", *extra)
    answer = client.read()
    assert answer is not None
    return answer[1].decode()


def test_forwarded_headers_need_a_named_proxy(start_server: StartServer) -> None:
    """HOST-16: nobody's forwarded headers are believed unless the peer is named."""
    spoof = (b"X-Forwarded-For: 6.6.6.6, 9.9.9.9, 127.0.0.1", b"X-Forwarded-Proto: https")
    assert _client_line(start_server().port, *spoof).startswith("('127.0.0.1', ")
    trusting = start_server(config={"trusted_proxies": ["127.0.0.1", "::1"]})
    assert _client_line(trusting.port, *spoof) == "('9.9.9.9', 0) wss"
    assert _client_line(trusting.port, b"X-Forwarded-For: \xff\xfe").startswith("('127.0.0.1', ")


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "expected"),
    [
        (["unix"], None, "6.6.6.6, 9.9.9.9", "9.9.9.9"),
        (["127.0.0.1"], None, "9.9.9.9", None),
        (["unix"], "127.0.0.1", "9.9.9.9", "127.0.0.1"),
        (["10.0.0.0/8"], "10.1.2.3", "6.6.6.6, 9.9.9.9, 10.7.7.7", "9.9.9.9"),
        (["10.0.0.0/8"], "11.1.2.3", "9.9.9.9", "11.1.2.3"),
        (["unix"], None, "9.9.9.9, junk", None),
        (["unix"], None, "[2001:db8::1]:443", "2001:db8::1"),
        (["unix"], None, "9.9.9.9:1234", "9.9.9.9"),
        (["127.0.0.1"], "::ffff:127.0.0.1", "9.9.9.9", "9.9.9.9"),
    ],
)
def test_trusted_proxies(trusted: list[str], peer: str | None, forwarded: str, expected: str | None) -> None:
    """HOST-16: the rightmost address that isn't a named proxy's is the client."""
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)

    scope: Any = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 1) if peer else None,
        "headers": [(b"x-forwarded-for", forwarded.encode())],
    }
    nothing: Any = None
    asyncio.run(TrustedProxies(app, trusted)(scope, nothing, nothing))
    assert (seen["client"][0] if seen["client"] else None) == expected


@pytest.mark.parametrize("wrong", ["*", "0.0.0.0/0", "::/0", "proxy.example"])
def test_everybody_is_no_proxy(wrong: str) -> None:
    """HOST-16: trusting everybody is refused when the server is configured."""
    with pytest.raises(ValueError, match=r"."):
        make_config("x:y", trusted_proxies=[wrong], log_config=None)


async def test_a_connection_has_what_uvicorn_gives_it() -> None:
    """Our protocol is made without uvicorn's ``__init__``: every attribute that it sets must be there."""
    config = make_config("hubbub.django.asgi:application", log_config=None)
    config.loaded, config.loaded_app, config.interface = True, None, "asgi3"
    theirs = vars(WebSocketsSansIOProtocol(config, ServerState(), {}))
    ours = HubbubWebSocketProtocol(config, ServerState(), {})
    nothing: Any = None
    ours.take_over(nothing, nothing, nothing, nothing)
    ours.connections.clear()
    same = {name for name in theirs if getattr(ours, name) == theirs[name]}
    assert set(theirs) - same == {"queue", "conn", "writable"}


def test_settings_by_default() -> None:
    """HOST-1, HOST-2: the limits stand in the configuration."""
    config = make_config("x:y", log_config=None)
    assert config.ws_max_size == 65_536
    assert config.ws_per_message_deflate is False
    assert (config.ws_ping_interval, config.ws_ping_timeout) == (20.0, 20.0)
    assert config.timeout_graceful_shutdown == 10
    assert (config.server_header, config.proxy_headers) == (False, False)
    assert config.backlog == 2048
