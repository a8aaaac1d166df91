"""The WebSocket parser with two more bounds, fragments and control frames, and a short way for a short message.

The websockets library bounds a message's size. A message of half a million one-byte
fragments stays below that bound and costs an object for each; pings cost a pong each and
never reach the application. Both are counted here, frame by frame inside the parser, so
that a 256 KiB read full of them is given up after the first few and not after all.

Nearly every read brings one whole text frame. That is taken without the library's parser,
which steps through four generators for each.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Sequence
from typing import ClassVar

from websockets import frames
from websockets.datastructures import Headers
from websockets.exceptions import ProtocolError
from websockets.extensions import ServerExtensionFactory
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import Protocol, State
from websockets.server import ServerProtocol

apply_mask: Callable[[bytes, bytes], bytes] = frames.apply_mask  # type: ignore[attr-defined]
"""The library's own: in C where it was built."""
_OPEN = State.OPEN
_OF_MESSAGES = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class LimitExceededError(ProtocolError):
    """A client went over one of the parser's bounds; the text says which."""


class BoundedServerProtocol(ServerProtocol):
    """Sans-I/O server connection that fails a client which goes over a bound.

    As for every other client fault, the connection is failed (close frame queued, all
    further input discarded) and ``parser_exc`` is set.

    Attributes:
        max_fragments: frames of one message; more are answered 1009, like any message
            that is too big to be put together.
        control_rate: pings and pongs per second that a client may send in the long run;
            over it the answer is 1008.
        control_burst: pings and pongs that may come at once.
    """

    max_fragments: ClassVar[int] = 1024
    control_rate: ClassVar[float] = 50.0
    control_burst: ClassVar[float] = 100.0

    # The library's attributes too: a dict for each connection would take four times as much.
    __slots__ = (
        "_between", "_control_at", "_control_left", "_fragments",
        "_state", "accept_called", "available_extensions", "available_subprotocols", "close_rcvd",
        "close_rcvd_then_sent", "close_sent", "current_size", "debug", "eof_sent", "events",
        "expect_continuation_frame", "extensions", "handshake_exc", "id", "logger", "max_fragment_size",
        "max_message_size", "origin", "origins", "parser", "parser_exc", "reader", "side", "subprotocol", "writes",
    )  # fmt: skip

    def __init__(
        self,
        *,
        extensions: Sequence[ServerExtensionFactory],
        max_size: int,
        logger: logging.Logger,
    ) -> None:
        super().__init__(extensions=extensions, max_size=max_size, logger=logger)
        # At level DEBUG the library logs every header and frame: cookies, tokens, messages.
        self.debug = False
        self._fragments = 0
        """Frames of the message that is under way; 0 between two."""
        self._between = True
        """Whether all that was received is whole messages: what comes next begins one."""
        self._control_left = self.control_burst
        self._control_at = time.monotonic()

    def request(self, method: str, target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> Request:
        """A request that was parsed elsewhere, checked for what a handshake can't have.

        Raises:
            ValueError: it has a body, or characters that no handshake has.
        """
        fields = Headers()
        for name, value in headers:
            if name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0"):
                raise ValueError("a handshake has no body")
            fields[name.decode("ascii")] = value.decode("latin-1")
        return Request(target.decode("ascii"), fields, method)

    def parse(self) -> Generator[None]:
        """Parse frames from the first byte on: the request comes by :meth:`request`."""
        return Protocol.parse(self)

    def receive_data(self, data: bytes | bytearray) -> None:
        """Parse what the client sent, frame by frame."""
        self._between = False
        super().receive_data(data)

    def whole_text(self, data: bytes) -> bytes | None:
        """The payload of ``data``, where that is one whole, short text frame; None for ``receive_data`` to parse.

        Only between two messages: inside a frame, or a message of several, the same bytes say something else.
        """
        if not self._between or self._state is not _OPEN or data[0] != 0x81 or len(data) < 6:
            return None
        size = data[1] - 0x80  # Clients mask.
        start = 6
        if size == 126 and len(data) > 8:
            size = data[2] << 8 | data[3]
            start = 8
        elif size > 125:
            return None
        if len(data) != start + size:
            return None
        return apply_mask(data[start:], data[start - 4 : start])

    def recv_frame(self, frame: Frame) -> None:
        """Count the frame, then process it; fail the connection at a bound."""
        self._between = False
        opcode = frame.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            self._fragments = 1
        elif opcode is Opcode.CONT:
            self._fragments += 1
            if self._fragments > self.max_fragments:
                self._refuse(
                    CloseCode.MESSAGE_TOO_BIG,
                    f"message of more than {self.max_fragments} fragments",
                )
                return
        elif opcode is not Opcode.CLOSE and not self._control_allowed():
            self._refuse(CloseCode.POLICY_VIOLATION, "too many pings or pongs")
            return
        super().recv_frame(frame)
        if frame.fin and opcode in _OF_MESSAGES:
            self._fragments = 0
        # A control frame may come inside a message, and half the next frame may be here already.
        self._between = self._fragments == 0 and not self.reader.buffer

    def _control_allowed(self) -> bool:
        """Take one token from the bucket of control frames."""
        now = time.monotonic()
        refill = (now - self._control_at) * self.control_rate
        self._control_left = min(self.control_burst, self._control_left + refill)
        self._control_at = now
        if self._control_left < 1.0:
            return False
        self._control_left -= 1.0
        return True

    def _refuse(self, code: CloseCode, reason: str) -> None:
        # fail() puts the discarding parser in this one's place and empties the buffer:
        # this one then finds no input and never runs again, as after a close frame.
        self.fail(code, reason)
        self.parser_exc = LimitExceededError(reason)
