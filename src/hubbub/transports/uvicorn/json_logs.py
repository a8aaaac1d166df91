"""The log as JSON, one object a line, for whatever collects it (rule LOG-2)."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON: ``time``, ``level``, ``logger``, ``message``, and what else is known.

    ``session`` where it is about one; ``client``, ``method``, ``path`` and ``status`` of a request; ``trace`` of an
    exception. Handlers hide secrets and escape control characters before (:mod:`.redact`).
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if session := getattr(record, "session", ""):
            line["session"] = session
        args: Any = record.args
        if record.name == "uvicorn.access" and isinstance(args, tuple) and len(args) == 5:
            line["client"], line["method"], line["path"], _, line["status"] = args
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            line["trace"] = record.exc_text
        return json.dumps(line, default=str)
