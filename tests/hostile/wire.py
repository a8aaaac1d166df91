"""A WebSocket client that does what it shouldn't: raw sockets, every bit settable."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

KEY = "dGhlIHNhbXBsZSBub25jZQ=="

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv1: bool = False, mask: bool = True) -> bytes:
    """Encode one client frame. The masking key is zero: the payload goes as it is."""
    head = bytes([(0x80 if fin else 0) | (0x40 if rsv1 else 0) | opcode])
    bit = 0x80 if mask else 0
    size = len(payload)
    if size < 126:
        head += bytes([bit | size])
    elif size < 65536:
        head += bytes([bit | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + size.to_bytes(8, "big")
    return head + (b"\0\0\0\0" if mask else b"") + payload


def handshake(path: str = "/ws/", *extra: bytes) -> bytes:
    """A handshake request with more header lines, given as bytes without line ends."""
    lines = [
        f"GET {path} HTTP/1.1".encode("latin-1"),
        b"Host: localhost",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        f"Sec-WebSocket-Key: {KEY}".encode(),
        b"Sec-WebSocket-Version: 13",
        *extra,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


@dataclass
class Client:
    """One TCP connection to the server."""

    sock: socket.socket
    buffer: bytearray = field(default_factory=bytearray)

    @classmethod
    def tcp(cls, port: int, timeout: float = 10.0) -> Client:
        """Connect, without a handshake."""
        sock = socket.create_connection(("127.0.0.1", port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(sock)

    @classmethod
    def open(cls, port: int, path: str = "/ws/", *extra: bytes) -> Client:
        """Connect and complete the handshake."""
        client = cls.tcp(port)
        client.send(handshake(path, *extra))
        status = client.status()
        assert status == 101, status
        return client

    def send(self, data: bytes) -> bool:
        """Send all; False if the server cut the connection meanwhile."""
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def fill(self) -> bool:
        """Read some more; False at the end."""
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def take(self, size: int) -> bytes | None:
        """Exactly so many bytes, or None at the end."""
        while len(self.buffer) < size:
            if not self.fill():
                return None
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def head(self) -> bytes:
        """An HTTP answer's header, or whatever came before the end."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.fill():
                break
        end = self.buffer.find(b"\r\n\r\n") + 4
        end = end if end >= 4 else len(self.buffer)
        data = bytes(self.buffer[:end])
        del self.buffer[:end]
        return data

    def status(self) -> int:
        """Status of the HTTP answer; 0 if the connection ended without one."""
        head = self.head()
        return int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/1.1 ") else 0

    def read(self) -> tuple[int, bytes] | None:
        """The next frame's opcode and payload, or None at the end."""
        head = self.take(2)
        if head is None:
            return None
        size = head[1]
        if size == 126:
            size = int.from_bytes(self.take(2) or b"", "big")
        elif size == 127:
            size = int.from_bytes(self.take(8) or b"", "big")
        payload = self.take(size)
        return None if payload is None else (head[0] & 0x0F, payload)

    def echo(self, text: bytes) -> float:
        """Send one message, wait for its echo; seconds between."""
        start = time.perf_counter()
        assert self.send(frame(TEXT, text))
        while (answer := self.read()) is not None:
            if answer[0] == TEXT:
                assert answer[1] == text
                return time.perf_counter() - start
        raise AssertionError("the connection ended before the echo")

    def echoes(self, going: Callable[[], bool], most: int = 100_000) -> list[float]:
        """Echo a message every 10 ms while ``going()``; seconds from when each was due.

        At a fixed rate and from the due time, so that one long stall counts for all the
        messages that it delayed, and not as one slow answer among thousands.
        """
        took: list[float] = []
        due = time.perf_counter()
        while len(took) < most and going():
            due += 0.01
            time.sleep(max(0.0, due - time.perf_counter()))
            self.echo(b"%d" % len(took))
            took.append(time.perf_counter() - due)
        return took

    def close_code(self) -> int:
        """Read to the close frame: its code; 1006 if the connection ended without one."""
        while (answer := self.read()) is not None:
            if answer[0] == CLOSE:
                return int.from_bytes(answer[1][:2], "big") if answer[1] else 1005
        return 1006

    def ended(self) -> bool:
        """Read on; True when the server closed the connection, False at the time-out."""
        try:
            while self.fill():
                pass
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()


def quantile(values: list[float], part: float) -> float:
    """The value that ``part`` of all lie below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def quantiles(seconds: list[float]) -> str:
    """The median and the 99th percentile, to be read."""
    return f"p50 {quantile(seconds, 0.5) * 1e3:.2f} ms, p99 {quantile(seconds, 0.99) * 1e3:.2f} ms"


def noise(size: int) -> bytes:
    """ASCII text of so many bytes that doesn't compress well."""
    return os.urandom(size // 2 + 1).hex()[:size].encode()
