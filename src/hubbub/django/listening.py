"""The threads that call this process's listeners (rules LSN-2 and LSN-4)."""

import logging
import threading
import time
from collections.abc import Collection

from django.db import DatabaseError, connections

from hubbub.django import hearing, runtime
from hubbub.django.conf import database_alias, hubbub_settings, tail_alias
from hubbub.django.listeners import Listener, add_waker, listeners, remove_waker
from hubbub.django.tail import Tail
from hubbub.django.transactions import give_back, renew_connections

logger = logging.getLogger("hubbub.listeners")

PAUSE = 0.02
"""Seconds between two turns of one listener at least, however much happens: what comes meanwhile is heard together."""
SHARE = 4.0
"""How many times as long as its turn a listener that has heard all waits: those who write go first."""
MOST_PAUSE = 0.2
"""Seconds that it waits so at most."""
LONGEST_WAIT = 60.0
"""Seconds after which a listener is looked at whatever happens."""
IDLE_SECONDS = 10.0
"""How long a thread waits for work before it ends; the last one stays."""
AWAY_SECONDS = 1.0
"""How long the database is left alone after it has failed."""


class Listening:
    """Calls the listeners when there is news for them, each in one thread at a time, and no more threads than work.

    Somebody always waits for what is due next; who takes it lets another one wait. So a slow listener holds up itself
    alone.
    """

    def __init__(self) -> None:
        self._alias = database_alias()
        self._due = dict.fromkeys(listeners, 0.0)
        """When each listener is looked at next, by ``time.monotonic``."""
        self._running: set[str] = set()
        self._threads: set[threading.Thread] = set()
        self._waiting = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._away = False
        self._tail: Tail | None = None

    def start(self) -> None:
        """Begin to listen; with what came since the last time."""
        if not listeners:
            return
        add_waker(self.wake)
        if runtime.current() is None:
            self._tail = Tail(tail_alias(), None, hubbub_settings().tail_seconds, telling=False)
            self._tail.start()
        with self._changed:
            self._let_wait()

    def stop(self) -> None:
        """Begin no further turn. From any thread, or a signal's handler."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def end(self, seconds: float | None = None) -> None:
        """After ``stop``: wait for the threads, so long at most."""
        until = None if seconds is None else time.monotonic() + seconds
        remove_waker(self.wake)
        if self._tail is not None:
            self._tail.stop()
            self._tail = None
        for thread in list(self._threads):
            thread.join(None if until is None else max(0.0, until - time.monotonic()))

    def wake(self, types: Collection[str]) -> None:
        """There are new events of these types. From any thread."""
        with self._changed:
            now = time.monotonic()
            for name, listener in listeners.items():
                if any(each in types for each in listener.types):
                    self._due[name] = min(self._due.get(name, now), now)
            self._changed.notify()

    def _let_wait(self) -> None:
        """See to it that somebody waits for what is due next. With the lock held."""
        if not self._waiting and not self._stopping:
            thread = threading.Thread(target=self._work, name="hubbub listener", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _work(self) -> None:
        try:
            while (name := self._take()) is not None:
                began = time.monotonic()
                again = self._turn(listeners[name])
                with self._changed:
                    self._running.discard(name)
                    now = time.monotonic()
                    wanted = now + (LONGEST_WAIT if again is None else again)
                    earliest = now + (min(MOST_PAUSE, max(PAUSE, SHARE * (now - began))) if again is None else PAUSE)
                    self._due[name] = max(earliest, min(wanted, self._due.get(name, wanted)))
        finally:
            connections.close_all()
            with self._changed:
                self._threads.discard(threading.current_thread())

    def _take(self) -> str | None:
        """Wait for a listener that is due, and for nobody else's turn of it. None where the thread is to end."""
        idle_until = time.monotonic() + IDLE_SECONDS
        with self._changed:
            self._waiting += 1
            try:
                while not self._stopping:
                    due, name = self._next()
                    now = time.monotonic()
                    if name and due <= now:
                        del self._due[name]
                        self._running.add(name)
                        return name
                    if now >= idle_until and self._waiting > 1:
                        return None
                    self._changed.wait((due if now >= idle_until else min(due, idle_until)) - now)
                return None
            finally:
                self._waiting -= 1
                self._changed.notify()  # Whoever waits may wait for what was due by then.
                self._let_wait()

    def _next(self) -> tuple[float, str]:
        waiting = [(due, name) for name, due in self._due.items() if name not in self._running]
        return min(waiting, default=(time.monotonic() + LONGEST_WAIT, ""))

    def _turn(self, listener: Listener) -> float | None:
        try:
            renew_connections(self._alias)
            again = hearing.turn(listener, self._alias)
            self._away = False
            return again
        except DatabaseError as error:
            if not self._away:
                logger.warning("Listeners wait for the database: %s", str(error).strip())
            self._away = True
        except Exception:
            logger.exception("The turn of listener %s failed.", listener.name)
        finally:
            give_back(self._alias)
        return AWAY_SECONDS
