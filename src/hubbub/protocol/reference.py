"""The reference page of the protocol's messages, as Markdown: written from the registry, like the schemas."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import inspect as types

from hubbub.protocol import samples
from hubbub.protocol.close import Close
from hubbub.protocol.describe import docstring, field_docs, paragraph, structs_of
from hubbub.protocol.errors import ERRORS, ErrorBody
from hubbub.protocol.frames import Position, Ready, Reset, Unsubscribed
from hubbub.protocol.registry import CommandType, EventType, Registry, TopicKind

_INTRODUCTION = """\
<!-- Written by `hubbub schema` from the messages that the server knows. Don't edit it by hand. -->

# Messages

Every command and event of `hubbub.v1`, on `/ws/`. [The rules](../SPEC.md) say what a client may rely on;
[schema.json](schema.json) and [asyncapi.json](asyncapi.json) have the same types for machines.

A command is `{"id", "type", "topic", "data"}`. With an `id` it gets one reply, `{"id", "type": "reply", "ok": {…}}` or
`{"id", "type": "reply", "error": {…}}`. Fields marked "optional" may be left out."""


def reference_page(registry: Registry, limits: Mapping[str, str]) -> str:
    """The whole page. ``limits``: the default rates by name, as ``60/10s``."""
    commands, events = registry.public_commands(), registry.public_events()
    parts = [_INTRODUCTION, *_server_frames()]
    kinds: list[TopicKind | None] = [None, *(kind for _, kind in sorted(registry.topics.items()))]
    for kind in kinds:
        name = kind.name if kind else ""
        parts += _kind(kind, registry) if kind else ["## On any topic, and on none"]
        for command in commands:
            if samples.kind_of_command(registry, command) == name:
                parts += _command(registry, command, limits)
        for event in events:
            if event.kind == name:
                parts += _event(registry, event)
    parts += _types(registry)
    parts += _errors()
    return "\n\n".join(parts) + "\n"


def _server_frames() -> Iterator[str]:
    yield "## What the server says of itself"
    for name, struct in (("ready", Ready), ("reset", Reset), ("unsubscribed", Unsubscribed)):
        yield f"### `{name}`"
        yield from _struct(struct)
    yield "### `ping`"
    yield 'Every `heartbeat` seconds, without data. A client answers `{"type": "pong"}`.'
    yield "### `error`"
    yield "What went wrong with a frame that had no `id`; its `error` is as in a reply."
    yield from _struct(ErrorBody)


def _kind(kind: TopicKind, registry: Registry) -> Iterator[str]:
    yield f"## `{kind.pattern}`"
    if kind.doc:
        yield paragraph(kind.doc)
    if kind.snapshot_type:
        yield f"Its snapshot is {_link(kind.snapshot_type)}."


def _command(registry: Registry, command: CommandType, limits: Mapping[str, str]) -> Iterator[str]:
    yield f"### Command `{command.name}`"
    yield paragraph(command.doc)
    yield from _fields(command.data, optional=True)
    reply = f"Reply: {_link(command.reply)}." if command.reply else "Reply: `{}`."
    codes = ", ".join(f"`{error.code}`" for error in command.possible_errors)
    yield f"{reply} Errors: {codes}. Limit: {_limit(command.limit, limits)}."
    yield from _frames("→", samples.command_frame(registry, command), "←", samples.reply_frame(registry, command))


def _event(registry: Registry, event: EventType) -> Iterator[str]:
    yield f"### Event `{event.name}`"
    yield paragraph(event.doc) + ("" if event.durable else " Ephemeral: it may be lost.")
    yield from _fields(event.data)
    yield from _frames("←", samples.event_frame(registry, event))


def _types(registry: Registry) -> Iterator[str]:
    """What the messages are made of; commands' and events' own data stand with them."""
    yield "## Types"
    shown: set[type] = {each.data for each in registry.public_commands()}
    shown |= {each.data for each in registry.public_events()}
    used = structs_of([Position, Ready, *registry.public_structs()]) - shown - {Ready}
    for struct in sorted(used, key=lambda struct: struct.__name__):
        yield f"### {struct.__name__}"
        yield from _struct(struct)


def _errors() -> Iterator[str]:
    yield "## Errors"
    yield "Over REST the same body comes under the HTTP status. With `temporary` the same may succeed later."
    rows = [
        (f"`{error.code}`", str(error.status), "yes" if error.temporary else "", paragraph(error.__doc__ or ""))
        for error in ERRORS
    ]
    yield _table(("code", "status", "temporary", ""), rows)
    yield "## Close codes"
    codes = [(str(int(code)), "yes" if code.reconnect else "no", code.meaning) for code in Close]
    yield _table(("code", "connect again", ""), codes)


# Parts


def _struct(struct: type[msgspec.Struct]) -> Iterator[str]:
    if text := docstring(struct):
        yield paragraph(text)
    yield from _fields(struct)


def _fields(struct: type[msgspec.Struct], *, optional: bool = False) -> Iterator[str]:
    """A table of a struct's fields; ``optional`` marks those with a default, which a client may leave out."""
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    texts = field_docs(struct)
    rows = []
    for field in info.fields:
        text = paragraph(texts.get(field.name, ""))
        kind = _type(field.type)
        if optional and not field.required:
            given = field.default if isinstance(field.default, bool | int | float) else None
            kind += f", optional (`{json.dumps(given)}`)" if given is not None else ", optional"
        rows.append((f"`{field.encode_name}`", kind, text))
    if rows:
        yield _table(("field", "type", ""), rows)


def _type(kind: types.Type) -> str:
    match kind:
        case types.Metadata():
            return _type(kind.type)
        case types.StructType():
            return _link(kind.cls)
        case types.NoneType():
            return "null"
        case types.BoolType():
            return "boolean"
        case types.IntType():
            return "whole number" + _range(kind.ge, kind.le)
        case types.FloatType():
            return "number" + _range(kind.ge, kind.le)
        case types.DateTimeType():
            return "time (ISO 8601)"
        case types.LiteralType():
            return " or ".join(f"`{value}`" for value in kind.values)
        case types.StrType():
            return "text" + _range(kind.min_length, kind.max_length, " characters")
        case types.ListType():
            return f"list of {_type(kind.item_type)}" + _range(kind.min_length, kind.max_length, " of them")
        case types.DictType():
            return f"object of {_type(kind.value_type)} by text"
        case types.UnionType():
            return " or ".join(_type(each) for each in sorted(kind.types, key=lambda t: isinstance(t, types.NoneType)))
        case types.AnyType():
            return "any"
    raise TypeError(f"{type(kind).__name__} has no words in the reference yet: add them.")


def _range(least: float | None, most: float | None, unit: str = "") -> str:
    if least is None and most is None:
        return ""
    if least is None:
        return f", at most {most}{unit}"
    return f", {least} to {most}{unit}" if most is not None else f", at least {least}{unit}"


def _link(struct: type) -> str:
    return f"[{struct.__name__}](#{struct.__name__.lower()})"


def _limit(limit: str, limits: Mapping[str, str]) -> str:
    if not limit:
        return "none but that of frames"
    return f"`{limit}`, {limits[limit]}" if limit in limits else f"`{limit}`"


def _frames(*marked: Any) -> Iterator[str]:
    frames = [
        f"{mark} {json.dumps(frame, ensure_ascii=False)}"
        for mark, frame in zip(marked[::2], marked[1::2], strict=True)
        if frame
    ]
    if frames:
        yield "\n".join(["```text", *frames, "```"])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    cells = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells)
