"""A wire between browser and server that a test can cut."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

HOST = "127.0.0.1"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Link:
    """One connection through the proxy."""

    def __init__(self, browser: socket.socket, server: socket.socket, sockets_pass: threading.Event) -> None:
        self.ends = (browser, server)
        self._sockets_pass = sockets_pass
        self.is_socket = False
        """Whether it became a WebSocket; the others carry plain requests, one after the other."""
        self.deaf = False
        for source, target, to_browser in ((browser, server, False), (server, browser, True)):
            threading.Thread(target=self._pump, args=(source, target, to_browser), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, to_browser: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.is_socket = self.is_socket or b"upgrade: websocket" in data[:8192].lower()
                if self.is_socket and not self._sockets_pass.is_set():
                    return self.reset()
                if not (to_browser and self.deaf):
                    target.sendall(data)
            # The other direction may still have something to say.
            target.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        for end in self.ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Passes connections on to a server's port, until it is told not to."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._links: list[Link] = []
        self._lock = threading.Lock()
        self._sockets_pass = threading.Event()
        self._sockets_pass.set()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"

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
        self._sockets_pass.clear()
        with self._lock:
            sockets = [link for link in self._links if link.is_socket]
        for link in sockets:
            link.reset()

    def mend_sockets(self) -> None:
        """Let WebSockets through again."""
        self._sockets_pass.set()

    def deafen(self) -> None:
        """Lose what the server says on the WebSockets that are open now. What the browser says arrives."""
        with self._lock:
            for link in self._links:
                if link.is_socket:
                    link.deaf = True

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server((HOST, port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                browser, _ = listener.accept()
                try:
                    server = socket.create_connection((HOST, self._target))
                except OSError:
                    browser.close()
                    continue
                with self._lock:
                    self._links.append(Link(browser, server, self._sockets_pass))
