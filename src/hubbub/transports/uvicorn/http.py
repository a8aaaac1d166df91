"""The HTTP protocol class: uvicorn's httptools one, with time-outs and limits.

uvicorn waits for ever for a request's header or body and sets no limit on either's
buffering before the application runs. Here a client must finish the header in time, send
a body at a least rate and read its answer; else the connection is closed. A WebSocket's
handshake is an HTTP request, so a half-open one ends here as well.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hubbub.protocol.errors import TooLong

from . import faults

if TYPE_CHECKING:
    from .server import HubbubConfig
    from .websocket import HubbubWebSocketProtocol


class _RefusedError(Exception):
    """Raised inside a parser callback; httptools wraps it in an HttpParserError."""


class HubbubHTTPProtocol(HttpToolsProtocol):
    """One HTTP connection, until a WebSocket handshake hands it over.

    Attributes:
        header_timeout: seconds from the connection (or from a later request's first byte)
            to the end of the header, however steadily bytes trickle in.
        body_window: seconds of one look at the body's progress.
        body_min_rate: bytes per second that a body must come at; two windows below it in a
            row end the request. Time that the application itself doesn't read is excused.
        write_timeout: seconds that a client may leave the answer unread.
        max_head_size: bytes of request line and header.
        max_handshake_line: bytes of the target, or of one header field, of a WebSocket's handshake.
        max_headers: header fields of one request.
        max_pipelined: requests that may wait for the answer to an earlier one.
        max_body: bytes of a body; one more is answered 413. Anybody can send one, and Django
            writes what is large to a disk.
        max_unread: bytes of a body that are still read when the answer is out already.
        linger: seconds that a refused client has to read why.
    """

    config: HubbubConfig

    header_timeout: ClassVar[float] = 10.0
    body_window: ClassVar[float] = 10.0
    body_min_rate: ClassVar[float] = 500.0
    write_timeout: ClassVar[float] = 60.0
    max_head_size: ClassVar[int] = 65_536
    max_handshake_line: ClassVar[int] = 8192
    max_headers: ClassVar[int] = 128
    max_pipelined: ClassVar[int] = 16
    max_body: ClassVar[int] = 3 * 1024 * 1024
    max_unread: ClassVar[int] = 262_144
    linger: ClassVar[float] = 1.0

    _in_head = True
    _head_bytes = 0
    _ended_in_feed = False
    _refused = False
    _waiting = False
    _body_size = 0
    _body_bytes = 0
    _slow_windows = 0
    _unread = 0
    _refusal = HTTPStatus.BAD_REQUEST
    _head_timer: asyncio.TimerHandle | None = None
    _body_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _linger_timer: asyncio.TimerHandle | None = None

    # Connection ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: the header is due."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self.header_timeout, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._stop_timers()
        self._unset_keepalive_if_required()
        if self._waiting:
            self.config.admission.forget(self)
        super().connection_lost(exc)

    def _stop_timers(self) -> None:
        for timer in (self._head_timer, self._body_timer, self._write_timer, self._linger_timer):
            if timer is not None:
                timer.cancel()
        self._head_timer = self._body_timer = self._write_timer = self._linger_timer = None

    # Input -----------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parse what came. In place of uvicorn's: that one logs a line for each bad request."""
        if self.transport.is_closing():
            return
        if self._refused:
            self._drop(len(data))
            return
        if self._waiting:  # A client waits for the handshake's answer, see HubbubWebSocketProtocol.
            self.config.admission.forget(self)
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        self._unset_keepalive_if_required()
        if self._in_head and self._head_timer is None:
            self._head_timer = self.loop.call_later(self.header_timeout, self._head_late)
        self._ended_in_feed = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(len(data) > int(upgrade.args[0]))
            return
        except httptools.HttpParserError:
            self._refuse(self._refusal)
            return
        if not self._in_head:
            if self._body_timer is None:
                self._body_timer = self.loop.call_later(self.body_window, self._check_body)
        elif not self._ended_in_feed:
            # Bytes of one read that follow an earlier request's end aren't counted; a read
            # is at most 256 KiB, so what is kept stays bounded all the same.
            self._head_bytes += len(data)
            if self._head_bytes > self.max_head_size:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _upgrade(self, early_data: bool) -> None:
        if not self._should_upgrade():
            # The request was served as plain HTTP; what follows can't be told apart from
            # the other protocol's first bytes.
            faults.report(self._peer(), "unsupported upgrade", 0)
            if self.cycle is not None:
                self.cycle.keep_alive = False
        elif early_data:
            self._refuse(HTTPStatus.BAD_REQUEST)
        else:
            self.handle_websocket_upgrade()

    def handle_websocket_upgrade(self) -> None:
        """Ask for admission. In place of uvicorn's, which begins every handshake at once."""
        if self._answering() or self.flow.write_paused:
            # A client that waits for the answer to its handshake has read what came before.
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        if len(self.url) > self.max_handshake_line:
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG)
            return
        if any(len(name) + len(value) > self.max_handshake_line for name, value in self.headers):
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return
        self._stop_timers()
        self._waiting = True
        self.config.admission.enter(self)

    def admitted(self) -> None:
        """Hand the connection over to the WebSocket protocol class, with the request as it was parsed here.

        uvicorn would write the request down again for the other class to parse.
        """
        self._waiting = False
        make: Any = self.ws_protocol_class
        protocol: HubbubWebSocketProtocol = make(self.config, self.server_state, self.app_state)
        protocol.take_over(self.transport, self.server, self.client, "wss" if self.scheme == "https" else "ws")
        self.connections.discard(self)
        self.transport.set_protocol(protocol)
        protocol.shake_hands(self.config.admission, self.scope["method"], self.url, self.headers)
        # The parser refers back to this object; without it, both are freed at once.
        self.parser = None  # type: ignore[assignment]

    def turned_away(self, retry_after: int) -> None:
        """Answer 503: too many come at once, or the server is stopping."""
        self._waiting = False
        self._answer(HTTPStatus.SERVICE_UNAVAILABLE, b"Retry-After: %d\r\n" % retry_after)

    # Parser callbacks --------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins."""
        if len(self.pipeline) >= self.max_pipelined:
            raise _RefusedError
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header field.

        Names with an underscore are dropped, as nginx does: WSGI-style environments can't
        tell ``X_Forwarded_For`` from ``X-Forwarded-For``, so that a proxy's check of the
        one would let the other through.
        """
        if len(self.headers) >= self.max_headers:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise _RefusedError
        if b"_" not in name:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The header came in time; check its size, then start the application."""
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        self._in_head = False
        self._head_bytes = self._body_bytes = self._body_size = self._slow_windows = self._unread = 0
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self.max_head_size:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise _RefusedError
        # The parser has made sure that it is a number, and the only one.
        if any(name == b"content-length" and int(value) > self.max_body for name, value in self.headers):
            self._refusal = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise _RefusedError
        super().on_headers_complete()
        if self.config.admission.closed and self.cycle is not None:
            self.cycle.keep_alive = False  # The server is stopping: the next request goes to another.

    def on_body(self, body: bytes) -> None:
        """A piece of the body came."""
        self._body_bytes += len(body)
        self._body_size += len(body)
        if self.cycle is not None and self.cycle.response_complete:
            # Answered without the body (413, say): don't read a film that nobody wants.
            self._unread += len(body)
            if self._unread > self.max_unread:
                self.transport.close()
        elif self._body_size > self.max_body:
            self._refusal = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise _RefusedError
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete; the next one's header may follow."""
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None
        self._in_head = self._ended_in_feed = True
        super().on_message_complete()

    # Time-outs -----------------------------------------------------------------------------

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _head_late(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self._answering():
            # A stray line end after the last request mustn't cut off a long answer.
            self._head_timer = self.loop.call_later(self.header_timeout, self._head_late)
        elif self._head_bytes:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            # Browsers open sockets in advance: nothing was asked, nothing is answered.
            self.transport.close()

    def _check_body(self) -> None:
        self._body_timer = None
        if self._in_head or self.transport.is_closing():
            return
        excused = self.flow.read_paused or self.cycle.waiting_for_100_continue
        slow = self._body_bytes < self.body_min_rate * self.body_window and not excused
        self._slow_windows = self._slow_windows + 1 if slow else 0
        self._body_bytes = 0
        if self._slow_windows >= 2:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._body_timer = self.loop.call_later(self.body_window, self._check_body)

    def pause_writing(self) -> None:
        """The client doesn't read as fast as we write."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.write_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

    # Refusals ------------------------------------------------------------------------------

    def _peer(self) -> str:
        return f"{self.client[0]}:{self.client[1]}" if self.client else ""

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer with an error, if there is room for an answer, and close."""
        faults.report(self._peer(), f"HTTP request refused, {status.phrase}", int(status))
        self._stop_timers()
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            begun = cycle.response_started
            cycle.disconnected = True
            cycle.message_event.set()
            if begun:
                # In the middle of another answer: anything written would be part of it.
                self.transport.abort()
                return
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            body = json.dumps(TooLong(f"The body is over {self.max_body} bytes.").body()).encode()
            self._answer(status, b"Content-Type: application/json\r\n", body)
        else:
            self._answer(status)

    def _answer(self, status: HTTPStatus, headers: bytes = b"", body: bytes = b"") -> None:
        """Write an answer of our own, and close."""
        self.transport.write(
            b"HTTP/1.1 %d %s\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n%s"
            % (status, status.phrase.encode("ascii"), headers, len(body), body)
        )
        self._end_gently()

    def _end_gently(self) -> None:
        """Half-close, drop further input for a moment, then close: a reset would overtake the answer."""
        self._refused = True
        self._unread = 0
        self._linger_timer = self.loop.call_later(self.linger, self.transport.close)
        if self.transport.can_write_eof():  # not under TLS
            self.transport.write_eof()
        # The application may have left the body unread.
        self.flow.resume_reading()

    def _drop(self, size: int) -> None:
        """Count input of a refused client; stop reading when it sends on and on."""
        self._unread += size
        if self._unread > self.max_unread:
            self.flow.pause_reading()
