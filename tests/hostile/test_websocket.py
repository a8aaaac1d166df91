"""Frames that a client may not send."""

from __future__ import annotations

import json
import subprocess
import time
import zlib
from collections.abc import Callable

import pytest

from hubbub.transports.uvicorn import HubbubWebSocketProtocol

from .conftest import Server, StartServer
from .wire import BINARY, CLOSE, CONT, PING, TEXT, Client, frame, handshake, noise, quantile, quantiles

MIB = 1024 * 1024


def warmed(server: Server) -> int:
    """Use every code path once, then forget the memory's peak; bytes used now."""
    for _ in range(20):
        client = Client.open(server.port)
        client.echo(b"x" * 65_536)
        client.send(frame(TEXT, b"\xff"))
        client.close_code()
        client.close()
    return server.reset_peak()


def test_huge_frame(server: Server) -> None:
    """HOST-1: a 10 MB frame is answered 1009, and is not kept in memory."""
    before = warmed(server)
    client = Client.open(server.port)
    client.send(frame(TEXT, b"x" * 10_000_000))
    code = client.close_code()
    grown = server.memory("VmHWM") - before
    print(f"10 MB frame: closed {code}, memory at its peak +{grown / MIB:.2f} MiB")
    assert code == 1009
    assert grown < 5 * MIB


def test_one_byte_too_many(server: Server) -> None:
    """HOST-1: 65,536 bytes pass, 65,537 don't; in one frame or in fragments."""
    client = Client.open(server.port)
    client.echo(noise(65_536))
    client.send(frame(TEXT, b"x" * 65_537))
    whole = client.close_code()
    client = Client.open(server.port)
    client.send(frame(TEXT, b"x" * 65_536, fin=False) + frame(CONT, b"x"))
    parts = client.close_code()
    print(f"65,536 bytes echoed; 65,537 closed {whole}, in fragments {parts}")
    assert (whole, parts) == (1009, 1009)


def test_deflate_bomb(server: Server) -> None:
    """HOST-2: compression is never negotiated, a compressed frame is answered 1002."""
    before = warmed(server)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(packer.compress(b"\0" * MIB) for _ in range(100)) + packer.flush()
    offer = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
    codes = []
    for data in (
        frame(BINARY, bomb[:60_000], fin=False, rsv1=True) + frame(CONT, bomb[60_000:]),
        frame(BINARY, bomb, rsv1=True),
    ):
        client = Client.tcp(server.port)
        client.send(handshake("/ws/", offer))
        assert b"extensions" not in client.head().lower()
        client.send(data)
        codes.append(client.close_code())
    grown = server.memory("VmHWM") - before
    print(
        f"100 MiB bomb in {len(bomb):,} bytes: closed {codes[0]} in fragments, "
        f"{codes[1]} whole, memory at its peak +{grown / MIB:.2f} MiB"
    )
    assert codes == [1002, 1009]
    assert grown < 5 * MIB


def test_fragments(server: Server) -> None:
    """HOST-3: 500,000 one-byte fragments end at the 1,025th; 1,024 are a message."""
    before = warmed(server)
    client = Client.open(server.port)
    client.send(frame(TEXT, b"x", fin=False) + frame(CONT, b"x", fin=False) * 1022 + frame(CONT, b"x"))
    assert client.read() == (TEXT, b"x" * 1024)
    codes = []
    for content, more in ((b"x", 1024), (b"", 1024), (b"x", 500_000), (b"", 500_000)):
        client = Client.open(server.port)
        client.send(frame(TEXT, content, fin=False) + frame(CONT, content, fin=False) * more)
        codes.append(client.close_code())
    grown = server.memory("VmHWM") - before
    print(f"1,025 and 500,001 fragments, of one byte or none: closed {codes}, peak +{grown / MIB:.2f} MiB")
    assert codes == [1009] * 4
    assert grown < 5 * MIB


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        pytest.param(frame(TEXT, b"hello", mask=False), 1002, id="unmasked"),
        pytest.param(frame(TEXT, b"\xc3\x28"), 1007, id="bad UTF-8"),
        pytest.param(frame(TEXT, b"\xed\xa0\x80"), 1007, id="surrogate"),
        pytest.param(frame(TEXT, b"\xff") + frame(CLOSE, b"\x03\xe8"), 1000, id="bad UTF-8, then close"),
        pytest.param(frame(PING, b"x" * 126), 1002, id="long ping"),
        pytest.param(frame(PING, fin=False), 1002, id="fragmented ping"),
        pytest.param(frame(CONT, b"x"), 1002, id="continues nothing"),
        pytest.param(frame(TEXT, b"x", fin=False) + frame(TEXT, b"x"), 1002, id="text in text"),
        pytest.param(frame(11), 1002, id="unknown opcode"),
        pytest.param(frame(CLOSE, b"\x03"), 1002, id="short close"),
        pytest.param(frame(CLOSE, b"\x03\xed"), 1002, id="close 1005"),
        pytest.param(frame(CLOSE, b"\x03\xe8\xff"), 1007, id="close, bad UTF-8"),
    ],
)
def test_broken_frames(server: Server, bad: bytes, expected: int) -> None:
    """HOST-4: frames against the protocol are answered 1002, text that isn't UTF-8 1007."""
    other = Client.open(server.port)
    client = Client.open(server.port)
    client.send(bad)
    assert client.close_code() == expected
    other.echo(b"still there")
    assert "Traceback" not in server.log()


def test_failed_client_reads_its_close_frame(server: Server) -> None:
    """HOST-5: a client that is still sending isn't reset: it gets its close frame, then the end."""
    good = 0
    for _ in range(20):
        client = Client.open(server.port)
        data = frame(TEXT, b"x" * 200_000)
        client.send(data[:10_000])
        code = client.close_code()
        pieces = []
        for start in range(10_000, len(data), 50_000):
            pieces.append(client.send(data[start : start + 50_000]))
            time.sleep(0.01)  # a slow link: the rest comes after the server has given up
        good += code == 1009 and all(pieces)
        client.close()
    print(f"close frames that came through, without a reset: {good} of 20")
    assert good == 20


def test_failed_client_that_sends_on(server: Server) -> None:
    """HOST-5: it is read no further than 256 KiB, and closed after a second."""
    client = Client.open(server.port)
    start = time.monotonic()
    client.send(frame(TEXT, b"\xff"))
    while client.send(b"\0" * 65_536):
        assert time.monotonic() - start < 10
    took = time.monotonic() - start
    print(f"cut off after {took:.2f} s")
    # 1002 where the zeros, an unmasked frame, came in the same read.
    log = server.wait_for_log("client fault")
    assert "disconnect 1007" in log or "disconnect 1002" in log


def test_ping_flood(server: Server, flood: Callable[..., subprocess.Popen[bytes]]) -> None:
    """HOST-6: a flood of pings is cut after a burst of 100, again and again; nothing of it stays."""
    client = Client.open(server.port)
    client.send(frame(PING, b"p") * 50_000)
    pongs = 0
    while (answer := client.read()) is not None and answer[0] != CLOSE:
        pongs += 1
    code = int.from_bytes(answer[1][:2], "big") if answer else 1006
    print(f"50,000 pings: {pongs} pongs, closed {code}")
    assert code == 1008
    assert 100 <= pongs <= 110
    other, before = Client.open(server.port), warmed(server)
    flooder = flood(server.port, 2, "ping")
    beside = other.echoes(running(flooder))
    seen = json.loads(flooder.communicate()[0])
    grown = server.memory("VmHWM") - before
    print(
        f"2 s of flood: {seen['sent']:,} pings, connections closed {seen['codes']}; {len(beside)} echoes of another, "
        f"{quantiles(beside)}; memory at its peak +{grown / MIB:.2f} MiB"
    )
    assert seen["codes"].keys() == {"1008"}
    assert seen["opened"] > 10
    assert len(beside) > 50
    assert grown < 5 * MIB


@pytest.mark.slow
@pytest.mark.long
def test_others_beside_a_ping_flood(start_server: StartServer, flood: Callable[..., subprocess.Popen[bytes]]) -> None:
    """HOST-6: 10 s of 50,000 pings a second and more, and nobody else waits longer than for the machine's own load."""
    server, elsewhere = start_server(), start_server()
    other = Client.open(server.port)
    print(f"echo alone: {quantiles(other.echoes(lambda: True, most=300))}")
    found = {}
    # The flood of another server shows what the machine's own load costs.
    for name, target in (("another server", elsewhere), ("this server", server)):
        flooder = flood(target.port, 10, "ping")
        beside = other.echoes(running(flooder))
        seen = json.loads(flooder.communicate()[0])
        found[name] = quantile(beside, 0.99)
        rate = seen["sent"] / 10
        print(f"10 s of flood, {name}: {rate:,.0f} pings/s, {len(beside)} echoes, {quantiles(beside)}; {seen}")
        assert rate >= 50_000
        assert seen["codes"].keys() == {"1008"}
    # A handshake and a burst of pings cost 2 ms each, and there are some dozen of them a second.
    assert found["this server"] < found["another server"] * 1.5 + 0.02


def running(process: subprocess.Popen[bytes]) -> Callable[[], bool]:
    """A function that tells whether the process still runs."""
    return lambda: process.poll() is None


def test_pings_in_moderation(server: Server) -> None:
    """HOST-6: pings at a rate that a keepalive may have are answered for ever."""
    client = Client.open(server.port)
    for _ in range(5):
        client.send(frame(PING, b"hi") * 15)
        for _ in range(15):
            assert client.read() == (10, b"hi")
        time.sleep(0.1)  # not a wait for anything: the rate is the test
    client.echo(b"alive")


def test_message_flood(start_server: StartServer, flood: Callable[..., subprocess.Popen[bytes]]) -> None:
    """HOST-7: input is parsed 2 KiB a turn, so that a flood of messages is one client's share."""
    figures = {}
    for name, size in (("sliced", HubbubWebSocketProtocol.slice_size), ("unsliced", 1 << 30)):
        server = start_server(ws={"slice_size": size})
        other = Client.open(server.port)
        before = server.reset_peak()
        flooder = flood(server.port, 3, "text")
        took = other.echoes(running(flooder))
        grown = server.memory("VmHWM") - before
        figures[name] = quantile(took, 0.99)
        print(
            f"{name}: echo beside a flood of empty messages {quantiles(took)}, "
            f"memory at its peak +{grown / MIB:.1f} MiB"
        )
    assert figures["sliced"] < figures["unsliced"]


def test_large_batch_keeps_its_order(server: Server) -> None:
    """HOST-7: nothing is lost or reordered when a read holds many messages."""
    for path in ("/ws/", "/frames/", "/listen/"):
        client = Client.open(server.port, path)
        texts = [b"%d" % n + b"." * (n % 300) for n in range(3000)]
        data = b"".join(frame(TEXT, text) for text in texts)
        split = frame(TEXT, b"\xc3", fin=False) + frame(CONT, b"\xa9")
        client.send(data + split)
        assert [client.read() for _ in texts] == [(TEXT, text) for text in texts]
        assert client.read() == (TEXT, "é".encode())
        client.send(frame(CLOSE, b"\x03\xe8"))
        assert client.close_code() == 1000


def test_nothing_comes_behind_the_close_frame(server: Server) -> None:
    """RFC 6455, section 5.5.1, also where a listener answers what came before it, in the same read."""
    client = Client.open(server.port, "/listen/")
    client.echo(b"begin")
    client.send(frame(PING, b"p") + frame(TEXT, b"last") + frame(CLOSE, b"\x03\xe8"))
    assert [client.read(), client.read(), client.read()] == [(10, b"p"), (CLOSE, b"\x03\xe8"), None]


@pytest.mark.parametrize("end", [b"\xff", b"close"], ids=["a fault of the client's", "closed by the application"])
def test_client_that_stops_reading(start_server: StartServer, end: bytes) -> None:
    """HOST-8: what it isn't sent is bounded, and closing doesn't wait for it for ever."""
    server = start_server(ws={"abort_after": 0.5, "linger": 0.2})
    client = Client.open(server.port, "/flood/")
    server.wait_for_log("drain waits")
    line = next(line for line in server.log().splitlines() if "drain waits" in line)
    # The application waits for messages now. Either closes the socket, whose buffer never drains.
    client.send(frame(TEXT, end))
    until = time.monotonic() + 10
    while _established(server.port):
        assert time.monotonic() < until, "the socket outlived its time"
        time.sleep(0.05)
    print(line.split("app")[-1], "- and the socket was aborted")
    buffered = int(line.split("at most ")[1].split()[0])
    assert buffered < MIB


def _established(port: int) -> bool:
    """True while the server's side of a connection to the port is open."""
    with open("/proc/net/tcp") as table:
        rows = [row.split() for row in table.readlines()[1:]]
    return any(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def test_reader_that_waits(start_server: StartServer) -> None:
    """HOST-9: a pong that the server itself doesn't read isn't held against the client."""
    server = start_server(ping=0.2, config={"graceful_timeout": 1})
    client = Client.open(server.port, "/stall/")
    start = time.monotonic()
    client.send(frame(TEXT, b"unread"))
    found = client.close_code()
    took = time.monotonic() - start
    print(f"6 time-outs of 0.2 s excused: closed {found} after {took:.2f} s")
    assert found == 1011
    assert took > 1.2
