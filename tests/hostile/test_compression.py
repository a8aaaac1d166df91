"""Compression that was agreed to, and what a client may not do with it (rule HOST-2)."""

from __future__ import annotations

import random
import zlib

import pytest
from websockets.sync.client import connect

from hubbub.transports.uvicorn.compression import LEAST, WINDOW_BITS, compressed_frame
from hubbub.transports.uvicorn.frames import text_frame

from .conftest import Server, StartServer
from .test_websocket import MIB, warmed
from .wire import BINARY, CONT, TEXT, Client, frame, handshake

OFFER = b"Sec-WebSocket-Extensions: "
BROWSER = OFFER + b"permessage-deflate; client_max_window_bits"
AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12"
WORDS = " ".join(f"event {number}" for number in range(200)).encode()


@pytest.fixture
def server(start_server: StartServer) -> Server:
    return start_server(config={"compression": True})


def deflated(data: bytes) -> bytes:
    """As a browser compresses a message."""
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def inflated(payload: bytes) -> bytes:
    """As a client reads it that keeps a window of what was agreed, and nothing of the message before."""
    return zlib.decompressobj(wbits=-WINDOW_BITS).decompress(payload + b"\0\0\xff\xff")


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        pytest.param(b"permessage-deflate; client_max_window_bits", AGREED, id="a browser"),
        pytest.param(b"permessage-deflate", AGREED, id="nothing said"),
        pytest.param(b"permessage-deflate; server_max_window_bits=15", AGREED, id="a window of any size"),
        pytest.param(b"permessage-deflate; server_max_window_bits=12", AGREED, id="a window of this size"),
        pytest.param(b"permessage-deflate; server_max_window_bits=11", None, id="a smaller one"),
        pytest.param(b"permessage-deflate; server_max_window_bits=8", None, id="the smallest"),
        pytest.param(
            b"permessage-deflate; server_max_window_bits=9, permessage-deflate", AGREED, id="a smaller one, or any"
        ),
        pytest.param(b"x-webkit-deflate-frame", None, id="another extension"),
    ],
)
def test_what_is_agreed(server: Server, offer: bytes, answer: str | None) -> None:
    client = Client.tcp(server.port)
    client.send(handshake("/ws/", OFFER + offer))
    head = client.head().decode().splitlines()
    assert head[0].split()[1] == "101"
    found = [line.split(": ")[1] for line in head if line.lower().startswith("sec-websocket-extensions")]
    assert found == ([answer] if answer else [])
    client.send(frame(TEXT, WORDS))
    found_type, payload = client.read() or (0, b"")
    assert found_type == TEXT
    assert (inflated(payload) if answer else payload) == WORDS


def test_both_ways(server: Server) -> None:
    """A client of another make says long and short things, one after the other, and gets them back."""
    chance = random.Random(7)
    with connect(f"ws://127.0.0.1:{server.port}/ws/", proxy=None) as client:
        assert client.protocol.extensions
        for size in (1, LEAST - 1, LEAST, 5000, 65_536):
            for text in ("x" * size, "".join(chance.choices("0123456789abcdef", k=size))):
                client.send(text)
                assert client.recv() == text


def test_a_frame_for_all() -> None:
    """Short and incompressible texts go as they are; the others unpack without what came before them."""
    noise = random.Random(7).randbytes(2000)
    assert compressed_frame(WORDS[: LEAST - 1]) == text_frame(WORDS[: LEAST - 1])
    assert compressed_frame(noise) == text_frame(noise)
    for text in (WORDS[:LEAST], WORDS, WORDS * 50):
        packed = compressed_frame(text)
        assert packed[0] == 0xC1
        assert len(packed) < len(text) / 2
        assert inflated(packed[4 if packed[1] == 126 else 2 :]) == text
    assert compressed_frame(bytes(WORDS)) is compressed_frame(WORDS)


def test_bomb(server: Server) -> None:
    """100 MiB of zeros, in one frame or in several: 1009, and unpacked no further than the limit."""
    for _ in range(20):
        client = Client.open(server.port, "/ws/", BROWSER)
        client.send(frame(TEXT, deflated(b"x" * 65_536), rsv1=True))
        assert client.read()
        client.close()
    before = warmed(server)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(packer.compress(b"\0" * MIB) for _ in range(100)) + packer.flush()
    small = deflated(b"\0" * 65_537)
    codes = []
    for data in (
        frame(BINARY, bomb[:60_000], fin=False, rsv1=True) + frame(CONT, bomb[60_000:]),
        frame(BINARY, bomb[:60_000], rsv1=True),
        frame(TEXT, small, rsv1=True),
        frame(TEXT, small[:20], fin=False, rsv1=True) + frame(CONT, small[20:]),
    ):
        client = Client.open(server.port, "/ws/", BROWSER)
        client.send(data)
        codes.append(client.close_code())
    grown = server.memory("VmHWM") - before
    print(f"bombs closed {codes}, memory at its peak +{grown / MIB:.2f} MiB")
    assert codes == [1009] * 4
    assert grown < 5 * MIB


def test_fragments_of_just_the_largest_size(server: Server) -> None:
    """HOST-1, HOST-2: what the first one unpacks to fills the limit, and the rest still waits inside the decoder."""
    data = deflated(b"\0" * 68_000)
    for cut in range(len(data)):
        unpacker = zlib.decompressobj(wbits=-15)
        if len(unpacker.decompress(data[:cut], 65_536)) == 65_536 and not unpacker.unconsumed_tail:
            break
    else:
        pytest.fail("no such fragment")
    client = Client.open(server.port, "/ws/", BROWSER)
    client.send(frame(TEXT, data[:cut], fin=False, rsv1=True) + frame(CONT, b""))
    assert client.close_code() == 1009


def test_what_is_not_compressed_right(server: Server) -> None:
    """A frame that doesn't unpack ends its connection, and no other."""
    other = Client.open(server.port, "/ws/", BROWSER)
    codes = []
    for data in (
        frame(TEXT, b"\xff\xff\xff\xff", rsv1=True),
        frame(TEXT, b"x", fin=False) + frame(CONT, deflated(b"x"), rsv1=True),
        frame(TEXT, deflated(b"\xc3\x28"), rsv1=True),
    ):
        client = Client.open(server.port, "/ws/", BROWSER)
        client.send(data)
        codes.append(client.close_code())
    assert codes[1:] == [1002, 1007]
    assert codes[0] in (1002, 1007)
    other.echo(b"still here")
    assert "Traceback" not in server.log()
