"""Example frames: the examples of structs, in the envelopes that they travel in."""

from typing import Any

import msgspec

from hubbub.protocol.registry import CommandType, EventType, Registry

AT = "2026-11-21T12:00:00Z"


def command_frame(registry: Registry, command: CommandType) -> dict[str, Any] | None:
    """What a client sends; None where the command's data has no example."""
    data = registry.examples.get(command.data)
    if data is None:
        return None
    frame: dict[str, Any] = {"id": 2, "type": command.name}
    if command.topic == "required":
        frame["topic"] = example_topic(registry, kind_of_command(registry, command))
    given = _plain(data)
    return {**frame, "data": given} if given else frame


def reply_frame(registry: Registry, command: CommandType) -> dict[str, Any] | None:
    """What it is answered when all is well; None where the reply has no example."""
    ok = registry.examples.get(command.reply) if command.reply else None
    if command.reply and ok is None:
        return None
    return {"id": 2, "type": "reply", "ok": msgspec.to_builtins(ok) if ok else {}}


def event_frame(registry: Registry, event: EventType) -> dict[str, Any] | None:
    """An event as its followers get it; None where its data has no example."""
    data = registry.examples.get(event.data)
    if data is None:
        return None
    place = {"offset": 1045} if event.durable else {}
    topic = example_topic(registry, event.kind)
    return {"type": event.name, "topic": topic, **place, "data": msgspec.to_builtins(data), "at": AT}


def kind_of_command(registry: Registry, command: CommandType) -> str:
    """The kind of topics that a command is for; empty for one of any topic, or of none."""
    kind, dot, _ = command.name.partition(".")
    return kind if dot and command.topic == "required" and kind in registry.topics else ""


def example_topic(registry: Registry, kind: str) -> str:
    """A topic of a kind, or of the first that there is."""
    found = registry.topics.get(kind) or next(iter(registry.topics.values()), None)
    return ".".join(filter(None, (found.name, found.example))) if found else "topic.1"


def _plain(data: msgspec.Struct) -> dict[str, Any]:
    """A command's data without what is as by default: a client leaves it out."""
    given = msgspec.to_builtins(data)
    defaults = {field.encode_name: field.default for field in msgspec.structs.fields(data)}
    return {name: value for name, value in given.items() if defaults[name] is not value and defaults[name] != value}
