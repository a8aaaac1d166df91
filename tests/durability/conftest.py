"""A database of the test's own, on the PostgreSQL of the run."""

from collections.abc import Iterator

import pytest

from tests.stores import new_database


@pytest.fixture
def own_postgres(postgres_url: str) -> Iterator[str]:
    with new_database(postgres_url) as url:
        yield url
