"""Log lines: which session they are about, and one a second of what clients can cause at will (rules LOG-1, HOST-13).

A broken or hostile client can repeat itself thousands of times a second, and a log line (worse: a traceback) for
each is an attack of its own: it fills disks and hides what matters.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hubbub.engine.session import Session

session_id: ContextVar[str] = ContextVar("hubbub_session_id", default="")
"""The session that the present task works for; what it logs is about that one (rule LOG-1)."""


def about(session: "Session") -> dict[str, str]:
    """``extra`` of a log record about a session, where nothing else says which."""
    return {"session": session.id}


class AboutSession(logging.Filter):
    """For handlers: gives each record ``session``, the id of the one that it is about, and that ``about`` in words.

    Both are empty for a record about none, and the words where the message has the id already. Never drops a record.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        id = getattr(record, "session", "") or session_id.get()
        record.session = id
        record.about = f" (session {id})" if id and id not in record.getMessage() else ""
        return True


@dataclass(slots=True)
class _Kind:
    next: float = float("-inf")
    held: int = 0


class OncePerInterval(logging.Filter):
    """Pass one record per interval of each kind; append the number of those held back to the next.

    A kind is the place in the code that logs, so that one client's noise does not hide what another is told of.

    Args:
        interval: seconds between two records that pass.
        clock: monotonic clock in seconds (injectable for tests).
        least: records below this level are dropped uncounted. A level on the logger wouldn't do, ``dictConfig``
            resets it whenever the configuration names a parent logger.
        only: which records this is about; others pass.
    """

    def __init__(
        self,
        interval: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        *,
        least: int = logging.NOTSET,
        only: Callable[[logging.LogRecord], bool] | None = None,
    ) -> None:
        super().__init__()
        self.interval = interval
        self._clock = clock
        self._least = least
        self._only = only
        self._kinds: dict[tuple[str, int], _Kind] = {}
        self._lock = threading.Lock()

    @property
    def suppressed(self) -> int:
        """How many records are held back and not counted in a line yet."""
        return sum(kind.held for kind in self._kinds.values())

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide on one record. Never raises."""
        if record.levelno < self._least:
            return False
        if self._only is not None and not self._only(record):
            return True
        with self._lock:
            now = self._clock()
            kind = self._kinds.setdefault((record.pathname, record.lineno), _Kind())
            if now < kind.next:
                kind.held += 1
                return False
            kind.next = now + self.interval
            held, kind.held = kind.held, 0
        if held:
            record.msg = f"{record.msg} [{held} more suppressed]"
        return True


def quiet(logger: logging.Logger, filter: OncePerInterval) -> None:
    """Give a logger its filter, unless it has one. Later ``dictConfig`` leaves it in place."""
    if not any(isinstance(known, OncePerInterval) for known in logger.filters):
        logger.addFilter(filter)


def quiet_logger(name: str, *, least: int = logging.NOTSET) -> logging.Logger:
    """A logger that writes at most one line of a kind a second, whoever uses it."""
    logger = logging.getLogger(name)
    quiet(logger, OncePerInterval(least=least))
    return logger
