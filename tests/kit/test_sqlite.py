"""The test database of `hubbub.django.sqlite` is a file, wherever the tests run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connections

from hubbub.django.sqlite.creation import DatabaseCreation
from tests.stores import sqlite_only

ROOT = Path(__file__).parents[2]

TESTS = """
from django.contrib.auth.models import User
from django.test import TestCase
from hubbub.testing import SyncEngine

class Talk:
    def test_it(self):
        self.assertEqual(User.objects.count(), 0)
        with SyncEngine() as hub:
            alice, bob = hub.pair()
            bob.subscribe("poll.lunch")
            alice.send("poll.vote", "poll.lunch", {"option": "soup"})
            bob.event("poll.voted")

class First(Talk, TestCase):
    pass

class Second(Talk, TestCase):
    pass
"""


class Connection:
    """As much of one as the naming looks at."""

    alias = "default"

    def __init__(self, name: object, given: object) -> None:
        self.settings_dict = {"NAME": name, "TEST": {"NAME": given}}


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("data/db.sqlite3", None, "data/test_db.sqlite3"),
        (Path("data/db.sqlite3"), None, "data/test_db.sqlite3"),
        ("db.sqlite3", None, "test_db.sqlite3"),
        ("data/db.sqlite3", "other.sqlite3", "other.sqlite3"),
        ("data/db.sqlite3", Path("x/other.sqlite3"), "x/other.sqlite3"),
        # What pytest-django makes of it for each of several processes.
        ("data/db.sqlite3", "test_data/db.sqlite3_gw1", "data/test_db_gw1.sqlite3"),
        ("data/db.sqlite3", ":memory:", "file:memorydb_default?mode=memory&cache=shared"),
        (":memory:", None, "file:memorydb_default?mode=memory&cache=shared"),
    ],
)
def test_where_it_is(name: object, given: object, expected: str) -> None:
    creation = DatabaseCreation(Connection(name, given))  # type: ignore[arg-type]
    assert creation._get_test_db_name() == expected


def test_what_a_killed_run_has_left_is_cleared_away(tmp_path: Path) -> None:
    name = tmp_path / "test_db.sqlite3"
    for end in ("", "-wal", "-shm"):
        Path(f"{name}{end}").write_text("left")
    creation = DatabaseCreation(Connection("db.sqlite3", name))  # type: ignore[arg-type]
    creation._create_test_db(verbosity=0, autoclobber=True)
    assert list(tmp_path.iterdir()) == []


@sqlite_only
def test_ours_is_such_a_file() -> None:
    assert isinstance(connections["default"].creation, DatabaseCreation)


@pytest.mark.slow
def test_django_s_own_runner_in_parallel(pytester: pytest.Pytester) -> None:
    """Each process has a whole copy, also of what still stands in the log beside the database."""
    pytester.makepyfile(
        settings="""
        SECRET_KEY = "only for tests, and long enough for that"
        USE_TZ = True
        DATABASES = {"default": {"ENGINE": "hubbub.django.sqlite", "NAME": "db.sqlite3"}}
        INSTALLED_APPS = [
            "hubbub.django", "tests.poll.feature",
            "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        ]
        """,
        test_talk=TESTS,
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": f"{ROOT}{os.pathsep}{pytester.path}"}
    command = [sys.executable, "-m", "django", "test", "test_talk", "--parallel", "2"]
    done = subprocess.run(command, cwd=pytester.path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "Ran 2 tests" in done.stderr, done.stdout + done.stderr
    assert not list(pytester.path.glob("*.sqlite3*"))
