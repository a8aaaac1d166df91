"""Following one person's frames for a while: types, topics, times and sizes, never what they say.

A session's dialect reads and writes all its frames. While it is traced, one stands before it that notes them; nobody
else's frames cost anything for that.
"""

from datetime import datetime
from typing import Any, Literal

from hubbub.engine.engine import Engine
from hubbub.engine.incoming import size_of
from hubbub.inspector import messages as wire
from hubbub.protocol.dialect import Dialect, Subscribed
from hubbub.protocol.errors import HubbubError
from hubbub.protocol.frames import Event, Inbound, Position
from hubbub.protocol.registry import registry
from hubbub.protocol.topics import is_topic

SECONDS = 300.0
"""How long a trace lasts at most; who wants more subscribes again."""
MOST_FRAMES = 200
"""That are shown of one second."""


class Trace:
    """The frames of one person's sessions in this process since the last ``take``."""

    def __init__(self, engine: Engine, key: str) -> None:
        self._engine = engine
        self._key = key
        self._until = engine.clock.monotonic() + SECONDS
        self._frames: list[wire.FrameSeen] = []
        self._missed = 0

    @property
    def left(self) -> float:
        """Seconds that it goes on."""
        return max(0.0, self._until - self._engine.clock.monotonic())

    def attach(self) -> None:
        """Note the frames of the sessions that have come since, too."""
        for session in self._engine.sessions.of(self._key):
            if not isinstance(session.dialect, Traced):
                session.dialect = Traced(session.dialect, session.id, self)

    def detach(self) -> None:
        for session in self._engine.sessions.of(self._key):
            if isinstance(session.dialect, Traced):
                session.dialect = session.dialect.inner

    def note(
        self, session: str, direction: Literal["in", "out"], type: str, topic: str, size: int, about: str = ""
    ) -> None:
        if len(self._frames) >= MOST_FRAMES:
            self._missed += 1
            return
        at: datetime = self._engine.clock.now()
        self._frames.append(wire.FrameSeen(at, session, direction, type, topic, size, about))

    def take(self) -> tuple[list[wire.FrameSeen], int]:
        """What was noted, and how much more there was."""
        found = self._frames, self._missed
        self._frames, self._missed = [], 0
        return found


def legal(topic: str | None) -> str:
    """A topic that a client has named; empty where it is none: it could be anything that was said."""
    return topic if topic and is_topic(topic) else ""


def known(type: str) -> str:
    """A command's type; what is none might be anything that a client wrote."""
    return type if type in registry.commands or type == "pong" else "unknown"


class Traced:
    """A session's dialect, and a note of every frame that goes through it."""

    def __init__(self, inner: Dialect, session: str, trace: Trace) -> None:
        self.inner = inner
        self.bound: str | None = inner.bound
        self.full: bool = inner.full
        self.groups: bool = inner.groups
        self._session = session
        self._trace = trace

    def read(self, text: str | bytes) -> tuple[Inbound, Dialect]:
        size = size_of(text)
        try:
            inbound, self.inner = self.inner.read(text)
        except HubbubError as error:
            self._trace.note(self._session, "in", "unknown", "", size, error.code)
            raise
        self.bound, self.full = self.inner.bound, self.inner.full
        topic = legal(self.bound or inbound.topic)
        self._trace.note(self._session, "in", known(inbound.type), topic, size)
        return inbound, self

    def ready(self, info: dict[str, Any]) -> bytes | None:
        return self._out("ready", "", self.inner.ready(info))

    def reply(self, inbound: Inbound, ok: Any) -> bytes | None:
        return self._out("reply", inbound.topic or "", self.inner.reply(inbound, ok), known(inbound.type))

    def error(self, inbound: Inbound | None, error: HubbubError) -> bytes | None:
        return self._out(
            "error", legal(inbound.topic if inbound else None), self.inner.error(inbound, error), error.code
        )

    def event(self, event: Event) -> bytes | None:
        return self._out(event.type, event.topic, self.inner.event(event))

    def subscribed(self, inbound: Inbound | None, topic: str, outcome: Subscribed) -> list[bytes]:
        frames = self.inner.subscribed(inbound, topic, outcome)
        for frame in frames:
            self._out("reply", topic, frame, "subscribe")
        return frames

    def reset(self, topic: str, position: Position, reason: str) -> bytes | None:
        return self._out("reset", topic, self.inner.reset(topic, position, reason), reason)

    def unsubscribed(self, topic: str, reason: str) -> bytes | None:
        return self._out("unsubscribed", topic, self.inner.unsubscribed(topic, reason))

    def ping(self) -> bytes | None:
        return self._out("ping", "", self.inner.ping())

    def _out(self, type: str, topic: str, frame: bytes | None, about: str = "") -> bytes | None:
        if frame is not None:
            self._trace.note(self._session, "out", type, topic, len(frame), about)
        return frame
