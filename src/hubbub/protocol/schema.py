"""The JSON Schema of the protocol, from the registered message types."""

from typing import Any

import msgspec

from hubbub.protocol.errors import ERRORS, ErrorBody
from hubbub.protocol.frames import Position
from hubbub.protocol.registry import Registry


def json_schema(registry: Registry) -> dict[str, Any]:
    """A JSON Schema (2020-12) document: ``commands`` and ``events`` by name, the types in ``$defs``."""
    commands, events = registry.public_commands(), registry.public_events()
    types: list[Any] = [ErrorBody, Position]
    for each in commands:
        types += [each.data] if each.reply is None else [each.data, each.reply]
    types += [each.data for each in events]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    of = dict(zip(types, schemas, strict=True))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hubbub.v1",
        "commands": {
            each.name: {
                "description": each.doc,
                "topic": each.topic,
                "data": of[each.data],
                "reply": {"type": "object"} if each.reply is None else of[each.reply],
            }
            for each in commands
        },
        "events": {
            each.name: {"description": each.doc, "durable": each.durable, "data": of[each.data]} for each in events
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
