"""Where the outgoing queue is kept."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from hubbub.client.errors import QueueFileError
from hubbub.protocol.errors import ErrorBody


@dataclass(slots=True)
class StoredCommand:
    """A command that waits to be sent, or for its reply."""

    key: int
    """Unique in its queue, in the order in which the commands were given. 0 before it is stored."""
    type: str
    topic: str | None
    data: bytes
    """JSON, with the ``client_id`` that makes sending it again safe (rule ACK-2)."""
    at: float
    """When it was given, in seconds since 1970."""
    tried: float | None = None
    """When it may have been sent for the first time; None while it can't have been."""
    error: ErrorBody | None = None
    """Why it failed, for good."""


class QueueStore(Protocol):
    """Keeps commands until they are replied to."""

    durable: bool
    """Whether what it keeps outlives the process."""

    def load(self) -> list[StoredCommand]:
        """What is there, in order."""
        ...

    def owner(self) -> str | None:
        """Whose queue it is: a user's id as text; None while nobody's."""
        ...

    def own(self, user: str) -> None:
        """Say whose it is."""
        ...

    def add(self, command: StoredCommand) -> int:
        """Keep a command; returns its key. What returned is safe."""
        ...

    def mark_tried(self, at: float) -> None:
        """From now on any command may have been sent."""
        ...

    def fail(self, key: int, error: ErrorBody | None) -> None:
        """Note why a command failed, or that it is to be tried again."""
        ...

    def remove(self, key: int) -> None:
        """The command is done with."""
        ...

    def close(self) -> None: ...


class MemoryStore:
    """Keeps the queue as long as the client lives."""

    durable = False

    def __init__(self) -> None:
        self._last = 0

    def load(self) -> list[StoredCommand]:
        return []

    def owner(self) -> str | None:
        return None

    def own(self, user: str) -> None: ...

    def add(self, command: StoredCommand) -> int:
        self._last += 1
        return self._last

    def mark_tried(self, at: float) -> None: ...

    def fail(self, key: int, error: ErrorBody | None) -> None: ...

    def remove(self, key: int) -> None: ...

    def close(self) -> None: ...


_SCHEMA = """
CREATE TABLE queue (
    key INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, topic TEXT, data BLOB NOT NULL,
    at REAL NOT NULL, tried REAL, error BLOB
);
CREATE TABLE owner (user TEXT NOT NULL);
PRAGMA application_id = 0x68756262;
PRAGMA user_version = 1;
"""
_ERROR = ErrorBody | None
_APPLICATION_ID = 0x68756262
_VERSION = 1


class FileStore:
    """Keeps the queue in an SQLite file, so that a crash or a power cut loses nothing that was added.

    One process at a time: the file is locked until ``close``, or until the process is gone, however it went.
    Adding waits until the disk has it, for some milliseconds. Raises QueueFileError where the file can't be used.
    """

    durable = True

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        with self._explained():
            self._database = sqlite3.connect(self._path, isolation_level=None, timeout=0.0)
            try:
                self._prepare()
            except BaseException:
                self._database.close()
                raise

    def _prepare(self) -> None:
        execute = self._database.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        self._check()  # First of all: the next line would stay in somebody else's database.
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        with self._transaction("EXCLUSIVE"):  # Takes the lock, which locking_mode keeps.
            if self._check():
                for statement in _SCHEMA.split(";"):
                    execute(statement)

    def _check(self) -> bool:
        """Whether the file is new. Raises QueueFileError for a database of something else."""
        execute = self._database.execute
        (application_id,) = execute("PRAGMA application_id").fetchone()
        (version,) = execute("PRAGMA user_version").fetchone()
        (tables,) = execute("SELECT count(*) FROM sqlite_master").fetchone()
        mine = (application_id, version) == (_APPLICATION_ID, _VERSION)
        if not mine and (tables or application_id or version):
            raise QueueFileError(f"{self._path} is a database of something else. Name another file for the queue.")
        return not tables

    def load(self) -> list[StoredCommand]:
        with self._explained():
            rows = self._database.execute("SELECT key, type, topic, data, at, tried, error FROM queue ORDER BY key")
            return [
                StoredCommand(key, type, topic, data, at, tried, msgspec.json.decode(error or b"null", type=_ERROR))
                for key, type, topic, data, at, tried, error in rows
            ]

    def owner(self) -> str | None:
        with self._explained():
            found = self._database.execute("SELECT user FROM owner").fetchone()
        return None if found is None else str(found[0])

    def own(self, user: str) -> None:
        with self._explained(), self._transaction():
            self._database.execute("DELETE FROM owner")
            self._database.execute("INSERT INTO owner VALUES (?)", (user,))

    def add(self, command: StoredCommand) -> int:
        with self._explained():
            added = self._database.execute(
                "INSERT INTO queue (type, topic, data, at, tried) VALUES (?, ?, ?, ?, ?)",
                (command.type, command.topic, command.data, command.at, command.tried),
            )
        assert added.lastrowid is not None
        return added.lastrowid

    def mark_tried(self, at: float) -> None:
        with self._explained():
            self._database.execute("UPDATE queue SET tried = ? WHERE tried IS NULL", (at,))

    def fail(self, key: int, error: ErrorBody | None) -> None:
        raw = None if error is None else msgspec.json.encode(error)
        with self._explained():
            self._database.execute("UPDATE queue SET error = ? WHERE key = ?", (raw, key))

    def remove(self, key: int) -> None:
        with self._explained():
            # Not waited for: what a power cut brings back is sent again, and happens once all the same.
            self._database.execute("PRAGMA synchronous = NORMAL")
            try:
                self._database.execute("DELETE FROM queue WHERE key = ?", (key,))
            finally:
                self._database.execute("PRAGMA synchronous = FULL")

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        self._database.execute(f"BEGIN {kind}")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            # Left open, it would swallow all that is added later. Some errors have ended it already.
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise QueueFileError(
                    f"{self._path} is in use by another process. Give each client a file of its own."
                ) from error
            raise QueueFileError(f"{self._path} can't be used: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise QueueFileError(f"{self._path} is damaged, or no queue: {error}. Move it away.") from error
