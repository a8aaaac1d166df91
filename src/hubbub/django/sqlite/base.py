"""The database backend ``hubbub.django.sqlite``.

Django's SQLite, in WAL with ``synchronous=FULL`` (an acknowledged message survives a power cut), whose
writers queue at a gate instead of racing for SQLite's lock.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

from hubbub.django.sqlite.creation import DatabaseCreation
from hubbub.django.sqlite.gate import Gate, gate_of

_TIMEOUT_SECONDS = 20.0
_ASK_AGAIN_SECONDS = 0.001
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP")
_PRAGMAS = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")


def _until_free(run: Callable[[], Any], patience: float) -> Any:
    """Run what wants SQLite's lock, again each millisecond while somebody else has it, ``patience`` seconds long."""
    until = time.monotonic() + patience
    while True:
        try:
            return run()
        except (OperationalError, sqlite3.OperationalError) as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(_ASK_AGAIN_SECONDS)


class GatedCursor(base.SQLiteCursorWrapper):
    """Takes the gate for a statement that writes outside a transaction."""

    wrapper: "DatabaseWrapper"

    def execute(self, query: Any, params: Any = None) -> Any:
        if self.wrapper.writes_alone(query):
            with self.wrapper.gated():
                return self.wrapper.ask_often(partial(super().execute, query, params))
        return super().execute(query, params)

    def executemany(self, query: Any, param_list: Any) -> Any:
        if self.wrapper.writes_alone(query):
            with self.wrapper.gated():
                return super().executemany(query, param_list)
        return super().executemany(query, param_list)


class DatabaseWrapper(base.DatabaseWrapper):
    """One thread's connection. ``reading()`` marks transactions that need not queue."""

    creation_class = DatabaseCreation

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._holds_gate = False
        self._reading = False

    transaction_mode: str | None
    init_commands: list[str]

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        # Other processes do not see the gate, only SQLite's lock: wait for that longer than the 5 s default.
        params.setdefault("timeout", _TIMEOUT_SECONDS)
        self.transaction_mode = self.transaction_mode or "IMMEDIATE"
        self.init_commands = [*_PRAGMAS, *self.init_commands]
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        # Two that change a new database to WAL at once get "locked" without waiting: SQLite fears a deadlock.
        return _until_free(partial(super().get_new_connection, conn_params), self._patience)

    def create_cursor(self, name: str | None = None) -> Any:
        cursor = self.connection.cursor(factory=GatedCursor)
        cursor.wrapper = self
        return cursor

    # The gate

    @property
    def gate(self) -> Gate:
        return gate_of(str(self.settings_dict["NAME"]))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Transactions begun inside only read: they see one moment and hold up nobody."""
        before, self._reading = self._reading, True
        try:
            yield
        finally:
            self._reading = before

    def writes_alone(self, query: Any) -> bool:
        """Whether a statement is a transaction of its own that writes."""
        return (
            not self._holds_gate
            and not self.connection.in_transaction
            and str(query).lstrip()[:7].upper().startswith(_WRITES)
        )

    @contextmanager
    def gated(self) -> Iterator[None]:
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        if not self.gate.acquire(self._patience):
            raise OperationalError(f"database is locked: no turn to write within {self._patience:g} s")
        self._holds_gate = True

    def _leave(self) -> None:
        if self._holds_gate:
            self._holds_gate = False
            self.gate.release()

    # Where transactions begin and end

    def _start_transaction_under_autocommit(self) -> None:
        if self._reading:
            self.cursor().execute("BEGIN DEFERRED")
            return
        self._enter()
        try:
            self.ask_often(super()._start_transaction_under_autocommit)  # type: ignore[misc]
        except BaseException:
            self._leave()
            raise

    def ask_often(self, run: Callable[[], Any]) -> Any:
        """Run a statement that wants SQLite's lock, again each millisecond while another process has it.

        SQLite itself soon asks only ten times a second, and does not find the moment that a busy process
        leaves between two transactions: measured, it waited for seconds.
        """
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            return _until_free(run, self._patience)
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {self._patience * 1000:.0f}")

    @property
    def _patience(self) -> float:
        """Seconds to wait for a turn to write."""
        return float(self.settings_dict.get("OPTIONS", {}).get("timeout", _TIMEOUT_SECONDS))

    def _commit(self) -> Any:
        result = super()._commit()  # type: ignore[misc]
        self._leave()
        return result

    def _rollback(self) -> Any:
        try:
            return super()._rollback()  # type: ignore[misc]
        finally:
            self._leave()

    def _close(self) -> Any:
        try:
            return super()._close()  # type: ignore[misc]
        finally:
            self._leave()
