"""What the formats share: reading a frame that has no envelope."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from hubbub.protocol.dialect import decode_json
from hubbub.protocol.errors import BadData
from hubbub.protocol.frames import Inbound

encode = msgspec.json.encode


def read_object(text: str | bytes) -> dict[str, Any]:
    """A client's frame as an object; what is JSON but no object has none of the fields. Raises BadJson."""
    found = decode_json(text)
    return found if isinstance(found, dict) else {}


def text_of(frame: dict[str, Any], field: str) -> str:
    """A field that is text; empty where there is none. Raises BadData for anything else."""
    value = frame.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadData(f'"{field}" is to be text.')
    return value


def truth_of(frame: dict[str, Any], field: str) -> bool:
    """A field that is true or false; false where there is none. Raises BadData for anything else."""
    value = frame.get(field)
    if not (value is None or isinstance(value, bool) or value in (0, 1)):
        raise BadData(f'"{field}" is to be true or false.')
    return bool(value)


def command(type: str, data: dict[str, Any], topic: str) -> Inbound:
    """A command of the full protocol, as if the client had sent it."""
    return Inbound(type=type, topic=topic, data=msgspec.Raw(encode(data)))


def iso(at: datetime | str) -> str:
    """ISO 8601 in UTC; text stays as it is."""
    return at if isinstance(at, str) else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
