"""The JSON Schema of the protocol, from the registered message types."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from hubbub.protocol.describe import docstring, field_docs, paragraph, structs_of
from hubbub.protocol.errors import ERRORS, ErrorBody
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import Registry


def struct_schemas(
    roots: Iterable[type], ref_template: str, examples: dict[type, msgspec.Struct]
) -> tuple[dict[type, dict[str, Any]], dict[str, dict[str, Any]]]:
    """The schema of each struct, and the components that they refer to by ``ref_template``, by name.

    Beside what msgspec writes, components have the texts under their fields, and their examples.
    """
    roots = list(dict.fromkeys(roots))
    schemas, components = msgspec.json.schema_components(roots, ref_template=ref_template)
    structs = {each.__name__: each for each in structs_of(roots)}
    for name, schema in components.items():
        if name in structs:
            _complete(schema, structs[name], examples)
    return dict(zip(roots, schemas, strict=True)), components


def _complete(schema: dict[str, Any], struct: type, examples: dict[type, msgspec.Struct]) -> None:
    if text := docstring(struct):
        schema["description"] = paragraph(text)
    for name, text in field_docs(struct).items():
        if name in schema.get("properties", {}):
            schema["properties"][name]["description"] = paragraph(text)
    for field in msgspec.structs.fields(struct):
        each = schema["properties"][field.encode_name]
        if all(isinstance(value, str) for value in each.get("enum", [0])):
            each["type"] = "string"  # Generators of code look for it, though the values say it.
        if field.type is datetime:
            each["format"] = "date-time"
    if struct in examples:
        schema["examples"] = [msgspec.to_builtins(examples[struct])]


def json_schema(registry: Registry) -> dict[str, Any]:
    """A JSON Schema (2020-12) document: ``commands`` and ``events`` by name, the types in ``$defs``."""
    commands, events = registry.public_commands(), registry.public_events()
    types: list[Any] = [ErrorBody, Position, *registry.public_structs()]
    of, components = struct_schemas(types, "#/$defs/{name}", registry.examples)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hubbub.v1",
        "commands": {
            each.name: {
                "description": paragraph(each.doc),
                "topic": each.topic,
                "data": of[each.data],
                "reply": {"type": "object"} if each.reply is None else of[each.reply],
            }
            for each in commands
        },
        "events": {
            each.name: {"description": paragraph(each.doc), "durable": each.durable, "data": of[each.data]}
            for each in events
        },
        "errors": {
            error.code: {
                "message": (error.__doc__ or "").strip(),
                "temporary": error.temporary,
                "status": error.status,
            }
            for error in ERRORS
        },
        "$defs": components,
    }
