"""One log line a second for everything that clients do wrong.

A broken or hostile client can repeat its fault thousands of times a second, and a log
line (worse: a traceback) for each is an attack of its own: it fills disks and hides what
matters. All client faults of the process therefore share one logger, and its filter lets
one record a second pass. What was held back is counted in the next line.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

LOGGER_NAME: Final = "hubbub.transports.faults"


class OncePerInterval(logging.Filter):
    """Pass one record per interval; append the number of those held back to the next.

    Records below WARNING are dropped uncounted: the websockets library reports "connection
    open" and the like through the logger that it is given, and these would use up the one
    line a second. A level on the logger wouldn't do, ``dictConfig`` resets it whenever the
    configuration names a parent logger.

    Args:
        interval: seconds between two records that pass.
        clock: monotonic clock in seconds (injectable for tests).
    """

    def __init__(self, interval: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.interval = interval
        self.suppressed = 0
        self._clock = clock
        self._next = float("-inf")
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide on one record. Never raises."""
        if record.levelno < logging.WARNING:
            return False
        with self._lock:
            now = self._clock()
            if now < self._next:
                self.suppressed += 1
                return False
            self._next = now + self.interval
            held, self.suppressed = self.suppressed, 0
        if held:
            record.msg = f"{record.msg} [%d more suppressed]"
            record.args = (*(record.args if isinstance(record.args, tuple) else ()), held)
        return True


def _make_logger() -> logging.Logger:
    found = logging.getLogger(LOGGER_NAME)
    if not any(isinstance(known, OncePerInterval) for known in found.filters):
        found.addFilter(OncePerInterval())
    return found


logger: Final = _make_logger()
"""The logger of client faults; also given to the websockets library."""


def report(client: str, what: str, answer: int) -> None:
    """Log one client fault, at most one a second per process in total.

    Args:
        client: ``address:port`` of the client, or "" where it is unknown (unix socket).
        what: the fault, in words of ours (never the client's own text).
        answer: the WebSocket close code or HTTP status that the client got; 0 for none.
    """
    logger.warning("client fault from %s: %s (answered %d)", client or "-", what, answer)
