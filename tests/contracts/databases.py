"""Real databases for tests that need real commits: a fresh one for each test, copied from a migrated one."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import environ
import psycopg
from asgiref.sync import SyncToAsync
from django.core.management import call_command
from django.db import connections

T = TypeVar("T")

ALIAS = "default"


@dataclass
class Database:
    """One test's database, in the place of ``default`` while the test runs."""

    vendor: str
    settings: dict[str, Any] = field(repr=False)

    def elsewhere(self, function: Callable[[], T]) -> T:
        """Run a function on a connection of its own: it sees what is committed, and nothing else."""
        return self.begin(function).result(30)

    def begin(self, function: Callable[[], T]) -> "Future[T]":
        """Start a function in a thread with a connection of its own."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)
            finally:
                connections[ALIAS].close()

        threading.Thread(target=run, name="elsewhere", daemon=True).start()
        return future


def sqlite_settings(file: Path) -> dict[str, Any]:
    return {"ENGINE": "hubbub.django.sqlite", "NAME": str(file)}


def postgres_settings(url: str, name: str) -> dict[str, Any]:
    return {**environ.Env.db_url_config(url), "NAME": name}


@contextmanager
def standing_in(settings: dict[str, Any]) -> Iterator[None]:
    """Let ``default`` be another database. Seen by this thread and those that begin inside."""
    ours = connections.configure_settings({ALIAS: settings})[ALIAS]
    theirs, connection = connections.settings[ALIAS], connections[ALIAS]
    connections.settings[ALIAS] = ours
    connections[ALIAS] = connections.create_connection(ALIAS)
    _forget_in_asgiref_thread()
    try:
        yield
    finally:
        connections[ALIAS].close()
        _forget_in_asgiref_thread()
        connections.settings[ALIAS] = theirs
        connections[ALIAS] = connection


def _forget_in_asgiref_thread() -> None:
    """``sync_to_async`` has a thread that outlives every test, and with it its connection."""

    def forget() -> None:
        connections[ALIAS].close()
        del connections[ALIAS]

    SyncToAsync.single_thread_executor.submit(forget).result(10)


def migrate(settings: dict[str, Any]) -> None:
    with standing_in(settings):
        call_command("migrate", interactive=False, verbosity=0)


@contextmanager
def sqlite_copy(template: Path, folder: Path) -> Iterator[Database]:
    file = folder / f"{uuid4().hex}.sqlite3"
    shutil.copy(template, file)
    with standing_in(sqlite_settings(file)):
        yield Database("sqlite", sqlite_settings(file))


@contextmanager
def postgres_copy(url: str, template: str) -> Iterator[Database]:
    name = f"copy_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            with standing_in(postgres_settings(url, name)):
                yield Database("postgresql", postgres_settings(url, name))
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def sqlite_template(folder: Path) -> Path:
    file = folder / "template.sqlite3"
    migrate(sqlite_settings(file))
    checkpoint(file)
    return file


def checkpoint(file: Path) -> None:
    """Leave one file to copy, without a log beside it."""
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def postgres_template(url: str) -> str:
    name = f"template_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    migrate(postgres_settings(url, name))
    return name
