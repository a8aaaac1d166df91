"""When the tail looks at the log: every so often, or when PostgreSQL says that somebody has committed (rule EVT-4)."""

import logging
import selectors
import socket
import threading
import time
from contextlib import suppress
from typing import Any, Protocol

from django.db import connections

logger = logging.getLogger("hubbub.tail")

CHANNEL = "hubbub"
PAUSE = 0.02
"""Seconds between two looks at the log, and between two notifications, however many commits there are."""
IDLE_SECONDS = 0.4
"""How often the log is looked at beside notifications: one is lost where its process is killed just after a commit."""

_NOTIFY = f"NOTIFY {CHANNEL}"


class Wakeups(Protocol):
    """``committed`` and ``stop`` may be called from any thread, the others from the tail's only."""

    def wait(self) -> bool:
        """Sleep until it is time to look at the log; False where the tail is to end.

        Raises the database's errors where the connection is lost.
        """

    def lost(self) -> None:
        """The connection is about to be closed."""

    def close(self) -> None:
        """The tail has ended."""

    def committed(self) -> None:
        """This process has added to the log: let the others know."""

    def stop(self) -> None:
        """Let ``wait`` return False."""


def wakeups(alias: str, seconds: float, telling: bool) -> Wakeups:
    """How the tail of this database is woken. ``telling``: whether other processes are told of this one's commits."""
    if connections[alias].vendor == "postgresql":
        return Notifications(alias, seconds, telling)
    return Rounds(seconds)


def notify(alias: str) -> None:
    """Wake the tails of those that serve, after a commit in a process that doesn't. Never raises: it is a hint."""
    if connections[alias].vendor != "postgresql":
        return
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute(_NOTIFY)
    except Exception as error:
        logger.info("the processes that serve were not notified: %s", error)


class Rounds:
    """Every so often."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._stopping = threading.Event()

    def wait(self) -> bool:
        return not self._stopping.wait(self._seconds)

    def lost(self) -> None:
        return None

    def close(self) -> None:
        return None

    def committed(self) -> None:
        return None

    def stop(self) -> None:
        self._stopping.set()


class Notifications:
    """LISTEN and NOTIFY of PostgreSQL, both on the tail's connection.

    Notifications are hints, the log is the truth: it is looked at every ``IDLE_SECONDS`` all the same, and every
    ``seconds`` where a pooler stands between, through which no notification comes. They are sent after the commit
    and not in it, because PostgreSQL commits one notifying transaction at a time, in all databases of the server.
    """

    def __init__(self, alias: str, seconds: float, telling: bool) -> None:
        self._alias = alias
        self._seconds = seconds
        self._telling = telling
        self._selector = selectors.DefaultSelector()
        self._bell, self._button = socket.socketpair()
        for each in (self._bell, self._button):
            each.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._connection: Any = None
        """psycopg's connection that all of this is about."""
        self._listening: int | None = None
        """Its file descriptor, where notifications come."""
        self._heard = False
        self._committed = False
        self._stopping = False
        self._looked = self._told = float("-inf")

    # From any thread

    def committed(self) -> None:
        if self._telling and not self._committed:
            self._committed = True
            self._ring()

    def stop(self) -> None:
        self._stopping = True
        self._ring()

    def _ring(self) -> None:
        with suppress(OSError):  # It rings already, or the tail has ended.
            self._button.send(b"\0")

    # In the tail's thread

    def wait(self) -> bool:
        self._listen()
        while not self._stopping:
            now = time.monotonic()
            look = self._looked + self._until_next_look()
            if now >= look:
                break
            tell = self._told + PAUSE if self._committed else look
            if self._committed and now >= tell:
                self._tell(now)
            else:
                self._sleep(min(look, tell) - now)
        self._heard = False
        self._looked = time.monotonic()
        return not self._stopping

    def _until_next_look(self) -> float:
        if self._heard:
            return PAUSE
        return self._seconds if self._listening is None else IDLE_SECONDS

    def _listen(self) -> None:
        """Listen on the connection, unless it is the one that is listened on already."""
        connections[self._alias].ensure_connection()
        connection: Any = connections[self._alias].connection
        if connection is self._connection:
            return
        self.lost()
        self._connection = connection
        connection.add_notify_handler(lambda notification: self._hear(notification.pid))
        with connections[self._alias].cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            if cursor.fetchone()[0] == connection.info.backend_pid:
                cursor.execute(f"LISTEN {CHANNEL}")
                self._listening = connection.fileno()
                self._selector.register(self._listening, selectors.EVENT_READ)
            else:
                logger.warning(
                    "A pooler stands between this process and PostgreSQL, and no notification comes through it: the "
                    "log is looked at every %g s instead. Name a direct connection in DATABASE_DIRECT_URL, or in "
                    "HUBBUB['TAIL_DATABASE'].",
                    self._seconds,
                )
        self._heard = True  # What was committed before that.

    def lost(self) -> None:
        if self._listening is not None:
            with suppress(KeyError, ValueError):
                self._selector.unregister(self._listening)
        self._connection = self._listening = None

    def _hear(self, pid: int) -> None:
        # One's own commits are no news.
        if self._connection is not None and pid != self._connection.info.backend_pid:
            self._heard = True

    def _sleep(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._bell:
                with suppress(BlockingIOError):
                    self._bell.recv(4096)
                continue
            pgconn = self._connection.pgconn
            pgconn.consume_input()
            while notification := pgconn.notifies():
                self._hear(notification.be_pid)

    def _tell(self, now: float) -> None:
        self._told = now
        self._committed = False  # First: what is committed from here on is told of again.
        try:
            with connections[self._alias].cursor() as cursor:
                cursor.execute(_NOTIFY)
        except BaseException:
            self._committed = True
            raise

    def close(self) -> None:
        self.lost()
        self._selector.close()
        self._bell.close()
        self._button.close()
