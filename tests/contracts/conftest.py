"""Each contract runs on SQLite and on PostgreSQL, on a database that really commits."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from tests.contracts import databases
from tests.contracts.databases import Database


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, django_db_blocker) -> Path:
    with django_db_blocker.unblock():
        return databases.sqlite_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str, django_db_blocker) -> str:
    with django_db_blocker.unblock():
        return databases.postgres_template(postgres_url)


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path, django_db_blocker) -> Iterator[Database]:
    with (
        django_db_blocker.unblock(),
        databases.sqlite_copy(sqlite_template, tmp_path) as database,
        override_settings(HUBBUB={}),
    ):
        yield database


@pytest.fixture
def postgres_database(postgres_url: str, postgres_template: str, django_db_blocker) -> Iterator[Database]:
    with (
        django_db_blocker.unblock(),
        databases.postgres_copy(postgres_url, postgres_template) as database,
        override_settings(HUBBUB={}),
    ):
        yield database


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found
