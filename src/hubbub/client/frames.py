"""What comes from a server and what goes to it, as a client sees it (section "Frames" of ``docs/SPEC.md``)."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from hubbub.protocol.errors import ErrorBody
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import registry

logger = logging.getLogger("hubbub.client")


class Person(msgspec.Struct, frozen=True):
    """Who the server takes this client for."""

    id: int | str
    username: str
    first_name: str = ""
    last_name: str = ""


class Limits(msgspec.Struct, frozen=True):
    """What one connection may do."""

    frame_bytes: int = 65_536
    """The most bytes that the server takes in a frame."""
    subscriptions: int = 100
    """Topics that one connection may subscribe to."""


class Ready(msgspec.Struct, frozen=True):
    """The data of a session's first frame (rule ENV-6)."""

    session: str
    """The session's id, for logs."""
    user: Person | None
    """None for a guest."""
    time: datetime
    """The server's clock."""
    heartbeat: float = 30.0
    """Seconds between the server's pings."""
    limits: Limits = Limits()


_NONE = msgspec.Raw(b"null")


class ServerFrame(msgspec.Struct):
    """Any frame of the server, its data still raw. Unknown fields are ignored."""

    type: str
    id: int | str | None = None
    topic: str = ""
    offset: int | None = None
    data: msgspec.Raw = _NONE
    ok: msgspec.Raw = _NONE
    error: ErrorBody | None = None
    at: datetime | None = None


class ResetData(msgspec.Struct):
    position: Position
    reason: str


class UnsubscribedData(msgspec.Struct):
    reason: str


class SubscribeReply(msgspec.Struct):
    """The reply to ``subscribe`` (rules SUB-1 and SUB-2); its events are frames without a topic."""

    position: Position
    recovered: bool
    events: list[ServerFrame]
    reset: str | None = None
    snapshot: Any = None


class InboxReply(msgspec.Struct):
    """The reply to ``inbox.subscribe`` (rule CHT-6)."""

    conversations: list[dict[str, Any]]
    positions: dict[str, Position]
    reset: list[str]


class Command(msgspec.Struct, omit_defaults=True):
    """A client's frame."""

    type: str
    id: int | None = None
    topic: str | None = None
    since: Position | None = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Event:
    """What happened in a topic."""

    topic: str
    type: str
    """``chat.message_sent``, for example."""
    data: Any
    """The struct that is registered for the type, such as ``hubbub.chat.messages.MessageSent``, once the module
    that defines it is imported; else plain dicts, lists, texts and numbers."""
    position: Position | None
    """None for an ephemeral event, which may be lost (rule EVT-1)."""
    at: datetime | None
    """When it happened."""


_decode = msgspec.json.Decoder(ServerFrame).decode
_encode = msgspec.json.Encoder().encode


def read_frame(text: str | bytes) -> ServerFrame:
    """Read a frame. Raises msgspec.DecodeError for what is none."""
    return _decode(text)


def write_frame(command: Command) -> bytes:
    return _encode(command)


def read_event(frame: ServerFrame, topic: str, epoch: str) -> Event:
    """An event frame as what callers see."""
    position = None if frame.offset is None else Position(epoch, frame.offset)
    return Event(topic, frame.type, _read_data(frame), position, frame.at)


def _read_data(frame: ServerFrame) -> Any:
    known = registry.events.get(frame.type)
    if known is not None:
        try:
            return msgspec.json.decode(frame.data, type=known.data)
        except msgspec.ValidationError as error:
            logger.warning("%s of %s is not as this version of hubbub knows it: %s", frame.type, frame.topic, error)
    return msgspec.json.decode(frame.data)


def command_name(command: "msgspec.Struct | str") -> tuple[str, type[msgspec.Struct] | None]:
    """A command's name on the wire and the type of its reply; no type where it is given by name.

    Raises TypeError for a struct that is no command.
    """
    if isinstance(command, str):
        return command, None
    for name, known in registry.commands.items():
        if known.data is type(command):
            return name, known.reply
    raise TypeError(f"{type(command).__name__} is no command: decorate the class with @command('app.verb').")
