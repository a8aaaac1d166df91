"""A wire in front of a real server, which a test can cut, stall and make lossy."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Self

HOST = "127.0.0.1"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
CHUNK = 65536
"""Bytes that are read at once, and that the system keeps of what is held up."""

Change = Callable[[bytes], bytes]
"""What becomes of the bytes that a server says on one connection."""

Side = Literal["client", "server"]
"""Where the bytes go."""


class Link:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket, change: Change | None) -> None:
        self.ends = (client, server)
        self.is_socket = False
        """Whether it became a WebSocket; the others carry plain requests, one after the other."""
        self.deaf = False
        self._proxy = proxy
        self._change = change
        for source, target, to in ((client, server, "server"), (server, client, "client")):
            threading.Thread(target=self._pump, args=(source, target, to), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, to: Side) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self.is_socket = self.is_socket or b"upgrade: websocket" in data[:8192].lower()
                if self.is_socket and not self._proxy._sockets_pass:
                    self.reset()
                    return
                self._proxy._gates[to].wait()
                if to == "client" and self._change:
                    data = self._change(data)
                data, cut = self._proxy._spend(to, data)
                if not (to == "client" and self.deaf):
                    target.sendall(data)
                if cut:
                    self._proxy.cut()
                    return
            # The other direction may still have something to say.
            target.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        for end in self.ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """``with Proxy(server.port) as proxy:`` passes connections on to a port of this machine, until told not to.

    Connect to ``proxy.url``, ``proxy.ws_url`` or ``proxy.port`` in place of the server's own. ``change`` makes a
    function for each connection, through which goes what the server says.
    """

    def __init__(self, target: int, ws_path: str = "/ws/", *, change: Callable[[], Change] | None = None) -> None:
        self._target = target
        self._change = change
        self._sockets_pass = True
        self._links: list[Link] = []
        self._lock = threading.Lock()
        self._left: dict[Side, int | None] = {"client": None, "server": None}
        self._gates: dict[Side, threading.Event] = {"client": threading.Event(), "server": threading.Event()}
        self.resume()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self.ws_url = f"ws://{HOST}:{self.port}{ws_path}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.cut()
        self.resume()

    def cut(self) -> None:
        """Reset all connections, and refuse new ones."""
        # Without the shutdown a thread that waits in accept() would keep the port open.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.reset()

    def mend(self) -> None:
        """Let connections through again."""
        self._listener = self._listen(self.port)

    def cut_sockets(self) -> None:
        """Reset the WebSockets and refuse new ones, while pages still load."""
        self._sockets_pass = False
        with self._lock:
            sockets = [link for link in self._links if link.is_socket]
        for link in sockets:
            link.reset()

    def mend_sockets(self) -> None:
        """Let WebSockets through again."""
        self._sockets_pass = True

    def cut_after(self, count: int, *, to: Side) -> None:
        """Pass on ``count`` more bytes to one side, of all connections together, and ``cut`` then.

        A reply that is cut in the middle, or is lost though the command has arrived.
        """
        with self._lock:
            self._left[to] = count

    def stall(self, to: Side | None = None) -> None:
        """Hold up what goes to one side, or both ways, until ``resume``. Nothing is lost; buffers fill."""
        for side in (to,) if to else self._gates:
            self._gates[side].clear()

    def resume(self) -> None:
        for gate in self._gates.values():
            gate.set()

    def deafen(self) -> None:
        """Lose what the server says on the WebSockets that are open now. What the client says arrives."""
        with self._lock:
            for link in self._links:
                if link.is_socket:
                    link.deaf = True

    def _spend(self, to: Side, data: bytes) -> tuple[bytes, bool]:
        """What may still pass, and whether that was the last."""
        with self._lock:
            left = self._left[to]
            if left is None:
                return data, False
            if left > len(data):
                self._left[to] = left - len(data)
                return data, False
            self._left[to] = None
            return data[:left], True

    def _connect(self) -> socket.socket:
        server = socket.socket()
        # Before connecting, or the system keeps more: what is stalled has to reach the server.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)
        server.connect((HOST, self._target))
        return server

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server((HOST, port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                try:
                    server = self._connect()
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._links.append(Link(self, client, server, self._change() if self._change else None))
