"""Two instances behind nginx, on PostgreSQL and Valkey."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.files import HOST, environment
from tests.deploy.site import NAME, Instance, Nginx
from tests.durability.conftest import own_postgres
from tests.stores import new_database

__all__ = ["own_postgres"]


@dataclass
class Site:
    nginx: Nginx
    instances: list[Instance]
    database: str


@pytest.fixture(scope="module")
def site(postgres_url: str, valkey_url: str) -> Iterator[Site]:
    with new_database(postgres_url) as database, pytest.MonkeyPatch.context() as monkeypatch:
        # A socket's path has to be short.
        folder = Path(tempfile.mkdtemp(prefix="hubbub-site-"))
        env = environment(
            DATABASE_URL=database,
            REDIS_URL=valkey_url,
            HUBBUB_REDIS_PREFIX=folder.name,
            HUBBUB_DATA_DIR=str(folder / "data"),
            HUBBUB_METRICS_TOKEN="only for tests, and long enough for that",
            DJANGO_SETTINGS_MODULE="tests.durability.settings",
        )
        env = {name: value.replace(HOST, NAME) for name, value in env.items()}
        nginx = Nginx(folder, folder)
        instances = [Instance(folder / name, folder, number, env) for number, name in ((1, "one"), (2, "two"))]
        # What clients in this process take for a certificate's issuer.
        monkeypatch.setenv("SSL_CERT_FILE", str(nginx.certificate))
        try:
            instances[0].manage("migrate")
            for instance in instances:
                instance.start()
            nginx.start()
            yield Site(nginx, instances, database)
        finally:
            nginx.stop()
            for instance in instances:
                instance.kill()
                print(instance.log()[-10_000:])
            print(nginx.log()[-10_000:])
            shutil.rmtree(folder, ignore_errors=True)
