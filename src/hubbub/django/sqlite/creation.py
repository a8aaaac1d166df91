"""The test database of ``hubbub.django.sqlite``: a file, where Django's would be in memory.

In memory there is one lock for the whole of it, without a queue: the writer's thread and the readers' would get
"table is locked" at once.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import creation

_BESIDE = ("-wal", "-shm", "-journal")


class DatabaseCreation(creation.DatabaseCreation):
    """``TEST["NAME"]``, or ``test_<name>`` beside the database itself."""

    def _get_test_db_name(self) -> str:
        name, given = str(self.connection.settings_dict["NAME"]), self.connection.settings_dict["TEST"]["NAME"]
        if self.is_in_memory_db(given or name):
            memory: str = super()._get_test_db_name()  # type: ignore[misc]
            return memory
        if given and not str(given).startswith(f"test_{name}"):
            return str(given)
        # pytest-django, for one of several processes, writes "test_<name>_gw0", which makes no sense of a path.
        path, suffix = Path(name), str(given or "").removeprefix(f"test_{name}")
        return str(path.with_name(f"test_{path.stem}{suffix}{path.suffix}"))

    def _create_test_db(self, verbosity: int, autoclobber: bool, keepdb: bool = False) -> str:
        name: str = super()._create_test_db(verbosity, autoclobber, keepdb)  # type: ignore[misc]
        if not keepdb:
            _remove_beside(name)  # A log that a killed run has left belongs to another database.
        return name

    def _clone_test_db(self, suffix: str, verbosity: int, keepdb: bool = False) -> None:
        with self.connection.cursor() as cursor:  # One file to copy, without a log beside it.
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        super()._clone_test_db(suffix, verbosity, keepdb)  # type: ignore[misc]

    def _destroy_test_db(self, test_database_name: str, verbosity: int) -> None:
        super()._destroy_test_db(test_database_name, verbosity)  # type: ignore[misc]
        _remove_beside(test_database_name)


def _remove_beside(name: Any) -> None:
    for end in _BESIDE:
        with suppress(OSError):
            Path(f"{name}{end}").unlink()
