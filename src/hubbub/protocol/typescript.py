"""The TypeScript types of the protocol, written from the registry: the source of ``generated.ts``.

A pure function of what is registered: the same registry gives the same text, so that a check can
compare it with the file that is committed.
"""

import json
import re
import textwrap
from collections.abc import Iterator

from msgspec import inspect as types

from hubbub.protocol.describe import docstring, field_docs, structs_of
from hubbub.protocol.registry import CommandType, EventType, Registry

HEADER = "// Written by `hubbub schema` from the messages that the server knows. Don't edit it by hand."
WIDTH = 100

_SCALARS: tuple[tuple[tuple[type[types.Type], ...], str], ...] = (
    ((types.NoneType,), "null"),
    ((types.BoolType,), "boolean"),
    ((types.IntType, types.FloatType), "number"),
    # As JSON they are all text: a date is ISO 8601, bytes are base64.
    (
        (
            types.StrType,
            types.BytesType,
            types.ByteArrayType,
            types.DateTimeType,
            types.DateType,
            types.TimeType,
            types.TimeDeltaType,
            types.UUIDType,
            types.DecimalType,
        ),
        "string",
    ),
    ((types.AnyType, types.RawType), "unknown"),
)


def typescript(registry: Registry) -> str:
    """The registry's commands, events and structs as a TypeScript module.

    Raises TypeError for a type that a JSON client could not read by name, and ValueError if two
    structs cannot be told apart by name.
    """
    commands, events = registry.public_commands(), registry.public_events()
    asked = structs_of(command.data for command in commands)
    told = structs_of([command.reply for command in commands if command.reply] + [event.data for event in events])
    names = _names(asked | told)
    parts = [HEADER, _commands(commands, names), _events(events, names)]
    parts += [
        # What a client sends may leave out what has a default; what it reads always has it.
        _interface(struct, names, defaults_optional=struct in asked)
        for struct in sorted(names, key=lambda struct: names[struct])
    ]
    return "\n\n".join(parts) + "\n"


# The two maps


def _commands(commands: list[CommandType], names: dict[type, str]) -> str:
    lines = list(_doc("Every command: its data, its reply, and whether it needs a topic."))
    lines.append("export interface Commands {")
    for command in commands:
        reply = names[command.reply] if command.reply else "Record<string, never>"
        topic = "string" if command.topic == "required" else "null"
        lines += _doc(docstring(command.data), "  ")
        shape = f"{{ data: {names[command.data]}; reply: {reply}; topic: {topic} }}"
        lines.append(f"  {json.dumps(command.name)}: {shape};")
    return "\n".join([*lines, "}"])


def _events(events: list[EventType], names: dict[type, str]) -> str:
    lines = list(_doc("Every event: its data."))
    lines.append("export interface Events {")
    for event in events:
        ephemeral = "" if event.durable else "\n\nEphemeral: it may be lost."
        lines += _doc(docstring(event.data) + ephemeral, "  ")
        lines.append(f"  {json.dumps(event.name)}: {names[event.data]};")
    return "\n".join([*lines, "}"])


# Structs


def _interface(struct: type, names: dict[type, str], *, defaults_optional: bool) -> str:
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    if info.array_like:
        raise TypeError(f"{struct.__qualname__} travels as an array, which has no names to read it by.")
    lines = list(_doc(docstring(struct)))
    if not info.fields and info.tag is None:
        return "\n".join([*lines, f"export type {names[struct]} = Record<string, never>;"])
    lines.append(f"export interface {names[struct]} {{")
    docs = field_docs(struct)
    if info.tag is not None:
        lines.append(f"  {_key(info.tag_field or 'type')}: {json.dumps(info.tag)};")
    optional = defaults_optional or struct.__struct_config__.omit_defaults  # type: ignore[attr-defined]
    for field in info.fields:
        lines += _doc(docs.get(field.name, ""), "  ")
        mark = "?" if optional and not field.required else ""
        lines.append(f"  {_key(field.encode_name)}{mark}: {_type(field.type, names)};")
    return "\n".join([*lines, "}"])


def _type(kind: types.Type, names: dict[type, str]) -> str:
    """The TypeScript type of a field."""
    if isinstance(kind, types.Metadata):
        return _type(kind.type, names)
    for classes, name in _SCALARS:
        if isinstance(kind, classes):
            return name
    match kind:
        case types.StructType():
            return names[kind.cls]
        case types.LiteralType():
            return " | ".join(json.dumps(value) for value in kind.values)
        case types.EnumType():
            return " | ".join(json.dumps(member.value) for member in kind.cls)
        case types.UnionType():
            # null last, as one reads it: "a name, or nothing".
            members = sorted(kind.types, key=lambda member: isinstance(member, types.NoneType))
            return " | ".join(dict.fromkeys(_type(member, names) for member in members))
        case types.TupleType():
            return f"[{', '.join(_type(item, names) for item in kind.item_types)}]"
        case types.CollectionType():
            item = _type(kind.item_type, names)
            return f"({item})[]" if "|" in item else f"{item}[]"
        case types.DictType():
            return f"Record<string, {_type(kind.value_type, names)}>"
    raise TypeError(f"{type(kind).__name__} has no counterpart in TypeScript: use another type for the field.")


# Names


def _names(structs: set[type]) -> dict[type, str]:
    """A name for each struct: its own, with the feature's before it where two have the same."""
    taken: dict[str, list[type]] = {}
    for struct in structs:
        taken.setdefault(struct.__name__, []).append(struct)
    names: dict[type, str] = {}
    for name, same in taken.items():
        for struct in same:
            names[struct] = name if len(same) == 1 else f"{_feature(struct)}{name}"
    if len(set(names.values())) < len(names):
        doubled = sorted(name for name in set(names.values()) if list(names.values()).count(name) > 1)
        raise ValueError(f"Two structs of one feature are called {', '.join(doubled)}: rename one.")
    return names


def _feature(struct: type) -> str:
    """``Chat`` of ``hubbub.chat.messages``: the package that the struct's module is in."""
    package = struct.__module__.split(".")[-2:][0]
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", package))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_$][\w$]*", name) else json.dumps(name)


# Documentation


def _doc(text: str, indent: str = "") -> Iterator[str]:
    """``text`` as the lines of a TSDoc comment; none where there is no text."""
    # Python's double backticks are single ones here, and no text may end the comment.
    text = text.strip().replace("``", "`").replace("*/", "*\\/")
    if not text:
        return
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text)]
    if len(paragraphs) == 1 and len(indent) + len(paragraphs[0]) + 7 <= WIDTH:
        yield f"{indent}/** {paragraphs[0]} */"
        return
    yield f"{indent}/**"
    for number, paragraph in enumerate(paragraphs):
        if number:
            yield f"{indent} *"
        for line in textwrap.wrap(paragraph, WIDTH - len(indent) - 3, break_long_words=False):
            yield f"{indent} * {line}"
    yield f"{indent} */"
