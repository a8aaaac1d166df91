"""Removed, signed out, with a changed password, deactivated, while connected to another server: no event after 1 s."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.durability.leaving import GRACE_SECONDS, leave_while_connected
from tests.layers.redis.valkey import Valkey
from tests.services import StartServer

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.postgres]

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.durability.settings", "SECRET_KEY": "one for both " * 5}


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.mark.parametrize("paused", [False, True], ids=["with Valkey", "Valkey paused"])
async def test_leaving_while_connected(
    live_server_process: StartServer, valkey: Valkey, own_postgres: str, paused: bool
) -> None:
    """AUT-4, SUB-4, CHT-9, LAY-7"""
    env = SETTINGS | {"REDIS_URL": valkey.url, "DATABASE_URL": own_postgres}
    one, other = [await asyncio.to_thread(lambda: live_server_process(env=env)) for _ in range(2)]
    leavers, verdict = await leave_while_connected(
        one, other, own_postgres, fault=valkey.pause if paused else lambda: None
    )
    print(verdict)
    for what, leaver in leavers.items():
        late = len(leaver.late())
        print(f"{what}: {leaver.end}; the last event {leaver.latest * 1000:.0f} ms after it; {late} after 1 s")
    assert verdict.clean, verdict
    assert {what: leaver.end for what, leaver in leavers.items()} == {
        "remove": "unsubscribed", "sign out": "4001", "change password": "4001", "deactivate": "4001",
    }  # fmt: skip
    assert not any(leaver.late() for leaver in leavers.values()), f"events later than {GRACE_SECONDS:g} s"
