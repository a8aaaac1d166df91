"""One log line a second for everything that clients do wrong (:mod:`hubbub.engine.logs`).

All client faults of the process share one logger. What was held back is counted in the next line.
"""

from __future__ import annotations

import logging
from typing import Final

from hubbub.engine.logs import OncePerInterval, quiet, quiet_logger

LOGGER_NAME: Final = "hubbub.transports.faults"

# The websockets library reports "connection open" and the like through the logger that it is given, and these
# would use up the one line a second.
logger: Final = quiet_logger(LOGGER_NAME, least=logging.WARNING)
"""The logger of client faults; also given to the websockets library."""


def report(client: str, what: str, answer: int) -> None:
    """Log one client fault, at most one a second per process in total.

    Args:
        client: ``address:port`` of the client, or "" where it is unknown (unix socket).
        what: the fault, in words of ours (never the client's own text).
        answer: the WebSocket close code or HTTP status that the client got; 0 for none.
    """
    logger.warning("client fault from %s: %s (answered %d)", client or "-", what, answer)


def install() -> None:
    """Limit the line that uvicorn logs for each handshake that the application refuses. Idempotent."""
    quiet(logging.getLogger("uvicorn.error"), OncePerInterval(only=_refused_handshake))


def _refused_handshake(record: logging.LogRecord) -> bool:
    # Before or after another filter has rendered it.
    text = str(record.msg)
    return "WebSocket" in text and text.endswith('" 403')
