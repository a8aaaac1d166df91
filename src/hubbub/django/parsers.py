"""JSON over REST, read as strictly as in a frame (rules ENV-7 and ERR-3)."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from hubbub.protocol.dialect import decode_json
from hubbub.protocol.errors import TooLong

MAX_JSON = 262_144
"""Bytes of a body. No field that is accepted is that long, and more would cost other requests their time."""


class BodyTooLong(TooLong):
    """The body is too long."""

    status = 413


class StrictJSONParser(BaseParser):
    """DRF's own recurses with the brackets, and takes NaN and half a surrogate pair."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The decoded body. Raises BadJson, BodyTooLong."""
        raw: bytes = stream.read(MAX_JSON + 1)
        if len(raw) > MAX_JSON:
            raise BodyTooLong
        return decode_json(raw)
