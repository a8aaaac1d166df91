"""JSON that no well-meaning client sends."""

from __future__ import annotations

NOT_JSON = {
    "empty": "",
    "white space": "  \n",
    "words": "hello",
    "cut": '{"type": "chat_message", "content": "x',
    "single quotes": "{'message': 'x'}",
    "trailing comma": '{"message": "x",}',
    "two values": '{"message": "x"}{"message": "y"}',
    "NUL": "\x00",
    "NUL inside": '{"message": "a\x00b"}',
    "line feed in a string": '{"message": "a\nb"}',
    "byte order mark": '\ufeff{"message": "x"}',
    "brackets": "[" * 65_536,
    "nested arrays": "[" * 10_000 + "]" * 10_000,
    "nested objects": '{"a":' * 9_000 + "1" + "}" * 9_000,
    "nested in a field": '{"type": "chat_message", "content": ' + "[" * 10_000 + "]" * 10_000 + "}",
    "NaN alone": "NaN",
    "bad escape": '{"message": "\\x41"}',
    "half an escape": '{"message": "\\u00"}',
    "comment": '{"message": "x"} // y',
    "plus": '{"message": +1}',
    "leading zero": '{"message": 01}',
}
"""Frames that are answered `Invalid JSON`."""

UNCARRIED = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "10^400": "1" + "0" * 400,
    "-10^400": "-1" + "0" * 400,
    "1e400": "1e400",
    "lone high surrogate": '"\\ud800"',
    "lone low surrogate": '"a\\udc00b"',
    "swapped surrogates": '"\\udc00\\ud800"',
    "deep": "[" * 100 + "]" * 100,
}
"""Values that JSON cannot carry, whatever the field."""

MISFITS = {
    "2^63": str(2**63),
    "2^64": str(2**64),
    "2^70": str(2**70),
    "10^100": "1" + "0" * 100,
    "negative": "-1",
    "-2^63-1": str(-(2**63) - 1),
    "fraction": "1.5",
    "float": "1e300",
    "true": "true",
    "array": "[1]",
    "empty array": "[]",
    "object": '{"a": 1}',
    "empty object": "{}",
    "NUL in text": '"a\\u0000b"',
}
"""Values that are JSON, and no good where text, a truth value or an id is wanted."""

VALUES = {**UNCARRIED, **MISFITS}


def with_value(value: str, field: str, **others: str) -> str:
    """An object whose ``field`` is ``value`` as it stands, beside fields that are texts."""
    fields = [f'"{name}": "{text}"' for name, text in others.items()]
    return "{" + ", ".join([*fields, f'"{field}": {value}']) + "}"
