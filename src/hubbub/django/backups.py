"""A backup in one file, and a database that is made from one (rules OPS-5 and OPS-6, decision 0025).

The file is a zip: ``manifest.json``, the database (a copy of SQLite's file, or what ``pg_dump`` writes), and what
people have uploaded, below ``uploads/``. Secrets of the environment are not in it.
"""

import os
import shutil
import sqlite3
import subprocess
import time
import zipfile
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

import hubbub
from hubbub.django.background import give_up_restored_tasks
from hubbub.django.conf import database_alias, tail_alias
from hubbub.django.places import take_over
from hubbub.django.streams import DjangoStreamStore

MANIFEST = "manifest.json"
DATABASE = "database"
UPLOADS = "uploads/"
PREFIX = "hubbub-"
LEFT_SECONDS = 86_400.0
"""After so long what was begun is believed to be given up."""


class Manifest(msgspec.Struct, frozen=True):
    """What a backup says of itself."""

    hubbub: str
    """The version that has made it."""
    vendor: str
    """``sqlite`` or ``postgresql``."""
    made_at: datetime
    migrations: list[str]
    """Those that its tables have, as ``app.name``."""


class BackupError(Exception):
    """It was not done; the message says why, and what to do."""


# Making one


def make_backup(path: Path) -> Path:
    """Write a backup to ``path``, or into that folder by a name of its own. Returns where it is.

    Everything that was committed before the call is in it, and nothing by halves, whatever is written meanwhile. It is
    readable by its owner alone. Raises BackupError, and OSError where there is no room, say; then no file is left.
    """
    if path.is_dir():
        path /= f"{PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip"
    if path.exists():
        raise BackupError(f"{path} is there already. Name another path, or a folder.")
    alias = database_alias()
    applied = MigrationRecorder(connections[alias]).applied_migrations()
    if ("hubbub", "0001_initial") not in applied:
        raise BackupError(
            f"There is nothing of hubbub in the database {connections[alias].settings_dict['NAME']}. Is it another one "
            "that is served? Run this with the environment of the server."
        )
    vendor = connections[alias].vendor
    manifest = Manifest(hubbub.__version__, vendor, datetime.now(UTC), sorted(f"{app}.{name}" for app, name in applied))
    part = path.with_name(f"{path.name}.part")
    with TemporaryDirectory(dir=path.parent, prefix=f".{PREFIX}") as folder:
        # The database first: a file that it refers to is older than the row that does.
        copy = Path(folder, DATABASE)
        _SAVE[vendor](copy)
        try:
            _write(part, manifest, copy)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    return path


def _write(path: Path, manifest: Manifest, database: Path) -> None:
    private = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(private, "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
            archive.write(database, DATABASE)
            if root := _uploads():
                _collect(archive, root)
        file.flush()
        os.fsync(file.fileno())


def _collect(archive: zipfile.ZipFile, root: Path) -> None:
    for each in sorted(root.rglob("*")):
        if each.is_file():
            with suppress(FileNotFoundError):  # It was deleted meanwhile.
                archive.write(each, f"{UPLOADS}{each.relative_to(root).as_posix()}")


def forget_backups(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest of the backups that have their names from ``make_backup``. Returns which.

    And what one that was killed has left, once it is a day old: it may be as large as a backup.
    """
    begun = [*folder.glob(f".{PREFIX}*"), *folder.glob(f"{PREFIX}*Z.zip.part")]
    left = [path for path in begun if path.stat().st_mtime < time.time() - LEFT_SECONDS]
    gone = sorted(folder.glob(f"{PREFIX}*Z.zip"))[:-keep] + left
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return gone


# Restoring one


def restore_backup(path: Path) -> Manifest:
    """Make the database from a backup, bring it up to date, and begin a new epoch. Nothing may serve meanwhile.

    Tasks that were due or running then are marked failed.

    Raises BackupError where there is a database already, or where the backup is not for this one.
    """
    alias = database_alias()
    try:
        archive = zipfile.ZipFile(path)
        manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except FileNotFoundError:
        raise BackupError(f"{path} is not there.") from None
    except (zipfile.BadZipFile, KeyError, msgspec.DecodeError):
        raise BackupError(f"{path} is no backup that `hubbub backup` has made, or not all of it.") from None
    with archive, TemporaryDirectory(dir=path.parent, prefix=f".{PREFIX}") as folder:
        _refuse_what_does_not_fit(manifest, alias)
        if broken := archive.testzip():
            raise BackupError(f"{path} is damaged: {broken} is not what it was. Take another backup.")
        connections[alias].close()
        _LOAD[manifest.vendor](Path(archive.extract(DATABASE, folder)))
        if root := _uploads():
            _extract(archive, root)
    call_command("migrate", database=alias, interactive=False, verbosity=0)
    # Clients that have read further than this log goes would wait for numbers that now are other events'.
    DjangoStreamStore().begin_epoch()
    if manifest.vendor == "postgresql":
        take_over(alias)
    give_up_restored_tasks(alias)
    return manifest


def _refuse_what_does_not_fit(manifest: Manifest, alias: str) -> None:
    connection = connections[alias]
    if manifest.vendor != connection.vendor:
        raise BackupError(
            f"The backup is of {manifest.vendor}, and this database is {connection.vendor}. Set DATABASE_URL (in a "
            "project, DATABASES) to one of that kind."
        )
    if tables := connection.introspection.table_names():
        raise BackupError(
            f"The database has {len(tables)} tables already, and nothing is overwritten. Stop the server, and "
            + (
                f"move {connection.settings_dict['NAME']} away, with its -wal and -shm."
                if connection.vendor == "sqlite"
                else "make an empty one: dropdb, createdb; or name another in DATABASE_URL."
            )
        )
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    if unknown := set(manifest.migrations) - {f"{app}.{name}" for app, name in known}:
        raise BackupError(
            f"The backup is of hubbub {manifest.hubbub}, and this is {hubbub.__version__}, which doesn't know "
            f"{', '.join(sorted(unknown))}. Install that version, with the same apps."
        )


def _extract(archive: zipfile.ZipFile, root: Path) -> None:
    """What people have uploaded, below ``root``, whatever a name says: ``extract`` takes no way out."""
    for info in archive.infolist():
        if info.filename.startswith(UPLOADS) and not info.is_dir():
            info.filename = info.filename.removeprefix(UPLOADS)
            archive.extract(info, root)


def _uploads() -> Path | None:
    """Where uploads are, unless they are elsewhere than on this machine's disk."""
    return Path(settings.MEDIA_ROOT) if settings.MEDIA_ROOT else None


# SQLite


def _sqlite(*, read_only: bool) -> sqlite3.Connection:
    path = Path(connections[database_alias()].settings_dict["NAME"]).absolute()
    return sqlite3.connect(f"{path.as_uri()}?mode={'ro' if read_only else 'rwc'}", uri=True, timeout=30)


def _save_sqlite(path: Path) -> None:
    """All pages in one read transaction, beside which others go on writing."""
    with closing(_sqlite(read_only=True)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # One file, nothing beside it.
        if (found := copy.execute("PRAGMA quick_check").fetchone()) != ("ok",):
            raise BackupError(f"The database is damaged: {found[0]}. There is no backup of it in this state.")


def _load_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as source, closing(_sqlite(read_only=False)) as target:
        source.backup(target)


# PostgreSQL


def _save_postgres(path: Path) -> None:
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={path}")


def _load_postgres(path: Path) -> None:
    """All of it or nothing."""
    restoring = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    _run("pg_restore", *restoring, f"--dbname={_parameters()['PGDATABASE']}", str(path))


def _run(program: str, *args: str) -> None:
    try:
        subprocess.run(
            [program, *args], env={**os.environ, **_parameters()}, check=True, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise BackupError(
            f"{program} is not there. Install PostgreSQL's client programs, of the server's version or newer."
        ) from None
    except subprocess.CalledProcessError as error:
        raise BackupError(f"{program} failed: {error.stderr.strip()}") from None


def _parameters() -> dict[str, str]:
    """How PostgreSQL is reached, as its programs read it: nobody sees a password in their arguments.

    Directly, where a pooler is on the other way.
    """
    from psycopg.pq import Conninfo

    given = connections[tail_alias()].get_connection_params()
    names = {each.keyword.decode(): each.envvar.decode() for each in Conninfo.get_defaults() if each.envvar}
    return {names[keyword]: str(value) for keyword, value in given.items() if keyword in names}


_SAVE: dict[str, Callable[[Path], None]] = {"sqlite": _save_sqlite, "postgresql": _save_postgres}
_LOAD: dict[str, Callable[[Path], None]] = {"sqlite": _load_sqlite, "postgresql": _load_postgres}
