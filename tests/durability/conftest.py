"""A database of the test's own, on the PostgreSQL of the run."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest


@contextmanager
def own_database(postgres_url: str) -> Iterator[str]:
    name = f"durability_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_postgres(postgres_url: str) -> Iterator[str]:
    with own_database(postgres_url) as url:
        yield url
