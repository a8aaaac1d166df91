"""The rules at random against two processes that are killed and restarted, with a Valkey that hangs."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model.history import judge, read
from tests.model.live import Run
from tests.services import LiveServer, started, valkey_server
from tests.stores import new_database

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.postgres]

SEED = int(os.environ.get("MODEL_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)


@pytest.fixture
def stores(postgres_url: str) -> Iterator[tuple[str, str]]:
    with new_database(postgres_url) as database, valkey_server() as valkey:
        yield database, valkey


@pytest.fixture
def two(stores: tuple[str, str], tmp_path: Path) -> Iterator[list[LiveServer]]:
    database, valkey = stores
    env = {
        "DJANGO_SETTINGS_MODULE": "tests.model.settings",
        "DATABASE_URL": database,
        "REDIS_URL": valkey,
        "SECRET_KEY": "the same for both processes, and long enough for it",
    }
    servers = [LiveServer(tmp_path / "one", env=env), LiveServer(tmp_path / "other", ["--no-migrate"], env)]
    with started(*servers):
        yield servers


async def run(two: list[LiveServer], stores: tuple[str, str], folder: Path, seconds: float) -> None:
    file = folder / "history.jsonl"
    print(f"MODEL_SEED={SEED} chooses the same steps again; the history is in {file}")
    played = Run(two, *stores, SEED, file)
    await played.play(seconds)
    judgement = judge(read(file))
    repeats, connections = (
        sum(each) for each in zip(*((p.repeats, p.connections) for p in played.people), strict=True)
    )
    print(f"{judgement}; {repeats} sends repeated, {connections} connections, {dict(Counter(played.happened))}")
    print(f"the youngest event that somebody saw who was out was {judgement.slowest:.2f} s younger than that")
    assert judgement.clean
    assert judgement.verdict.acknowledged > 20


@pytest.mark.timeout(150)
async def test_at_random(two: list[LiveServer], stores: tuple[str, str], tmp_path: Path) -> None:
    """ACK-1, ACK-2, EVT-2, SUB-1, CHT-5, CHT-9, AUT-4, PRC-2"""
    await run(two, stores, tmp_path, 6)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_at_random_for_five_minutes(two: list[LiveServer], stores: tuple[str, str], tmp_path: Path) -> None:
    """ACK-1, ACK-2, EVT-2, SUB-1, CHT-5, CHT-9, AUT-4, PRC-2"""
    await run(two, stores, tmp_path, 300)
