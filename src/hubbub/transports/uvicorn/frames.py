"""The frame writer: ready-made WebSocket frames straight to the transport.

A hub encodes an event once and frames it once; then the same bytes go to every
connection. ASGI's ``send`` would build the frame again for each. The uvicorn protocol
offers this writer in the scope, where it survives middleware::

    frames = scope["extensions"].get("hubbub.frames")
    payload = frames.frame(b'{"type": "ready"}')
    if frames.direct is not None:
        frames.direct.write(payload)
    else:
        await frames.drain()       # raises OSError once the socket is closing

Frames of this writer and messages of ASGI's ``send`` may be mixed freely: both write
whole frames, in the order of the calls. A server without the extension still works by
``send``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from uvicorn.protocols.utils import ClientDisconnected
from websockets.protocol import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hubbub.engine.ports import Writes

    from .websocket import HubbubWebSocketProtocol

EXTENSION: Final = "hubbub.frames"
"""Key of the writer in ``scope["extensions"]``."""

_FIN_TEXT: Final = 0x81
_OPEN: Final = State.OPEN


def text_frame(text: bytes, first: int = _FIN_TEXT) -> bytes:
    """Encode one unmasked, unfragmented text frame (RFC 6455, section 5.2). Pure.

    Args:
        text: the message, UTF-8. Not checked: whoever encoded it vouches for it.
        first: the first byte, where an extension says more in it.
    """
    size = len(text)
    if size < 126:
        return bytes((first, size)) + text
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + text
    return bytes((first, 127)) + size.to_bytes(8, "big") + text


class _Held(list[bytes]):
    """Frames that wait for the answer to the handshake."""

    write = list.append


class FrameWriter:
    """Writes encoded frames to one connection. Event loop's thread only."""

    __slots__ = ("_held", "_protocol", "direct", "frame")

    def __init__(self, protocol: HubbubWebSocketProtocol, frame: Callable[[bytes], bytes] = text_frame) -> None:
        self._protocol = protocol
        self._held: _Held | None = None
        self.frame = frame
        """Encodes a text as this client reads it. Connections with the same function share what it returns."""
        self.direct: Writes | None = None
        """Where whole frames are written at once; None before the WebSocket is accepted, as long as the transport's
        buffer is above its high-water mark (64 KiB), and from the moment that the socket closes."""

    def hold(self) -> None:
        """Before the WebSocket is accepted: keep what is written directly, to be sent together with the answer."""
        if not self._protocol.handshake_complete:
            self.direct = self._held = _Held()

    def release(self) -> Sequence[bytes]:
        """What was held, for the protocol to send."""
        held, self._held = self._held, None
        return held or ()

    def listen(self, receive: Callable[[str | None], None], ended: Callable[[], None]) -> None:
        """Hand every message to ``receive`` as it is read, None for a binary one, and say once that it ``ended``.

        What has come before goes first. Unlike with ASGI's ``receive``, which is at an end, reading isn't paused while
        a message waits to be taken, so ``receive`` mustn't wait, and has to bound what it keeps. The application may
        return: the connection stays open, and what the handshake needed is let go.
        """
        self._protocol.listen(receive, ended)

    async def send(self, frame: bytes) -> None:
        """Write the text as a frame, and wait until the client can take more.

        Raises:
            OSError: the connection is closed or failed.
        """
        self.write(self.frame(frame))
        await self.drain()

    async def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake.

        Raises:
            OSError: the connection is closed or failed.
        """
        await self._protocol.send({"type": "websocket.close", "code": int(code), "reason": reason})

    def write(self, payload: bytes) -> None:
        """Hand one or more whole frames to the transport. Never waits.

        The bytes are sent at once or buffered by the transport without a bound of its own:
        look at :meth:`buffered` or await :meth:`drain` between writes.

        Args:
            payload: frames from :meth:`frame`, possibly several joined.

        Raises:
            OSError: the socket is closing or gone; nothing was written. ASGI's ``send``
                raises the same.
            RuntimeError: the handshake isn't complete yet (a bug of the caller's).
        """
        protocol = self._protocol
        # The one state that allows data: it is CONNECTING before the handshake's answer
        # is out, and CLOSING from the moment that a close frame was sent or echoed.
        state = protocol.conn.state
        if state is not _OPEN or protocol.disconnected or protocol.transport.is_closing():
            if state is State.CONNECTING and not protocol.disconnected:
                raise RuntimeError("frames can't be written before the WebSocket is accepted")
            raise ClientDisconnected
        protocol.transport.write(payload)

    def buffered(self) -> int:
        """Bytes that wait in the transport's buffer (the kernel's not counted)."""
        return self._protocol.transport.get_write_buffer_size()

    async def drain(self) -> None:
        """Wait until the transport's buffer is below its low-water mark.

        Returns at once where it already is.

        Raises:
            OSError: the socket is gone.
        """
        await self._protocol.writable.wait()
        if self._protocol.disconnected:
            raise ClientDisconnected
