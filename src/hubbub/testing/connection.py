"""A client's end of a session, without a network."""

import asyncio
from typing import Any

import msgspec

from hubbub.engine.session import Session


async def settle() -> None:
    """Let everything run that can run now."""
    for _ in range(50):
        await asyncio.sleep(0)


class FakeConnection:
    """The port ``Sink``, and what a test sends and sees by it.

    ``stall()`` is a client that stops reading; ``resume()`` one that reads again.
    """

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        """Every frame that was sent, decoded."""
        self.closed: int | None = None
        """The close code, once closed."""
        self.session: Session
        self._readable = asyncio.Event()
        self._readable.set()
        self._next_id = 0

    # What the session calls

    async def send(self, frame: bytes) -> None:
        await self._readable.wait()
        self.frames.append(msgspec.json.decode(frame))

    async def close(self, code: int, reason: str) -> None:
        self.closed = int(code)

    # What a test calls

    def stall(self) -> None:
        self._readable.clear()

    def resume(self) -> None:
        self._readable.set()

    def send_text(self, text: str | bytes | None) -> None:
        """Send a raw frame; None is a binary one."""
        self.session.receive(text)

    async def command(self, type: str, topic: str | None = None, **more: Any) -> dict[str, Any]:
        """Send a command and return its reply frame. ``data`` and ``since`` go into the envelope."""
        self._next_id += 1
        frame: dict[str, Any] = {"id": self._next_id, "type": type, **more}
        if topic is not None:
            frame["topic"] = topic
        self.send_text(msgspec.json.encode(frame).decode())
        await settle()
        for reply in self.frames:
            if reply.get("id") == self._next_id and reply["type"] == "reply":
                return reply
        raise AssertionError(f"{type!r} got no reply; the frames are {self.frames}")

    def events(self, topic: str | None = None) -> list[dict[str, Any]]:
        """The events seen, of one topic or all."""
        return [
            frame for frame in self.frames if "." in frame["type"] and (topic is None or frame.get("topic") == topic)
        ]

    def drop(self) -> None:
        """The network is gone; the client says nothing more."""
        self.session.ended()
