"""Doubles every event on its way from a server to a client, as a careless network of relays might."""


class Doubler:
    """Feed it a connection's bytes; it returns them, each text frame that carries an ``offset`` twice."""

    def __init__(self) -> None:
        self.doubled = 0
        self._waiting = b""
        self._shaken = False

    def __call__(self, data: bytes) -> bytes:
        self._waiting += data
        out = b""
        if not self._shaken:
            head, end, rest = self._waiting.partition(b"\r\n\r\n")
            if not end:
                return b""
            self._shaken = True
            self._waiting = rest
            out = head + end
        while (frame := self._take()) is not None:
            out += frame
            if frame[0] == 0x81 and b'"offset"' in frame and b'"type":"reply"' not in frame:
                self.doubled += 1
                out += frame
        return out

    def _take(self) -> bytes | None:
        """The next whole frame; a server doesn't mask."""
        waiting = self._waiting
        if len(waiting) < 2:
            return None
        length, start = waiting[1], 2
        if length >= 126:
            start += 2 if length == 126 else 8
            length = int.from_bytes(waiting[2:start])
        if len(waiting) < start + length:
            return None
        frame, self._waiting = waiting[: start + length], waiting[start + length :]
        return frame
