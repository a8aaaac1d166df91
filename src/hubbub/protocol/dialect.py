"""What a dialect is, the base of the quieter ones, and the full one, ``hubbub.v1``.

A dialect is a set of pure functions that read and write one wire format. Instances are shared by all
sessions that speak alike, and an event is encoded once for each of them.
"""

import json
import math
import re
from typing import Any, Protocol

import msgspec

from hubbub.protocol.errors import BadFrame, BadJson, HubbubError, UnknownCommand
from hubbub.protocol.frames import CommandId, Event, Inbound, Position
from hubbub.protocol.registry import registry

MAX_DEPTH = 64
"""Deeper JSON is refused before it is decoded: no front end needs it, and recursion costs stack."""


class Subscribed(msgspec.Struct):
    """The outcome of a subscription (rules SUB-1 to SUB-4)."""

    position: Position
    recovered: bool
    events: list[Event]
    reset: str | None = None
    """Why ``since`` could not be served: ``epoch``, ``too_old`` or ``too_far``."""
    snapshot: msgspec.Struct | None = None
    authorized: Any = None
    """What the topic's kind said when it let the session in."""


class Dialect(Protocol):
    """One wire format. Every method that writes may return None: this format says nothing there."""

    bound: str | None
    """The topic that every command of this socket is for; None where the envelope names it."""
    full: bool
    """Whether its clients answer pings and refresh their tokens."""
    groups: bool
    """Whether it shows what other code in the project sends to groups of the layer (rule FMT-1)."""

    def read(self, text: str | bytes) -> tuple[Inbound, "Dialect"]:
        """Read a client's frame; also the dialect to go on with (mostly the same).

        Raises a HubbubError that ``error`` can write.
        """
        ...

    def ready(self, info: dict[str, Any]) -> bytes | None: ...

    def reply(self, inbound: Inbound, ok: Any) -> bytes | None: ...

    def error(self, inbound: Inbound | None, error: HubbubError) -> bytes | None: ...

    def event(self, event: Event) -> bytes | None: ...

    def subscribed(self, inbound: Inbound | None, topic: str, outcome: Subscribed) -> list[bytes]: ...

    def reset(self, topic: str, position: Position, reason: str) -> bytes | None: ...

    def unsubscribed(self, topic: str, reason: str) -> bytes | None: ...

    def ping(self) -> bytes | None: ...


_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_NO_BRACKET = re.compile(rb"[^\[\]{}]+")


def check_depth(text: str | bytes) -> None:
    """Raises BadJson if brackets nest deeper than MAX_DEPTH, or do not match.

    No loop over characters: somebody who sends 64 KiB of brackets must not hold up the others.
    """
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return
    brackets = _NO_BRACKET.sub(b"", _STRING.sub(b"", raw))
    for _ in range(MAX_DEPTH):
        # Each round takes off the innermost pairs.
        fewer = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(brackets):
            break
        brackets = fewer
    if brackets:
        raise BadJson


_LARGE = re.compile(r"[0-9]{300}|[eE]\+?[0-9]{3}")


def _refuse_large(number: str) -> float:
    # Whatever its length: a decimal this long is read in linear time, an int is not.
    if math.isinf(value := float(number)):
        raise BadJson
    return value


def decode_json(text: str | bytes) -> Any:
    """Decode JSON strictly: no NaN, no Infinity, no number past 64-bit floats, no lone surrogates.

    Raises BadJson for all of these and for what is not JSON.
    """
    check_depth(text)
    try:
        found = msgspec.json.decode(text)
        # msgspec reads integers of any size, which no browser can write.
        if _LARGE.search(text if isinstance(text, str) else text.decode()):
            json.loads(text, parse_int=_refuse_large, parse_float=_refuse_large)
        return found
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        raise BadJson from None


def error_frame(error: HubbubError, text: str = "") -> dict[str, Any]:
    """The error of all formats but the full one: the text stands twice, since front ends read either."""
    text = text or error.message
    return {"type": "error", "code": error.code, "error": text, "message": text, "username": "System"}


class Quiet:
    """The base of all formats but the full one: as it stands it takes no command, and says nothing but errors."""

    bound: str | None = None
    full = False
    groups = False

    def read(self, text: str | bytes) -> tuple[Inbound, Dialect]:
        decode_json(text)
        raise UnknownCommand

    def ready(self, info: dict[str, Any]) -> bytes | None:
        return None

    def reply(self, inbound: Inbound, ok: Any) -> bytes | None:
        return None

    def error(self, inbound: Inbound | None, error: HubbubError) -> bytes | None:
        return msgspec.json.encode(error_frame(error))

    def event(self, event: Event) -> bytes | None:
        return None

    def subscribed(self, inbound: Inbound | None, topic: str, outcome: Subscribed) -> list[bytes]:
        return []

    def reset(self, topic: str, position: Position, reason: str) -> bytes | None:
        return None

    def unsubscribed(self, topic: str, reason: str) -> bytes | None:
        return None

    def ping(self) -> bytes | None:
        return None


class V1:
    """The full protocol ``hubbub.v1``, on ``/ws/`` (section "Frames" of ``docs/SPEC.md``)."""

    bound: str | None = None
    full = True
    groups = False

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder(enc_hook=_event_json).encode
        self._decode = msgspec.json.Decoder(Inbound).decode

    def read(self, text: str | bytes) -> tuple[Inbound, Dialect]:
        check_depth(text)
        try:
            inbound = self._decode(text)
        except msgspec.ValidationError as error:
            bad = BadFrame(f"The frame is not a command: {error}")
            bad.about = _with_id_only(text)
            raise bad from None
        except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
            raise BadJson from None
        return inbound, self

    def ready(self, info: dict[str, Any]) -> bytes | None:
        return self._encode({"type": "ready", "data": info})

    def reply(self, inbound: Inbound, ok: Any) -> bytes | None:
        if inbound.id is None:
            return None
        return self._encode({"id": inbound.id, "type": "reply", "ok": {} if ok is None else ok})

    def error(self, inbound: Inbound | None, error: HubbubError) -> bytes | None:
        if inbound is None or inbound.id is None:
            return self._encode({"type": "error", "error": error.body()})
        return self._encode({"id": inbound.id, "type": "reply", "error": error.body()})

    def event(self, event: Event) -> bytes | None:
        known = registry.events.get(event.type)
        if known is not None and known.internal:
            return None
        return self._encode({"type": event.type, "topic": event.topic, **_event_json(event)})

    def subscribed(self, inbound: Inbound | None, topic: str, outcome: Subscribed) -> list[bytes]:
        ok: dict[str, Any] = {
            "position": outcome.position,
            "recovered": outcome.recovered,
            "events": outcome.events,
        }
        if outcome.reset:
            ok["reset"] = outcome.reset
        if outcome.snapshot is not None:
            ok["snapshot"] = outcome.snapshot
        frame = self.reply(inbound, ok) if inbound else None
        return [frame] if frame else []

    def reset(self, topic: str, position: Position, reason: str) -> bytes | None:
        return self._encode({"type": "reset", "topic": topic, "data": {"position": position, "reason": reason}})

    def unsubscribed(self, topic: str, reason: str) -> bytes | None:
        return self._encode({"type": "unsubscribed", "topic": topic, "data": {"reason": reason}})

    def ping(self) -> bytes | None:
        return b'{"type":"ping"}'


class _Id(msgspec.Struct):
    id: CommandId


def _with_id_only(text: str | bytes) -> Inbound | None:
    """A bad envelope's id, if that at least is good: the client can then match the answer.

    Raises BadJson for what only began like JSON: the first misfit ended the reading.
    """
    try:
        msgspec.json.decode(text)
    except msgspec.ValidationError:
        pass  # A number out of range.
    except (msgspec.DecodeError, UnicodeError, ValueError):
        raise BadJson from None
    try:
        return Inbound(type="", id=msgspec.json.decode(text, type=_Id).id)
    except (msgspec.DecodeError, UnicodeError, ValueError):
        return None


def _event_json(value: Any) -> dict[str, Any]:
    """An event without its topic, as it stands in a reply's ``events``."""
    if not isinstance(value, Event):
        raise NotImplementedError(f"{type(value).__name__} cannot be written as JSON.")
    body: dict[str, Any] = {"type": value.type}
    if value.offset is not None:
        body["offset"] = value.offset
    body["data"] = msgspec.Raw(value.raw)
    body["at"] = value.created_at
    return body


V1_DIALECT = V1()
