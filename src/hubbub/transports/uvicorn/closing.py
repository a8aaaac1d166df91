"""How a WebSocket connection ends, whoever ends it.

Three things that uvicorn's sans-I/O protocol leaves open:

* A failed client gets its close frame. Closing a socket with unread input makes the kernel
  reset it, which throws the close frame away; so the socket is half-closed, what still
  comes is dropped, and a moment later it is closed.
* A client that doesn't read can't keep a closed socket and its buffer alive: the transport
  waits for the buffer to drain, for ever, so it is aborted after a while.
* An application that sends to a client that is gone is told so (``OSError``), from the
  moment of the fault on. uvicorn raises ``RuntimeError``, and logs a traceback, until the
  socket is closed: a way for clients to flood the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected, get_client_addr
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import InvalidState
from websockets.frames import CloseCode, Frame
from websockets.protocol import State

from . import faults
from .compression import SharedDeflateFactory
from .frames import FrameWriter
from .idle import Gate, Listener
from .parser import BoundedServerProtocol

if TYPE_CHECKING:
    from collections.abc import Callable


class ClosingProtocol(WebSocketsSansIOProtocol):
    """The endings of a connection; :class:`.websocket.HubbubWebSocketProtocol` has the rest.

    Attributes:
        linger: seconds that a failed client has to read its close frame.
        linger_bytes: bytes that are read and dropped meanwhile; then reading stops.
        abort_after: seconds until a closed transport that can't flush is aborted; one, where the server is stopping.
        patience: keepalive time-outs in a row that are excused while the application
            leaves a message unread. Reading is paused then, so the pong that is missing
            may well lie in the kernel's buffer: the fault isn't the client's.
    """

    linger: ClassVar[float] = 1.0
    linger_bytes: ClassVar[int] = 262_144
    abort_after: ClassVar[float] = 10.0
    patience: ClassVar[int] = 6

    # uvicorn's attributes too: a dict for each connection would take four times as much.
    __slots__ = (
        "_abort_timer", "_dropped", "_excused", "_failed", "_going_down", "_lost", "_running",
        "_writer",
        "app", "app_state", "asgi_version", "client", "close_sent", "close_timeout", "close_timer", "config", "conn",
        "connections", "curr_msg_data_type", "default_headers", "disconnected", "frames", "handshake_complete",
        "handshake_initiated", "initial_response", "last_ping_rtt", "logger", "loop", "pending_ping_payload",
        "ping_interval", "ping_sent_at", "ping_timeout", "ping_timer", "pong_timer", "queue", "read_paused",
        "response", "root_path", "scheme", "scope", "server", "tasks", "transport", "writable",
    )  # fmt: skip

    conn: BoundedServerProtocol

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        # Not uvicorn's own: it makes a queue, an event and a parser too, and asks for 32 random bytes.
        self.config = config
        self.app = config.loaded_app
        self.loop = _loop or asyncio.get_event_loop()
        self.logger = logging.getLogger("uvicorn.error")
        self.root_path = config.root_path
        self.asgi_version = config.asgi_version
        self.app_state = app_state
        self.connections = server_state.connections
        self.tasks = server_state.tasks
        self.default_headers = server_state.default_headers
        self.queue = asyncio.Queue()
        self.conn = BoundedServerProtocol(
            extensions=(SharedDeflateFactory(),) if config.ws_per_message_deflate else (),
            max_size=config.ws_max_size,
            logger=faults.logger,
        )
        self.writable = Gate()  # type: ignore[assignment]
        self.handshake_initiated = self.handshake_complete = self.close_sent = self.disconnected = False
        self.initial_response = None
        self.read_paused = False
        self.frames = []
        self.curr_msg_data_type = "bytes"
        self.close_timer = None
        self.close_timeout = 10.0
        self.ping_interval = config.ws_ping_interval
        self.ping_timeout = config.ws_ping_timeout
        self.ping_timer = self.pong_timer = None
        self.pending_ping_payload = None
        self.ping_sent_at = self.last_ping_rtt = 0.0
        self._writer: FrameWriter | None = None
        self._failed = False
        self._lost = False
        self._running = False
        """Whether the application has begun and not returned yet."""
        self._going_down = False
        self._dropped = 0
        self._excused = 0
        self._abort_timer: asyncio.TimerHandle | None = None

    def steer(self) -> None:
        """Let the frame writer have the transport as long as frames may go there: never behind a close frame."""
        if self._writer is not None:
            open = self.conn.state is State.OPEN and self.handshake_complete and not self.disconnected
            free = open and self.writable.is_set() and not self.transport.is_closing()
            self._writer.direct = self.transport if free else None

    def pause_writing(self) -> None:
        """The transport's buffer is above its high-water mark: the client doesn't keep up."""
        super().pause_writing()
        self.steer()

    def resume_writing(self) -> None:
        """The client keeps up again."""
        super().resume_writing()
        self.steer()

    def peer(self) -> str:
        """``address:port`` of the client, for the log; "" where it is unknown."""
        if hasattr(self, "scope"):
            return get_client_addr(self.scope)
        return f"{self.client[0]}:{self.client[1]}" if self.client else ""

    # Faults of the client ----------------------------------------------------------------

    def reject(self, what: str) -> None:
        """Answer 400 where no handshake was completed, and close.

        Args:
            what: the fault, in words of ours.
        """
        if self.transport.is_closing() or self.initial_response is not None:
            return
        faults.report(self.peer(), what, 400)
        if not self.conn.eof_sent:
            self.conn.send_response(self.conn.reject(400, f"Bad request: {what}.\n"))
        output = b"".join(self.conn.data_to_send())
        # A request that can't be read at all leaves the library without an answer.
        self.transport.write(output or b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        self.handshake_complete = True
        self._end_gently(1006, "")

    def fail(self, code: CloseCode, reason: str) -> None:
        """Fail the connection: close frame, disconnect event, no more input or output.

        Args:
            code: the close code, unless a close frame was sent before.
            reason: at most 123 bytes, in words of ours.
        """
        if self._failed:
            return
        self.conn.fail(code, reason)
        sent = self.conn.close_sent
        answer = int(sent.code) if sent else 1006
        faults.report(self.peer(), reason, answer)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self._end_gently(answer, reason)

    def handle_parser_exception(self) -> None:
        """Pass on the parser's verdict: it has failed the connection already."""
        self.fail(CloseCode.PROTOCOL_ERROR, str(self.conn.parser_exc))

    def drop(self, size: int) -> None:
        """Count input of a failed client; stop reading when it sends on and on."""
        self._dropped += size
        if self._dropped > self.linger_bytes and not self.transport.is_closing():
            self.transport.pause_reading()

    def _end_gently(self, code: int, reason: str) -> None:
        """Half-close, drop further input for a moment, then close."""
        self._failed = self.close_sent = self.disconnected = True
        self.steer()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.writable.set()  # whoever waits to send learns at once that it is over
        self.stop_keepalive()
        self.frames = []
        self.conn.events.clear()
        if self.close_timer is not None:
            self.close_timer.cancel()
        # With a timer set, uvicorn doesn't close when the application returns.
        self.close_timer = self.loop.call_later(self.linger, self.transport.close)
        self._abort_later()
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():  # not under TLS
            self.transport.write_eof()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    # Other endings -------------------------------------------------------------------------

    def handle_pong(self, event: Frame) -> None:
        """Note a sign of life."""
        self._excused = 0
        super().handle_pong(event)

    def handle_close(self, event: Frame) -> None:
        """Answer a close frame, or finish the closing that the application began."""
        super().handle_close(event)
        self._abort_later()

    def keepalive_timeout(self) -> None:
        """Close 1011 when no pong came, unless it is us who didn't read it."""
        if self.close_sent or self.transport.is_closing():
            self.pong_timer = None
        elif self.read_paused and self._excused < self.patience and self.ping_timeout:
            self._excused += 1
            again: Callable[[], None] = self.keepalive_timeout
            self.pong_timer = self.loop.call_later(self.ping_timeout, again)
        else:
            super().keepalive_timeout()
            self.disconnected = True
            self.steer()
            self.writable.set()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1011})
            self._abort_later()

    def shutdown(self) -> None:
        """Close 1012 (service restart: reconnect and resume). Called by the server.

        A handshake that is in progress is finished first: a 500 would read as a failed
        deploy, 1012 right after accepting is what a client knows how to handle.
        """
        self.stop_keepalive()
        if self.handshake_complete:
            if self._abort_timer is not None:
                self._abort_timer.cancel()
            self._abort_timer = self.loop.call_later(self.linger + 1, self.transport.abort)
        if self._failed or self.transport.is_closing():
            return
        if not self.handshake_complete:
            self._going_down = True
        elif self.close_sent:
            super().shutdown()
        else:
            with contextlib.suppress(InvalidState):
                self.conn.send_close(CloseCode.SERVICE_RESTART)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self._end_gently(CloseCode.SERVICE_RESTART, "")

    # The application ----------------------------------------------------------------------

    async def run_asgi(self) -> None:
        """Run the application, then close, unless it has left the connection to a listener.

        In place of uvicorn's, which always closes.
        """
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
            self.send_500_response()
        else:
            if isinstance(self.queue, Listener):
                return
            if not self.handshake_complete:
                self.logger.error("ASGI callable returned without completing handshake.")
                self.send_500_response()
        if self.close_timer is None:
            self.transport.close()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Let go of the handshake; limit the socket's time, unless it is somebody else's now."""
        super().on_task_complete(task)
        self._running = False
        self.client = self.scope["client"]  # As a trusted proxy has it.
        del self.scope, self.response
        if not isinstance(self.queue, Listener) or self.transport.is_closing():
            self._abort_later()
        self._release()

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up: the socket is gone."""
        self._lost = self.disconnected = True
        self.steer()
        if self._abort_timer is not None:
            self._abort_timer.cancel()
            self._abort_timer = None
        super().connection_lost(exc)
        self._release()

    def _release(self) -> None:
        """Cut the reference cycles once socket and application are both done.

        The connection is then freed at once. Left to the garbage collector, a few hundred
        reconnects a second stall everybody for 0.2 s at a time.
        """
        if self._running or not self._lost:
            return
        self.conn.events.clear()
        self.conn.parser.close()
        self._writer = None
        # A stored exception's traceback holds the frame that holds the parser.
        self.conn.parser_exc = self.conn.handshake_exc = None

    def _abort_later(self) -> None:
        if self._abort_timer is None and not self._lost:
            delay = self.linger + self.abort_after
            self._abort_timer = self.loop.call_later(delay, self.transport.abort)
