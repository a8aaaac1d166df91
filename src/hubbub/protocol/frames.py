"""What travels: positions, events, and the envelope that a client sends."""

from datetime import datetime
from typing import Annotated, Any

import msgspec


class Position(msgspec.Struct, frozen=True):
    """A place in a topic's stream: the client has seen everything up to and with ``offset``."""

    epoch: str
    offset: int


CommandId = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)] | Annotated[str, msgspec.Meta(max_length=64)]
"""What a client matches replies by; within what JavaScript can count."""


ClientId = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
"""Chosen by the client, unique for its author: a repeat gets the first reply (rule ACK-2)."""


class Inbound(msgspec.Struct, omit_defaults=True):
    """A client's frame once its envelope is read; ``data`` is still raw (rule ENV-2)."""

    type: str
    id: CommandId | None = None
    topic: str | None = None
    since: Position | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Limits(msgspec.Struct):
    """What one connection may."""

    frame_bytes: int
    """Bytes of one frame; more closes the socket 1009."""
    subscriptions: int
    """Topics that it may subscribe to by itself."""


class SessionUser(msgspec.Struct):
    """Whom the session speaks for."""

    id: int | str
    username: str
    first_name: str
    last_name: str


class Ready(msgspec.Struct):
    """The first frame of a connection (rule ENV-6)."""

    session: str
    user: SessionUser | None
    """Null for a guest."""
    heartbeat: float
    """Seconds between pings."""
    limits: Limits
    time: datetime
    """The server's."""


class Reset(msgspec.Struct):
    """Drop what is known of the topic and read it again; events after ``position`` follow (rule SUB-3)."""

    position: Position
    reason: str


class Unsubscribed(msgspec.Struct):
    """The server has ended a subscription (rule SUB-4)."""

    reason: str


class Event:
    """An event on its way to subscribers: made once, encoded at most once for each dialect.

    ``data`` is a struct when the event was born in this process, plain decoded JSON when it was read
    from the log or came by the layer; dialects go through ``payload()`` or ``raw``.
    """

    __slots__ = ("author", "created_at", "encoded", "epoch", "key", "offset", "raw", "skip", "topic", "type")

    def __init__(
        self,
        topic: str,
        type: str,
        raw: bytes,
        *,
        created_at: datetime,
        epoch: str = "",
        offset: int | None = None,
        author: str = "",
        skip: str = "",
        key: str = "",
    ) -> None:
        self.topic = topic
        self.type = type
        self.raw = raw
        """The data as encoded JSON."""
        self.created_at = created_at
        self.epoch = epoch
        self.offset = offset
        """None for an ephemeral event."""
        self.author = author
        """The author's key, as in ``Identity.key``; empty for the system."""
        self.skip = skip
        """The session id or identity key that does not get it, the typist's for example."""
        self.key = key
        """Ephemeral events of one key replace each other while they wait in an outbox."""
        self.encoded: dict[Any, bytes | None] = {}

    @property
    def ephemeral(self) -> bool:
        return self.offset is None

    def payload(self) -> Any:
        """The data as plain JSON values."""
        return msgspec.json.decode(self.raw)
