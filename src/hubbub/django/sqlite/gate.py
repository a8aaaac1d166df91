"""The gate: a process-wide first-come lock in front of each SQLite database."""

import threading
from collections import deque


class Gate:
    """A lock that goes to those who wait in the order in which they came.

    SQLite's own lock goes to whoever polls it at the right moment, so beside a busy writer everybody
    else starves. ``threading.Lock`` makes no promise of order either.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Event] = deque()

    def acquire(self, timeout: float) -> bool:
        """Wait for one's turn, ``timeout`` seconds at most. False if it did not come."""
        with self._lock:
            if not self._held:
                self._held = True
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        try:
            if turn.wait(timeout):
                return True
        except BaseException:  # Control-C: a turn must not come to somebody who has gone.
            if not self._give_up(turn):
                self.release()
            raise
        return not self._give_up(turn)

    def _give_up(self, turn: threading.Event) -> bool:
        """Leave the queue. False if the turn came just now, and the gate is held."""
        with self._lock:
            if turn.is_set():
                return False
            self._waiting.remove(turn)
            return True

    def release(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._held = False


_gates: dict[str, Gate] = {}
_gates_lock = threading.Lock()


def gate_of(database: str) -> Gate:
    """The gate of a database, by its file's name."""
    with _gates_lock:
        return _gates.setdefault(database, Gate())
