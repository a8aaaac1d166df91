"""A client's end of a session, without a network."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from hubbub.engine.incoming import receive
from hubbub.engine.session import Session
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import registry
from hubbub.testing.faults import Way
from hubbub.testing.transcript import describe, transcript

T = TypeVar("T")

TIMEOUT = 10.0
"""Seconds after which a wait has failed. Nobody sleeps until then: a wait ends with what it is for."""


async def settle() -> None:
    """Let everything run that can run now."""
    for _ in range(50):
        await asyncio.sleep(0)


class _Sink:
    """The port ``Sink``: what the session calls."""

    def __init__(self, connection: "FakeConnection") -> None:
        self._connection = connection

    async def send(self, frame: bytes) -> None:
        # A client that stops reading holds up the server, as TCP does.
        await self._connection.to_client.opened()
        self._connection.to_client.put(frame)

    async def close(self, code: int, reason: str) -> None:
        self._connection.closed = int(code)
        self._connection.changed.set()


class FakeConnection:
    """A client, from the test's side: it sends commands and sees frames.

    ``to_server`` and ``to_client`` are the two directions, with what may go wrong on them (``stall``, ``resume``,
    ``next("drop", "duplicate")``, ``faults``). All that waits raises AssertionError after ``TIMEOUT`` seconds, and
    then shows all that was received.
    """

    def __init__(self, name: str = "the client", catch_up: Callable[[], Awaitable[None]] = settle) -> None:
        self.name = name
        self.user: Any = None
        """The Django user who connected, where there is one."""
        self.session: Session
        self.sink = _Sink(self)
        self.frames: list[dict[str, Any]] = []
        """Every frame that arrived, decoded."""
        self.closed: int | None = None
        """The close code, once closed."""
        self.positions: dict[str, Position] = {}
        """Topic to the position up to which this client has seen everything."""
        self.to_client: Way[bytes] = Way(self._arrived)
        self.to_server: Way[str | bytes | None] = Way(self._hand_over)
        self.changed = asyncio.Event()
        self._catch_up = catch_up
        self._asked: dict[int, str] = {}
        self._unread: list[dict[str, Any]] = []
        self._next_id = 0

    def _hand_over(self, text: str | bytes | None) -> None:
        receive(self.session, text)

    def _arrived(self, raw: bytes) -> None:
        frame = msgspec.json.decode(raw)
        self.frames.append(frame)
        if is_event(frame):
            self._see(frame)
        elif frame.get("type") == "reply" and frame.get("id") in self._asked:
            self._subscribed(self._asked.pop(frame["id"]), frame.get("ok") or {})
        elif frame.get("type") == "reset":
            self.positions[frame["topic"]] = msgspec.convert(frame["data"]["position"], Position)
        self.changed.set()

    def _see(self, frame: dict[str, Any]) -> None:
        self._unread.append(frame)
        known = self.positions.get(frame.get("topic", ""))
        if known is not None and frame.get("offset") is not None:
            self.positions[frame["topic"]] = Position(known.epoch, max(known.offset, frame["offset"]))

    def _subscribed(self, topic: str, ok: dict[str, Any]) -> None:
        for each in ok.get("events", ()):
            self._see({"topic": topic, **each})
        if position := ok.get("position"):
            self.positions[topic] = msgspec.convert(position, Position)

    # Sending

    def send_text(self, text: str | bytes | None) -> None:
        """Send a raw frame; None is a binary one."""
        self.to_server.put(text)

    async def command(self, type: str, topic: str | None = None, data: Any = None, **more: Any) -> dict[str, Any]:
        """Send a command and return its reply frame, whatever it says. ``since`` goes into the envelope."""
        self._next_id += 1
        id = self._next_id
        frame: dict[str, Any] = {"id": id, "type": type, **more}
        if data is not None:
            frame["data"] = data
        if topic is not None:
            frame["topic"] = topic
            if type == "subscribe":
                self._asked[id] = topic
        self.send_text(msgspec.json.encode(frame).decode())
        sent = f"the reply to {describe(frame)}"
        return (await self.wait_for(lambda: [each for each in self.frames if each.get("id") == id], sent))[0]

    async def send(self, type: str, topic: str | None = None, data: Any = None, **more: Any) -> dict[str, Any]:
        """Send a command that must succeed; returns what is in its reply."""
        reply = await self.command(type, topic, data, **more)
        if "ok" not in reply:
            raise AssertionError(f"{self.name} sent {type!r}, and it was refused: {describe(reply)}\n{self.report()}")
        ok: dict[str, Any] = reply["ok"]
        return ok

    async def error(self, type: str, topic: str | None = None, data: Any = None, **more: Any) -> str:
        """Send a command that must fail; returns the error's code."""
        reply = await self.command(type, topic, data, **more)
        if "error" not in reply:
            raise AssertionError(f"{self.name} sent {type!r}, and it was not refused: {describe(reply)}")
        code: str = reply["error"]["code"]
        return code

    async def subscribe(self, topic: str, *, since: Position | None = None, snapshot: bool = False) -> dict[str, Any]:
        """Follow a topic; returns ``position``, ``recovered``, ``events`` and ``snapshot`` if asked for.

        Events that came since ``since`` are there for ``event()`` like those that follow.
        """
        more = {} if since is None else {"since": msgspec.to_builtins(since)}
        return await self.send("subscribe", topic, {"snapshot": snapshot}, **more)

    # Seeing

    async def wait_for(self, condition: Callable[[], T], what: str = "", timeout: float = TIMEOUT) -> T:
        """Wait until ``condition()`` is true, looking again whenever something arrives, and return it."""
        await self._catch_up()
        try:
            async with asyncio.timeout(timeout):
                while not (found := condition()):
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            missing = what or getattr(condition, "__name__", "a condition")
            raise AssertionError(f"{self.name} waited {timeout:g} s in vain for {missing}.\n{self.report()}") from None
        return found

    async def event(self, type: str = "", topic: str = "", timeout: float = TIMEOUT) -> dict[str, Any]:
        """The next event that was not returned yet: ``type``, ``topic``, ``offset`` if durable, and ``data``.

        Of one type or topic where given; what came before it stays to be asked for.
        """

        def found() -> list[dict[str, Any]]:
            return [each for each in self._unread if type in ("", each["type"]) and topic in ("", each.get("topic"))]

        wanted = " ".join(["the event", type or "of any type", *([f"of {topic}"] if topic else [])])
        event = (await self.wait_for(found, wanted, timeout))[0]
        self._unread = [each for each in self._unread if each is not event]
        return event

    async def no_event(self, type: str = "", topic: str = "") -> None:
        """Let everything arrive that is under way; there must be no event that was not returned yet."""
        await self._catch_up()
        if found := [each for each in self._unread if type in ("", each["type"]) and topic in ("", each.get("topic"))]:
            listed = "".join(f"\n  {describe(each)}" for each in found)
            raise AssertionError(f"{self.name} was to see no event, and saw{listed}\n{self.report()}")

    async def seen(self, type: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until ``count`` frames of a type have come; returns all of that type."""
        await self.wait_for(lambda: len(self.of(type)) >= count, f"{count} of {type}")
        return self.of(type)

    def of(self, type: str) -> list[dict[str, Any]]:
        """The frames of a type so far."""
        return [frame for frame in self.frames if frame.get("type") == type]

    def events(self, topic: str | None = None) -> list[dict[str, Any]]:
        """The events seen so far, of one topic or all, whether they were returned by ``event`` or not."""
        return [frame for frame in self.frames if is_event(frame) and (topic is None or frame.get("topic") == topic)]

    async def wait_closed(self) -> int:
        """Wait until the server closes the connection; returns the close code."""
        return await self.wait_for(lambda: self.closed, "the connection to be closed") or 0

    def report(self) -> str:
        """All that was received, one line each: what a failed wait shows."""
        return transcript(self.frames, self._unread, self.closed)

    # What goes wrong

    def stall(self) -> None:
        """Stop reading."""
        self.to_client.stall()

    def resume(self) -> None:
        """Read again."""
        self.to_client.resume()

    def cut(self) -> None:
        """The network is gone; the client says nothing more."""
        self.closed = self.closed or 1006
        self.session.ended()


def is_event(frame: dict[str, Any]) -> bool:
    """Whether a frame is an event, not a reply or a word about the connection."""
    type = frame.get("type", "")
    return "." in type or type in registry.events


async def assert_no_events(*connections: FakeConnection, type: str = "", topic: str = "") -> None:
    """None of the connections has an event that ``event()`` has not returned, once all that is under way has come."""
    for each in connections:
        await each.no_event(type, topic)
