"""The AsyncAPI 3.0 document of ``hubbub.v1``: written from the registry, like the JSON Schema.

A channel is a kind of topics. All of them share one WebSocket: the envelope's ``topic`` says which is meant.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from hubbub.protocol import samples
from hubbub.protocol.close import Close
from hubbub.protocol.describe import paragraph
from hubbub.protocol.errors import ERRORS, ErrorBody
from hubbub.protocol.frames import CommandId, Position, Ready, Reset, Unsubscribed
from hubbub.protocol.registry import CommandType, Registry
from hubbub.protocol.schema import struct_schemas

SOCKET, TOPIC = "socket", "topic"
"""The channels of what has no topic, and of what any topic may have."""
COMMAND, EVENT = "command", "event"
"""What a client sends, and what the server sends of itself. A document is the server's: it receives commands."""

_DESCRIPTION = """\
The real-time side of hubbub. All channels share one WebSocket, `/ws/`, and JSON text frames: a channel is a kind of
topics, and the `topic` in a frame's envelope says which is meant. A command with an `id` gets one reply; the reply and
the event that it caused may come in either order. What clients may rely on stands in docs/SPEC.md."""

_SYSTEM: dict[str, tuple[str, str, type[msgspec.Struct] | None]] = {
    "ready": (SOCKET, "The first frame of a connection.", Ready),
    "ping": (SOCKET, "Every `heartbeat` seconds; answered with `pong`.", None),
    "reset": (TOPIC, "The topic could not be followed without a gap: read it again.", Reset),
    "unsubscribed": (TOPIC, "The server has ended the subscription.", Unsubscribed),
}
"""What the server says of itself: channel, text and data."""


def asyncapi_document(registry: Registry, version: str) -> dict[str, Any]:
    """The document as plain JSON. Raises ValueError for an event on topics of a kind that nobody registers."""
    return _Writer(registry).document(version)


class _Writer:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        structs: list[type] = [ErrorBody, Position, Ready, Reset, Unsubscribed, *registry.public_structs()]
        self._of, self._schemas = struct_schemas(structs, "#/components/schemas/{name}", registry.examples)
        self._messages: dict[str, Any] = {}
        self._operations: dict[str, Any] = {}
        self._channels: dict[str, Any] = dict(self._empty_channels())

    def document(self, version: str) -> dict[str, Any]:
        self._system()
        for command in self._registry.public_commands():
            self._command(command)
        self._events()
        return {
            "asyncapi": "3.0.0",
            "info": {"title": "hubbub.v1", "version": version, "description": paragraph(_DESCRIPTION)},
            "defaultContentType": "application/json",
            "servers": {"hubbub": _server()},
            "channels": self._channels,
            "operations": self._operations,
            "components": {
                "schemas": self._schemas,
                "messages": self._messages,
                "securitySchemes": _security(),
            },
            "x-close-codes": {
                str(int(code)): {"name": code.name.lower(), "reconnect": code.reconnect, "description": code.meaning}
                for code in Close
            },
            "x-errors": {
                error.code: {"description": paragraph(error.__doc__ or ""), "temporary": error.temporary}
                for error in ERRORS
            },
        }

    # Channels

    def _empty_channels(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield SOCKET, {"address": "/", "title": "The connection", "messages": {}}
        yield (
            TOPIC,
            {
                "address": "{topic}",
                "title": "Any topic",
                "parameters": {"topic": {"description": "1 to 90 letters, digits, `.`, `-` and `_`."}},
                "messages": {},
            },
        )
        for name, kind in sorted(self._registry.topics.items()):
            channel: dict[str, Any] = {
                "address": f"{name}.{{key}}" if kind.key else name,
                "title": kind.pattern,
                "description": paragraph(kind.doc),
                "messages": {},
            }
            if kind.key:
                channel["parameters"] = {"key": {"description": f"The {kind.key}.", "examples": [kind.example]}}
            if kind.snapshot_type is not None:
                channel["x-snapshot"] = self._of[kind.snapshot_type]
            yield name, channel

    def _say(self, channel: str, role: str, name: str, message: dict[str, Any]) -> dict[str, str]:
        """Put a message on a channel. Returns the reference that operations know it by.

        ``role``: a command and an event may have one name.
        """
        key = f"{role}.{name}"
        self._messages.setdefault(key, {"name": name, "contentType": "application/json", **message})
        self._channels[channel]["messages"][key] = {"$ref": f"#/components/messages/{key}"}
        return {"$ref": f"#/channels/{channel}/messages/{key}"}

    # Messages

    def _system(self) -> None:
        for name, (channel, summary, data) in _SYSTEM.items():
            fields: dict[str, Any] = {"type": {"type": "string", "const": name}}
            if channel == TOPIC:
                fields["topic"] = {"type": "string"}
            if data is not None:
                fields["data"] = self._of[data]
            self._operate(EVENT, channel, name, {"summary": summary, "payload": _object(fields)})
        self._operate(
            COMMAND,
            SOCKET,
            "pong",
            {"summary": "The answer to `ping`.", "payload": _object({"type": {"type": "string", "const": "pong"}})},
        )
        error = _object({"type": {"type": "string", "const": "error"}, "error": self._of[ErrorBody]})
        self._operate(
            EVENT, SOCKET, "error", {"summary": "What went wrong with a frame without an `id`.", "payload": error}
        )

    def _operate(self, role: str, channel: str, name: str, message: dict[str, Any], **more: Any) -> None:
        said = self._say(channel, role, name, message)
        self._operations[f"{role}.{name}"] = {
            "action": "receive" if role == COMMAND else "send",
            "channel": {"$ref": f"#/channels/{channel}"},
            "summary": message["summary"],
            "messages": [said],
            **more,
        }

    def _command(self, command: CommandType) -> None:
        channel = samples.kind_of_command(self._registry, command) or (TOPIC if command.topic == "required" else SOCKET)
        fields: dict[str, Any] = {"id": _ID, "type": {"type": "string", "const": command.name}}
        required = ["type"]
        if command.topic == "required":
            fields["topic"] = {"type": "string"}
            required.append("topic")
        if command.name == "subscribe":
            fields["since"] = self._of[Position]
        fields["data"] = self._of[command.data]
        if self._schemas[command.data.__name__].get("required"):
            required.append("data")
        message = {"summary": paragraph(command.doc), "payload": {**_object(fields), "required": required}}
        ok: Any = {"type": "object"} if command.reply is None else self._of[command.reply]
        done = _object({"id": _ID, "type": {"type": "string", "const": "reply"}, "ok": ok})
        failed = _object({"id": _ID, "type": {"type": "string", "const": "reply"}, "error": self._of[ErrorBody]})
        replies = [
            self._say(
                channel,
                "reply",
                command.name,
                {"summary": "It is done.", "payload": done, **_sample(samples.reply_frame(self._registry, command))},
            ),
            self._say(channel, "reply", "error", {"summary": "It went wrong.", "payload": failed}),
        ]
        more: dict[str, Any] = {"x-limit": command.limit} if command.limit else {}
        self._operate(
            COMMAND,
            channel,
            command.name,
            {**message, **_sample(samples.command_frame(self._registry, command))},
            reply={"channel": {"$ref": f"#/channels/{channel}"}, "messages": replies},
            **{"x-errors": [error.code for error in command.possible_errors], **more},
        )

    def _events(self) -> None:
        for event in self._registry.public_events():
            if event.kind not in self._registry.topics:
                raise ValueError(f"{event.name!r} happens on topics of the kind {event.kind!r}, which there are not.")
            fields: dict[str, Any] = {"type": {"type": "string", "const": event.name}, "topic": {"type": "string"}}
            if event.durable:
                fields["offset"] = {"type": "integer", "minimum": 1}
            fields |= {"data": self._of[event.data], "at": {"type": "string", "format": "date-time"}}
            message = {"summary": paragraph(event.doc), "payload": _object(fields)}
            sample = _sample(samples.event_frame(self._registry, event))
            self._operate(EVENT, event.kind, event.name, {**message, **sample}, **{"x-durable": event.durable})


_ID = msgspec.json.schema(CommandId)


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    required = [name for name in fields if name != "id"]
    return {"type": "object", "properties": fields, "required": required}


def _sample(frame: dict[str, Any] | None) -> dict[str, Any]:
    return {"examples": [{"payload": frame}]} if frame else {}


def _server() -> dict[str, Any]:
    return {
        "host": "{host}",
        "pathname": "/ws/",
        "protocol": "wss",
        "description": "`ws` on one's own machine. A project may have it below another path (`SOCKET_PREFIX`).",
        "variables": {"host": {"default": "localhost:8000", "description": "Host, and port if it is not 443."}},
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _security()],
    }


def _security() -> dict[str, Any]:
    """Who the client is, in the order in which it is looked for (rule AUT-1)."""
    return {
        "token": {"type": "httpApiKey", "in": "query", "name": "token", "description": "An access token."},
        "ticket": {
            "type": "httpApiKey",
            "in": "query",
            "name": "ticket",
            "description": "From `/api/auth/ticket/`: for 30 seconds, once.",
        },
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The same access token."},
        "cookie": {
            "type": "httpApiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "Django's session, for pages of an allowed origin.",
        },
    }
