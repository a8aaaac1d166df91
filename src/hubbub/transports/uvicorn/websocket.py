"""The WebSocket protocol class: uvicorn's sans-I/O one, hardened.

What it adds, and why:

* Bounds on fragments and control frames (:mod:`.parser`); all client faults share one
  log line a second (:mod:`.faults`) and never become tracebacks.
* Input is parsed in slices. uvicorn parses all that one read brought (256 KiB may be
  43,000 messages) before anybody else's turn, and keeps an object for each.
* A short way through the handshake (:mod:`.handshake`).
* Endings that reach the client and leave nothing behind (:mod:`.closing`).
* The frame writer (:mod:`.frames`) as an ASGI extension, and shared compression (:mod:`.compression`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.server import ServerState
from websockets.frames import CloseCode
from websockets.protocol import State

from . import faults
from .handshake import HandshakeProtocol
from .idle import Listener

if TYPE_CHECKING:
    from collections.abc import Callable

    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent

MAX_MESSAGE: Final = 65_536
"""Bytes of the largest message that a client may send; one more is answered 1009."""


class HubbubWebSocketProtocol(HandshakeProtocol):
    """One WebSocket connection.

    Attributes:
        slice_size: bytes that are parsed in one turn of the event loop.
    """

    slice_size: ClassVar[int] = 2048

    __slots__ = ("_feeding", "_inbox")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._inbox = bytearray()
        self._feeding = False

    # Input ---------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parse what the client sent, or drop it where the connection has failed."""
        if self._failed:
            self.drop(len(data))
        elif self._inbox or len(data) > self.slice_size:
            self._inbox += data
            if not self._feeding:
                self._feed()
        else:
            self._parse(data)

    def _feed(self) -> None:
        """Parse slices of the inbox until a message waits for the application."""
        self._feeding = False
        while self._inbox and (self.close_sent or self.queue.empty()) and not self._ended():
            piece = bytes(self._inbox[: self.slice_size])
            del self._inbox[: self.slice_size]
            self._parse(piece)
            if self.close_sent or self._listener:
                break  # no message waits for the application: nothing else ends this turn
        if self._ended():
            self._inbox.clear()
        elif self._inbox:
            if not self.read_paused:
                self.read_paused = True
                self.transport.pause_reading()
            if self.close_sent or self._listener:
                self._feed_soon()
        elif self.read_paused and (self.close_sent or self.queue.empty()):
            self.read_paused = False
            self.transport.resume_reading()

    def _ended(self) -> bool:
        return self._failed or self.transport.is_closing()

    def _feed_soon(self) -> None:
        # Through the loop and not at once: an application that reads in a loop would
        # never yield otherwise while the inbox holds messages.
        if self._inbox and not self._feeding:
            self._feeding = True
            self.loop.call_soon(self._feed)

    def _parse(self, data: bytes) -> None:
        if not self.handshake_complete:
            # RFC 6455, section 4.1: a client waits for the handshake's answer. What comes
            # before is a broken client or an attempt at request smuggling.
            self.reject("data before the handshake was answered")
            return
        try:
            if (text := self.conn.whole_text(data)) is not None:
                self._take_text(text)
                return
            super().data_received(data)
        except Exception:
            faults.logger.exception("unexpected error while reading a WebSocket")
            self.fail(CloseCode.INTERNAL_ERROR, "internal error")

    def listen(self, receive: Callable[[str | None], None], ended: Callable[[], None]) -> None:
        """Hand messages to ``receive`` from now on, see :class:`.frames.FrameWriter`."""
        queue, self.queue = self.queue, cast("Any", Listener(receive, ended))
        while not queue.empty():
            self.queue.put_nowait(queue.get_nowait())
        if self.read_paused:
            self._resume()

    @property
    def _listener(self) -> Listener | None:
        queue: object = self.queue
        return queue if type(queue) is Listener else None

    def _resume(self) -> None:
        if self._inbox:
            self._feed_soon()
        elif not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    async def receive(self) -> ASGIReceiveEvent:
        """ASGI receive. Reading goes on once the application has taken every message.

        Raises:
            RuntimeError: the messages go to a listener.
        """
        if self._listener:
            raise RuntimeError("the messages of this connection go to a listener")
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self._resume()
        return message

    # Events of the parser --------------------------------------------------------------

    def handle_events(self) -> None:
        """Handle what was parsed; where that ended the connection, nothing more goes directly to the client."""
        if self.conn.state is not State.OPEN:
            self.steer()
        super().handle_events()

    def send_receive_event_to_app(self) -> None:
        """Queue a complete message, or hand it to the listener."""
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "text":
            self._take_text(data)
        elif listener := self._listener:
            listener.take(None)
        else:
            self.queue.put_nowait({"type": "websocket.receive", "bytes": bytes(data)})
            self._wait_for_the_application()

    def _take_text(self, data: bytes) -> None:
        """Take a text message; one that isn't UTF-8 fails the connection, 1007."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self.fail(CloseCode.INVALID_DATA, "invalid UTF-8")
            return
        if listener := self._listener:
            listener.take(text)
        else:
            self.queue.put_nowait({"type": "websocket.receive", "text": text})
            self._wait_for_the_application()

    def _wait_for_the_application(self) -> None:
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def handle_ping(self) -> None:
        """Send the pong, unless an earlier frame of the same read failed the connection."""
        if not self._failed:
            super().handle_ping()

    # Output ----------------------------------------------------------------------------

    async def send(self, message: ASGISendEvent) -> None:
        """ASGI send.

        Raises:
            OSError: the connection is closed or failed.
        """
        if message["type"] == "websocket.close":
            self._abort_later()  # who doesn't read never takes the close frame
        await self.writable.wait()
        if self.disconnected:
            raise ClientDisconnected
        if message["type"] == "websocket.accept" and not self.handshake_complete and self.initial_response is None:
            self.let_in(message)
        else:
            await super().send(message)
        if message["type"] != "websocket.send":
            self.handshake_over()
            self.steer()
        if message["type"] == "websocket.close":
            self._feed_soon()  # the client's close frame may lie in the inbox
        elif self._going_down and self.handshake_complete:
            self._going_down = False
            self.shutdown()
