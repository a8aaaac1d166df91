"""The wire types of the inspector. All of it is for staff, and none of it carries what people write."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from hubbub.protocol.errors import Forbidden
from hubbub.protocol.registry import command, event


class SessionFigures(msgspec.Struct):
    """One connection."""

    id: str
    actor: str
    """Whose it is, as in the topic of a trace: ``u.<user id>``, or ``g.`` and an id of a guest."""
    username: str
    age: float
    """Seconds since it began."""
    silent: float
    """Seconds since its client was last heard."""
    topics: int
    """How many it follows."""
    waiting: int
    """Bytes that wait for it to read."""
    received: float
    """Frames a second that it sends."""
    sent: float
    """Events a second of the topics that it follows."""


class TopicFigures(msgspec.Struct):
    """One topic."""

    topic: str
    subscribers: int
    events: float
    """A second."""


class Totals(msgspec.Struct):
    """One process."""

    sessions: int
    topics: int
    subscriptions: int
    waiting: int
    """Bytes that wait for readers who do not keep up."""
    slow: int
    """Sessions for which so much waits that they count as slow."""
    received: float
    """Frames a second from clients."""
    events: float
    """Events a second."""
    deliveries: float
    """The same for each subscriber, a second."""
    lag: float
    """By how many seconds the event loop was late, at most in the last second."""


@event("inspect.measured", ephemeral=True)
class Measured(msgspec.Struct):
    """How a process does, once a second while somebody looks; each process has its own."""

    process: str
    totals: Totals
    slow: list[SessionFigures]
    """Those for which most waits, at most twenty."""
    busy: list[SessionFigures]
    """Those with the highest rates, at most twenty."""
    topics: list[TopicFigures]
    """Those with the most events, then the most subscribers, at most twenty."""


class FrameSeen(msgspec.Struct):
    """A frame, without what it says."""

    at: datetime
    session: str
    direction: Literal["in", "out"]
    """As the server sees it: ``in`` is from the client."""
    type: str
    topic: str
    bytes: int
    """Of its text."""
    about: str = ""
    """A reply's command, or an error's code."""


@event("inspect.frames_seen", ephemeral=True)
class FramesSeen(msgspec.Struct):
    """The frames of one person's connections in the last second."""

    process: str
    frames: list[FrameSeen]
    missed: int
    """How many more there were than are shown."""
    left: float
    """Seconds until the trace ends by itself."""


@event("inspect.trace_ended", ephemeral=True)
class TraceEnded(msgspec.Struct):
    """The time of a trace is over; subscribing again begins another."""

    process: str


@event("inspect.asked", ephemeral=True, internal=True)
class Asked(msgspec.Struct):
    """Somebody looks at these topics, in some process."""

    topics: list[str]


class SessionPage(msgspec.Struct):
    """Some of the sessions of the process that answers."""

    process: str
    sessions: list[SessionFigures]
    total: int
    """How many there are that match."""


@command("inspect.sessions", reply=SessionPage, topic="none", limit="reads", errors=(Forbidden,))
class ListSessions(msgspec.Struct):
    """List connections of this process, a page at a time."""

    search: Annotated[str, msgspec.Meta(max_length=150)] = ""
    """A part of the user's name."""
    sort: Literal["waiting", "received", "sent", "topics", "age", "silent"] = "waiting"
    """The highest first."""
    skip: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


@command("inspect.close", topic="none", limit="writes", errors=(Forbidden,))
class CloseSession(msgspec.Struct):
    """Close one connection 1012, in whichever process it is. Its client may come back at once."""

    session: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
