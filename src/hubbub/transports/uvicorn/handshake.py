"""How a WebSocket connection begins: the request, the application's scope, the answer.

uvicorn's way is the library's: the request is parsed into objects, each header field is parsed again by a grammar of
its own, and the answer goes out by itself. Here what nearly every client sends is recognized as it stands, and what
the application says first goes out in the same write as the answer.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import unquote

from uvicorn.protocols.utils import get_client_addr, get_path_with_query_string
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.utils import accept_key

from . import faults
from .closing import ClosingProtocol
from .compression import compressed_frame
from .frames import EXTENSION, FrameWriter, text_frame

if TYPE_CHECKING:
    from uvicorn._types import WebSocketAcceptEvent, WebSocketScope

    from .admission import Admission

RawHeaders = list[tuple[bytes, bytes]]
"""Names in small letters, as the HTTP protocol has read them."""


class HandshakeProtocol(ClosingProtocol):
    """The beginning of a connection; :class:`.websocket.HubbubWebSocketProtocol` has the rest."""

    __slots__ = ("_admission",)

    def take_over(
        self, transport: asyncio.Transport, server: tuple[str, int | None] | None, client: tuple[str, int] | None,
        scheme: Literal["ws", "wss"],
    ) -> None:  # fmt: skip
        """Go on with a connection whose request the HTTP protocol has read; in place of ``connection_made``."""
        self.connections.add(self)
        self.transport, self.server, self.client, self.scheme = transport, server, client, scheme

    def shake_hands(self, admission: Admission, method: str, target: bytes, headers: RawHeaders) -> None:
        """Begin with a request that was admitted, and that the HTTP protocol has parsed, and bounded.

        A bad one is answered 4xx.
        """
        self._admission: Admission | None = admission
        try:
            path = target.decode("ascii")
            key = None if self.conn.available_extensions else usual_key(method, headers)
            if key is None:
                self.handle_connect(self.conn.request(method, target, headers))
            else:
                self.response = Response(101, "Switching Protocols", _answer_to(key))
                self._run(path, headers)
        except ValueError:
            self.reject("malformed handshake")
        except Exception:
            # The admission is this connection's by now: its end gives it back.
            self.logger.exception("A handshake could not begin.")
            self.transport.abort()

    def handshake_over(self) -> None:
        """However it ended: the next one may begin."""
        if self._admission is not None:
            self._admission.leave()
            self._admission = None

    def _end_gently(self, code: int, reason: str) -> None:
        self.handshake_over()
        super()._end_gently(code, reason)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self.handshake_over()
        super().connection_lost(exc)

    def handle_connect(self, event: Request) -> None:
        """Check a handshake field by field. In place of uvicorn's."""
        self.response = self.conn.accept(event)
        if self.response.status_code == 101:
            headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in event.headers.raw_items()]
            self._run(event.path, headers)
            return
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        self.conn.send_response(self.response)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
        faults.report(self.peer(), "malformed handshake", self.response.status_code)

    def _run(self, target: str, headers: RawHeaders) -> None:
        """Start the application, with the frame writer."""
        self.handshake_initiated = True
        path, _, query = target.partition("?")
        offered = [value.decode("latin-1") for name, value in headers if name == b"sec-websocket-protocol"]
        self._writer = FrameWriter(cast("Any", self), compressed_frame if self.conn.extensions else text_frame)
        self.scope: WebSocketScope = {
            "type": "websocket",
            "asgi": {"version": self.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": self.scheme,
            "server": self.server,
            "client": self.client,
            "root_path": self.root_path,
            "path": self.root_path + unquote(path),
            "raw_path": (self.root_path + path).encode("ascii"),
            "query_string": query.encode("ascii"),
            "headers": headers,
            "subprotocols": [token.strip() for tokens in offered for token in tokens.split(",")],
            "state": self.app_state.copy(),
            "extensions": {"websocket.http.response": {}, EXTENSION: cast("dict[object, object]", self._writer)},
        }
        self.queue.put_nowait({"type": "websocket.connect"})
        self._running = True
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)

    def let_in(self, message: WebSocketAcceptEvent) -> None:
        """Answer the handshake, and send what the writer was told to hold in the same write."""
        if self.logger.isEnabledFor(logging.INFO):
            path = get_path_with_query_string(self.scope)
            self.logger.info('%s - "WebSocket %s" [accepted]', get_client_addr(self.scope), path)
        headers = self.response.headers
        if "Date" in headers:
            del headers["Date"]  # The server's own is among those by default.
        for name, value in (*self.default_headers, *message.get("headers", ())):
            headers[name.decode("latin-1")] = value.decode("latin-1")
        if subprotocol := message.get("subprotocol"):
            headers["Sec-WebSocket-Protocol"] = subprotocol
        if not self.transport.is_closing():
            self.handshake_complete = True
            self.conn.send_response(self.response)
            held: Any = self._writer.release() if self._writer else ()
            self.transport.write(b"".join((*self.conn.data_to_send(), *held)))
            self.start_keepalive()


def usual_key(method: str, headers: RawHeaders) -> str | None:
    """The key of a handshake that is as RFC 6455, section 4.1, has it, word for word; None for any other."""
    fields = dict(headers)
    if (
        method != "GET"
        or len(fields) != len(headers)  # A field that comes twice.
        or fields.get(b"upgrade", b"").lower() != b"websocket"
        or fields.get(b"connection", b"").lower() not in (b"upgrade", b"keep-alive, upgrade")
        or fields.get(b"sec-websocket-version") != b"13"
        or not fields.keys().isdisjoint((b"sec-websocket-protocol", b"transfer-encoding", b"content-length"))
    ):
        return None
    key = fields.get(b"sec-websocket-key", b"").decode("ascii")
    return key if len(b64decode(key, validate=True)) == 16 else None


def _answer_to(key: str) -> Headers:
    headers = Headers()
    headers["Upgrade"] = "websocket"
    headers["Connection"] = "Upgrade"
    headers["Sec-WebSocket-Accept"] = accept_key(key)
    return headers
